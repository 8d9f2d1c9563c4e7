"""The log of a training as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmdesk.ui.formatting import number
from mmdesk.ui.language import tr
from mmdesk.ui.measures import flattened, plain_value
from mmdesk.ui.models.columns import Column


def log_columns(history: Sequence[Mapping[str, object]]) -> list[Column]:
    """One row an epoch, one column for whatever its document holds."""
    flat = [dict(flattened(epoch)) for epoch in history]
    names: list[str] = []
    for epoch in flat:
        names += [name for name in epoch if name not in names]
    kept = [name for name in names if name not in {"event", "text"}]
    return [
        Column(
            name.replace(".", " ").replace("_", " "),
            [epoch.get(name) for epoch in flat],
            show=_log_value,
            numeric=all(isinstance(epoch.get(name, 0), (int, float)) for epoch in flat),
        )
        for name in kept
    ]


def _log_value(value: object) -> str:
    if isinstance(value, bool):
        return tr("yes") if value else ""
    return number(value, 4) if isinstance(value, (int, float)) else plain_value(value)
