"""The text of documents: PDF by its pages, office files by slides or by pieces of their text.

Text only: nothing that a document embeds, links to or would run is opened. Office files are zip archives of XML whose
entries are read up to a limit; a document type declaration, which office formats do not have, is refused, so that no
entity can grow or lead elsewhere.

Source: ISO 32000-1 (through PDFium), ECMA-376 (docx, pptx, xlsx), OASIS OpenDocument 1.3 (odt, odp, ods).
"""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import BinaryIO

from mmdesk.engine.features.completeness import ends_early
from mmdesk.engine.features.document_facts import BROKEN_PACKING, office_facts, pdf_facts
from mmdesk.engine.features.pdf_streams import swells
from mmdesk.engine.features.xml_text import XmlText

PIECES = 16
"""Most parts that a document's text is cut into; each becomes a segment."""
SMALLEST_PIECE = 2000
MOST_PAGES = 500
MOST_CHARACTERS = 4_000_000
_LARGEST_ARCHIVE = 64 << 20
_LARGEST_DIRECTORY = 4 << 20
"""Bytes of a zip archive's list of entries; about 40,000 of them."""
_END_BYTES = (1 << 16) + 22
_READ_AT_ONCE = 64 << 20


@dataclass(frozen=True)
class Part:
    """A piece of a document's text.

    Attributes:
        text: Its characters.
        first: First page, slide or sheet, from 1; or the first character, from 0, where a format has no pages.
        last: Last page, or one past the last character.
    """

    text: str
    first: int
    last: int


@dataclass(frozen=True)
class Document:
    """What was read of a document.

    Attributes:
        parts: At most :data:`PIECES`, in order; empty where the document holds no text or does not give it away.
        paged: The parts are counted in pages rather than in characters.
        incomplete: The file is cut short.
        details: Facts: ``pages``, ``characters``, ``protected``, ``unread`` (why nothing was),
            and what it says of itself.
    """

    parts: tuple[Part, ...] = ()
    paged: bool = False
    incomplete: bool = False
    details: dict[str, object] = field(default_factory=dict)


def read_document(file: BinaryIO, content_type: str) -> Document | None:
    """The text of a document.

    Args:
        file: Seekable.
        content_type: As sniffed.

    Returns:
        ``None`` for what is no document, or one that cannot be read at all: its bytes are then all there is.
    """
    reader = _READERS.get(content_type)
    return reader(file) if reader is not None else None


def _pdf(file: BinaryIO) -> Document | None:
    import pypdfium2

    cut = ends_early(file)
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    data = file.read(_READ_AT_ONCE)
    if swells(data):
        return Document(incomplete=True, details={"unread": "it holds a stream that swells beyond all measure"})
    file.seek(0)
    try:
        document = pypdfium2.PdfDocument(data if size <= _READ_AT_ONCE else file)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            return Document(details={"protected": True})
        return Document(incomplete=True) if cut else None
    with closing(document):
        count = len(document)
        pages = list(_pages(document, min(count, MOST_PAGES)))
        facts = pdf_facts(document)
    return _paged(pages, cut, {"pages": count, **facts})


def _pages(document: object, count: int) -> Iterator[str]:
    import pypdfium2

    left = MOST_CHARACTERS
    for number in range(count):
        text = ""
        try:
            page = document[number]  # type: ignore[index]
            with closing(page), closing(page.get_textpage()) as found:
                text = found.get_text_range(0, min(found.count_chars(), left)) if left else ""
        except pypdfium2.PdfiumError:
            pass  # a damaged page; the others count
        left -= min(left, len(text))
        yield text


def _word(file: BinaryIO) -> Document | None:
    return _office(file, r"word/document\.xml", paged=False)


def _slides(file: BinaryIO) -> Document | None:
    return _office(file, r"ppt/slides/slide\d+\.xml", paged=True)


def _workbook(file: BinaryIO) -> Document | None:
    return _office(file, r"xl/sharedStrings\.xml", paged=False)


