"""What the window asks of the services about explanations; the same rules as for :mod:`mmdesk.ui.calls`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.explanation import Baseline

if TYPE_CHECKING:
    from mmdesk.engine.explanation.beside import Beside
    from mmdesk.engine.explanation.explanation import Explanation, Item
    from mmdesk.engine.explanation.looks import Perspective
    from mmdesk.engine.explanation.overview import Overview
    from mmdesk.engine.services.custody import CheckedFile
    from mmdesk.engine.services.explanation_batches import BatchReport
    from mmdesk.engine.services.source_lines import SourceLines
    from mmdesk.ui.printing import Paper


@dataclass(frozen=True)
class Account:
    """What is to be explained.

    Attributes:
        head: Which output; None = the one that the run is best asked for.
        baseline: Where the account starts.
        as_of_us: Microseconds since 1970, None = everything known.
    """

    head: Head | None = None
    baseline: Baseline = Baseline.TYPICAL
    as_of_us: int | None = None


def explain(folder: Path, run: str, entity_id: str, account: Account, *, ctx: JobContext) -> Explanation:
    """Why a run says what it says of one entity."""
    from mmdesk.engine.services import explanations

    return explanations.explain(folder, run, entity_id, **asdict(account), cached=True, ctx=ctx)


def look(
    folder: Path, explanation: Explanation, perspectives: Sequence[Perspective], *, ctx: JobContext
) -> Explanation:
    """An explanation with further looks at it."""
    from mmdesk.engine.services import explanations

    return explanations.look(folder, explanation, perspectives, cached=True, ctx=ctx)


def set_beside(first: Explanation, second: Explanation, *, ctx: JobContext) -> Beside | None:  # noqa: ARG001
    """What differs between two explanations; None where they explain different outputs."""
    from mmdesk.engine.explanation import beside

    return beside.set_beside(first, second)


def write_beside(first: Explanation, second: Explanation, beside: Beside, path: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """What differs between two explanations as a file, by its ending."""
    from mmdesk.engine.services import beside_files

    beside_files.write_beside(first, second, beside, path)


def check_item(folder: Path, item: Item, *, ctx: JobContext) -> tuple[CheckedFile, ...]:
    """The files behind a piece of evidence, read and compared now."""
    from mmdesk.engine.services import custody

    return custody.check_item(folder, item, ctx=ctx)


def source_lines(folder: Path, item: Item, *, ctx: JobContext) -> SourceLines | None:
    """The line behind a piece of evidence among its neighbours; None where no file has a line of it."""
    from mmdesk.engine.services import source_lines as service

    return None if item.source is None else service.source_lines(folder, item.source, ctx=ctx)


@dataclass(frozen=True)
class CheckedExplanations:
    """What a check of a file of explanations found, in the words of the command line.

    Attributes:
        lines: What was found, the first one in short.
        holds: Each is in order, and everything behind them is what it was.
        tables_missing: Imported tables are not where they were.
    """

    lines: tuple[str, ...]
    holds: bool
    tables_missing: bool = False


def check_explanations(folder: Path, path: Path, folders: Sequence[Path], *, ctx: JobContext) -> CheckedExplanations:
    """Check the form of each explanation of a file, then what they rest on; tables may be in these folders now."""
    from mmdesk.engine.services import custody, explanation_files

    form = explanation_files.check_file(path, ctx=ctx.part(0, 0.3))
    lines = explanation_files.check_lines(form)
    if form.found:
        return CheckedExplanations(tuple(lines), holds=False)
    sources = custody.check_sources(path, folder, folders=folders, ctx=ctx.part(0.3, 1))
    lines += custody.sources_lines(sources)
    return CheckedExplanations(tuple(lines), sources.holds, custody.tables_missing(sources))


@dataclass(frozen=True)
class Batch:
    """What is to be explained of whom.

    Attributes:
        run: Whose account. ``entities``: of whom, in this order.
        account: Likewise for each.
        perspectives: Further looks.
        limits: A file that says within what attributes may change; None = as they do in the case.
    """

    run: str
    entities: Sequence[str]
    account: Account
    perspectives: Sequence[Perspective] = ()
    limits: Path | None = None


def explain_to_pages(folder: Path, batch: Batch, out: Path, *, ctx: JobContext) -> BatchReport:
    """Explanations of many entities as a folder of pages."""
    from mmdesk.engine.services import explanation_batches

    return explanation_batches.explain_to_pages(folder, batch.run, batch.entities, out, **_asked(batch), ctx=ctx)


def explain_to_file(folder: Path, batch: Batch, out: Path, *, ctx: JobContext) -> BatchReport:
    """Explanations of many entities, one in a line."""
    from mmdesk.engine.services import explanation_batches

    return explanation_batches.explain_to_file(folder, batch.run, batch.entities, out, **_asked(batch), ctx=ctx)


def _asked(batch: Batch) -> dict[str, Any]:
    from mmdesk.engine.services.explanations import NO_LIMITS, load_limits

    limits = load_limits(batch.limits) if batch.limits is not None else NO_LIMITS
    return {**asdict(batch.account), "perspectives": tuple(batch.perspectives), "limits": limits}


def overview_groupings(folder: Path, *, ctx: JobContext) -> tuple[str, ...]:  # noqa: ARG001
    """By what entities can be told apart."""
    from mmdesk.engine.services import explanation_overview

    return explanation_overview.groupings(folder)


def make_overview(
    folder: Path, run: str, entities: Sequence[str], account: Account, by: str, *, ctx: JobContext
) -> Overview:
    """What moves the scores of these entities."""
    from mmdesk.engine.services import explanation_overview

    return explanation_overview.make_overview(
        folder, run, entities, head=account.head, as_of_us=account.as_of_us, by=by, ctx=ctx
    )


def write_overview(overview: Overview, path: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """An overview as a file, by its ending."""
    from mmdesk.engine.services import explanation_overview

    explanation_overview.write_overview(overview, path)


def write_page(folder: Path, explanation: Explanation, path: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """An explanation as a page of HTML with its files, the same as on the command line."""
    from mmdesk.engine.core.files import write_atomic
    from mmdesk.engine.services import explanations

    write_atomic(path, explanations.page(folder, explanation))


def write_pdf(folder: Path, explanation: Explanation, paper: Paper, path: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """The same page as PDF, on sheets of this paper."""
    from mmdesk.engine.services import explanations
    from mmdesk.ui import printing

    printing.write_pdf(explanations.page(folder, explanation), path, paper)


def write_explanation(explanation: Explanation, path: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """An explanation as one JSON document, the same as on the command line."""
    from mmdesk.engine.core.files import write_atomic
    from mmdesk.engine.services import explanations

    write_atomic(path, explanations.to_json(explanation))
