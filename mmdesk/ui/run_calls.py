"""What the window asks of the services about trainings and runs; the same rules as for :mod:`mmdesk.ui.calls`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.types import current_actor

if TYPE_CHECKING:
    from mmdesk.engine.services.run_table import RunTable
    from mmdesk.engine.services.runs import Comparison, Reproduction, RunPage, RunRow, TrainResult
    from mmdesk.engine.training.checks import Finding
    from mmdesk.engine.training.config import ConfigField

RunsFunction = Callable[..., object]


def config_fields(*, ctx: JobContext) -> tuple[ConfigField, ...]:  # noqa: ARG001
    """What a training can be told."""
    from mmdesk.engine.services import runs

    return runs.config_fields()


def check_training(folder: Path, *, ctx: JobContext) -> tuple[Finding, ...]:
    """What stands against a training."""
    from mmdesk.engine.services import runs

    return runs.check_training(folder, ctx=ctx)


def train(folder: Path, config: Mapping[str, object], name: str | None, force: bool, *, ctx: JobContext) -> TrainResult:
    """Train one model."""
    from mmdesk.engine.services import runs

    return runs.train(folder, config, name=name, force=force, actor=current_actor(), ctx=ctx)


def run_table(folder: Path, deleted: bool, *, ctx: JobContext) -> RunTable:
    """The runs in columns, or those in the trash."""
    from mmdesk.engine.services import run_table

    return run_table.run_table(folder, deleted=deleted, ctx=ctx)


def rename_run(folder: Path, run: str, name: str, *, ctx: JobContext) -> RunRow:  # noqa: ARG001
    """Call a run something else."""
    from mmdesk.engine.services import runs

    return runs.rename_run(folder, run, name, actor=current_actor())


def show_run(folder: Path, run: str, *, ctx: JobContext) -> RunPage:  # noqa: ARG001
    """Everything that is stored of a run."""
    from mmdesk.engine.services import runs

    return runs.show_run(folder, run)


def compare_runs(folder: Path, chosen: Sequence[str], *, ctx: JobContext) -> Comparison:  # noqa: ARG001
    """Runs beside each other."""
    from mmdesk.engine.services import runs

    return runs.compare_runs(folder, chosen)


def delete_runs(folder: Path, chosen: Sequence[str], *, ctx: JobContext) -> None:
    """Put runs into the trash."""
    from mmdesk.engine.services import runs

    for run in chosen:
        ctx.check_cancelled()
        runs.delete_run(folder, run, actor=current_actor())


def restore_runs(folder: Path, chosen: Sequence[str], *, ctx: JobContext) -> None:
    """Take runs out of the trash."""
    from mmdesk.engine.services import runs

    for run in chosen:
        ctx.check_cancelled()
        runs.restore_run(folder, run, actor=current_actor())


def reproduce(folder: Path, run: str, *, ctx: JobContext) -> Reproduction:
    """Train a run again and compare."""
    from mmdesk.engine.services import runs

    return runs.reproduce(folder, run, actor=current_actor(), ctx=ctx)
