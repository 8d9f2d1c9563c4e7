"""One list of identifiers for many batches instead of one each."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

_GROWTH = 2
"""A list may have so many times the words that a batch needs; else the batch keeps its own."""


@dataclass
class SharedWords:
    """Lets the dictionaries of consecutive batches be the same object as long as they hold much the same words."""

    _words: dict[str, pa.Array] = field(default_factory=dict)

    def share(self, batch: pa.RecordBatch, names: tuple[str, ...]) -> pa.RecordBatch:
        """The same rows; ``names`` are dictionary-encoded strings without nulls."""
        for name in names:
            place = batch.schema.get_field_index(name)
            batch = batch.set_column(place, name, self._shared(name, batch.column(place)))
        return batch

    def _shared(self, name: str, column: pa.DictionaryArray) -> pa.DictionaryArray:
        own, words = column.dictionary, self._words.get(name)
        if words is not None:
            new = own.filter(pc.invert(pc.is_in(own, value_set=words)))
            if len(words) + len(new) <= _GROWTH * len(own):
                words = pa.concat_arrays([words, new]) if len(new) else words
                codes = pc.index_in(own, value_set=words).take(column.indices)
                column = pa.DictionaryArray.from_arrays(codes, words)
        self._words[name] = column.dictionary
        return column
