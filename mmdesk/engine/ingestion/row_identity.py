"""Who a row is: 128 bits over its values, in columns.

Two 64-bit hashes under different keys. Texts go through pandas' SipHash (once per distinct text), numbers through
their bits; columns are chained with the finaliser of SplitMix64. A row without an id of its own is its values plus
its occurrence number among equal rows of the file: true duplicates differ, and the same file gives the same keys
again, whatever its encoding, delimiter, column order or way to write dates. The keys are stored, so the functions
here never change.

Source: J.-P. Aumasson and D. J. Bernstein, "SipHash" (2012); G. Steele et al., "Fast splittable pseudorandom number
generators" (2014), the finaliser with Stafford's constants (variant 13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Words = npt.NDArray[np.uint64]

_KEYS = ("mmdesk row key 1", "mmdesk row key 2")
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_STAFFORD_A, _STAFFORD_B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_BLOCK_ROWS = 1 << 17
_MISSING = np.uint64(0x6D697373696E6721)  # what a missing value counts as


@dataclass(frozen=True)
class RowHash:
    """128 bits per row: two uint64 arrays [rows]."""

    first: Words
    second: Words

    def __len__(self) -> int:
        return len(self.first)

    def put(self, start: int, others: RowHash) -> None:
        """Others in place of the rows from ``start`` on."""
        self.first[start : start + len(others)] = others.first
        self.second[start : start + len(others)] = others.second

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_] | slice) -> RowHash:
        """Some of the rows."""
        return RowHash(self.first[rows], self.second[rows])

    def keys(self) -> pa.Array:
        """As 16-byte binary values, little-endian, first word first."""
        pairs = np.empty((len(self.first), 2), "<u8")
        pairs[:, 0], pairs[:, 1] = self.first, self.second
        return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(pairs), [None, pa.py_buffer(pairs)])

    @classmethod
    def of_keys(cls, keys: pa.Array) -> RowHash:
        """From 16-byte values without nulls; the reverse of :meth:`keys`."""
        if not len(keys):
            return joined([])
        pairs = np.frombuffer(keys.buffers()[1], "<u8", count=2 * len(keys), offset=16 * keys.offset).reshape(-1, 2)
        return cls(pairs[:, 0].astype(np.uint64), pairs[:, 1].astype(np.uint64))

    def among(self, others: RowHash) -> npt.NDArray[np.bool_]:
        """Which rows are among others; bool [rows]."""
        found = np.zeros(len(self), bool)
        if not len(others) or not len(self):
            return found
        order = np.argsort(others.first)
        first = others.first[order]
        places = np.searchsorted(first, self.first)
        # Equal first words with other second words do not happen by chance; should they, look further.
        open_rows = np.arange(len(self))
        while len(open_rows):
            inside = places[open_rows] < len(first)
            open_rows = open_rows[inside]
            open_rows = open_rows[first[places[open_rows]] == self.first[open_rows]]
            same = others.second[order[places[open_rows]]] == self.second[open_rows]
            found[open_rows[same]] = True
            open_rows = open_rows[~same]
            places[open_rows] += 1
        return found


def joined(parts: Sequence[RowHash]) -> RowHash:
    """Hashes of consecutive batches as one."""
    if not parts:
        return RowHash(np.empty(0, np.uint64), np.empty(0, np.uint64))
    return RowHash(np.concatenate([part.first for part in parts]), np.concatenate([part.second for part in parts]))


def _mix(words: Words) -> Words:
    words = (words ^ (words >> np.uint64(30))) * _STAFFORD_A
    words = (words ^ (words >> np.uint64(27))) * _STAFFORD_B
    return words ^ (words >> np.uint64(31))


def _of_texts(texts: pa.Array) -> tuple[Words, Words]:
    from pandas.util import hash_array

    encoded = texts if pa.types.is_dictionary(texts.type) else pc.dictionary_encode(texts)
    words = np.asarray(encoded.dictionary.to_numpy(zero_copy_only=False), object)
    codes = encoded.indices
    missing = np.asarray(codes.is_null())
    places = np.asarray(codes.fill_null(0))
    result = []
    for key in _KEYS:
        hashes = hash_array(words, hash_key=key, categorize=False) if len(words) else np.zeros(1, np.uint64)
        found = np.asarray(hashes, np.uint64)[places]
        found[missing] = _MISSING
        result.append(found)
    return result[0], result[1]


def _of_numbers(values: pa.Array) -> tuple[Words, Words]:
    missing = np.asarray(values.is_null())
    if pa.types.is_floating(values.type):
        numbers = np.asarray(values.fill_null(0.0)) + 0.0  # makes -0.0 and 0.0 the same
        missing = missing | np.isnan(numbers)
        bits = numbers.astype("<f8").view("<u8").astype(np.uint64)
    else:
        bits = np.asarray(values.fill_null(0)).astype(np.int64).view(np.uint64)
    bits = np.where(missing, _MISSING, _mix(bits + _GOLDEN))
    return bits, _mix(bits ^ _GOLDEN)


def hash_rows(columns: Sequence[pa.Array]) -> RowHash:
    """One hash per row over string (also dictionary-encoded), int64 and float64 columns; null = missing.

    The order of the columns counts; a missing number and NaN are the same, a missing text and an empty one are not.
    """
    size = len(columns[0])
    first, second = np.zeros(size, np.uint64), np.full(size, _GOLDEN)
    for column in columns:
        textual = pa.types.is_dictionary(column.type) or pa.types.is_string(column.type)
        one, two = _of_texts(column) if textual else _of_numbers(column)
        first, second = _mix(first * _GOLDEN + one), _mix(second * _GOLDEN + two)
    return RowHash(first, second)


def occurrences(rows: RowHash) -> npt.NDArray[np.int64]:
    """For each row how many equal ones come before it."""
    counts = np.zeros(len(rows), np.int64)
    ordered = np.sort(rows.first)
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(repeated):
        return counts
    places = np.flatnonzero(np.isin(rows.first, repeated))
    some = rows.take(places)
    order = np.lexsort((places, some.second, some.first))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(some.first[order]) != 0) | (np.diff(some.second[order]) != 0)
    starts = np.flatnonzero(fresh)
    ranks = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    counts[places[order]] = ranks
    return counts


def with_occurrence(rows: RowHash, *, reuse: bool = False) -> RowHash:
    """The hashes with the occurrence number in them; ``reuse`` puts them in the place of the old ones."""
    numbers = occurrences(rows).view(np.uint64)
    mixed = rows if reuse else RowHash(np.empty_like(rows.first), np.empty_like(rows.second))
    for start in range(0, len(rows), _BLOCK_ROWS):  # of millions of rows no copy is made
        part = slice(start, start + _BLOCK_ROWS)
        more = numbers[part] * _GOLDEN
        mixed.first[part] = _mix(rows.first[part] + more)
        mixed.second[part] = _mix(rows.second[part] + more)
    return mixed
