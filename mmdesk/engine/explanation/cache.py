"""Explanations that were made before, kept in the case folder, so that asking again is instant.

An entry is found by everything that decides its bytes: the run and its model, the question, the code, the libraries,
and the data. Of the data two things are asked. One is a digest of all that was read: it notices lost features, and what
was changed past the program. The other is the last change in the case's own log, which also notices where rows came
from: what was made before a change is never given after it. Trainings are no such change.

Entries are written whole but not flushed, so a power cut may leave anything under a name. Each bears a seal over its
name and its content; what does not fit is dropped and made anew. Those of an encrypted case are encrypted with a key
derived from the case's, names included.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
import shutil
import sys
import time
import weakref
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import select

from mmdesk.engine.core.errors import DataError, MmdeskError
from mmdesk.engine.core.hashing import canonical_json, sha256_file, sha256_json
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.dataset.snapshot import data_digest
from mmdesk.engine.explanation.document import from_json
from mmdesk.engine.explanation.explanation import SCHEMA_VERSION, Explanation, to_json
from mmdesk.engine.store import keys
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.case_file import DATABASE_NAME
from mmdesk.engine.store.tables import AuditEntry
from mmdesk.version import __version__

if TYPE_CHECKING:
    from mmdesk.engine.dataset.case_data import CaseData
    from mmdesk.engine.explanation.explainer import Question

FOLDER = "explanation_cache"
AT_ONCE = 32
MOST_BYTES = 256 << 20
_KEPT_SHARE = 0.75
_SEAL_BYTES = 32
_NONCE_BYTES = 12
_ABANDONED_S = 3600.0
_PURPOSE = b"mmdesk explanation cache 1"
_SHOWN = ("event_row", "edge_row", "link_row", "link_name", "entity_keys", "artifact_keys")
"""What an explanation tells besides what the model sees."""


class Anew(Protocol):
    """Makes explanations."""

    def __call__(self, questions: Sequence[Question], *, ctx: JobContext) -> Iterator[Explanation]:
        """One for each question, in their order."""


def last_change(case: Case) -> str:
    """The hash of the last entry in the case's log that may have changed its data; empty if there is none."""
    statement = (
        select(AuditEntry.hash).where(AuditEntry.action.not_like("run.%")).order_by(AuditEntry.id.desc()).limit(1)
    )
    with case.read() as connection:
        return str(connection.execute(statement).scalar() or "")


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


@functools.cache
def _made_by() -> str:
    """The code and the libraries: the engine's sources where they are there, as they are not in a frozen program."""
    import numpy as np
    import torch

    engine = Path(__file__).resolve().parents[1]
    sources = sorted(engine.rglob("*.py"))
    program = Path(sys.executable).stat() if getattr(sys, "frozen", False) else None
    return sha256_json(
        {
            "version": __version__,
            "sources": [[path.relative_to(engine).as_posix(), sha256_file(path)] for path in sources],
            "program": None if program is None else [program.st_size, program.st_mtime_ns],
            "libraries": [torch.__version__, np.__version__],
            "schema": SCHEMA_VERSION,
        }
    )


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
        self._root = case.files.path(FOLDER)
        self._secret = _secret_of(case)
        self._common = canonical_json([_made_by(), content_digest(data), dict(about)])
        self._folder = f"{FOLDER}/{self._digest(change.encode())[:16]}"
        self._written = 0

    def _digest(self, words: bytes) -> str:
        """Of an encrypted case it says nothing to anybody without the key."""
        if self._secret is None:
            return hashlib.sha256(words).hexdigest()
        return hmac.new(self._secret, words, hashlib.sha256).hexdigest()

    def _name(self, entity_id: str, as_of_us: int) -> str:
        digest = self._digest(self._common + canonical_json([entity_id, as_of_us]))
        return f"{self._folder}/{digest[:2]}/{digest[2:]}"

    def get(self, entity_id: str, as_of_us: int) -> Explanation | None:
        """What was kept, or None; an entry that is not what it should be is removed."""
        name = self._name(entity_id, as_of_us)
        try:
            with self._files.open(name) as file:
                sealed = file.read()
        except (MmdeskError, OSError):
            return None
        with suppress(ValueError, zlib.error, DataError):
            found = from_json(zlib.decompress(self._opened(name, sealed)))
            if found.entity_id == entity_id:
                return found
        with suppress(MmdeskError):
            self._files.delete(name)
        return None

    def put(self, entity_id: str, as_of_us: int, explanation: Explanation) -> None:
        """Keep an explanation; it appears whole or not at all."""
        name = self._name(entity_id, as_of_us)
        sealed = self._sealed(name, zlib.compress(to_json(explanation), 1))
        with suppress(MmdeskError, OSError), self._files.writer(name, durable=False) as file:
            file.write(sealed)
            self._written += 1

    def get_or_make(self, entity_id: str, as_of_us: int, make: Callable[[], Explanation]) -> Explanation:
        """What was kept, or what ``make`` gives, which is kept."""
        found = self.get(entity_id, as_of_us)
        if found is None:
            found = make()
            self.put(entity_id, as_of_us, found)
            self.tidy()
        return found

    def _sealed(self, name: str, content: bytes) -> bytes:
        if self._secret is None:
            return hashlib.sha256(name.encode() + content).digest() + content
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._secret).encrypt(nonce, content, name.encode())

    def _opened(self, name: str, sealed: bytes) -> bytes:
        """The content behind a seal.

        Raises:
            ValueError: The seal does not fit.
        """
        if self._secret is None:
            seal, content = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
            if hashlib.sha256(name.encode() + content).digest() != seal:
                raise ValueError("altered")
            return content
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self._secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
        except InvalidTag as error:
            raise ValueError("altered") from error

    def tidy(self, most_bytes: int = MOST_BYTES) -> None:
        """Remove what can never be asked for again, and the oldest entries where there are too many bytes.

        Args:
            most_bytes: What may stay; where there is more, entries go until three quarters of it are left.
        """
        if not self._written:
            return
        self._written = 0
        mine = self._files.path(self._folder)
        with suppress(OSError):
            for folder in self._root.iterdir():
                # Another process may still be writing for the state before; what it writes now goes the next time.
                if folder != mine:
                    shutil.rmtree(folder, ignore_errors=True)
        entries: list[tuple[float, int, Path]] = []
        for path, found in _entries(mine):
            if path.name.startswith(".tmp-") and time.time() - found.st_mtime > _ABANDONED_S:
                _remove(path)
            else:
                entries.append((found.st_mtime, found.st_size, path))
        total = sum(size for _, size, _ in entries)
        if total <= most_bytes:
            return
        for _, size, path in sorted(entries):
            _remove(path)
            total -= size
            if total <= most_bytes * _KEPT_SHARE:
                return


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
    try:
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
    finally:
        cache.tidy()


def _secret_of(case: Case) -> bytes | None:
    """What entries are encrypted with; None for a case that is not encrypted."""
    key = keys.key_for(case.folder / DATABASE_NAME, case.file)
    return None if key is None else hmac.new(key, _PURPOSE, hashlib.sha256).digest()


def _entries(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            with suppress(OSError):
                yield path, path.stat()


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
