"""A case with a million events to a snapshot, against reading its rows by the fastest way known."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.benchmarks import imports, snapshots
from tests.benchmarks.figures import Extent, Figure, timed, turns_of
from tests.benchmarks.table_files import Sizes, write_tables
from tests.engine.conftest import server_url, serving

_SIZES = Sizes(interactions=0)
_QUOTED_RATE = 1_215_000
"""Rows a second of ``json_group_array`` and orjson. Source: the project's blueprint, on this kind of machine."""


def measure(folder: Path, extent: Extent) -> list[Figure]:
    """Seconds of both, in turns, per thousand; the goal is twice the reading."""
    sizes = _SIZES.scaled(extent.scale)
    files = write_tables(folder, sizes)
    with serving() as server:
        url = server_url(server)
        local, shared = folder / "sqlite", folder / "postgres"
        imports.load(local, files)
        imports.load(shared, files, url=url)
        readers: dict[str, Callable[[], int]] = {
            "read SQLite": partial(snapshots.read_sqlite, local),
            "read PostgreSQL": partial(snapshots.read_postgres, shared, url),
        }
        for read in readers.values():
            assert read() == sizes.rows
        snapshots.take(local)  # loads the modules
        turns = turns_of(
            {
                "SQLite": lambda: snapshots.take(local),
                "PostgreSQL": lambda: snapshots.take(shared),
                **{name: partial(timed, read) for name, read in readers.items()},
            },
            extent.rounds,
        )
    peers = {"SQLite": "json_group_array", "PostgreSQL": "COPY out"}
    figures = [
        Figure(
            f"{sizes.rows:,} rows from {name} to a snapshot", "ms", 1000 * turns[name].best,
            1000 * turns[f"read {name}"].best, peer, 2.0, lower=True,
            spread=(turns[name].spread, turns[f"read {name}"].spread),
        )
        for name, peer in peers.items()
    ]  # fmt: skip
    rate = sizes.rows / turns["read SQLite"].best
    return [*figures, Figure("sanity: json_group_array and orjson", "rows/s", rate, _QUOTED_RATE, "the quoted rate")]
