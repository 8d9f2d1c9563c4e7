"""Cuts and random damage."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

_WILD = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 63, (1 << 64) - 1)


def cuts(data: bytes, tenths: Sequence[int] = range(1, 10)) -> Iterator[tuple[str, bytes]]:
    """The file cut at some tenths and one byte before its end."""
    for tenth in tenths:
        yield f"cut at {tenth}/10", data[: len(data) * tenth // 10]
    yield "all but the last byte", data[:-1]


def mutants(data: bytes, count: int, seed: str) -> Iterator[bytes]:
    """``count`` damaged copies: the same ones for the same ``seed``.

    Most damage falls on the beginning, where headers are.
    """
    chance = random.Random(seed)
    for _ in range(count):
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 1, 2, 3, 8))):
            chance.choice(_DAMAGE)(damaged, chance)
        yield bytes(damaged)


def _place(data: bytearray, chance: random.Random) -> int:
    """Anywhere, but mostly within the first kilobyte."""
    return chance.randrange(max(1, min(len(data), chance.choice((64, 256, 1024, len(data))))))


def _flip(data: bytearray, chance: random.Random) -> None:
    if data:
        data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _number(data: bytearray, chance: random.Random) -> None:
    """A number of 1 to 8 bytes becomes an extreme one."""
    at, length = _place(data, chance), chance.choice((1, 2, 4, 4, 8))
    value = chance.choice(_WILD) & ((1 << 8 * length) - 1)
    data[at : at + length] = value.to_bytes(length, chance.choice(("big", "little")))[: max(0, len(data) - at)]


def _noise(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    length = min(chance.choice((2, 16, 200)), len(data) - at)
    data[at : at + length] = chance.randbytes(length)


def _drop(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    del data[at : at + chance.choice((1, 2, 4, 64, 1000))]


def _repeat(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    piece = data[at : at + chance.choice((4, 32, 500))]
    data[at:at] = piece * chance.choice((1, 3, 50))


def _move(data: bytearray, chance: random.Random) -> None:
    start, target = _place(data, chance), _place(data, chance)
    piece = data[start : start + chance.choice((4, 64))]
    data[target : target + len(piece)] = piece


def _zeros(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    length = min(chance.choice((4, 64, 2000)), len(data) - at)
    data[at : at + length] = bytes(length)


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[max(1, chance.randrange(max(2, len(data)))) :]


_DAMAGE = (_flip, _flip, _number, _number, _number, _noise, _drop, _repeat, _move, _zeros, _cut)
