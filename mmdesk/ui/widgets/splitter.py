"""Parts side by side whose shares the user sets, and which stay as they were left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QShowEvent
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
    """Parts beside or above one another.

    Args:
        name: Under which the shares are kept.
        parts: From the left, or from the top.
        sizes: Their shares as they come, in pixels of a window of the usual size.
        grows: Which of them takes the room of a larger window; None = all, by their shares.
        orientation: How they lie.
    """

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
        self._sizes = list(sizes)
        self._restored = False
        for part in parts:
            self.addWidget(part)
        if grows is not None:
            self.setStretchFactor(grows, 1)
        self.setChildrenCollapsible(False)
        self.setSizes(self._sizes)
        self.splitterMoved.connect(self._keep)

    def reset(self) -> None:
        """The shares as they came."""
        self.setSizes(self._sizes)

    def showEvent(self, event: QShowEvent) -> None:
        """The first time: the shares as they were left."""
        if not self._restored:
            self._restored = True
            memory = memory_of(self)
            kept = memory.layout(self._key) if memory is not None else None
            if kept is not None:
                self.restoreState(kept)
                self.setChildrenCollapsible(False)
        super().showEvent(event)

    def _keep(self) -> None:
        memory = memory_of(self)
        if memory is not None:
            memory.set_layout(self._key, self.saveState())
