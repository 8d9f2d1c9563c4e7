"""What the window asks of the services about tags and notes; the same rules as for :mod:`mmdesk.ui.calls`.

A kind of subject is ``entity`` or ``run``, a disposition ``open``, ``confirmed`` or ``dismissed``. Every change returns
what it switched, so that :class:`mmdesk.ui.edits.Edits` can take it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.types import current_actor

if TYPE_CHECKING:
    import pyarrow as pa

    from mmdesk.engine.services.annotations import Annotated, Mark, NoteRow
    from mmdesk.engine.store.annotation_rows import Switch

    Subjects: TypeAlias = Sequence[str] | pa.Array


def add_tag(folder: Path, kind: str, subjects: Subjects, tag: str, *, ctx: JobContext) -> Annotated:  # noqa: ARG001
    """Tag entities or runs."""
    from mmdesk.engine.services import annotations as service

    return service.add_tag(folder, service.SubjectKind(kind), subjects, tag, actor=current_actor())


def remove_tag(folder: Path, kind: str, subjects: Subjects, tag: str, *, ctx: JobContext) -> Annotated:  # noqa: ARG001
    """Take a tag away."""
    from mmdesk.engine.services import annotations as service

    return service.remove_tag(folder, service.SubjectKind(kind), subjects, tag, actor=current_actor())


def set_star(folder: Path, kind: str, subjects: Subjects, starred: bool, *, ctx: JobContext) -> Annotated:  # noqa: ARG001
    """Give a star, or take it away."""
    from mmdesk.engine.services import annotations as service

    return service.set_star(folder, service.SubjectKind(kind), subjects, starred, actor=current_actor())


def set_disposition(
    folder: Path,
    subjects: Subjects,
    disposition: str | None,
    reason: str,
    *,
    ctx: JobContext,  # noqa: ARG001
) -> Annotated:
    """Say where the work on entities stands."""
    from mmdesk.engine.services import annotations as service

    said = None if disposition is None else service.Disposition(disposition)
    return service.set_disposition(folder, subjects, said, reason, actor=current_actor())


def turn(folder: Path, switch: Switch, redo: bool, *, ctx: JobContext) -> Annotated:  # noqa: ARG001
    """Take a change back, or do it again."""
    from mmdesk.engine.services import annotations as service

    return service.turn(folder, switch, actor=current_actor(), redo=redo)


def add_note(folder: Path, kind: str, subject: str, text: str, *, ctx: JobContext) -> Annotated:  # noqa: ARG001
    """Write a note."""
    from mmdesk.engine.services import annotations as service

    return service.add_note(folder, service.SubjectKind(kind), subject, text, actor=current_actor())


def edit_note(folder: Path, note: int, text: str, *, ctx: JobContext) -> Annotated:  # noqa: ARG001
    """Put another text in a note's place."""
    from mmdesk.engine.services import annotations as service

    return service.edit_note(folder, note, text, actor=current_actor())


def remove_note(folder: Path, note: int, *, ctx: JobContext) -> Annotated:  # noqa: ARG001
    """Take a note away."""
    from mmdesk.engine.services import annotations as service

    return service.remove_note(folder, note, actor=current_actor())


def marks(folder: Path, kind: str, subjects: Sequence[str] | None, *, ctx: JobContext) -> tuple[Mark, ...]:  # noqa: ARG001
    """The marks of some subjects, or of all."""
    from mmdesk.engine.services import annotations as service

    return service.marks(folder, service.SubjectKind(kind), subjects)


def notes(folder: Path, kind: str, subjects: Sequence[str] | None, *, ctx: JobContext) -> tuple[NoteRow, ...]:  # noqa: ARG001
    """The notes on some subjects, or on all."""
    from mmdesk.engine.services import annotations as service

    return service.notes(folder, service.SubjectKind(kind), subjects)
