"""The columns of the list of media files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from mmdesk.engine.services.media_facts import fact_lines
from mmdesk.ui.engine_words import in_capitals, in_words
from mmdesk.ui.formatting import MISSING, counted, duration, in_seconds, size
from mmdesk.ui.language import tr
from mmdesk.ui.models.columns import Column, Mapped

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


def media_columns(rows: Sequence[ArtifactRow]) -> list[Column]:
    """One row a file; its cells read it whenever they are shown."""
    return [
        Column(tr("Name"), Mapped(attrgetter("name"), rows), tip=str),
        Column(tr("Entity"), Mapped(lambda item: ", ".join(item.entities), rows), tip=str),
        Column(tr("Type"), Mapped(attrgetter("content_type"), rows)),
        Column(tr("Size"), Mapped(attrgetter("size_bytes"), rows), show=size, numeric=True),
        Column(tr("Facts"), Mapped(attrgetter("details"), rows), show=_facts, tip=_all_facts, room="1920 × 1080"),
        Column(
            tr("Features"), Mapped(status_of, rows), show=lambda status: in_capitals(str(status)),
            icon=lambda status: STATUS.get(str(status)), room=in_capitals("failed"),
        ),
        Column(tr("Parts"), Mapped(_parts, rows), show=_count, numeric=True),
        Column(tr("Why"), Mapped(reason_of, rows), tip=str),
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
