"""A case's tables to Parquet, against pyarrow alone writing the same rows that it finds in Parquet files."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks import imports, peak
from tests.benchmarks.figures import Extent, Figure
from tests.benchmarks.table_files import Sizes, write_tables

_SIZES = Sizes()
_LARGER = 4


def measure(folder: Path, extent: Extent) -> list[Figure]:
    """Rows a second and MiB, in fresh processes; what a case of four times the size needs more."""
    figures: list[Figure] = []
    peaks: list[float] = []
    for factor in (1, _LARGER):
        sizes = _SIZES.scaled(extent.scale * factor)
        ours, peer = _export(folder / str(factor), sizes, extent.rounds)
        what = f"{sizes.rows:,} rows to Parquet"
        figures.append(
            Figure(what, "rows/s", sizes.rows / ours.seconds, sizes.rows / peer.seconds, "pyarrow from and to Parquet")
        )
        figures.append(Figure("  its memory", "MiB", ours.peak_mib, peer.peak_mib, "pyarrow's", lower=True))
        peaks.append(ours.peak_mib)
    return [*figures, Figure("memory of four times the rows", "MiB", peaks[1], peaks[0], "of once", 1.5, lower=True)]


def _export(folder: Path, sizes: Sizes, rounds: int) -> tuple[peak.Peak, peak.Peak]:
    """Ours and pyarrow's best time and highest memory."""
    folder.mkdir()
    case, out, copy = folder / "case", folder / "out", folder / "copy"
    imports.load(case, write_tables(folder, sizes))
    copy.mkdir()
    ours, peer = [], []
    for _ in range(rounds):
        ours.append(peak.measure("export", case, out))
        peer.append(peak.measure("write-parquet", out, copy))
    return peak.best(ours), peak.best(peer)
