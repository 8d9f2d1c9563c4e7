"""The far side of the player: plays one file in a process of its own, where a decoder's fault takes no window along.

What goes over the pipe are tuples that start with a word:

from the window   ``("open", path)``, ``("play", seconds)``, ``("pause",)``, ``("seek", seconds)``, ``("drawn",)`` once
                  a picture was shown, ``("exit",)``
to the window     ``("ready", length_s, sounds)`` (whether anything can be heard), ``("at", seconds)``,
                  ``("picture", seconds, width, height, rgb)``, ``("paused",)``, ``("ended",)``, ``("failed", text)``
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from PySide6.QtMultimedia import QMediaPlayer, QVideoFrame

_POLL_MS = 15
_TELL_MS = 40
_WIDEST = 960
_MEMORY_BYTES = 2 << 30
"""On top of what the process has with everything loaded; as much as one decoding for the features may take."""


def serve(connection: Connection) -> None:
    """The process's main function: play until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        os.environ["QT_QPA_PLATFORM"] = "offscreen"  # it shows nothing itself
    os.environ["QT_LOGGING_RULES"] = "qt.multimedia.*=false"
    # A file that names others, or an address, is not followed.
    os.environ["QT_FFMPEG_PROTOCOL_WHITELIST"] = "file"
    try:
        from PySide6.QtGui import QGuiApplication
        from PySide6.QtMultimedia import QMediaPlayer
    except ImportError as error:
        connection.send(("failed", f"Playing needs a library that is not on this system: {error}."))
        return
    application = QGuiApplication([])
    media = QMediaPlayer()
    if not media.isAvailable():  # the backend is a plugin, which says nothing when it does not load
        connection.send(("failed", "Playing needs a part of Qt that is not on this system: its backend for media."))
        return
    player = _Player(connection, media, application)
    _limit_memory()
    application.exec()
    player.close()
    connection.close()
    os._exit(0)  # the backend's threads would keep it


def _limit_memory() -> None:
    from mmdesk.engine.core.memory import address_space_with

    limit = address_space_with(_MEMORY_BYTES)
    if limit is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


class _Player:
    """Does what it is told and tells where it stands."""

    def __init__(self, connection: Connection, media: QMediaPlayer, application: object) -> None:
        from PySide6.QtCore import QFile, QTimer
        from PySide6.QtMultimedia import QAudioOutput, QMediaDevices, QVideoSink

        self._connection, self._media, self._application = connection, media, application
        self._file: BinaryIO | None = None
        self._device: QFile | None = None
        self._start_ms = 0
        self._loaded = False
        self._wanted = False
        self._drawn = True
        self._sounds = not QMediaDevices.defaultAudioOutput().isNull()
        if self._sounds:
            media.setAudioOutput(QAudioOutput(media))
        self._sink = QVideoSink(media)
        media.setVideoSink(self._sink)
        self._sink.videoFrameChanged.connect(self._on_frame)
        media.errorOccurred.connect(lambda _error, text: self._send("failed", str(text)))
        media.mediaStatusChanged.connect(self._on_status)
        self._timers = [QTimer(), QTimer()]
        for timer, every, what in zip(self._timers, (_POLL_MS, _TELL_MS), (self._hear, self._tell), strict=True):
            timer.timeout.connect(what)
            timer.start(every)

    def close(self) -> None:
        """Let go of the file."""
        self._media.stop()
        if self._device is not None:
            self._device.close()
        if self._file is not None:
            self._file.close()

    def _send(self, *message: object) -> None:
        try:
            self._connection.send(message)
        except OSError:
            self._leave()

    def _leave(self) -> None:
        from PySide6.QtCore import QCoreApplication

        QCoreApplication.quit()

    def _hear(self) -> None:
        try:
            while self._connection.poll():
                self._obey(self._connection.recv())
        except (EOFError, OSError):
            self._leave()

    def _obey(self, message: tuple[object, ...]) -> None:
        match message:
            case ("open", str(path)):
                self._open(path)
            case ("play", float(seconds)):
                self._wanted = True
                self._go(seconds)
            case ("pause",):
                self._wanted = False
                self._media.pause()
                self._send("paused")
            case ("seek", float(seconds)):
                self._go(seconds)
            case ("drawn",):
                self._drawn = True
            case _:
                self._leave()

    def _open(self, path: str) -> None:
        from PySide6.QtCore import QFile, QIODevice, QUrl

        self.close()
        self._loaded = self._wanted = False
        self._drawn = True
        try:
            # The player takes an open file and never a name: one that is encrypted comes in here.
            self._file = Path(path).open("rb")  # noqa: SIM115
        except OSError as error:
            self._send("failed", f"The file cannot be opened: {error.strerror or error}.")
            return
        self._device = QFile()
        self._device.open(self._file.fileno(), QIODevice.OpenModeFlag.ReadOnly, QFile.FileHandleFlag.DontCloseHandle)
        self._media.setSourceDevice(self._device, QUrl())

    def _go(self, seconds: float) -> None:
        self._start_ms = max(round(seconds * 1000), 0)
        if self._loaded:
            self._media.setPosition(self._start_ms)
            if self._wanted:
                self._media.play()

    def _on_status(self, status: object) -> None:
        from PySide6.QtMultimedia import QMediaPlayer

        if status == QMediaPlayer.MediaStatus.LoadedMedia and not self._loaded:
            self._loaded = True
            self._send("ready", self._media.duration() / 1000, self._sounds)
            self._go(self._start_ms / 1000)
        elif status == QMediaPlayer.MediaStatus.EndOfMedia and self._wanted:
            self._finish()

    def _tell(self) -> None:
        if not (self._wanted and self._loaded):
            return
        self._send("at", self._media.position() / 1000)
        # Without a sound device nothing takes the last samples, and the end of a sound is never told.
        if 0 < self._media.duration() <= self._media.position():
            self._finish()

    def _finish(self) -> None:
        self._wanted = False
        self._media.pause()
        self._send("ended")

    def _on_frame(self, frame: QVideoFrame) -> None:
        """One picture at a time is on its way; what comes meanwhile is left out."""
        from PySide6.QtCore import Qt
        from PySide6.QtGui import QImage

        if not self._drawn or not frame.isValid():
            return
        image = frame.toImage()
        if image.isNull():
            return
        if image.width() > _WIDEST:
            image = image.scaledToWidth(_WIDEST, Qt.TransformationMode.SmoothTransformation)
        image = image.convertToFormat(QImage.Format.Format_RGB888)
        width, height, stride = image.width(), image.height(), image.bytesPerLine()
        rows = bytes(image.constBits())
        if stride != 3 * width:
            rows = b"".join(rows[y * stride : y * stride + 3 * width] for y in range(height))
        self._drawn = False
        self._send("picture", self._media.position() / 1000, width, height, rows)
