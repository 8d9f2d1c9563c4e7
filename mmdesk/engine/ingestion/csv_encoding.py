"""From a file's bytes to UTF-8: what it is, how its text is encoded, where it does not decode."""

from __future__ import annotations

import codecs
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.core.files import as_resource_error
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext

CHUNK_BYTES = 8 << 20
"""How much is read and parsed at a time; measured best of 1, 8 and 128 MiB."""

SAMPLE_BYTES = 1 << 20
"""What a preview looks at before it decides on the encoding."""

FALLBACK = "cp1252"
"""Where neither a byte order mark nor UTF-8 fits; said in the report, overridden by the mapping."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_NOT_TEXT = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook or another Office file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"%PDF-", "a PDF"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x7fELF", "a program"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
)


@dataclass(frozen=True)
class TextForm:
    """How a file's bytes are text.

    Attributes:
        encoding: Python's name of it.
        skip: Bytes of the byte order mark.
        note: What the user should know about the choice; empty if it was certain.
    """

    encoding: str
    skip: int = 0
    note: str = ""


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
    sha256: str


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


def detect(
    path: Path, declared: str | None, *, whole: bool, ctx: JobContext = NULL_CONTEXT
) -> tuple[TextForm, Fingerprint]:
    """How the file is encoded, and its fingerprint.

    Order: byte order mark, the declared encoding, UTF-16 without a mark (by its zero bytes), strict UTF-8,
    Windows-1252. A file that is UTF-8 but for a few bytes is damaged UTF-8, not Windows-1252.

    Args:
        path: A regular file.
        declared: The mapping's ``encoding``; wins over everything but a byte order mark of the same family.
        whole: Read all of it and hash it, or decide by the first MiB (for a preview).
        ctx: Progress in bytes.

    Raises:
        UsageError: No such file, or no such encoding.
        DataError: Not a text file (``import.not_text``), empty (``import.empty``), or text that does not decode
            (``import.undecodable``), with the line.
    """
    with open_regular(path) as file:
        status = os.fstat(file.fileno())
        head = file.read(SAMPLE_BYTES)
        _refuse_other_formats(path, head)
        form = _by_head(head, declared)
        rest = _chunks(file, status.st_size, len(head), ctx) if whole else iter(())
        check = _Check(path, form or TextForm("utf-8"))
        digest = hashlib.sha256(head)
        check.feed(head, last=not whole and status.st_size <= len(head))
        for chunk in rest:
            digest.update(chunk)
            check.feed(chunk, last=False)
        if whole:
            check.feed(b"", last=True)
    fingerprint = Fingerprint(status.st_size, status.st_mtime_ns, digest.hexdigest() if whole else "")
    if check.failed_at is None:
        return form or TextForm("utf-8"), fingerprint
    if form is not None:
        raise check.error()
    return _fall_back(path, check, whole=whole), fingerprint


def _chunks(file: BinaryIO, size: int, done: int, ctx: JobContext) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        ctx.check_cancelled()
        done += len(chunk)
        ctx.progress(done, size, "checking")
        yield chunk


def _refuse_other_formats(path: Path, head: bytes) -> None:
    if not head:
        raise DataError(
            f"{path.name} is empty.", "Choose another file.", code="import.empty", details={"file": path.name}
        )
    for magic, name in _NOT_TEXT:
        if head.startswith(magic):
            raise DataError(
                f"{path.name} is not a CSV file but {name}.",
                "Open it in the program it comes from and save the sheet as CSV (UTF-8), then import that file.",
                code="import.not_text",
                details={"file": path.name, "found": name},
            )


def _by_head(head: bytes, declared: str | None) -> TextForm | None:
    mark = next(((len(bom), name) for bom, name in _BOMS if head.startswith(bom)), None)
    if declared is not None:
        try:
            name = codecs.lookup(declared).name
            "".encode(name)  # some codecs turn bytes into bytes and are no text encodings
        except LookupError as error:
            raise UsageError(
                f"There is no encoding named '{declared}'.",
                "Use a name such as utf-8, utf-16, cp1252, iso-8859-15, cp1251, big5, shift_jis.",
                code="import.unknown_encoding",
                details={"encoding": declared},
            ) from error
        if mark is not None and _family(name) == _family(mark[1]):
            return TextForm(mark[1], mark[0])
        return TextForm("utf-8" if name == "utf-8-sig" else name)
    if mark is not None:
        return TextForm(mark[1], mark[0])
    return _utf16_without_mark(head)


def _family(name: str) -> str:
    return name.replace("_", "-").removesuffix("-sig").removesuffix("-le").removesuffix("-be")


def _utf16_without_mark(head: bytes) -> TextForm | None:
    """UTF-16 text of Western languages has a zero in nearly every second byte, and nearly none in the others."""
    sample = head[: 1 << 12]
    sample = sample[: len(sample) // 2 * 2]
    if len(sample) < 8:
        return None
    pairs = len(sample) / 2
    even, odd = sample[0::2].count(0) / pairs, sample[1::2].count(0) / pairs
    note = "has no byte order mark; its zero bytes show that it is UTF-16"
    if odd > 0.4 and even < 0.05:
        return TextForm("utf-16-le", 0, note)
    if even > 0.4 and odd < 0.05:
        return TextForm("utf-16-be", 0, note)
    return None


class _Check:
    """Decodes a file chunk by chunk and remembers where it first fails."""

    def __init__(self, path: Path, form: TextForm) -> None:
        self._path, self._form = path, form
        self._decoder = codecs.getincrementaldecoder(form.encoding)("strict")
        self._skip = form.skip
        self._lines = LineCounter()
        self.failed_at: int | None = None
        self.valid_characters = 0
        self.bad_bytes = 0
        self._bad_value = b""

    def feed(self, chunk: bytes, *, last: bool) -> None:
        if self._skip:
            chunk, self._skip = chunk[self._skip :], 0
        if self.failed_at is not None:
            self._weigh(chunk)
            return
        held = self._decoder.getstate()[0]
        try:
            text = self._decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            self._lines.feed(error.object[: error.start].decode(self._form.encoding, "replace"))
            self.failed_at = self._lines.line
            self._bad_value = error.object[error.start : error.start + 1]
            self._weigh(held + chunk)
            return
        if not text.isascii():
            self.valid_characters += len(text) - len(text.encode("ascii", "ignore"))
        self._lines.feed(text)

    def _weigh(self, chunk: bytes) -> None:
        """How much of a chunk that fails is proper UTF-8 nevertheless."""
        text = chunk.decode("utf-8", "replace")
        bad = text.count("\ufffd")
        self.bad_bytes += bad
        self.valid_characters += len(text) - len(text.encode("ascii", "ignore")) - bad

    def error(self) -> DataError:
        return _undecodable(self._path, self._form, self.failed_at or 1, self._bad_value)


def _undecodable(path: Path, form: TextForm, line: int, value: bytes) -> DataError:
    return DataError(
        f"{path.name}, line {line}: the byte 0x{value.hex()} is no text in the encoding {form.encoding}.",
        'Save the file as UTF-8, or say how it is encoded in the mapping: "encoding": "cp1252".',
        code="import.undecodable",
        details={"file": path.name, "line": line, "encoding": form.encoding},
    )


class LineCounter:
    """Counts physical lines in a text that comes in pieces; CR, LF and CR LF each end one."""

    def __init__(self) -> None:
        self.line = 1
        self._after_cr = False

    def feed(self, text: str) -> None:
        """Take the next piece."""
        if not text:
            return
        count = text.count("\n")
        if "\r" in text:  # far faster to look for than to count
            count += text.count("\r") - text.count("\r\n")
        if self._after_cr and text[0] == "\n":
            count -= 1
        self._after_cr = text[-1] == "\r"
        self.line += count


def _fall_back(path: Path, check: _Check, *, whole: bool) -> TextForm:
    """Windows-1252 where a file is not UTF-8, unless it is UTF-8 with a few damaged bytes."""
    if check.valid_characters > check.bad_bytes:
        raise check.error()
    form = TextForm(
        FALLBACK,
        0,
        f"is not UTF-8 (first seen in line {check.failed_at}), so it was read as Windows-1252; "
        'if names look wrong, set "encoding" in the mapping',
    )
    second = _Check(path, form)
    with open_regular(path) as file:
        while chunk := file.read(CHUNK_BYTES if whole else SAMPLE_BYTES):
            second.feed(chunk, last=False)
            if second.failed_at is not None:
                raise second.error()
            if not whole:
                break
    return form


def utf8_chunks(path: Path, form: TextForm, expected: Fingerprint) -> Iterator[bytes]:
    """The file's text as UTF-8 without byte order mark, in pieces of about 8 MiB.

    Raises:
        DataError: The file is no longer the one that was looked at (``import.file_changed``), or it does not decode
            where only a sample was looked at.
    """
    with open_regular(path) as file:
        status = os.fstat(file.fileno())
        if (status.st_size, status.st_mtime_ns) != (expected.size, expected.modified_ns):
            raise _changed(path)
        file.seek(form.skip)
        if form.encoding == "utf-8":
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
        else:
            yield from _transcoded(path, file, form)
        status = os.fstat(file.fileno())
        if (status.st_size, status.st_mtime_ns) != (expected.size, expected.modified_ns):
            raise _changed(path)


def _transcoded(path: Path, file: BinaryIO, form: TextForm) -> Iterator[bytes]:
    lines = LineCounter()
    decoder = codecs.getincrementaldecoder(form.encoding)("strict")
    first = True
    while True:
        chunk = file.read(CHUNK_BYTES)
        try:
            text = decoder.decode(chunk, not chunk)
        except UnicodeDecodeError as error:
            lines.feed(error.object[: error.start].decode(form.encoding, "replace"))
            value = error.object[error.start : error.start + 1]
            raise _undecodable(path, form, lines.line, value) from error
        lines.feed(text)
        if first:
            text = text.removeprefix("\ufeff")
            first = False
        if text:
            yield text.encode("utf-8")
        if not chunk:
            return


def _changed(path: Path) -> DataError:
    return DataError(
        f"{path.name} was changed by another program while it was read.",
        "Wait until the other program is done, then start again.",
        code="import.file_changed",
        details={"file": path.name},
    )
