"""Python's collector of cyclic garbage, kept on the window's thread.

Python collects in whichever thread happens to make objects, and garbage may hold widgets, which may only be deleted in
their own thread: a lane that reads the database then takes the window down with it.
Source: Qt's manual, Threads and QObjects; Python's manual, gc.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_LOOK_MS = 250


class Collector(QObject):
    """Collects on this thread as often as Python itself would, for as long as one of these is there.

    Args:
        parent: As of any QObject.
    """

    _there = 0

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        Collector._there += 1
        self.destroyed.connect(_let_go)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(_collect)
        self._timer.start()

    def rest(self, length_ms: int) -> None:
        """Collect nothing for a while, and never look again at what is there by then.

        Args:
            length_ms: Milliseconds.
        """
        self._timer.stop()
        QTimer.singleShot(length_ms, self, self._go_on)

    def _go_on(self) -> None:
        gc.freeze()
        self._timer.start()


def _collect() -> None:
    """The oldest generation that is due."""
    for generation, (count, limit) in reversed(list(enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True)))):
        if count > limit:
            gc.collect(generation)
            return


def _let_go() -> None:
    Collector._there -= 1
    if not Collector._there:
        gc.enable()
