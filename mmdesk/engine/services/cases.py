"""Make, describe, back up and restore cases, and say how healthy their data are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import current_actor
from mmdesk.engine.security.anchor import read_anchors, trust
from mmdesk.engine.store import backup, history, rights, statistics
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.backup import BackupInfo
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.case_file import DATABASE_NAME, FILE_NAME
from mmdesk.engine.store.case_files import CasePaths
from mmdesk.engine.store.case_setup import database_missing
from mmdesk.engine.store.drives import on_network
from mmdesk.engine.store.statistics import DataHealth

__all__ = [
    "AnchorNote",
    "BackupInfo",
    "CaseInfo",
    "DataHealth",
    "RestoreReport",
    "backup_case",
    "case_info",
    "data_health",
    "list_backups",
    "look_for",
    "new_case",
    "restore_case",
    "share_case",
]


@dataclass(frozen=True)
class AnchorNote:
    """A note of the log's end: ``case_folder`` or ``this_computer``, how many entries it covers, and who signed it."""

    place: str
    entries: int
    signed_by: str


@dataclass(frozen=True)
class CaseInfo:
    """What a case is and holds.

    Args:
        case_id: 32 hexadecimal digits.
        name: For people.
        folder: Absolute path.
        format_version: Of folder and tables.
        database: ``case.db``, or the PostgreSQL address without password.
        counts: Rows that are current: ``entities``, ``events``, ``interactions``, ``targets``, ``artifacts``, ``links``
            (entity-artifact), ``runs``, ``imports``.
        artifact_status: ``pending``, ``done``, ``failed`` -> artifacts; ``incomplete`` of them.
        size_bytes: Files in the folder, and the tables on the server.
        backups: How many are kept.
        warnings: Sentences about how the case is kept.
        encrypted: Whether a key encrypts the local database.
        made_at: When (ISO 8601, UTC), by whom: ``made_by``.
        changed_at: When something was changed last (ISO 8601, UTC), by whom: ``changed_by``.
        log_entries: How many changes the log holds.
        anchors: What notes the log's end outside of the database: where each lies, how far it reaches, who signed it.
    """

    case_id: str
    name: str
    folder: str
    format_version: int
    database: str
    counts: dict[str, int]
    artifact_status: dict[str, int]
    size_bytes: int
    backups: int
    warnings: tuple[str, ...]
    encrypted: bool = False
    made_at: str = ""
    made_by: str = ""
    changed_at: str = ""
    changed_by: str = ""
    log_entries: int = 0
    anchors: tuple[AnchorNote, ...] = ()


@dataclass(frozen=True)
class RestoreReport:
    """What a restore did.

    Args:
        backup: The name of the backup that is the case's database now.
        created: When it was made (ISO 8601, UTC).
        replaced: Under this name in ``backups`` is what was there before; ``None`` if there was nothing.
        counts: Current rows now, as in :class:`CaseInfo`.
    """

    backup: str
    created: str
    replaced: str | None
    counts: dict[str, int]


def new_case(
    folder: Path, *, name: str | None = None, database_url: str | None = None, key: bytes | None = None, actor: str
) -> CaseInfo:
    """Make a case in a new or empty folder.

    Args:
        folder: Where.
        name: For people; the folder's name if not given.
        database_url: ``postgresql+psycopg://...`` keeps the tables on a server; a password in it is not stored.
        key: 32 bytes that encrypt the tables in the folder, their backups, snapshots, runs with their models, and kept
            explanations; evidence files, features and the case's name stay as they are. This process knows it from
            then on; it is stored nowhere.
        actor: Who.

    Raises:
        UsageError: The folder is not empty, the address is none, or the key is none or given with an address.
        StoreError: The server cannot be reached or does not permit a schema.
        ResourceError: The disk is full or the folder cannot be written.
    """
    with Case.create(folder, name=name, database_url=database_url, actor=actor, key=key) as case:
        return _info(case)


def case_info(folder: Path) -> CaseInfo:
    """Describe a case.

    Raises:
        UsageError: There is no case.
        StoreError: It cannot be opened.
    """
    with Case.open(folder, actor=current_actor()) as case:
        return _info(case)


def look_for(folder: Path, *, thoroughly: bool = False) -> None:
    """Is a case that was open still where it was.

    Args:
        folder: The case folder.
        thoroughly: Also ask its database; else only its files are looked for.

    Raises:
        UsageError: The folder or its ``case.mmcase`` is gone.
        CaseFaultError: Its local database is gone (``store.database_missing``).
        StoreError: Its database does not answer.
    """
    place = mmcase.locate(folder)
    if thoroughly:
        with Case.open(place, actor=current_actor()) as case, case.read():
            return
    elif mmcase.load(place).is_sqlite and not (place / DATABASE_NAME).is_file():
        raise database_missing(place / DATABASE_NAME)


