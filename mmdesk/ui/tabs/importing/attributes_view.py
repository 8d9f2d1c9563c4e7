"""The attributes of the entities: where their values lie, how they are spread, and which of them look odd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QStackedWidget, QWidget

from mmdesk.engine.core.types import ColumnKind
from mmdesk.ui.colours import SPACE_L, SPACE_S
from mmdesk.ui.formatting import MISSING, counted, data_time, number, percent, shown
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column
from mmdesk.ui.tabs.importing.quality_words import odd_said
from mmdesk.ui.widgets.bars import Bar, BarList
from mmdesk.ui.widgets.basics import Label, boxed, column, row
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.histogram import Histogram, TimeHistogram, can_be_drawn
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmdesk.engine.services.data_quality import AttributeRange

_KINDS = {
    ColumnKind.NUMBER: tr("number"),
    ColumnKind.CATEGORY: tr("text"),
    ColumnKind.BOOLEAN: tr("yes or no"),
    ColumnKind.TIME: tr("time"),
}
_MOST_BARS = 6
HEIGHT = 250
_PLOT_WIDTH, _PLOT_HEIGHT = 150, 170


class AttributesView(QWidget):
    """A table of the attributes, and how the chosen one is spread."""

    def __init__(self) -> None:
        super().__init__()
        self._ranges: tuple[AttributeRange, ...] = ()
        self.table = Table(tr("Attributes"))
        self.table.picked.connect(self._on_picked)
        self._name = Label("", "strong")
        self._said = Label("", "small", wrap=True)
        self.numbers = Histogram("", tr("entities"))
        self.times = TimeHistogram("", tr("entities"))
        self.bars = BarList(tr("Most frequent values"), tr("No entity has a value."))
        self._plots = QStackedWidget()
        for plot in (self.numbers, self.times, boxed(column(None, self.bars, None))):
            self._plots.addWidget(plot)
        by_letters(self._plots, self._plots.setFixedHeight, _PLOT_HEIGHT)
        beside = boxed(column(None, self._name, self._plots, self._said, None, spacing=SPACE_S))
        by_letters(self.table, self.table.setMinimumHeight, HEIGHT)
        by_letters(beside, beside.setMinimumWidth, _PLOT_WIDTH)
        parts = row(self, self.table, beside, spacing=SPACE_L)
        parts.setStretch(0, 2)
        parts.setStretch(1, 1)

    def show_ranges(self, ranges: Sequence[AttributeRange]) -> None:
        """Show these; odd ones first, and of them the first one's plot."""
        chosen = next((self._ranges[place].name for place in self.table.chosen()), None)
        self._ranges = tuple(sorted(ranges, key=lambda one: not one.odd))
        self.table.set_columns(_columns(self._ranges))
        places = {one.name: place for place, one in enumerate(self._ranges)}
        self.table.choose(places.get(chosen or "", 0))

    def _on_picked(self, rows: list[int]) -> None:
        if not rows:
            return
        one = self._ranges[rows[0]]
        self._name.setText(shown(one.name, 60))
        self._said.setText("\n".join(odd_said(one, odd) for odd in one.odd))
        if one.kind is ColumnKind.NUMBER and one.counts and can_be_drawn(one.edges):
            self.numbers.setAccessibleName(tr("How {name} is spread", name=shown(one.name, 60)))
            self.numbers.show_counts(one.edges, one.counts)
            self._plots.setCurrentIndex(0)
        elif one.kind is ColumnKind.TIME and one.counts:
            self.times.setAccessibleName(tr("How {name} is spread", name=shown(one.name, 60)))
            self.times.show_counts([edge / 1e6 for edge in one.edges], one.counts)
            self._plots.setCurrentIndex(1)
        else:
            self.bars.set_bars(_bars(one))
            self._plots.setCurrentIndex(2)


def _bars(one: AttributeRange) -> list[Bar]:
    """The most frequent values, or where most of the numbers lie if these are too large to be drawn."""
    if one.counts:
        stretches = zip(one.counts, one.edges[:-1], one.edges[1:], strict=True)
        fullest = sorted((stretch for stretch in stretches if stretch[0]), reverse=True)[:_MOST_BARS]
        return [Bar(f"{number(low)} {MISSING} {number(high)}", count, counted(count)) for count, low, high in fullest]
    bars = [Bar(_value(name, one.kind), count, counted(count)) for name, count in one.common[:_MOST_BARS]]
    others = one.distinct - len(bars)
    if others > 0 and len(bars) == _MOST_BARS:
        said = tr_n("{n:,} other value", "{n:,} other values", others)
        rest = one.present - sum(count for _, count in one.common[:_MOST_BARS])
        bars.append(Bar(said, rest, counted(rest), "control"))
    return bars


def _value(text: str, kind: ColumnKind) -> str:
    return {"true": tr("yes"), "false": tr("no")}[text] if kind is ColumnKind.BOOLEAN else text


def _columns(ranges: Sequence[AttributeRange]) -> list[Column]:
    odd = {one.name for one in ranges if one.odd}
    looked_at = ["; ".join(odd_said(one, odd) for odd in one.odd) for one in ranges]
    return [
        Column(
            tr("Attribute"), [one.name for one in ranges], show=lambda name: shown(str(name)), tip=str,
            icon=lambda name: ("warning", "warn") if name in odd else None,
        ),
        Column(tr("Kind"), [_KINDS[one.kind] for one in ranges]),
        Column(tr("Missing"), [one.missing_share for one in ranges], show=_percent, numeric=True),
        Column(tr("Distinct"), [one.distinct for one in ranges], show=counted, numeric=True),
        _ends(tr("Least"), ranges, [one.low for one in ranges]),
        _ends(tr("Median"), ranges, [one.median for one in ranges]),
        _ends(tr("Greatest"), ranges, [one.high for one in ranges]),
        *([Column(tr("To be looked at"), looked_at, tip=str)] if odd else []),
    ]  # fmt: skip


def _percent(share: float) -> str:
    return percent(share, 1)


def _ends(title: str, ranges: Sequence[AttributeRange], values: Sequence[float | None]) -> Column:
    """A column of numbers and moments, each as its attribute is shown."""
    texts = [_end(one, value) for one, value in zip(ranges, values, strict=True)]
    keys = np.array([np.nan if value is None else float(value) for value in values])
    return Column(title, texts, numeric=True, keys=keys)


def _end(one: AttributeRange, value: float | int | None) -> str:
    if value is None:
        return MISSING
    return data_time(int(value)) if one.kind is ColumnKind.TIME else number(value)
