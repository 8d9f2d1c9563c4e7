"""Explanations that were made before, kept in the case folder, so that asking again is instant.

An entry is found by everything that decides its bytes: the run and its model, the question, the code, the libraries,
and the data. Of the data two things are asked. One is a digest of all that was read: it notices lost features, and what
was changed past the program. The other is the last change in the case's own log, which also notices where rows came
from: what was made before a change is never given after it. Trainings, tags and notes are no such change.

Entries are written whole but not flushed, so a power cut may leave anything under a name. Each bears a seal over its
name and its content; what does not fit is dropped and made anew. In an encrypted case the entries are encrypted, and
their names say nothing to anybody without the key.

``explanation_cache/STATE/XX/NAME``: the state is that of the case's log; XX are the first two digits of the entry's
digest, so that the room is shared out evenly and an entry that is added only asks for a look at its own XX. A link or
a junction anywhere on the way leads out of the case, and then nothing is read, written or removed there.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
import weakref
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mmdesk.engine.core.errors import MmdeskError
from mmdesk.engine.core.files import TEMPORARY, is_real_folder
from mmdesk.engine.core.hashing import canonical_json
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.dataset.snapshot import data_digest
from mmdesk.engine.explanation.document import from_json
from mmdesk.engine.explanation.explanation import Explanation, to_json
from mmdesk.engine.explanation.made_by import made_by
from mmdesk.engine.store import history
from mmdesk.engine.store.case import Case

if TYPE_CHECKING:
    from mmdesk.engine.dataset.case_data import CaseData
    from mmdesk.engine.explanation.explainer import Question
    from mmdesk.engine.store.case_files import CaseFiles

FOLDER = "explanation_cache"
AT_ONCE = 32
MOST_BYTES = 256 << 20
"""Of all entries; where there is more, those that were not asked for the longest go."""
_PARTS = 256
_KEPT_SHARE = 0.75
_STATE = re.compile("[0-9a-f]{16}")
_SEAL_BYTES = 32
_ABANDONED_S = 3600.0
_SHOWN = ("event_row", "edge_row", "link_row", "link_name", "entity_keys", "artifact_keys")
"""What an explanation tells besides what the model sees."""


class Anew(Protocol):
    """Makes explanations."""

    def __call__(self, questions: Sequence[Question], *, ctx: JobContext) -> Iterator[Explanation]:
        """One for each question, in their order."""


def last_change(case: Case) -> str:
    """The hash of the last entry in the case's log that may have changed its data; empty if there is none."""
    with case.read() as connection:
        return history.last_hash(connection, without=("run.", *history.ANNOTATING))


_newest: list[tuple[weakref.ref[CaseData], str]] = []


def content_digest(data: CaseData) -> str:
    """SHA-256 over everything that an explanation could show of a case; remembered for the newest case."""
    for kept, digest in _newest:
        if kept() is data:
            return digest
    seen = hashlib.sha256(data_digest(data).encode())
    for name in _SHOWN:
        array = getattr(data, name)
        seen.update(canonical_json([str(one) for one in array]) if array.dtype == object else array.tobytes())
    seen.update(canonical_json(dict(data.notes)))
    digest = seen.hexdigest()
    _newest[:] = [(weakref.ref(data), digest)]
    return digest


def drop_stale(case: Case) -> None:
    """Remove what was kept of other states than the one that the case is in now: it can never be asked for again."""
    root = case.files.path(FOLDER)
    with suppress(OSError, MmdeskError):
        if not is_real_folder(root):
            return
        found = [path for path in root.iterdir() if _STATE.fullmatch(path.name)]
        # Asked after listing, so that what another process keeps of a still newer state is not among them.
        now = _state_name(case.files, last_change(case))
        for path in found:
            if path.name != now and is_real_folder(path):
                shutil.rmtree(path, ignore_errors=True)


