"""Columns to one JSON object per row, and back to nothing: text building in columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc


def text_literals(texts: pa.Array) -> pa.Array:
    """JSON strings; null stays null. Each distinct text is escaped once."""
    encoded = pc.dictionary_encode(texts)
    words = pa.array([orjson.dumps(text).decode() for text in encoded.dictionary.to_pylist()], pa.string())
    return words.take(encoded.indices)


def number_literals(values: pa.Array) -> pa.Array:
    """JSON numbers in the shortest form that gives the same float64 again; null and NaN become null."""
    finite = pc.fill_null(pc.is_finite(values), fill_value=False)
    return pc.if_else(finite, pc.cast(values, pa.string()), pa.scalar(None, pa.string()))


def boolean_literals(values: pa.Array) -> pa.Array:
    """``true`` and ``false``; null stays null."""
    return pc.if_else(values, "true", "false")


def time_literals(us: pa.Array) -> pa.Array:
    """ISO 8601 in UTC as JSON strings, fractions only where there are some; takes int64 microseconds, null stays."""
    texts = pc.cast(us.cast(pa.timestamp("us")), pa.string())
    texts = pc.replace_substring_regex(texts, r"\.0{6}$", "")
    texts = pc.replace_substring(texts, " ", "T", max_replacements=1)
    return pc.binary_join_element_wise('"', texts, 'Z"', "")


def objects(columns: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """One JSON object per row with sorted names; what is null is left out.

    Args:
        columns: Name -> JSON literals (strings), null = absent.
        rows: How many rows.
    """
    if not columns:
        return pa.array(np.full(rows, "{}", object), pa.string())
    parts = []
    for name in sorted(columns):
        head = orjson.dumps(name).decode() + ":"
        part = pc.binary_join_element_wise(head, columns[name], ",", "")
        parts.append(pc.fill_null(part, ""))
    body = pc.binary_join_element_wise(*parts, "") if len(parts) > 1 else parts[0]
    return pc.binary_join_element_wise("{", pc.utf8_rtrim(body, ","), "}", "")
