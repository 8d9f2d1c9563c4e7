"""What a run says of entities, and how well it does."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.core.files import atomic_writer, require_file
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.times import END_OF_TIME_US, format_us
from mmdesk.engine.core.types import Head, Split, current_actor
from mmdesk.engine.store.case import Case

if TYPE_CHECKING:
    from mmdesk.engine.dataset.case_data import CaseData, Int64
    from mmdesk.engine.training.checkpoint import TrainedModel
    from mmdesk.engine.training.decisions import DecisionRule
    from mmdesk.engine.training.records import LoadedRun

COLUMNS = ("entity_id", "as_of", "regression", "probability", "ranking_score")
_SHOWN_UNKNOWN = 5
_FEW = 8
"""So few rows are soonest said on one thread."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class PredictionRow:
    """One prediction.

    Attributes:
        entity_id: Whom it is about. ``as_of``: ISO 8601 in UTC; None = everything known counts.
        regression: In the unit of ``y_reg``. ``probability``: of ``y_class`` = 1, calibrated, 0 to 1.
        ranking_score: Higher is better, without unit. A head that had nothing to learn from is None.
        embedding: 64 numbers.
        decision: ``positive``, ``negative`` or ``uncertain``, with the error rate of :attr:`Predictions.rule`.
        regression_low, regression_high: The truth lies between them with its coverage; None where the validation rows
            were too few to say.
    """

    entity_id: str
    as_of: str | None
    regression: float | None
    probability: float | None
    ranking_score: float | None
    embedding: tuple[float, ...]
    decision: str | None = None
    regression_low: float | None = None
    regression_high: float | None = None


@dataclass(frozen=True)
class Predictions:
    """Predictions in columns, one row per asked row, in the order asked.

    Attributes:
        run_id: Whose. ``entity_ids``: [R]. ``as_of_us``: int64 [R], ``END_OF_TIME_US`` = none.
        regression, probability, ranking: float64 [R]; None for a head that had nothing to learn from.
        embedding: float32 [R, 64]; [R, 0] where nobody asked for it.
        rule: What may be decided from them, and with which error rate.
        notes: Sentences on what was left out.
    """

    run_id: str
    entity_ids: tuple[str, ...]
    as_of_us: Int64
    regression: np.typing.NDArray[np.float64] | None
    probability: np.typing.NDArray[np.float64] | None
    ranking: np.typing.NDArray[np.float64] | None
    embedding: np.typing.NDArray[np.float32]
    rule: DecisionRule
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.entity_ids)

    def as_of(self) -> list[str | None]:
        """[R] ISO 8601, None = everything known counts."""
        return [None if moment == END_OF_TIME_US else format_us(int(moment)) for moment in self.as_of_us]

    def rows(self) -> tuple[PredictionRow, ...]:
        """One object per row; for thousands of rows, not for millions."""
        nothing = [None] * len(self)
        heads = [self.regression, self.probability, self.ranking]
        columns = [nothing if values is None else values.tolist() for values in (*heads, *self.decided())]
        return tuple(
            PredictionRow(entity, as_of, regression, probability, score, tuple(embedding), decision, low, high)
            for entity, as_of, regression, probability, score, decision, low, high, embedding in zip(
                self.entity_ids, self.as_of(), *columns, self.embedding.tolist(), strict=True
            )
        )

    def decided(self) -> tuple[np.typing.NDArray[Any] | None, ...]:
        """``decision``, ``regression_low``, ``regression_high`` of each row, each None where it cannot be said."""
        decision = None if self.probability is None else self.rule.decide(self.probability)
        error = self.rule.regression_error
        if self.regression is None or error is None:
            return decision, None, None
        return decision, self.regression - error, self.regression + error


