"""Tables of evidence, alone or beside a picture of it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHeaderView, QWidget

from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.formatting import MISSING, counted, data_time, percent
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column, Mapped
from mmdesk.ui.tabs.explain.wording import Scale, plain_words, short_source
from mmdesk.ui.turns import next_turn
from mmdesk.ui.widgets.bars import SignedBarDelegate
from mmdesk.ui.widgets.basics import ElidedLabel, Label, boxed, column, row, zoom_buttons
from mmdesk.ui.widgets.fit import by_letters, letters
from mmdesk.ui.widgets.links import Neighbour, scrolled_graph
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.splitter import Splitter
from mmdesk.ui.widgets.table import Table
from mmdesk.ui.widgets.timeline import TimedItems, Timeline

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Explanation, Item

_NEARER = 1.6
_LEAST_WIDTH = 230
"""Of each of two tables beside each other: a name can still be read before its contribution."""

CONTRIBUTION = attrgetter("contribution")
Numbered = Sequence[tuple[int, "Item"]]
"""Items with their places in the explanation."""


class ItemTable(QWidget):
    """A table of evidence; ``picked`` carries the item's place in the explanation, ``opened`` that of one entered."""

    picked = Signal(int)
    opened = Signal(int)

    def __init__(
        self, name: str, *, value: str = tr("Value"), when: bool = False, attention: bool = False, source: bool = True
    ) -> None:
        super().__init__()
        self._value, self._when, self._attention, self._source = value, when, attention, source
        self._places: list[int] = []
        # Side by side there is room for two columns only, so they share it.
        self.table = Table(name, stretches=source)
        if not source:
            by_letters(self.table, self.table.setMinimumWidth, _LEAST_WIDTH)
        self._delegate = SignedBarDelegate(self._change, self.table)
        self._scale = Scale(str, str, "")
        self.table.picked.connect(self._on_table_picked)
        self.table.opened.connect(lambda row: self.opened.emit(self._places[row]))
        column(self, self.table)

    def show_items(self, items: Numbered, scale: Scale, largest: float) -> None:
        """Show these, the strongest first; ``largest`` is the contribution that fills the bar."""
        self._scale = scale
        self._delegate.largest = largest
        self._places = [place for place, _ in items]
        found = [item for _, item in items]
        contributions = contributions_of(found)
        columns = [
            Column(tr("Evidence"), Mapped(_label, found), tip=str),
            Column(
                tr("Contribution"),
                contributions,
                show=scale.change,
                numeric=True,
                help=tr("In {unit}; + raises", unit=scale.unit),
            ),
        ]
        if self._value:
            columns.append(Column(self._value, Mapped(_words, found), tip=str))
        if self._when:
            columns.append(Column(tr("When (UTC)"), Mapped(_time, found), show=data_time, keys=_times(found)))
        if self._attention:
            columns.append(
                Column(
                    tr("Attention"),
                    Mapped(_attention, found),
                    show=_share,
                    numeric=True,
                    help=tr("Where the model looked; not a reason"),
                )
            )
        if self._source:
            columns.append(Column(tr("Source"), Mapped(short_source, found), tip=str))
        self.table.set_columns(columns)
        self.table.setItemDelegateForColumn(1, self._delegate)
        crowded = not self._source or self._attention
        self.table.setColumnWidth(1, round((116 if crowded else 140) * letters(self.table)))
        if self._when:
            self.table.spare = len(columns) - 1  # the line below the tables names it, too
        self.table.make_room()
        if not self._source:
            self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def choose(self, place: int) -> bool:
        """Choose the item without telling anyone; False if it is not here."""
        if place not in self._places:
            return False
        self.table.blockSignals(True)
        chosen = self.table.choose(self._places.index(place))
        self.table.blockSignals(False)
        return chosen

    def _change(self, value: float) -> str:
        return self._scale.change(value)

    def _on_table_picked(self, rows: list[int]) -> None:
        if rows:
            self.picked.emit(self._places[rows[0]])


