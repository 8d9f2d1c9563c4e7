"""What Help, About shows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from mmdesk.engine.core.jobs import JobContext
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.version import __version__

if TYPE_CHECKING:
    from mmdesk.ui.widgets.about_dialog import Part


def list_parts(*, ctx: JobContext) -> tuple[Part, ...]:  # noqa: ARG001
    """What mmdesk is made of."""
    from mmdesk.engine.services import components
    from mmdesk.ui.widgets.about_dialog import Part

    return tuple(Part(one.name, one.version, one.licence, one.home, one.has_text) for one in components.components())


def read_licence(name: str, *, ctx: JobContext) -> str:  # noqa: ARG001
    """The text of a licence."""
    from mmdesk.engine.services import components

    return components.licence_text(name)


def show_about(window: QWidget, jobs: Jobs) -> None:
    """Open the dialog and fill it."""
    from mmdesk.ui.widgets.about_dialog import AboutDialog

    dialog = AboutDialog(__version__, window)

    def failed(failure: Failure) -> None:
        dialog.state.show_error(failure.message, failure.hint, failure.details)

    def read(name: str) -> None:
        jobs.submit(
            Lane.IO, read_licence, name, key="licence", owner=dialog,
            on_success=partial(dialog.show_text, name),
            on_failure=lambda failure: dialog.show_text(name, f"{failure.message}\n\n{failure.hint}"),
        )  # fmt: skip

    dialog.text_asked.connect(read)
    dialog.open()
    jobs.submit(Lane.IO, list_parts, owner=dialog, on_success=dialog.show_parts, on_failure=failed)
