"""The text of documents: PDF by its pages, office files by slides or by pieces of their text.

Text only: nothing that a document embeds, links to or would run is opened. Office files are zip archives of XML whose
entries are read up to a limit; a document type declaration, which office formats do not have, is refused, so that no
entity can grow or lead elsewhere.

Source: ISO 32000-1 (through PDFium), ECMA-376 (docx, pptx, xlsx), OASIS OpenDocument 1.3 (odt, odp, ods).
"""

from __future__ import annotations

import itertools
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from mmdesk.engine.features.completeness import ends_early

PIECES = 16
"""Most parts that a document's text is cut into; each becomes a segment."""
SMALLEST_PIECE = 2000
MOST_PAGES = 500
MOST_CHARACTERS = 4_000_000
_LARGEST_ARCHIVE = 64 << 20


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
        details: Facts: ``pages``, ``characters``, ``protected``.
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
    file.seek(0)
    try:
        document = pypdfium2.PdfDocument(file.read())
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            return Document(details={"protected": True})
        return Document(incomplete=True) if cut else None
    with closing(document):
        count = len(document)
        pages = list(_pages(document, min(count, MOST_PAGES)))
    return _paged(pages, cut, {"pages": count})


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


_PARAGRAPHS = frozenset({"p", "h", "br", "tab", "si"})
_TEXT_HOLDERS = frozenset({"t", "p", "h", "span", "a"})


def _word(file: BinaryIO) -> Document | None:
    return _office(file, r"word/document\.xml", paged=False)


def _slides(file: BinaryIO) -> Document | None:
    return _office(file, r"ppt/slides/slide\d+\.xml", paged=True)


def _workbook(file: BinaryIO) -> Document | None:
    return _office(file, r"xl/sharedStrings\.xml", paged=False)


def _open_document(file: BinaryIO) -> Document | None:
    return _office(file, r"content\.xml", paged=False)


def _office(file: BinaryIO, pattern: str, *, paged: bool) -> Document | None:
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if re.fullmatch(pattern, name)]
            read = _Entries(archive)
            texts = [read.text(name) for name in sorted(names, key=_natural)[:MOST_PAGES]]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        return Document(incomplete=True)
    if paged:
        return _paged(texts, read.damaged, {"pages": len(names)})
    text = "\n".join(texts)[:MOST_CHARACTERS]
    return Document(_pieces(text), incomplete=read.damaged, details={"characters": len(text)})


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
        pieces: list[bytes] = []
        try:
            with self._archive.open(name) as entry:
                while self._left > 0 and (piece := entry.read(min(self._left, 1 << 16))):
                    pieces.append(piece)
                    self._left -= len(piece)
        except (zipfile.BadZipFile, zlib.error, EOFError):
            self.damaged = True
        return _text(b"".join(pieces))


def _text(data: bytes) -> str:
    words: list[str] = []
    above: list[str] = []

    def start(tag: str, _attributes: object) -> None:
        above.append(tag.rsplit(":", 1)[-1])

    def end(_tag: str) -> None:
        if above.pop() in _PARAGRAPHS:
            words.append("\n")

    def characters(text: str) -> None:
        if above[-1] in _TEXT_HOLDERS:
            words.append(text)

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters
    parser.StartDoctypeDeclHandler = _refuse_doctype
    with suppress(expat.ExpatError, _DoctypeError):
        parser.Parse(data, True)
    return re.sub(r"\s*\n\s*", "\n", "".join(words)).strip()


class _DoctypeError(Exception):
    """The entry declares a document type."""


def _refuse_doctype(*_declared: object) -> None:
    raise _DoctypeError


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


_WORDS = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_READERS: dict[str, Callable[[BinaryIO], Document | None]] = {
    "application/pdf": _pdf,
    f"{_WORDS}wordprocessingml.document": _word,
    f"{_WORDS}presentationml.presentation": _slides,
    f"{_WORDS}spreadsheetml.sheet": _workbook,
    f"{_OPEN}text": _open_document,
    f"{_OPEN}presentation": _open_document,
    f"{_OPEN}spreadsheet": _open_document,
}
