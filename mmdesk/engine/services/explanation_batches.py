"""Explanations of a whole list, as a file with one in a line or as a folder of pages with a list that leads to them.

What is finished when the work is cancelled stays: the file holds the explanations made so far, and the list of the
pages leads to those that are there and says how many were asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.files import atomic_writer, write_atomic
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobCancelled, JobContext
from mmdesk.engine.core.types import Head, current_actor
from mmdesk.engine.services.custody import Custodian
from mmdesk.engine.services.explanations import NO_LIMITS, Baseline, explain_many, page, page_name, to_json
from mmdesk.engine.store.case import Case

if TYPE_CHECKING:
    from mmdesk.engine.explanation.change_limits import ChangeLimits
    from mmdesk.engine.explanation.explanation import Explanation
    from mmdesk.engine.explanation.looks import Perspective

INDEX = "index.html"


@dataclass(frozen=True)
class BatchReport:
    """What was made.

    Attributes:
        explained: How many explanations.
        path: The file, or the list of the pages.
    """

    explained: int
    path: str


class PageFolder:
    """Writes a page for each explanation, and their list; see :func:`page_folder`."""

    def __init__(self, case: Case, folder: Path, out: Path) -> None:
        from mmdesk.engine.explanation.index_page import IndexLine

        self._folder, self._out = folder, out
        self._custodian = Custodian(case)
        self._lines: list[IndexLine] = []
        self._run_id = ""

    def add(self, explanation: Explanation) -> None:
        """Write one page."""
        from mmdesk.engine.explanation.index_page import IndexLine

        name = page_name(len(self._lines) + 1, explanation)
        write_atomic(self._out / name, page(self._folder, explanation, self._custodian))
        self._lines.append(IndexLine.of(name, explanation))
        self._run_id = explanation.run_id

    def finish(self, asked: int) -> Path:
        """Write the list of the pages that are there."""
        from mmdesk.engine.explanation.index_page import index_page

        path = self._out / INDEX
        write_atomic(path, index_page(self._lines, run_id=self._run_id, asked=max(asked, len(self._lines))))
        return path


@contextmanager
def page_folder(folder: Path, out: Path, asked: int) -> Iterator[PageFolder]:
    """A folder of pages; the list of them is written at the end, also if it comes early.

    Args:
        folder: The case.
        out: Where the pages go; files of the same names are replaced.
        asked: How many there are to be.

    Raises:
        StoreError: The case cannot be opened.
        ResourceError: The pages cannot be written.
    """
    with Case.open(folder, actor=current_actor()) as case:
        pages = PageFolder(case, folder, out)
        try:
            yield pages
        except JobCancelled:
            pages.finish(asked)
            raise
        pages.finish(asked)


def explain_to_pages(
    folder: Path,
    run: str,
    entities: Sequence[str],
    out: Path,
    *,
    head: Head | None = None,
    as_of_us: int | None = None,
    baseline: Baseline = Baseline.TYPICAL,
    perspectives: Collection[Perspective] = (),
    limits: ChangeLimits = NO_LIMITS,
    ctx: JobContext = NULL_CONTEXT,
) -> BatchReport:
    """A page of HTML for each of some entities, and ``index.html`` that leads to them; what is finished is kept.

    Args:
        folder: The case.
        run: A unique beginning of its id, its name, or ``latest``.
        entities: Ids, in the order of the numbers in the pages' names.
        out: The folder for the pages.
        head: As :func:`~mmdesk.engine.services.explanations.explain_many`.
        as_of_us: Likewise.
        baseline: Likewise.
        perspectives: Likewise; further looks.
        limits: Likewise; within what attributes may change.
        ctx: Progress; ``{"event": "explained", "done", "asked"}`` after each; cancelling.

    Raises:
        DataError: No such run or entity. ModelError: the run cannot be used.
        ResourceError: The pages cannot be written.
    """
    made = explain_many(
        folder, run, entities, head=head, as_of_us=as_of_us, baseline=baseline, perspectives=perspectives,
        limits=limits, cached=True, ctx=ctx,
    )  # fmt: skip
    with page_folder(folder, out, len(entities)) as pages:
        for one in _told(made, len(entities), ctx):
            pages.add(one)
    return BatchReport(len(entities), str(out / INDEX))


def explain_to_file(
    folder: Path,
    run: str,
    entities: Sequence[str],
    out: Path,
    *,
    head: Head | None = None,
    as_of_us: int | None = None,
    baseline: Baseline = Baseline.TYPICAL,
    perspectives: Collection[Perspective] = (),
    limits: ChangeLimits = NO_LIMITS,
    ctx: JobContext = NULL_CONTEXT,
) -> BatchReport:
    """Explanations of some entities, one in a line; what is finished is kept. Parameters as :func:`explain_to_pages`.

    Args:
        folder: The case.
        run: Which run.
        entities: Ids, in the order of the lines.
        out: The file; it appears whole, when all is done or cancelled.
        head: Which output.
        as_of_us: Only what lies strictly before it is used.
        baseline: Where the accounts start.
        perspectives: Further looks.
        limits: Within what attributes may change, for the look at changes.
        ctx: As :func:`explain_to_pages`.

    Raises:
        DataError: No such run or entity. ModelError: the run cannot be used.
        ResourceError: The file cannot be written.
    """
    made = explain_many(
        folder, run, entities, head=head, as_of_us=as_of_us, baseline=baseline, perspectives=perspectives,
        limits=limits, cached=True, ctx=ctx,
    )  # fmt: skip
    cancelled: JobCancelled | None = None
    with atomic_writer(out) as file:
        try:
            for one in _told(made, len(entities), ctx):
                file.write(to_json(one) + b"\n")
        except JobCancelled as stop:  # leaving the block without an error lets the file appear
            cancelled = stop
    if cancelled is not None:
        raise cancelled
    return BatchReport(len(entities), str(out))


def _told(made: Iterable[Explanation], asked: int, ctx: JobContext) -> Iterator[Explanation]:
    """Each of them, told when whoever asked for it is done with it; cancelling is asked for between them."""
    for done, one in enumerate(made, 1):
        yield one
        ctx.publish({"event": "explained", "done": done, "asked": asked})
        if done < asked:
            ctx.check_cancelled()
