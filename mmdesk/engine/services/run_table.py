"""The runs of a case in columns: what a table shows of them, and what a query can ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.plain import flattened
from mmdesk.engine.core.query.columns import AnyOf, CodedTexts
from mmdesk.engine.core.query.fields import Field, Float64, Kind, Rows
from mmdesk.engine.core.query.parsing import parse
from mmdesk.engine.core.times import now_us
from mmdesk.engine.core.types import RunStatus, Verdict
from mmdesk.engine.services.annotations import Mark, MarkKind, NoteRow
from mmdesk.engine.services.runs import RunRow

_PARTS = {"test": "on the test part", "val": "on the validation part", "train": "on the training part"}
_HEADS = ("classification", "regression", "ranking")
_SHORT = {"auroc": ("auc",), "average_precision": ("ap",)}
_BASELINE = "baseline"
_OF_THE_BASELINE = "of the plain baseline on the test part"
_FEW = 12
"""Values of a text are proposed while there are no more."""


class ColumnGroup(StrEnum):
    """Under what a column stands."""

    ATTRIBUTES = "Attributes"
    PARAMS = "Params"
    METRICS = "Metrics"
    TAGS = "Tags"


@dataclass(frozen=True)
class RunColumn:
    """A column of the table of runs.

    Attributes:
        field: What a query calls it. ``group``: under what it stands.
        values: One a run: a number, a moment (microseconds), seconds, or a text; None = missing.
    """

    field: Field
    group: ColumnGroup
    values: Sequence[Any]


@dataclass(frozen=True)
class RunTable:
    """Runs and their columns.

    Attributes:
        runs: Newest first. ``numbers``: of each, its place among all runs ever made, oldest 0; tells its colour.
        columns: By group. ``rows``: the same for :meth:`chosen`.
    """

    runs: tuple[RunRow, ...]
    numbers: tuple[int, ...]
    columns: tuple[RunColumn, ...]
    rows: Rows

    @property
    def fields(self) -> tuple[Field, ...]:
        """What can be asked for."""
        return tuple(column.field for column in self.columns)

    def chosen(self, query: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which runs a query chooses, bool [runs].

        Raises:
            QuerySyntaxError: It means nothing.
        """
        return parse(query, self.fields).mask(self.rows)


@dataclass(frozen=True)
class Said:
    """What analysts say of runs, by run id: ``tags``, ``notes`` (oldest first), and which are ``starred``."""

    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    starred: frozenset[str] = frozenset()

    @classmethod
    def of(cls, marks: Sequence[Mark], notes: Sequence[NoteRow]) -> Said:
        """From what is stored."""
        tags: dict[str, tuple[str, ...]] = {}
        texts: dict[str, tuple[str, ...]] = {}
        for mark in marks:
            if mark.kind is MarkKind.TAG:
                tags[mark.subject] = (*tags.get(mark.subject, ()), mark.value)
        for note in notes:
            texts[note.subject] = (*texts.get(note.subject, ()), note.text)
        return cls(tags, texts, frozenset(mark.subject for mark in marks if mark.kind is MarkKind.STAR))


def run_table(
    folder: Path, deleted: bool = False, *, lean: bool = False, actor: str | None = None, ctx: JobContext = NULL_CONTEXT
) -> RunTable:
    """The runs of a case in columns; those in the trash with ``deleted``.

    Args:
        folder: The case.
        deleted: Those in the trash.
        lean: Settings and measures are in the columns only; of ten thousand runs they are a million objects, which
            whoever keeps them pays for at each collection of garbage.
        actor: Who.
        ctx: Asked for cancellation.

    Raises:
        UsageError: No such case.
        StoreError: The case cannot be read.
    """
    from mmdesk.engine.core.types import current_actor
    from mmdesk.engine.services import annotations
    from mmdesk.engine.services.runs import as_row
    from mmdesk.engine.store import run_rows
    from mmdesk.engine.store.case import Case
    from mmdesk.engine.training import records

    with Case.open(folder, actor=actor or current_actor()) as case:
        runs = tuple(as_row(record) for record in records.all_runs(case, deleted=deleted))
        with case.read() as connection:
            made, verdicts = run_rows.ids_by_age(connection), run_rows.verdicts(connection)
    said = Said.of(
        annotations.marks(folder, annotations.SubjectKind.RUN), annotations.notes(folder, annotations.SubjectKind.RUN)
    )
    ctx.check_cancelled()
    places = {run_id: place for place, run_id in enumerate(made)}
    table = table_of(runs, tuple(places[run.run_id] for run in runs), verdicts, said)
    return replace(table, runs=tuple(replace(run, config={}, metrics={}) for run in runs)) if lean else table


def table_of(
    runs: Sequence[RunRow], numbers: Sequence[int], verdicts: Mapping[str, str], said: Said, now: int | None = None
) -> RunTable:
    """Runs in columns.

    Args:
        runs: Newest first.
        numbers: Their places among all runs, oldest 0.
        verdicts: Of those that were verified, the last one, by run id.
        said: Tags and notes.
        now: The present moment, in microseconds; the clock's if None.
    """
    moment = now_us() if now is None else now
    columns = [
        *_attributes(runs, verdicts, moment),
        *_params([flattened(run.config) for run in runs]),
        *_metrics([run.metrics for run in runs]),
        *_said(runs, said),
    ]
    texts = {c.field.name: CodedTexts.of(map(_texts, c.values)) for c in columns if c.field.kind is Kind.TEXT}
    rows = Rows(
        size=len(runs),
        numbers={c.field.name: _numbers(c.values) for c in columns if c.field.kind is not Kind.TEXT},
        texts=texts,
        searched=AnyOf(len(runs), tuple(texts.values())),
    )
    return RunTable(tuple(runs), tuple(numbers), tuple(columns), rows)


