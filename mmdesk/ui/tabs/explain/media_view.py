"""The entity's files, the strongest first, each with what the model saw in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QPlainTextEdit, QSlider, QStackedWidget, QWidget

from mmdesk.engine.explanation.references import Custody
from mmdesk.ui import calls
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.formatting import data_time, duration, shown, size
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr
from mmdesk.ui.tabs.explain.items import ItemTable, Numbered
from mmdesk.ui.tabs.explain.playback import Playback
from mmdesk.ui.tabs.explain.wording import Scale, custody_said
from mmdesk.ui.widgets.basics import ElidedLabel, Label, boxed, column, frame, row, zoom_buttons
from mmdesk.ui.widgets.media import Frame, FrameGrid, Screen
from mmdesk.ui.widgets.notice import Picture, Stateful
from mmdesk.ui.widgets.picture import Tile, TiledPicture
from mmdesk.ui.widgets.sound import Sound, SoundView, Span
from mmdesk.ui.widgets.splitter import Splitter

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Item
    from mmdesk.engine.services.previews import Preview

_TILES = {"tile"}
_WINDOWS = {"window"}
_FRAMES = {"frame"}
_NEARER = 1.5
_LOST = {"store.file_missing": Custody.NOT_FOUND, "usage.no_such_artifact": Custody.UNKNOWN}


class MediaView(QWidget):
    """Files on the left, the chosen one on the right; ``picked`` carries the item's place."""

    picked = Signal(int)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._items: dict[int, Item] = {}
        self._scale = Scale(str, str, "")
        self._chosen: int | None = None
        self.items = ItemTable(tr("Files"), value="")
        self.items.picked.connect(self._on_items_picked)
        self.picture = TiledPicture(self._change)
        self.sound = SoundView(self._change)
        self.frames = FrameGrid(self._change)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("Beginning of the file"))
        self._stack = QStackedWidget()
        self.film = Screen(tr("Film"))
        self.film.hide()
        self._film_page = boxed(column(None, self.film, self.frames, spacing=SPACE_S))
        for widget in (self.picture, self.sound, self._film_page, self.text):
            self._stack.addWidget(widget)
        self.playback = Playback(desk.jobs.player)
        self.playback.stood.connect(self.sound.stand)
        self.playback.pictured.connect(self._on_playback_pictured)
        self.sound.sought.connect(self.playback.seek)
        self.sound.toggled.connect(self.playback.toggle)
        self.frames.picked.connect(self.playback.seek)
        self._title = ElidedLabel("", "strong", Qt.TextElideMode.ElideMiddle)
        self._facts = ElidedLabel("", "small")
        self._whole = Label("", "small", wrap=True)
        self._overlay = self._picture_tools()
        head = row(None, column(None, self._title, self._facts, spacing=0), self._overlay)
        head.setStretch(0, 1)
        shown_file = column(None, head, self._stack, self.playback, self._whole, spacing=SPACE_S)
        shown_file.setStretch(1, 1)
        self._state = Stateful(boxed(shown_file))
        self._banner = frame("notice")
        self._warning = Label("", "bad", wrap=True)
        warning = row(self._banner, Picture("warning", "bad", 18), self._warning, margin=SPACE_S)
        warning.setStretch(1, 1)
        self._banner.hide()
        shown = boxed(column(None, self._banner, self._state, spacing=SPACE_S))
        vertical = Qt.Orientation.Vertical
        column(self, Splitter("explain.media", (shown, self.items), (360, 80), grows=0, orientation=vertical))

    def _picture_tools(self) -> QWidget:
        """How strong the heat map is, and zooming."""
        self.strength = QSlider(Qt.Orientation.Horizontal)
        self.strength.setRange(0, 100)
        self.strength.setValue(100)
        self.strength.setFixedWidth(90)
        self.strength.setPageStep(20)
        self.strength.setAccessibleName(tr("Strength of the heat map"))
        self.strength.valueChanged.connect(lambda value: self.picture.set_strength(value / 100))
        zoom = zoom_buttons(
            tr("the picture"),
            lambda: self.picture.zoom(_NEARER),
            lambda: self.picture.zoom(1 / _NEARER),
            self.picture.fit,
        )
        return boxed(row(None, Label(tr("Heat map"), "muted"), self.strength, zoom, spacing=SPACE_S))

    def show_items(self, items: Numbered, scale: Scale, largest: float) -> None:
        """Show these files, and the first of them."""
        self._items = dict(items)
        self._scale = scale
        self._chosen = None
        self.items.show_items(items, scale, largest)
        self.playback.stop()
        if items:
            self.choose(items[0][0])

    def choose(self, place: int) -> bool:
        """Show one file."""
        if not self.items.choose(place):
            return False
        self._show(place)
        return True

    def _change(self, value: float) -> str:
        return self._scale.change(value)

    def _on_items_picked(self, place: int) -> None:
        self._show(place)
        self.picked.emit(place)

    def _show(self, place: int) -> None:
        item = self._items[place]
        if place == self._chosen or item.artifact_sha256 is None:
            return
        self._chosen = place
        self.playback.stop()
        self._warn("")
        self._state.show_busy(tr("Opening {label}", label=shown(item.label, 60)))
        self._desk.jobs.submit(
            Lane.QUICK, calls.preview_media, self._desk.session.folder, item.artifact_sha256, key="explain.media",
            owner=self, on_success=lambda seen: self._on_preview(item, seen), on_failure=self._on_failed,
        )  # fmt: skip

    def _on_playback_pictured(self, image: QImage) -> None:
        self.film.show_image(image)
        self.film.show()

    def _warn(self, text: str) -> None:
        self._warning.setText(text)
        self._banner.setVisible(bool(text))

    def _on_failed(self, failure: Failure) -> None:
        if failure.code in _LOST:
            self._warn(custody_said(_LOST[failure.code], imported=False))
        self._state.show_error(failure.message, failure.hint, failure.details)

    def _on_preview(self, item: Item, seen: Preview) -> None:
        self._title.set_text(item.label)
        facts = [
            tr("hash checked") if seen.intact else tr("hash does not match"),
            seen.content_type,
            size(seen.size_bytes),
        ]
        if seen.length_s:
            facts.append(duration(seen.length_s) if seen.length_s >= 10 else f"{seen.length_s:.1f} s")
        if item.time_us is not None:
            facts.append(data_time(item.time_us))
        self._warn("" if seen.intact else custody_said(Custody.ALTERED, imported=False))
        self._facts.set_text(" · ".join(facts))
        self._facts.set_kind("small" if seen.intact else "bad")
        self._overlay.setVisible(seen.pixels is not None)
        self._whole.setText(self._rest(item))
        self._whole.setVisible(bool(self._whole.text()))
        playable = seen.length_s > 0 and seen.media_type in {"audio", "video"}
        self.film.hide()
        self.playback.show_file(Path(seen.path) if playable else None, seen.length_s)
        if seen.problem:
            self._state.show_empty("file", seen.problem, tr("The file itself is kept in the case as it came."))
            return
        self._fill(item, seen)
        self._state.show_content()

    def _fill(self, item: Item, seen: Preview) -> None:
        if seen.pixels is not None:
            tiles = [
                Tile(p.box, p.contribution, p.description) for p in item.parts if p.kind in _TILES and p.box is not None
            ]
            self.picture.show_picture(seen.pixels, tiles)
            self._stack.setCurrentWidget(self.picture)
        elif seen.lows is not None and seen.highs is not None:
            spans = [
                Span(p.start_s, p.end_s, p.contribution)
                for p in item.parts
                if p.kind in _WINDOWS and p.start_s is not None and p.end_s is not None
            ]
            sound = Sound(seen.lows, seen.highs, seen.length_s, seen.spectrum, seen.band_hz)
            self.sound.show_sound(sound, spans)
            self._stack.setCurrentWidget(self.sound)
        elif seen.frames:
            self.frames.show_frames([Frame(f.pixels, f.time_s, _at(item, f.time_s)) for f in seen.frames])
            self._stack.setCurrentWidget(self._film_page)
        else:
            self.text.setPlainText(seen.text)
            self._stack.setCurrentWidget(self.text)

    def _rest(self, item: Item) -> str:
        """The parts that no place in the picture stands for."""
        placed = _TILES | _WINDOWS | _FRAMES
        others = [part for part in item.parts if part.kind not in placed]
        said = [f"{part.description} {self._scale.change(part.contribution)}" for part in others[:4]]
        return tr("Besides: ") + ", ".join(said) if said else ""


def _at(item: Item, time_s: float) -> float | None:
    """The contribution of the frame at a moment."""
    near = [part for part in item.parts if part.kind in _FRAMES and part.time_s is not None]
    best = min(near, key=lambda part: abs((part.time_s or 0.0) - time_s), default=None)
    return best.contribution if best is not None and abs((best.time_s or 0.0) - time_s) < 0.05 else None
