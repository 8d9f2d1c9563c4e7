"""Where the strongest evidence stands among comparable entities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.formatting import MISSING, number, percent, score
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column
from mmdesk.ui.tabs.explain.wording import item_name, scale_of
from mmdesk.ui.widgets.basics import Label, boxed, column, scrolled
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.percentiles import Place, PlaceDelegate
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Explanation, Placing

_WIDTHS = {1: 118, 3: 146, 4: 56, 5: 162}
"""Of columns with a drawing or few letters; the other two share what is left."""
_LEAST_TABLE = 180
_FEW = tr("Too few to say where anything stands.")


class PeersPage(QWidget):
    """A line for each of the strongest items; ``picked`` carries the item's place in the explanation."""

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._items: list[int] = []
        self._group = Label("", wrap=True)
        self._note = Label(
            tr(
                "A percentile is the share of the others' values that lie below, equal ones by half. What is usual is "
                "no reason and what is rare is none either: the model's reasons are under Evidence."
            ),
            "small",
            wrap=True,
        )
        self.table = Table(tr("Evidence among peers"))
        self._delegate = PlaceDelegate(self.table)
        self.table.picked.connect(self._on_table_picked)
        by_letters(self.table, self.table.setMinimumHeight, _LEAST_TABLE)
        page = column(None, self._group, self.table, self._note, spacing=SPACE_S)
        page.setStretch(1, 1)
        # Where letters are large there is not room for all of it.
        column(self, scrolled(boxed(page)))

    def show_look(self, explanation: Explanation) -> None:
        """The peers of an explanation that has them."""
        peers = explanation.peers
        assert peers is not None
        few = "" if peers.placings else f" {_FEW}"
        self._group.setText(
            tr_n(
                "Compared with {n:,} other ({group}) as they stood at the same moment.{few}",
                "Compared with {n:,} others ({group}) as they stood at the same moment.{few}",
                peers.members,
                group=translated(peers.group, [peers.group]),
                few=few,
            )
        )
        placings = peers.placings
        self._items = [one.item for one in placings]
        scale = scale_of(explanation)
        items = [explanation.items[one.item] for one in placings]
        values, numbers = [_value(one) for one in placings], [_number(one) for one in placings]
        self.table.set_columns(
            [
                Column(tr("Evidence"), [item_name(item) for item in items], tip=str),
                Column(tr("Contribution"), [item.contribution for item in items], show=scale.change, numeric=True,
                       help=tr("In {unit}; + raises", unit=scale.unit)),
                Column(tr("Compared"), [one.what for one in placings], tip=str),
                Column(tr("Value percentile"), values, show=_text, keys=_shares(values),
                       help=tr("Percentile; for categories the share of the others that are alike")),
                Column(tr("It has"), [one.number for one in placings], show=number, numeric=True,
                       help=tr("How many of this kind")),
                Column(tr("Number percentile"), numbers, show=_text, keys=_shares(numbers),
                       help=tr("Percentile")),
                Column(tr("Median"), [one.number_usual for one in placings], show=number, numeric=True,
                       help=tr("How many of this kind the others have")),
            ]
        )  # fmt: skip
        for place in (3, 5):
            self.table.setItemDelegateForColumn(place, self._delegate)
        for place, width in _WIDTHS.items():
            self.table.setColumnWidth(place, max(width, self.table.columnWidth(place)))
        self.table.make_room()

    def choose(self, place: int) -> None:
        """Mark the item if it is here."""
        if place in self._items:
            self.table.choose(self._items.index(place))

    def _on_table_picked(self, rows: list[int]) -> None:
        if rows:
            self.picked.emit(self._items[rows[0]])


def _value(placing: Placing) -> Place | None:
    if placing.share is not None:
        return Place(placing.share, percent(placing.share, 1), filled=True)
    return None if placing.percentile is None else Place(placing.percentile, score(100 * placing.percentile, 1))


def _number(placing: Placing) -> Place | None:
    share = placing.number_percentile
    return None if share is None else Place(share, score(100 * share, 1))


def _shares(places: Sequence[Place | None]) -> NDArray[np.float64]:
    return np.array([np.nan if place is None else place.share for place in places], dtype=np.float64)


def _text(place: Place | None) -> str:
    return MISSING if place is None else place.text
