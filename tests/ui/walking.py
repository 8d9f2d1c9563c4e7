"""What the Tab key ought to pass, in which order, and whether it does."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QScrollArea, QTabBar, QWidget

from tests.ui.keyboard import Keyboard


def controls(window: QWidget) -> list[QWidget]:
    """Everything in a window that is shown, can be used and takes the Tab key."""
    return [widget for widget in window.findChildren(QWidget) if widget.window() is window and _takes_tab(widget)]


def _takes_tab(widget: QWidget) -> bool:
    if not (widget.focusPolicy() & Qt.FocusPolicy.TabFocus) or widget.focusProxy() is not None:
        return False
    inner = isinstance(widget.parentWidget(), (QComboBox, QAbstractSpinBox, QTabBar))
    return widget.isVisible() and widget.isEnabled() and not inner


def check_walk(keyboard: Keyboard, window: QWidget, where: str) -> None:
    """The Tab key passes every control once, in the order of reading, and comes back; what scrolls can be scrolled."""
    wanted = controls(window)
    passed = _walked(keyboard, len(wanted))
    missed = [_named(one) for one in wanted if one not in passed]
    assert not missed, f"{where}: Tab misses {missed}"
    assert len(passed) == len(wanted), f"{where}: Tab stops at {[_named(one) for one in passed if one not in wanted]}"
    out_of_reach = [
        _named(area)
        for area in window.findChildren(QScrollArea)
        if area.isVisible() and area.verticalScrollBar().maximum() > 0 and not _within_reach(area, passed)
    ]
    assert not out_of_reach, f"{where}: the keyboard cannot scroll {out_of_reach}"
    start = passed.index(min(passed, key=lambda one: (_place(one).top(), _place(one).left())))
    passed = passed[start:] + passed[:start]
    wrong = [
        f"{_named(later)} after {_named(one)}"
        for number, one in enumerate(passed)
        for later in passed[number + 1 :]
        if _is_before(later, one)
    ]
    assert not wrong, f"{where}: {wrong}"


def _within_reach(area: QScrollArea, passed: list[QWidget]) -> bool:
    """It takes the keyboard itself, or what is in it does and comes into sight with it."""
    return any(area is one or area.isAncestorOf(one) for one in passed)


def _walked(keyboard: Keyboard, most: int) -> list[QWidget]:
    """From what has the focus until it comes round; what has it at first need not be a control."""
    if not _takes_tab(keyboard.focused):
        keyboard.press(Qt.Key.Key_Tab)
    passed = [keyboard.focused]
    for _ in range(most + 2):
        keyboard.press(Qt.Key.Key_Tab)
        if keyboard.focused is passed[0]:
            return passed
        passed.append(keyboard.focused)
    raise AssertionError(f"Tab does not come back: {[_named(one) for one in passed]}")


def _named(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.accessibleName()!r}"


def _is_before(one: QWidget, other: QWidget) -> bool:
    """Whether who reads comes to ``one`` first: it is above the other, or to the left of it on the same height."""
    area = _scrolled(one)
    both = area is not None and area is _scrolled(other)
    a, b = (_place(one, within=both), _place(other, within=both))
    beside = a.left() < b.right() and b.left() < a.right()
    level = a.top() < b.bottom() and b.top() < a.bottom()
    return (beside and a.bottom() <= b.top()) or (level and a.right() <= b.left())


def _scrolled(widget: QWidget) -> QScrollArea | None:
    """The scrolled area it is in."""
    above = widget.parentWidget()
    while above is not None and not isinstance(above, QScrollArea):
        above = above.parentWidget()
    return above


def _place(widget: QWidget, *, within: bool = False) -> QRect:
    """Where it is in the window; of what is in a scrolled area only what is seen of it, unless ``within`` that area."""
    area = _scrolled(widget)
    place = QRect(widget.mapTo(widget.window(), QPoint(0, 0)), widget.size())
    if area is None or within:
        return place
    seen = QRect(area.mapTo(widget.window(), QPoint(0, 0)), area.size())
    if place.intersects(seen):
        return place & seen
    return QRect(seen.left(), seen.bottom() if place.top() > seen.bottom() else seen.top(), seen.width(), 1)
