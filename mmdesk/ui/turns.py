"""One turn of the window's event loop after the other, so that no single one is long."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

_PAUSE_MS = 1
"""Not 0: Qt does what is due at once together with what is due already, as one turn."""


def next_turn(owner: QObject, then: Callable[[], object]) -> None:
    """Do ``then`` in a turn of its own, after the window has answered to what it was asked meanwhile.

    Args:
        owner: Nothing is done once it is gone.
        then: What is to be done.
    """
    QTimer.singleShot(_PAUSE_MS, owner, then)
