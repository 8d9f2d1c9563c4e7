"""The rows of a what-if: which key each has, and what its cells are before anything is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmdesk.engine.core.types import ColumnKind, Head
from mmdesk.ui.engine_words import in_words
from mmdesk.ui.formatting import data_time, percent, to_figures
from mmdesk.ui.language import tr
from mmdesk.ui.models.cells import CellKind, FieldCell
from mmdesk.ui.tabs.explain.wording import HEAD_NAMES, plain_words

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Item
    from mmdesk.engine.explanation.rescored import Rescored, Said
    from mmdesk.engine.explanation.what_if_form import AttributeField, EvidenceField

ROWS = "\0rows "
"""Begins the key of rows that can be left out, which no attribute's name does."""
FIELDS = {Head.CLASSIFICATION: "probability", Head.REGRESSION: "regression", Head.RANKING: "ranking_score"}
"""What each head is called in what a run says."""
_ICONS = {"attribute": "attribute", "event": "event", "neighbour": "link"}


def key_of(field: AttributeField | EvidenceField) -> str:
    """An attribute's name, or the word of rows behind :data:`ROWS`."""
    word: str | None = getattr(field, "word", None)
    return f"{ROWS}{word}" if word is not None else str(getattr(field, "name", ""))


def kind_of(field: AttributeField | EvidenceField | None) -> str:
    """The kind of evidence; empty for rows that nobody knows here."""
    item: Item | None = getattr(field, "item", None)
    return ("" if field is None else "attribute") if item is None else item.kind.value


def item_key(item: Item) -> str:
    """The key of an explanation's item; empty for older ones together."""
    if item.kind.value == "attribute":
        return item.label
    return "" if item.source is None else f"{ROWS}{item.source.table}:{item.source.row}"


def row_cells(field: AttributeField | EvidenceField) -> list[FieldCell]:
    """Evidence, as it is, what if, alone."""
    item: Item | None = getattr(field, "item", None)
    if item is not None:
        facts = [plain_words(item.value)] + ([data_time(item.time_us)] if item.time_us is not None else [])
        media = item.media_type if item.media_type in {"image", "audio", "video"} else "file"
        label = FieldCell(text=item.label, icon=_ICONS.get(item.kind.value) or media)
        return [label, FieldCell(text=" · ".join(facts)), FieldCell(CellKind.CHECK), FieldCell(CellKind.BAR)]
    return _attribute_cells(field)  # type: ignore[arg-type]


def _attribute_cells(attribute: AttributeField) -> list[FieldCell]:
    tip = "" if attribute.used else tr("The run has not learned from it, so changing it changes nothing.")
    label = FieldCell(text=attribute.name, icon="attribute", role="" if attribute.used else "muted", tip=tip)
    text = attribute.text
    if attribute.kind is ColumnKind.NUMBER and text:
        text = f"{float(text):.6g}"  # all its digits are in the field beside it
    return [label, FieldCell(text=text, empty=tr("missing")), _editor(attribute), FieldCell(CellKind.BAR)]


def _editor(attribute: AttributeField) -> FieldCell:
    if attribute.kind is ColumnKind.BOOLEAN:
        return FieldCell(CellKind.CHOICE, options=(*attribute.options, ""), empty=tr("missing"))
    if attribute.kind is ColumnKind.CATEGORY:
        options = dict.fromkeys((*([attribute.text] if attribute.text else []), *attribute.options, ""))
        return FieldCell(CellKind.OPEN_CHOICE, options=tuple(options), empty=tr("missing"))
    return FieldCell(CellKind.TEXT, empty=tr("missing"))


def word_cells(word: str) -> list[FieldCell]:
    """Rows of a scenario that are no single piece of evidence here."""
    return [FieldCell(text=word), FieldCell(text=tr("rows")), FieldCell(CellKind.CHECK), FieldCell(CellKind.BAR)]


def effects_of(found: Rescored, head: Head) -> dict[str, float]:
    """Edit -> what it does alone to the output of a head."""
    changes = {effect.edit: getattr(effect.difference, FIELDS[head]) for effect in found.effects}
    return {edit: change for edit, change in changes.items() if change is not None}


def became(before: str | None, after: str | None) -> str:
    """``uncertain``, or ``positive → uncertain``."""
    if before is None:
        return ""
    return in_words(before) if after is None or after == before else f"{in_words(before)} → {in_words(after)}"


def other_heads(before: Said, after: Said | None, shown: Head) -> str:
    """The outputs of the heads that are not shown large."""
    parts = []
    for head, name in HEAD_NAMES.items():
        old = getattr(before, FIELDS[head])
        if head is not shown and old is not None:
            new = getattr(after, FIELDS[head]) if after is not None else None
            parts.append(f"{name} {_level(head, old)}" + (f" → {_level(head, new)}" if new is not None else ""))
    return " · ".join(parts)


def _level(head: Head, value: float) -> str:
    return percent(value, 1) if head is Head.CLASSIFICATION else to_figures(value, 4)
