"""Delete entities and evidence files softly, list what was deleted, and restore it.

A deleted one is in no snapshot, prediction, export or statistic any more, and neither are the events, interactions,
targets and files that belong to it; an import does not bring it back. Nothing is destroyed: restoring brings all of it
back. Runs that were trained before keep their snapshots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from mmdesk.engine.store.deletions import Changed

_MOST_NAMED = 1000


@dataclass(frozen=True)
class DeletionReport:
    """What a deletion or its reverse did.

    Attributes:
        changed: Entity ids, or SHA-256 of files.
        unchanged: Those that were so already.
        rows: Table -> how many rows belong to the changed ones, and went or came along.
        state: Of a dry run: the state in which the case was, to be expected by the change itself.
    """

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    rows: Mapping[str, int]
    state: str | None = None


@dataclass(frozen=True)
class DeletionOptions:
    """How a deletion or its reverse is done.

    Attributes:
        dry_run: Say what it would do, and do nothing.
        expected: The state that a dry run or a list saw; a change of the same data by somebody else since stops it
            with a :class:`~mmdesk.engine.core.errors.ConflictError`. None: whatever it is.
    """

    dry_run: bool = False
    expected: str | None = None


_AS_IT_IS = DeletionOptions()


@dataclass(frozen=True)
class DeletedItem:
    """Something deleted: ``kind`` (``entity``, ``artifact``), its id (entity id, SHA-256), its name, and when."""

    kind: str
    id: str
    name: str
    deleted_us: int


@dataclass(frozen=True)
class DeletedItems:
    """What was deleted, and the state in which the case was (:attr:`DeletionOptions.expected`)."""

    deleted: tuple[DeletedItem, ...]
    state: str


def delete_entities(
    folder: Path, names: Sequence[str], options: DeletionOptions = _AS_IT_IS, *, actor: str
) -> DeletionReport:
    """Delete entities.

    Args:
        folder: The case.
        names: Entity ids.
        options: Whether it is only tried, and the state that is expected.
        actor: Who.

    Raises:
        UsageError: None given, or the case has no such entity; nothing is changed.
        StoreError: The case cannot be written.
    """
    return _change(folder, "entities", names, options, deleted=True, actor=actor)


def restore_entities(
    folder: Path, names: Sequence[str], options: DeletionOptions = _AS_IT_IS, *, actor: str
) -> DeletionReport:
    """Restore deleted entities with everything that belongs to them; see :func:`delete_entities`.

    Raises:
        DataError: The import that brought one was taken back since (``delete.import_undone``).
    """
    return _change(folder, "entities", names, options, deleted=False, actor=actor)


def delete_artifacts(
    folder: Path, words: Sequence[str], options: DeletionOptions = _AS_IT_IS, *, actor: str
) -> DeletionReport:
    """Delete evidence files; the stored bytes stay in the case folder.

    Args:
        folder: The case.
        words: SHA-256, a unique beginning of it, or the analyst's name of a file.
        options: Whether it is only tried, and the state that is expected.
        actor: Who.

    Raises:
        UsageError: None given, no such file, or several; nothing is changed.
        StoreError: The case cannot be written.
    """
    return _change(folder, "media", words, options, deleted=True, actor=actor)


def restore_artifacts(
    folder: Path, words: Sequence[str], options: DeletionOptions = _AS_IT_IS, *, actor: str
) -> DeletionReport:
    """Restore deleted evidence files and their links; see :func:`delete_artifacts`.

    Raises:
        DataError: The import that brought one was taken back since (``delete.import_undone``).
    """
    return _change(folder, "media", words, options, deleted=False, actor=actor)


def list_deleted(folder: Path) -> tuple[DeletedItem, ...]:
    """What an analyst deleted; see :func:`deleted_items`."""
    return deleted_items(folder).deleted


def deleted_items(folder: Path) -> DeletedItems:
    """Entities, then files, that an analyst deleted; last deleted first.

    Raises:
        UsageError: No such case.
        StoreError: The case cannot be read.
    """
    from mmdesk.engine.core.types import current_actor
    from mmdesk.engine.store import conflicts, deletions
    from mmdesk.engine.store.case import Case

    with Case.open(folder, actor=current_actor()) as case, case.read() as connection:
        state = conflicts.state_of(connection)
        found = (*deletions.listed_entities(connection), *deletions.listed_artifacts(connection))
    return DeletedItems(tuple(DeletedItem(one.kind, one.id, one.name, one.deleted_us) for one in found), state)


class _NothingToWriteError(Exception):
    """Leaves the transaction without an entry in the audit log."""


def _change(
    folder: Path, what: str, names: Sequence[str], options: DeletionOptions, *, deleted: bool, actor: str
) -> DeletionReport:
    from mmdesk.engine.explanation.cache import drop_stale
    from mmdesk.engine.store import conflicts, deletions
    from mmdesk.engine.store.case import Case

    if not names:
        raise UsageError(f"No {what} were named.", "Name at least one.", code="usage.nothing_named")
    change: Callable[..., Changed] = {
        "entities": deletions.set_entities_deleted,
        "media": deletions.set_artifacts_deleted,
    }[what]
    rests_on = conflicts.ALL if what == "entities" else {conflicts.MEDIA}
    subject = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    with Case.open(folder, write=not options.dry_run, actor=actor) as case:
        if options.dry_run:
            with case.read() as connection:
                state = conflicts.state_of(connection)
                changed = change(connection, names, deleted=deleted, dry_run=True)
            return DeletionReport(changed.changed, changed.unchanged, changed.rows, state)
        try:
            with case.write(f"{what}.{'delete' if deleted else 'restore'}", subject) as connection:
                conflicts.require_unchanged(connection, options.expected, rests_on)
                changed = change(connection, names, deleted=deleted)
                if not changed.changed:
                    raise _NothingToWriteError
                _note(connection, changed)
            drop_stale(case)
        except _NothingToWriteError:
            pass
    return DeletionReport(changed.changed, changed.unchanged, changed.rows)


def _note(connection: Connection, changed: Changed) -> None:
    connection.info["audit_details"] |= {
        "ids": list(changed.changed[:_MOST_NAMED]),
        "count": len(changed.changed),
        "rows": changed.rows,
    }
