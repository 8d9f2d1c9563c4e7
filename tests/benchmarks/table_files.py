"""The files that the benchmarks of tables import: of the sizes that the goals name, plain and well-formed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as arrow_csv

_START_US = 1_600_000_000_000_000
_SPAN_US = 10**14  # about three years
_CHUNK = 1_000_000


@dataclass(frozen=True)
class Sizes:
    """How many rows of each table."""

    entities: int = 80_000
    events: int = 1_000_000
    interactions: int = 500_000

    @property
    def rows(self) -> int:
        """All together."""
        return self.entities + self.events + self.interactions

    def scaled(self, scale: float) -> Sizes:
        """A part of each, at least one row."""
        counts = (self.entities, self.events, self.interactions)
        return Sizes(*(max(round(count * scale), min(count, 1)) for count in counts))


@dataclass(frozen=True)
class Written:
    """The files, and their rows together; a table of no rows has no file."""

    entities: Path
    events: Path
    interactions: Path | None
    rows: int


def write_tables(folder: Path, sizes: Sizes) -> Written:
    """Write the three files; always the same ones for the same sizes."""
    random = np.random.default_rng(0)
    ids = np.array([f"account-{number:06d}" for number in range(sizes.entities)])
    edges = folder / "interactions.csv" if sizes.interactions else None
    files = Written(folder / "entities.csv", folder / "events.csv", edges, sizes.rows)
    countries = np.array(["DE", "FR", "PL", "TW", "US", "BR"])
    entities = {
        "entity_id": ids,
        "age": random.integers(18, 90, sizes.entities),
        "country": countries[random.integers(0, len(countries), sizes.entities)],
    }
    arrow_csv.write_csv(pa.table(entities), files.entities)
    _write(files.events, sizes.events, lambda rows: _events(random, ids, rows))
    if files.interactions is not None:
        _write(files.interactions, sizes.interactions, lambda rows: _interactions(random, ids, rows))
    return files


def _write(path: Path, rows: int, make: Callable[[int], pa.Table]) -> None:
    writer = None
    for start in range(0, rows, _CHUNK):
        table = make(min(_CHUNK, rows - start))
        writer = writer or arrow_csv.CSVWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _moments(random: np.random.Generator, rows: int) -> npt.NDArray[np.str_]:
    moments = (_START_US + random.integers(0, _SPAN_US, rows)).astype("datetime64[us]")
    return np.datetime_as_string(moments, unit="s")


def _events(random: np.random.Generator, ids: npt.NDArray[np.str_], rows: int) -> pa.Table:
    return pa.table(
        {
            "entity_id": ids[random.integers(0, len(ids), rows)],
            "event_type": np.array(["payment", "login", "refund", "call"])[random.integers(0, 4, rows)],
            "value": random.normal(100, 30, rows).round(2),
            "timestamp": _moments(random, rows),
        }
    )


def _interactions(random: np.random.Generator, ids: npt.NDArray[np.str_], rows: int) -> pa.Table:
    return pa.table(
        {
            "source_id": ids[random.integers(0, len(ids), rows)],
            "target_id": ids[random.integers(0, len(ids), rows)],
            "interaction_type": np.array(["transfer", "call", "shares address"])[random.integers(0, 3, rows)],
            "weight": random.exponential(10, rows).round(3),
            "timestamp": _moments(random, rows),
        }
    )


def write_targets(path: Path, entities: int) -> None:
    """A label for every entity of :func:`write_tables`: three in ten are positive, at random."""
    random = np.random.default_rng(1)
    ids = np.array([f"account-{number:06d}" for number in range(entities)])
    label = (random.random(entities) < 0.3).astype(np.int64)
    arrow_csv.write_csv(pa.table({"entity_id": ids, "y_class": label}), path)
