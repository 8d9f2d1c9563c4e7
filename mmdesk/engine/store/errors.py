"""What database and file errors mean to the user: foreign exceptions are translated here and nowhere else."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import exc

from mmdesk.engine.core.errors import ExitStatus, MmdeskError, ResourceError, StoreError
from mmdesk.engine.core.files import as_resource_error


class CaseFaultError(StoreError):
    """The case itself is at fault: damaged, newer than this program, or somebody else's database."""

    exit_status = ExitStatus.DATA
    default_code = "store.case"


_SECRET = re.compile(r"(?i)(password\s*=\s*)('[^']*'|\S+)|(://[^:/@\s]+:)[^@/\s]+(@)")


def without_secrets(text: str) -> str:
    """``text`` with every ``password=...`` and ``user:password@`` blanked; for messages and stored URLs."""
    return _SECRET.sub(lambda match: (match[1] or match[3]) + "***" + (match[4] or ""), text)


def damaged(path: Path, reason: str) -> CaseFaultError:
    """The error for a database or case file that cannot be read as such."""
    return CaseFaultError(
        f"{path} is damaged: {reason}.",
        "Restore the newest backup into a new folder (mmdesk case restore); the damaged file is left as it is.",
        code="store.damaged",
        details={"path": str(path)},
    )


# Parts of SQLite's messages (stable for many years; the driver hands out no error numbers) -> what they mean.
_FULL = ("database or disk is full",)
_DAMAGED = ("malformed", "not a database", "file is encrypted", "unsupported file format")
_LOCKED = ("database is locked", "database table is locked", "database schema is locked")
_UNWRITABLE = ("readonly database", "unable to open database file")
_IO = ("disk i/o error",)
_NO_ROOM_BYTES = 64 << 10  # less than the smallest step by which the files beside a database grow (32 KiB, doubled)


def sqlite_error(message: str, path: Path) -> MmdeskError | None:
    """The meaning of a SQLite error message for the database ``path``; ``None`` if it can only be a bug of ours."""
    text = message.lower()
    details = {"path": str(path)}
    if any(part in text for part in _FULL) or (any(part in text for part in _IO) and _is_full(path)):
        return as_resource_error(OSError(errno.ENOSPC, "disk full"), path)
    if any(part in text for part in _DAMAGED):
        return damaged(path, "it is not a readable database, or encrypted with a key that was not given")
    if is_in_use(text):
        return StoreError(
            f"{path} is in use by another program.",
            "Close what else has the case open (a backup program, a database browser), then start again.",
            code="store.locked",
            details=details,
        )
    if any(part in text for part in _UNWRITABLE):
        return as_resource_error(OSError(errno.EACCES, "not permitted"), path)
    if any(part in text for part in _IO):
        return ResourceError(
            f"{path}: the disk reported an error.",
            "Check that the disk is connected, in order and not full, then start again.",
            code="resource.io",
            details=details,
        )
    return None


def is_in_use(message: str) -> bool:
    """Whether a SQLite error message says that somebody else holds the database."""
    return any(part in message.lower() for part in _LOCKED)


def _is_full(path: Path) -> bool:
    """SQLite calls some full disks a plain input/output error (a quota, the shared-memory file)."""
    try:
        return shutil.disk_usage(path.parent).free < _NO_ROOM_BYTES
    except OSError:
        return False


def postgres_error(error: BaseException, where: str) -> MmdeskError | None:
    """The meaning of a PostgreSQL error; ``None`` if it can only be a bug of ours.

    Args:
        error: psycopg's exception.
        where: The database's address without a password, for the message.
    """
    state = getattr(error, "sqlstate", None) or ""
    text = " ".join(without_secrets(str(error)).split()).rstrip(".?! ")
    lower = text.lower()
    if state.startswith("28") or "authentication failed" in lower or "no password supplied" in lower:
        return StoreError(
            f"The database {where} refused the log-in.",
            "Give the password in PGPASSWORD or in ~/.pgpass (it is never stored with the case), and check the user.",
            code="store.authentication",
        )
    if state == "53100":
        return ResourceError(
            f"The disk of the database {where} is full.",
            "Ask its administrator for space; the change was taken back.",
            code="resource.disk_full",
        )
    if state in {"42501", "25006"}:
        return StoreError(
            f"The database {where} does not permit this: {text}.",
            "Ask its administrator for the rights on this case's schema.",
            code="store.permission",
        )
    if state == "55P03":
        return StoreError(
            f"Somebody else is writing to the case in {where}.",
            "Nothing was written; try again when that is done. Reading works meanwhile.",
            code="store.locked",
        )
    if state in {"40001", "40P01"}:
        return StoreError(
            f"Somebody else changed the case in {where} at the same moment.",
            "Nothing was written; try again.",
            code="store.conflict",
        )
    if "certificate" in lower or "ssl" in lower:
        return StoreError(
            f"No trusted connection to {where}: {text}.",
            "Check sslmode and sslrootcert in the database address, and the server's certificate.",
            code="store.tls",
        )
    lost = ("connection", "could not translate", "timeout", "terminating", "server closed", "does not exist")
    is_operational = type(error).__name__ in {"OperationalError", "AdminShutdown", "ConnectionTimeout"}
    if state.startswith(("08", "57", "3D")) or (is_operational and not state and any(part in lower for part in lost)):
        return StoreError(
            f"The database {where} cannot be reached: {text}.",
            "Check the address, the network and that the server runs, then start again; nothing was half written.",
            code="store.unreachable",
        )
    return None


def is_lost(error: Exception) -> bool:
    """Whether psycopg itself, and not the server, says that the connection does not work any more.

    Nobody is then there who could roll back; the server does so on its own.
    """
    kind = type(error)
    operational = kind.__module__.startswith("psycopg") and kind.__name__ == "OperationalError"
    return operational and getattr(error, "sqlstate", None) is None


@contextmanager
def translating(path: Path, where: str | None = None) -> Iterator[None]:
    """Turn errors of the database into ours, with a hint; whatever can only be a bug passes as it is.

    Args:
        path: The local database file, or the case folder for PostgreSQL.
        where: Address of a PostgreSQL database without password; ``None`` for SQLite.
    """
    import sqlcipher3.dbapi2 as sqlite

    try:
        yield
    except exc.DBAPIError as error:
        _raise_translated(error.orig or error, error, path, where)
        raise
    except exc.TimeoutError as error:
        raise StoreError(
            f"The database of {path} did not answer in time.", "Try again.", code="store.unreachable"
        ) from error
    except sqlite.Error as error:
        _raise_translated(error, error, path, where)
        raise
    except Exception as error:
        if type(error).__module__.startswith("psycopg"):
            _raise_translated(error, error, path, where)
        raise


def _raise_translated(original: BaseException, error: Exception, path: Path, where: str | None) -> None:
    known = postgres_error(original, where) if where is not None else sqlite_error(str(original), path)
    if known is not None:
        raise known from error
