"""A long column of texts that is searched, sorted and passed on as one block of bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


class Texts(Sequence[str]):
    """A million texts without a million Python objects; made in a worker, used by tables.

    Args:
        texts: None of them missing.
    """

    def __init__(self, texts: Iterable[str] | pa.Array = ()) -> None:
        self.array: pa.Array = texts if isinstance(texts, pa.Array) else pa.array(list(texts), pa.string())
        self._folded: pa.Array = pc.utf8_lower(self.array)

    def __len__(self) -> int:
        return len(self.array)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return Texts(self.array[place])
        return str(self.array[int(place)].as_py())

    def find(self, text: str) -> int | None:
        """Where a text stands first."""
        place = pc.index(self.array, pa.scalar(text, pa.string())).as_py()
        return place if place >= 0 else None

    def having(self, part: str) -> NDArray[np.bool_]:
        """Which texts have ``part`` in them, whatever the capitals; bool [text]."""
        return np.asarray(pc.match_substring(self._folded, pc.utf8_lower(pa.scalar(part)).as_py()))

    def same(self, text: str) -> NDArray[np.bool_]:
        """Which texts are ``text``, whatever the capitals; bool [text]."""
        return np.asarray(pc.equal(self._folded, pc.utf8_lower(pa.scalar(text))))

    def missing(self) -> NDArray[np.bool_]:
        """None of them is; bool [text]."""
        return np.zeros(len(self), dtype=bool)

    def order(self) -> NDArray[np.int64]:
        """The places in ascending order, whatever the capitals; int64 [text]."""
        return np.asarray(pc.sort_indices(self._folded)).astype(np.int64)

    def take(self, places: Sequence[int] | NDArray[np.integer]) -> pa.Array:
        """The texts at these places."""
        return self.array.take(pa.array(np.asarray(places, dtype=np.int64)))
