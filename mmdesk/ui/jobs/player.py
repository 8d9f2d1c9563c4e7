"""Playing sounds and films: this end of a process that does it (see :mod:`mmdesk.ui.jobs.player_process`)."""

from __future__ import annotations

import atexit
import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage

from mmdesk.ui.jobs.player_process import serve
from mmdesk.ui.language import tr

# Loaded with the first file that is played: the window is seen the sooner.
if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

_GOODBYE_S = 1.0
_LOST = tr(
    "The process that plays ended before its time; the file may be damaged. What the model saw of it stays shown."
)


class Player(QObject):
    """Plays one file at a time; nothing here waits for it.

    Signals, all on the window's thread: ``ready`` (length in seconds, whether it can be heard), ``moved`` (seconds),
    ``pictured`` (a QImage and its seconds), ``paused``, ``ended``, ``failed`` (why, in words).
    """

    ready = Signal(float, bool)
    moved = Signal(float)
    pictured = Signal(QImage, float)
    paused = Signal()
    ended = Signal()
    failed = Signal(str)
    _said = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._process: BaseProcess | None = None
        self._thread: threading.Thread | None = None
        self._busy = False  # the thread is there, and will send what waits
        self._waiting: list[tuple[object, ...]] = []
        self._run_number = 0  # of the process that is there or was there last
        self._path: Path | None = None
        self._path_run = 0  # the process that has the file; what an earlier one still said is of another
        self._said.connect(self._on_said, Qt.ConnectionType.QueuedConnection)

    def play(self, path: Path, start_s: float) -> None:
        """Play a file from a moment on."""
        if path != self._path:
            self._path = path
            self._path_run = self._send("open", str(path))
        self._send("play", float(start_s))

    def pause(self) -> None:
        """Stay where it is."""
        if self._path is not None:
            self._send("pause")

    def seek(self, time_s: float) -> None:
        """Go to a moment of the file that is played; nothing happens before one is."""
        if self._path is not None:
            self._send("seek", float(time_s))

    def forget(self) -> None:
        """Another file is looked at: be quiet, and open even the same one anew."""
        self.pause()
        self._path = None

    def close(self) -> None:
        """End the process and the thread."""
        self._send("exit", start=False)
        self._path = None
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _send(self, *message: object, start: bool = True) -> int:
        """Send a message, or keep it for the process that is being started; which process gets it."""
        with self._lock:
            if self._connection is not None:
                with contextlib.suppress(OSError):
                    self._connection.send(message)
                return self._run_number
            if self._busy:
                self._waiting.append(message)
                return self._run_number + 1
            if not start:
                return self._run_number
            self._busy, self._waiting = True, [message]
            run = self._run_number + 1
        # Starting a process takes longer than a picture may stand still.
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)
        self._thread.start()
        return run

    def _run(self) -> None:
        while True:
            self._be_there_for_a_process()
            with self._lock:
                # A file that was asked for between the end of the process and now wants another one.
                self._busy = any(message[0] == "open" for message in self._waiting)
                if not self._busy:
                    return

    def _be_there_for_a_process(self) -> None:
        """Start the process that plays, and say what it says, until it ends."""
        import multiprocessing

        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=serve, args=(theirs,), name="player", daemon=True)
        process.start()
        theirs.close()
        atexit.register(process.kill)
        leaving = False
        try:
            with self._lock:
                self._run_number += 1
                self._connection, self._process = ours, process
                waiting, self._waiting = self._waiting, []
                for message in waiting:
                    ours.send(message)
            while True:
                said = ours.recv()
                self._said.emit(self._run_number, said)
                leaving = said[0] == "failed"
        except (EOFError, OSError):
            pass
        with self._lock:
            self._connection = self._process = None
        process.join(_GOODBYE_S)
        process.kill()
        process.join()
        atexit.unregister(process.kill)
        ours.close()
        if process.exitcode != 0 and not leaving:
            self._said.emit(self._run_number, ("failed", _LOST))

    @Slot(int, object)
    def _on_said(self, run: int, said: tuple[object, ...]) -> None:
        if self._path is None or run != self._path_run:
            if said[0] == "picture":
                self._send("drawn", start=False)
            return
        match said:
            case ("ready", float(length_s), bool(sounds)):
                self.ready.emit(length_s, sounds)
            case ("at", float(time_s)):
                self.moved.emit(time_s)
            case ("picture", float(time_s), int(width), int(height), bytes(rows)):
                self.pictured.emit(QImage(rows, width, height, 3 * width, QImage.Format.Format_RGB888).copy(), time_s)
                self._send("drawn", start=False)
            case ("paused",):
                self.paused.emit()
            case ("ended",):
                self.ended.emit()
            case ("failed", str(text)):
                self._path = None
                self.failed.emit(text)
