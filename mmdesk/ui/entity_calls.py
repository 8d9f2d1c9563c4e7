"""What the window asks of the services for its list of entities; the same rules as for :mod:`mmdesk.ui.calls`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.query.columns import CodedTexts
from mmdesk.engine.core.query.fields import Field
from mmdesk.engine.core.types import current_actor
from mmdesk.ui.models.texts import Texts

if TYPE_CHECKING:
    import pyarrow as pa

    from mmdesk.engine.services.annotations import Mark, NoteRow
    from mmdesk.engine.services.marks_by_row import MarksByRow
    from mmdesk.engine.store.annotation_rows import Switch

DISPOSITIONS: tuple[tuple[str, ...], ...] = ((), ("open",), ("confirmed",), ("dismissed",))
"""What the dispositions of marks count through, as texts."""
DECISIONS = ("negative", "positive", "uncertain", "")
"""What :attr:`Scores.decision` counts through; the last: the run gives no probabilities."""


@dataclass(frozen=True)
class Scores:
    """The predictions of one run for all entities, in columns; NaN = the run has no such head.

    Attributes:
        run_id: Whose.
        entity_ids: In the order of the other columns.
        probability: Between 0 and 1.
        regression: In the target's unit.
        ranking: Higher is better.
        decision: int8 [entity], a place in :data:`DECISIONS`.
        ranked: The order of a column by its name here: its rows ascending, missing values last.
        notes: Sentences on what was left out.
    """

    run_id: str
    entity_ids: Texts
    probability: NDArray[np.float64]
    regression: NDArray[np.float64]
    ranking: NDArray[np.float64]
    decision: NDArray[np.int8]
    ranked: Mapping[str, NDArray[np.int32]]
    notes: tuple[str, ...] = ()


def predict_all(folder: Path, run: str, as_of_us: int | None, *, ctx: JobContext) -> Scores:
    """The scores of every entity as of a moment (None = everything known) and their orders.

    Without the embeddings, which nobody looks at in a table.
    """
    from mmdesk.engine.services import predictions

    found = predictions.predict_columns(folder, run, as_of_us=as_of_us, embeddings=False, ctx=ctx)
    columns = {
        name: np.full(len(found), np.nan) if values is None else values
        for name, values in (
            ("probability", found.probability),
            ("regression", found.regression),
            ("ranking", found.ranking),
        )
    }
    # Here and not in the window, which would stand still for as long as a million rows take.
    # In half the room: a million entities in five orders are sent and kept.
    ranked = {name: np.argsort(values, kind="stable").astype(np.int32) for name, values in columns.items()}
    ids = Texts(found.entity_ids)
    decided = found.decided()[0]
    decision = np.full(len(found), DECISIONS.index(""), dtype=np.int8)
    if decided is not None:
        for place, word in enumerate(DECISIONS[:-1]):
            decision[np.asarray(decided) == word] = place
    ranked |= {
        "entity": ids.order().astype(np.int32),
        "decision": np.argsort(decision, kind="stable").astype(np.int32),
    }
    return Scores(found.run_id, ids, **columns, decision=decision, ranked=ranked, notes=found.notes)


@dataclass(frozen=True)
class Who:
    """Whose scores are wanted.

    Attributes:
        entities: Their ids (texts), in the order wanted; None if a file names them.
        targets_file: A table with ``entity_id`` and perhaps ``as_of``.
        as_of_us: Microseconds since 1970, None = everything known.
    """

    entities: pa.Array | None = None
    targets_file: Path | None = None
    as_of_us: int | None = None


def save_scores(folder: Path, run: str, who: Who, out: Path, *, ctx: JobContext) -> int:
    """Scores as a file, by its ending, the same as on the command line; how many."""
    from mmdesk.engine.services import predictions

    predictions.require_format(out)
    found = predictions.predict_columns(
        folder,
        run,
        entities=None if who.entities is None else who.entities.to_pylist(),
        targets_file=who.targets_file,
        as_of_us=who.as_of_us,
        ctx=ctx,
    )
    ctx.check_cancelled()
    predictions.write_predictions(found, out)
    return len(found)


def entity_fields(folder: Path, *, ctx: JobContext) -> tuple[Field, ...]:  # noqa: ARG001
    """What a query can ask of entities."""
    from mmdesk.engine.services import entity_queries

    return entity_queries.entity_fields(folder, actor=current_actor())


def entity_columns(
    folder: Path, run: str, names: Sequence[str], entity_ids: pa.Array, *, ctx: JobContext
) -> dict[str, NDArray[np.float64] | CodedTexts]:
    """The columns behind some fields of a query, by their names."""
    from mmdesk.engine.services import entity_queries

    found: dict[str, NDArray[np.float64] | CodedTexts] = {}
    for name in names:
        ctx.check_cancelled()
        found[name] = entity_queries.entity_column(folder, run, name, entity_ids, actor=current_actor())
    return found


def marks_by_row(folder: Path, entity_ids: Texts, *, ctx: JobContext) -> MarksByRow:  # noqa: ARG001
    """The marks and the number of notes of all these entities."""
    from mmdesk.engine.services import marks_by_row as service

    return service.marks_by_row(folder, entity_ids.array)


def marks_after(
    folder: Path,
    entity_ids: Texts,
    before: MarksByRow,
    switches: Sequence[Switch],
    *,
    ctx: JobContext,  # noqa: ARG001
) -> MarksByRow:
    """The same after some changes."""
    from mmdesk.engine.services import marks_by_row as service

    return service.marks_after(folder, entity_ids.array, before, switches)


@dataclass(frozen=True)
class Said:
    """What analysts said of one entity."""

    entity_id: str
    marks: tuple[Mark, ...]
    notes: tuple[NoteRow, ...]


def said_of(folder: Path, entity_id: str, *, ctx: JobContext) -> Said:  # noqa: ARG001
    """The marks and notes of one entity."""
    from mmdesk.engine.services import annotations as service
    from mmdesk.engine.services.annotations import SubjectKind

    subjects = [entity_id]
    marks = service.marks(folder, SubjectKind.ENTITY, subjects)
    return Said(entity_id, marks, service.notes(folder, SubjectKind.ENTITY, subjects))
