"""The model of the run that is asked, kept in memory as long as its file has not changed, and what it reads with."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from mmdesk.engine.core.errors import MmdeskError
from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import RunStatus
from mmdesk.engine.store.case import Case

if TYPE_CHECKING:
    from mmdesk.engine.dataset.batches import Batcher
    from mmdesk.engine.dataset.case_data import CaseData
    from mmdesk.engine.explanation.masking import ExactModel
    from mmdesk.engine.training.checkpoint import TrainedModel
    from mmdesk.engine.training.records import LoadedRun, RunRecord

_kept: dict[str, TrainedModel] = {}
_exact: list[tuple[TrainedModel, ExactModel]] = []
_guard = threading.Lock()


def loaded_run(case: Case, text: str) -> LoadedRun:
    """As :func:`mmdesk.engine.training.records.load_run`; the file is compared with the run's record each time.

    Whoever gets the model may only ask it; it is the same object for everybody.

    Args:
        case: Open.
        text: A unique beginning of the run's id, its name, or ``latest``.

    Raises:
        DataError: No such run (``run.unknown``, ``run.ambiguous``).
        ModelError: Not finished (``model.unfinished``), altered, missing or unreadable.
    """
    from mmdesk.engine.training.records import LoadedRun, load_run, resolve

    record = resolve(case, text)
    with _guard:
        kept = _kept.get(record.model_sha256 or "")
    if kept is not None and record.status is RunStatus.DONE and _is_whole(case, record):
        return LoadedRun(record, kept)
    loaded = load_run(case, record.run_id)
    with _guard:
        _kept.clear()  # one model at a time: memory is the analyst's
        _exact.clear()
        _kept[loaded.record.model_sha256 or ""] = loaded.trained
    return loaded


def exact_of(trained: TrainedModel) -> ExactModel:
    """The copy of a model that explanations are made with; the same one again for the same model.

    Args:
        trained: From :func:`loaded_run`.
    """
    from mmdesk.engine.explanation.masking import ExactModel

    with _guard:
        for one, kept in _exact:
            if one is trained:
                return kept
    made = ExactModel(trained.model, trained.encoder.attributes)
    with _guard:
        _exact[:] = [(trained, made)]
    return made


def batcher_of(trained: TrainedModel, data: CaseData) -> Batcher:
    """What makes batches of a case for a model; the same one again for the same two.

    It orders the case's events by type when it first meets a long history. That is done here and once: opening a case
    may take its time, a question may not.

    Args:
        trained: From :func:`loaded_run`.
        data: From :func:`~mmdesk.engine.dataset.live.live_data`.
    """
    import numpy as np

    from mmdesk.engine.dataset import live
    from mmdesk.engine.dataset.batches import Batcher

    with _guard:
        for one in live.made_of_it:
            if one.data is data and one.encoder is trained.encoder and one.limits == trained.limits:
                found: Batcher = one
                return found
        live.made_of_it.clear()  # one at a time
    made = Batcher(data, trained.encoder, trained.limits)
    if len(data):
        longest = np.array([np.argmax(np.diff(data.event_offsets))])
        made.make(longest, np.array([END_OF_TIME_US]))
    with _guard:
        live.made_of_it[:] = [made]
    return made


def _is_whole(case: Case, record: RunRecord) -> bool:
    try:
        with case.files.open(f"{record.folder}/model.pt") as file:
            return sha256_file(file) == record.model_sha256
    except (MmdeskError, OSError):
        return False
