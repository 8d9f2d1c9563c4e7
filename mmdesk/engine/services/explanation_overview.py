"""What moves the outputs of a whole list of entities, for all of them and by group."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.core.files import write_atomic
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import ColumnKind, Head, current_actor
from mmdesk.engine.explanation.explanation import UNITS, Explanation, ItemKind
from mmdesk.engine.explanation.overview import Overview, Tally, table_rows
from mmdesk.engine.store.case import Case

if TYPE_CHECKING:
    from mmdesk.engine.dataset.case_data import CaseData
    from mmdesk.engine.training.decisions import DecisionRule

__all__ = ["BY_DECISION", "BY_MEDIA", "SAMPLE", "Overview", "groupings", "make_overview", "overview_csv"]

BY_MEDIA = "media"
BY_DECISION = "decision"
SAMPLE = 500
"""So many entities are explained at most unless more are asked for."""
_SEED = 1234
_GroupOf = Callable[[Explanation], str]
_GROUPING_KINDS = frozenset({ColumnKind.CATEGORY, ColumnKind.BOOLEAN})


def groupings(folder: Path) -> tuple[str, ...]:
    """By what entities can be told apart: ``media``, ``decision`` and the attributes that are words.

    Raises:
        StoreError: The case cannot be opened.
    """
    from mmdesk.engine.store import readers

    with Case.open(folder, actor=current_actor()) as case, case.read() as connection:
        kinds = readers.attribute_kinds(connection)
    return (BY_MEDIA, BY_DECISION, *(name for name, kind in kinds.items() if kind in _GROUPING_KINDS))


def make_overview(
    folder: Path,
    run: str,
    entities: Sequence[str] | None = None,
    *,
    targets_file: Path | None = None,
    head: Head | None = None,
    as_of_us: int | None = None,
    by: str = "",
    sample: int = SAMPLE,
    actor: str | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> Overview:
    """The mean size of each input's contributions over a list, and by group; all start from the typical case.

    Explanations that were made before are taken from the cache; what is made is kept there, also when cancelled.

    Args:
        folder: The case.
        run: A unique beginning of its id, its name, or ``latest``.
        entities: Ids; all entities of the case if neither these nor a file are given.
        targets_file: CSV with ``entity_id`` and perhaps ``as_of``.
        head: As :func:`~mmdesk.engine.services.explanations.explain_many`.
        as_of_us: Likewise.
        by: One of :func:`groupings`; empty = everyone together only.
        sample: Of a longer list so many are drawn at random, the same ones each time.
        actor: Who asks.
        ctx: Progress and cancelling.

    Raises:
        DataError: No such run or entity, a head that was not learned, or nothing to group by
            (``explanations.no_such_grouping``), nobody to explain (``explanations.nobody``).
        ModelError: The run is not finished, or its model was altered.
    """
    from mmdesk.engine.dataset.live import live_data
    from mmdesk.engine.services.explanations import explain_many
    from mmdesk.engine.services.loaded_runs import loaded_run
    from mmdesk.engine.services.predictions import asked_rows

    who = actor or current_actor()
    with Case.open(folder, actor=who) as case:
        loaded = loaded_run(case, run)
        record = loaded.record
        data = live_data(case, version=record.feature_version, data_sha256=record.data_sha256, ctx=ctx.part(0, 0.1))
    group_of = _grouping(by, data, loaded.trained.rule, Head.CLASSIFICATION in loaded.trained.heads)
    names, _, moments = asked_rows(data, entities, targets_file, as_of_us)
    if not names:
        raise DataError(
            "There is nobody to explain.", "Import entities first, or name some.", code="explanations.nobody"
        )
    chosen = _sampled(len(names), sample)
    made = explain_many(
        folder,
        record.run_id,
        [names[place] for place in chosen],
        moments_us=[None if moments[place] == END_OF_TIME_US else int(moments[place]) for place in chosen],
        head=head,
        cached=True,
        actor=who,
        ctx=ctx.part(0.1, 1),
    )
    tally, used = Tally(), Head.CLASSIFICATION
    for one in made:
        tally.add(one, group_of(one) if group_of is not None else None)
        used = one.head
    return Overview(record.run_id, used, UNITS[used], by, len(chosen), len(names), tally.groups())


def _sampled(number: int, sample: int) -> list[int]:
    """Places of at most so many of them, in their order."""
    if number <= sample:
        return list(range(number))
    drawn = np.random.default_rng(_SEED).choice(number, sample, replace=False)
    return sorted(drawn.tolist())


def _grouping(by: str, data: CaseData, rule: DecisionRule, has_probability: bool) -> _GroupOf | None:
    if not by:
        return None
    if by == BY_MEDIA:
        return lambda one: (
            "with files" if any(item.kind is ItemKind.ARTIFACT for item in one.items) else "without files"
        )
    if by == BY_DECISION and has_probability:
        return lambda one: str(rule.decide(np.array([np.nan if one.probability is None else one.probability]))[0])
    column = data.attributes.get(by)
    if column is not None and column.kind in _GROUPING_KINDS:
        from mmdesk.engine.explanation.evidence import attribute_text

        index = data.entity_index()
        return lambda one: attribute_text(column, index[one.entity_id], END_OF_TIME_US)
    words = [name for name, found in data.attributes.items() if found.kind in _GROUPING_KINDS]
    raise DataError(
        f"The entities cannot be told apart by {by}.",
        f"It may be: {', '.join([BY_MEDIA, *([BY_DECISION] if has_probability else []), *words])}.",
        code="explanations.no_such_grouping",
        details={"by": by},
    )


def overview_csv(overview: Overview) -> bytes:
    """The figures as a table; what a spreadsheet would take for a formula gets a quote mark."""
    from mmdesk.engine.services.predictions import harmless

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in table_rows(overview):
        writer.writerow([harmless(cell) if isinstance(cell, str) else as_plain(cell) for cell in row])
    return text.getvalue().encode("utf-8", "surrogatepass")


def _json(overview: Overview) -> bytes:
    import orjson

    return orjson.dumps(as_plain(overview), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _html(overview: Overview) -> bytes:
    from mmdesk.engine.explanation.overview_page import overview_page

    return overview_page(overview)


_WRITERS = {".csv": overview_csv, ".json": _json, ".html": _html}


def require_format(out: Path) -> None:
    """Refuse a name that :func:`write_overview` would refuse, before the work is done.

    Raises:
        UsageError: Another ending (``usage.unknown_format``).
    """
    if out.suffix.lower() not in _WRITERS:
        raise UsageError(
            f"{out.name}: an overview is written as .csv, .json or .html.",
            "Choose one of these endings.",
            code="usage.unknown_format",
        )


def write_overview(overview: Overview, out: Path) -> None:
    """Write an overview as ``.csv``, ``.json`` or ``.html``, by the name's ending; whole or not at all.

    Raises:
        UsageError: Another ending (``usage.unknown_format``).
        ResourceError: It cannot be written.
    """
    require_format(out)
    write_atomic(out, _WRITERS[out.suffix.lower()](overview))
