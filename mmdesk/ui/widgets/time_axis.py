"""Time along the bottom of a drawing: round moments in UTC, in which the case's are stored and shown."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetrics

from mmdesk.ui.language import tr

_STEPS_S = (1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 2 * 86_400, 7 * 86_400, 14 * 86_400)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240)
_MONTH_S = 30.44 * 86_400
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TICK_ROOM = 64
_WIDEST, _APART = "May 2024", 10
_HOUR, _DAY = "%H:%M", tr("%d %b")
_MONTHS = (
    tr("Jan"), tr("Feb"), tr("Mar"), tr("Apr"), tr("May"), tr("Jun"),
    tr("Jul"), tr("Aug"), tr("Sep"), tr("Oct"), tr("Nov"), tr("Dec"),
)  # fmt: skip
"""What ``%b`` stands for, in the window's language whatever the process's locale is."""


def time_ticks(low: float, high: float, size: float, room: float = _TICK_ROOM) -> tuple[list[float], float, str]:
    """Round moments between two, as many as there is room for; months and years are as long as they are.

    Args:
        low: Seconds since 1970 UTC.
        high: Likewise.
        size: Pixels from the one to the other.
        room: Those that a tick and its text take.

    Returns:
        The moments, about how many seconds they are apart, and the format they are written in.
    """
    least_s = (high - low) * room / max(size, 1.0)
    step = next((step for step in _STEPS_S if step >= least_s), None)
    if step is not None:
        form = "%H:%M:%S" if step < 60 else _HOUR if step < 86_400 else _DAY
        first = math.ceil(low / step)
        return [float(step * n) for n in range(first, int(high // step) + 1)], float(step), form
    months = next((months for months in _MONTH_STEPS if months * _MONTH_S >= least_s), _MONTH_STEPS[-1])
    return _month_starts(low, high, months), months * _MONTH_S, "%Y" if months >= 12 else "%b %Y"


def tick_text(time_s: float, form: str) -> str:
    """A tick's moment; where they are hours, midnight is the day that begins."""
    moment = moment_at(time_s)
    begins_day = form == _HOUR and (moment.hour, moment.minute) == (0, 0)
    return moment.strftime((_DAY if begins_day else form).replace("%b", _MONTHS[moment.month - 1]))


class TimeAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Moments in UTC along the bottom of a plot, with as many ticks as there is room for."""

    def __init__(self) -> None:
        super().__init__(orientation="bottom")
        self.enableAutoSIPrefix(False)
        self._format = "%Y-%m-%d"

    def boundingRect(self) -> QRectF:
        """As wide as the whole plot: the text of a tick at the end of the axis reaches out of the axis itself."""
        area: QRectF = super().boundingRect()
        plot = self.parentItem()
        across = self.mapRectFromParent(plot.boundingRect()) if plot is not None else area
        return area | QRectF(across.left(), area.top(), across.width(), area.height())

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Ticks at round moments."""
        font = self.style["tickFont"]
        room = _TICK_ROOM if font is None else max(_TICK_ROOM, QFontMetrics(font).horizontalAdvance(_WIDEST) + _APART)
        values, apart, self._format = time_ticks(low, high, size, room)
        return [(apart, values)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: ARG002
        """As fine as the ticks are apart."""
        return [tick_text(value, self._format) for value in values]


def moment_at(time_s: float) -> dt.datetime:
    """The moment so many seconds after 1970 UTC; the first or last there is where the calendar has none."""
    try:
        return _EPOCH + dt.timedelta(seconds=time_s)  # Windows has no timestamps before 1970
    except (OverflowError, ValueError):
        return dt.datetime.max.replace(tzinfo=dt.UTC) if time_s > 0 else dt.datetime.min.replace(tzinfo=dt.UTC)


def _month_starts(low: float, high: float, months: int) -> list[float]:
    start = moment_at(low)
    number = (start.year * 12 + start.month - 1) // months * months
    found = []
    while number // 12 < dt.MAXYEAR:
        time_s = dt.datetime(number // 12 or 1, number % 12 + 1, 1, tzinfo=dt.UTC).timestamp()
        if time_s > high:
            break
        if time_s >= low:
            found.append(time_s)
        number += months
    return found
