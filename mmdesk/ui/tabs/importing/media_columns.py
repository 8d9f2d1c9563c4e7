"""The columns of the list of media files."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from mmdesk.engine.services.media_facts import fact_lines
from mmdesk.ui.engine_words import in_capitals, in_words
from mmdesk.ui.formatting import MISSING, counted, duration, in_seconds, size
from mmdesk.ui.language import tr
from mmdesk.ui.media_calls import STATES, extent_of, state_of
from mmdesk.ui.models.columns import Column, Mapped
from mmdesk.ui.tabs.importing.media_files import MediaFiles

if TYPE_CHECKING:
    from mmdesk.engine.services.media_imports import ArtifactRow

_ICONS = {
    "pending": ("pending", "muted"),
    "done": ("done", "good"),
    "incomplete": ("warning", "warn"),
    "failed": ("failed", "bad"),
}


def reason_of(item: ArtifactRow) -> str:
    """Why it has no features, or not all."""
    if item.status == "failed":
        return item.error or in_words("failed")
    if item.incomplete:
        return tr("the file is cut short or damaged; what can be read is used")
    return ""


def media_columns(files: MediaFiles) -> list[Column]:
    """One row a file; its cells read it whenever they are shown. The last ones are :func:`live_columns`."""
    rows, ranked = files.rows, files.ranked
    return [
        Column(tr("Name"), Mapped(attrgetter("name"), rows), tip=str, ranked=ranked["name"]),
        Column(tr("Entity"), Mapped(lambda item: ", ".join(item.entities), rows), tip=str, ranked=ranked["entity"]),
        Column(tr("Type"), Mapped(attrgetter("content_type"), rows), ranked=ranked["type"]),
        Column(tr("Size"), Mapped(attrgetter("size_bytes"), rows), show=size, numeric=True, keys=files.sizes),
        Column(
            tr("Facts"), Mapped(attrgetter("details"), rows), show=_facts, tip=_all_facts, room="1920 × 1080",
            keys=files.pixels, ranked=ranked["facts"], gives_way=True,
        ),
        *live_columns(files),
    ]  # fmt: skip


def live_columns(files: MediaFiles) -> list[Column]:
    """Those that change while features are extracted; made anew, they are sorted as the files stand now."""
    words = [in_capitals(state).casefold() for state in STATES]
    ranks = np.argsort(np.argsort(words)).astype(np.int8)
    return [
        Column(
            tr("Features"), Mapped(state_of, files.rows), show=lambda state: in_capitals(str(state)),
            icon=lambda state: _ICONS.get(str(state)), room=in_capitals("failed"), keys=ranks[files.states],
            gives_way=True,
        ),
        Column(tr("Parts"), Mapped(_parts, files.rows), show=_count, numeric=True, keys=files.parts.copy()),
        Column(tr("Why"), Mapped(reason_of, files.rows), tip=str, keys=files.reasons.copy(), gives_way=True),
    ]  # fmt: skip


def _parts(item: ArtifactRow) -> int | None:
    """How many of its parts have features; nobody knows before somebody has tried."""
    return None if item.status == "pending" else item.segments


def _count(number: int | None) -> str:
    return MISSING if number is None else counted(number)


def _facts(details: Mapping[str, object]) -> str:
    facts = []
    width, height, length = extent_of(details)
    if width:
        facts.append(f"{width} × {height}")
    if length:
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
