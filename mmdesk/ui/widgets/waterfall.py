"""From the base value to the output, one step at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QToolTip

from mmdesk.ui.colours import current
from mmdesk.ui.formatting import shown, tool_tip
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Painted
from mmdesk.ui.widgets.fit import letters

_PALE = 0.4
_LEAST_WIDTH = 240
"""Names, bars and figures can be told apart, with letters of 10 points."""


@dataclass(frozen=True)
class Step:
    """One step: its name, how far it moves the value, and what it stands for (handed back when it is picked).

    ``faint`` draws it paler: it is not told from noise.
    """

    name: str
    contribution: float
    key: object = None
    tip: str = ""
    faint: bool = False


@dataclass(frozen=True)
class Account:
    """Everything a waterfall shows: base + sum of the steps = output, up to the gap that is shown elsewhere."""

    base: float
    base_name: str
    steps: tuple[Step, ...]
    output: float
    output_name: str


class Waterfall(Painted):
    """Bars that start where the last one ended; ``picked`` carries a step's key.

    Args:
        level: A value of the scale as text (``"71 %"``).
        change: A contribution as text, with its sign (``"+12.4"``).
    """

    picked = Signal(object)

    def __init__(self, level: Callable[[float], str], change: Callable[[float], str]) -> None:
        super().__init__()
        self.level, self.change = level, change
        self._account: Account | None = None
        self._current = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Waterfall"))

    def show_account(self, account: Account | None) -> None:
        """Show another account; None clears."""
        self._account = account
        self._current = -1
        if account is not None:
            faint = tr(" (not told from noise)")
            said = "; ".join(
                f"{shown(s.name)} {self.change(s.contribution)}{faint if s.faint else ''}" for s in account.steps
            )
            self.setAccessibleDescription(
                f"{account.base_name} {self.level(account.base)}; {said}; "
                f"{account.output_name} {self.level(account.output)}"
            )
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A line for each step, the base and the output."""
        return QSize(360, self._lines() * self._least_line() + 6)

    def minimumSizeHint(self) -> QSize:
        """All steps are always shown."""
        return QSize(round(_LEAST_WIDTH * letters(self)), self.sizeHint().height())

    def draw(self, painter: QPainter) -> None:
        """Name, bar between two levels, figure; a thin line carries each level on to the next step."""
        account = self._account
        if account is None:
            return
        sheet = _Sheet(self, painter, account)
        self._draw_total(sheet, 0, account.base_name, account.base)
        level = account.base
        for number, step in enumerate(account.steps, start=1):
            self._draw_highlight(sheet, number)
            self._draw_step(sheet, number, step, level)
            level += step.contribution
        self._draw_total(sheet, self._lines() - 1, account.output_name, account.output)

    def _draw_highlight(self, sheet: _Sheet, line: int) -> None:
        if self._current != line - 1:
            return
        area = QRectF(0, line * self._line(), self.width(), self._line())
        focused = self.hasFocus()
        sheet.painter.setPen(QPen(QColor(sheet.colours.accent), 1) if focused else Qt.PenStyle.NoPen)
        sheet.painter.setBrush(QColor(sheet.colours.accent_soft))
        sheet.painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def _draw_step(self, sheet: _Sheet, line: int, step: Step, level: float) -> None:
        painter, colours = sheet.painter, sheet.colours
        top, height = line * self._line(), self._line()
        start, end = sheet.x(level), sheet.x(level + step.contribution)
        painter.setPen(QPen(QColor(colours.control), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(start, top - height / 2 + 6), QPointF(start, top + 4))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.raises if step.contribution >= 0 else colours.lowers))
        left, right = min(start, end), max(start, end)
        painter.setOpacity(_PALE if step.faint else 1.0)
        painter.drawRoundedRect(QRectF(left, top + 5, max(right - left, 1.5), height - 10), 2, 2)
        painter.setOpacity(1.0)
        self._draw_texts(sheet, top, step.name, self.change(step.contribution))

    def _draw_total(self, sheet: _Sheet, line: int, name: str, value: float) -> None:
        painter, colours = sheet.painter, sheet.colours
        top, height = line * self._line(), self._line()
        x = sheet.x(value)
        painter.setPen(QPen(QColor(colours.text), 2))
        painter.drawLine(QPointF(x, top + 4), QPointF(x, top + height - 4))
        painter.setBrush(QColor(colours.text))
        painter.drawEllipse(QPointF(x, top + height / 2), 3.5, 3.5)
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        self._draw_texts(sheet, top, name, self.level(value), up_to=x)
        font.setBold(False)
        painter.setFont(font)

    def _draw_texts(self, sheet: _Sheet, top: float, name: str, figure: str, up_to: float = 0.0) -> None:
        """``up_to``: where something stands in the line; there is room for the name as far as that."""
        painter, room = sheet.painter, max(sheet.left, int(up_to))
        painter.setPen(QColor(sheet.colours.text))
        label = painter.fontMetrics().elidedText(shown(name, 120), Qt.TextElideMode.ElideRight, room - 16)
        painter.drawText(QRectF(6, top, room - 8, self._line()), int(Qt.AlignmentFlag.AlignVCenter), label)
        where = QRectF(sheet.right, top, self.width() - sheet.right - 6, self._line())
        painter.drawText(where, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), figure)

    # Mouse and keyboard.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pick the step under the mouse."""
        self._pick(self._step_at(event.position().y()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down move through the steps."""
        last = len(self._account.steps) - 1 if self._account else -1
        moves = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        step = moves.get(Qt.Key(event.key()))
        if step is None or last < 0:
            super().keyPressEvent(event)
            return
        self._pick(min(max(self._current + step, 0), last))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is."""
        if self._current < 0 and self._account and self._account.steps:
            self._current = 0
        super().focusInEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        """The whole name and value of a step as its tool tip."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            number = self._step_at(event.pos().y())
            if self._account and 0 <= number < len(self._account.steps):
                step = self._account.steps[number]
                QToolTip.showText(event.globalPos(), tool_tip(step.tip or step.name), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def _pick(self, number: int) -> None:
        if self._account is None or not 0 <= number < len(self._account.steps):
            return
        self._current = number
        self.update()
        self.picked.emit(self._account.steps[number].key)

    def _step_at(self, y: float) -> int:
        return int(y // self._line()) - 1

    def _lines(self) -> int:
        return len(self._account.steps) + 2 if self._account else 6

    def _line(self) -> int:
        """Higher where there is room, but never so that names and bars drift apart."""
        least = self._least_line()
        return min(max(least, (self.height() - 6) // self._lines()), round(least * 1.3))

    def _least_line(self) -> int:
        return self.fontMetrics().height() + 6


class _Sheet:
    """What is drawn with, where names end, where figures begin, and the scale between."""

    def __init__(self, widget: Waterfall, painter: QPainter, account: Account) -> None:
        self.painter = painter
        self.colours = current()
        metrics = widget.fontMetrics()
        names = [account.base_name, account.output_name, *(step.name for step in account.steps)]
        widest = max(metrics.horizontalAdvance(shown(name, 120)) for name in names) * 1.08 + 20
        figures: Sequence[str] = [
            widget.level(account.base), widget.level(account.output),
            *(widget.change(step.contribution) for step in account.steps),
        ]  # fmt: skip
        figure = max(metrics.horizontalAdvance(text) for text in figures) * 1.1 + 18
        self.left = round(min(widest, widget.width() * 0.5))
        self.right = round(widget.width() - figure)
        levels = [account.base, account.output]
        level = account.base
        for step in account.steps:
            level += step.contribution
            levels.append(level)
        self._low, high = min(levels), max(levels)
        self._span = (high - self._low) or 1.0

    def x(self, value: float) -> float:
        """The place of a value on the scale."""
        margin = 8
        room = max(self.right - self.left - 2 * margin, 10)
        return self.left + margin + (value - self._low) / self._span * room
