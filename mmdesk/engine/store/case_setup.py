"""Making a case, whole or not at all, and looking at one before it is trusted."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine, make_url

from mmdesk.engine.core.errors import StoreError, UsageError
from mmdesk.engine.core.files import as_resource_error, fsync_folder
from mmdesk.engine.security import anchor, audit
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.case_file import DATABASE_NAME, FILE_NAME, CaseFile
from mmdesk.engine.store.case_files import CasePaths
from mmdesk.engine.store.database import APPLICATION_ID, for_writing, postgres_engine, sqlite_engine
from mmdesk.engine.store.errors import CaseFaultError, damaged, translating
from mmdesk.engine.store.migrate import database_version, migrating, upgrade


def engine_for(folder: Path, file: CaseFile, *, writable: bool, key: bytes | None) -> Engine:
    """The engine on the case's database, wherever it is; a local one must be there."""
    if not file.is_sqlite:
        return postgres_engine(file)
    return sqlite_engine(folder / DATABASE_NAME, writable=writable, key=key)


def where(file: CaseFile) -> str | None:
    """``host/database`` of a PostgreSQL case for messages; ``None`` for a local one."""
    if file.is_sqlite:
        return None
    url = make_url(file.database_url)
    return f"{url.host or url.query.get('host') or 'on this machine'}/{url.database}"


def make(folder: Path, file: CaseFile, *, actor: str, key: bytes | None) -> None:
    """Lay out folder, tables and audit chain; ``case.mmcase`` comes last.

    Args:
        folder: Does not exist or is empty.
        file: What ``case.mmcase`` will say.
        actor: Who makes it.
        key: See :meth:`Case.create`.

    Raises:
        UsageError: The folder holds something already.
        StoreError: The database cannot be reached or does not permit a schema.
        ResourceError: The disk is full or the folder cannot be written.
    """
    require_empty(folder)
    with _new_folder(folder) as place:
        for path in CasePaths(place).all():
            path.mkdir(exist_ok=True)
        new = place / DATABASE_NAME
        engine = sqlite_engine(new, writable=True, key=key, create=True) if file.is_sqlite else postgres_engine(file)
        try:
            with translating(place / DATABASE_NAME, where(file)):
                head = _lay_tables(engine, place, file, actor)
            first = anchor.take(file.case_id, head, actor)
            with _dropping_schema_on_failure(engine, file):
                anchor.put(place, first)
                mmcase.save(place, file)
        finally:
            engine.dispose()
    anchor.keep(folder, first)


def require_empty(folder: Path) -> None:
    """A case can be made in this folder: it is not there yet, or holds nothing.

    Raises:
        UsageError: It holds something already (``usage.folder_not_empty``).
        ResourceError: It cannot be looked into.
    """
    try:
        occupied = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise as_resource_error(error, folder) from error
    if not occupied:
        return
    if (folder / FILE_NAME).exists():
        message, hint = f"{folder} is a case already.", "Open it, or choose another folder."
    else:
        message, hint = f"{folder} is not empty.", "Choose a folder that does not exist yet or is empty."
    raise UsageError(message, hint, code="usage.folder_not_empty", details={"path": str(folder)})


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill; under its final name when the block ends without an error, gone otherwise."""
    existed = folder.is_dir()
    # An existing empty folder is kept: it may be a mount point or somebody's working directory.
    place = folder if existed else folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}")
    try:
        place.mkdir(parents=True, exist_ok=existed)
    except OSError as error:
        raise as_resource_error(error, folder) from error
    try:
        yield place
        if not existed:
            place.rename(folder)
            fsync_folder(folder.parent)
    except BaseException as error:
        _empty(place)
        if not existed:
            with suppress(OSError):
                place.rmdir()
        if isinstance(error, OSError):
            raise as_resource_error(error, folder) from error
        raise


def _empty(folder: Path) -> None:
    with suppress(OSError):
        for path in list(folder.iterdir()):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _lay_tables(engine: Engine, folder: Path, file: CaseFile, actor: str) -> audit.Head:
    with migrating(engine, folder) as connection:
        if file.is_sqlite:
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
        else:
            connection.exec_driver_sql(f'CREATE SCHEMA "{file.schema}"')
        upgrade(connection, folder)
        audit.start(connection)
        for key, value in {"case_id": file.case_id, "format_version": str(file.format_version)}.items():
            connection.execute(
                text("INSERT INTO meta (key, value) VALUES (:key, :value)"), {"key": key, "value": value}
            )
        change = audit.Change(actor, "case.create", file.case_id, {"name": file.name})
        return audit.append(connection, audit.lock_head(connection), change)


@contextmanager
def _dropping_schema_on_failure(engine: Engine, file: CaseFile) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if not file.is_sqlite:
            with for_writing(engine.connect()) as connection, connection.begin():
                connection.exec_driver_sql(f'DROP SCHEMA "{file.schema}" CASCADE')
        raise


def check_database(folder: Path, file: CaseFile, *, key: bytes | None) -> int:
    """Refuse what is missing, foreign, newer, or holds more than tables.

    Returns:
        The number of the newest migration applied.

    Raises:
        CaseFaultError: See above (``store.database_missing``, ``store.foreign``, ``store.newer``, ``store.damaged``).
        StoreError: No such schema, or no right to see it (``store.no_such_schema``).
    """
    path = folder / DATABASE_NAME
    if file.is_sqlite and not path.is_file():
        raise database_missing(path)
    engine = engine_for(folder, file, writable=False, key=key)
    try:
        with engine.connect() as connection, connection.begin():
            return _check(connection, path, file)
    finally:
        engine.dispose()


def database_missing(path: Path) -> CaseFaultError:
    """The error for a local case whose database is not there."""
    return CaseFaultError(
        f"The database {path} is missing.",
        "Connect the drive that holds it, or restore a backup (mmdesk case restore).",
        code="store.database_missing",
        details={"path": str(path)},
    )


def _check(connection: Connection, path: Path, file: CaseFile) -> int:
    if file.is_sqlite:
        _refuse_strange(connection, path)
    version = database_version(connection)
    if version > mmcase.FORMAT_VERSION:
        raise mmcase.newer(path, version)
    if version == 0:
        raise _missing_schema(file) if not file.is_sqlite else _foreign(path)
    found = connection.execute(text("SELECT value FROM meta WHERE key = 'case_id'")).scalar()
    if found != file.case_id:
        raise _foreign(path)
    return version


def _refuse_strange(connection: Connection, path: Path) -> None:
    if connection.exec_driver_sql("PRAGMA application_id").scalar() != APPLICATION_ID:
        raise _foreign(path)
    strange = "SELECT count(*) FROM sqlite_master WHERE type NOT IN ('table', 'index')"
    if connection.exec_driver_sql(strange).scalar():
        raise damaged(path, "it holds triggers or views, which no case does")


def _foreign(path: Path) -> CaseFaultError:
    return CaseFaultError(
        f"{path} is not the database of this case.",
        "Put the case's own database back, or restore a backup (mmdesk case restore); nothing was changed.",
        code="store.foreign",
        details={"path": str(path)},
    )


def _missing_schema(file: CaseFile) -> StoreError:
    return StoreError(
        f"The database {where(file)} has no case {file.case_id} that this user may see.",
        f"Ask its administrator for the rights on the schema {file.schema}, or check the address in {FILE_NAME}.",
        code="store.no_such_schema",
    )
