"""Small cases in memory, and the real ones read straight from their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.assembly import CaseTables, Media, assemble, texts
from mmdesk.engine.dataset.case_data import CaseData

POSITIONS = 8


def microseconds(values: Any) -> Any:
    """Times of a pandas column as int64 microseconds."""
    return pd.to_datetime(values).dt.as_unit("us").astype("int64")


def no_media(features: int = 0) -> Media:
    nothing = texts([])
    return Media(
        nothing, nothing, np.zeros(0, np.int64), nothing, np.zeros(1, np.int64),
        np.zeros((0, features), np.float32), np.zeros((0, POSITIONS), np.float32), "", (),
    )  # fmt: skip


def no_links() -> pa.Table:
    return pa.table(
        {
            "row": pa.array([], pa.int64()),
            "entity_key": pa.array([], pa.int64()),
            "artifact_id": pa.array([], pa.int64()),
            "name": pa.array([], pa.string()),
            "captured_us": pa.array([], pa.int64()),
        }
    )


def bitcoin_otc(folder: Path, member_since: bool = True) -> CaseData:
    """The Bitcoin OTC case as its import would give it."""
    entities = pd.read_csv(folder / "entities.csv")
    keys = {name: index + 1 for index, name in enumerate(entities.entity_id)}
    events = pd.read_csv(folder / "events.csv")
    edges = pd.read_csv(folder / "interactions.csv")
    targets = pd.read_csv(folder / "targets.csv")
    number = len(entities)
    attributes: dict[str, Any] = {"entity_key": pa.array(range(1, number + 1))}
    kinds = {}
    if member_since:
        kinds["member_since"] = ColumnKind.TIME
        times = microseconds(entities.member_since)
        attributes["member_since"] = pa.array(times.where(entities.member_since.notna()), from_pandas=True).cast(
            pa.int64()
        )
    return assemble(
        CaseTables(
            entities=pa.table({"entity_key": list(range(1, number + 1)), "entity_id": list(entities.entity_id)}),
            attributes=pa.table(attributes),
            kinds=kinds,
            events=pa.table(
                {
                    "row": np.arange(1, len(events) + 1),
                    "entity_key": events.entity_id.map(keys).to_numpy(),
                    "event_type": list(events.event_type),
                    "value": events.value.astype(float).to_numpy(),
                    "timestamp_us": microseconds(events.timestamp).to_numpy(),
                }
            ),
            interactions=pa.table(
                {
                    "row": np.arange(1, len(edges) + 1),
                    "source_key": edges.source_id.map(keys).to_numpy(),
                    "target_key": edges.target_id.map(keys).to_numpy(),
                    "interaction_type": list(edges.interaction_type),
                    "weight": edges.weight.astype(float).to_numpy(),
                    "timestamp_us": microseconds(edges.timestamp).to_numpy(),
                }
            ),
            targets=pa.table(
                {
                    "row": np.arange(1, len(targets) + 1),
                    "entity_key": targets.entity_id.map(keys).to_numpy(),
                    "as_of_us": pa.nulls(len(targets), pa.int64()),
                    "y_reg": pa.nulls(len(targets), pa.float64()),
                    "y_class": targets.y_class.astype(float).to_numpy(),
                    "y_rank": pa.nulls(len(targets), pa.float64()),
                    "rank_group": pa.nulls(len(targets), pa.string()),
                    "split": list(targets.split),
                }
            ),
            links=no_links(),
        ),
        no_media(),
    )
