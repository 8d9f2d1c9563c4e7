"""The bytes of a file, unpacked where it is an archive; what is packed to burst is not unpacked."""

from __future__ import annotations

import gzip
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.core.files import as_resource_error
from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.ingestion.file_kinds import FileKind
from mmdesk.engine.ingestion.questions import UndecidedError

MAX_RATIO = 500
"""Unpacked size over packed size from which on an archive is a bomb: deflate reaches 1,032 with nothing but zeros,
tables stay under 100."""

FREE_BYTES = 256 << 20
"""What may be unpacked whatever the ratio."""

_TABLE_ENDINGS = {".csv", ".tsv", ".txt", ".tab", ".psv", ".dat"}

_DAMAGED = (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


@dataclass(frozen=True)
class Fingerprint:
    """A file as it was when it was read through.

    Attributes:
        size: Bytes.
        modified_ns: Time of its last change.
        sha256: Of all its bytes; empty if only a sample was read.
    """

    size: int
    modified_ns: int
    sha256: str = ""

    @classmethod
    def of(cls, file: BinaryIO, sha256: str = "") -> Fingerprint:
        """Of an open file."""
        status = os.fstat(file.fileno())
        return cls(status.st_size, status.st_mtime_ns, sha256)

    def require(self, file: BinaryIO, path: Path) -> None:
        """Raise ``import.file_changed`` where an open file is no longer this one."""
        now = Fingerprint.of(file)
        if (now.size, now.modified_ns) != (self.size, self.modified_ns):
            raise DataError(
                f"{path.name} was changed by another program while it was read.",
                "Wait until the other program is done, then start again.",
                code="import.file_changed",
                details={"file": path.name},
            )


def open_regular(path: Path) -> BinaryIO:
    """The file for reading, if it is a regular one; a pipe or a device is refused instead of waited for.

    Raises:
        UsageError: No such file, a folder, a pipe, a device.
        ResourceError: No permission, or the disk fails.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise _no_file(path, "does not exist") from error
    except (ValueError, NotADirectoryError) as error:
        raise _no_file(path, "is no path to a file") from error
    except OSError as error:
        raise as_resource_error(error, path) from error
    if stat.S_ISDIR(mode):
        raise _no_file(path, "is a folder, not a file")
    if not stat.S_ISREG(mode):
        raise _no_file(path, "is not a regular file")
    try:
        return path.open("rb")
    except OSError as error:
        raise as_resource_error(error, path) from error


def _no_file(path: Path, problem: str) -> UsageError:
    return UsageError(f"{path} {problem}.", "Check the path.", code="usage.no_such_file", details={"path": str(path)})


@dataclass(frozen=True)
class ByteSource:
    """Where a text's bytes are.

    Attributes:
        path: The file.
        kind: Text, or the archive it is packed in.
        member: The file in a zip archive.
        choices: The files in it that could be the table.
        size: Bytes of the text: exact for plain files and zip archives, else a guess for showing progress.
    """

    path: Path
    kind: FileKind = FileKind.TEXT
    member: str = ""
    size: int = 0
    choices: tuple[str, ...] = ()

    @classmethod
    def of(cls, path: Path, kind: FileKind, member: str | None = None, *, asking: bool = True) -> ByteSource:
        """The source for a text file or an archive of one.

        Args:
            path: The file.
            kind: What it is.
            member: The file in a zip archive, if it is declared.
            asking: Raise where it is not clear which one; else take the likeliest.

        Raises:
            UndecidedError: Several files are in the archive (``import.several_members``).
            DataError: There is none of that name, none at all, or the archive is damaged.
        """
        if kind is FileKind.ZIP:
            with open_regular(path) as file, _translated(path), zipfile.ZipFile(file) as archive:
                files = {info.filename: info for info in archive.infolist() if not info.is_dir()}
                files = {name: info for name, info in files.items() if not _is_litter(name)}
                info = files[_chosen(path, list(files), member, asking=asking)]
                refuse_bomb(path, info.file_size, info.compress_size)
                return cls(path, kind, info.filename, info.file_size, tuple(_tables(files)))
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if kind is FileKind.GZIP:
                file.seek(max(size - 4, 0))
                size = max(size, int.from_bytes(file.read(4), "little"))
        return cls(path, kind, "", size)

    @contextmanager
    def open(self, expected: Fingerprint | None = None) -> Iterator[Unpacked]:
        """Read from the beginning.

        Args:
            expected: What the file must be, before and after.

        Raises:
            UsageError: No such file.
            DataError: The file changed (``import.file_changed``) or is damaged (``import.damaged``).
        """
        with open_regular(self.path) as file, ExitStack() as opened:
            if expected is not None:
                expected.require(file, self.path)
            with _translated(self.path):
                stream = self._unpacking(file, opened)
            yield Unpacked(self.path, file, stream)
            if expected is not None:
                expected.require(file, self.path)

    def _unpacking(self, file: BinaryIO, opened: ExitStack) -> IO[bytes] | None:
        if self.kind is FileKind.GZIP:
            return cast("IO[bytes]", opened.enter_context(gzip.GzipFile(fileobj=file)))
        if self.kind is FileKind.ZIP:
            return opened.enter_context(opened.enter_context(zipfile.ZipFile(file)).open(self.member))
        return None


class Unpacked:
    """A stream out of an archive that stops where it swells without end; or a plain file.

    Args:
        path: The file, for messages.
        file: The file.
        stream: What unpacks it, or None.
    """

    def __init__(self, path: Path, file: BinaryIO, stream: IO[bytes] | None) -> None:
        self.file = file
        self._path, self._stream, self._done = path, stream, 0

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; none at the end.

        Raises:
            DataError: It is a bomb (``import.bomb``) or damaged (``import.damaged``).
        """
        if self._stream is None:
            return self.file.read(size)
        with _translated(self._path):
            data = self._stream.read(size)
        self._done += len(data)
        refuse_bomb(self._path, self._done, max(self.file.tell(), 1))
        return data

    def sha256(self) -> str:
        """Of the file as it is on the disk; reads it from its beginning."""
        self.file.seek(0)
        return sha256_file(self.file)


def refuse_bomb(path: Path, unpacked: int, packed: int) -> None:
    """Raise ``import.bomb`` where so many bytes out of so few are more than a table unpacks to."""
    if unpacked > FREE_BYTES and unpacked > MAX_RATIO * packed:
        raise DataError(
            f"{path.name} would unpack to over {MAX_RATIO} times its size, as no table does.",
            "If it is in order, unpack it yourself and import the file that comes out.",
            code="import.bomb",
            details={"file": path.name},
        )


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """What unpacking raises, as errors that name the file."""
    try:
        yield
    except _DAMAGED as error:
        raise DataError(
            f"{path.name} is damaged or cut off and cannot be unpacked: {error}.",
            "Get the file again from where it came, then import that file.",
            code="import.damaged",
            details={"file": path.name},
        ) from error
    except (RuntimeError, NotImplementedError) as error:  # what zipfile raises for passwords and unknown methods
        raise DataError(
            f"{path.name} cannot be unpacked: {error}.",
            "Unpack it with the program it comes from and import the file that comes out.",
            code="import.password" if "password" in str(error) else "import.damaged",
            details={"file": path.name},
        ) from error


def _chosen(path: Path, files: Sequence[str], member: str | None, *, asking: bool) -> str:
    if member is not None:
        found = [name for name in files if member in {name, PurePosixPath(name).name}]
        if not found:
            raise DataError(
                f"{path.name} holds no file '{member}'; it holds: {', '.join(files[:20]) or 'nothing'}.",
                'Correct "member" in the mapping.',
                code="import.no_such_member",
                details={"file": path.name, "members": list(files)},
            )
        return found[0]
    likely = _tables(files)
    if not likely:
        raise DataError(
            f"{path.name} holds no CSV file; it holds: {', '.join(files[:20]) or 'nothing'}.",
            "Unpack it and import the tables one by one.",
            code="import.not_text" if files else "import.empty",
            details={"file": path.name, "members": list(files)},
        )
    best = next((name for name in likely if PurePosixPath(name).stem == path.stem), likely[0])
    if len(likely) > 1 and asking:
        raise UndecidedError(
            "import.several_members",
            f"{path.name} holds several files: {', '.join(likely[:20])}.",
            {"member": best},
            'Name another one under "member".',
            likely,
        )
    return best


def _tables(files: Iterable[str]) -> list[str]:
    """Those that could be tables: a text is one only where no other file is."""
    tables = [name for name in files if PurePosixPath(name).suffix.lower() in _TABLE_ENDINGS]
    return [name for name in tables if PurePosixPath(name).suffix.lower() != ".txt"] or tables


def _is_litter(name: str) -> bool:
    """What systems put beside the files: ``__MACOSX/...``, ``.DS_Store``."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or parts[-1].startswith(".") or parts[-1].lower() in {"thumbs.db", "desktop.ini"}
