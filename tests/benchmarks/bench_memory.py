"""The most memory that a fresh process needs to import ten million events, on both databases."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks import imports, peak
from tests.benchmarks.figures import Extent, Figure
from tests.benchmarks.table_files import Sizes, write_tables
from tests.engine.conftest import server_url, serving

_LIMIT_MIB = 1e9 / (1 << 20)
_SIZES = Sizes(events=10_000_000, interactions=0)


def measure(folder: Path, extent: Extent) -> list[Figure]:
    """MiB, once each: this does not depend on what else the machine does."""
    sizes = _SIZES.scaled(extent.scale)
    files = write_tables(folder, sizes)
    with serving() as server:
        found = {}
        for name, url in (("SQLite", None), ("PostgreSQL", server_url(server))):
            imports.make(folder / "case", url=url)
            found[name] = peak.measure("import", folder / "case", files.entities, files.events, files.rows)
            imports.remove(folder / "case", url)
    return [
        Figure(
            f"{sizes.rows:,} rows into {name} ({one.seconds:.0f} s)",
            "MiB", one.peak_mib, _LIMIT_MIB, "the limit of 1 GB", 1.0, lower=True,
        )
        for name, one in found.items()
    ]  # fmt: skip
