"""``case.mmcase``: what a case is and where its database lives. The file one double-clicks."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.files import as_resource_error, write_atomic
from mmdesk.engine.store.errors import CaseFaultError, damaged

FILE_NAME = "case.mmcase"
DATABASE_NAME = "case.db"
FORMAT_VERSION = 2
"""Version of folder and tables together; also the number of the newest migration."""

_SECRET_KEYS = ("password", "sslpassword")
_MAX_BYTES = 1 << 20
_CASE_ID = re.compile(r"[0-9a-f]{32}")
_KEY_CHECK = re.compile(r"[0-9a-f]{64}")
_POSTGRES = "postgresql+psycopg://"


@dataclass(frozen=True)
class CaseFile:
    """The contents of ``case.mmcase``.

    Args:
        case_id: 32 hexadecimal digits.
        name: For people.
        format_version: See :data:`FORMAT_VERSION`.
        database_url: ``sqlite:///case.db`` (relative to the folder) or ``postgresql+psycopg://...`` without password.
        key_check: Of an encrypted local database: by which its key is told, see :mod:`mmdesk.engine.store.keys`.
    """

    case_id: str
    name: str
    format_version: int
    database_url: str
    key_check: str | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the file in the case folder."""
        return self.database_url.startswith("sqlite")

    @property
    def schema(self) -> str:
        """The PostgreSQL schema that holds this case."""
        return f"mm_{self.case_id}"


def parse_database_url(text: str) -> URL:
    """A PostgreSQL address, with psycopg as its driver.

    Raises:
        UsageError: Not an address, or of a database that cannot hold a case.
    """
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise _bad_url() from error
    if url.drivername not in {"postgresql", "postgres", "postgresql+psycopg"} or not url.database:
        raise _bad_url()
    return url.set(drivername="postgresql+psycopg")


def _bad_url() -> UsageError:
    return UsageError(
        "The database address is not one of a PostgreSQL database.",
        "Write it as postgresql+psycopg://user@host:port/database; leave it out to keep the case in one local file.",
        code="usage.database_url",
    )


def without_password(url: URL) -> str:
    """The address as it may be stored and shown: no password in any of the places that take one."""
    bare = URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)
    return bare.difference_update_query(_SECRET_KEYS).render_as_string(hide_password=False)


def locate(path: Path) -> Path:
    """The case folder for ``path``, which is that folder or the ``case.mmcase`` in it.

    Raises:
        UsageError: Nothing there, or no case (``usage.no_such_case``, ``usage.not_a_case``).
        ResourceError: The folder cannot be looked into.
    """
    folder = path.parent if path.name == FILE_NAME and not path.is_dir() else path
    try:
        if (folder / FILE_NAME).is_file():
            return folder
        exists = path.exists()
    except OSError as error:
        raise as_resource_error(error, path) from error
    if not exists:
        raise UsageError(
            f"{path} does not exist.",
            "Check the path, or make a case there with: mmdesk case new.",
            code="usage.no_such_case",
            details={"path": str(path)},
        )
    raise UsageError(
        f"{path} is not a case: there is no {FILE_NAME} in it.",
        "Name the folder that holds case.mmcase, or make a case in a new folder with: mmdesk case new.",
        code="usage.not_a_case",
        details={"path": str(path)},
    )


def load(folder: Path) -> CaseFile:
    """Read ``case.mmcase``.

    Raises:
        CaseFaultError: Damaged, or written by a newer version (``store.damaged``, ``store.newer``).
        ResourceError: The file cannot be read.
    """
    path = folder / FILE_NAME
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES)
    except OSError as error:
        raise as_resource_error(error, path) from error
    try:
        document = orjson.loads(data)
        texts = [document[name] for name in ("case_id", "name", "database_url")]
        version = int(document["format_version"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise damaged(path, "it is not the description of a case") from error
    if version > FORMAT_VERSION:
        raise newer(path, version)
    if not all(isinstance(text, str) for text in texts):
        raise damaged(path, "it is not the description of a case")
    found = CaseFile(texts[0], texts[1], version, texts[2], document.get("key_check"))
    is_known = found.database_url == f"sqlite:///{DATABASE_NAME}" or found.database_url.startswith(_POSTGRES)
    is_check = found.key_check is None or _KEY_CHECK.fullmatch(str(found.key_check)) is not None
    if not _CASE_ID.fullmatch(found.case_id) or not is_known or not is_check:
        raise damaged(path, "its case id, database address or key check is not valid")
    return found


def newer(path: Path, version: int) -> CaseFaultError:
    """The error for a case written by a newer program."""
    return CaseFaultError(
        f"{path} was written by a newer version of mmdesk (format {version}; this one knows {FORMAT_VERSION}).",
        "Install the newer version to open it; nothing was changed.",
        code="store.newer",
        details={"path": str(path), "format_version": version},
    )


def save(folder: Path, case_file: CaseFile) -> None:
    """Write ``case.mmcase`` whole.

    Raises:
        ResourceError: The disk is full or the folder cannot be written.
    """
    document = {name: value for name, value in asdict(case_file).items() if value is not None}
    write_atomic(folder / FILE_NAME, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
