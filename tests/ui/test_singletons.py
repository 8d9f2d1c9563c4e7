from __future__ import annotations

from tests.ui.fresh import printed_by


def test_a_window_outlives_a_hundred_thousand_calls() -> None:
    """Without the guard PySide6 6.12 on Python 3.11 ends the interpreter after some thousand."""
    script = """
import mmdesk.ui
from PySide6.QtCore import QObject, Signal
class Sender(QObject):
    told = Signal(int)
sender = Sender()
sender.told.connect(lambda number: None)
for number in range(100_000):
    sender.setObjectName("a")
    sender.told.emit(number)
print("alive")
"""
    assert printed_by(script) == "alive"


def test_importing_the_window_loads_nothing_heavy() -> None:
    script = """
import sys
import mmdesk.ui.window
heavy = ("torch", "cv2", "pandas", "sklearn", "pyarrow", "av", "sqlalchemy", "captum")
print([name for name in heavy if name in sys.modules])
"""
    assert printed_by(script) == "[]"
