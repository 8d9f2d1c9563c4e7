"""The keys of encrypted cases: read from a file, and told to this process until it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.files import as_resource_error
from mmdesk.engine.core.key_digits import KEY_BYTES, KEY_DIGITS, parse_key, problem_of, random_key
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store import case_setup, keys

_LARGEST_FILE = 4096


def read_key_file(path: Path) -> str:
    """The digits of a key that a file holds: as 32 bytes, or as text.

    Raises:
        UsageError: It holds no key (``usage.key``).
        ResourceError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise as_resource_error(error, path) from error
    if len(content) == KEY_BYTES:
        return content.hex()
    text = content.decode("ascii", "replace")
    if len(content) > _LARGEST_FILE or problem_of(text):
        raise UsageError(
            f"{path.name} holds no key.",
            f"A key is {KEY_BYTES} bytes, or {KEY_DIGITS} digits from 0 to 9 and a to f.",
            code="usage.key",
        )
    return parse_key(text).hex()


def write_key_file(path: Path, digits: str) -> None:
    """Write a key into a new file that nobody but the user may read.

    Args:
        path: Does not exist yet: what is there may be the only copy of another key.
        digits: 64 hexadecimal digits.

    Raises:
        UsageError: They are no key (``usage.key``), or there is a file already (``usage.file_exists``).
        ResourceError: It cannot be written.
    """
    text = f"{parse_key(digits).hex()}\n"
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii")
    except FileExistsError:
        raise UsageError(
            f"There is a file {path} already.",
            "Choose another name: what is in it may be the only copy of another key.",
            code="usage.file_exists",
        ) from None
    except OSError as error:
        raise as_resource_error(error, path) from error
    try:
        with file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)  # made here, and no key
        raise as_resource_error(error, path) from error


@contextmanager
def new_key(path: Path, folder: Path) -> Iterator[bytes]:
    """A new key, in a new file before anything depends on it; gone again if the block makes no case with it.

    The folder is looked at before the file is written: a key that is on paper or in a copy of the drive by the time it
    is taken back would be one that opens nothing.

    Args:
        path: Of the file; does not exist yet.
        folder: Where the block makes the case; does not exist yet or is empty.

    Raises:
        UsageError: The folder holds something (``usage.folder_not_empty``), or there is a file already
            (``usage.file_exists``).
        ResourceError: It cannot be written.
    """
    case = folder / mmcase.FILE_NAME
    case_setup.require_empty(folder)
    digits = random_key()
    write_key_file(path, digits)
    try:
        yield parse_key(digits)
    except BaseException:
        if not case.exists():
            path.unlink(missing_ok=True)
        raise


def unlock(folder: Path, key: bytes) -> None:
    """Open a case with this key from now on, in this process and until it ends; the key is written nowhere.

    Args:
        folder: The case folder or the ``case.mmcase`` in it.
        key: 32 bytes.

    Raises:
        UsageError: There is no case, or the key is none.
        CaseFaultError: It is not the case's key (``store.wrong_key``), or the case has none (``store.not_encrypted``).
    """
    place = mmcase.locate(folder).absolute()
    keys.key_for(place / mmcase.DATABASE_NAME, mmcase.load(place), key)
