"""One of the case's files beside their list: what it looks and sounds like, and all that is known of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from mmdesk.engine.services.media_facts import fact_lines
from mmdesk.ui import choosers, media_calls
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_words import in_capitals
from mmdesk.ui.file_pane import FilePane
from mmdesk.ui.formatting import size
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.language import tr
from mmdesk.ui.media_calls import state_of
from mmdesk.ui.models.columns import Column
from mmdesk.ui.tabs.importing.media_columns import reason_of
from mmdesk.ui.widgets.basics import Button, boxed, column, row
from mmdesk.ui.widgets.splitter import Splitter
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.services.media_imports import ArtifactRow


class MediaDetails(QWidget):
    """The chosen file above, its facts below."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._item: ArtifactRow | None = None
        self.pane = FilePane(desk.jobs.player, _unmarked)
        self.facts = Table(tr("Facts of the file"))
        self.save = Button(tr("Save a copy…"), self._on_save, icon="export")
        self._below = boxed(column(None, self.facts, row(None, None, self.save), spacing=SPACE_S))
        parts = (self.pane, self._below)
        column(self, Splitter("import.media.file", parts, (330, 200), grows=0, orientation=Qt.Orientation.Vertical))
        self.show_file(None)

    def show_file(self, item: ArtifactRow | None) -> None:
        """Show another file; None = none is chosen."""
        before, self._item = self._item, item
        self._below.setVisible(item is not None)
        self.facts.set_columns([] if item is None else _fact_columns(item))
        if item is None:
            self._desk.jobs.supersede("media.file")
            self.pane.playback.stop()
            self.pane.banner.hide()
            self.pane.state.show_empty("media", tr("No file is chosen"), tr("Choose one in the list to look at it."))
        elif before is None or before.sha256 != item.sha256:
            self.pane.show_busy(item.name)
            self._desk.jobs.submit(
                Lane.QUICK, media_calls.preview_media, self._desk.session.folder, item.sha256, key="media.file",
                owner=self, on_success=partial(self.pane.show_file, item.name), on_failure=self.pane.show_failure,
            )  # fmt: skip

    def _on_save(self) -> None:
        item = self._item
        if item is None:
            return
        name = Path(item.name.replace("\\", "/")).name or item.sha256[:12]
        choosers.choose_new_file(self, self._desk.settings, tr("Save a copy"), name, partial(self._copy, item.sha256))

    def _copy(self, sha256: str, path: Path) -> None:
        self._desk.jobs.submit(
            Lane.IO, media_calls.copy_artifact, self._desk.session.folder, sha256, path, title=tr("Saving a copy"),
            owner=self, on_failure=self._desk.tell_failure,
            on_success=lambda _bytes: self._desk.tell(tr("Copy written: {path}", path=path), "save", "good"),
        )  # fmt: skip


def _unmarked(_value: float) -> str:
    return ""


def _fact_columns(item: ArtifactRow) -> list[Column]:
    why, facts = reason_of(item), fact_lines(item.details)
    lines = [
        (tr("Name"), "; ".join(dict.fromkeys(item.names)) or item.name),
        (tr("Entity"), ", ".join(item.entities)),
        (tr("Type"), item.content_type),
        (tr("Size"), size(item.size_bytes)),
        (tr("Features"), in_capitals(state_of(item))),
        *([(tr("Why"), why)] if why else []),
        ("SHA-256", item.sha256),
        *((in_capitals(word), text) for word, text in facts),
    ]
    show: Callable[[object], str] = str
    return [
        Column(tr("Fact"), [name for name, _ in lines], show=show),
        Column(tr("Value"), [text for _, text in lines], tip=show),
    ]