def _open_document(file: BinaryIO) -> Document | None:
    return _office(file, r"content\.xml", paged=False)


def _office(file: BinaryIO, pattern: str, *, paged: bool) -> Document | None:
    if _directory_bytes(file) > _LARGEST_DIRECTORY:
        return Document(incomplete=True, details={"unread": "it lists more entries than any document has"})
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if re.fullmatch(pattern, name)]
            read = _Entries(archive)
            texts = [read.text(name) for name in sorted(names, key=_natural)[:MOST_PAGES]]
            facts = office_facts(archive)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError):
        return Document(incomplete=True)
    except RuntimeError:  # so zipfile says that an entry needs a password
        return Document(details={"protected": True})
    if paged:
        return _paged(texts, read.damaged, {"pages": len(names), **facts})
    text = "\n".join(texts)[:MOST_CHARACTERS]
    return Document(_pieces(text), incomplete=read.damaged, details={"characters": len(text), **facts})


def _directory_bytes(file: BinaryIO) -> int:
    """What the end of a zip archive says of the length of its directory; 0 if it is not found."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _END_BYTES))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    return int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0


def _natural(name: str) -> tuple[int, str]:
    """``slide10`` after ``slide9``."""
    number = re.search(r"(\d+)\.xml$", name)
    return int(number.group(1)) if number else 0, name


class _Entries:
    """Reads XML entries of an archive, together up to :data:`_LARGEST_ARCHIVE` bytes.

    Attributes:
        damaged: An entry could not be read to its end.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = _LARGEST_ARCHIVE
        self.damaged = False

    def text(self, name: str) -> str:
        """The text in an entry, a line for each paragraph; what comes before damage if there is any."""
        found = XmlText(MOST_CHARACTERS)
        try:
            with self._archive.open(name) as entry:
                while not found.done and self._left > 0 and (piece := entry.read(min(self._left, 1 << 16))):
                    found.feed(piece)
                    self._left -= len(piece)
            self.damaged = self.damaged or (self._left <= 0 and not found.done)
            found.feed(b"", last=self._left > 0)
        except BROKEN_PACKING:
            self.damaged = True
        self.damaged = self.damaged or found.damaged
        return found.text()


def _paged(pages: list[str], cut: bool, details: dict[str, object]) -> Document:
    details["characters"] = sum(map(len, pages))
    if not any(page.strip() for page in pages):
        return Document(paged=True, incomplete=cut, details=details)
    step = -(-len(pages) // PIECES)
    parts = [
        Part("\n".join(pages[start : start + step]), start + 1, min(start + step, len(pages)))
        for start in range(0, len(pages), step)
    ]
    return Document(tuple(parts), paged=True, incomplete=cut, details=details)


def _pieces(text: str) -> tuple[Part, ...]:
    """Pieces of about equal length, each at least :data:`SMALLEST_PIECE` characters; one for a short text."""
    if not text.strip():
        return ()
    count = max(1, min(PIECES, len(text) // SMALLEST_PIECE))
    edges = [len(text) * number // count for number in range(count + 1)]
    return tuple(Part(text[start:end], start, end) for start, end in itertools.pairwise(edges))


def _compound(file: BinaryIO) -> Document | None:
    """OLE files hold no text that is read here, but Office packs what has a password into one."""
    file.seek(0)
    sealed = "EncryptedPackage".encode("utf-16-le") in file.read(_READ_AT_ONCE)
    return Document(details={"protected": True}) if sealed else None


_WORDS = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_READERS: dict[str, Callable[[BinaryIO], Document | None]] = {
    "application/pdf": _pdf,
    "application/x-ole-storage": _compound,
    f"{_WORDS}wordprocessingml.document": _word,
    f"{_WORDS}presentationml.presentation": _slides,
    f"{_WORDS}spreadsheetml.sheet": _workbook,
    f"{_OPEN}text": _open_document,
    f"{_OPEN}presentation": _open_document,
    f"{_OPEN}spreadsheet": _open_document,
}
