"""Frozen data to plain JSON values, for ``--json``, logs and records."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any


def as_plain(value: object) -> object:
    """Dataclasses become dicts, enums their values, paths texts, tuples lists; non-finite numbers become null.

    Raises:
        TypeError: A value has no plain form.
    """
    if value is None or (isinstance(value, (bool, int)) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(as_plain(key)): as_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_plain(item) for item in value]
    if hasattr(value, "item"):  # a NumPy scalar
        return as_plain(value.item())
    raise TypeError(f"no plain form for {type(value).__name__}")


def flattened(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested document as dotted names and values, in its own order; an empty mapping in it leaves nothing."""
    flat: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            flat.update(flattened(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat
