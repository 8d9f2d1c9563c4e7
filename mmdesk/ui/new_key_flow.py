"""Keeping the key of a case that is to be made in a file, or taking it from one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from mmdesk.ui import case_calls, choosers
from mmdesk.ui.formatting import shown
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.language import tr
from mmdesk.ui.settings import Settings
from mmdesk.ui.widgets.case_dialog import NewCaseDialog


def connect_key(dialog: NewCaseDialog, jobs: Jobs, settings: Settings) -> None:
    """Give the form of the key what it asks for."""
    form = dialog.key

    def failed(failure: Failure) -> None:
        choosers.show_error(dialog, shown(failure.message, 2000), failure.hint, failure.details)

    def write(digits: str, path: Path) -> None:
        jobs.submit(
            Lane.IO, case_calls.write_key_file, path, digits, owner=dialog,
            on_success=lambda _none: form.say_saved(digits), on_failure=failed,
        )  # fmt: skip

    def save(digits: str) -> None:
        name = f"{dialog.answers().folder.name}.key"
        choosers.choose_new_file(dialog, settings, tr("Save the key"), name, partial(write, digits), replaces=False)

    def read(paths: list[Path]) -> None:
        jobs.submit(
            Lane.IO, case_calls.read_key_file, paths[0], owner=dialog, on_success=form.set_key, on_failure=failed
        )

    form.saving.connect(save)
    form.file_asked.connect(
        lambda: choosers.choose_files(dialog, settings, tr("File with the key"), tr("All files (*)"), read)
    )
