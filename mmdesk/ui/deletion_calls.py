"""What the window asks of the services about deleting and restoring; the same rules as for :mod:`mmdesk.ui.calls`.

A kind is ``entity`` or ``artifact``. Every change returns what it switched, so that :class:`mmdesk.ui.edits.Edits` can
take it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.types import current_actor

if TYPE_CHECKING:
    import pyarrow as pa

    from mmdesk.engine.services.deletions import DeletedItems, DeletionReport

    Names: TypeAlias = Sequence[str] | pa.Array


@dataclass(frozen=True)
class Switch:
    """Entities (or evidence files) that are deleted now, or are there again."""

    kind: str
    ids: tuple[str, ...]
    deleted: bool

    @property
    def reverse(self) -> Switch:
        """The same the other way round."""
        return Switch(self.kind, self.ids, not self.deleted)

    def __bool__(self) -> bool:
        return bool(self.ids)


@dataclass(frozen=True)
class Changed:
    """What was switched; ``passed`` are those that somebody else had switched already."""

    switch: Switch
    passed: tuple[str, ...] = ()


def try_deleting(folder: Path, kind: str, names: Names, *, ctx: JobContext) -> DeletionReport:  # noqa: ARG001
    """What would be deleted, and what goes along; nothing is done."""
    return _change(folder, Switch(kind, _texts(names), deleted=True), dry_run=True)


def delete(folder: Path, kind: str, names: Names, state: str | None, *, ctx: JobContext) -> Changed:  # noqa: ARG001
    """Delete, as long as the case is in the ``state`` that the trial saw."""
    return _done(folder, Switch(kind, _texts(names), deleted=True), state)


def restore(folder: Path, kind: str, names: Names, state: str | None, *, ctx: JobContext) -> Changed:  # noqa: ARG001
    """Bring deleted ones back, as long as the case is in the ``state`` that the list saw."""
    return _done(folder, Switch(kind, _texts(names), deleted=False), state)


def turn(folder: Path, switch: Switch, redo: bool, *, ctx: JobContext) -> Changed:  # noqa: ARG001
    """Take a deletion or a restoration back, or do it again."""
    return _done(folder, switch, None)


def list_deleted(folder: Path, *, ctx: JobContext) -> DeletedItems:  # noqa: ARG001
    """What is deleted, last deleted first."""
    from mmdesk.engine.services import deletions

    return deletions.deleted_items(folder)


def _texts(names: Names) -> tuple[str, ...]:
    import pyarrow as pa

    return tuple(names.to_pylist() if isinstance(names, pa.Array) else names)


def _done(folder: Path, switch: Switch, state: str | None) -> Changed:
    report = _change(folder, switch, state=state)
    return Changed(Switch(switch.kind, report.changed, switch.deleted), report.unchanged)


def _change(folder: Path, switch: Switch, state: str | None = None, *, dry_run: bool = False) -> DeletionReport:
    from mmdesk.engine.services import deletions

    how = {
        ("entity", True): deletions.delete_entities,
        ("entity", False): deletions.restore_entities,
        ("artifact", True): deletions.delete_artifacts,
        ("artifact", False): deletions.restore_artifacts,
    }[switch.kind, switch.deleted]
    options = deletions.DeletionOptions(dry_run=dry_run, expected=state)
    return how(folder, switch.ids, options, actor=current_actor())
