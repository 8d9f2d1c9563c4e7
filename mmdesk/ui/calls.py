"""What the window asks of the services, one plain function for each.

They run in a thread or in a worker process (see :mod:`mmdesk.ui.jobs`), so there is no Qt here, everything heavy is
imported inside, and what goes in and out can be pickled. Every one takes ``ctx``, whether its service needs it or not.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdesk.engine.core.arrow import spare_pandas
from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.types import Head, MissingEntities, OnConflict, Table, current_actor
from mmdesk.engine.explanation.explanation import Baseline

if TYPE_CHECKING:
    from mmdesk.engine.explanation.beside import Beside
    from mmdesk.engine.explanation.explanation import Changes, Explanation, Item
    from mmdesk.engine.explanation.looks import Perspective
    from mmdesk.engine.explanation.overview import Overview
    from mmdesk.engine.explanation.rescored import Rescored
    from mmdesk.engine.explanation.scenario import Scenario
    from mmdesk.engine.explanation.what_if_form import LimitField, WhatIfForm
    from mmdesk.engine.services.cases import DataHealth
    from mmdesk.engine.services.custody import CheckedFile
    from mmdesk.engine.services.data_quality import DataQuality
    from mmdesk.engine.services.explanation_batches import BatchReport
    from mmdesk.engine.services.media_imports import ArtifactRow, ExtractReport, MediaReport
    from mmdesk.engine.services.previews import Preview as MediaPreview
    from mmdesk.engine.services.runs import RunRow
    from mmdesk.engine.services.source_lines import SourceLines
    from mmdesk.engine.services.table_imports import ImportOptions, Preview, TableFiles, TablesReport
    from mmdesk.engine.services.table_reports import ImportHistory, ImportPage, RedoReport, UndoReport
    from mmdesk.ui.printing import Paper

_TABLE_SUFFIXES = {".csv", ".tsv", ".tab", ".txt", ".gz", ".zip", ".xlsx", ".xls", ".parquet"}


def load_libraries(*, ctx: JobContext) -> None:
    """Load what the tabs are made with, in another thread than theirs."""
    import numpy as np  # noqa: F401
    import pyqtgraph  # noqa: F401

    spare_pandas()
    ctx.check_cancelled()
    for room in ("importing", "training", "runs", "explain"):
        importlib.import_module(f"mmdesk.ui.tabs.{room}.tab")


# Tables.


def data_health(folder: Path, *, ctx: JobContext) -> DataHealth:  # noqa: ARG001
    """How complete the data are, as the database counts."""
    from mmdesk.engine.services import cases

    return cases.data_health(folder)


Spread = tuple[list[float], list[int]]
"""The events over time: edges in seconds since 1970, and counts."""


def events_over_time(folder: Path, span: tuple[int, int], *, ctx: JobContext) -> Spread | None:
    """How the events between the first and the last, in microseconds since 1970, are spread."""
    from mmdesk.engine.services import previews

    return previews.events_over_time(folder, span=span, ctx=ctx)


def data_quality(folder: Path, *, ctx: JobContext) -> DataQuality:
    """The ranges of the attributes, and copies on both sides of the split."""
    from mmdesk.engine.services import data_quality as service

    return service.data_quality(folder, ctx=ctx)


@dataclass(frozen=True)
class SortedFiles:
    """What was dropped: a case, or tables, media (folders among them), and manifests of media."""

    case: Path | None
    tables: tuple[Path, ...] = ()
    media: tuple[Path, ...] = ()
    manifests: tuple[Path, ...] = ()


def sort_files(paths: Sequence[Path], *, ctx: JobContext) -> SortedFiles:
    """Tell cases, tables, manifests and media apart.

    A folder with tables gives these, and of its folders the media, unless a manifest beside them names those.
    """
    from mmdesk.engine.services import media_imports

    tables: list[Path] = []
    media: list[Path] = []
    manifests: list[Path] = []
    for path in paths:
        ctx.check_cancelled()
        if path.suffix == ".mmcase" or (path / "case.mmcase").is_file():
            return SortedFiles(path)
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        files = [file for file in inside if file.suffix.lower() in _TABLE_SUFFIXES and file.is_file()]
        named = [file for file in files if media_imports.is_manifest(file)]
        manifests += named
        tables += [file for file in files if file not in named]
        if not files:
            media.append(path)
        elif not named:
            media += [file for file in inside if file.is_dir()]
    return SortedFiles(None, tuple(tables), tuple(media), tuple(manifests))


@dataclass(frozen=True)
class WantedColumn:
    """A column that a table takes."""

    name: str
    required: bool


@dataclass(frozen=True)
class Proposal:
    """Which table a file is, what that table takes, and a look at the file."""

    table: Table | None
    wanted: tuple[WantedColumn, ...]
    preview: Preview


def look_at_table(path: Path, table: Table | None, said: Mapping[str, object], *, ctx: JobContext) -> Proposal:
    """The first rows of a file and where its columns go; ``table`` None proposes it, ``said`` is its mapping.

    The same without what fits is published before, as ``{"event": "seen", "proposal"}``: of a file with hundreds of
    columns that takes a while.
    """
    from mmdesk.engine.ingestion.table_schema import FIELDS
    from mmdesk.engine.services import table_imports

    found = table if table is not None else table_imports.propose_tables([path], said)[path]
    fields = FIELDS[found] if found is not None else ()
    wanted = tuple(WantedColumn(field.name, field.required) for field in fields)

    def seen(preview: Preview) -> None:
        ctx.publish({"event": "seen", "proposal": Proposal(found, wanted, preview)})

    mapping = {(found or Table.ENTITIES).value: said} if said else None
    return Proposal(found, wanted, table_imports.preview_table(path, found, mapping, on_seen=seen))


def time_zones(*, ctx: JobContext) -> tuple[str, ...]:  # noqa: ARG001
    """All time zones that an import knows, by name."""
    import zoneinfo

    return tuple(sorted(zoneinfo.available_timezones()))


def read_mapping(path: Path, *, ctx: JobContext) -> dict[str, dict[str, object]]:  # noqa: ARG001
    """A mapping that was kept as a file, checked: table -> what is said of its file."""
    from mmdesk.engine.services import table_imports

    return table_imports.read_mapping(path)


def write_mapping(mapping: Mapping[str, object], path: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """Keep a mapping as a file, as the command line takes it."""
    from mmdesk.engine.services import table_imports

    table_imports.write_mapping(mapping, path)


def import_tables(folder: Path, files: TableFiles, options: ImportOptions, *, ctx: JobContext) -> TablesReport:
    """Import, or with ``options.dry_run`` say what would happen."""
    from mmdesk.engine.services import table_imports

    return table_imports.import_tables(folder, files, options, actor=current_actor(), ctx=ctx)


def table_arguments(
    paths: Mapping[Table, Path],
    mapping: Mapping[str, object] | None,
    *,
    on_conflict: OnConflict,
    missing_entities: MissingEntities,
    dry_run: bool,
    expected: str | None,
) -> tuple[TableFiles, ImportOptions]:
    """The arguments of an import."""
    from mmdesk.engine.services.table_imports import ImportOptions, TableFiles

    files = TableFiles(**{table.value: path for table, path in paths.items()})
    return files, ImportOptions(
        mapping=mapping,
        dry_run=dry_run,
        on_conflict=on_conflict,
        missing_entities=missing_entities,
        expected=expected,
    )


def save_rejected(
    folder: Path, files: TableFiles, options: ImportOptions, rejects: Path, *, ctx: JobContext
) -> TablesReport:
    """Write the rows that an import leaves out to a file; the case is not touched."""
    import dataclasses

    return import_tables(folder, files, dataclasses.replace(options, dry_run=True, rejects=rejects), ctx=ctx)


def import_history(folder: Path, *, ctx: JobContext) -> ImportHistory:  # noqa: ARG001
    """What was imported, and when."""
    from mmdesk.engine.services import imports

    return imports.import_history(folder, actor=current_actor())


def show_import(folder: Path, import_id: int, *, ctx: JobContext) -> ImportPage:  # noqa: ARG001
    """One import in full."""
    from mmdesk.engine.services import imports

    return imports.show_import(folder, import_id)


def save_left_out(folder: Path, import_id: int, out: Path, *, ctx: JobContext) -> int:  # noqa: ARG001
    """The rows that an import left out, as a file."""
    from mmdesk.engine.services import imports

    return imports.save_left_out(folder, import_id, out)


def undo_import(folder: Path, import_id: int, expected: str, *, ctx: JobContext) -> UndoReport:
    """Take an import back, as long as the list it was chosen from is true."""
    from mmdesk.engine.services import imports

    return imports.undo_import(folder, import_id, actor=current_actor(), expected=expected, ctx=ctx)


def redo_import(folder: Path, import_id: int, expected: str, *, ctx: JobContext) -> RedoReport:
    """Do an import again that was taken back, as long as the list it was chosen from is true."""
    from mmdesk.engine.services import imports

    return imports.redo_import(folder, import_id, actor=current_actor(), expected=expected, ctx=ctx)


# Media.


def import_media(folder: Path, paths: Sequence[Path], manifest: Path | None, *, ctx: JobContext) -> MediaReport:
    """Import files, folders, or what a manifest lists."""
    from mmdesk.engine.services import media_imports

    return media_imports.import_media(folder, paths, manifest, actor=current_actor(), ctx=ctx)


def extract(folder: Path, processes: int, retry_failed: bool, *, ctx: JobContext) -> ExtractReport:
    """Turn every pending artifact into features, so many files at once; 0 = one for each processor core."""
    from mmdesk.engine.services import media_imports

    return media_imports.extract(
        folder, actor=current_actor(), workers=processes or None, retry_failed=retry_failed, ctx=ctx
    )


def copy_artifact(folder: Path, sha256: str, out: Path, *, ctx: JobContext) -> int:
    """A copy of a file of the case, its hash checked."""
    from mmdesk.engine.services import media_imports

    return media_imports.copy_artifact(folder, sha256, out, ctx=ctx)


def list_artifacts(folder: Path, *, ctx: JobContext) -> tuple[ArtifactRow, ...]:  # noqa: ARG001
    """All artifacts."""
    from mmdesk.engine.services import media_imports

    return media_imports.list_artifacts(folder)


def preview_media(folder: Path, sha256: str, *, ctx: JobContext) -> MediaPreview:  # noqa: ARG001
    """Something to look at of an artifact, in detail."""
    from mmdesk.engine.services import previews

    return previews.preview(folder, sha256, detail=True)


def thumbnails(folder: Path, sha256s: Sequence[str], side: int, *, ctx: JobContext) -> None:
    """Small pictures, published one by one as ``{"event": "thumbnail", "sha256", "pixels"}``."""
    from mmdesk.engine.services import previews

    for sha256 in sha256s:
        ctx.check_cancelled()
        pixels = previews.thumbnail(folder, sha256, side)
        if pixels is not None:
            ctx.publish({"event": "thumbnail", "sha256": sha256, "pixels": pixels})


# Predictions and explanations.


def list_runs(folder: Path, deleted: bool, *, ctx: JobContext) -> tuple[RunRow, ...]:  # noqa: ARG001
    """The runs, or those in the trash."""
    from mmdesk.engine.services import runs

    return runs.list_runs(folder, deleted=deleted)


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


# What-ifs.


@dataclass(frozen=True)
class WhatIfOf:
    """Whose what-if: the arguments that all of these calls begin with; ``as_of_us`` None = everything known."""

    folder: Path
    run: str
    entity_id: str
    as_of_us: int | None


def what_if_form(of: WhatIfOf, *, ctx: JobContext) -> WhatIfForm:
    """What can be edited; model and case stay at hand afterwards."""
    from mmdesk.engine.services import what_if

    return what_if.open_what_if(of.folder, of.run, of.entity_id, as_of_us=of.as_of_us, ctx=ctx).form()


@dataclass(frozen=True)
class Answer:
    """The answer to a what-if, and the same as text."""

    found: Rescored
    text: str


def score_what_if(of: WhatIfOf, scenario: Scenario, *, ctx: JobContext) -> Answer:
    """What the run would say; the case is only read."""
    from mmdesk.engine.services import what_if

    found = what_if.open_what_if(of.folder, of.run, of.entity_id, as_of_us=of.as_of_us).score(scenario, ctx=ctx)
    return Answer(found, what_if.rescored_text(found))


def write_answer(answer: Answer, path: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """The answer to a what-if as a file: the document of the command line's ``--json``, or its text as ``.txt``."""
    import orjson

    from mmdesk.engine.core.files import write_atomic
    from mmdesk.engine.core.plain import as_plain

    if path.suffix.lower() == ".txt":
        write_atomic(path, f"{answer.text}\n".encode("utf-8", "surrogatepass"))
    else:
        write_atomic(path, orjson.dumps(as_plain(answer.found), option=orjson.OPT_INDENT_2) + b"\n")


def limit_fields(of: WhatIfOf, *, ctx: JobContext) -> tuple[LimitField, ...]:
    """Within what the attributes may change as long as nothing is declared."""
    from mmdesk.engine.services import what_if

    return what_if.limit_fields(of.folder, of.run, of.entity_id, as_of_us=of.as_of_us, ctx=ctx)


def what_it_takes(
    folder: Path, explanation: Explanation, limits: Mapping[str, object], *, ctx: JobContext
) -> tuple[Changes | None, str]:
    """The smallest change of attributes that turns an explained output over, and the sentence that says so.

    ``limits`` are as in a file of limits.
    """
    from mmdesk.engine.explanation.change_limits import limits_from
    from mmdesk.engine.explanation.changes import changes_text
    from mmdesk.engine.explanation.looks import NOT_TOLD, Perspective
    from mmdesk.engine.services import explanations

    wanted = {Perspective.CHANGES}
    found = explanations.look(folder, explanation, wanted, limits=limits_from(limits), ctx=ctx)
    if found.changes is None:
        unknown = NOT_TOLD[Perspective.CHANGES]
        return None, unknown if any(clause.text == unknown for clause in found.clauses) else ""
    return found.changes, changes_text(found, found.changes)


def read_limits(path: Path, *, ctx: JobContext) -> Mapping[str, object]:  # noqa: ARG001
    """Limits that were kept as a file, checked."""
    from mmdesk.engine.explanation.change_limits import limits_document, load_limits

    return limits_document(load_limits(path))


def write_limits(limits: Mapping[str, object], path: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """Keep limits as a file, as the command line takes it."""
    from mmdesk.engine.explanation.change_limits import limits_from, save_limits

    save_limits(limits_from(limits), path)


def read_scenario(path: Path, *, ctx: JobContext) -> Scenario:  # noqa: ARG001
    """A scenario that was kept as a file."""
    from mmdesk.engine.explanation.scenario import load_scenario

    return load_scenario(path)


def write_scenario(scenario: Scenario, path: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """Keep a scenario as a file, the same as on the command line."""
    from mmdesk.engine.explanation.scenario import save_scenario

    save_scenario(scenario, path)
