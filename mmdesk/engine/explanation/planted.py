"""Explanations of made-up cases against what was planted in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from mmdesk.engine.dataset.synth_data import Cause
from mmdesk.engine.dataset.synth_media import SLOT_S
from mmdesk.engine.dataset.synth_plan import MEDIA, Modality
from mmdesk.engine.explanation.explanation import Explanation, Item, ItemKind, Part

_KINDS = {
    Modality.ATTRIBUTE: ItemKind.ATTRIBUTE,
    Modality.EVENT: ItemKind.EVENT,
    Modality.NEIGHBOUR: ItemKind.NEIGHBOUR,
}
_POINTING = frozenset({"tile", "window", "frame"})


@dataclass(frozen=True)
class Found:
    """Whether an explanation names what was planted.

    Attributes:
        modality: Of the cause. ``reference``: its column, type, neighbour or path.
        rank: Place among the items that raise the output, from 1; None if it does not raise it.
        pointed: For files: whether the strongest tile, window or frame is the right one; None for all others.
    """

    modality: Modality
    reference: str
    rank: int | None
    pointed: bool | None


def find_cause(explanation: Explanation, causes: Sequence[Cause]) -> Found | None:
    """How the best placed of an entity's causes stands in its explanation; None if it has no causes.

    Args:
        explanation: Of one entity.
        causes: Planted in the case; those of other entities are passed over.
    """
    own = [cause for cause in causes if cause.entity_id == explanation.entity_id]
    if not own:
        return None
    for rank, index in enumerate(explanation.for_, start=1):
        item = explanation.items[index]
        for cause in own:
            if _is(item, cause):
                pointed = _points(item, cause) if cause.modality in MEDIA else None
                return Found(cause.modality, cause.reference, rank, pointed)
    return Found(own[0].modality, own[0].reference, None, None)


def _is(item: Item, cause: Cause) -> bool:
    if cause.modality in MEDIA:
        return item.kind is ItemKind.ARTIFACT and PurePosixPath(item.label).name == PurePosixPath(cause.reference).name
    if item.kind is not _KINDS[cause.modality]:
        return False
    name = item.neighbour_id if cause.modality is Modality.NEIGHBOUR else item.label
    return name == cause.reference


def _points(item: Item, cause: Cause) -> bool:
    pointing = [part for part in item.parts if part.kind in _POINTING]
    if not pointing:
        return False
    best = max(pointing, key=lambda part: part.contribution)
    return _lies_in(best, cause)


def _lies_in(part: Part, cause: Cause) -> bool:
    if cause.modality is Modality.IMAGE:
        return f"r{part.row}c{part.column}" == cause.locator
    if cause.modality is Modality.VIDEO:
        return part.time_s is not None and abs(part.time_s - float(cause.locator)) <= SLOT_S / 2 + 1e-6
    start_s, end_s = map(float, cause.locator.split("-"))
    # The middle of the window, since windows may overlap.
    return part.start_s is not None and part.end_s is not None and start_s <= (part.start_s + part.end_s) / 2 <= end_s
