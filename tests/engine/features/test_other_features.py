from __future__ import annotations

import io
import itertools

import numpy as np
import pytest

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features import other_features
from mmdesk.engine.features.feature_extraction import Extraction, extract_bytes
from mmdesk.engine.features.layout import default_layout
from mmdesk.engine.features.other_features import chunk_spans

LAYOUT = default_layout()


def extract(data: bytes) -> Extraction:
    return extract_bytes(io.BytesIO(data), MediaType.OTHER)


def value(found: Extraction, name: str, segment: int = 0) -> float:
    return float(found.vectors[segment, LAYOUT.index(f"other.{name}")])


@pytest.mark.parametrize("size", [0, 1, 4095, 8192, 10_000, 65_536, 1_000_001, 4 << 20, 100 << 20])
def test_chunks_are_in_order_and_cover_small_files(size: int) -> None:
    spans = chunk_spans(size)
    assert len(spans) <= 16
    assert all(0 <= start < end <= size for start, end in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    if 8192 <= size <= 4 << 20:
        assert sum(end - start for start, end in spans) == size
    if size > 4 << 20:
        assert spans[0][0] == 0
        assert spans[-1][1] == size


def test_entropy_and_bytes() -> None:
    noise = np.random.default_rng(0).bytes(60_000)
    found, zeros = extract(noise), extract(bytes(60_000))
    assert value(found, "entropy") == pytest.approx(1, abs=0.001)
    assert value(found, "byte.bin03") == pytest.approx(1 / 16, abs=0.005)
    assert value(zeros, "entropy") == 0
    assert value(zeros, "byte.bin00") == 1
    assert value(zeros, "longest_run") == pytest.approx(np.log1p(60_000))
    assert value(found, "text.is_text") == 0
    periodic = extract(bytes(range(256)) * 200)
    assert value(periodic, "entropy") == pytest.approx(1)
    assert value(periodic, "pair_entropy") == pytest.approx(0, abs=1e-6)


def test_text_statistics() -> None:
    found = extract(b"Alpha beta, beta!\n12 34")
    assert value(found, "text.is_text") == 1
    assert value(found, "text.letters") == pytest.approx(13 / 23)
    assert value(found, "text.upper") == pytest.approx(1 / 13)
    assert value(found, "text.digits") == pytest.approx(4 / 23)
    assert value(found, "text.log_words") == pytest.approx(np.log1p(5))
    assert value(found, "text.distinct_words") == pytest.approx(4 / 5)
    assert value(found, "text.log_lines") == pytest.approx(np.log1p(2))
    assert value(found, "text.separators") == pytest.approx(1 / 23)
    assert found.details == {"text": "utf-8"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_a_text_in_other_encodings_has_the_same_words(encoding: str) -> None:
    text = "Überweisung für Größe und Maß " * 5
    words = slice(LAYOUT.index("other.word.bucket00"), LAYOUT.size)
    expected = extract(text.encode())
    found = extract(text.encode(encoding))
    np.testing.assert_array_equal(found.vectors[0, words], expected.vectors[0, words])
    assert value(found, "text.letters") == pytest.approx(value(expected, "text.letters"), abs=0.01)


def test_chunks_describe_their_own_bytes() -> None:
    found = extract(bytes(40_000) + b"words and words " * 2500)
    assert [segment.describe() for segment in found.segments[:2]] == ["whole file", "bytes 0 to 4999"]
    assert value(found, "entropy", 1) == 0
    assert value(found, "entropy", len(found.segments) - 1) > 0.2


def test_nothing_at_all() -> None:
    found = extract(b"")
    assert found.vectors.shape == (1, LAYOUT.size)
    assert found.vectors[0, LAYOUT.block_slice("other")].max() == 0


@pytest.mark.parametrize("count", [2, 3, 500, 8192, 8193, 8194, 20_000])
def test_pairs_of_few_and_of_many_bytes_have_the_same_entropy_to_the_bit(count: int) -> None:
    for kinds in (1, 2, 50, 256):
        values = np.random.default_rng(count).integers(0, kinds, count).astype(np.uint8)
        plain = np.bincount(values[:-1].astype(np.int64) * 256 + values[1:], minlength=1 << 16)
        assert other_features._entropy(other_features._pairs(values)) == other_features._entropy(plain)
