"""Media: files into the case, and features out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLineEdit, QProgressBar, QWidget

from mmdesk.ui import choosers, media_calls
from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.deleting import ask_to_delete
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.formatting import counted, duration, percent
from mmdesk.ui.jobs.job import Failure, Job, Lane
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column, Mapped
from mmdesk.ui.session import Concern
from mmdesk.ui.tabs.importing.media_columns import live_columns, media_columns
from mmdesk.ui.tabs.importing.media_details import MediaDetails
from mmdesk.ui.tabs.importing.media_files import MediaFiles
from mmdesk.ui.widgets.basics import Button, ElidedLabel, Fold, IconButton, Label, boxed, column, frame, row
from mmdesk.ui.widgets.beside import Beside
from mmdesk.ui.widgets.fields import Choice, clearable, propose
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.splitter import Splitter
from mmdesk.ui.widgets.standing import Standing
from mmdesk.ui.widgets.table import Table
from mmdesk.ui.widgets.thumbnails import SIDE, ThumbnailTable

if TYPE_CHECKING:
    from mmdesk.engine.services.media_imports import ArtifactRow, ExtractReport, MediaReport
    from mmdesk.ui.media_calls import MediaList

_SHOW = [
    (tr("All files"), ""),
    (tr("Pending"), "pending"),
    (tr("Done"), "done"),
    (tr("Incomplete"), "incomplete"),
    (tr("Failed"), "failed"),
    (tr("Duplicates"), "duplicates"),
]
_LIVE_MS = 1_000
_LEAST_SEARCH = 150
_LEAST_TABLE = 130
_TYPE = 3
"""The column that is left out where there is little room: the picture and the facts of the file tell it, too."""


class MediaPage(QWidget):
    """Import on top, the files below with their pictures and how their features stand.

    ``training_asked`` wants to go on, with all features ready.
    """

    training_asked = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._files: MediaFiles | None = None
        self._job: Job | None = None
        self._queue: list[tuple[list[Path], Path | None]] = []
        self._what = ""
        self.table = ThumbnailTable(tr("Media files"), many=True)
        self.table.spare = _TYPE
        by_letters(self.table, self.table.setMinimumHeight, _LEAST_TABLE)
        self.table.wanted.connect(self._on_table_wanted)
        self.table.picked.connect(self._on_picked)
        key = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.table, self.delete_chosen)
        key.setContext(Qt.ShortcutContext.WidgetShortcut)
        listed = column(None, self._finding(), self.table, spacing=SPACE_S)
        listed.setStretch(1, 1)
        self.details = MediaDetails(desk)
        self._state = Stateful(Splitter("import.media", (boxed(listed), self.details), (660, 420), grows=0))
        self._report = SentenceList()
        self.refused = Table(tr("Refused files"))
        self._refused = Fold(tr("Refused files"), self.refused, is_open=True)
        page = column(self, self._top(), self._report, self._refused, self._state, spacing=SPACE_S)
        page.setStretch(3, 1)
        self._live = QTimer(self)
        self._live.setSingleShot(True)
        self._live.setInterval(_LIVE_MS)
        self._live.timeout.connect(self._show_rows)
        desk.jobs.changed.connect(self._on_jobs_changed)
        self.clear()

    def _top(self) -> QWidget:
        self.files = Button(tr("Add files…"), self.choose_files, icon="plus")
        self.folder = Button(tr("Add a folder…"), self.choose_folder, icon="folder-open",
                             help_text=tr("With one folder for each entity, named by its id"))  # fmt: skip
        self.manifest = Button(tr("Add by manifest…"), self.choose_manifest, icon="table",
                               help_text=tr("A CSV file with entity_id, path and perhaps captured_at"))  # fmt: skip
        self.extract = Button(tr("Extract features"), self.run_extract, icon="play", kind="primary")
        self.retry = Button(tr("Retry failed"), lambda: self.run_extract(retry_failed=True), icon="refresh",
                            help_text=tr("Try the files again that could not be read"))  # fmt: skip
        self._said = ElidedLabel("", "muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress of the work on media"))
        self.cancel = Button(tr("Cancel"), self._on_cancel, icon="stop")
        self._progress = ElidedLabel("", "muted")
        bar = frame("card")
        buttons = Beside(boxed(row(None, self.files, self.folder, self.manifest)), self.extract)
        self.train = Button(tr("Train a model"), self.training_asked.emit, icon="train")
        result = row(None, self._said, self.retry, self.train)
        result.setStretch(0, 1)
        self._result = boxed(result)
        self._working = boxed(row(None, self._progress, self._bar, self.cancel, spacing=SPACE_M))
        self._held = Label(tr("What was dropped with the tables follows when those are imported."), "muted", wrap=True)
        self.now = Button(tr("Import it now"), self.go_on, icon="import")
        held = row(None, self._held, self.now)
        held.setStretch(0, 1)
        self._waiting = boxed(held)
        column(bar, buttons, self._result, self._working, self._waiting, spacing=SPACE_S, margin=SPACE_M)
        return bar

    def _finding(self) -> QWidget:
        self.search = QLineEdit()
        propose(self.search, tr("Find by file name or entity"))
        self.search.setAccessibleName(tr("Find a media file"))
        clearable(self.search)
        self.status_box = Choice(tr("Which files"), _SHOW)
        self._counted = Label("", "small")
        self.search.textChanged.connect(lambda _text: self._filter())
        self.status_box.currentIndexChanged.connect(lambda _index: self._filter())
        self.delete = IconButton("trash", tr("Delete the chosen files"), self.delete_chosen)
        by_letters(self.search, self.search.setMinimumWidth, _LEAST_SEARCH)
        return Beside(self.search, boxed(row(None, self.status_box, self._counted, self.delete)), grows=True)

    # Reading.

    def clear(self) -> None:
        """No case, or another one."""
        for key in ("media.list", "media.thumbnails"):
            self.desk.jobs.supersede(key)
        self._files, self._job, self._queue = None, None, []
        self.table.forget()
        self.table.set_columns([])
        self.search.clear()
        self.status_box.setCurrentIndex(0)
        self._live.stop()
        self.details.show_file(None)
        self._report.show_sentences([])
        self._refused.hide()
        self._state.show_empty("media", tr("No media yet"), "")
        self._enable()

    def load(self) -> None:
        """Read the list anew."""
        if self._files is None:
            self._state.show_busy(tr("Reading the media"))
        self.desk.jobs.submit(
            Lane.QUICK, media_calls.list_artifacts, self.desk.session.folder, key="media.list", owner=self,
            on_success=self._on_listed, on_failure=self._on_list_failed,
        )  # fmt: skip

    def _on_listed(self, listed: MediaList) -> None:
        before, rows = self._files, listed.rows
        same = before is not None and np.array_equal(before.ids, listed.ids)
        standing, chosen = (Standing(self.table), []) if same else (None, self.chosen())
        self._files = files = MediaFiles(listed) if rows else None
        if files is None:
            self._state.show_empty(
                "media", tr("Drop pictures, recordings, videos or any other files here"),
                tr("A folder with one folder for each entity, or a manifest (CSV with entity_id and path). "
                "The originals stay where they are; the case keeps its own copies."),
                tr("Add a folder…"), self.choose_folder,
            )  # fmt: skip
            self._enable()
            return
        # Looked up as they are drawn: of a hundred thousand files most never are.
        keys, kinds = (Mapped(attrgetter(name), rows) for name in ("sha256", "media_type"))
        self.table.show_files(keys, kinds, media_columns(files))
        mask = self._mask(files)
        self.table.columns.set_filter(mask)
        self._count(mask)
        if standing is not None:
            standing.restore(mask)
        elif chosen:
            self.table.choose_all(files.places(chosen))
        self._state.show_content()
        self._enable()

    def _on_list_failed(self, failure: Failure) -> None:
        self._state.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self.load)

    def _filter(self) -> None:
        if self._files is not None:
            mask = self._mask(self._files)
            self.table.narrow(mask)
            self._count(mask)

    def _mask(self, files: MediaFiles) -> NDArray[np.bool_]:
        """Which files are wanted."""
        return files.mask(self.search.text().split(), self.status_box.value or "")

    def _count(self, mask: NDArray[np.bool_]) -> None:
        self._counted.setText(
            tr_n("{seen:,} of {n:,} file", "{seen:,} of {n:,} files", len(mask), seen=int(mask.sum()))
        )

    def _on_table_wanted(self, keys: list[str]) -> None:
        self.desk.jobs.submit(
            Lane.QUICK, media_calls.thumbnails, self.desk.session.folder, keys, SIDE * 2, owner=self,
            on_event=self._on_thumbnail,
        )  # fmt: skip

    def _on_thumbnail(self, event: Mapping[str, object]) -> None:
        sha256, pixels = event.get("sha256"), event.get("pixels")
        if isinstance(sha256, str) and isinstance(pixels, np.ndarray):
            self.table.put_picture(sha256, pixels)

    def chosen(self) -> list[ArtifactRow]:
        """The chosen files, in shown order."""
        return [] if self._files is None else [self._files.rows[place] for place in self.table.chosen()]

    def delete_chosen(self) -> None:
        """Ask whether the chosen files are to be deleted."""
        ask_to_delete(self.desk, self, "artifact", [one.sha256 for one in self.chosen()])

    def _on_picked(self, rows: list[int]) -> None:
        self.details.show_file(self._files.rows[rows[0]] if self._files is not None and len(rows) == 1 else None)
        self._enable()

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

    def take_all(self, paths: Sequence[Path], manifests: Sequence[Path], *, wait: bool) -> None:
        """Import files and what manifests list, one after the other; ``wait``: not before the tables are there."""
        self._queue += [([], manifest) for manifest in manifests]
        if paths:
            self._queue.append((list(paths), None))
        if not wait:
            self.go_on()
        self._enable()

    def go_on(self) -> None:
        """Import what waits."""
        if self._queue and self._job is None:
            self.take(*self._queue.pop(0))

    def take(self, paths: Sequence[Path], manifest: Path | None = None) -> None:
        """Import these."""
        if self._job is not None:
            self.desk.tell(tr("One thing at a time: wait for the media that are being worked on"), "info", "warn")
            return
        self._begin(tr("Importing media"))
        self._job = self.desk.jobs.submit(
            Lane.HEAVY, media_calls.import_media, self.desk.session.folder, list(paths), manifest,
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
        self._show_refused(report)
        self._finish(sentences, Concern.MEDIA)
        self.go_on()

    def _show_refused(self, report: MediaReport) -> None:
        problems = report.problems
        lines = [problem.line for problem in problems]
        self.refused.set_columns([
            Column(tr("File"), [problem.path for problem in problems], tip=str),
            Column(tr("Line"), lines, show=lambda line: "" if line is None else counted(line), numeric=True),
            Column(tr("Why"), [problem.reason for problem in problems], tip=str),
        ])  # fmt: skip
        self.refused.setFixedHeight(min(len(problems) + 2, 6) * (self.fontMetrics().height() + 10))
        self._refused.setVisible(bool(problems))

    # Features.

    def run_extract(self, *, retry_failed: bool = False) -> None:
        """Turn every pending file into features; with ``retry_failed`` also those that could not be read."""
        if self._job is not None:
            return
        self._begin(tr("Extracting features"))
        processes = self.desk.settings.preferences.processes
        self._job = self.desk.jobs.submit(
            Lane.HEAVY, media_calls.extract, self.desk.session.folder, processes, retry_failed,
            title=tr("Extracting features"), owner=self, on_event=self._on_extracted_some,
            on_success=self._on_extracted, on_failure=self._on_failed,
            on_cancel=lambda: self._on_stopped(tr("Extraction cancelled; what is done stays done.")),
        )  # fmt: skip
        self._enable()

    def _on_extracted_some(self, event: Mapping[str, object]) -> None:
        """Say of each file how it stands as soon as it is done."""
        files = event.get("files")
        if not isinstance(files, (list, tuple)):
            return
        if self._files is not None:
            for key, status, incomplete, parts in files:
                self._files.mark(key, status, incomplete=incomplete, parts=parts)
        if not self._live.isActive():
            self._live.start()

    def _show_rows(self) -> None:
        """The same files as they stand now."""
        if self._files is None or self._job is None:
            return
        live, mask = live_columns(self._files), self._mask(self._files)
        same = self.table.columns.columns[1 : -len(live)]  # in whose orders nothing has changed
        self.table.renew_files([*same, *live], mask)
        self._count(mask)

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
        self._refused.hide()
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
        self._queue = []
        self._finish([Sentence(Severity.NOTE, text)], Concern.MEDIA)

    def _on_cancel(self) -> None:
        if self._job is not None:
            self.desk.jobs.cancel(self._job)

    def _on_jobs_changed(self, job: Job) -> None:
        if job is not self._job or job.state.ended:
            return
        share, left = job.progress.share, job.left_s()
        words = [self._what, translated(job.progress.text)]
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
        pending, failed = (self._files.count(state) if self._files else 0 for state in ("pending", "failed"))
        self._working.setVisible(busy)
        self._waiting.setVisible(bool(self._queue) and not busy)
        for button in (self.files, self.folder, self.manifest):
            button.setEnabled(not busy and self.desk.session.case is not None)
        self.extract.setEnabled(pending > 0 and not busy)
        self.retry.setVisible(failed > 0)
        self.train.setVisible(not pending)
        self.retry.setEnabled(not busy)
        self.delete.setEnabled(not busy and self.table.selectionModel().hasSelection())
        if busy:
            self._said.set_text("")
        elif pending:
            self._said.set_text(tr_n("{n:,} file without features yet", "{n:,} files without features yet", pending))
        else:
            done = (
                tr_n("{n:,} file failed, all others are ready", "{n:,} files failed, all others are ready", failed)
                if failed
                else tr("All features are ready")
            )
            self._said.set_text(done if self._files else "")
        self._result.setVisible(self._files is not None and not busy)
