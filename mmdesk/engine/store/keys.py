"""The keys of encrypted local cases: checked before anything is opened, kept for this process, never written.

A case is encrypted if its ``case.mmcase`` holds a check value: an HMAC by which a key is told to be the right one. So a
wrong key is a clear answer at once, and no database is made or touched by mistake.

The files made of the tables are encrypted with a secret derived from it, see :mod:`mmdesk.engine.store.case_files`.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.key_digits import KEY_BYTES
from mmdesk.engine.store.case_file import CaseFile
from mmdesk.engine.store.errors import CaseFaultError

_PLAIN = b"SQLite format 3\x00"
_PURPOSE = b"mmdesk key check 1\x00"
_FILES = b"mmdesk case files 1"

# By case id, so that a case can be opened again in this process without asking.
_known: dict[str, bytes] = {}


def check_value(key: bytes, case_id: str) -> str:
    """What ``case.mmcase`` keeps to tell the right key; 64 hexadecimal digits that say nothing about the key."""
    return hmac.new(key, _PURPOSE + case_id.encode(), hashlib.sha256).hexdigest()


def files_secret(key: bytes) -> bytes:
    """What the files beside the database are encrypted with; 32 bytes from which the key cannot be told."""
    return hmac.new(key, _FILES, hashlib.sha256).digest()


def require_fit(key: bytes) -> None:
    """Refuse what is no key.

    Raises:
        UsageError: Not 32 bytes (``usage.key``).
    """
    if len(key) != KEY_BYTES:
        raise UsageError(
            f"A key has {KEY_BYTES} bytes, not {len(key)}.",
            "Give the key that the case was made with.",
            code="usage.key",
        )


def remember(case_id: str, key: bytes) -> None:
    """Keep a key for this process."""
    _known[case_id] = key


def forget(case_id: str) -> None:
    """Let go of a key."""
    _known.pop(case_id, None)


def _is_plain(path: Path) -> bool:
    """Whether it begins as a plain database does; what is not there is not."""
    try:
        with path.open("rb") as file:
            return file.read(len(_PLAIN)) == _PLAIN
    except OSError:
        return False


def key_for(path: Path, file: CaseFile, given: bytes | None = None) -> bytes | None:
    """The key that opens a case's database; ``None`` for a plain one or one on a server.

    Args:
        path: The database, for messages.
        file: The case's description.
        given: By the caller; else the one that this process knows.

    Raises:
        UsageError: The given key is none.
        CaseFaultError: No key was given for an encrypted case (``store.key_needed``), or the wrong one
            (``store.wrong_key``), or one for a case that has none (``store.not_encrypted``).
    """
    if file.key_check is None:
        if given is None:
            return None
        require_fit(given)
        if file.is_sqlite and not _is_plain(path):
            return given  # made before check values were kept
        raise CaseFaultError(
            f"A key was given, but the case {path.parent} is not encrypted.",
            "Open it without a key; nothing was changed.",
            code="store.not_encrypted",
            details={"path": str(path)},
        )
    key = given if given is not None else _known.get(file.case_id)
    if key is None:
        raise CaseFaultError(
            f"{path} is encrypted, and no key was given.",
            "Give the key that the case was made with (on the command line: --key-file FILE); nothing was changed.",
            code="store.key_needed",
            details={"path": str(path)},
        )
    require_fit(key)
    if not hmac.compare_digest(check_value(key, file.case_id), file.key_check):
        raise CaseFaultError(
            f"The key is not the one of {path}.",
            "Give the key that the case was made with; nothing was changed.",
            code="store.wrong_key",
            details={"path": str(path)},
        )
    remember(file.case_id, key)
    return key
