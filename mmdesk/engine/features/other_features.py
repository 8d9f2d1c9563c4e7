"""The other block: what can be said of any bytes, and of texts, those of documents included.

==========================  ==========================================================================================
features                    definition, range and source
==========================  ==========================================================================================
``log_size``                ln(1 + bytes) of the segment.
``entropy``                 Of the bytes, bits / 8, 0 to 1. Source: Shannon 1948; Lyda & Hamrock 2007 for files.
``pair_entropy``            Of a byte given the one before, bits / 8.
``distinct_bytes``          Share of the 256 values that occur.
``longest_run``             ln(1 + length of the longest run of equal bytes).
``byte.bin00`` ...          Shares of the 16 equal ranges of byte values. Source: McDaniel & Heydari 2003, "byte
                            frequency analysis".
``text.*``                  For text (UTF-8, UTF-16 with a mark, or mostly printable): shares of letters, of upper case
                            among them, digits, white space, punctuation, characters beyond ASCII; ln(1 + words),
                            mean length of a word, share of distinct words, ln(1 + lines), ln(1 + mean length of
                            a line), shares of separators (comma, semicolon, tab, bar) and of quotes.
``word.bucket00`` ...       Signed hashed bag of lower-case words, 32 buckets, square-rooted counts, length 1. Source:
                            Weinberger et al. 2009, "Feature hashing".
==========================  ==========================================================================================

All zeros where it does not apply (no text, no bytes). A PDF or an office file has the bytes of the file and the words
of its text; its segments are pages or pieces of the text.
"""

from __future__ import annotations

import io
import math
import re
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from mmdesk.engine.features.completeness import ends_early
from mmdesk.engine.features.content_type import is_utf8
from mmdesk.engine.features.documents import Document, read_document
from mmdesk.engine.features.layout import BYTE_BINS, TEXT, WORD_BUCKETS
from mmdesk.engine.features.segments import Segment, SegmentKind

Vectors = npt.NDArray[np.float32]

CHUNKS = 16
SMALLEST_CHUNK = 4096
LARGEST_CHUNK = 1 << 18

_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 50_000
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13}) + b"\x7f"


@dataclass(frozen=True)
class Described:
    """The other block of a file.

    Attributes:
        vectors: ``float32 [segments, other features]``.
        segments: Whole first.
        incomplete: The file ends before its structure does, or a document is damaged.
        details: Facts: ``text`` (the encoding), ``pages``, ``characters``, ``protected``.
    """

    vectors: Vectors
    segments: tuple[Segment, ...]
    incomplete: bool
    details: dict[str, object]


def other_features(file: BinaryIO, content_type: str = "") -> Described:
    """The other block of a file and of up to 16 chunks of it.

    Args:
        file: Seekable. Files beyond 4 MiB are read in 16 chunks of 256 KiB spread over their length, which then also
            stand for the whole.
        content_type: As sniffed; documents are read as what they are.
    """
    document = read_document(file, content_type)
    if document is not None and document.parts:
        return _document(file, document)
    found = replace(_bytes_alone(file), incomplete=ends_early(file))
    if document is None:
        return found
    incomplete = found.incomplete or document.incomplete
    return replace(found, incomplete=incomplete, details={**found.details, **document.details})


def _document(file: BinaryIO, document: Document) -> Described:
    """Bytes of the file and words of its text for the whole; both of the text for its parts."""
    size = file.seek(0, io.SEEK_END)
    head = _read(file, 0, min(size, CHUNKS * LARGEST_CHUNK))
    text = "\n".join(part.text for part in document.parts)
    rows = [np.concatenate([_bytes(np.frombuffer(head, np.uint8), size), _text(text), _words(text)])]
    segments = [Segment(SegmentKind.WHOLE)]
    for part in document.parts if len(document.parts) > 1 else ():
        data = part.text.encode("utf-8", "replace")
        rows.append(_describe(data, "utf-8", len(data)))
        if document.paged:
            segments.append(Segment(SegmentKind.CHUNK, page=part.first, last_page=part.last))
        else:
            segments.append(Segment(SegmentKind.CHUNK, start_char=part.first, end_char=part.last))
    return Described(np.stack(rows).astype(np.float32), tuple(segments), document.incomplete, document.details)


def _bytes_alone(file: BinaryIO) -> Described:
    size = file.seek(0, io.SEEK_END)
    spans = chunk_spans(size)
    chunks = [_read(file, start, end) for start, end in spans] or [_read(file, 0, size)]
    whole = b"".join(chunks)
    encoding = _encoding(whole)
    rows = [_describe(whole, encoding, size)]
    segments = [Segment(SegmentKind.WHOLE)]
    for (start, end), chunk in zip(spans, chunks, strict=False):
        rows.append(_describe(chunk, encoding, len(chunk)))
        segments.append(Segment(SegmentKind.CHUNK, start_byte=start, end_byte=end))
    details: dict[str, object] = {"text": encoding} if encoding else {}
    return Described(np.stack(rows).astype(np.float32), tuple(segments), incomplete=False, details=details)


