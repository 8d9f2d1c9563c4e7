"""Parts side by side whose shares the user sets, and which stay as they were left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QWidget


class Memory(Protocol):
    """What keeps layouts by name, between sessions too."""

    def layout(self, name: str) -> QByteArray | None:
        """A kept state; None = none."""

    def set_layout(self, name: str, value: QByteArray) -> None:
        """Keep a state."""


@runtime_checkable
class Remembering(Protocol):
    """A window whose parts stay as they were left."""

    @property
    def settings(self) -> Memory:
        """Where that is kept."""


def memory_of(widget: QWidget) -> Memory | None:
    """What keeps the layouts of the window that a widget is in; None where nothing does, as in most dialogs."""
    window = widget.window()
    return window.settings if isinstance(window, Remembering) else None


class Splitter(QSplitter):
    """Parts beside or above one another; where there is no room for all beside one another they lie above, too.

    Args:
        name: Under which the shares are kept.
        parts: From the left, or from the top.
        sizes: Their shares as they come, in pixels of a window of the usual size.
        grows: Which of them takes the room of a larger window; None = all, by their shares.
        orientation: How they lie.
    """

    _turns = False  # what is going is told of events when its own attributes are gone

    def __init__(
        self,
        name: str,
        parts: Sequence[QWidget],
        sizes: Sequence[int],
        *,
        grows: int | None = None,
        orientation: Qt.Orientation = Qt.Orientation.Horizontal,
    ) -> None:
        super().__init__(orientation)
        self._key = f"splitter/{name}"
        self._restored = False
        self._turns = orientation is Qt.Orientation.Horizontal
        for part in parts:
            self.addWidget(part)
        if grows is not None:
            self.setStretchFactor(grows, 1)
        self.setChildrenCollapsible(False)
        self.setSizes(list(sizes))
        # A state holds what is wanted of each part; their sizes, what a narrow window has left of it.
        self._first = self._beside = self.saveState()
        self.splitterMoved.connect(self._keep)

    def reset(self) -> None:
        """The shares as they came."""
        self._beside = self._first
        if not self._is_turned():
            self._restore()

    def minimumSizeHint(self) -> QSize:
        """As wide as the widest part, where they may lie above one another."""
        hint = super().minimumSizeHint()
        return QSize(max(self._needs(), default=0), hint.height()) if self._turns else hint

    def resizeEvent(self, event: QResizeEvent) -> None:
        """See whether they still fit beside one another."""
        super().resizeEvent(event)
        self._turn()

    def event(self, event: QEvent) -> bool:
        """See it anew where one of them has come to need more or less room."""
        done = super().event(event)
        if event.type() is QEvent.Type.LayoutRequest:
            self._turn()
        return done

    def _parts(self) -> list[QWidget]:
        return [part for place in range(self.count()) if (part := self.widget(place)) is not None]

    def _needs(self) -> list[int]:
        return [one.minimumWidth() or one.minimumSizeHint().width() for one in self._parts() if not one.isHidden()]

    def _is_turned(self) -> bool:
        return self._turns and self.orientation() is Qt.Orientation.Vertical

    def _turn(self) -> None:
        if not self._turns or not self.isVisible():  # out of sight there is no width to reckon with
            return
        needs = self._needs()
        fit = sum(needs) + self.handleWidth() * (len(needs) - 1) <= self.width()
        if fit and self._is_turned():
            self._restore()
        elif not fit and not self._is_turned():
            self.setOrientation(Qt.Orientation.Vertical)
            self.setSizes([part.sizeHint().height() for part in self._parts()])

    def showEvent(self, event: QShowEvent) -> None:
        """The first time: the shares as they were left."""
        if not self._restored:
            self._restored = True
            memory = memory_of(self)
            kept = memory.layout(self._key) if memory is not None else None
            if kept is not None and self.restoreState(kept):
                self._beside = kept
                self.setChildrenCollapsible(False)
        super().showEvent(event)
        self._turn()

    def _restore(self) -> None:
        self.restoreState(self._beside)
        self.setChildrenCollapsible(False)

    def _keep(self) -> None:
        if self._is_turned():
            return  # shares of the height are none of the width
        self._beside = self.saveState()
        memory = memory_of(self)
        if memory is not None:
            memory.set_layout(self._key, self._beside)
