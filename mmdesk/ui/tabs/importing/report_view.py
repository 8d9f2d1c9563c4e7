"""What a check found or an import did: counts for each table, and every rejected row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.engine_words import in_capitals
from mmdesk.ui.formatting import MISSING, counted, shown
from mmdesk.ui.hints import for_window
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column
from mmdesk.ui.widgets.basics import Button, Fold, Label, boxed, column, row
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity
from mmdesk.ui.widgets.notice import Picture
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.services.table_imports import TableReport, TablesReport

_MOST_RULES = 6
_MOST_FITS = 8
_MENDS = {"unknown entity": tr("Import the entities first, or choose on the left that they are made.")}


class ReportView(QWidget):
    """Under what came in stand the next steps; where every row was rejected there are none.

    ``save_asked`` wants the rejected rows written to a file; ``media_asked``, ``health_asked`` and ``training_asked``
    want to go on.
    """

    save_asked = Signal()
    media_asked = Signal()
    health_asked = Signal()
    training_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._icon = Picture("info", "muted", 28)
        self._title = Label("", "heading", wrap=True)
        self._text = Label("", "muted", wrap=True)
        self.save = Button(tr("Save rejected rows…"), self.save_asked.emit, icon="save")
        words = column(None, self._title, self._text, spacing=1)
        head = row(None, self._icon, words, self.save)
        head.setStretch(1, 1)
        self.counts = Table(tr("Rows by table"))
        self.fits = Table(tr("How the columns fit"))
        self._fits = Fold(tr("How the columns fit"), self.fits)
        self._notes = SentenceList()
        self._rejected_title = Label("", "strong")
        self.rejected = Table(tr("Rejected rows"))
        self._lower = boxed(column(None, self._rejected_title, self.rejected, spacing=SPACE_S))
        self._rest = boxed(column(None, None))
        self._next = self._next_steps()
        parts = (head, self.counts, self._fits, self._notes, self._lower, self._next, self._rest)
        page = column(self, *parts, spacing=SPACE_S)
        page.setStretch(4, 1)
        page.setStretch(6, 1)

    def _next_steps(self) -> QWidget:
        """Where one goes from here."""
        steps = []
        for icon, word, name, text, go in self._ways():
            steps.append(Button(word, go, icon=icon, help_text=f"{name}. {text}"))
            steps[-1].setAccessibleName(name)
            steps[-1].setAccessibleDescription(text)
        self._first = steps[0]
        return boxed(row(None, Label(tr("Next steps"), "strong"), *steps, None, spacing=SPACE_S))

    def _ways(self) -> list[tuple[str, str, str, str, Callable[[], object]]]:
        """Icon, word, name, what for, and the signal of each."""
        return [
            (
                "media", tr("Media"), tr("Add media files"),
                tr("Pictures, sounds, films and texts of the entities"), self.media_asked.emit,
            ),
            (
                "health", tr("Data health"), tr("Look at data health"),
                tr("What is missing, far out, or on both sides of the split"), self.health_asked.emit,
            ),
            (
                "train", tr("Train"), tr("Train a model"),
                tr("It learns from the entities that have a target"), self.training_asked.emit,
            ),
        ]  # fmt: skip

    @property
    def first_step(self) -> QWidget:
        """What is nearest to be done: rejected rows come first."""
        return self._first if self.save.isHidden() else self.save

    def show_report(self, report: TablesReport) -> None:
        """A dry run's or an import's report."""
        changes = sum(table.inserted + table.replaced for table in report.tables)
        out = (
            tr(" and leave {rejected:,} out", rejected=report.rejected)
            if report.dry_run
            else tr("; {rejected:,} were left out", rejected=report.rejected)
        )
        out = out if report.rejected else ""
        if report.dry_run:
            self._icon.show_icon(*(("warning", "warn") if out else ("check", "accent")))
            self._title.setText(tr("Checked; nothing was written yet"))
            nothing = tr("All rows are in the case already: an import would change nothing.")
            self._text.setText(
                tr_n(
                    "An import would bring {n:,} row in{out}.",
                    "An import would bring {n:,} rows in{out}.",
                    changes,
                    out=out,
                )
                if changes or out
                else nothing
            )
        else:
            self._icon.show_icon(*(("warning", "warn") if out else ("done", "good")))
            self._title.setText(tr("Imported") if changes else tr("Nothing new"))
            none = tr("No row came in") if out else tr("All rows are in the case already; it is unchanged")
            self._text.setText(
                tr_n("{n:,} row came in{out}.", "{n:,} rows came in{out}.", changes, out=out)
                if changes
                else f"{none}{out}."
            )
        self.counts.set_columns(_count_columns(report))
        _hold_rows(self.counts, len(report.tables))
        self._show_fits(report)
        self._notes.show_sentences(_notes(report))
        self._lower.setVisible(bool(report.problems))
        self._rest.setVisible(not report.problems)
        all_out = bool(report.rejected) and all(table.read == table.rejected for table in report.tables)
        self._next.setVisible(not report.dry_run and not all_out)
        self.save.setVisible(bool(report.problems))
        more = report.rejected - len({(p.file, p.line) for p in report.problems})
        remark = tr("; the first {problems:,} problems are listed", problems=len(report.problems)) if more > 0 else ""
        self._rejected_title.setText(f"{tr_n('{n:,} rejected row', '{n:,} rejected rows', report.rejected)}{remark}")
        self.rejected.set_columns(
            [
                Column(tr("File"), [p.file for p in report.problems], tip=str),
                Column(tr("Line"), [p.line for p in report.problems], show=counted, numeric=True),
                Column(tr("Column"), [p.column or MISSING for p in report.problems], tip=str),
                Column(tr("Value"), [p.value if p.value is not None else MISSING for p in report.problems], tip=str),
                Column(tr("Why"), [translated(p.rule) for p in report.problems], tip=str),
            ]
        )

    def _show_fits(self, report: TablesReport) -> None:
        fits = [(table.file, name, *found) for table in report.tables for name, found in table.fits.items() if found[0]]
        self.fits.set_columns([
            Column(tr("File"), [file for file, *_ in fits], tip=str),
            Column(tr("Column"), [name for _, name, *_ in fits], tip=str),
            Column(
                tr("Cells"), [(fit, cells) for *_, cells, fit in fits],
                show=lambda pair: tr("{fit:,} of {cells:,} fit", fit=pair[0], cells=pair[1]),
                icon=lambda pair: ("done", "good") if pair[0] == pair[1] else ("warning", "warn"),
                keys=np.array([fit / cells for *_, cells, fit in fits], dtype=np.float64),
            ),
        ])  # fmt: skip
        _hold_rows(self.fits, min(len(fits), _MOST_FITS))
        self._fits.setVisible(bool(fits))
        # Before it is written, how it is read is what is looked at; after, only what did not fit.
        self._fits.set_open(report.dry_run or any(fit < cells for *_, cells, fit in fits))


def _hold_rows(table: Table, rows: int) -> None:
    """As high as so many rows."""
    height = rows * table.verticalHeader().defaultSectionSize()
    table.setFixedHeight(height + table.horizontalHeader().sizeHint().height() + 6)


def conflicts_of(report: TablesReport) -> int:
    """Rows with other values than the stored ones that wait for a choice."""
    return sum(table.conflicts for table in report.tables)


def _count_columns(report: TablesReport) -> list[Column]:
    tables = report.tables

    def numbers(title: str, attribute: str, help_text: str, role: str = "") -> Column:
        return Column(
            title,
            [getattr(table, attribute) for table in tables],
            show=counted,
            numeric=True,
            help=help_text,
            role=(lambda value: role if value else None) if role else None,
        )

    columns = [
        Column(tr("Table"), [table.table for table in tables], show=in_capitals, room=in_capitals("interactions")),
        Column(tr("File"), [table.file for table in tables], tip=str),
        numbers(tr("Read"), "read", tr("Rows in the file")),
        numbers(tr("New"), "inserted", tr("Rows the case did not have")),
        numbers(tr("Unchanged"), "unchanged", tr("Rows the case has already")),
        numbers(tr("Replaced"), "replaced", tr("Rows stored in a new version; the old one is kept")),
        numbers(tr("Rejected"), "rejected", tr("Rows that break a rule"), "bad"),
    ]
    if conflicts_of(report):
        columns.append(
            numbers(tr("Conflicts"), "conflicts", tr("Rows stored with other values: choose what to do"), "warn")
        )
    return columns


def _notes(report: TablesReport) -> list[Sentence]:
    sentences: list[Sentence] = []
    for table in report.tables:
        sentences += [Sentence(Severity.NOTE, f"{shown(table.file, 60)}: {for_window(note)}.") for note in table.notes]
        sentences += _rules(table)
    return sentences


def _rules(table: TableReport) -> list[Sentence]:
    ranked = sorted(table.rules.items(), key=lambda pair: -pair[1])
    return [
        Sentence(
            Severity.WARNING,
            f"{shown(table.file, 60)}: {tr_n('{n:,} cell', '{n:,} cells', times)}: {shown(translated(rule))}.",
            _MENDS.get(rule, ""),
        )
        for rule, times in ranked[:_MOST_RULES]
    ]