def chunk_spans(size: int) -> list[tuple[int, int]]:
    """First byte and one past the last of each chunk; none for files of less than two smallest chunks."""
    count = min(CHUNKS, size // SMALLEST_CHUNK)
    if count < 2:
        return []
    length = min(-(-size // count), LARGEST_CHUNK)
    starts = [number * (size - length) // (count - 1) for number in range(count)]
    if length * count >= size:  # neighbours touch
        starts = [number * length for number in range(count)]
    return [(start, min(start + length, size)) for start in starts if start < size]


def _read(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)


def _encoding(data: bytes) -> str | None:
    """How the text is written; ``None`` if it is no text."""
    if not data:
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if data.translate(None, _CONTROLS) != data:
        return None
    if is_utf8(data) or is_utf8(data.replace(b"\xef\xbf\xbd", b"")):
        return "utf-8"
    return "latin-1" if sum(byte >= 128 for byte in data[:4096]) * 3 < min(len(data), 4096) else None


def _describe(data: bytes, encoding: str | None, size: int) -> npt.NDArray[np.float64]:
    if not data:
        return np.zeros(5 + BYTE_BINS + len(TEXT) + WORD_BUCKETS)
    text = data.decode(encoding, "ignore") if encoding else ""
    return np.concatenate([_bytes(np.frombuffer(data, np.uint8), size), _text(text), _words(text)])


def _entropy(counts: npt.NDArray[np.int64]) -> float:
    present = counts[counts > 0] / counts.sum()
    return max(0.0, -float(present @ np.log2(present)))


_FEW = 8192


def _pairs(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """How often each pair of neighbours occurs; of few bytes only those that do, which is the same to the entropy."""
    codes = values[:-1].astype(np.int64) * 256 + values[1:]
    return np.unique(codes, return_counts=True)[1] if len(codes) < _FEW else np.bincount(codes, minlength=1 << 16)


def _bytes(values: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.float64]:
    counts = np.bincount(values, minlength=256)
    single = _entropy(counts)
    given = _entropy(_pairs(values)) - _entropy(np.bincount(values[:-1], minlength=256)) if len(values) > 1 else 0.0
    changes = np.flatnonzero(np.diff(values)) + 1
    longest = int(np.diff(np.concatenate([[0], changes, [len(values)]])).max())
    shape = [math.log1p(size), single / 8, max(given, 0.0) / 8, np.count_nonzero(counts) / 256, math.log1p(longest)]
    return np.concatenate([shape, counts.reshape(BYTE_BINS, -1).sum(axis=1) / len(values)])


def _text(text: str) -> npt.NDArray[np.float64]:
    if not text:
        return np.zeros(len(TEXT))
    counts = Counter(text)
    kinds: Counter[str] = Counter()
    for character, count in counts.items():
        kinds[_kind(character)] += count
        kinds["upper"] += count if character.isupper() else 0
        kinds["non_ascii"] += count if ord(character) > 127 else 0
        kinds["separators"] += count if character in ",;\t|" else 0
        kinds["quotes"] += count if character in "\"'" else 0
    words = [found.group() for found, _ in zip(_WORD.finditer(text), range(_MOST_WORDS), strict=False)]
    lines = text.count("\n") + 1
    length = len(text)
    return np.array(
        [
            1.0,
            kinds["letters"] / length,
            kinds["upper"] / max(kinds["letters"], 1),
            *(kinds[name] / length for name in ("digits", "spaces", "punctuation", "non_ascii")),
            math.log1p(len(words)),
            sum(map(len, words)) / max(len(words), 1),
            len({word.lower() for word in words}) / max(len(words), 1),
            math.log1p(lines),
            math.log1p(length / lines),
            kinds["separators"] / length,
            kinds["quotes"] / length,
        ]
    )


def _kind(character: str) -> str:
    if character.isalpha():
        return "letters"
    if character.isdigit():
        return "digits"
    return "spaces" if character.isspace() else "punctuation"


def _words(text: str) -> npt.NDArray[np.float64]:
    buckets = np.zeros(WORD_BUCKETS)
    found = (word.group().lower() for word, _ in zip(_WORD.finditer(text), range(_MOST_WORDS), strict=False))
    for word, count in sorted(Counter(found).items()):
        code = zlib.crc32(word.encode("utf-8", "replace"))
        buckets[code % WORD_BUCKETS] += math.sqrt(count) * (1 if code & 0x80000000 else -1)
    length = float(np.linalg.norm(buckets))
    return buckets / length if length else buckets
