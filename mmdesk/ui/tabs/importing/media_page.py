"""Media: files into the case, and features out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLineEdit, QProgressBar, QWidget

from mmdesk.engine.services.media_facts import fact_lines
from mmdesk.ui import calls, choosers
from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.deleting import ask_to_delete
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_words import in_capitals, in_words
from mmdesk.ui.formatting import duration, percent, shown, size
from mmdesk.ui.jobs.job import Failure, Job, Lane
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column
from mmdesk.ui.session import Concern
from mmdesk.ui.widgets.basics import Button, ElidedLabel, IconButton, Label, boxed, column, frame, row
from mmdesk.ui.widgets.fields import Choice, clearable
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.thumbnails import SIDE, ThumbnailTable

if TYPE_CHECKING:
    from mmdesk.engine.services.media_imports import ArtifactRow, ExtractReport, MediaReport

STATUS = {
    "pending": ("pending", "muted"),
    "done": ("done", "good"),
    "incomplete": ("warning", "warn"),
    "failed": ("failed", "bad"),
}
_SHOW = [
    (tr("All files"), ""),
    (tr("Pending"), "pending"),
    (tr("Done"), "done"),
    (tr("Incomplete"), "incomplete"),
    (tr("Failed"), "failed"),
]
_MOST_REFUSED = 5


class MediaPage(QWidget):
    """Import on top, the files below with their pictures and how their features stand."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._rows: tuple[ArtifactRow, ...] = ()
        self._job: Job | None = None
        self._what = ""
        self.table = ThumbnailTable(tr("Media files"), many=True)
        self.table.wanted.connect(self._on_table_wanted)
        self.table.picked.connect(lambda _rows: self._enable())
        key = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.table, self.delete_chosen)
        key.setContext(Qt.ShortcutContext.WidgetShortcut)
        listed = column(None, self._finding(), self.table, spacing=SPACE_S)
        listed.setStretch(1, 1)
        self._state = Stateful(boxed(listed))
        self._report = SentenceList()
        page = column(self, self._top(), self._report, self._state, spacing=SPACE_S)
        page.setStretch(2, 1)
        desk.jobs.changed.connect(self._on_jobs_changed)
        self.clear()

    def _top(self) -> QWidget:
        self.files = Button(tr("Add files…"), self.choose_files, icon="plus")
        self.folder = Button(tr("Add a folder…"), self.choose_folder, icon="folder-open",
                             help_text=tr("With one folder for each entity, named by its id"))  # fmt: skip
        self.manifest = Button(tr("Add by manifest…"), self.choose_manifest, icon="table",
                               help_text=tr("A CSV file with entity_id, path and perhaps captured_at"))  # fmt: skip
        self.extract = Button(tr("Extract features"), self.run_extract, icon="play", kind="primary")
        self._said = ElidedLabel("", "muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress of the work on media"))
        self.cancel = Button(tr("Cancel"), self._on_cancel, icon="stop")
        self._progress = ElidedLabel("", "muted")
        bar = frame("card")
        buttons = row(None, self.files, self.folder, self.manifest, self._said, self.extract)
        buttons.setStretch(3, 1)
        self._working = boxed(row(None, self._progress, self._bar, self.cancel, spacing=SPACE_M))
        column(bar, buttons, self._working, spacing=SPACE_S, margin=SPACE_M)
        return bar

    def _finding(self) -> QWidget:
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Find by file name or entity"))
        self.search.setAccessibleName(tr("Find a media file"))
        clearable(self.search)
        self.status_box = Choice(tr("Which files"), _SHOW)
        self._counted = Label("", "small")
        self.search.textChanged.connect(lambda _text: self._filter())
        self.status_box.currentIndexChanged.connect(lambda _index: self._filter())
        self.delete = IconButton("trash", tr("Delete the chosen files"), self.delete_chosen)
        line = row(None, self.search, self.status_box, self._counted, self.delete)
        line.setStretch(0, 1)
        return boxed(line)

    # Reading.

    def clear(self) -> None:
        """No case, or another one."""
        for key in ("media.list", "media.thumbnails"):
            self.desk.jobs.supersede(key)
        self._rows, self._job = (), None
        self.table.forget()
        self.table.set_columns([])
        self._report.show_sentences([])
        self._state.show_empty("media", tr("No media yet"), "")
        self._enable()

    def load(self) -> None:
        """Read the list anew."""
        if not self._rows:
            self._state.show_busy(tr("Reading the media"))
        self.desk.jobs.submit(
            Lane.QUICK, calls.list_artifacts, self.desk.session.folder, key="media.list", owner=self,
            on_success=self._on_listed, on_failure=self._on_list_failed,
        )  # fmt: skip

    def _on_listed(self, rows: tuple[ArtifactRow, ...]) -> None:
        self._rows = rows
        if not rows:
            self._state.show_empty(
                "media", tr("Drop pictures, recordings, videos or any other files here"),
                tr("A folder with one folder for each entity, or a manifest (CSV with entity_id and path). "
                "The originals stay where they are; the case keeps its own copies."),
                tr("Add a folder…"), self.choose_folder,
            )  # fmt: skip
            self._enable()
            return
        self.table.show_files([r.sha256 for r in rows], [r.media_type for r in rows], _columns(rows))
        self._filter()
        self._state.show_content()
        self._enable()

    def _on_list_failed(self, failure: Failure) -> None:
        self._state.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self.load)

    def _filter(self) -> None:
        if not self._rows:
            return
        words = self.search.text().casefold().split()
        wanted = self.status_box.value
        mask = np.ones(len(self._rows), dtype=bool)
        for number, item in enumerate(self._rows):
            text = f"{item.name} {' '.join(item.entities)}".casefold()
            fits = not wanted or _status(item) == wanted or (wanted == "done" and item.status == "done")
            mask[number] = fits and all(word in text for word in words)
        self.table.columns.set_filter(mask)
        self._counted.setText(
            tr_n("{seen:,} of {n:,} file", "{seen:,} of {n:,} files", len(mask), seen=int(mask.sum()))
        )

    def _on_table_wanted(self, keys: list[str]) -> None:
        self.desk.jobs.submit(
            Lane.QUICK, calls.thumbnails, self.desk.session.folder, keys, SIDE * 2, owner=self,
            on_event=self._on_thumbnail,
        )  # fmt: skip

    def _on_thumbnail(self, event: Mapping[str, object]) -> None:
        sha256, pixels = event.get("sha256"), event.get("pixels")
        if isinstance(sha256, str) and isinstance(pixels, np.ndarray):
            self.table.put_picture(sha256, pixels)

    def chosen(self) -> list[ArtifactRow]:
        """The chosen files, in shown order."""
        return [self._rows[place] for place in self.table.chosen()] if self._rows else []

    def delete_chosen(self) -> None:
        """Ask whether the chosen files are to be deleted."""
        ask_to_delete(self.desk, self, "artifact", [one.sha256 for one in self.chosen()])

    # Importing.

    def choose_files(self) -> None:
        """Ask for files; they must lie in folders named by their entities, or come with a manifest."""
        choosers.choose_files(self, self.desk.settings, tr("Media files"), tr("All files (*)"), self.take)

    def choose_folder(self) -> None:
        """Ask for a folder with a folder for each entity."""
        choosers.choose_folder(
            self, self.desk.settings, tr("Folder with one folder for each entity"), lambda path: self.take([path])
        )

    def choose_manifest(self) -> None:
        """Ask for a manifest."""
        choosers.choose_files(
            self, self.desk.settings, tr("Manifest of media files"), tr("Manifests (*.csv *.tsv *.txt);;All files (*)"),
            lambda paths: self.take([], paths[0]),
        )  # fmt: skip

    def take(self, paths: Sequence[Path], manifest: Path | None = None) -> None:
        """Import these."""
        if self._job is not None:
            self.desk.tell(tr("One thing at a time: wait for the media that are being worked on"), "info", "warn")
            return
        self._begin(tr("Importing media"))
        self._job = self.desk.jobs.submit(
            Lane.HEAVY, calls.import_media, self.desk.session.folder, list(paths), manifest,
            title=tr("Importing media"), owner=self, on_success=self._on_imported, on_failure=self._on_failed,
            on_cancel=lambda: self._on_stopped(tr("Import cancelled; what was imported so far is kept.")),
        )  # fmt: skip
        self._enable()

    def _on_imported(self, report: MediaReport) -> None:
        parts = [tr_n("{n:,} new file", "{n:,} new files", report.artifacts)]
        if report.duplicates:
            parts.append(tr_n("{n:,} duplicate linked", "{n:,} duplicates linked", report.duplicates))
        if report.unchanged:
            parts.append(tr("{unchanged:,} known already", unchanged=report.unchanged))
        if report.refused:
            parts.append(tr("{refused:,} refused", refused=report.refused))
        severity = Severity.WARNING if report.refused else Severity.GOOD
        sentences = [
            Sentence(
                severity,
                tr_n(
                    "{n:,} file looked at: {parts}.",
                    "{n:,} files looked at: {parts}.",
                    report.files,
                    parts=", ".join(parts),
                ),
            )
        ]
        for problem in report.problems[:_MOST_REFUSED]:
            line = tr(", line {line}", line=problem.line) if problem.line else ""
            sentences.append(Sentence(Severity.ERROR, f"{shown(problem.path, 160)}{line}: {problem.reason}"))
        if report.refused > _MOST_REFUSED:
            sentences.append(
                Sentence(Severity.NOTE, tr("and {refused:,} more", refused=report.refused - _MOST_REFUSED))
            )
        self._finish(sentences, Concern.MEDIA)

    # Features.

    def run_extract(self) -> None:
        """Turn every pending file into features."""
        if self._job is not None:
            return
        self._begin(tr("Extracting features"))
        processes = self.desk.settings.preferences.processes
        self._job = self.desk.jobs.submit(
            Lane.HEAVY, calls.extract, self.desk.session.folder, processes, title=tr("Extracting features"), owner=self,
            on_success=self._on_extracted, on_failure=self._on_failed,
            on_cancel=lambda: self._on_stopped(tr("Extraction cancelled; what is done stays done.")),
        )  # fmt: skip
        self._enable()

    def _on_extracted(self, report: ExtractReport) -> None:
        text = tr_n("Features of {n:,} file are ready", "Features of {n:,} files are ready", report.done)
        if report.incomplete:
            text += tr(", {incomplete:,} of them incomplete", incomplete=report.incomplete)
        sentences = [Sentence(Severity.GOOD, f"{text}.")]
        if report.failed:
            sentences.append(
                Sentence(
                    Severity.WARNING,
                    tr_n(
                        "{n:,} file could not be read; the list says why.",
                        "{n:,} files could not be read; the list says why.",
                        report.failed,
                    ),
                )
            )
        if report.pending:
            sentences.append(
                Sentence(
                    Severity.WARNING, tr_n("{n:,} file still pending.", "{n:,} files still pending.", report.pending)
                )
            )
        self._finish(sentences, Concern.FEATURES)

    def _begin(self, what: str) -> None:
        self._what = what
        self._report.show_sentences([])
        self._progress.set_text(what)
        self._bar.setRange(0, 0)

    def _finish(self, sentences: list[Sentence], concern: Concern) -> None:
        self._job = None
        self._report.show_sentences(sentences)
        self.desk.session.tell(concern)
        self._enable()

    def _on_failed(self, failure: Failure) -> None:
        self._finish([Sentence(Severity.ERROR, failure.message, failure.hint)], Concern.MEDIA)

    def _on_stopped(self, text: str) -> None:
        self._finish([Sentence(Severity.NOTE, text)], Concern.MEDIA)

    def _on_cancel(self) -> None:
        if self._job is not None:
            self.desk.jobs.cancel(self._job)

    def _on_jobs_changed(self, job: Job) -> None:
        if job is not self._job or job.state.ended:
            return
        share, left = job.progress.share, job.left_s()
        words = [self._what, job.progress.text]
        if share is not None:
            words.append(percent(share))
        if left is not None:
            words.append(tr("{time} left", time=duration(left)))
        if job.cancel_requested:
            words = [self._what, tr("stopping")]
        self._progress.set_text(" · ".join(word for word in words if word))
        self._bar.setRange(0, 0 if share is None else 1000)
        self._bar.setValue(round((share or 0.0) * 1000))

    def _enable(self) -> None:
        busy = self._job is not None
        pending = sum(row.status == "pending" for row in self._rows)
        self._working.setVisible(busy)
        for button in (self.files, self.folder, self.manifest):
            button.setEnabled(not busy and self.desk.session.case is not None)
        self.extract.setEnabled(pending > 0 and not busy)
        self.delete.setEnabled(not busy and bool(self.chosen()))
        if busy:
            self._said.set_text("")
        elif pending:
            self._said.set_text(tr_n("{n:,} file without features yet", "{n:,} files without features yet", pending))
        else:
            failed = sum(row.status == "failed" for row in self._rows)
            done = (
                tr_n("{n:,} file failed, all others are ready", "{n:,} files failed, all others are ready", failed)
                if failed
                else tr("all features are ready")
            )
            self._said.set_text(done if self._rows else "")


