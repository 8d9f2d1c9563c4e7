"""What is done with everybody in the list: an overview, explanations, and the scores as a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from mmdesk.engine.explanation.looks import Perspective
from mmdesk.ui import choosers, entity_calls, explain_calls
from mmdesk.ui.desk import Desk
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.language import tr, tr_later, tr_n
from mmdesk.ui.tabs.explain.entity_list import EntityList
from mmdesk.ui.tabs.explain.looks_dialog import LooksDialog
from mmdesk.ui.widgets.basics import ActionButton

_SCORE_FILES = tr("Tables for spreadsheets (*.csv);;One line each, JSON (*.jsonl);;Columns (*.parquet)")

Looks = tuple[tuple[Perspective, ...], Path | None]
"""Further looks, and a file of limits."""


class WholeList(QObject):
    """The commands, and the buttons for some of them under the list.

    Args:
        desk: The window's shared parts.
        entities: The list; "the list" means :meth:`EntityList.listed`.
        on_overview: Shows the overview.
        asked: The run and the account that are chosen; no run as long as nothing is scored.
    """

    def __init__(
        self,
        desk: Desk,
        entities: EntityList,
        on_overview: Callable[[], object],
        asked: Callable[[], tuple[str | None, explain_calls.Account]],
    ) -> None:
        super().__init__(entities)
        self._desk, self._list, self._asked = desk, entities, asked
        self.overview = self._command(tr_later("Overview of the list"), on_overview, shortcut="Ctrl+Shift+O")
        self.into_file = self._command(tr_later("Explain the list into a file…"), self._on_file, icon="export")
        self.into_pages = self._command(tr_later("Explain the list as pages…"), self._on_pages, icon="export")
        self.save_scores = self._command(
            tr_later("Save the scores of the list…"), self._on_scores, icon="save",
            help_text=tr("As the list stands: those that are chosen, else all that are shown, in their order."),
        )  # fmt: skip
        self.score_file = self._command(
            tr_later("Score the rows of a file…"), self._on_score_file, icon="table",
            help_text=tr("A table with a column entity_id and perhaps as_of, one score for each row."),
        )  # fmt: skip
        self._actions = (self.overview, self.into_file, self.into_pages, self.save_scores, self.score_file)
        self.buttons = (ActionButton(self.overview, tr("Overview")), ActionButton(self.into_pages, tr("Explain all…")))
        for button in self.buttons:
            entities.bottom.addWidget(button)

    def _command(
        self,
        text: str,
        handler: Callable[[], object],
        *,
        shortcut: str | None = None,
        icon: str = "",
        help_text: str = "",
    ) -> QAction:
        return self._desk.commands.add(
            "Explain", text, handler, shortcut=shortcut, icon=icon, enabled=False, help_text=help_text
        )

    def enable(self, scored: bool) -> None:
        """There is a list, or there is none."""
        for action in self._actions:
            action.setEnabled(scored)

    # Explanations.

    def _on_file(self) -> None:
        def chosen(looks: Looks) -> None:
            choosers.choose_new_file(
                self._list, self._desk.settings, tr("Explain the list into a file"), "explanations.jsonl",
                lambda path: self.explain(path, looks, pages=False),
            )  # fmt: skip

        self._ask_looks(tr("Explain the list into a file"), chosen)

    def _on_pages(self) -> None:
        def chosen(looks: Looks) -> None:
            choosers.choose_folder(
                self._list, self._desk.settings, tr("A folder for the pages"),
                lambda path: self.explain(path, looks, pages=True),
            )  # fmt: skip

        self._ask_looks(tr("Explain the list as pages"), chosen)

    def _ask_looks(self, title: str, then: Callable[[Looks], object]) -> None:
        LooksDialog(title, self._desk.settings, lambda looks, limits: then((looks, limits)), self._list.window()).open()

    def explain(self, path: Path, looks: Looks = ((), None), *, pages: bool) -> None:
        """Explain the list into a file, or into a folder of pages; with further looks, and a file of limits."""
        run_id, account = self._asked()
        if self._list.scores is None or run_id is None:
            return
        entities = self._list.listed()
        finished = [0]
        what = tr_n("{n:,} entity", "{n:,} entities", len(entities))

        def tell(words: str) -> None:
            self._desk.tell(f"{words}: {path / 'index.html' if pages else path}", "done", "good")

        def on_event(event: Mapping[str, object]) -> None:
            if event.get("event") == "explained":
                finished[0] = int(str(event["done"]))

        self._desk.jobs.submit(
            Lane.HEAVY,
            explain_calls.explain_to_pages if pages else explain_calls.explain_to_file,
            self._desk.session.folder,
            explain_calls.Batch(run_id, entities, account, *looks),
            path,
            title=tr("Explaining {what}", what=what),
            owner=self,
            on_event=on_event,
            on_failure=self._desk.tell_failure,
            on_success=lambda _report: tell(tr("{what} explained", what=what)),
            on_cancel=lambda: tell(tr("Stopped; {finished:,} of {what} explained", finished=finished[0], what=what)),
        )

    # Scores.

    def _on_scores(self) -> None:
        self._ask_where(
            tr("Save the scores of the list"), "scores.csv",
            lambda path, as_of_us: self._save(entity_calls.Who(self._list.listed_ids(), as_of_us=as_of_us), path),
        )  # fmt: skip

    def _on_score_file(self) -> None:
        def chosen(paths: list[Path]) -> None:
            self._ask_where(
                tr("Save the scores of {name}", name=paths[0].name), f"{paths[0].stem}-scores.csv",
                lambda path, as_of_us: self._save(entity_calls.Who(None, paths[0], as_of_us), path),
            )  # fmt: skip

        choosers.choose_files(
            self._list, self._desk.settings, tr("Score the rows of a file"), choosers.TABLE_FILES, chosen
        )

    def _ask_where(self, title: str, name: str, save: Callable[[Path, int | None], None]) -> None:
        choosers.choose_new_file(
            self._list, self._desk.settings, title, name, lambda path: save(path, self._asked()[1].as_of_us),
            kinds=_SCORE_FILES,
        )  # fmt: skip

    def _save(self, who: entity_calls.Who, path: Path) -> None:
        run_id, _ = self._asked()
        if self._list.scores is None or run_id is None:
            return
        self._desk.jobs.submit(
            Lane.HEAVY, entity_calls.save_scores, self._desk.session.folder, run_id, who, path,
            title=tr("Writing scores to {name}", name=path.name),
            owner=self, on_failure=self._desk.tell_failure,
            on_cancel=lambda: self._desk.tell(tr("Stopped; no scores were written"), "info", "warn"),
            on_success=lambda saved: self._desk.tell(
                tr_n("{n:,} score written: {path}", "{n:,} scores written: {path}", saved, path=path), "done", "good"
            ),
        )  # fmt: skip
