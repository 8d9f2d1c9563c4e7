"""From a text file's bytes to UTF-8: how its text is encoded, where it does not decode."""

from __future__ import annotations

import codecs
import hashlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.ingestion import encoding_guess
from mmdesk.engine.ingestion.byte_sources import ByteSource, Fingerprint, Unpacked
from mmdesk.engine.ingestion.file_kinds import FileKind
from mmdesk.engine.ingestion.questions import UndecidedError
from mmdesk.engine.ingestion.text_damage import ERRORS

CHUNK_BYTES = 8 << 20
"""How much is read and parsed at a time; measured best of 1, 8 and 128 MiB."""

SAMPLE_BYTES = 1 << 20
"""What a preview looks at before it decides on the encoding."""

GUESSED_BYTES = 1 << 16
"""Distinct cells that are not ASCII, up to which a file's encoding is guessed from them."""

FEW_CELLS = 3
"""So many cells that no encoding makes words of are damage, not an encoding; or one in a hundred lines."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_NOT_ASCII = re.compile(rb'[^\r\n,;\t"]*[\x80-\xff][^\r\n,;\t"]*')


@dataclass(frozen=True)
class TextForm:
    """How a file's bytes are text.

    Attributes:
        encoding: Python's name of it.
        skip: Bytes of the byte order mark.
        note: What the user should know about the choice; empty if it was certain.
        damaged: Some bytes do not decode; they are marked (see :mod:`mmdesk.engine.ingestion.text_damage`).
    """

    encoding: str
    skip: int = 0
    note: str = ""
    damaged: bool = False


def detect(
    source: ByteSource, declared: str | None, *, whole: bool, ctx: JobContext = NULL_CONTEXT
) -> tuple[TextForm, Fingerprint]:
    """How a file is encoded, and its fingerprint.

    Order: byte order mark, the declared encoding, UTF-16 and UTF-32 without a mark (by their zero bytes), ISO-2022-JP
    (by its escapes), strict UTF-8, what the cells that are not ASCII look like. A file that is UTF-8 but for a few
    bytes is damaged UTF-8, not something else.

    Args:
        source: The bytes.
        declared: The mapping's ``encoding``; wins over everything but a byte order mark of the same family.
        whole: Read all of it and hash it, or decide by the first MiB (for a preview, which never asks).
        ctx: Progress in bytes.

    Raises:
        UsageError: No such file, or no such encoding.
        UndecidedError: It could be two encodings (``import.encoding_unclear``).
        DataError: Text that does not decode (``import.undecodable``), with the line.
    """
    with source.open() as file:
        fingerprint = Fingerprint.of(file.file)
        head = file.read(SAMPLE_BYTES)
        form = _by_head(head, declared)
        check = _Check(source, form or TextForm("utf-8"))
        digest = hashlib.sha256(head)
        rest = _chunks(file, source.size, len(head), ctx) if whole else iter(())
        check.feed(head, last=not whole and len(head) < SAMPLE_BYTES)
        for chunk in rest:
            digest.update(chunk)
            check.feed(chunk, last=False)
        if whole:
            check.feed(b"", last=True)
            sha256 = digest.hexdigest() if source.kind is FileKind.TEXT else file.sha256()
            fingerprint = Fingerprint(fingerprint.size, fingerprint.modified_ns, sha256)
    if check.failed_at is None:
        return form or TextForm("utf-8"), fingerprint
    certain = form or TextForm("utf-8")
    if certain.encoding != "utf-8" or declared is not None:
        raise check.error()
    return _guessed(source, certain, check, whole=whole), fingerprint


def _chunks(file: Unpacked, size: int, done: int, ctx: JobContext) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        ctx.check_cancelled()
        done += len(chunk)
        ctx.progress(done, size, "checking")
        yield chunk


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
    if re.search(rb"\x1b\$[@B]", head):
        return TextForm("iso2022_jp", 0, "was read as iso2022_jp, which its escapes show")
    return _wide_without_mark(head)


def _family(name: str) -> str:
    return name.replace("_", "-").removesuffix("-sig").removesuffix("-le").removesuffix("-be")


def _wide_without_mark(head: bytes) -> TextForm | None:
    """UTF-16 and UTF-32 have many characters that are ASCII but for zero bytes, in one order of bytes only."""
    for width, big, little in ((4, "utf-32-be", "utf-32-le"), (2, "utf-16-be", "utf-16-le")):
        sample = head[: (1 << 12) // width * width]
        sample = sample[: len(sample) // width * width]
        units = [sample[place : place + width] for place in range(0, len(sample), width)]
        zeros = bytes(width - 1)
        first = sum(unit[1:] == zeros and unit[0] > 0 for unit in units)
        last = sum(unit[:-1] == zeros and unit[-1] > 0 for unit in units)
        if len(units) >= 4 and max(first, last) > 0.2 * len(units) and min(first, last) < 0.05 * len(units):
            name = little if first > last else big
            return TextForm(name, 0, f"has no byte order mark; its zero bytes show that it is {name}")
    return None


class _Check:
    """Decodes a file chunk by chunk and remembers where it first fails, and what is there that is not ASCII."""

    def __init__(self, source: ByteSource, form: TextForm) -> None:
        self._source, self._form = source, form
        self._decoder = codecs.getincrementaldecoder(form.encoding)("strict")
        self._skip = form.skip
        self._counter = LineCounter()
        self._bad_value = b""
        self._cells_size = 0
        self._cut_cell: bytes | None = b""  # what the next chunk goes on with; None where its beginning is not known
        self.cells: dict[bytes, None] = {}
        self.failed_at: int | None = None
        self.valid_characters = 0
        self.bad_bytes = 0
        self.lines = 0

    def feed(self, chunk: bytes, *, last: bool) -> None:
        if self._skip:
            chunk, self._skip = chunk[self._skip :], 0
        if self.failed_at is None and (chunk := self._decode(chunk, last=last)):
            self.failed_at = self._counter.line
        if self.failed_at is not None:
            self._weigh(chunk, last=last)

    def _decode(self, chunk: bytes, *, last: bool) -> bytes:
        """The chunk if it does not decode, else nothing."""
        held = self._decoder.getstate()[0]
        try:
            text = self._decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            self._counter.feed(error.object[: error.start].decode(self._form.encoding, "replace"))
            self._bad_value = error.object[error.start : error.start + 1]
            return held + chunk
        if not text.isascii():
            self.valid_characters += len(text) - len(text.encode("ascii", "ignore"))
        self._counter.feed(text)
        self.lines = self._counter.line
        self._cut_cell = None
        return b""

    def _weigh(self, chunk: bytes, *, last: bool) -> None:
        """How much of a chunk that fails is proper UTF-8 nevertheless; and its cells that are not ASCII."""
        text = chunk.decode("utf-8", "replace")
        bad = text.count("\ufffd")
        self.bad_bytes += bad
        self.valid_characters += len(text) - len(text.encode("ascii", "ignore")) - bad
        self.lines += chunk.count(b"\n") or chunk.count(b"\r")
        begins_in_cell = self._cut_cell is None
        data = (self._cut_cell or b"") + chunk + (b"\n" if last else b"")
        self._cut_cell = b""
        for found in itertools.takewhile(lambda _: self._cells_size < GUESSED_BYTES, _NOT_ASCII.finditer(data)):
            cell = found.group().strip()
            if found.end() == len(data):
                self._cut_cell = found.group()
            elif cell not in self.cells and not (begins_in_cell and found.start() == 0):
                self.cells[cell] = None
                self._cells_size += len(cell)

    def error(self) -> DataError:
        return _undecodable(self._source.path.name, self._form.encoding, self.failed_at or 1, self._bad_value)


def _undecodable(name: str, encoding: str, line: int, value: bytes) -> DataError:
    return DataError(
        f"{name}, line {line}: the byte 0x{value.hex()} is no text in the encoding {encoding}.",
        'Save the file as UTF-8, or say how it is encoded in the mapping: "encoding": "cp1252".',
        code="import.undecodable",
        details={"file": name, "line": line, "encoding": encoding},
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


def _guessed(source: ByteSource, utf8: TextForm, check: _Check, *, whole: bool) -> TextForm:
    """What a file that is not UTF-8 is: UTF-8 with damaged bytes, another encoding, or nothing that can be told."""
    name = source.path.name
    mostly_utf8 = check.valid_characters > check.bad_bytes or utf8.skip
    found = [] if mostly_utf8 else encoding_guess.readings(list(check.cells))
    if not found:
        if not mostly_utf8 and len(check.cells) > max(FEW_CELLS, check.lines // 100):
            raise check.error()
        note = f"has bytes that are no UTF-8, the first in line {check.failed_at}; their rows were rejected"
        return TextForm("utf-8", utf8.skip, note, damaged=True)
    mixed = encoding_guess.in_utf8(found[0], list(check.cells))
    if mixed is not None:
        raise DataError(
            f"{name} is written in several encodings: '{mixed}' is UTF-8, what is in line {check.failed_at} is not.",
            "It was probably put together from several files: import them one by one, or save all of it as UTF-8.",
            code="import.undecodable",
            details={"file": name, "line": check.failed_at},
        )
    close = encoding_guess.open_readings(found)
    if len(close) > 1 and whole:
        best = close[0]
        rest = [f"{one.encoding} ('{encoding_guess.example(one, best)}')" for one in close[1:]]
        raise UndecidedError(
            "import.encoding_unclear",
            f"{name} is not UTF-8 (first seen in line {check.failed_at}); it could be {best.encoding} "
            f"('{encoding_guess.example(best, close[1])}') or {' or '.join(rest)}.",
            {"encoding": best.encoding},
            f'Or set "encoding" to {" or ".join(one.encoding for one in close[1:])}.',
            [one.encoding for one in close],
        )
    return _first_that_fits(source, found, check.failed_at or 1, whole=whole)


def _first_that_fits(
    source: ByteSource, found: list[encoding_guess.Reading], failed_at: int, *, whole: bool
) -> TextForm:
    """The likeliest encoding in which all of the file decodes, not only the cells that were looked at."""
    for reading in found:
        note = (
            f"is not UTF-8 (first seen in line {failed_at}), so it was read as {reading.encoding} "
            f"('{encoding_guess.example(reading)}'); if names look wrong, set \"encoding\" in the mapping"
        )
        form = TextForm(reading.encoding, 0, note)
        second = _Check(source, form)
        with source.open() as file:
            while second.failed_at is None and (chunk := file.read(CHUNK_BYTES if whole else SAMPLE_BYTES)):
                second.feed(chunk, last=False)
                if not whole:
                    break
        if second.failed_at is None:
            return form
    raise second.error()


def utf8_chunks(source: ByteSource, form: TextForm, expected: Fingerprint, size: int | None = None) -> Iterator[bytes]:
    """The text as UTF-8 without byte order mark, in pieces of about ``size`` bytes (8 MiB).

    Raises:
        DataError: The file is no longer the one that was looked at (``import.file_changed``), or it does not decode
            where only a sample was looked at.
    """
    with source.open(expected) as file:
        file.read(form.skip)
        if form.encoding == "utf-8" and not form.damaged:
            while chunk := file.read(size or CHUNK_BYTES):
                yield chunk
        else:
            yield from _transcoded(source.path.name, file, form, size or CHUNK_BYTES)


def _transcoded(name: str, file: Unpacked, form: TextForm, size: int) -> Iterator[bytes]:
    lines = LineCounter()
    decoder = codecs.getincrementaldecoder(form.encoding)(ERRORS if form.damaged else "strict")
    first = True
    while True:
        chunk = file.read(size)
        try:
            text = decoder.decode(chunk, not chunk)
        except UnicodeDecodeError as error:
            lines.feed(error.object[: error.start].decode(form.encoding, "replace"))
            raise _undecodable(name, form.encoding, lines.line, error.object[error.start : error.start + 1]) from error
        lines.feed(text)
        if first:
            text = text.removeprefix("\ufeff")
            first = False
        if text:
            yield text.encode("utf-8")
        if not chunk:
            return
