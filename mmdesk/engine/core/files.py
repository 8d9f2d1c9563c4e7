"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mmdesk.engine.core.errors import ResourceError, UsageError

TEMPORARY = ".tmp-"
"""How the name of a file begins that is not whole yet."""
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def as_resource_error(error: OSError, path: Path | str) -> ResourceError:
    """What an operating system error on ``path`` means to the user, with a hint; raise it ``from error``."""
    if error.errno in _NO_SPACE:
        return ResourceError(
            f"The disk is full: {path} could not be written.",
            "Free some space or choose another disk, then start again; what was stored before is untouched.",
            code="resource.disk_full",
            details={"path": str(path)},
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return ResourceError(
            f"No permission for {path}.",
            "Choose a folder that you may write to, or ask for the rights to this one.",
            code="resource.permission",
            details={"path": str(path)},
        )
    return ResourceError(
        f"{path}: {error.strerror or error}.",
        "Check that the disk is connected and in order, then start again.",
        code="resource.io",
        details={"path": str(path)},
    )


def require_file(path: Path, what: str) -> Path:
    """``path`` if it is a file that exists.

    Raises:
        UsageError: There is no such file, or it is a folder (``usage.no_such_file``).
    """
    if not path.is_file():
        problem = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise UsageError(
            f"{what}: {path} {problem}.", "Check the path.", code="usage.no_such_file", details={"path": str(path)}
        )
    return path


def safe_name(text: str) -> str:
    """``text`` as a file name, or the beginning of one, that every system takes; different texts may become one."""
    return "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in text[:80])


def is_real_folder(path: Path) -> bool:
    """Whether ``path`` itself is a folder; a link to one, or a junction of Windows, leads elsewhere and is none."""
    try:
        found = path.lstat()
    except OSError:
        return False
    leads_elsewhere = getattr(found, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_REPARSE_POINT
    return stat.S_ISDIR(found.st_mode) and not leads_elsewhere


def fsync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable; does nothing where the system has no such call (Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def atomic_writer(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A binary file that takes the name ``path`` when the block ends without an error, and vanishes otherwise.

    Args:
        path: The final name; an existing file is replaced in one step.
        durable: Flush to the disk before renaming; leave out for files that can be recomputed.

    Raises:
        ResourceError: The disk is full or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex}")
        opened = temporary.open("x+b")  # with the rights that the user wants new files to have
    except OSError as error:
        raise as_resource_error(error, path) from error
    try:
        with opened as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
        if durable:
            fsync_folder(path.parent)
    except OSError as error:
        raise as_resource_error(error, path) from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def write_atomic(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write ``data`` as the whole of ``path``, or leave it as it was; errors as :func:`atomic_writer`."""
    with atomic_writer(path, durable=durable) as file:
        file.write(data)
