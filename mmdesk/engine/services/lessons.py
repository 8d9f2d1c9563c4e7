"""What a run was trained on, as its own model sees it; read once for as long as it is the run that is asked."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from mmdesk.engine.core.code_manifest import code_hash
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import Split
from mmdesk.engine.store.case import Case

if TYPE_CHECKING:
    from mmdesk.engine.dataset.case_data import CaseData, TargetRows
    from mmdesk.engine.dataset.splits import Parts
    from mmdesk.engine.explanation.taught import Lessons
    from mmdesk.engine.explanation.usual import Usual
    from mmdesk.engine.training.records import LoadedRun

_kept: dict[tuple[str, str | None], Lessons] = {}
_usual: dict[tuple[str, str | None], Usual] = {}
_LABELS = ("y_reg", "y_class", "y_rank")
_guard = threading.Lock()


def lessons_of(case: Case, loaded: LoadedRun, *, ctx: JobContext = NULL_CONTEXT) -> Lessons | None:
    """The rows of the training part, from the run's own snapshot: labels that came later taught it nothing.

    None where another version has trained the run and does not seem to have chosen the rows as this one would.

    Args:
        case: Open.
        loaded: The run.
        ctx: Told the progress; asked for cancellation on the way.

    Raises:
        ModelError: The snapshot is missing or altered (``model.snapshot_missing``, ``model.snapshot_altered``).
    """
    from mmdesk.engine.explanation.taught import Lessons
    from mmdesk.engine.services.predictions import said_of

    # Both are digests of contents, so no case can be taken for another.
    key = (loaded.run_id, loaded.record.model_sha256)
    with _guard:
        found = _kept.get(key)
    if found is not None:
        return found
    part = _training_part(case, loaded, ctx.part(0, 0.1))
    if part is None:
        return None
    data, targets = part
    said = said_of(loaded.trained, data, targets.entity.astype("int64"), targets.as_of_us, ctx=ctx.part(0.1, 1))
    made = Lessons(entity_ids=data.entity_ids[targets.entity], targets=targets, embedding=said[3], ranking=said[2])
    with _guard:
        _kept.clear()  # one run at a time: memory is the analyst's
        _kept[key] = made
    return made


def usual_in_training(case: Case, loaded: LoadedRun, *, ctx: JobContext = NULL_CONTEXT) -> Usual | None:
    """What is usual for each attribute among the rows that a run was trained on; parameters, None, errors as above."""
    from mmdesk.engine.explanation.usual import usual_of

    key = (loaded.run_id, loaded.record.model_sha256)
    with _guard:
        found = _usual.get(key)
    if found is not None:
        return found
    part = _training_part(case, loaded, ctx)
    if part is None:
        return None
    data, targets = part
    made = usual_of(data, targets.entity)
    with _guard:
        _usual.clear()
        _usual[key] = made
    return made


def _training_part(case: Case, loaded: LoadedRun, ctx: JobContext) -> tuple[CaseData, TargetRows] | None:
    """The run's snapshot and the rows of it that train; None where nobody can tell which they were."""
    from mmdesk.engine.dataset.snapshot import read_snapshot
    from mmdesk.engine.dataset.splits import split_rows

    config = loaded.trained.config
    data = read_snapshot(case.files, loaded.record.data_sha256, ctx=ctx)
    parts = split_rows(data, config.number("val_fraction"), config.number("test_fraction"))
    same_code = loaded.record.config.get("code_sha256") == code_hash("training")
    if not same_code and _split_text(data, parts) != _recorded_split(case, loaded):
        return None
    return data, parts.of(data, Split.TRAIN)


def _split_text(data: CaseData, parts: Parts) -> dict[str, Any]:
    """How the rows were chosen, and of each part how many there are and have each label."""
    counts: dict[str, dict[str, int]] = {}
    for part in Split:
        targets = parts.of(data, part)
        labels = {name: int((~np.isnan(getattr(targets, name))).sum()) for name in _LABELS}
        counts[str(part)] = {"rows": len(targets), **labels, "positives": int((targets.y_class > 0.5).sum())}
    return {"how": parts.how, "parts": counts}


def _recorded_split(case: Case, loaded: LoadedRun) -> dict[str, Any] | None:
    """The same as the training wrote it down; None where that is gone or damaged."""
    path = f"{loaded.record.folder}/data_manifest.json"
    try:
        split = case.files.document(path)["split"]
        kept = ("rows", *_LABELS, "positives")
        parts = {part: {name: counts[name] for name in kept} for part, counts in split["parts"].items()}
        return {"how": split["how"], "parts": parts}
    except (KeyError, TypeError, AttributeError):
        return None
