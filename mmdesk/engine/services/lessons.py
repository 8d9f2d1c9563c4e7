"""What a run was trained on, as its own model sees it; read once for as long as it is the run that is asked."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import Split
from mmdesk.engine.store.case import Case

if TYPE_CHECKING:
    from mmdesk.engine.explanation.taught import Lessons
    from mmdesk.engine.training.records import LoadedRun

_kept: dict[tuple[str, str | None], Lessons] = {}
_guard = threading.Lock()


def lessons_of(case: Case, loaded: LoadedRun, *, ctx: JobContext = NULL_CONTEXT) -> Lessons:
    """The rows of the training part, from the run's own snapshot: labels that came later taught it nothing.

    Args:
        case: Open.
        loaded: The run.
        ctx: Told the progress; asked for cancellation on the way.

    Raises:
        ModelError: The snapshot is missing or altered (``model.snapshot_missing``, ``model.snapshot_altered``).
    """
    from mmdesk.engine.dataset.snapshot import read_snapshot
    from mmdesk.engine.dataset.splits import split_rows
    from mmdesk.engine.explanation.taught import Lessons
    from mmdesk.engine.services.predictions import said_of

    # Both are digests of contents, so no case can be taken for another.
    key = (loaded.run_id, loaded.record.model_sha256)
    with _guard:
        found = _kept.get(key)
    if found is not None:
        return found
    config = loaded.trained.config
    data = read_snapshot(case.files, loaded.record.data_sha256, ctx=ctx.part(0, 0.1))
    parts = split_rows(data, config.number("val_fraction"), config.number("test_fraction"))
    targets = parts.of(data, Split.TRAIN)
    said = said_of(loaded.trained, data, targets.entity.astype("int64"), targets.as_of_us, ctx=ctx.part(0.1, 1))
    made = Lessons(entity_ids=data.entity_ids[targets.entity], targets=targets, embedding=said[3], ranking=said[2])
    with _guard:
        _kept.clear()  # one run at a time: memory is the analyst's
        _kept[key] = made
    return made
