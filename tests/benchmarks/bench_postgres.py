"""Three tables from CSV into a PostgreSQL case with all checks, against raw COPY, which checks nothing."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks import imports, postgres_peer
from tests.benchmarks.figures import Extent, Figure, rates, turns_of
from tests.benchmarks.table_files import Sizes, write_tables
from tests.engine.conftest import server_url, serving

_QUOTED_RATE = 560_000
"""Rows a second of a plain ``COPY``. Source: the project's blueprint, measured on this kind of machine."""


def measure(folder: Path, extent: Extent) -> list[Figure]:
    """Rows a second of both, in turns."""
    with serving() as server:
        return _measure(folder, extent, server_url(server))


def _measure(folder: Path, extent: Extent, url: str) -> list[Figure]:
    sizes = Sizes().scaled(extent.scale)
    files = write_tables(folder, sizes)
    imports.load(folder / "case", files, url=url)  # loads the modules, and leaves the rows that the peer gets
    copied = postgres_peer.prepare(folder / "case", url, folder / "peer")

    def peer() -> float:
        imports.remove(folder / "copied", url)
        return postgres_peer.load(folder / "copied", url, copied)

    turns = turns_of(
        {
            "ours": lambda: imports.load(folder / "case", files, url=url),
            "peer": peer,
            "plain": lambda: postgres_peer.load_plain(url, files.events),
        },
        extent.rounds,
    )
    plain = sizes.events / turns["plain"].best
    return [
        rates(f"{sizes.rows:,} rows into PostgreSQL", sizes.rows, turns["ours"], turns["peer"], "raw COPY", 0.8),
        Figure("sanity: COPY of events into a bare table", "rows/s", plain, _QUOTED_RATE, "the quoted rate"),
    ]
