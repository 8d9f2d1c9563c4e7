"""Explanations of many entities at once: batch, integrate, assess, describe, put into words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from torch import Tensor, nn

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.times import END_OF_TIME_US, format_us
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Batch, Batcher, Provenance
from mmdesk.engine.explanation.account import Findings, account_of, clauses_of, sentence_of, smallest_named
from mmdesk.engine.explanation.comparable import starts_of
from mmdesk.engine.explanation.evidence import Describer, Measured, Piece, SourceOf, Sources, behind, pieces_of
from mmdesk.engine.explanation.explanation import (
    UNITS,
    Baseline,
    BaselineGroup,
    Explanation,
    Faithfulness,
    Groups,
    Item,
    ItemKind,
    Ledger,
    Turning,
)
from mmdesk.engine.explanation.faithfulness import assess
from mmdesk.engine.explanation.integration import Attribution, integrate
from mmdesk.engine.explanation.ledger import find_turnings, keep_ledgers
from mmdesk.engine.explanation.masking import ExactModel, MaskedBatch, as_double, one_thread
from mmdesk.engine.explanation.removal import Removal, Subject
from mmdesk.engine.explanation.rounding import Rounding
from mmdesk.engine.explanation.stability import look_again
from mmdesk.engine.explanation.view import View

ROWS_AT_ONCE = 32


@dataclass(frozen=True)
class Question:
    """Whom to explain, and as of when.

    Attributes:
        entity: Number of the entity in the case's data.
        as_of_us: ``END_OF_TIME_US`` = everything known.
    """

    entity: int
    as_of_us: int = END_OF_TIME_US


@dataclass(frozen=True)
class _Row:
    """One row of a batch with everything known about it in numbers."""

    question: Question
    base: float
    output: float
    probability: float
    steps: int
    measured: list[Measured]
    group: BaselineGroup | None


@dataclass(frozen=True)
class _Tried:
    """What came of removing evidence of one row; indexes are into its pieces."""

    faithfulness: Faithfulness
    ledger: Ledger
    turning: Turning | None


@dataclass(frozen=True)
class _Work:
    """A batch, what the account says of it, and the names of the event types by index."""

    batch: Batch
    provenance: Provenance
    attribution: Attribution
    attention: Tensor
    probability: Tensor
    types: Sequence[str]
    groups: Sequence[BaselineGroup | None]

    def measure(self, piece: Piece, row: int) -> Measured:
        """What the account says of one piece of evidence of one row."""
        found, places = self.attribution, list(piece.positions)
        part = (found.attributes, found.events, found.neighbours, found.segments)[piece.group]
        contributions = tuple(part[row, places].tolist())
        if piece.kind is ItemKind.EVENT:
            return Measured(
                piece,
                contributions,
                attention=tuple(self.attention[row, :, places[0]].tolist()),
                count=int(self.provenance.event_count[row, places[0]]),
                older_type=self.types[int(self.batch.event_types[row, places[0]])],
            )
        if piece.kind is ItemKind.NEIGHBOUR:
            return Measured(piece, contributions, count=int(self.provenance.edge_count[row, places[0]]))
        if piece.kind is ItemKind.ARTIFACT:
            return Measured(piece, contributions, segments=tuple(self.provenance.segment[row, places].tolist()))
        return Measured(piece, contributions)


class Explainer:
    """Explains what one run says about entities of one case.

    Args:
        run_id: Which run.
        model: Its model, or the copy of it that was made for explaining; never changed.
        batcher: Makes batches of the case as the model wants them.
        heads: The outputs that the run has learned.
        head: Which of them.
        source_of: Looks up the imports behind rows.
        scale: Natural size of the output: the deviation of the target for regression, else 1.
        skilled: Whether the run beats chance on data it had not seen; if not, all grades are D.
        threshold: From which on the output counts as high; None = it has none.
        baseline: Where the accounts start.
    """

    def __init__(
        self,
        *,
        run_id: str,
        model: nn.Module | ExactModel,
        batcher: Batcher,
        heads: Sequence[Head],
        head: Head,
        source_of: SourceOf,
        scale: float = 1.0,
        skilled: bool = True,
        threshold: float | None = None,
        baseline: Baseline = Baseline.TYPICAL,
    ) -> None:
        self._run_id, self._batcher, self._head = run_id, batcher, head
        self._scale, self._skilled, self._threshold = scale, skilled, threshold
        self._has_probability = Head.CLASSIFICATION in heads
        self._model = model if isinstance(model, ExactModel) else ExactModel(model, batcher.encoder.attributes)
        self._baseline = baseline
        self._describer = Describer(batcher.data, self._model.names, source_of)
        self.view = View(self._model, batcher, self._describer, head, source_of, scale, threshold, baseline)
        """What further looks at an entity are made from."""

    def explain(self, questions: Sequence[Question], *, ctx: JobContext = NULL_CONTEXT) -> Iterator[Explanation]:
        """One explanation per question, in their order; the same for a question whatever is asked beside it."""
        for start in range(0, len(questions), ROWS_AT_ONCE):
            ctx.check_cancelled()
            ctx.progress(start, len(questions), "explaining")
            with one_thread():
                explained = self._explain(questions[start : start + ROWS_AT_ONCE], ctx)
            yield from explained
        ctx.progress(len(questions), max(len(questions), 1), "explained")

    def _explain(self, questions: Sequence[Question], ctx: JobContext) -> list[Explanation]:
        entity = np.array([question.entity for question in questions], np.int64)
        as_of_us = np.array([question.as_of_us for question in questions], np.int64)
        single, provenance = self._batcher.make(entity, as_of_us)
        typical, groups = starts_of(self._baseline, self._batcher, entity, as_of_us)
        masked = MaskedBatch(self._model, as_double(single), self._head, typical)
        attribution = integrate(masked, self._scale, ctx=ctx)
        probability = masked.plainly(Head.CLASSIFICATION)
        types = ("", *self._batcher.encoder.events.values.types)
        attention = masked.attention()
        work = _Work(masked.batch, provenance, attribution, attention, probability, types, groups)
        rows = self._rows(questions, work)
        subjects = [self._subject(number, row) for number, row in enumerate(rows)]
        removal = Removal(masked, subjects, ctx=ctx)
        grades = assess(removal, self._scale, skilled=self._skilled)
        grades = look_again(grades, masked, subjects, self._batcher.encoder.segments.deviation, ctx=ctx)
        ledgers = keep_ledgers(removal, self._scale, partial(behind, self._batcher.data))
        turnings: list[Turning] | list[None] = [None] * len(rows)
        if self._threshold is not None:
            turnings = find_turnings(removal, self._threshold)
        sources = self._describer.sources([(row.question.entity, row.measured) for row in rows])
        tried = (_Tried(*found) for found in zip(grades, ledgers, turnings, strict=True))
        return [self._explanation(row, found, sources) for row, found in zip(rows, tried, strict=True)]

    def _rows(self, questions: Sequence[Question], work: _Work) -> list[_Row]:
        found = work.attribution
        rows = []
        for number, question in enumerate(questions):
            pieces = pieces_of(work.provenance, number, self._model.attributes)
            rows.append(
                _Row(
                    question=question,
                    base=float(found.base[number]),
                    output=float(found.output[number]),
                    probability=float(work.probability[number]),
                    steps=int(found.steps[number]),
                    measured=[work.measure(piece, number) for piece in pieces],
                    group=work.groups[number],
                )
            )
        return rows

    def _subject(self, number: int, row: _Row) -> Subject:
        who = self._batcher.data.entity_ids[row.question.entity]
        return Subject(
            row=number,
            pieces=[one.piece for one in row.measured],
            contributions=np.array([math.fsum(one.contributions) for one in row.measured]),
            attention=np.array([math.fsum(one.attention) if one.attention else np.nan for one in row.measured]),
            base=row.base,
            output=row.output,
            seed_text=f"{who}|{row.question.as_of_us}|{self._head}",
        )

    def _explanation(self, row: _Row, tried: _Tried, sources: Sources) -> Explanation:
        tidy = Rounding(max(abs(row.base), abs(row.output)))
        as_of_us = row.question.as_of_us
        described = self._describer.describe(row.question.entity, as_of_us, row.measured, sources)
        tidied = [tidy.item(item) for item in described]
        order = sorted(range(len(tidied)), key=lambda number: -abs(tidied[number].contribution))
        places = {number: place for place, number in enumerate(order)}
        output, base = tidy(row.output), tidy(row.base)
        least = smallest_named(tidied, output - base)
        faint = [True if abs(item.contribution) < least else None for item in tidied]
        items = [replace(tidied[number], faint=faint[number]) for number in order]
        groups = _groups(items, tidy)
        findings = Findings(
            entity_id=str(self._batcher.data.entity_ids[row.question.entity]),
            as_of=None if as_of_us == END_OF_TIME_US else format_us(as_of_us),
            head=self._head,
            output=output,
            base=base,
            groups=groups,
            gap=tidy(
                output - base - math.fsum((groups.attributes, groups.events, groups.neighbours, groups.artifacts))
            ),
            items=items,
            for_=tuple(index for index, item in enumerate(items) if item.contribution > 0),
            against=tuple(index for index, item in enumerate(items) if item.contribution < 0),
            faithfulness=tidy.faithfulness(tried.faithfulness),
            ledger=tidy.ledger(tried.ledger, places),
            turning=None if tried.turning is None else tidy.turning(tried.turning, places),
            baseline_group=row.group,
        )
        return self._worded(findings, row)

    def _worded(self, findings: Findings, row: _Row) -> Explanation:
        clauses = clauses_of(findings)
        return Explanation(
            run_id=self._run_id,
            entity_id=findings.entity_id,
            as_of=findings.as_of,
            head=self._head,
            output=findings.output,
            unit=UNITS[self._head],
            base=findings.base,
            groups=findings.groups,
            gap=findings.gap,
            steps=row.steps,
            items=tuple(findings.items),
            for_=tuple(findings.for_),
            against=tuple(findings.against),
            faithfulness=findings.faithfulness,
            ledger=findings.ledger,
            turning=findings.turning,
            sentence=sentence_of(findings),
            account=account_of(clauses),
            clauses=clauses,
            probability=Rounding(1.0)(row.probability) if self._has_probability else None,
            baseline_group=findings.baseline_group,
        )


def _groups(items: Sequence[Item], tidy: Rounding) -> Groups:
    sums = {kind: tidy(math.fsum(item.contribution for item in items if item.kind is kind)) for kind in ItemKind}
    return Groups(
        attributes=sums[ItemKind.ATTRIBUTE],
        events=sums[ItemKind.EVENT],
        neighbours=sums[ItemKind.NEIGHBOUR],
        artifacts=sums[ItemKind.ARTIFACT],
    )
