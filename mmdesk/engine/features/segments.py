"""Where in an artifact a feature vector comes from, so that an explanation can point at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson


class SegmentKind(StrEnum):
    """What part of an artifact a segment is."""

    WHOLE = "whole"
    TILE = "tile"
    WINDOW = "window"
    FRAME = "frame"
    TRACK = "track"
    CHUNK = "chunk"


Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Segment:
    """A part of an artifact that has its own feature vector.

    Attributes:
        kind: The whole file, a tile of a picture, a window of a recording, a frame of a video, the whole sound track
            of a video, or a chunk of any other file.
        box: ``x0, y0, x1, y1`` as fractions of the upright picture (EXIF orientation obeyed, 0, 0 = top left); tiles.
        row: Row of the tile, from 0 at the top; tiles.
        column: Column of the tile, from 0 at the left; tiles.
        start_s: Start in seconds; windows and sound tracks.
        end_s: End in seconds; windows and sound tracks.
        time_s: Moment in seconds; frames.
        start_byte: First byte; chunks.
        end_byte: One past the last byte; chunks.
        page: First page or slide, from 1; chunks of documents that have pages.
        last_page: Last of them.
        start_char: First character of the text, from 0; chunks of documents without pages.
        end_char: One past the last character.
    """

    kind: SegmentKind
    box: Box | None = None
    row: int | None = None
    column: int | None = None
    start_s: float | None = None
    end_s: float | None = None
    time_s: float | None = None
    start_byte: int | None = None
    end_byte: int | None = None
    page: int | None = None
    last_page: int | None = None
    start_char: int | None = None
    end_char: int | None = None

    def to_plain(self) -> dict[str, object]:
        """Plain JSON values; fields that do not apply are left out."""
        plain: dict[str, object] = {"kind": self.kind.value}
        for name in _OPTIONAL:
            value = getattr(self, name)
            if value is not None:
                plain[name] = list(value) if name == "box" else value
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, object]) -> Segment:
        """The segment that :meth:`to_plain` gave.

        Raises:
            KeyError: ``kind`` is missing.
            ValueError: The kind is unknown.
        """
        fields: dict[str, object] = {name: plain[name] for name in _OPTIONAL if plain.get(name) is not None}
        if isinstance(box := fields.get("box"), (list, tuple)):
            fields["box"] = tuple(float(edge) for edge in box)
        return cls(SegmentKind(str(plain["kind"])), **fields)  # type: ignore[arg-type]

    def describe(self) -> str:
        """What it is in words: ``tile row 2, column 3``, ``second 1.5 to 2.5``, ``frame at 3.2 s``; counted from 1."""
        if self.kind is SegmentKind.TILE and self.row is not None and self.column is not None:
            return f"tile row {self.row + 1}, column {self.column + 1}"
        if self.kind is SegmentKind.WINDOW and self.start_s is not None and self.end_s is not None:
            decimals = 1 if self.end_s - self.start_s >= 0.5 else 2
            return f"second {self.start_s:.{decimals}f} to {self.end_s:.{decimals}f}"
        if self.kind is SegmentKind.FRAME and self.time_s is not None:
            return f"frame at {self.time_s:.1f} s"
        if self.kind is SegmentKind.CHUNK and self.start_byte is not None and self.end_byte is not None:
            return f"bytes {self.start_byte} to {self.end_byte - 1}"
        if self.page is not None and self.last_page is not None:
            return f"page {self.page}" if self.page == self.last_page else f"pages {self.page} to {self.last_page}"
        if self.start_char is not None and self.end_char is not None:
            return f"characters {self.start_char + 1} to {self.end_char} of the text"
        if self.kind is SegmentKind.TRACK:
            return "sound track"
        return "whole file"


_OPTIONAL = (
    "box",
    "row",
    "column",
    "start_s",
    "end_s",
    "time_s",
    "start_byte",
    "end_byte",
    "page",
    "last_page",
    "start_char",
    "end_char",
)


def dump_segments(segments: Sequence[Segment]) -> str:
    """The JSON text that the table ``artifacts`` keeps in ``segments``: one object per row of the cached array."""
    return orjson.dumps([segment.to_plain() for segment in segments]).decode()


def load_segments(text: str | None) -> tuple[Segment, ...]:
    """The segments of :func:`dump_segments`; none for ``None``."""
    return tuple(Segment.from_plain(plain) for plain in orjson.loads(text)) if text else ()
