"""Playing the file that is looked at: a button, a slider, where it stands, and why it cannot be heard or played."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QHideEvent, QImage
from PySide6.QtWidgets import QSlider, QWidget

from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.formatting import duration, in_seconds
from mmdesk.ui.icons import put_icon
from mmdesk.ui.jobs.player import Player
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import ElidedLabel, IconButton, Label, row

_STEPS_A_SECOND = 20
_NO_DEVICE = tr("There is no sound device, so it plays silently.")


class Playback(QWidget):
    """``stood`` carries where it stands in seconds, ``pictured`` a film's picture."""

    stood = Signal(float)
    pictured = Signal(QImage)

    def __init__(self, player: Player) -> None:
        super().__init__()
        self._player = player
        self._path: Path | None = None
        self._length_s = 0.0
        self._at_s = 0.0
        self.playing = False
        self.button = IconButton("play", tr("Play"), self.toggle)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(tr("Position in the recording"))
        self.slider.valueChanged.connect(lambda value: self.seek(value / _STEPS_A_SECOND))
        self._time = Label("", "muted")
        self.said = ElidedLabel("", "small")
        bar = row(self, self.button, self.slider, self._time, self.said, spacing=SPACE_S)
        bar.setStretch(1, 1)
        bar.setStretch(3, 1)
        player.ready.connect(self._on_player_ready)
        player.moved.connect(self._on_player_moved)
        player.pictured.connect(self._on_player_pictured)
        player.ended.connect(self._on_player_ended)
        player.failed.connect(self._on_player_failed)

    def show_file(self, path: Path | None, length_s: float) -> None:
        """Another file, or none that could be played."""
        self.stop()
        self._path, self._length_s = path, length_s
        self.setVisible(path is not None)
        self._say("")
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(round(length_s * _STEPS_A_SECOND), 1))
            self.slider.setSingleStep(_STEPS_A_SECOND // 2)
            self.slider.setPageStep(max(round(length_s * _STEPS_A_SECOND / 10), 1))
        self._stand(0.0)

    def toggle(self) -> None:
        """Play from where it stands, or pause."""
        if self._path is None:
            return
        if self.playing:
            self._player.pause()
            self._set_playing(False)
            return
        start_s = 0.0 if self._at_s >= self._length_s - 0.05 else self._at_s
        self._say("")
        self._set_playing(True)
        self._player.play(self._path, start_s)

    def seek(self, time_s: float) -> None:
        """Stand somewhere else; what plays goes on from there."""
        self._stand(min(max(time_s, 0.0), self._length_s))
        if self.playing:
            self._player.seek(self._at_s)

    def stop(self) -> None:
        """Be quiet."""
        if self._path is not None:
            self._player.forget()
        self._set_playing(False)

    def hideEvent(self, event: QHideEvent) -> None:
        """What is not seen is not heard."""
        super().hideEvent(event)
        if self.playing:
            self._player.pause()
            self._set_playing(False)

    def _set_playing(self, playing: bool) -> None:
        self.playing = playing
        put_icon(self.button, "pause" if playing else "play")
        self.button.setAccessibleName(tr("Pause") if playing else tr("Play"))
        self.button.setToolTip(tr("Pause") if playing else tr("Play"))

    def _stand(self, time_s: float) -> None:
        self._at_s = time_s
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(time_s * _STEPS_A_SECOND))
        short = self._length_s < 60
        words = (in_seconds(s) if short else duration(s) for s in (time_s, self._length_s))
        self._time.setText(tr(" of ").join(words))
        self.stood.emit(time_s)

    def _say(self, text: str, kind: str = "small") -> None:
        self.said.set_text(text)
        self.said.set_kind(kind)
        self.said.setVisible(bool(text))

    def _on_player_ready(self, _length_s: float, sounds: bool) -> None:
        if self.playing and not sounds:
            self._say(_NO_DEVICE, "warn")

    def _on_player_moved(self, time_s: float) -> None:
        if self.playing:
            self._stand(min(time_s, self._length_s))

    def _on_player_pictured(self, image: QImage, _time_s: float) -> None:
        if self._path is not None:
            self.pictured.emit(image)

    def _on_player_ended(self) -> None:
        if self.playing:
            self._set_playing(False)
            self._stand(self._length_s)

    def _on_player_failed(self, text: str) -> None:
        if self.playing:
            self._set_playing(False)
            self._say(
                tr("It cannot be played here: {text}. The file is shown as the model read it.", text=text.rstrip(".")),
                "bad",
            )
