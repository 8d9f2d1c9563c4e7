"""What the window asks of the services about trainings and runs; the same rules as for :mod:`mmdesk.ui.calls`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.types import current_actor

if TYPE_CHECKING:
    from mmdesk.engine.services.annotations import Mark, NoteRow
    from mmdesk.engine.services.certificates import Certificate
    from mmdesk.engine.services.run_changes import RunsChanged, RunSwitch
    from mmdesk.engine.services.run_purges import PurgeReport
    from mmdesk.engine.services.run_table import RunTable
    from mmdesk.engine.services.runs import Comparison, Reproduction, RunPage, RunRow, TrainResult
    from mmdesk.engine.training.checks import Finding
    from mmdesk.engine.training.config import ConfigField
    from mmdesk.engine.training.expected_time import Estimate


def list_runs(folder: Path, deleted: bool, *, ctx: JobContext) -> tuple[RunRow, ...]:  # noqa: ARG001
    """The runs, or those in the trash."""
    from mmdesk.engine.services import runs

    return runs.list_runs(folder, deleted=deleted)


def config_fields(*, ctx: JobContext) -> tuple[ConfigField, ...]:  # noqa: ARG001
    """What a training can be told."""
    from mmdesk.engine.services import runs

    return runs.config_fields()


def check_training(folder: Path, *, ctx: JobContext) -> tuple[Finding, ...]:
    """What stands against a training."""
    from mmdesk.engine.services import runs

    return runs.check_training(folder, ctx=ctx)


def estimate_training(folder: Path, config: Mapping[str, object], *, ctx: JobContext) -> Estimate | None:
    """How long a training will take."""
    from mmdesk.engine.services import runs

    return runs.estimate_training(folder, config, ctx=ctx)


def train(folder: Path, config: Mapping[str, object], name: str | None, force: bool, *, ctx: JobContext) -> TrainResult:
    """Train one model."""
    from mmdesk.engine.services import runs

    return runs.train(folder, config, name=name, force=force, actor=current_actor(), ctx=ctx)


@dataclass(frozen=True)
class TrainingWish:
    """A training that another tab wants: with the settings of a run, and whether to start at once."""

    run_id: str
    start: bool = False


def evaluate(folder: Path, run: str, part: str, *, ctx: JobContext) -> Mapping[str, object]:
    """How well a run does on a part of the labels that the case has now; as in metrics.json."""
    from mmdesk.engine.core.types import Split
    from mmdesk.engine.services import predictions

    return {part: predictions.evaluate(folder, run, Split(part), ctx=ctx)}


def run_table(folder: Path, deleted: bool, *, ctx: JobContext) -> RunTable:
    """The runs in columns, or those in the trash."""
    from mmdesk.engine.services import run_table

    return run_table.run_table(folder, deleted=deleted, lean=True, ctx=ctx)


def rename_run(folder: Path, run: str, name: str, *, ctx: JobContext) -> RunsChanged:  # noqa: ARG001
    """Call a run something else."""
    from mmdesk.engine.services import run_changes

    return run_changes.rename(folder, run, name, actor=current_actor())


def show_run(folder: Path, run: str, deleted: bool = False, *, ctx: JobContext) -> RunPage:  # noqa: ARG001
    """Everything that is stored of a run; ``deleted``: it is in the trash."""
    from mmdesk.engine.services import runs

    return runs.show_run(folder, run, deleted=deleted)


@dataclass(frozen=True)
class SaidOfRun:
    """A run's page, and what analysts say of it."""

    page: RunPage
    tags: tuple[Mark, ...]
    notes: tuple[NoteRow, ...]


def show_run_said(folder: Path, run: str, deleted: bool, *, ctx: JobContext) -> SaidOfRun:
    """Everything that is stored of a run, tags and notes too."""
    from mmdesk.engine.services import annotations

    page, kind = show_run(folder, run, deleted, ctx=ctx), annotations.SubjectKind.RUN
    found = annotations.marks(folder, kind, [page.row.run_id])
    tags = tuple(mark for mark in found if mark.kind is annotations.MarkKind.TAG)
    return SaidOfRun(page, tags, annotations.notes(folder, kind, [page.row.run_id]))


def compare_runs(folder: Path, chosen: Sequence[str], *, ctx: JobContext) -> Comparison:  # noqa: ARG001
    """Runs beside each other."""
    from mmdesk.engine.services import runs

    return runs.compare_runs(folder, chosen)


def move_runs(folder: Path, chosen: Sequence[str], deleted: bool, *, ctx: JobContext) -> RunsChanged:
    """Put runs into the trash, or take them out of it."""
    from mmdesk.engine.services import run_changes

    return run_changes.move(folder, chosen, deleted=deleted, actor=current_actor(), ctx=ctx)


def turn_runs(folder: Path, switch: RunSwitch, redo: bool, *, ctx: JobContext) -> RunsChanged:  # noqa: ARG001
    """Take a change of runs back, or do it again."""
    from mmdesk.engine.services import run_changes

    return run_changes.turn_runs(folder, switch, actor=current_actor(), ctx=ctx)


def reproduce(folder: Path, run: str, *, ctx: JobContext) -> Reproduction:
    """Train a run again and compare."""
    from mmdesk.engine.services import runs

    return runs.reproduce(folder, run, actor=current_actor(), ctx=ctx)


def write_certificate(certificate: Certificate, out: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """The certificate of a verification as a file."""
    from mmdesk.engine.services import certificates

    certificates.write_certificate(certificate, out)


def write_comparison(comparison: Comparison, out: Path, everything: bool, *, ctx: JobContext) -> None:  # noqa: ARG001
    """A comparison as a file."""
    from mmdesk.engine.services import comparison_files

    comparison_files.write_comparison(comparison, out, everything=everything)


def write_run_table(
    table: RunTable,
    out: Path,
    rows: Sequence[int],
    names: Sequence[str],
    *,
    ctx: JobContext,  # noqa: ARG001
) -> None:
    """Runs of the table as a file, in this order, with these columns."""
    from mmdesk.engine.services import run_table_files

    run_table_files.write_run_table(table, out, rows, names)


def write_card(card: str, out: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """A model card as a file of Markdown."""
    from mmdesk.engine.core.files import write_atomic

    write_atomic(out, card.encode("utf-8", "surrogatepass"))


def purge_runs(folder: Path, chosen: Sequence[str], dry_run: bool, *, ctx: JobContext) -> PurgeReport:
    """Remove runs that are in the trash for good, or say what would go."""
    from mmdesk.engine.services import run_purges

    return run_purges.purge_runs(folder, chosen, dry_run=dry_run, actor=current_actor(), ctx=ctx)
