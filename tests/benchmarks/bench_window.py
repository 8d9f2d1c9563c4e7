"""Start of the window against an empty PySide6 main window; a tour of it on a large case, while other work goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from mmdesk.engine.services.runs import train
from mmdesk.engine.services.table_imports import TableFiles, import_tables
from tests.benchmarks import imports
from tests.benchmarks.figures import Extent, Figure, best_time
from tests.benchmarks.peak import watched
from tests.benchmarks.table_files import Sizes, write_tables, write_targets

_SIZES = Sizes(entities=1_000_000, events=5_000_000, interactions=0)
_MORE = Sizes(entities=1, events=500_000, interactions=0)
_LABELLED = 5_000
_BLOCK_MS, _STEP_MS, _LIMIT_MIB = 50.0, 200.0, 2.5e9 / (1 << 20)

_EMPTY = """
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication(["x", "-platform", "offscreen"])
window = QMainWindow()
window.show()
QTimer.singleShot(0, app.quit)
app.exec()
"""
_OURS = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from PySide6.QtCore import QTimer
from mmdesk.ui.app import application, make_window
app = application()
window = make_window(app)
window.show()
QTimer.singleShot(0, window.close)
app.exec()
assert "torch" not in sys.modules
"""


def measure(folder: Path, extent: Extent) -> list[Figure]:
    """Starts a second of both, the goal is ours within three times the empty one's; then the tour, once."""

    def seconds(code: str) -> float:
        return best_time(
            lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True), extent.rounds
        )

    starts = 100 / seconds(_OURS), 100 / seconds(_EMPTY)
    return [Figure("window shown and closed", "starts/100s", *starts, "empty", 1 / 3), *_tour(folder, extent)]


def _tour(folder: Path, extent: Extent) -> list[Figure]:
    case, more = _case(folder, _SIZES.scaled(extent.scale), _MORE.scaled(extent.scale))
    printed, peak_mib = watched([sys.executable, "-W", "ignore", "-m", "tests.benchmarks.tour", str(case), str(more)])
    seen = json.loads(printed.splitlines()[-1])
    size = f"{seen['entities']:,} entities"

    def worst(what: str, kind: str, value: str, limit: float | None = None) -> Figure:
        """The stage in which ``value`` of the longest turn of that kind is largest."""
        stage, turns = max(seen["stages"].items(), key=lambda one: float(one[1][kind][value]))
        return Figure(
            f"{size}: {what} ({stage})", "ms", turns[kind][value], limit or _BLOCK_MS, "the limit",
            None if limit is None else 1.0, lower=True,
        )  # fmt: skip

    slowest = max(seen["steps"], key=lambda one: float(seen["steps"][one]))
    return [
        worst("longest work of the window's thread", "busiest", "own", _BLOCK_MS),
        worst("longest block but for the queue for a processor", "ours", "ours"),
        worst("longest block of the window", "longest", "wall"),
        worst("of that, in the queue for a processor", "longest", "queued"),
        Figure(
            f"{size}: slowest sort, filter or search ({slowest})", "ms", seen["steps"][slowest], _STEP_MS, "the limit",
            1.0, lower=True,
        ),
        Figure(f"{size}: memory with all lanes", "MiB", peak_mib, _LIMIT_MIB, "the limit of 2.5 GB", 1.0, lower=True),
    ]  # fmt: skip


def _case(folder: Path, sizes: Sizes, more: Sizes) -> tuple[Path, Path]:
    """A case with a finished run, and a file of events that are new to it."""
    files = write_tables(folder, sizes)
    imports.make(folder / "case")
    imports.bring(folder / "case", files)
    write_targets(folder / "targets.csv", min(sizes.entities, _LABELLED))
    import_tables(folder / "case", TableFiles(targets=folder / "targets.csv"), actor="bench")
    train(folder / "case", {"epochs": 2, "baseline": False}, actor="bench")
    (folder / "more").mkdir()
    return folder / "case", write_tables(folder / "more", more).events