def _numbers(values: Sequence[Any]) -> Float64:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else (str(value),)


def _attributes(runs: Sequence[RunRow], verdicts: Mapping[str, str], now: int) -> Iterator[RunColumn]:
    group = ColumnGroup.ATTRIBUTES

    def column(field: Field, values: Sequence[Any]) -> RunColumn:
        return RunColumn(field, group, values)

    statuses, actors = tuple(map(str, RunStatus)), tuple(sorted({run.actor for run in runs}))
    yield column(Field("name", Kind.TEXT, "what the run is called", ("run",)), [run.name for run in runs])
    yield column(
        Field("status", Kind.TEXT, "how it ended, or running", (), statuses), [str(run.status) for run in runs]
    )
    dates = ("2024", "2024-05", "2024-05-31")
    yield column(
        Field("created", Kind.TIME, "when it was started", ("started",), dates), [run.created_us for run in runs]
    )
    yield column(Field("finished", Kind.TIME, "when it ended", (), dates), [run.finished_us for run in runs])
    ages = [(now - run.created_us) / 1e6 for run in runs]
    yield column(Field("age", Kind.DURATION, "time since it was started", (), ("1h", "1d", "2w")), ages)
    lasted = [None if run.finished_us is None else (run.finished_us - run.created_us) / 1e6 for run in runs]
    yield column(Field("duration", Kind.DURATION, "time from start to end", ("took",), ("30s", "5min", "2h")), lasted)
    yield column(Field("actor", Kind.TEXT, "who started it", ("by",), actors), [run.actor for run in runs])
    known = tuple(map(str, Verdict))
    found = [verdicts.get(run.run_id) for run in runs]
    yield column(Field("verified", Kind.TEXT, "what training it again showed last", ("verdict",), known), found)
    yield column(Field("id", Kind.TEXT, "its identity, 64 digits"), [run.run_id for run in runs])
    yield column(Field("data", Kind.TEXT, "SHA-256 of the data"), [run.data_sha256 for run in runs])
    yield column(Field("model", Kind.TEXT, "SHA-256 of model.pt"), [run.model_sha256 for run in runs])
    yield column(Field("error", Kind.TEXT, "why it failed"), [run.error for run in runs])


def _params(configs: Sequence[Mapping[str, Any]]) -> Iterator[RunColumn]:
    from mmdesk.engine.training.config import FIELDS

    meanings = {field.name: field.help for field in FIELDS}
    for name in dict.fromkeys(name for config in configs for name in config):
        values = [config.get(name) for config in configs]
        aliases = (f"param.{name}",)
        if all(value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)) for value in values):
            field = Field(name, Kind.NUMBER, meanings.get(name, "setting"), aliases)
        else:
            values = [_word(value) for value in values]
            known = tuple(sorted({value for value in values if isinstance(value, str)}))
            field = Field(name, Kind.TEXT, meanings.get(name, "setting"), aliases, known if len(known) <= _FEW else ())
        yield RunColumn(field, ColumnGroup.PARAMS, values)


def _word(value: object) -> object:
    """A setting that is no number, as a query's texts."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return tuple(str(item) for item in value)
    return None if value is None else str(value)


def _metrics(metrics: Sequence[Mapping[str, Any]]) -> Iterator[RunColumn]:
    measured: dict[tuple[str, str, str], list[Any]] = {}
    for place, document in enumerate(metrics):
        for source in (*_PARTS, _BASELINE) if document else ():
            for head, figures in _heads(document, source).items():
                for name, value in figures.items() if head in _HEADS else ():
                    if value.__class__ is float or value.__class__ is int:
                        column = measured.get((source, head, name))
                        if column is None:
                            column = measured[source, head, name] = [None] * len(metrics)
                        column[place] = float(value)
    taken: set[str] = set()
    for (source, head, name), values in measured.items():
        short = [f"{source}.{name}"]
        if source == "test":
            short += [name, *_SHORT.get(name, ())]
        # What two heads have (n) means the first one's; the other one's goes by its whole name.
        aliases = tuple(one for one in short if one not in taken)
        taken.update(aliases)
        help_text = f"{name.replace('_', ' ')} of the {head} {_PARTS.get(source, _OF_THE_BASELINE)}"
        yield RunColumn(Field(f"{source}.{head}.{name}", Kind.NUMBER, help_text, aliases), ColumnGroup.METRICS, values)


def _heads(document: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    if source == _BASELINE:
        measures = (document.get("baseline") or {}).get("measures") or {}
        found = measures.get("test")
    else:
        found = document.get(source)
    return found if isinstance(found, Mapping) else {}


def _said(runs: Sequence[RunRow], said: Said) -> Iterator[RunColumn]:
    words = tuple(dict.fromkeys(tag for tags in said.tags.values() for tag in tags))
    fields = (
        (Field("tag", Kind.TEXT, "a tag on the run", ("tags",), words), said.tags),
        (Field("note", Kind.TEXT, "a note on the run", ("notes",)), said.notes),
    )
    for one, texts in fields:
        yield RunColumn(one, ColumnGroup.TAGS, [texts.get(run.run_id) for run in runs])
    stars = ["yes" if run.run_id in said.starred else "no" for run in runs]
    yield RunColumn(Field("star", Kind.TEXT, "it has a star", (), ("yes", "no")), ColumnGroup.TAGS, stars)
