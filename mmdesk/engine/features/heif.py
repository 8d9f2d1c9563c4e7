"""HEIF pictures (HEIC of phones, AVIF): what their boxes say, and the coded pictures in them decoded and put together.

A HEIF file holds items: coded pictures, and derived ones such as the grid of tiles that phones write. Nothing outside
the file is followed.

Source: ISO/IEC 14496-12 (boxes meta, iinf, iloc, iref, iprp) and 23008-12 (grid, ispe, irot, imir, Exif).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmdesk.engine.features.content_type import iso_boxes
from mmdesk.engine.features.limits import MAX_PIXELS, UnreadableError

# ruff: isort: split
import cv2  # behind limits.py, which sets OpenCV's own pixel limit
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

_DECODERS = {b"hvc1": ("hevc", b"hvcC"), b"hev1": ("hevc", b"hvcC"), b"avc1": ("h264", b"avcC")}
"""Kind of coded picture -> FFmpeg's decoder, and the property that sets it up."""
_MOST_ITEMS = 4096
_MOST_PIECES = 1 << 16
"""Of all items together: the table of places can claim thousands for each without a byte for any."""
_ORIENTATIONS = {
    (0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6,
    (0, 0): 4, (1, 0): 5, (2, 0): 2, (3, 0): 7,
    (0, 1): 2, (1, 1): 7, (2, 1): 4, (3, 1): 5,
}  # fmt: skip
"""Quarter turns to the left, then what is mirrored (0: top and bottom, 1: left and right) -> EXIF orientation."""


@dataclass
class Item:
    """A picture or a piece of metadata.

    Attributes:
        kind: ``b"hvc1"``, ``b"grid"``, ``b"Exif"``, ...
        pieces: Where its bytes are in the file: start and length.
        sources: Items that it is derived from, in order.
        properties: Kind -> content; of several of a kind the first.
    """

    kind: bytes = b""
    pieces: list[tuple[int, int]] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    properties: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels before it is turned; 0 if not told."""
        told = self.properties.get(b"ispe", b"")
        return int.from_bytes(told[4:8], "big"), int.from_bytes(told[8:12], "big")

    @property
    def orientation(self) -> int:
        """As EXIF would say it, 1 to 8."""
        turn, mirror = self.properties.get(b"irot"), self.properties.get(b"imir")
        return _ORIENTATIONS[turn[0] & 3 if turn else 0, mirror[0] & 1 if mirror else None]


@dataclass(frozen=True)
class Heif:
    """The items of a file.

    Attributes:
        data: The whole file.
        items: Identifier -> item.
        primary: The one to show.
        exif: TIFF structure that the camera wrote; empty if it did not.
    """

    data: bytes
    items: dict[int, Item]
    primary: int

    @property
    def shown(self) -> Item:
        """The picture to show."""
        return self.items[self.primary]

    @property
    def exif(self) -> bytes:
        """The TIFF structure that the camera wrote; empty if it did not."""
        found = (self.content(item) for item in self.items.values() if item.kind == b"Exif")
        content = next(found, b"")
        return content[4 + int.from_bytes(content[:4], "big") :]

    @property
    def complete(self) -> bool:
        """Whether the bytes of all items are there."""
        return all(start + length <= len(self.data) for item in self.items.values() for start, length in item.pieces)

    def content(self, item: Item) -> bytes:
        """The bytes of an item."""
        return b"".join(self.data[start : start + length] for start, length in item.pieces)


class _Numbers:
    """Big-endian numbers one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def next(self, length: int) -> int:
        """The next ``length`` bytes.

        Raises:
            IndexError: There are not that many left.
        """
        if self._at + length > len(self._data):
            raise IndexError("the box ends early")
        self._at += length
        return int.from_bytes(self._data[self._at - length : self._at], "big")


def read_heif(data: bytes) -> Heif | None:
    """The items of a HEIF file; ``None`` if it has none, or no picture to show.

    Raises:
        IndexError: A box is cut short.
    """
    file = io.BytesIO(data)
    meta = next((place for kind, *place in iso_boxes(file, 0, len(data)) if kind == b"meta"), None)
    if meta is None:
        return None
    boxes = {kind: (start, end) for kind, start, end in iso_boxes(file, meta[0] + 4, meta[1])}
    if not {b"pitm", b"iinf", b"iloc"} <= boxes.keys():
        return None
    items = {number: Item(kind) for number, kind in _kinds(data, boxes[b"iinf"])}
    _locate(_Numbers(data[slice(*boxes[b"iloc"])]), items, boxes.get(b"idat", (0, 0))[0])
    if b"iref" in boxes:
        _connect(data, boxes[b"iref"], items)
    if b"iprp" in boxes:
        _describe(data, boxes[b"iprp"], items)
    version, *identifier = data[slice(*boxes[b"pitm"])]
    primary = int.from_bytes(bytes(identifier[3 : 7 if version else 5]), "big")
    return Heif(data, items, primary) if primary in items else None


def _kinds(data: bytes, box: tuple[int, int]) -> Iterator[tuple[int, bytes]]:
    """Identifier and kind of each item (box iinf, entries infe of version 2 and 3)."""
    start, end = box
    start += 6 if data[start] == 0 else 8
    for kind, first, last in iso_boxes(io.BytesIO(data), start, end, _MOST_ITEMS):
        version = data[first]
        wide = 4 if version == 3 else 2
        if kind == b"infe" and version in {2, 3} and last - first >= 10 + wide:
            identifier = int.from_bytes(data[first + 4 : first + 4 + wide], "big")
            yield identifier, data[first + 6 + wide : first + 10 + wide]


def _locate(numbers: _Numbers, items: dict[int, Item], inner: int) -> None:
    """Where the items' bytes are (box iloc); ``inner`` is where the box idat begins."""
    version = numbers.next(4) >> 24
    sizes = numbers.next(2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    left = _MOST_PIECES
    for _ in range(min(numbers.next(wide), _MOST_ITEMS)):
        identifier = numbers.next(wide)
        method = numbers.next(2) & 15 if version else 0
        elsewhere, base = numbers.next(2), numbers.next(base_size)
        pieces = []
        count = numbers.next(2)
        left -= count
        if left < 0:
            raise IndexError("the items have more pieces than any picture")
        for _ in range(count):
            if version:
                numbers.next(index_size)
            start, length = base + numbers.next(offset_size), numbers.next(length_size)
            pieces.append((start + (inner if method == 1 else 0), length))
        if identifier in items and not elsewhere and method in {0, 1}:
            items[identifier].pieces = pieces


def _connect(data: bytes, box: tuple[int, int], items: dict[int, Item]) -> None:
    """What the items are derived from (box iref, references dimg)."""
    start, end = box
    wide = 4 if data[start] else 2
    for kind, first, last in iso_boxes(io.BytesIO(data), start + 4, end, _MOST_ITEMS):
        numbers = _Numbers(data[first:last])
        item = items.get(numbers.next(wide))
        if kind == b"dimg" and item is not None:
            item.sources = [numbers.next(wide) for _ in range(numbers.next(2))]


def _describe(data: bytes, box: tuple[int, int], items: dict[int, Item]) -> None:
    """The items' properties (box iprp: ipco lists them, ipma says which item has which)."""
    file = io.BytesIO(data)
    parts = list(iso_boxes(file, *box))
    known = [
        place for kind, *span in parts if kind == b"ipco" for place in iso_boxes(file, span[0], span[1], _MOST_ITEMS)
    ]
    for kind, first, last in parts:
        if kind != b"ipma":
            continue
        numbers = _Numbers(data[first:last])
        header = numbers.next(4)
        wide, long = 4 if header >> 24 else 2, header & 1
        for _ in range(min(numbers.next(4), _MOST_ITEMS)):
            item = items.get(numbers.next(wide))
            for _ in range(numbers.next(1)):
                index = numbers.next(2) & 0x7FFF if long else numbers.next(1) & 0x7F
                if item is not None and 0 < index <= len(known):
                    name, start, end = known[index - 1]
                    item.properties.setdefault(name, data[start:end])


def decode_heif(heif: Heif, side: int) -> Picture | None:
    """The picture to show, before it is turned; of a grid smaller by a power of two, but not below ``side``.

    Returns:
        ``uint8 [height, width, 3]``, blue, green, red; missing tiles are black. ``None`` if nothing can be decoded.

    Raises:
        UnreadableError: Derived in a way that there is no reader for, or tiles that do not fit.
    """
    item = heif.shown
    if item.kind != b"grid":
        return _Coded(heif).decode(item)
    columns, tiles, size = _grid(heif, item)
    width, height = tiles[0].size
    shrunk = 1
    while max(size) >= 2 * shrunk * side and width % (2 * shrunk) == height % (2 * shrunk) == 0:
        shrunk *= 2
    width, height = width // shrunk, height // shrunk
    canvas = np.zeros((len(tiles) // columns * height, columns * width, 3), np.uint8)
    coded, found = _Coded(heif), False
    for number, tile in enumerate(tiles):
        picture = coded.decode(tile)
        if picture is not None and picture.shape[:2] == tile.size[::-1]:
            row, column = divmod(number, columns)
            place = canvas[row * height : (row + 1) * height, column * width : (column + 1) * width]
            place[:] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
            found = True
    return canvas[: -(-size[1] // shrunk), : -(-size[0] // shrunk)] if found else None


def _grid(heif: Heif, item: Item) -> tuple[int, list[Item], tuple[int, int]]:
    """Number of columns, the tiles row by row, and the size of what they cover."""
    numbers = _Numbers(heif.content(item))
    wide = 4 if numbers.next(2) & 1 else 2
    rows, columns = numbers.next(1) + 1, numbers.next(1) + 1
    size = numbers.next(wide), numbers.next(wide)
    tiles = [heif.items[number] for number in item.sources if number in heif.items]
    width, height = tiles[0].size if tiles else (0, 0)
    fits = len(tiles) == rows * columns and len({tile.size for tile in tiles}) == 1 and size == item.size
    if (
        not fits
        or not (columns - 1) * width < size[0] <= columns * width
        or not (rows - 1) * height < size[1] <= rows * height
    ):
        raise UnreadableError("the tiles of the picture do not fit together", code="features.tiles")
    return columns, tiles, size


class _Coded:
    """Decodes coded pictures; a decoder serves all that are set up alike."""

    def __init__(self, heif: Heif) -> None:
        self._heif = heif
        self._decoders: dict[tuple[bytes, bytes], Any] = {}

    def decode(self, item: Item) -> Picture | None:
        """Blue, green, red; ``None`` if it is damaged.

        Raises:
            UnreadableError: There is no reader for this kind.
        """
        import av

        if item.kind not in _DECODERS:
            kind = item.kind.decode("ascii", "replace")
            raise UnreadableError(
                f"there is no reader for HEIF pictures of the kind {kind!r}", code="features.no_reader"
            )
        name, setup = _DECODERS[item.kind]
        key = item.kind, item.properties.get(setup, b"")
        if key not in self._decoders:
            context = av.CodecContext.create(name, "r")
            context.extradata, context.thread_count = key[1], 1
            context.options = {"max_pixels": str(MAX_PIXELS)}
            self._decoders[key] = context
        context = self._decoders[key]
        try:
            frames = [*context.decode(av.Packet(self._heif.content(item))), *context.decode(None)]
        except (av.error.FFmpegError, ValueError):
            return None
        finally:
            context.flush_buffers()
        return np.asarray(frames[0].to_ndarray(format="bgr24"), np.uint8) if frames else None
