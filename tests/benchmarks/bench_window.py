"""Start of the window against an empty PySide6 main window, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.benchmarks.figures import Extent, Figure, best_time

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


def measure(_folder: Path, extent: Extent) -> list[Figure]:
    """Starts a second of both; the goal is ours within three times the empty one's."""

    def seconds(code: str) -> float:
        return best_time(
            lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True), extent.rounds
        )

    return [
        Figure("window shown and closed", "starts/100s", 100 / seconds(_OURS), 100 / seconds(_EMPTY), "empty", 1 / 3)
    ]
