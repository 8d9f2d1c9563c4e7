"""A case: one folder, one database, one audit chain, at most one writer."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine, make_url

from mmdesk.engine.core.errors import StoreError, UsageError
from mmdesk.engine.core.files import as_resource_error, fsync_folder
from mmdesk.engine.security import audit
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.case_file import DATABASE_NAME, FILE_NAME, FORMAT_VERSION, CaseFile
from mmdesk.engine.store.case_files import CaseFiles, CasePaths
from mmdesk.engine.store.database import (
    APPLICATION_ID,
    begin_immediate,
    postgres_engine,
    remember_password,
    sqlite_engine,
)
from mmdesk.engine.store.errors import CaseFaultError, damaged, translating
from mmdesk.engine.store.lock import WriterLock
from mmdesk.engine.store.migrate import database_version, upgrade

_DETAILS = "audit_details"


class Case:
    """An open case; a context manager. Make it with :meth:`create` or :meth:`open`.

    Attributes:
        folder: The case folder, absolute.
        file: The contents of ``case.mmcase``.
        engine: SQLAlchemy's engine on the case's tables (on PostgreSQL the search path is the case's schema).
        actor: Who is working; written into every audit entry.
        paths: The folders.
        files: The way to every file in them.
    """

    def __init__(self, folder: Path, file: CaseFile, engine: Engine, actor: str, lock: WriterLock | None) -> None:
        self.folder = folder
        self.file = file
        self.engine = engine
        self.actor = actor
        self.paths = CasePaths(folder)
        self.files = CaseFiles(folder)
        self._lock = lock
        self._writing = False

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        name: str | None = None,
        database_url: str | None = None,
        actor: str,
        key: bytes | None = None,
    ) -> Case:
        """Make a case in a new or empty folder and open it for writing; nothing is left behind on failure.

        Args:
            folder: Does not exist yet or is empty.
            name: For people; the folder's name if not given.
            database_url: A PostgreSQL address; ``None`` keeps the case in one file in the folder.
            actor: Who.
            key: 32 bytes that encrypt the local database; ``None`` for a plain file.

        Raises:
            UsageError: The folder holds something already, or the address is no PostgreSQL address.
            StoreError: The database cannot be reached or does not permit a schema.
            ResourceError: The disk is full or the folder cannot be written.
        """
        folder = folder.absolute()
        _require_empty(folder)
        address = f"sqlite:///{DATABASE_NAME}"
        if database_url is not None:
            url = mmcase.parse_database_url(database_url)
            remember_password(url)
            address = mmcase.without_password(url)
        file = CaseFile(uuid.uuid4().hex, name or folder.name, FORMAT_VERSION, address)
        with _new_folder(folder) as place:
            for path in CasePaths(place).all():
                path.mkdir(exist_ok=True)
            engine = _engine(place, file, writable=True, key=key)
            try:
                with translating(place / DATABASE_NAME, _where(file)):
                    _lay_tables(engine, place, file, actor)
                with _dropping_schema_on_failure(engine, file):
                    mmcase.save(place, file)
            finally:
                engine.dispose()
        return cls.open(folder, write=True, actor=actor, key=key)

    @classmethod
    def open(cls, folder: Path, *, write: bool = False, actor: str, key: bytes | None = None) -> Case:
        """Open a case.

        Args:
            folder: The case folder or the ``case.mmcase`` in it.
            write: Take the one-writer lock (counted within the process); without it nothing can be changed.
            actor: Who.
            key: The key of an encrypted local database.

        Raises:
            UsageError: There is no case (``usage.no_such_case``, ``usage.not_a_case``).
            CaseFaultError: Damaged, foreign or newer (``store.damaged``, ``store.foreign``, ``store.newer``).
            StoreError: Being written to by somebody else (``store.locked``), or the database cannot be reached.
        """
        folder = mmcase.locate(folder).absolute()
        file = mmcase.load(folder)
        lock = WriterLock(folder) if write else None
        try:
            engine = _engine(folder, file, writable=write, key=key)
            try:
                with translating(folder / DATABASE_NAME, _where(file)):
                    _check_database(engine, folder, file)
            except BaseException:
                engine.dispose()
                raise
            return cls(folder, file, engine, actor, lock)
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    @property
    def writable(self) -> bool:
        """Whether this case was opened for writing."""
        return self._lock is not None

    def read(self) -> AbstractContextManager[Connection]:
        """One read transaction: every statement sees the same state, whatever is written meanwhile.

        Raises:
            StoreError: The database cannot be reached, or is damaged.
        """
        return self._read()

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with translating(self.folder / DATABASE_NAME, _where(self.file)), self.engine.connect() as plain:
            connection = plain
            if not self.file.is_sqlite:
                connection = plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    def write(
        self, action: str, subject: str, details: Mapping[str, object] | None = None
    ) -> AbstractContextManager[Connection]:
        """One transaction with its audit entry inside: all of it happens, or nothing (error, cancel, crash).

        Args:
            action: What is done, dotted (``"import.tables"``).
            subject: To what (a file name, a run id).
            details: Plain values for the entry; more can be put into ``connection.info["audit_details"]`` on the way.

        Raises:
            StoreError: Somebody else holds the database, or it cannot be reached.
            ResourceError: The disk is full.
        """
        return self._write(action, subject, details)

    @contextmanager
    def _write(self, action: str, subject: str, details: Mapping[str, object] | None) -> Iterator[Connection]:
        if self._lock is None:
            raise RuntimeError("this case was opened for reading")
        with (
            self._lock.gate,
            translating(self.folder / DATABASE_NAME, _where(self.file)),
            self.engine.connect() as plain,
        ):
            if self._writing:
                raise RuntimeError("a write inside a write")
            connection = begin_immediate(plain)
            filled: dict[str, object] = dict(details or {})
            self._writing = True
            try:
                with connection.begin():
                    head = audit.lock_head(connection)
                    connection.info[_DETAILS] = filled
                    yield connection
                    audit.append(connection, head, audit.Change(self.actor, action, subject, filled))
            finally:
                self._writing = False
                if not plain.closed and not plain.invalidated:
                    plain.info.pop(_DETAILS, None)

    def close(self) -> None:
        """Let go of the database and of the lock; closing twice is fine."""
        self.engine.dispose()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _engine(folder: Path, file: CaseFile, *, writable: bool, key: bytes | None) -> Engine:
    if not file.is_sqlite:
        return postgres_engine(file)
    return sqlite_engine(folder / DATABASE_NAME, writable=writable, key=key)


def _where(file: CaseFile) -> str | None:
    if file.is_sqlite:
        return None
    url = make_url(file.database_url)
    return f"{url.host or 'on this machine'}/{url.database}"


def _require_empty(folder: Path) -> None:
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
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # An existing empty folder is kept: it may be a mount point or somebody's working directory.
        place = folder if existed else Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise as_resource_error(error, folder) from error
    try:
        yield place
        if not existed:
            place.chmod(0o755)
            place.rename(folder)
            fsync_folder(folder.parent)
    except BaseException as error:
        for path in place.iterdir() if place.exists() else ():
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        if not existed:
            with suppress(OSError):
                place.rmdir()
        if isinstance(error, OSError):
            raise as_resource_error(error, folder) from error
        raise


def _lay_tables(engine: Engine, folder: Path, file: CaseFile, actor: str) -> None:
    with begin_immediate(engine.connect()) as connection, connection.begin():
        if file.is_sqlite:
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
        else:
            connection.exec_driver_sql(f'CREATE SCHEMA "{file.schema}"')
        upgrade(connection, folder)
        values = {"case_id": file.case_id, "format_version": str(FORMAT_VERSION)}
        for key, value in values.items():
            connection.execute(
                text("INSERT INTO meta (key, value) VALUES (:key, :value)"), {"key": key, "value": value}
            )
        audit.start(connection)
        head = audit.lock_head(connection)
        audit.append(connection, head, audit.Change(actor, "case.create", file.case_id, {"name": file.name}))


@contextmanager
def _dropping_schema_on_failure(engine: Engine, file: CaseFile) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if not file.is_sqlite:
            with engine.begin() as connection:
                connection.exec_driver_sql(f'DROP SCHEMA "{file.schema}" CASCADE')
        raise


def _check_database(engine: Engine, folder: Path, file: CaseFile) -> None:
    """Refuse what is missing, foreign, newer, or holds more than tables."""
    path = folder / DATABASE_NAME
    if file.is_sqlite and not path.is_file():
        raise CaseFaultError(
            f"The database {path} is missing.",
            "Connect the drive that holds it, or restore a backup (mmdesk case restore).",
            code="store.database_missing",
            details={"path": str(path)},
        )
    with engine.connect() as connection, connection.begin():
        if file.is_sqlite:
            if connection.exec_driver_sql("PRAGMA application_id").scalar() != APPLICATION_ID:
                raise _foreign(path)
            strange = "SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')"
            if connection.exec_driver_sql(strange).scalar():
                raise damaged(path, "it holds triggers or views, which no case does")
        version = database_version(connection)
        if version > FORMAT_VERSION:
            raise mmcase.newer(path, version)
        if version == 0:
            raise _missing_schema(file) if not file.is_sqlite else _foreign(path)
        found = connection.execute(text("SELECT value FROM meta WHERE key = 'case_id'")).scalar()
        if found != file.case_id:
            raise _foreign(path)


def _foreign(path: Path) -> CaseFaultError:
    return CaseFaultError(
        f"{path} is not the database of this case.",
        "Put the case's own database back, or restore a backup (mmdesk case restore); nothing was changed.",
        code="store.foreign",
        details={"path": str(path)},
    )


def _missing_schema(file: CaseFile) -> StoreError:
    return StoreError(
        f"The database {_where(file)} has no case {file.case_id} that this user may see.",
        f"Ask its administrator for the rights on the schema {file.schema}, or check the address in {FILE_NAME}.",
        code="store.no_such_schema",
    )
