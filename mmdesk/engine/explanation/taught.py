"""Who taught it: the rows that the run was trained on which its model finds most like the explained entity.

Likeness is the cosine between the model's embeddings, each row as it stood at its own as-of. Only rows of the training
part of the run's own snapshot count, and never the entity itself. An outcome supports the output

- of the classification where it lies on the output's side of the run's threshold,
- of the regression where it differs from it by at most half a standard deviation of the target,
- of the ranking where it lies in the same third: the label among the labels of its ranking group, the output among the
  model's scores of the training rows.

Source: explaining by training examples that lie near in a model's last layer as in Papernot & McDaniel, "Deep k-nearest
neighbors", 2018; the number of neighbours and half a deviation are our own choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mmdesk.engine.core.times import END_OF_TIME_US, format_us
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.case_data import Bool, CaseData, Float32, Float64, Int64, TargetRows, Texts
from mmdesk.engine.explanation.account import amount_text, source_text
from mmdesk.engine.explanation.evidence import number_text
from mmdesk.engine.explanation.explanation import Clause, Explanation, Lesson, Taught
from mmdesk.engine.explanation.view import View

SHOWN = 5
NEAR = 20
NAMED = 3
_DIGITS = 6


@dataclass(frozen=True)
class Lessons:
    """What a run was trained on, as its model sees it.

    Attributes:
        entity_ids: [R] texts. ``targets``: the R rows of the training part, from the run's snapshot.
        embedding: float32 [R, 64]. ``ranking``: float32 [R], the model's ranking score.
    """

    entity_ids: Texts
    targets: TargetRows
    embedding: Float32
    ranking: Float32

    @cached_property
    def names(self) -> Int64:
        """int64 [R], the same number for the same entity, in the order of the ids."""
        numbers: Int64 = np.unique(self.entity_ids.astype(str), return_inverse=True)[1]
        return numbers

    def labels(self, head: Head) -> Float64:
        """float64 [R], NaN = missing."""
        return {
            Head.CLASSIFICATION: self.targets.y_class,
            Head.REGRESSION: self.targets.y_reg,
            Head.RANKING: self.targets.y_rank,
        }[head]


def look_at_lessons(explanation: Explanation, view: View, lessons: Lessons) -> tuple[Taught, tuple[Clause, ...]]:
    """The most similar rows of the training, supporting and conflicting, and the clauses that say so."""
    labels = lessons.labels(view.head)
    known = np.flatnonzero(~np.isnan(labels) & (lessons.entity_ids != explanation.entity_id))
    supports, rule = _supports(explanation, view, lessons)
    similarity = _similarity(explanation, view, lessons)
    # Rows that the model cannot tell apart are in the order of their ids and moments.
    order = known[np.lexsort((lessons.targets.as_of_us[known], lessons.names[known], -similarity[known]))]
    _, first = np.unique(lessons.names[order], return_index=True)
    order = order[np.sort(first)]  # of several rows of one entity only the most similar counts
    near = order[:NEAR]
    _, as_of_us = view.place(explanation)

    def shown(rows: Int64) -> tuple[Lesson, ...]:
        return _described(rows[:SHOWN], similarity, as_of_us, view, lessons)

    taught = Taught(
        rule=rule,
        supporting=shown(order[supports[order]]),
        conflicting=shown(order[~supports[order]]),
        near=len(near),
        near_supporting=int(supports[near].sum()),
        trained=len(known),
        trained_supporting=int(supports[known].sum()),
    )
    return taught, _clauses(explanation.head, taught)


def _similarity(explanation: Explanation, view: View, lessons: Lessons) -> Float64:
    """[R], rounded so that rows which the model cannot tell apart are ordered by their ids."""
    entity, as_of_us = view.place(explanation)
    masked, _ = view.at(entity, np.array([as_of_us], np.int64))
    own = view.model.embedding(masked.batch)[0].numpy()
    others = lessons.embedding.astype(np.float64)
    lengths = np.linalg.norm(others, axis=1) * np.linalg.norm(own)
    cosine = np.divide(others @ own, lengths, out=np.zeros(len(others)), where=lengths > 0)
    rounded: Float64 = np.round(cosine, _DIGITS) + 0.0
    return rounded


def _supports(explanation: Explanation, view: View, lessons: Lessons) -> tuple[Bool, str]:
    """Which rows support the output, and when one does in words."""
    labels, output = lessons.labels(view.head), explanation.output
    if view.head is Head.CLASSIFICATION:
        threshold = 0.5 if view.threshold is None else view.threshold
        high = output >= threshold
        side = "at or above" if high else "below"
        rule = f"the outcome {int(high)}, as the output is {side} {amount_text(view.head, threshold)}"
        return (labels > 0.5) == high, rule
    if view.head is Head.REGRESSION:
        within = view.scale / 2
        rule = f"an outcome within {number_text(within)} (half a deviation) of {number_text(output)}"
        return np.abs(labels - output) <= within, rule
    third = int(_thirds(np.append(lessons.ranking.astype(np.float64), output))[-1])
    rule = f"an outcome in the {('lowest', 'middle', 'highest')[third]} third, as the output is"
    return _label_thirds(labels, lessons.targets.rank_group) == third, rule


def _thirds(values: Float64) -> Int64:
    """0, 1 or 2 for each value by its mid-rank among all of them; equal values are in the same third."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2)[inverse] / len(values)
    found: Int64 = np.minimum((3 * middle).astype(np.int64), 2)
    return found


