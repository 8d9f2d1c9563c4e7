"""Numbers of an account without the last bits, which depend on what else was in a batch."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

from mmdesk.engine.explanation.explanation import Faithfulness, Item, Ledger, Part, Turning


class Rounding:
    """Nine digits after the first of the largest number, so that the last bits of a batch leave no trace.

    Args:
        largest: Of the numbers of one account.
    """

    def __init__(self, largest: float) -> None:
        self._digits = 9 - (math.floor(math.log10(largest)) if largest > 0 else 0)

    def __call__(self, value: float) -> float:
        """The value rounded."""
        # Adding zero turns -0.0 into 0.0, which would be other bytes.
        return round(value, self._digits) + 0.0

    def item(self, item: Item) -> Item:
        """The item with rounded numbers; contributions of parts as well."""
        shares = Rounding(1.0)
        return dataclasses.replace(
            item,
            contribution=self(item.contribution),
            attention=None if item.attention is None else shares(item.attention),
            attention_heads=tuple(shares(share) for share in item.attention_heads),
            parts=tuple(self._part(part) for part in item.parts),
        )

    def _part(self, part: Part) -> Part:
        return dataclasses.replace(part, contribution=self(part.contribution))

    def faithfulness(self, faithfulness: Faithfulness) -> Faithfulness:
        """The figures rounded to six digits."""
        figures = {
            name: None if value is None else round(value, 6) + 0.0 for name, value in faithfulness.figures.items()
        }
        return dataclasses.replace(faithfulness, figures=figures)

    def ledger(self, ledger: Ledger, places: Mapping[int, int]) -> Ledger:
        """With rounded outputs, and the carrier by its place among the items."""
        carrier, without = ledger.carried_by, ledger.without_carrier
        return Ledger(
            without_attributes=self(ledger.without_attributes),
            without_events=self(ledger.without_events),
            without_neighbours=self(ledger.without_neighbours),
            without_artifacts=self(ledger.without_artifacts),
            carried_by=None if carrier is None else places[carrier],
            without_carrier=None if without is None else self(without),
            carried_with=tuple(sorted(places[number] for number in ledger.carried_with)),
        )

    def turning(self, turning: Turning, places: Mapping[int, int]) -> Turning:
        """With the items by their places, the strongest first."""
        items = tuple(sorted(places[number] for number in turning.items))
        return Turning(self(turning.threshold), items, None if turning.output is None else self(turning.output))