def _status(item: ArtifactRow) -> str:
    return "incomplete" if item.status == "done" and item.incomplete else item.status


def _columns(rows: tuple[ArtifactRow, ...]) -> list[Column]:
    def reason(item: ArtifactRow) -> str:
        if item.status == "failed":
            return item.error or in_words("failed")
        if item.incomplete:
            return tr("the file is cut short or damaged; what can be read is used")
        return ""

    return [
        Column(tr("Name"), [item.name for item in rows], tip=str),
        Column(tr("Entity"), [", ".join(item.entities) for item in rows], tip=str),
        Column(tr("Type"), [item.content_type for item in rows]),
        Column(tr("Size"), [item.size_bytes for item in rows], show=size, numeric=True),
        Column(tr("Facts"), [item.details for item in rows], show=_facts, tip=_all_facts, room="1920 x 1080"),
        Column(
            tr("Features"), [_status(item) for item in rows], show=lambda status: in_capitals(str(status)),
            icon=lambda status: STATUS.get(str(status)), room=in_capitals("failed"),
        ),
        Column(tr("Parts"), [item.segments for item in rows], show=lambda n: f"{n:,}", numeric=True),
        Column(tr("Why"), [reason(item) for item in rows], tip=str),
    ]  # fmt: skip


def _facts(details: Mapping[str, object]) -> str:
    facts = []
    width, height, length = details.get("width"), details.get("height"), details.get("duration_s")
    if isinstance(width, int) and isinstance(height, int) and width:
        facts.append(f"{width} x {height}")
    if isinstance(length, (int, float)) and length:
        facts.append(duration(length) if length >= 10 else f"{length:.1f} s")
    facts += [str(details[name])[:_DAY] for name in ("captured", "created") if name in details][:1]
    if "device" in details:
        facts.append(str(details["device"]))
    if "latitude" in details:
        facts.append(tr("with place"))
    return ", ".join(facts)


_DAY = len("2021-05-06")


def _all_facts(details: Mapping[str, object]) -> str:
    return " · ".join(f"{word}: {text}" for word, text in fact_lines(details))