def _info(case: Case) -> CaseInfo:
    with case.read() as connection:
        counts = statistics.counts(connection)
        status = statistics.artifact_status(connection)
        size = statistics.server_bytes(connection, case.file.schema)
        first, last = history.ends(connection)
    warnings = []
    if case.file.is_sqlite and on_network(case.folder):
        warnings.append(
            "The case lies on a network drive: several programs at once are slower there, and a lost connection can"
            " interrupt a write. Keep it on a local disk or in PostgreSQL if you can."
        )
    return CaseInfo(
        case_id=case.file.case_id,
        name=case.file.name,
        folder=str(case.folder),
        format_version=case.file.format_version,
        database=DATABASE_NAME if case.file.is_sqlite else case.file.database_url,
        counts=counts,
        artifact_status=status,
        size_bytes=size + _folder_bytes(case.folder),
        backups=len(backup.listed(case.folder)),
        warnings=tuple(warnings),
        encrypted=case.file.key_check is not None,
        made_at=first.at,
        made_by=first.actor,
        changed_at=last.at,
        changed_by=last.actor,
        log_entries=last.number,
        anchors=tuple(
            AnchorNote(one.place.value, one.length, trust(one).value)
            for one in read_anchors(case.folder, case.file.case_id)
        ),
    )


def _folder_bytes(folder: Path) -> int:
    total = 0
    for place, _folders, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - a million files
            except OSError:
                continue  # gone meanwhile
    return total


def data_health(folder: Path) -> DataHealth:
    """How complete the case's data are; computed in the database.

    Raises:
        UsageError: There is no case.
        StoreError: It cannot be opened.
    """
    with Case.open(folder, actor=current_actor()) as case, case.read() as connection:
        return statistics.data_health(connection)


def backup_case(folder: Path, *, ctx: JobContext = NULL_CONTEXT) -> BackupInfo:
    """Make a verified copy of the case's tables in its ``backups`` folder; the newest five are kept.

    Evidence files are not copied: they never change and stay where they are.

    Raises:
        UsageError: There is no case.
        CaseFaultError: The database is damaged.
        ResourceError: The disk is full.
    """
    with Case.open(folder, actor=current_actor()) as case:
        return backup.make(case.folder, case.file, "manual", ctx=ctx)


def list_backups(folder: Path) -> tuple[BackupInfo, ...]:
    """The case's backups, newest first.

    Raises:
        UsageError: There is no such folder.
    """
    return backup.listed(_place(folder))


def restore_case(folder: Path, name: str | None = None, *, actor: str, ctx: JobContext = NULL_CONTEXT) -> RestoreReport:
    """Bring the case's tables back to a backup; what they are now is kept in ``backups`` first.

    Args:
        folder: The case folder, even if its database or ``case.mmcase`` is damaged or gone.
        name: Of the backup; the newest if not given.
        actor: Who.
        ctx: Progress and cancelling.

    Raises:
        UsageError: There is no such folder or backup.
        StoreError: The backup is damaged, or somebody is writing to the case.
        ResourceError: The disk is full.
    """
    place = _place(folder)
    chosen = backup.find(place, name)
    replaced = backup.restore(place, chosen, actor=actor, ctx=ctx)
    with Case.open(place, actor=actor) as case, case.read() as connection:
        return RestoreReport(chosen.name, chosen.created, replaced, statistics.counts(connection))


def share_case(folder: Path, role: str, *, read_only: bool = False, actor: str) -> None:
    """Let a colleague's database role work on a server's case: change its rows, but only append to its audit log.

    Args:
        folder: The case folder; whose database address has to name the owner of the case.
        role: As the server knows the colleague.
        read_only: Look, but change nothing.
        actor: Who.

    Raises:
        UsageError: There is no case, it is a local one, or the server has no such role.
        StoreError: Somebody else owns the case.
    """
    with Case.open(folder, write=True, actor=actor) as case:
        change = {"rights": "read" if read_only else "write"}
        with case.write("case.share", role, change) as connection:
            rights.let_in(connection, case.file, role, read_only=read_only)


def _place(folder: Path) -> Path:
    """The case folder, even where the case itself is too damaged to be opened."""
    place = folder.parent if folder.name == FILE_NAME else folder
    if not CasePaths(place).backups.is_dir():
        mmcase.locate(folder)
        raise UsageError(f"{place} has no backups.", "Make one with: mmdesk case backup.", code="usage.no_such_backup")
    return place.absolute()