def predict(
    folder: Path,
    run: str,
    *,
    entities: Sequence[str] | None = None,
    targets_file: Path | None = None,
    as_of_us: int | None = None,
    actor: str | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> tuple[PredictionRow, ...]:
    """As :func:`predict_columns`, one object per row."""
    return predict_columns(
        folder, run, entities=entities, targets_file=targets_file, as_of_us=as_of_us, actor=actor, ctx=ctx
    ).rows()


def predict_columns(
    folder: Path,
    run: str,
    *,
    entities: Sequence[str] | None = None,
    targets_file: Path | None = None,
    as_of_us: int | None = None,
    embeddings: bool = True,
    actor: str | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> Predictions:
    """What a run says of entities; one row per asked row, same order, duplicates kept. Nothing is written.

    Args:
        folder: The case.
        run: A unique beginning of its id, its name, or ``latest``.
        entities: Ids; all entities of the case if neither these nor a file are given.
        targets_file: CSV with ``entity_id`` and perhaps ``as_of``, which goes before ``as_of_us``.
        as_of_us: Only what lies strictly before it is used; None = everything known.
        embeddings: They are wanted too; of a million entities they are a quarter of a gigabyte.
        actor: Who asks.
        ctx: Told the progress; asked for cancellation between batches.

    Raises:
        DataError: No such run, or an entity that the case does not have (``predict.unknown_entity``).
        ModelError: The run is not finished, or its model was altered.
    """
    from mmdesk.engine.dataset.live import live_data
    from mmdesk.engine.services.loaded_runs import loaded_run

    with Case.open(folder, actor=actor or current_actor()) as case:
        loaded = loaded_run(case, run)
        record = loaded.record
        data = live_data(case, version=record.feature_version, data_sha256=record.data_sha256, ctx=ctx.part(0, 0.2))
    names, rows, moments = asked_rows(data, entities, targets_file, as_of_us)
    return predict_rows(loaded, data, tuple(names), rows, moments, embeddings=embeddings, ctx=ctx.part(0.2, 1))


def asked_rows(
    data: CaseData, entities: Sequence[str] | None, targets_file: Path | None, as_of_us: int | None
) -> tuple[list[str], Int64, Int64]:
    """Entity ids, numbers of the entities and as-of moments of the rows that were asked for.

    The parameters are those of :func:`predict_columns`, and the case.

    Raises:
        DataError: An entity that the case does not have, or a targets file that cannot be read.
        UsageError: Entities and a targets file were both given.
    """
    names, moments = _asked(data, entities, targets_file, as_of_us)
    if entities is None and targets_file is None:
        return names, np.arange(len(data)), moments
    rows = data.places_of(names)
    _require_known(names, rows, data)
    return names, rows, moments


def _asked(
    data: CaseData, entities: Sequence[str] | None, targets_file: Path | None, as_of_us: int | None
) -> tuple[list[str], Int64]:
    """Entity ids and as-of moments of the rows that were asked for."""
    default = END_OF_TIME_US if as_of_us is None else as_of_us
    if targets_file is not None:
        if entities is not None:
            raise UsageError("Entities and a targets file were both given.", "Give one of them.")
        names, moments = read_asked_rows(targets_file)
        return names, np.where(moments == END_OF_TIME_US, default, moments)
    names = [str(name) for name in data.entity_ids] if entities is None else list(entities)
    return names, np.full(len(names), default, dtype=np.int64)


def read_asked_rows(path: Path) -> tuple[list[str], Int64]:
    """``entity_id`` and, if there is one, ``as_of`` of a CSV file; ``END_OF_TIME_US`` where the cell is empty.

    Raises:
        UsageError: No such file.
        DataError: No column ``entity_id`` (``predict.column_missing``), a row that cannot be read, an as-of that is
            no ISO 8601 time (``predict.bad_row``).
    """
    from mmdesk.engine.ingestion.table_file import TableFile
    from mmdesk.engine.ingestion.time_formats import convert_times

    require_file(path, "The targets file")
    table = TableFile.open(path, known=frozenset({"entityid", "asof"}))
    header = [name.strip().lower().replace(" ", "_") for name in table.header]
    if "entity_id" not in header:
        raise DataError(
            f"{path.name} has no column entity_id.",
            f"It has: {', '.join(table.header)}. Rename the column that holds the ids.",
            code="predict.column_missing",
            details={"file": str(path), "columns": list(table.header)},
        )
    names: list[str] = []
    moments: list[Int64] = []
    for batch in table.batches():
        for broken in batch.broken:
            raise _bad_row(path, broken.line, broken.rule)
        names += [name.strip() for name in batch.columns[header.index("entity_id")].to_pylist()]
        if "as_of" not in header:
            moments.append(np.full(batch.rows, END_OF_TIME_US, dtype=np.int64))
            continue
        times = convert_times(batch.columns[header.index("as_of")], ("iso",), None)
        for place in [place for place, rule in enumerate(times.problem) if rule is not None]:
            raise _bad_row(path, int(batch.lines[place]), f"as_of is {times.problem[place]}")
        moments.append(np.where(times.present, times.us, END_OF_TIME_US))
    return names, np.concatenate(moments) if moments else np.zeros(0, dtype=np.int64)


def _bad_row(path: Path, line: int, rule: str) -> DataError:
    return DataError(
        f"{path.name}, line {line}: {rule}.",
        "Mend the line; times are written like 2024-03-01 or 2024-03-01T12:00:00Z.",
        code="predict.bad_row",
        details={"file": str(path), "line": line},
    )


def _require_known(names: Sequence[str], rows: Int64, data: CaseData) -> None:
    unknown = list(dict.fromkeys(names[place] for place in np.flatnonzero(rows < 0).tolist()))
    if not unknown:
        return
    close = difflib.get_close_matches(unknown[0], data.entity_ids[:100_000].tolist(), n=1, cutoff=0.75)
    shown = ", ".join(unknown[:_SHOWN_UNKNOWN]) + (", ..." if len(unknown) > _SHOWN_UNKNOWN else "")
    raise DataError(
        f"The case has no entity {shown}."
        if len(unknown) == 1
        else f"The case lacks {len(unknown)} entities: {shown}.",
        f"Did you mean {close[0]}?" if close else "Check the ids; leading zeros and capitals count.",
        code="predict.unknown_entity",
        details={"entities": unknown[:100]},
    )


def predict_rows(
    loaded: LoadedRun,
    data: CaseData,
    names: tuple[str, ...],
    rows: Int64,
    moments: Int64,
    *,
    embeddings: bool = True,
    ctx: JobContext,
) -> Predictions:
    """What a loaded run says of some rows.

    Args:
        loaded: The run.
        data: The case.
        names: [R], ids of the entities.
        rows: int64 [R], their numbers in ``data``.
        moments: int64 [R], their as-of; ``END_OF_TIME_US`` = none.
        embeddings: They are wanted too.
        ctx: Told the progress; asked for cancellation between batches.
    """
    trained = loaded.trained
    outputs = said_of(trained, data, rows, moments, embeddings=embeddings, ctx=ctx)
    regression, probability, ranking = (
        values.astype(np.float64) if head in trained.heads else None
        for head, values in zip((Head.REGRESSION, Head.CLASSIFICATION, Head.RANKING), outputs[:3], strict=True)
    )
    return Predictions(
        run_id=loaded.run_id,
        entity_ids=names,
        as_of_us=moments,
        regression=regression,
        probability=probability,
        ranking=ranking,
        embedding=outputs[3],
        rule=trained.rule,
        notes=tuple(_notes(loaded, data)),
    )


def said_of(
    trained: TrainedModel,
    data: CaseData,
    rows: Int64,
    moments: Int64,
    *,
    embeddings: bool = True,
    ctx: JobContext = NULL_CONTEXT,
) -> tuple[np.typing.NDArray[np.float32], ...]:
    """What a model says of entities: regression, probability, ranking score [R] and embedding [R, 64].

    Args:
        trained: The model.
        data: The case.
        rows: int64 [R], numbers of entities.
        moments: int64 [R], their as-of; ``END_OF_TIME_US`` = none.
        embeddings: They are wanted too; else there are 0 instead of 64 of them.
        ctx: Told the progress; asked for cancellation between batches.
    """
    import torch

    from mmdesk.engine.dataset.batches import Batcher
    from mmdesk.engine.explanation.masking import one_thread
    from mmdesk.engine.model.model import EMBEDDING
    from mmdesk.engine.training.sources import of_like_room, to_numpy

    batcher = Batcher(data, trained.encoder, trained.limits)
    size = len(rows)
    regression, probability, ranking = (np.zeros(size, np.float32) for _ in range(3))
    embedding = np.zeros((size, EMBEDDING if embeddings else 0), np.float32)
    done = 0
    with torch.inference_mode(), one_thread() if size <= _FEW else nullcontext():
        for chunk in of_like_room(batcher.row_bytes(np.maximum(batcher.counts(rows, moments), 1))):
            ctx.check_cancelled()
            ctx.progress(done, size, f"{done:,} of {size:,} predicted")
            done += len(chunk)
            said = trained.model(batcher.make(rows[chunk], moments[chunk])[0])
            regression[chunk] = to_numpy(said.regression)
            probability[chunk] = to_numpy(said.probability)
            ranking[chunk] = to_numpy(said.ranking)
            if embeddings:
                embedding[chunk] = to_numpy(said.embedding)
    ctx.progress(1, 1)
    return regression, probability, ranking, embedding


def _notes(loaded: LoadedRun, data: CaseData) -> Iterator[str]:
    from mmdesk.engine.dataset.case_data import LOST, NO_FEATURES, OUTDATED

    if not loaded.trained.encoder.feature_names:
        if len(data.artifact_sha256):
            yield "The run was trained without files, so the case's files were not used; train anew to use them."
        return
    if outdated := data.notes.get(OUTDATED, 0):
        yield (
            f"{counted(outdated, 'file has', 'files have')} features of another version "
            f"than the run's and {_were(outdated)} "
            "left out; train anew to use them."
        )
    if missing := data.notes.get(NO_FEATURES, 0) + data.notes.get(LOST, 0):
        yield (
            f"{counted(missing, 'file has', 'files have')} no features and {_were(missing)} left out; "
            "extract features first: mmdesk extract DIR"
        )


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def write_predictions(predictions: Predictions, out: Path) -> None:
    """Write predictions as ``.csv``, ``.jsonl`` or ``.parquet``, by the name's ending; whole or not at all.

    Raises:
        UsageError: Another ending (``usage.unknown_format``).
        ResourceError: The disk is full or the folder cannot be written.
    """
    writers = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}
    writer = writers.get(out.suffix.lower())
    if writer is None:
        raise UsageError(
            f"{out.name}: predictions are written as .csv, .jsonl or .parquet.",
            "Choose one of these endings.",
            code="usage.unknown_format",
        )
    content = writer(predictions)
    with atomic_writer(out) as file:
        for piece in content:
            file.write(piece)


def require_format(out: Path) -> None:
    """Refuse a name that :func:`write_predictions` would refuse, before the work is done.

    Raises:
        UsageError: Another ending, or the folder does not exist.
    """
    if out.suffix.lower() not in {".csv", ".jsonl", ".parquet"}:
        raise UsageError(
            f"{out.name}: predictions are written as .csv, .jsonl or .parquet.",
            "Choose one of these endings.",
            code="usage.unknown_format",
        )
    if not out.absolute().parent.is_dir():
        raise UsageError(
            f"The folder {out.absolute().parent} does not exist.", "Make it, or choose another.", code="usage.no_folder"
        )


def harmless(text: str) -> str:
    """A text for a cell; what a spreadsheet would take for a formula gets a quote mark."""
    return "'" + text if text.startswith(_FORMULA) else text


def csv_cell(text: str) -> str:
    """A text as a CSV cell, in quotes where it needs them; see :func:`harmless`."""
    text = harmless(text)
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


def _csv(predictions: Predictions) -> Iterator[bytes]:
    yield (",".join(COLUMNS) + "\n").encode()
    heads = (predictions.regression, predictions.probability, predictions.ranking)
    columns = [[""] * len(predictions) if v is None else [repr(x) for x in v.tolist()] for v in heads]
    ids = [csv_cell(name) for name in predictions.entity_ids]
    for row in zip(ids, [moment or "" for moment in predictions.as_of()], *columns, strict=True):
        yield (",".join(row) + "\n").encode("utf-8", "surrogatepass")


def _jsonl(predictions: Predictions) -> Iterator[bytes]:
    for row in predictions.rows():
        yield orjson.dumps(row) + b"\n"


def _parquet(predictions: Predictions) -> Iterator[bytes]:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    number = pa.float64()

    def numbers(values: np.typing.NDArray[np.float64] | None) -> pa.Array:
        return pa.nulls(len(predictions), number) if values is None else pa.array(values, number)

    decision, low, high = predictions.decided()
    columns: dict[str, Any] = {
        "entity_id": pa.array(predictions.entity_ids, pa.string()),
        "as_of": pa.array(
            [None if moment == END_OF_TIME_US else int(moment) for moment in predictions.as_of_us],
            pa.timestamp("us", "UTC"),
        ),
        "regression": numbers(predictions.regression),
        "probability": numbers(predictions.probability),
        "ranking_score": numbers(predictions.ranking),
        "embedding": pa.FixedSizeListArray.from_arrays(
            pa.array(predictions.embedding.reshape(-1), pa.float32()), predictions.embedding.shape[1]
        ),
        "decision": pa.array([None] * len(predictions) if decision is None else decision.tolist(), pa.string()),
        "regression_low": numbers(low),
        "regression_high": numbers(high),
    }
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    yield buffer.getvalue()


def evaluate(
    folder: Path,
    run: str,
    split: Split = Split.TEST,
    *,
    actor: str | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> dict[str, Any]:
    """How well a run does on one part of the targets that the case has now.

    Returns:
        ``{"split", "classification": {"n", "auroc", "average_precision", "brier", ...}, "regression": {"n", "mae",
        "rmse", "r2", ...}, "ranking": {"n", "ndcg", "spearman", ...}}``; a head without targets, or that the run has
        not learned, is left out. A measure that is not defined (AUROC of one class) is None.

    Raises:
        DataError: No such run, or no labelled row in that part (``evaluate.nothing``).
        ModelError: The run is not finished, or its model was altered.
    """
    from mmdesk.engine.dataset.live import live_data
    from mmdesk.engine.dataset.splits import split_rows
    from mmdesk.engine.services.loaded_runs import loaded_run

    with Case.open(folder, actor=actor or current_actor()) as case:
        loaded = loaded_run(case, run)
        record = loaded.record
        data = live_data(case, version=record.feature_version, data_sha256=record.data_sha256, ctx=ctx.part(0, 0.2))
    config = loaded.trained.config
    parts = split_rows(data, config.number("val_fraction"), config.number("test_fraction"))
    targets = parts.of(data, split)
    names = tuple(str(name) for name in data.entity_ids[targets.entity])
    said = predict_rows(loaded, data, names, targets.entity.astype(np.int64), targets.as_of_us, ctx=ctx.part(0.2, 1))
    from mmdesk.engine.training.evaluation import Said, measured  # loads PyTorch, as a model that is there has done

    nothing = np.full(len(targets), np.nan)
    heads = (nothing if values is None else values for values in (said.regression, said.probability, said.ranking))
    found = measured(Said(*heads), targets, said.rule)
    kept = {head: figures for head, figures in found.items() if Head(head) in loaded.trained.heads}
    if not kept:
        raise DataError(
            f"There is nothing to evaluate: no labelled row is in the {split} part.",
            "Import targets with that split, or evaluate another part: --split train|val|test",
            code="evaluate.nothing",
            details={"split": str(split)},
        )
    return {"split": str(split), **kept}