class EventsView(QWidget):
    """The timeline above, the table below."""

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.timeline = Timeline()
        self.items = ItemTable(tr("Events"), when=True, attention=True)
        zoom = zoom_buttons(
            tr("the events"),
            lambda: self.timeline.zoom(_NEARER),
            lambda: self.timeline.zoom(1 / _NEARER),
            self.timeline.show_all,
        )
        self._to_draw: tuple[Numbered, Scale] | None = None
        self._said = ElidedLabel("", "small")
        head = row(None, self._said, zoom)
        head.setStretch(0, 1)
        drawn = column(None, head, self.timeline, spacing=0)
        drawn.setStretch(1, 1)
        vertical = Qt.Orientation.Vertical
        column(self, Splitter("explain.events", (boxed(drawn), self.items), (230, 170), orientation=vertical))
        self.timeline.picked.connect(self._on_timeline_picked)
        self.items.picked.connect(self._on_items_picked)

    def show_items(self, items: Numbered, scale: Scale, largest: float) -> None:
        """Show these events; those without a time are in the table only."""
        self.items.show_items(items, scale, largest)
        self._to_draw = items, scale
        next_turn(self, self._draw)  # there may be thousands

    def _draw(self) -> None:
        if self._to_draw is None:
            return
        (items, scale), self._to_draw = self._to_draw, None
        places, found = [place for place, _ in items], [item for _, item in items]
        times_us = _times(found)
        dated = np.flatnonzero(~np.isnan(times_us))
        timed = [found[place] for place in dated.tolist()]
        undated = len(items) - len(timed)
        said = tr_n("{n:,} event over time", "{n:,} events over time", len(timed))
        if undated:
            said += tr_n(
                "; {n:,} line without a time is in the table only",
                "; {n:,} lines without a time are in the table only",
                undated,
            )
        self._said.set_text(said)
        columns = TimedItems(
            np.array(places, dtype=np.int64)[dated], times_us[dated] / 1e6, contributions_of(timed), _shares(timed),
            Mapped(_label, timed),
        )  # fmt: skip
        self.timeline.show_items(columns, scale.unit, scale.change)

    def choose(self, place: int) -> bool:
        """Mark one event here and there."""
        self._draw()
        if not self.items.choose(place):
            return False
        self.timeline.choose(place)
        return True

    def _on_timeline_picked(self, place: int) -> None:
        self.choose(place)
        self.picked.emit(place)

    def _on_items_picked(self, place: int) -> None:
        self.timeline.choose(place)
        self.picked.emit(place)


class LinksView(QWidget):
    """Neighbours as a graph above, as a table below.

    ``asked`` carries the neighbour to go to: Enter or a double click, there and here.
    """

    picked = Signal(int)
    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._line_of: dict[int, int] = {}
        self._neighbours: dict[int, str] = {}
        self.graph, area = scrolled_graph()
        self.items = ItemTable(tr("Links"), when=True)
        for view in (self.graph, self.items):
            view.setToolTip(tr("Enter or a double click goes to the neighbour."))
            view.opened.connect(self._on_opened)
        vertical = Qt.Orientation.Vertical
        column(self, Splitter("explain.links", (area, self.items), (210, 190), orientation=vertical))
        self.graph.picked.connect(self._on_graph_picked)
        self.items.picked.connect(self._on_items_picked)

    def show_links(self, explanation: Explanation, items: Numbered, scale: Scale, largest: float) -> None:
        """Show these interactions; several with one neighbour are one line of the graph."""
        self.items.show_items(items, scale, largest)
        self._line_of = {}
        self._neighbours = {place: item.neighbour_id for place, item in items if item.neighbour_id is not None}
        sums: dict[str, float] = {}
        first: dict[str, int] = {}
        for place, item in items:
            name = item.neighbour_id or item.label
            sums[name] = sums.get(name, 0.0) + item.contribution
            self._line_of[place] = first.setdefault(name, place)
        self.graph.show_links(
            explanation.entity_id,
            [Neighbour(first[name], name, value) for name, value in sums.items()],
            scale.change,
        )

    def choose(self, place: int) -> bool:
        """Mark one link."""
        if not self.items.choose(place):
            return False
        self.graph.choose(self._line_of.get(place))
        return True

    def _on_graph_picked(self, place: int) -> None:
        self.items.choose(place)
        self.picked.emit(place)

    def _on_items_picked(self, place: int) -> None:
        self.graph.choose(self._line_of.get(place))
        self.picked.emit(place)

    def _on_opened(self, place: int) -> None:
        if place in self._neighbours:
            self.asked.emit(self._neighbours[place])


