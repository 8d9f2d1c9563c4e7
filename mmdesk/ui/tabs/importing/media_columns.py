"""The columns of the list of media files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mmdesk.engine.services.media_facts import fact_lines
from mmdesk.ui.engine_words import in_capitals, in_words
from mmdesk.ui.formatting import MISSING, counted, duration, in_seconds, size
from mmdesk.ui.language import tr
from mmdesk.ui.models.columns import Column

if TYPE_CHECKING:
    from mmdesk.engine.services.media_imports import ArtifactRow

STATUS = {
    "pending": ("pending", "muted"),
    "done": ("done", "good"),
    "incomplete": ("warning", "warn"),
    "failed": ("failed", "bad"),
}


def status_of(item: ArtifactRow) -> str:
    """How its features stand."""
    return "incomplete" if item.status == "done" and item.incomplete else item.status


def reason_of(item: ArtifactRow) -> str:
    """Why it has no features, or not all."""
    if item.status == "failed":
        return item.error or in_words("failed")
    if item.incomplete:
        return tr("the file is cut short or damaged; what can be read is used")
    return ""


def media_columns(rows: tuple[ArtifactRow, ...]) -> list[Column]:
    """One row a file."""
    return [
        Column(tr("Name"), [item.name for item in rows], tip=str),
        Column(tr("Entity"), [", ".join(item.entities) for item in rows], tip=str),
        Column(tr("Type"), [item.content_type for item in rows]),
        Column(tr("Size"), [item.size_bytes for item in rows], show=size, numeric=True),
        Column(tr("Facts"), [item.details for item in rows], show=_facts, tip=_all_facts, room="1920 × 1080"),
        Column(
            tr("Features"), [status_of(item) for item in rows], show=lambda status: in_capitals(str(status)),
            icon=lambda status: STATUS.get(str(status)), room=in_capitals("failed"),
        ),
        Column(tr("Parts"), [_parts(item) for item in rows], show=_count, numeric=True),
        Column(tr("Why"), [reason_of(item) for item in rows], tip=str),
    ]  # fmt: skip


def _parts(item: ArtifactRow) -> int | None:
    """How many of its parts have features; nobody knows before somebody has tried."""
    return None if item.status == "pending" else item.segments


def _count(number: int | None) -> str:
    return MISSING if number is None else counted(number)


def _facts(details: Mapping[str, object]) -> str:
    facts = []
    width, height, length = details.get("width"), details.get("height"), details.get("duration_s")
    if isinstance(width, int) and isinstance(height, int) and width:
        facts.append(f"{width} × {height}")
    if isinstance(length, (int, float)) and length:
        facts.append(duration(length) if length >= 10 else in_seconds(length))
    facts += [str(details[name])[:_DAY] for name in ("captured", "created") if name in details][:1]
    if "device" in details:
        facts.append(str(details["device"]))
    if "latitude" in details:
        facts.append(tr("with place"))
    return ", ".join(facts)


_DAY = len("2021-05-06")


def _all_facts(details: Mapping[str, object]) -> str:
    return " · ".join(f"{word}: {text}" for word, text in fact_lines(details))
