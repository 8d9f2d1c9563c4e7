"""A case: one folder, one database, one audit chain, at most one writer."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.engine import Connection, Engine

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.security import anchor, audit
from mmdesk.engine.store import backup, case_setup, keys
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.case_file import DATABASE_NAME, CaseFile
from mmdesk.engine.store.case_files import CaseFiles, CasePaths
from mmdesk.engine.store.database import for_writing, remember_password, with_small_cache, without_row_checks
from mmdesk.engine.store.errors import translating
from mmdesk.engine.store.lock import WriterLock

_DETAILS = "audit_details"
_LOCK_TIMEOUT_S = 30


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

    def __init__(
        self,
        folder: Path,
        file: CaseFile,
        engine: Engine,
        actor: str,
        lock: WriterLock | None,
        *,
        key: bytes | None,
    ) -> None:
        self.folder = folder
        self.file = file
        self.engine = engine
        self.actor = actor
        self.paths = CasePaths(folder)
        self.files = CaseFiles(folder, None if key is None else keys.files_secret(key))
        self._lock = lock

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
            key: 32 bytes that encrypt the local database and what is made of it; ``None`` for plain files.

        Raises:
            UsageError: The folder holds something already, the address is no PostgreSQL address, or the key is none or
                given with an address.
            StoreError: The database cannot be reached or does not permit a schema.
            ResourceError: The disk is full or the folder cannot be written.
        """
        folder = folder.absolute()
        address = f"sqlite:///{DATABASE_NAME}"
        if database_url is not None:
            if key is not None:
                raise UsageError(
                    "A key encrypts the tables in the case folder, not those on a server.",
                    "Leave the key out, or keep the tables in the folder.",
                    code="usage.key",
                )
            url = mmcase.parse_database_url(database_url)
            remember_password(url)
            address = mmcase.without_password(url)
        case_id, check = uuid.uuid4().hex, None
        if key is not None:
            keys.require_fit(key)
            check = keys.check_value(key, case_id)
        title = audit.clean_text(name or folder.name)
        file = CaseFile(case_id, title, mmcase.FORMAT_VERSION, address, check)
        case_setup.make(folder, file, actor=actor, key=key)
        return cls.open(folder, write=True, actor=actor, key=key)

    @classmethod
    def open(cls, folder: Path, *, write: bool = False, actor: str, key: bytes | None = None) -> Case:
        """Open a case; one of an older format is backed up and migrated first.

        Args:
            folder: The case folder or the ``case.mmcase`` in it.
            write: Take the one-writer lock (counted within the process); without it nothing can be changed.
            actor: Who.
            key: The key of an encrypted local database; one given before in this process need not be given again.

        Raises:
            UsageError: There is no case (``usage.no_such_case``, ``usage.not_a_case``).
            CaseFaultError: Damaged, foreign or newer (``store.damaged``, ``store.foreign``, ``store.newer``), or not
                opened by the key (``store.key_needed``, ``store.wrong_key``, ``store.not_encrypted``).
            StoreError: Being written to by somebody else (``store.locked``), or the database cannot be reached.
        """
        folder = mmcase.locate(folder).absolute()
        file = mmcase.load(folder)
        key = keys.key_for(folder / DATABASE_NAME, file, key)
        lock = WriterLock(folder, exclusive=file.is_sqlite) if write else None
        try:
            # Looked at through a connection that cannot change anything: what is not ours is left as it is.
            with translating(folder / DATABASE_NAME, case_setup.where(file)):
                version = case_setup.check_database(folder, file, key=key)
            if version < mmcase.FORMAT_VERSION:
                backup.migrate_with_backup(folder, file, actor=actor, key=key)
                file = mmcase.load(folder)
            engine = case_setup.engine_for(folder, file, writable=write, key=key)
            return cls(folder, file, engine, actor, lock, key=key)
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    @property
    def writable(self) -> bool:
        """Whether this case was opened for writing."""
        return self._lock is not None

    def spare_memory(self) -> None:
        """From now on keep little of a local database in memory: for work that goes over many rows bit by bit."""
        self.engine = with_small_cache(self.engine)

    def read(self) -> AbstractContextManager[Connection]:
        """One read transaction: every statement sees the same state, whatever is written meanwhile.

        The database refuses to change anything in it.

        Raises:
            StoreError: The database cannot be reached, or is damaged.
        """
        return self._read()

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._translating(), self.engine.connect() as plain:
            connection = plain
            if not self.file.is_sqlite:
                connection = plain.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def write(
        self, action: str, subject: str, details: Mapping[str, object] | None = None, *, in_bulk: bool = False
    ) -> AbstractContextManager[Connection]:
        """One transaction with its audit entry inside: all of it happens, or nothing (error, cancel, crash).

        Args:
            action: What is done, dotted (``"import.tables"``).
            subject: To what (a file name, a run id).
            details: Plain values for the entry; more can be put into ``connection.info["audit_details"]`` on the way.
            in_bulk: Rows that refer to others come through :func:`bulk.insert` only, which then checks that in columns;
                SQLite is spared to look up each.

        Raises:
            StoreError: Somebody else holds the database, or it cannot be reached.
            ResourceError: The disk is full.
        """
        return self._write(action, subject, details, in_bulk=in_bulk)

    @contextmanager
    def _write(
        self, action: str, subject: str, details: Mapping[str, object] | None, *, in_bulk: bool
    ) -> Iterator[Connection]:
        if self._lock is None:
            raise RuntimeError("this case was opened for reading")
        filled: dict[str, object] = dict(details or {})
        with self._lock.turn():
            with self._translating(), self.engine.connect() as plain:
                connection = for_writing(without_row_checks(plain) if in_bulk else plain)
                try:
                    with connection.begin():
                        if not self.file.is_sqlite:
                            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT_S}s'")
                        head = audit.lock_head(connection)
                        anchors = anchor.read_anchors(self.folder, self.file.case_id)
                        standing = anchor.standing(connection, head, anchors, self.file.case_id)
                        connection.info[_DETAILS] = filled
                        yield connection
                        anchor.note(filled, standing)
                        head = audit.append(connection, head, audit.Change(self.actor, action, subject, filled))
                finally:
                    if not plain.closed and not plain.invalidated:
                        plain.info.pop(_DETAILS, None)
            # After the commit: an anchor that lags behind a crash is still true.
            if standing.may_follow:
                anchor.remember_signers(anchors, self.file.case_id)
                anchor.renew(self.folder, self.file.case_id, head, self.actor)

    def _translating(self) -> AbstractContextManager[None]:
        return translating(self.folder / DATABASE_NAME, case_setup.where(self.file))

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
