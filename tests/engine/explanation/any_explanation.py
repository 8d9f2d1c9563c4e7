"""Explanations of every possible content, made from their own description, so that new fields come in by themselves."""

from __future__ import annotations

import collections.abc
import dataclasses
import types
import typing
from enum import Enum
from typing import Any

from hypothesis import strategies as st

from mmdesk.engine.explanation.explanation import SCHEMA_VERSION, Explanation

_PLAIN: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(max_size=12),
    # Documents hold 64 bits, and no infinities.
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
}


def of_type(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type as it stands in an annotation."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin in {typing.Union, types.UnionType}:
        return st.one_of(*map(of_type, inside))
    if origin is tuple:
        if inside[-1] is Ellipsis:
            return st.lists(of_type(inside[0]), max_size=3).map(tuple)
        return st.tuples(*map(of_type, inside))
    if origin in {dict, collections.abc.Mapping}:
        return st.dictionaries(*map(of_type, inside), max_size=3)
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    hints = typing.get_type_hints(kind)
    fields = [field.name for field in dataclasses.fields(kind) if field.name != "schema_version"]
    return st.builds(kind, **{name: of_type(hints[name]) for name in fields})


def explanations() -> st.SearchStrategy[Explanation]:
    """Of the right form; what they say makes no sense."""
    return of_type(Explanation).map(lambda one: dataclasses.replace(one, schema_version=SCHEMA_VERSION))
