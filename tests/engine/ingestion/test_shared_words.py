"""Batches with much the same identifiers share one list of them; the rows stay what they are."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.engine.ingestion.shared_words import SharedWords

_WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=12)


def _batch(words: list[str]) -> pa.RecordBatch:
    ids = pa.array(words, pa.string()).dictionary_encode()
    return pa.record_batch({"line": range(len(words)), "entity_id": ids})


@settings(max_examples=80, deadline=None)
@given(batches=st.lists(_WORDS, max_size=6))
def test_the_rows_stay(batches: list[list[str]]) -> None:
    shared = SharedWords()
    for words in batches:
        found = shared.share(_batch(words), ("entity_id",))
        assert found["entity_id"].to_pylist() == words
        assert found["line"].to_pylist() == list(range(len(words)))
        assert len(found["entity_id"].dictionary) <= max(2 * len(set(words)), 1)


def test_the_list_is_one_object_and_grows_no_further_than_it_pays() -> None:
    shared = SharedWords()
    first, again, other = (
        shared.share(_batch(words), ("entity_id",)) for words in (["a", "b"], ["b", "a"], ["x", "y", "z"])
    )
    assert first["entity_id"].dictionary.buffers()[2].address == again["entity_id"].dictionary.buffers()[2].address
    assert again["entity_id"].indices.to_pylist() == [1, 0]
    assert other["entity_id"].dictionary.to_pylist() == ["a", "b", "x", "y", "z"]
    assert shared.share(_batch(["q"]), ("entity_id",))["entity_id"].dictionary.to_pylist() == ["q"]
