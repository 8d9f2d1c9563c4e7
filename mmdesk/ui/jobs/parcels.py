"""Large results on their way home, in pieces that are opened one after the other.

Opening a pickle stops every thread of the process until it is open. Of a result with thousands of parts that can be
felt, so the parts travel as pickles of their own, and between two of them the window has its turn. Large arrays are in
no pickle at all: they come after the message they belong to, byte by byte as they lie in memory.
"""

from __future__ import annotations

import dataclasses
import gc
import pickle
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_LARGE_BYTES = 1 << 16
_COUNT = struct.Struct("<I")
_MANY = 1000
_PIECE = 400
_BREATH_S = 0.001


@dataclass(frozen=True)
class Letter:
    """A message in bytes, and the large arrays in it as they lie in memory."""

    text: bytes
    arrays: list[pickle.PickleBuffer]

    def send(self, connection: Connection) -> None:
        """Put it into the pipe."""
        connection.send_bytes(_COUNT.pack(len(self.arrays)) + self.text)
        for one in self.arrays:
            connection.send_bytes(one.raw())


def letter(message: object) -> Letter:
    """A message, pickled before any pipe is touched, so that what cannot be pickled leaves no half of one behind."""
    arrays: list[pickle.PickleBuffer] = []

    def is_small(array: pickle.PickleBuffer) -> bool:
        if array.raw().nbytes < _LARGE_BYTES:
            return True
        arrays.append(array)
        return False

    return Letter(pickle.dumps(message, protocol=5, buffer_callback=is_small), arrays)


def receive(connection: Connection) -> object:
    """The next message; large arrays in it can only be read."""
    data = connection.recv_bytes()
    arrays = [connection.recv_bytes() for _ in range(_COUNT.unpack_from(data)[0])]
    return pickle.loads(memoryview(data)[_COUNT.size :], buffers=arrays)  # noqa: S301  # our own process made it


@dataclass(frozen=True)
class Parcel:
    """A frozen dataclass without its long tuples, and those in pieces."""

    rest: object
    parts: dict[str, list[bytes]]


def packed(value: object) -> object:
    """``value`` in pieces if it has long tuples, else as it is."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    long = {
        field.name: content
        for field in dataclasses.fields(value)
        if isinstance(content := getattr(value, field.name), tuple) and len(content) > _MANY
    }
    if not long:
        return value
    parts = {
        name: [pickle.dumps(content[at : at + _PIECE]) for at in range(0, len(content), _PIECE)]
        for name, content in long.items()
    }
    return Parcel(dataclasses.replace(value, **dict.fromkeys(long, ())), parts)


def unpacked(value: object) -> object:
    """What was :func:`packed`; never in the window's thread."""
    if not isinstance(value, Parcel):
        return value
    # The collector would go through all of the new parts again and again while they come, and finds nothing in them.
    collecting = gc.isenabled()
    gc.disable()
    try:
        whole = {name: _joined(pieces) for name, pieces in value.parts.items()}
    finally:
        if collecting:
            gc.enable()
    return dataclasses.replace(value.rest, **whole)  # type: ignore[type-var]


def _joined(pieces: list[bytes]) -> tuple[object, ...]:
    content: list[object] = []
    for piece in pieces:
        content += pickle.loads(piece)  # noqa: S301  # our own process made it
        time.sleep(_BREATH_S)
    return tuple(content)
