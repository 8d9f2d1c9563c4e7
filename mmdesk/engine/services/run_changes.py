"""Renaming runs and moving them to the trash and back, so that it can be taken back as tags and notes can.

Every change returns what it switched (:class:`RunSwitch`); the reverse of that, given to :func:`turn_runs`, undoes it,
and the reverse of what an undo returns does it again. Runs that somebody else has changed meanwhile are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mmdesk.engine.core.errors import MmdeskError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobCancelled, JobContext

if TYPE_CHECKING:
    from mmdesk.engine.training.records import RunRecord

State: TypeAlias = str | bool
"""What is changed of a run: its name, or whether it is in the trash."""


@dataclass(frozen=True)
class RunChange:
    """One run, what it was and what it became."""

    run_id: str
    before: State
    after: State


@dataclass(frozen=True)
class RunSwitch:
    """Runs that were changed together; false if there are none."""

    changes: tuple[RunChange, ...] = ()

    @property
    def reverse(self) -> RunSwitch:
        """The same the other way round."""
        return RunSwitch(tuple(RunChange(one.run_id, one.after, one.before) for one in self.changes))

    def __bool__(self) -> bool:
        return bool(self.changes)


@dataclass(frozen=True)
class RunsChanged:
    """What was switched; ``passed``: the runs left as they are.

    That is because somebody else has changed them meanwhile, because one is being trained, or because it was cancelled.
    """

    switch: RunSwitch
    passed: tuple[str, ...] = ()


def rename(folder: Path, run_id: str, name: str, *, actor: str) -> RunsChanged:
    """Call a run something else; errors as :func:`mmdesk.engine.services.runs.rename_run`."""
    from mmdesk.engine.services import runs

    before = _find(folder, run_id, actor)
    after = runs.rename_run(folder, run_id, name, actor=actor)
    if before is None or after.name == before.name:
        return RunsChanged(RunSwitch())
    return RunsChanged(RunSwitch((RunChange(run_id, before.name, after.name),)))


def move(
    folder: Path, run_ids: Iterable[str], *, deleted: bool, actor: str, ctx: JobContext = NULL_CONTEXT
) -> RunsChanged:
    """Put runs into the trash, or take them out of it; those that are there already are passed over.

    Args:
        folder: The case.
        run_ids: Which.
        deleted: Into the trash.
        actor: Who.
        ctx: Asked for cancellation between runs; as :func:`turn_runs`.

    Raises:
        DataError: One is being trained (``train.running``).
        StoreError: The case cannot be written.
    """
    wanted = tuple(RunChange(run_id, not deleted, deleted) for run_id in run_ids)
    return turn_runs(folder, RunSwitch(wanted), actor=actor, ctx=ctx)


def turn_runs(folder: Path, switch: RunSwitch, *, actor: str, ctx: JobContext = NULL_CONTEXT) -> RunsChanged:
    """Change runs, as far as they are still as they were before.

    Args:
        folder: The case.
        switch: To take a change back, the reverse of what it returned; to do it again, the reverse of what that did.
        actor: Who.
        ctx: Asked for cancellation between runs. Whatever stops it, those that are changed by then stay changed; they
            are returned, so that they can be changed back, and the rest counts as passed.

    Raises:
        UsageError: Another run has the name by now (``run.bad_name``).
        DataError: One is being trained (``train.running``).
        StoreError: The case cannot be written.
        JobCancelled: Before anything was changed; likewise the errors above.
    """
    from mmdesk.engine.services import runs

    done: list[RunChange] = []
    passed: list[str] = []
    for place, change in enumerate(switch.changes):
        try:
            ctx.check_cancelled()
            if not _is_as_before(_find(folder, change.run_id, actor), change):
                passed.append(change.run_id)
                continue
            if isinstance(change.after, str):
                runs.rename_run(folder, change.run_id, change.after, actor=actor)
            elif change.after:
                runs.delete_run(folder, change.run_id, actor=actor)
            else:
                runs.restore_run(folder, change.run_id, actor=actor)
        except (MmdeskError, JobCancelled):
            if not done:
                raise
            passed += [one.run_id for one in switch.changes[place:]]
            break
        done.append(change)
    return RunsChanged(RunSwitch(tuple(done)), tuple(passed))


def _is_as_before(record: RunRecord | None, change: RunChange) -> bool:
    """Not so if somebody else has renamed or moved it, or removed it for good."""
    if record is None:
        return False
    in_trash = record.deleted_us is not None
    return (
        in_trash is change.before if isinstance(change.before, bool) else record.name == change.before and not in_trash
    )


def _find(folder: Path, run_id: str, actor: str) -> RunRecord | None:
    from mmdesk.engine.store.case import Case
    from mmdesk.engine.training import records

    with Case.open(folder, actor=actor) as case:
        return records.find(case, run_id)
