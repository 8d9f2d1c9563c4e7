"""Copies of a local database through SQLite's own backup, which is safe beside readers and writers."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdesk.engine.core.files import fsync_folder
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.security import audit
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.database import APPLICATION_ID, Access, for_writing, open_sqlite, sqlite_engine
from mmdesk.engine.store.errors import damaged

_PAGES_PER_STEP = 4096


@dataclass(frozen=True)
class Copied:
    """What a copy holds: the format of its tables and the end of its audit chain."""

    format_version: int
    head: audit.Head


def copy_out(source: Path, target: Path, *, key: bytes | None = None, ctx: JobContext = NULL_CONTEXT) -> Copied:
    """Copy the database as it is at this moment into the new file ``target``, and verify the copy.

    Raises:
        CaseFaultError: The source is damaged.
    """
    origin = open_sqlite(source, Access.READ, key)
    try:
        # One read transaction: what others write meanwhile neither shows nor makes the copying start again.
        origin.execute("BEGIN")
        origin.execute("SELECT count(*) FROM sqlite_master").fetchone()
        copy = open_sqlite(target, Access.COPY, key)
        try:
            _run(origin, copy, ctx)
            copy.execute("PRAGMA journal_mode=DELETE")
            copied = _verify(copy, source)
        finally:
            copy.close()
    finally:
        origin.close()
    _fsync(target)
    return copied


def _run(origin: Any, copy: Any, ctx: JobContext) -> None:
    def step(_status: int, remaining: int, total: int) -> None:
        ctx.check_cancelled()
        ctx.progress(total - remaining, total, "Copying the database")

    origin.backup(copy, pages=_PAGES_PER_STEP, progress=step)


def _verify(copy: Any, source: Path) -> Copied:
    """Every page and index of the copy is in order and it is a case's database."""
    answer = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if answer != "ok" or copy.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise damaged(source, "its pages do not fit together")
    if copy.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise damaged(source, "rows refer to others that do not exist")
    version = copy.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    length, last = copy.execute("SELECT length, hash FROM audit_head WHERE id = 1").fetchone()
    return Copied(int(version), audit.Head(length, last))


def _fsync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    fsync_folder(path.parent)


def evidence(path: Path, *, key: bytes | None = None) -> set[str]:
    """SHA-256 of all evidence files that a copy has rows of, deleted ones too."""
    copy = open_sqlite(path, Access.READ, key)
    try:
        return {sha256 for (sha256,) in copy.execute("SELECT sha256 FROM artifacts")}
    finally:
        copy.close()


def copy_back(
    source: Path,
    target: Path,
    recorded: audit.Head,
    change: audit.Change,
    announce: Callable[[audit.Head], None],
    *,
    key: bytes | None = None,
) -> audit.Head:
    """Replace ``target``'s content by that of the backup ``source``, with an audit entry for it, in one step.

    Args:
        source: The backup's file; not changed.
        target: The case's database; may be missing.
        recorded: Where the backup says that its log ends.
        change: The entry to append.
        announce: Told where the chain will end, just before that is so.
        key: Of both.

    Returns:
        The end of the audit chain afterwards.

    Raises:
        CaseFaultError: The backup is damaged or newer than this program.
    """
    staged = target.with_name(".restore.db")
    staged.unlink(missing_ok=True)
    try:
        copied = copy_out(source, staged, key=key)
        if copied.format_version > mmcase.FORMAT_VERSION:
            raise mmcase.newer(source, copied.format_version)
        if copied.head != recorded:
            raise damaged(source, "its log is not the one that the backup recorded")
        head = _append(staged, change, key)
        announce(head)
        if target.exists():
            _overwrite(staged, target, key)
        else:
            _fsync(staged)
            staged.rename(target)
            fsync_folder(target.parent)
        return head
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            staged.with_name(staged.name + suffix).unlink(missing_ok=True)


def _append(path: Path, change: audit.Change, key: bytes | None) -> audit.Head:
    engine = sqlite_engine(path, writable=True, key=key)
    try:
        with for_writing(engine.connect()) as connection, connection.begin():
            head = audit.append(connection, audit.lock_head(connection), change)
    finally:
        engine.dispose()
    alone = open_sqlite(path, Access.COPY, key)
    try:
        alone.execute("PRAGMA journal_mode=DELETE")  # one file again, so that it can be renamed
    finally:
        alone.close()
    return head


def _overwrite(staged: Path, target: Path, key: bytes | None) -> None:
    origin, live = open_sqlite(staged, Access.COPY, key), open_sqlite(target, Access.WRITE, key)
    try:
        origin.backup(live)  # all pages in one transaction of the live database: killed on the way, nothing happened
    finally:
        origin.close()
        live.close()
