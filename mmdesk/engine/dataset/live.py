"""A live case kept in memory as long as nothing in it changes, so that asking twice reads once."""

from __future__ import annotations

import os
import threading
from typing import Any

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.memory import give_back
from mmdesk.engine.dataset.case_data import LOST, OUTDATED, CaseData
from mmdesk.engine.dataset.reading import read_case
from mmdesk.engine.dataset.snapshot import read_snapshot
from mmdesk.engine.features.feature_set import features_of
from mmdesk.engine.store import history
from mmdesk.engine.store.case import Case

_Key = tuple[str, str, str, str]
_kept: dict[_Key, CaseData] = {}
made_of_it: list[Any] = []
"""What others made of the case that is kept and hold it by: it goes with it, before another one is read."""
_guard = threading.Lock()


def live_data(case: Case, *, version: str = "", data_sha256: str = "", ctx: JobContext = NULL_CONTEXT) -> CaseData:
    """The case as it is now, with features of a run's version.

    Every change of a case leaves an audit entry, so the same end of the audit log, analysts' tags and notes apart,
    means the same data.

    Args:
        case: Open.
        version: Of the features; empty = the ones that this program extracts.
        data_sha256: The run's snapshot, which has features of that version where the case has newer ones.
        ctx: Told the progress of reading.

    Raises:
        StoreError: The database cannot be reached.
        ModelError: Features are needed from the snapshot, and it is missing or altered.
    """
    with case.read() as connection:
        last = history.last_hash(connection)
        outdated = version != features_of(connection).version
    key = (os.path.realpath(case.folder), last, version, data_sha256 if outdated else "")
    with _guard:
        found = _kept.get(key)
        if found is None:
            # One case at a time, also while the next one is read: memory is the analyst's.
            _kept.clear()
            made_of_it.clear()
    if found is not None:
        return found
    data = read_case(case, version=version or None, ctx=ctx)
    # An older layout cannot be read from the cache either, whether or not the case has newer features by now.
    gone = data.notes.get(OUTDATED) or (data.notes.get(LOST) and outdated)
    if gone and version and data_sha256:
        data = read_case(case, version=version, pinned=read_snapshot(case.files, data_sha256), ctx=ctx)
    give_back()
    with _guard:
        _kept.clear()
        _kept[key] = data
    return data
