"""The evidence files of a made-up case: whose, when captured, shared by whom, and where in them the causes lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.times import format_us
from mmdesk.engine.dataset.synth_media import GRID, SECONDS, SLOT_S, SLOTS, make_clip, make_photo, make_recording
from mmdesk.engine.dataset.synth_plan import MEDIA, Modality, Plan

_SHARED_SHARE = 0.03


@dataclass(frozen=True)
class _File:
    """One evidence file to be made: whose, of which kind, with the cause or not, when it was taken."""

    entity: int
    kind: Modality
    name: str
    cause: bool
    captured_us: int | None
    counts: bool


def _files(plan: Plan, kind: Modality, seed: int) -> Iterator[_File]:
    """Every entity's files of one kind: the first, sometimes a second without cause, sometimes a late one with it."""
    n = len(plan.entity_ids)
    rng = np.random.default_rng([seed, n, 3 + MEDIA.index(kind)])
    dated, second = rng.random(n) < 0.6, rng.random(n) < 0.1
    before = plan.as_of_us - rng.integers(3600, 120 * 86_400, n) * 1_000_000
    after = plan.as_of_us + rng.integers(0, 20 * 86_400, n) * 1_000_000
    stem = {Modality.IMAGE: "photo", Modality.AUDIO: "call", Modality.VIDEO: "camera"}[kind]
    for index in map(int, np.flatnonzero(plan.has_media[kind])):
        has_cause = bool(plan.present[kind][index])
        taken = int(before[index]) if dated[index] else None
        yield _File(index, kind, f"{stem}_1", has_cause, taken, has_cause)
        if second[index]:
            yield _File(index, kind, f"{stem}_2", False, int(before[index]), False)
        if plan.late[kind][index]:
            yield _File(index, kind, f"{stem}_3", True, int(after[index]), False)


def _render(file: _File, number: int, seed: int) -> tuple[bytes, str, str]:
    """The bytes of a file, its suffix, and where in it the cause is (empty: nowhere)."""
    rng = np.random.default_rng([seed, number, MEDIA.index(file.kind), 7])
    if file.kind is Modality.IMAGE:
        row, column = divmod(int(rng.integers(GRID * GRID)), GRID)
        return make_photo(rng, (row, column) if file.cause else None), ".jpg", f"r{row}c{column}"
    if file.kind is Modality.AUDIO:
        second = int(rng.integers(SECONDS))
        data, suffix = make_recording(rng, second if file.cause else None)
        return data, suffix, f"{second:.1f}-{second + 1:.1f}"
    slot = int(rng.integers(SLOTS))
    return make_clip(rng, slot if file.cause else None), ".mp4", f"{(slot + 0.5) * SLOT_S:.2f}"


def write_media(
    folder: Path, plan: Plan, split: npt.NDArray[np.object_], seed: int, ctx: JobContext
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write the evidence files; a few entities share one file byte for byte (within a split, with the same cause).

    Returns:
        The manifest (``entity_id, path, captured_at``) and the causes that lie in files.
    """
    rng = np.random.default_rng([seed, len(plan.entity_ids), 9])
    files = [file for kind in MEDIA for file in _files(plan, kind, seed)]
    manifest: list[tuple[str, str, str]] = []
    causes: list[tuple[str, str, str, str]] = []
    last: dict[tuple[object, ...], tuple[bytes, str, str]] = {}
    for number, file in enumerate(files):
        ctx.check_cancelled()
        ctx.progress(number, len(files), "making evidence files")
        likes = (file.kind, file.cause, split[file.entity])
        made = last[likes] if rng.random() < _SHARED_SHARE and likes in last else _render(file, number, seed)
        last[likes] = made
        entity_id = str(plan.entity_ids[file.entity])
        path = f"media/{entity_id}/{file.name}{made[1]}"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(made[0])
        manifest.append((entity_id, path, "" if file.captured_us is None else format_us(file.captured_us)))
        if file.counts:
            causes.append((entity_id, file.kind.value, path, made[2]))
    return (
        pd.DataFrame(manifest, columns=["entity_id", "path", "captured_at"]),
        pd.DataFrame(causes, columns=["entity_id", "modality", "reference", "locator"]),
    )