class ForAndAgainst(QWidget):
    """What raises the output and what lowers it, side by side, the same size."""

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._raises = ItemTable(tr("Evidence that raises"), value="", source=False)
        self._lowers = ItemTable(tr("Evidence that lowers"), value="", source=False)
        self._raises_title = Label("", "strong", wrap=True)
        self._lowers_title = Label("", "strong", wrap=True)
        left = boxed(column(None, self._raises_title, self._raises, spacing=SPACE_S))
        right = boxed(column(None, self._lowers_title, self._lowers, spacing=SPACE_S))
        both = row(self, left, right)
        both.setStretch(0, 1)
        both.setStretch(1, 1)
        self._raises.picked.connect(self.picked)
        self._lowers.picked.connect(self.picked)

    def show_sides(self, explanation: Explanation, scale: Scale, largest: float) -> None:
        """Both lists, always."""
        for title, table, places, word in (
            (self._raises_title, self._raises, explanation.for_, tr("For")),
            (self._lowers_title, self._lowers, explanation.against, tr("Against")),
        ):
            found = [explanation.items[place] for place in places]
            total = sum(map(CONTRIBUTION, found))
            title.setText(f"{word} ({counted(len(places))}): {scale.change(total)}")
            table.show_items(list(zip(places, found, strict=True)), scale, largest)

    def choose(self, place: int) -> bool:
        """Mark the evidence on its side."""
        return self._raises.choose(place) or self._lowers.choose(place)


class MaybeEmpty(Stateful):
    """A view of one kind of evidence, or a sentence that there is none."""

    def __init__(self, content: QWidget, icon: str, none: str) -> None:
        super().__init__(content)
        self._icon, self._none = icon, none

    def show_some(self, some: bool) -> None:
        """The content if there is any."""
        if some:
            self.show_content()
        else:
            self.show_empty(self._icon, self._none, tr("The model was told so: an empty history is an answer too."))


def _label(item: Item) -> str:
    return item.label


def _words(item: Item) -> str:
    return plain_words(item.value)


def _time(item: Item) -> int | None:
    return item.time_us


def _attention(item: Item) -> float | None:
    return item.attention


# None becomes NaN: of twenty thousand items that is felt if each is asked by itself.


def contributions_of(items: Sequence[Item]) -> NDArray[np.float64]:
    """What each item adds, float64 [item]."""
    return np.fromiter(map(CONTRIBUTION, items), np.float64, len(items))


def numbered_by_kind(items: Sequence[Item], kinds: Sequence[str]) -> dict[str, Numbered]:
    """The items of each kind, with their places."""
    found = list(map(attrgetter("kind"), items))
    return {kind: [(place, items[place]) for place, one in enumerate(found) if one == kind] for kind in kinds}


def _times(items: Sequence[Item]) -> NDArray[np.float64]:
    return np.array(list(map(attrgetter("time_us"), items)), dtype=np.float64)


def _shares(items: Sequence[Item]) -> NDArray[np.float64]:
    return np.array(list(map(attrgetter("attention"), items)), dtype=np.float64)


def _share(value: float | None) -> str:
    return MISSING if value is None else percent(value, 1)