def _label_thirds(labels: Float64, group: np.typing.NDArray[np.int32]) -> Int64:
    """The third of each label among those it was ranked with; -1 where there is none."""
    found = np.full(len(labels), -1, np.int64)
    known = ~np.isnan(labels)
    rows = np.flatnonzero(known)
    rows = rows[np.argsort(group[rows], kind="stable")]
    for members in np.split(rows, np.flatnonzero(np.diff(group[rows])) + 1):
        if len(members):
            found[members] = _thirds(labels[members])
    return found


def _described(rows: Int64, similarity: Float64, explained_us: int, view: View, lessons: Lessons) -> tuple[Lesson, ...]:
    """``explained_us``: as-of of the explanation."""
    labels = lessons.labels(view.head)
    plain = [
        Lesson(
            entity_id=str(lessons.entity_ids[row]),
            as_of=_moment(int(lessons.targets.as_of_us[row])),
            outcome=float(labels[row]),
            similarity=float(similarity[row]),
            # Of a label without an as-of nobody knows since when it was known.
            later=explained_us < int(lessons.targets.as_of_us[row]) < END_OF_TIME_US,
        )
        for row in rows.tolist()
    ]
    places = [
        _stored(view.data, one, int(lessons.targets.as_of_us[row]), view.head)
        for one, row in zip(plain, rows.tolist(), strict=True)
    ]
    sources = view.source_of("targets", sorted({place for place in places if place is not None}))
    return tuple(
        replace(one, source=sources.get(place) if place is not None else None)
        for one, place in zip(plain, places, strict=True)
    )


def _moment(as_of_us: int) -> str | None:
    return None if as_of_us == END_OF_TIME_US else format_us(as_of_us)


def _stored(data: CaseData, lesson: Lesson, as_of_us: int, head: Head) -> int | None:
    """The row of the targets table that still says what the run was taught; None if there is none any more."""
    entity = int(np.searchsorted(data.entity_ids, lesson.entity_id))
    if entity == len(data) or data.entity_ids[entity] != lesson.entity_id:
        return None
    targets = data.targets
    labels = {Head.CLASSIFICATION: targets.y_class, Head.REGRESSION: targets.y_reg, Head.RANKING: targets.y_rank}[head]
    found = np.flatnonzero((targets.entity == entity) & (targets.as_of_us == as_of_us) & (labels == lesson.outcome))
    return int(targets.row[found[0]]) if len(found) else None


def _clauses(head: Head, taught: Taught) -> tuple[Clause, ...]:
    if not taught.trained:
        return (Clause("The run was trained on no other entity with this label."),)
    share = 100 * taught.near_supporting / taught.near
    usual = 100 * taught.trained_supporting / taught.trained
    opening = (
        f"Of the {taught.near} trained entities that the model finds most alike, {taught.near_supporting} "
        f"({share:.1f} %) have {taught.rule}; of all {taught.trained:,} labelled rows of others that it was "
        f"trained on, {usual:.1f} % have."
    )
    clauses = [Clause(opening)]
    for lessons, words in ((taught.supporting, "such an outcome"), (taught.conflicting, "another outcome")):
        if lessons:
            named = ", ".join(_lesson_text(head, one) for one in lessons[:NAMED])
            clauses.append(Clause(f"Most alike with {words}: {named}.", (), _references(lessons[:NAMED])))
        else:
            clauses.append(Clause(f"The run was trained on no other entity with {words}."))
    return tuple(clauses)


def _lesson_text(head: Head, lesson: Lesson) -> str:
    outcome = f"{lesson.outcome:.0f}" if head is Head.CLASSIFICATION else number_text(lesson.outcome)
    when = f", {lesson.when}" if lesson.later else f" {lesson.when}" if lesson.when else ""
    return f"{lesson.entity_id}{when} (outcome {outcome}, similarity {lesson.similarity:.3f})"


def _references(lessons: Sequence[Lesson]) -> str:
    return "; ".join(source_text(one.source) or f"{one.entity_id}: not in the case any more" for one in lessons)
