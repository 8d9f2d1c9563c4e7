"""Room that grows with the letters, and a way to see everything where there is less."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QFrame, QScrollArea, QTabWidget, QWidget
from shiboken6 import isValid

from mmdesk.ui.colours import SPACE_XS
from mmdesk.ui.icons import USUAL_POINTS


def letters(widget: QWidget) -> float:
    """How many times as large as usual a widget's letters are."""
    return widget.font().pointSizeF() / USUAL_POINTS


class _Following(QObject):
    """Sets a size anew whenever the letters become others."""

    _put: Callable[[int], object] | None = None  # what is going is told of events when its own attributes are gone

    def __init__(self, widget: QWidget, put: Callable[[int], object], pixels: int) -> None:
        super().__init__(widget)
        self._widget, self._put, self._pixels = widget, put, pixels
        widget.installEventFilter(self)
        self._follow()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Never stops an event."""
        if event.type() is QEvent.Type.FontChange:
            self._follow()
        return False

    def _follow(self) -> None:
        if self._put is not None:
            self._put(round(self._pixels * letters(self._widget)))


def by_letters(widget: QWidget, put: Callable[[int], object], pixels: int) -> None:
    """Keep a size of ``widget`` in proportion to its letters.

    Args:
        widget: Whose letters.
        put: Its setter, as ``widget.setMinimumWidth``.
        pixels: The size for letters of 10 points.
    """
    _Following(widget, put, pixels)


def icons_by_letters(widget: QAbstractButton | QAbstractItemView | QTabWidget, pixels: int = 18) -> None:
    """Keep the size of a widget's icons in proportion to its letters; ``pixels`` is it for letters of 10 points."""
    by_letters(widget, lambda size: widget.setIconSize(QSize(size, size)), pixels)


class _Held(QObject):
    """Sets a smallest height anew whenever a widget's width or content has become another."""

    _KINDS = QEvent.Type
    _WHEN = frozenset((
        _KINDS.Resize, _KINDS.Show, _KINDS.Hide, _KINDS.LayoutRequest, _KINDS.FontChange, _KINDS.StyleChange,
    ))  # fmt: skip
    _least: Callable[[int], int] | None = None  # as above

    def __init__(self, widget: QWidget, least: Callable[[int], int]) -> None:
        super().__init__(widget)
        self._widget, self._least = widget, least
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Never stops an event."""
        if event.type() in self._WHEN:
            self.follow()
        return False

    def follow(self) -> None:
        """As it is now. Out of sight there is no width to reckon with, and nothing to hold room for."""
        if self._least is not None and isValid(self._widget):  # an open dialog hides itself while it is taken down
            shown = self._widget.isVisible()
            self._widget.setMinimumHeight(max(self._least(self._widget.width()), 0) if shown else 0)


def hold_height(widget: QWidget, least: Callable[[int], int]) -> Callable[[], None]:
    """Keep a widget from being lower than its lines are at its width.

    A splitter, a scrolled area and a layout in a layout do not ask for that, and would cut the last of them.

    Args:
        widget: It breaks its texts.
        least: The height that it needs at a width; less than 0 = any will do.

    Returns:
        What to call when its own text has changed; what changes in its layout tells by itself.
    """
    return _Held(widget, least).follow


def squeezed(wanted: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths that take no more than ``room`` together: the widest give way, down to one width for all that have to.

    Args:
        wanted: The widths if there is room; also where not even the least of all find any.
        least: What each needs, at most what it wants.
        room: In the same unit.
    """
    if sum(wanted) <= room or sum(least) > room:
        return list(wanted)

    def cut_at(most: int) -> list[int]:
        return [max(need, min(width, most)) for width, need in zip(wanted, least, strict=True)]

    most = bisect_right(range(max(wanted) + 1), room, key=lambda one: sum(cut_at(one))) - 1
    found, wider = cut_at(most), cut_at(most + 1)
    over = room - sum(found)  # a pixel each, as far as they go
    for place, (width, more) in enumerate(zip(found, wider, strict=True)):
        if more > width and over > 0:
            found[place], over = more, over - 1
    return found


class Uncut(QScrollArea):
    """Shows a widget as large as there is room, but never smaller than it can be: then it scrolls, both ways.

    A window of a given size would press what is in it together until texts are cut.
    """

    _content: QWidget | None = None  # as above

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        content.setObjectName("plain")
        self._content = content
        self.setWidget(content)
        content.installEventFilter(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The content as large as the area."""
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask again how small the content can be when something in it has changed."""
        if watched is self._content and event.type() is QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)

    def minimumSizeHint(self) -> QSize:
        """Small."""
        return QSize(40 * SPACE_XS, 30 * SPACE_XS)

    def _fit(self) -> None:
        if self._content is None:
            return
        room, least = self.maximumViewportSize(), self._content.minimumSizeHint()
        bar = self.verticalScrollBar().sizeHint().width()
        wide, high = least.width() > room.width(), least.height() > room.height()
        if wide:
            high = least.height() > room.height() - bar
        if high:
            wide = least.width() > room.width() - bar
        free = QSize(room.width() - (bar if high else 0), room.height() - (bar if wide else 0))
        self._content.resize(free.expandedTo(least))
