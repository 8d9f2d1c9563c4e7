"""A file of explanations checked: is each in order, and are the rows and files behind them still what they were."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from mmdesk.ui import choosers, explain_calls
from mmdesk.ui.desk import Desk
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.language import tr, tr_later

_FILES = tr("Explanations (*.jsonl *.json);;All files (*)")


class FileCheck:
    """The command. What it finds is said in the words of the command line, the whole of it under Details."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        self._desk, self._parent = desk, parent
        self.action = desk.commands.add(
            "Explain", tr_later("Check a file of explanations…"), self._on_asked, icon="verify",
            help_text=tr("Are they in order, and are the rows and files behind them still what they were?"),
        )  # fmt: skip

    def _on_asked(self) -> None:
        if self._desk.session.case is not None:
            choosers.choose_files(
                self._parent, self._desk.settings, tr("Check a file of explanations"), _FILES,
                lambda paths: self.check(paths[0]),
            )  # fmt: skip

    def check(self, path: Path, folders: tuple[Path, ...] = ()) -> None:
        """Check a file; imported tables are looked for in these folders, too."""
        self._desk.jobs.submit(
            Lane.HEAVY, explain_calls.check_explanations, self._desk.session.folder, path, folders, owner=self._parent,
            title=tr("Checking {name}", name=path.name), on_failure=self._desk.tell_failure,
            on_success=lambda found: self._on_checked(path, folders, found),
        )  # fmt: skip

    def _on_checked(self, path: Path, folders: tuple[Path, ...], found: explain_calls.CheckedExplanations) -> None:
        first, rest = found.lines[0], "\n".join(found.lines)
        if found.holds:
            choosers.show_result(self._parent, tr("{name} holds", name=path.name), found.lines[-1], rest)
        elif found.tables_missing:
            choosers.ask(
                self._parent,
                tr("Tables behind {name} are not where they were", name=path.name),
                rest,
                tr("Look in a folder…"),
                lambda: choosers.choose_folder(
                    self._parent, self._desk.settings, tr("Where the tables are now"),
                    lambda folder: self.check(path, (*folders, folder)),
                ),
                other=tr("Close"),
            )  # fmt: skip
        else:
            choosers.show_error(self._parent, tr("{name} does not hold", name=path.name), first, rest)
