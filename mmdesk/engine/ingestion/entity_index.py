"""Identifiers to the case's entity keys, in columns; entities that this import adds included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.engine import Connection

from mmdesk.engine.ingestion.entity_likeness import same_to_the_eye, to_the_eye
from mmdesk.engine.store.bulk import fetch, next_key
from mmdesk.engine.store.tables import Entity

Ints = npt.NDArray[np.int64]

UNKNOWN = -1
"""The key of an identifier that nobody knows."""


@dataclass
class EntityIndex:
    """The current entities.

    Attributes:
        ids: Their identifiers, strings.
        keys: int64, their keys.
        row_keys: 16-byte hashes of what is stored of them; only of those that were stored before.
        next_key: The first key that is free.
    """

    ids: pa.Array
    keys: Ints
    row_keys: pa.Array
    next_key: int
    _alike: Mapping[str, str] | None = None

    @classmethod
    def load(cls, connection: Connection) -> EntityIndex:
        """Everything that the case holds now."""
        schema = pa.schema([("id", pa.int64()), ("entity_id", pa.string()), ("row_key", pa.binary())])
        statement = select(Entity.id, Entity.entity_id, Entity.row_key).where(
            Entity.deleted_us.is_(None), Entity.superseded_by.is_(None)
        )
        table = fetch(connection, statement, schema).combine_chunks()
        ids, row_keys = (_array(table[name]) for name in ("entity_id", "row_key"))
        return cls(ids, np.asarray(table["id"]), row_keys, next_key(connection, Entity))

    def places(self, ids: pa.Array) -> Ints:
        """Where each identifier stands among :attr:`ids`, or -1."""
        if pa.types.is_dictionary(ids.type):
            words = self.places(ids.dictionary)
            if not len(words):
                return np.full(len(ids), UNKNOWN, np.int64)
            return np.asarray(words[np.asarray(ids.indices.fill_null(0))], np.int64)
        found = pc.index_in(ids, value_set=self.ids)
        return np.asarray(found.fill_null(UNKNOWN)).astype(np.int64)

    def find(self, ids: pa.Array) -> Ints:
        """Keys of identifiers (strings, also dictionary-encoded, no nulls); -1 = unknown."""
        places = self.places(ids)
        if not len(self.keys):
            return places
        return np.where(places >= 0, self.keys[places], UNKNOWN)

    def find_alike(self, words: pa.Array) -> Ints:
        """Keys of unknown identifiers that look the same as a known one (distinct strings); -1 = none does.

        Letters and accents in one character or in two, and invisible marks around a text, are no difference that
        anybody could see or mend.
        """
        if self._alike is None:
            self._alike = same_to_the_eye(self.ids)
        seen = [to_the_eye(word) for word in words.to_pylist()]
        return self.find(pa.array([self._alike.get(text, text) for text in seen], pa.string()))

    def reserve(self, count: int) -> Ints:
        """Keys that nothing else in this import gets."""
        keys = np.arange(self.next_key, self.next_key + count, dtype=np.int64)
        self.next_key += count
        return keys

    def add(self, ids: pa.Array) -> Ints:
        """Give new identifiers (distinct, unknown) their keys."""
        keys = self.reserve(len(ids))
        self.ids = pa.concat_arrays([self.ids, ids])
        self._alike = None
        self.keys = np.concatenate([self.keys, keys])
        return keys


def _array(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
