"""The output over time, a slider along it, and what moved it most."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSlider, QWidget

from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.looks import UNDATED_LABELS
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.formatting import data_time
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column
from mmdesk.ui.tabs.explain.wording import HEAD_NAMES, Scale, item_name, scale_of, short_source
from mmdesk.ui.widgets.basics import Button, ElidedLabel, IconButton, Label, boxed, column, row, scrolled
from mmdesk.ui.widgets.course import CourseLine, CoursePlot, Step
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Course, Explanation, Item

_DAY_US = 86_400_000_000
_MOST_DAYS = 4000
_TABLE = 118


class CoursePage(QWidget):
    """``asked_as_of`` carries the moment to explain (int µs), or None for everything known."""

    asked_as_of = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._line = CourseLine((), 0.0, 0.0)
        self._scale = Scale(str, str, "")
        self._stops: list[int] = []
        self._jumps: tuple[int, ...] = ()
        self.plot = CoursePlot()
        self.plot.picked.connect(self._on_plot_picked)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(tr("As of"))
        self.slider.valueChanged.connect(lambda _value: self._on_slider_moved())
        self.said = ElidedLabel("", "strong")
        self.moved = ElidedLabel("", "small")
        self._course: Course | None = None
        self._note = Label("", "small", wrap=True)
        self.explain = Button(tr("Explain as of this day"), self._on_explain_clicked, icon="clock")
        self.everything = Button(tr("Everything known"), lambda: self.asked_as_of.emit(None))
        self.table = Table(tr("What moved it most"))
        self.table.picked.connect(self._on_table_picked)
        by_letters(self.table, self.table.setFixedHeight, _TABLE)
        self.before = IconButton("chevron-left", tr("Previous moment"), lambda: self.step(-1))
        self.after = IconButton("chevron-right", tr("Next moment"), lambda: self.step(1))
        self.before.setShortcut("Alt+,")
        self.after.setShortcut("Alt+.")
        told = column(None, self.said, self.moved, spacing=0)
        steer = row(None, self.before, self.after, told, self.explain, self.everything, spacing=SPACE_S)
        steer.setStretch(2, 1)
        page = column(None, steer, self.plot, self.slider, self._note, self.table, spacing=SPACE_S)
        page.setStretch(1, 1)
        # Where letters are large there is not room for all of it.
        column(self, scrolled(boxed(page)))

    def show_look(self, explanation: Explanation) -> None:
        """The course of an explanation that has one."""
        course = explanation.course
        assert course is not None
        self._scale, self._course = scale_of(explanation), course
        factor = 100.0 if explanation.head is Head.CLASSIFICATION else 1.0
        numbers = {jump.moment: number for number, jump in enumerate(course.jumps, 1)}
        steps = tuple(
            Step(one.time_us / 1e6, factor * one.before, factor * one.after, numbers.get(place, 0), not one.arrived)
            for place, one in enumerate(course.moments)
        )
        turning = explanation.turning
        self._line = CourseLine(
            steps,
            course.end_us / 1e6,
            factor * explanation.output,
            None if turning is None else factor * turning.threshold,
            "%" if factor > 1 else "",
            tr("{what} over time", what=HEAD_NAMES[explanation.head]),
        )
        self._jumps = tuple(course.moments[jump.moment].time_us for jump in course.jumps)
        self.plot.show_line(self._line, self._described(course))
        self._show_jumps(course)
        self._note.setText(self._noted(course))
        self.everything.setVisible(explanation.as_of is not None)
        self._set_stops(course)

    def _noted(self, course: Course) -> str:
        last_us = max((one.time_us for one in course.moments if one.arrived), default=course.end_us)
        quiet = self._line.steps and self._line.busy()[1] < self._line.end_s
        return (
            tr("Nothing happened after {moment}. {note}", moment=data_time(last_us), note=_note(course))
            if quiet
            else _note(course)
        )

    def _described(self, course: Course) -> str:
        return "; ".join(
            f"{data_time(course.moments[jump.moment].time_us)}: "
            f"{self._scale.change(course.moments[jump.moment].after - course.moments[jump.moment].before)}"
            for jump in course.jumps
        )

    def _show_jumps(self, course: Course) -> None:
        moments = [course.moments[jump.moment] for jump in course.jumps]
        level, change = self._scale.level, self._scale.change
        arrived = [_arrived(jump.items, one.arrived) for jump, one in zip(course.jumps, moments, strict=True)]
        changes = np.array([one.after - one.before for one in moments])
        self.table.set_columns(
            [
                Column("#", np.arange(1, len(moments) + 1), numeric=True),
                Column(
                    tr("When (UTC)"),
                    [one.time_us for one in moments],
                    show=data_time,
                    keys=np.array([one.time_us for one in moments], dtype=np.float64),
                ),
                Column(tr("From"), np.array([one.before for one in moments]), show=level, numeric=True),
                Column(tr("To"), np.array([one.after for one in moments]), show=level, numeric=True),
                Column(tr("Change"), changes, show=change, numeric=True, help=tr("In {unit}", unit=self._scale.unit)),
                Column(tr("What arrived"), arrived, tip=str),
                Column(
                    tr("Source"), [short_source(jump.items[0]) if jump.items else "" for jump in course.jumps], tip=str
                ),
            ]
        )

    # Along the course.

    def _set_stops(self, course: Course) -> None:
        """Where the slider can stand: on every day, and at every moment that is shown; as ``as_of`` values."""
        self._stops = stops_of([one.time_us for one in course.moments if one.arrived], course.end_us)
        enabled = bool(self._stops)
        self.slider.setEnabled(enabled)
        self.explain.setEnabled(enabled)
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(len(self._stops) - 1, 0))
        self.slider.setPageStep(max(len(self._stops) // 10, 1))
        self.slider.setValue(self.slider.maximum())
        self.slider.blockSignals(False)
        self._on_slider_moved()

    @property
    def as_of_us(self) -> int | None:
        """Where the slider stands: only what lies strictly before it is known there."""
        return self._stops[self.slider.value()] if self._stops else None

    def _on_slider_moved(self) -> None:
        at = self.as_of_us
        if at is None:
            self.said.set_text("")
            self.moved.set_text("")
            return
        self.moved.set_text(self._moved_at(at - 1))
        # An as-of does not see its own moment, so the line is read a microsecond before.
        before_s = (at - 1) / 1e6
        self.plot.mark(before_s)
        value = self._line.at(before_s) / (100.0 if self._line.unit == "%" else 1.0)
        level = self._scale.level(value)
        if not self._line.is_known(before_s):
            level = tr("about {level}", level=level)
        self.said.set_text(f"{_day(at)}: {level}")

    def go_to(self, time_us: int) -> None:
        """Put the slider to the first stop that sees what happened at this moment."""
        if self._stops:
            self.slider.setValue(min(bisect_left(self._stops, time_us + 1), len(self._stops) - 1))

    def step(self, way: int) -> None:
        """Put the slider just after the next moment at which something happened, or the one before."""
        at = self.as_of_us
        if at is None or self._course is None:
            return
        happened = [one.time_us + 1 for one in self._course.moments if one.arrived]
        beyond = [time for time in happened if (time > at if way > 0 else time < at)]
        if beyond:
            self.go_to((beyond[0] if way > 0 else beyond[-1]) - 1)

    def _moved_at(self, time_us: int) -> str:
        """What arrived at the moment that the slider stands just after, and by how much it moved the score."""
        course = self._course
        found = [] if course is None else [n for n, one in enumerate(course.moments) if one.time_us == time_us]
        if course is None or not found or not course.moments[found[0]].arrived:
            return tr("Nothing happened just before.")
        moment = course.moments[found[0]]
        items = next((jump.items for jump in course.jumps if jump.moment == found[0]), ())
        change = self._scale.change(moment.after - moment.before)
        return tr(
            "{change} by {what}",
            change=change,
            what=_arrived(items, moment.arrived) if items else tr_n("{n:,} arrival", "{n:,} arrivals", moment.arrived),
        )

    def _on_plot_picked(self, time_s: float) -> None:
        self.go_to(round(time_s * 1e6))

    def _on_table_picked(self, rows: list[int]) -> None:
        if rows:
            self.go_to(self._jumps[rows[0]])

    def _on_explain_clicked(self) -> None:
        at = self.as_of_us
        if at is not None:
            self.asked_as_of.emit(at)


def stops_of(moments_us: Sequence[int], end_us: int) -> list[int]:
    """The as-of moments that a slider offers: the beginning of each day (or so many days), and just after each moment.

    Args:
        moments_us: When something happened, ascending.
        end_us: The last one.
    """
    if not moments_us:
        return []
    first, last = moments_us[0] // _DAY_US, end_us // _DAY_US
    step = max(math.ceil((last - first) / _MOST_DAYS), 1)
    days = {day * _DAY_US for day in range(first, last + 1, step)}
    return sorted({moments_us[0], *days, *(moment + 1 for moment in moments_us), end_us} - {0})


def _day(as_of_us: int) -> str:
    return tr("As of {day}", day=data_time(as_of_us - as_of_us % 1_000_000))


def _arrived(items: Sequence[Item], arrived: int) -> str:
    if not items:
        return tr("{arrived:,} together", arrived=arrived)
    more = tr(" and {arrived:,} more", arrived=arrived - 1) if arrived > 1 else ""
    return f"{item_name(items[0])}{more}"


def _note(course: Course) -> str:
    if not course.moments:
        return tr("Nothing of it has a time, so there is no course over time.")
    number = sum(one.arrived > 0 for one in course.moments)
    shown = tr(", {number:,} of them shown", number=number) if number < course.happened else ""
    found = tr(" The jumps are the largest that were found.") if course.asked < course.happened else ""
    caution = tr(" Caution: {reason}.", reason=UNDATED_LABELS) if course.undated_labels else ""
    undated = tr_n(" and {n:,} link or file", " and {n:,} links and files", course.undated) if course.undated else ""
    return tr_n(
        "Something happened at {n:,} moment{shown}; between them only time passes. "
        "Attributes{undated} without a time count as known throughout.{found}{caution}",
        "Something happened at {n:,} moments{shown}; between them only time passes. "
        "Attributes{undated} without a time count as known throughout.{found}{caution}",
        course.happened,
        shown=shown,
        undated=undated,
        found=found,
        caution=caution,
    )