class ExplanationCache:
    """The entries of one case as it is now.

    What cannot be read or written is passed over in silence: everything here can be made anew.

    Args:
        case: Open.
        change: From :func:`last_change`, taken before ``data`` was read.
        data: What is explained.
        about: What else decides the answers: run, model, head and so on, as plain values.
    """

    def __init__(self, case: Case, change: str, data: CaseData, about: Mapping[str, object]) -> None:
        self._files = case.files
        self._common = canonical_json([made_by(), content_digest(data), dict(about)])
        self._folder = f"{FOLDER}/{_state_name(self._files, change)}"

    def _name(self, entity_id: str, as_of_us: int) -> str:
        digest = self._files.digest(self._common + canonical_json([entity_id, as_of_us]))
        return f"{self._folder}/{digest[:2]}/{digest[2:]}"

    def _stays_inside(self, path: Path) -> bool:
        """Whether no link leads out of the case on the way to an entry."""
        on_the_way = list(path.parents)[:3]
        return not path.is_symlink() and all(is_real_folder(one) or not os.path.lexists(one) for one in on_the_way)

    def get(self, entity_id: str, as_of_us: int) -> Explanation | None:
        """What was kept, or None; an entry that is not what it should be is removed."""
        name = self._name(entity_id, as_of_us)
        path = self._files.path(name)
        if not self._stays_inside(path):
            return None
        with suppress(MmdeskError, OSError, ValueError, zlib.error):
            with self._files.open(name) as file:
                sealed = file.read()
            found = from_json(zlib.decompress(_opened(name, sealed)))
            if found.entity_id == entity_id:
                with suppress(OSError):
                    os.utime(path)  # what is used stays
                return found
        with suppress(MmdeskError):
            self._files.delete(name)
        return None

    def put(self, entity_id: str, as_of_us: int, explanation: Explanation) -> None:
        """Keep an explanation; it appears whole or not at all."""
        name = self._name(entity_id, as_of_us)
        path = self._files.path(name)
        if not self._stays_inside(path):
            return
        sealed = _sealed(name, zlib.compress(to_json(explanation), 1))
        with suppress(MmdeskError, OSError), self._files.writer(name, durable=False) as file:
            file.write(sealed)
        _make_room(path.parent, MOST_BYTES // _PARTS)

    def get_or_make(self, entity_id: str, as_of_us: int, make: Callable[[], Explanation]) -> Explanation:
        """What was kept, or what ``make`` gives, which is kept."""
        found = self.get(entity_id, as_of_us)
        if found is None:
            found = make()
            self.put(entity_id, as_of_us, found)
        return found


def through_cache(
    cache: ExplanationCache,
    name_of: Callable[[int], str],
    anew: Anew,
    questions: Sequence[Question],
    *,
    ctx: JobContext = NULL_CONTEXT,
) -> Iterator[Explanation]:
    """One explanation per question, in their order; what is not in the cache is made and kept.

    Args:
        cache: Of the case.
        name_of: From the number of an entity to its id.
        anew: Makes explanations, in the order of the questions.
        questions: What is asked.
        ctx: Progress, and cancellation; what was made before a cancellation is kept.
    """
    for start in range(0, len(questions), AT_ONCE):
        ctx.check_cancelled()
        ctx.progress(start, len(questions), "explaining")
        asked = [(name_of(one.entity), one.as_of_us, one) for one in questions[start : start + AT_ONCE]]
        kept = [cache.get(name, moment) for name, moment, _ in asked]
        missing = [question for (_, _, question), one in zip(asked, kept, strict=True) if one is None]
        part = ctx.part(start / len(questions), (start + len(asked)) / len(questions))
        made = anew(missing, ctx=part) if missing else iter(())
        for (name, moment, _), one in zip(asked, kept, strict=True):
            if one is not None:
                yield one
            else:
                new = next(made)
                cache.put(name, moment, new)
                yield new
    ctx.progress(len(questions), max(len(questions), 1), "explained")


def _sealed(name: str, content: bytes) -> bytes:
    """Content behind a seal."""
    return hashlib.sha256(name.encode() + content).digest() + content


def _opened(name: str, sealed: bytes) -> bytes:
    """The content behind a seal.

    Raises:
        ValueError: The seal does not fit.
    """
    content = sealed[_SEAL_BYTES:]
    if _sealed(name, content) != sealed:
        raise ValueError("altered")
    return content


def _state_name(files: CaseFiles, change: str) -> str:
    """The folder of what is true after a change."""
    return files.digest(change.encode())[:16]


def _make_room(folder: Path, most_bytes: int) -> None:
    """Where there is more in a folder of entries, those used the longest ago go until three quarters are left."""
    entries: list[tuple[float, int, Path]] = []
    with suppress(OSError), os.scandir(folder) as found:
        for one in found:
            with suppress(OSError):  # another process may have removed it
                status = one.stat(follow_symlinks=False)
                if not one.name.startswith(TEMPORARY):
                    entries.append((status.st_mtime, status.st_size, Path(one.path)))
                elif time.time() - status.st_mtime > _ABANDONED_S:
                    _remove(Path(one.path))
    total = sum(size for _, size, _ in entries)
    if total <= most_bytes:
        return
    for _, size, path in sorted(entries):
        _remove(path)
        total -= size
        if total <= most_bytes * _KEPT_SHARE:
            return


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
