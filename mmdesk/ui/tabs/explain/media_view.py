"""The entity's files, the strongest first, each with what the model saw in it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSlider, QWidget

from mmdesk.ui import media_calls
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.file_pane import FilePane, Marks
from mmdesk.ui.formatting import data_time
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.language import tr
from mmdesk.ui.tabs.explain.items import ItemTable, Numbered
from mmdesk.ui.tabs.explain.wording import Scale
from mmdesk.ui.widgets.basics import ElidedLabel, boxed, column, row
from mmdesk.ui.widgets.picture import Tile
from mmdesk.ui.widgets.sound import Span
from mmdesk.ui.widgets.splitter import Splitter

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Item
    from mmdesk.engine.services.previews import Preview

_TILES = {"tile"}
_WINDOWS = {"window"}
_FRAMES = {"frame"}


class MediaView(QWidget):
    """The chosen file, and the list of them under it; ``picked`` carries the item's place."""

    picked = Signal(int)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._items: dict[int, Item] = {}
        self._scale = Scale(str, str, "")
        self._chosen: int | None = None
        self.items = ItemTable(tr("Files"), value="")
        self.items.picked.connect(self._on_items_picked)
        self.strength = QSlider(Qt.Orientation.Horizontal)
        self.strength.setRange(0, 100)
        self.strength.setValue(100)
        self.strength.setFixedWidth(90)
        self.strength.setPageStep(20)
        self.strength.setAccessibleName(tr("Strength of the heat map"))
        heat = boxed(row(None, ElidedLabel(tr("Heat map"), "muted"), self.strength, spacing=SPACE_S))
        self.pane = FilePane(desk.jobs.player, self._change, heat)
        self.strength.valueChanged.connect(lambda value: self.pane.picture.set_strength(value / 100))
        vertical = Qt.Orientation.Vertical
        column(self, Splitter("explain.media", (self.pane, self.items), (360, 80), grows=0, orientation=vertical))

    def show_items(self, items: Numbered, scale: Scale, largest: float) -> None:
        """Show these files, and the first of them."""
        self._items = dict(items)
        self._scale = scale
        self._chosen = None
        self.items.show_items(items, scale, largest)
        self.pane.playback.stop()
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
        self.pane.show_busy(item.label)
        self._desk.jobs.submit(
            Lane.QUICK, media_calls.preview_media, self._desk.session.folder, item.artifact_sha256, key="explain.media",
            owner=self, on_success=lambda seen: self._on_preview(item, seen), on_failure=self.pane.show_failure,
        )  # fmt: skip

    def _on_preview(self, item: Item, seen: Preview) -> None:
        tiles = [
            Tile(p.box, p.contribution, p.description) for p in item.parts if p.kind in _TILES and p.box is not None
        ]
        spans = [
            Span(p.start_s, p.end_s, p.contribution)
            for p in item.parts
            if p.kind in _WINDOWS and p.start_s is not None and p.end_s is not None
        ]
        facts = [data_time(item.time_us)] if item.time_us is not None else []
        marks = Marks(tiles, spans, partial(_at, item))
        self.pane.show_file(item.label, seen, facts=facts, marks=marks, note=self._rest(item))

    def _rest(self, item: Item) -> str:
        """The parts that no place in the picture stands for."""
        placed = _TILES | _WINDOWS | _FRAMES
        others = [part for part in item.parts if part.kind not in placed]
        said = [f"{translated(part.description)} {self._scale.change(part.contribution)}" for part in others[:4]]
        return tr("Besides: ") + ", ".join(said) if said else ""


def _at(item: Item, time_s: float) -> float | None:
    """The contribution of the frame at a moment."""
    near = [part for part in item.parts if part.kind in _FRAMES and part.time_s is not None]
    best = min(near, key=lambda part: abs((part.time_s or 0.0) - time_s), default=None)
    return best.contribution if best is not None and abs((best.time_s or 0.0) - time_s) < 0.05 else None
