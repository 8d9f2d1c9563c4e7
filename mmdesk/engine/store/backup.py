"""A ring of verified copies of a case's database and its ``case.mmcase``.

Evidence files are not copied: they are content-addressed, never change, and stay where they are. A backup is one
folder under ``backups/`` that appears whole; its ``backup.json`` lists every file with its SHA-256.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import orjson
from sqlalchemy import text
from sqlalchemy.engine import Engine

from mmdesk.engine.core.errors import ExitStatus, StoreError, UsageError
from mmdesk.engine.core.files import as_resource_error, fsync_folder, write_atomic
from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.times import format_us, from_us, now_us
from mmdesk.engine.core.types import current_actor
from mmdesk.engine.security import anchor, audit
from mmdesk.engine.security.anchor import Standing
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store import keys, postgres_backup, sqlite_backup
from mmdesk.engine.store.case_file import DATABASE_NAME, FILE_NAME, CaseFile
from mmdesk.engine.store.case_files import CasePaths
from mmdesk.engine.store.case_setup import engine_for, where
from mmdesk.engine.store.errors import damaged, translating
from mmdesk.engine.store.lock import WriterLock
from mmdesk.engine.store.migrate import database_version, migrating, upgrade

KEEP = 5
"""How many backups of a case are kept; the oldest goes when a new one is whole."""
MANIFEST_NAME = "backup.json"
_STALE_S = 86_400.0
_NAME = re.compile(r"\d{8}-\d{6}-\d{6}-[a-z-]+")


@dataclass(frozen=True)
class BackupInfo:
    """One backup.

    Args:
        name: Its folder under ``backups``, by which ``restore`` takes it.
        created: When (ISO 8601, UTC).
        reason: ``manual``, ``before-migration``, ``before-restore``.
        case_id: Of which case.
        format_version: Of its tables.
        audit_length: Entries in its audit chain.
        audit_hash: The chain's last hash.
        files: Path in the backup -> SHA-256.
        size_bytes: All files together.
    """

    name: str
    created: str
    reason: str
    case_id: str
    format_version: int
    audit_length: int
    audit_hash: str
    files: dict[str, str]
    size_bytes: int


def make(
    folder: Path,
    file: CaseFile,
    reason: str,
    *,
    key: bytes | None = None,
    spare: Sequence[str] = (),
    ctx: JobContext = NULL_CONTEXT,
) -> BackupInfo:
    """Copy the database as it stands at this moment, verify the copy, and let the oldest backup go.

    Args:
        folder: The case folder.
        file: Its description.
        reason: One of those of :class:`BackupInfo`.
        key: Of an encrypted local database, unless this process knows it; the copy has the same.
        spare: Backups that must stay, whatever their age.
        ctx: Progress and cancelling.

    Raises:
        CaseFaultError: The database is damaged; no backup is made of it.
        ResourceError: The disk is full.
    """
    key = keys.key_for(folder / DATABASE_NAME, file, key)
    now = now_us()
    name = f"{from_us(now):%Y%m%d-%H%M%S-%f}-{reason}"
    place = CasePaths(folder).backups / f".{name}"
    try:
        place.mkdir(parents=True)
        with translating(folder / DATABASE_NAME, where(file)):
            if file.is_sqlite:
                copied = sqlite_backup.copy_out(folder / DATABASE_NAME, place / DATABASE_NAME, key=key, ctx=ctx)
            else:
                copied = postgres_backup.copy_out(file, place, ctx=ctx)
        mmcase.save(place, file)
        anchor.put(place, anchor.take(file.case_id, copied.head, current_actor()))
        paths = sorted(path for path in place.rglob("*") if path.is_file())
        info = BackupInfo(
            name=name,
            created=format_us(now),
            reason=reason,
            case_id=file.case_id,
            format_version=copied.format_version,
            audit_length=copied.head.length,
            audit_hash=copied.head.hash,
            files={path.relative_to(place).as_posix(): sha256_file(path) for path in paths},
            size_bytes=sum(path.stat().st_size for path in paths),
        )
        write_atomic(place / MANIFEST_NAME, orjson.dumps(asdict(info), option=orjson.OPT_INDENT_2) + b"\n")
        place.rename(place.with_name(name))
        fsync_folder(place.parent)
    except OSError as error:
        raise as_resource_error(error, place) from error
    finally:
        shutil.rmtree(place, ignore_errors=True)
    _drop_oldest(folder, {name, *spare})
    return info


def _drop_oldest(folder: Path, spare: set[str]) -> None:
    backups = CasePaths(folder).backups
    for old in listed(folder)[KEEP:]:
        if old.name not in spare:
            shutil.rmtree(backups / old.name, ignore_errors=True)
    for path in backups.glob(".*"):
        # What a killed backup left; a young one may be somebody's who is at it.
        if _NAME.fullmatch(path.name[1:]) and time.time() - path.stat().st_mtime > _STALE_S:
            shutil.rmtree(path, ignore_errors=True)


def listed(folder: Path) -> tuple[BackupInfo, ...]:
    """The backups of a case, newest first; what is not a whole backup is left out."""
    backups = CasePaths(folder).backups
    if not backups.is_dir():
        return ()
    found = []
    for path in sorted(backups.iterdir(), reverse=True):
        if _NAME.fullmatch(path.name):
            with suppress(OSError, orjson.JSONDecodeError, TypeError):
                info = BackupInfo(**orjson.loads((path / MANIFEST_NAME).read_bytes()))
                found.append(replace(info, name=path.name))
    return tuple(found)


def find(folder: Path, name: str | None) -> BackupInfo:
    """The backup of that name, or the newest.

    Raises:
        UsageError: There is none (``usage.no_such_backup``).
    """
    known = listed(folder)
    for info in known:
        if name is None or info.name == name:
            return info
    what = f"has no backup {name}" if name else "has no backup"
    hint = f"There are: {', '.join(info.name for info in known)}." if known else "Make one with: mmdesk case backup."
    raise UsageError(f"{folder} {what}.", hint, code="usage.no_such_backup", details={"path": str(folder)})


def evidence(folder: Path, info: BackupInfo, *, key: bytes | None = None) -> set[str]:
    """SHA-256 of the evidence files that a restored backup needs.

    Raises:
        CaseFaultError: The backup cannot be read.
        ResourceError: A file of it is missing or cannot be read.
    """
    place = CasePaths(folder).backups / info.name
    file = mmcase.load(place)
    try:
        with translating(place / DATABASE_NAME, where(file)):
            if file.is_sqlite:
                return sqlite_backup.evidence(place / DATABASE_NAME, key=key)
            return postgres_backup.evidence(place)
    except OSError as error:
        raise as_resource_error(error, place) from error


def verify(folder: Path, info: BackupInfo) -> None:
    """Compare every file of a backup with its recorded hash.

    Raises:
        CaseFaultError: A file is missing or changed (``store.damaged``).
    """
    place = CasePaths(folder).backups / info.name
    for name, expected in info.files.items():
        path = place / name
        if not path.is_file() or sha256_file(path) != expected:
            raise damaged(path, "it is not what the backup recorded")


def restore(
    folder: Path,
    info: BackupInfo,
    *,
    actor: str,
    key: bytes | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> str | None:
    """Bring the tables back to what they were; what they are now is kept in ``backups`` first.

    Works on a case whose ``case.mmcase`` or database is missing or damaged too. The change gets its audit entry.

    Args:
        folder: The case folder.
        info: From :func:`find`.
        actor: Who.
        key: Of an encrypted local database, unless this process knows it.
        ctx: Progress and cancelling.

    Returns:
        The name, under ``backups``, of what was replaced; ``None`` if there was nothing.

    Raises:
        CaseFaultError: The backup is damaged, of another case, or newer than this program.
        StoreError: Somebody is writing to the case.
        ResourceError: The disk is full; nothing was changed.
    """
    verify(folder, info)
    place = CasePaths(folder).backups / info.name
    file = mmcase.load(place)
    current = _current_file(folder)
    if current is not None and current.case_id != file.case_id:
        raise StoreError(
            f"The backup {info.name} is of another case.", "Choose a backup of this case.", code="store.foreign"
        )
    key = keys.key_for(folder / DATABASE_NAME, file, key)
    lock = WriterLock(folder, exclusive=file.is_sqlite)
    try:
        kept = _keep_current(folder, file, info, key, ctx.part(0.0, 0.5))
        details: dict[str, object] = {"replaced": kept.details, "signed": _signed_by(place, info).value}
        anchor.note(details, kept.standing)
        change = audit.Change(actor, "case.restore", info.name, details)

        def announce(then: audit.Head) -> None:
            """Killed before or after the change takes effect, the anchor is true."""
            anchor.renew(folder, file.case_id, kept.head or then, actor, then=then)

        recorded = audit.Head(info.audit_length, info.audit_hash)
        with lock.turn(), translating(folder / DATABASE_NAME, where(file)):
            if file.is_sqlite:
                source, target = place / DATABASE_NAME, folder / DATABASE_NAME
                head = sqlite_backup.copy_back(source, target, recorded, change, announce, key=key)
            else:
                head = postgres_backup.copy_back(file, place, recorded, change, announce, ctx=ctx.part(0.5, 1.0))
        mmcase.save(folder, file)
        anchor.renew(folder, file.case_id, head, actor)
        return kept.name
    finally:
        lock.release()


def _current_file(folder: Path) -> CaseFile | None:
    with suppress(StoreError, OSError):
        if (folder / FILE_NAME).is_file():
            return mmcase.load(folder)
    return None


@dataclass(frozen=True)
class _Kept:
    """What a restore replaces: its name under ``backups``, the end of its audit chain, and both for the audit."""

    name: str | None
    head: audit.Head | None
    details: dict[str, object]
    standing: Standing = Standing.FITS


def _signed_by(place: Path, info: BackupInfo) -> anchor.Trust:
    """Who signed where the log of a backup ends; whoever forged a backup could not."""
    found = anchor.read_at(place / anchor.ANCHOR_NAME, anchor.Place.GIVEN)
    if found is None:
        return anchor.Trust.UNSIGNED
    same = (found.case_id, found.length, found.hash) == (info.case_id, info.audit_length, info.audit_hash)
    return anchor.trust(found) if same else anchor.Trust.FORGED


def _standing(folder: Path, file: CaseFile, key: bytes | None) -> Standing:
    engine = engine_for(folder, file, writable=False, key=key)
    try:
        with engine.connect() as connection, connection.begin():
            anchors = anchor.read_anchors(folder, file.case_id)
            return anchor.standing(connection, audit.read_head(connection), anchors, file.case_id)
    finally:
        engine.dispose()


def _keep_current(folder: Path, file: CaseFile, chosen: BackupInfo, key: bytes | None, ctx: JobContext) -> _Kept:
    """Back up what is about to be replaced; a local database too damaged for that is set aside as it is."""
    path = folder / DATABASE_NAME
    if file.is_sqlite and not path.exists():
        return _Kept(None, None, {})
    try:
        made = make(folder, file, "before-restore", key=key, spare=[chosen.name], ctx=ctx)
    except StoreError as error:
        if not file.is_sqlite or error.exit_status != ExitStatus.DATA:
            raise
        aside = CasePaths(folder).backups / f"damaged-{from_us(now_us()):%Y%m%d-%H%M%S-%f}"
        aside.mkdir()
        for suffix in ("-shm", "-wal", ""):
            with suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(aside / (path.name + suffix))
        return _Kept(aside.name, None, {"set_aside": aside.name})
    head = audit.Head(made.audit_length, made.audit_hash)
    details = {"backup": made.name, "length": head.length, "hash": head.hash}
    return _Kept(made.name, head, details, _standing(folder, file, key))


def migrate_with_backup(folder: Path, file: CaseFile, *, actor: str, key: bytes | None = None) -> None:
    """Bring an older case to this program's format, after a backup; a failure changes nothing.

    Raises:
        StoreError: Somebody is writing to the case, or it cannot be migrated.
        ResourceError: The disk is full.
    """
    lock = WriterLock(folder, exclusive=file.is_sqlite)
    try:
        kept = make(folder, file, "before-migration", key=key)
        engine = engine_for(folder, file, writable=True, key=key)
        try:
            with lock.turn(), translating(folder / DATABASE_NAME, where(file)):
                head, found = _migrate(engine, folder, actor, kept)
        finally:
            engine.dispose()
        check = keys.check_value(key, file.case_id) if key is not None else None
        mmcase.save(folder, replace(file, format_version=mmcase.FORMAT_VERSION, key_check=check))
        if found.may_follow:
            anchor.renew(folder, file.case_id, head, actor)
    finally:
        lock.release()


def _migrate(engine: Engine, folder: Path, actor: str, kept: BackupInfo) -> tuple[audit.Head, Standing]:
    """The chain's new end, and what the anchors say of the old one."""
    with migrating(engine, folder / DATABASE_NAME) as connection:
        anchors, version = anchor.read_anchors(folder, kept.case_id), database_version(connection)
        if version == mmcase.FORMAT_VERSION:  # somebody else on the server was first
            head = audit.read_head(connection)
            return head, anchor.standing(connection, head, anchors, kept.case_id)
        if version >= audit.KEPT_BY_SERVER_SINCE:
            audit.lock_head(connection)  # else the server lets the migration change no row
        upgrade(connection, folder / DATABASE_NAME)
        head = audit.lock_head(connection)
        found = anchor.standing(connection, head, anchors, kept.case_id)
        connection.execute(
            text("UPDATE meta SET value = :version WHERE key = 'format_version'"),
            {"version": str(mmcase.FORMAT_VERSION)},
        )
        details: dict[str, object] = {
            "from": kept.format_version,
            "to": mmcase.FORMAT_VERSION,
            "backup": kept.name,
        }
        anchor.note(details, found)
        return audit.append(connection, head, audit.Change(actor, "case.migrate", kept.case_id, details)), found
