"""One evidence file to be looked at and listened to, with whatever is drawn on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QPlainTextEdit, QStackedWidget, QWidget

from mmdesk.engine.explanation.references import Custody
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.engine_words import custody_said
from mmdesk.ui.formatting import duration, in_seconds, shown, size
from mmdesk.ui.jobs.job import Failure
from mmdesk.ui.jobs.player import Player
from mmdesk.ui.language import tr
from mmdesk.ui.playback import Playback
from mmdesk.ui.widgets.basics import ElidedLabel, Label, boxed, column, frame, row, scrolled, zoom_buttons
from mmdesk.ui.widgets.media import Frame, FrameGrid, Screen
from mmdesk.ui.widgets.notice import Picture, Stateful
from mmdesk.ui.widgets.picture import Tile, TiledPicture
from mmdesk.ui.widgets.sound import Sound, SoundView, Span

if TYPE_CHECKING:
    from mmdesk.engine.services.previews import Preview

_NEARER = 1.5
_NEAR = 60
"""Above and below the middle of a frame, to be seen with it."""
_LOST = {"store.file_missing": Custody.NOT_FOUND, "usage.no_such_artifact": Custody.UNKNOWN}


def _nothing(_moment_s: float) -> float | None:
    return None


@dataclass(frozen=True)
class Marks:
    """What is drawn on a file: tiles of a picture, spans of a recording, the value of a film's frame by its moment."""

    tiles: Sequence[Tile] = ()
    spans: Sequence[Span] = ()
    at: Callable[[float], float | None] = _nothing


class FilePane(QWidget):
    """A picture, a recording, a film or the beginning of a text, playable, its hash checked.

    Args:
        player: Plays it.
        change: A mark's value in words.
        tools: Beside the buttons for zooming a picture.
    """

    def __init__(self, player: Player, change: Callable[[float], str], tools: QWidget | None = None) -> None:
        super().__init__()
        self.picture, self.sound, self.frames = TiledPicture(change), SoundView(change), FrameGrid(change)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("Beginning of the file"))
        self.film = Screen(tr("Film"))
        self.film.hide()
        frames = scrolled(self.frames)
        self.frames.stood.connect(lambda at: frames.ensureVisible(at.x(), at.y(), 0, _NEAR))
        side_by_side = row(None, self.film, frames, spacing=SPACE_S)  # below each other they are too low
        side_by_side.setStretch(0, 2)
        side_by_side.setStretch(1, 3)
        self._film_page = boxed(side_by_side)
        self._stack = QStackedWidget()
        for widget in (self.picture, self.sound, self._film_page, self.text):
            self._stack.addWidget(widget)
        self.playback = Playback(player)
        self.playback.stood.connect(self.sound.stand)
        self.playback.pictured.connect(self._on_playback_pictured)
        self.sound.sought.connect(self.playback.seek)
        self.sound.toggled.connect(self.playback.toggle)
        self.frames.picked.connect(self.playback.seek)
        self._title = ElidedLabel("", "strong", Qt.TextElideMode.ElideMiddle)
        self.facts = ElidedLabel("", "small")
        self._note = Label("", "small", wrap=True)
        zoom = zoom_buttons(
            tr("the picture"),
            lambda: self.picture.zoom(_NEARER),
            lambda: self.picture.zoom(1 / _NEARER),
            self.picture.fit,
        )
        self._tools = boxed(row(None, *(part for part in (tools, zoom) if part is not None), spacing=SPACE_S))
        head = row(None, column(None, self._title, self.facts, spacing=0), self._tools)
        head.setStretch(0, 1)
        content = column(None, head, self._stack, self.playback, self._note, spacing=SPACE_S)
        content.setStretch(1, 1)
        self.state = Stateful(boxed(content))
        self.banner = frame("notice")
        self.warning = Label("", "bad", wrap=True)
        warning = row(self.banner, Picture("warning", "bad", 18), self.warning, margin=SPACE_S)
        warning.setStretch(1, 1)
        self.banner.hide()
        column(self, self.banner, self.state, spacing=SPACE_S)

    def show_busy(self, name: str) -> None:
        """Another file is on its way."""
        self.playback.stop()
        self._warn("")
        self.state.show_busy(tr("Opening {label}", label=shown(name, 60)))

    def show_failure(self, failure: Failure) -> None:
        """It cannot be looked at."""
        if failure.code in _LOST:
            self._warn(custody_said(_LOST[failure.code], imported=False))
        self.state.show_error(failure.message, failure.hint, failure.details)

    def show_file(
        self, title: str, seen: Preview, *, facts: Sequence[str] = (), marks: Marks = Marks(), note: str = ""
    ) -> None:
        """Show a file.

        Args:
            title: What it is called.
            seen: What there is to look at.
            facts: To be said of it besides what every file has.
            marks: What is drawn on it.
            note: Under it.
        """
        self._title.set_text(title)
        said = [
            tr("hash checked") if seen.intact else tr("hash does not match"),
            seen.content_type,
            size(seen.size_bytes),
        ]
        if seen.length_s:
            said.append(duration(seen.length_s) if seen.length_s >= 10 else in_seconds(seen.length_s))
        self._warn("" if seen.intact else custody_said(Custody.ALTERED, imported=False))
        self.facts.set_text(" · ".join([*said, *facts]))
        self.facts.set_kind("small" if seen.intact else "bad")
        self._tools.setVisible(seen.pixels is not None)
        self._note.setText(note)
        self._note.setVisible(bool(note))
        playable = seen.length_s > 0 and seen.media_type in {"audio", "video"}
        self.film.hide()
        self.playback.show_file(Path(seen.path) if playable else None, seen.length_s)
        if seen.problem:
            self.state.show_empty("file", seen.problem, tr("The file itself is kept in the case as it came."))
            return
        self._fill(seen, marks)
        self.state.show_content()

    def _fill(self, seen: Preview, marks: Marks) -> None:
        if seen.pixels is not None:
            self.picture.show_picture(seen.pixels, marks.tiles)
            self._stack.setCurrentWidget(self.picture)
        elif seen.lows is not None and seen.highs is not None:
            sound = Sound(seen.lows, seen.highs, seen.length_s, seen.spectrum, seen.band_hz)
            self.sound.show_sound(sound, marks.spans)
            self._stack.setCurrentWidget(self.sound)
        elif seen.frames:
            self.frames.show_frames([Frame(f.pixels, f.time_s, marks.at(f.time_s)) for f in seen.frames])
            self._stack.setCurrentWidget(self._film_page)
        else:
            self.text.setPlainText(seen.text)
            self._stack.setCurrentWidget(self.text)

    def _on_playback_pictured(self, image: QImage) -> None:
        self.film.show_image(image)
        self.film.show()

    def _warn(self, text: str) -> None:
        self.warning.setText(text)
        self.banner.setVisible(bool(text))
