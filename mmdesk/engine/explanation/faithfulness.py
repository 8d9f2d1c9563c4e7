"""Does the named evidence really carry the output? Take it away and look.

For each row the k strongest items in the direction of the finding (raising if the output lies above the base,
lowering if below) are removed: attributes put to the training mean, events, links and files made absent. The same is
done with k random items, many times. From the outputs come these figures:

``items``
    Pieces of evidence there are.
``k``
    How many are removed: ``min(5, items // 4)``, at least 1, and no more than speak for the finding.
``distance``
    Output minus base.
``change_top``
    How far the output moves towards the base (and beyond) when the k strongest are removed, as a share of the distance.
``change_random``
    The same for k random items, the mean of :data:`DRAWS` draws.
``beaten``
    Share of the random draws that move the output less than the strongest do; None where no other draw is possible.
``sufficiency``
    How much of the distance the k strongest alone bring, everything else removed.
``sufficiency_random``
    The same for k random items, the mean over the draws.
``outdone``
    Share of the random draws that alone bring less than the strongest do; None where no other draw is possible.
``occlusion_agreement``
    Correlation between the contributions of the strongest items, both signs, and what removing each alone changes;
    None for fewer than three. Shown, not graded: of two items that say the same, removing one changes nothing.
``attention_agreement``
    Rank correlation between attention and the size of the events' contributions; shown, not graded.

The grade asks for the larger of ``change_top`` and ``sufficiency`` and for the larger of ``beaten`` and ``outdone``
(see :data:`THRESHOLDS`): where several items say the same, removing some of them changes little although each alone
would do, and where only several together say anything, it is the other way round. D means: do not name reasons. It is
also given where there is nothing to explain, the output being hardly different from the base, and where the model
itself was no better than chance on data that it had not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.hashing import sha256_bytes
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.ranks import average_ranks
from mmdesk.engine.explanation.evidence import Piece
from mmdesk.engine.explanation.explanation import Doubt, Faithfulness, Grade, ItemKind
from mmdesk.engine.explanation.masking import MaskedBatch
from mmdesk.engine.explanation.removal import Trials, outputs_without

DRAWS = 24
MOST_REMOVED = 5
OCCLUDED = 8
SMALLEST_DISTANCE = {Head.CLASSIFICATION: 0.05, Head.REGRESSION: 0.1, Head.RANKING: 0.1}
"""Of the distance from base to output that is worth explaining; regression in deviations of the target."""

THRESHOLDS: dict[Grade, tuple[float, float]] = {Grade.A: (0.5, 0.95), Grade.B: (0.3, 0.9), Grade.C: (0.1, 0.75)}
"""Least share of the distance, and least share of the random draws, of each grade; D if not even C's are reached.

Source: our own choice. The shares of draws follow the usual 5 % and 10 % levels of a permutation test; the share of
the distance (comprehensiveness and sufficiency of DeYoung et al., ERASER, ACL 2020) asks that the named few undo or
bring half, or a third, of what is to be explained.
"""


@dataclass(frozen=True)
class Subject:
    """One row to be tried.

    Attributes:
        row: Of the batch.
        pieces: Its evidence. ``contributions``: of each piece. ``attention``: of each piece, NaN for all but events.
        base: Of the account. ``output``: of the account.
        seed_text: What the random draws depend on (entity, as-of, head), so that they are the same each time.
    """

    row: int
    pieces: Sequence[Piece]
    contributions: npt.NDArray[np.float64]
    attention: npt.NDArray[np.float64]
    base: float
    output: float
    seed_text: str


@dataclass(frozen=True)
class _Plan:
    """Which pieces are removed in which trial: the top k, all but these, single ones, random ones, all but these."""

    top: npt.NDArray[np.int64]
    occluded: npt.NDArray[np.int64]
    trials: list[npt.NDArray[np.int64]]


def assess(
    masked: MaskedBatch,
    subjects: Sequence[Subject],
    scale: float,
    *,
    skilled: bool = True,
    ctx: JobContext = NULL_CONTEXT,
) -> list[Faithfulness]:
    """Grade the accounts of some rows of a batch.

    Args:
        masked: The batch.
        subjects: The rows.
        scale: Natural size of the output: 1 for probabilities and scores, the target's deviation for regression.
        skilled: Whether the run beats chance on data it had not seen; if not, every grade is D.
        ctx: Cancellation.
    """
    plans = [_plan(subject) for subject in subjects]
    tried = [Trials(one.row, one.pieces, plan.trials) for one, plan in zip(subjects, plans, strict=True)]
    outputs = outputs_without(masked, tried, ctx=ctx)
    return [
        _graded(_figures(subject, plan, said), masked.head, scale, skilled=skilled)
        for subject, plan, said in zip(subjects, plans, outputs, strict=True)
    ]


def _plan(subject: Subject) -> _Plan:
    number = len(subject.pieces)
    direction = 1.0 if subject.output >= subject.base else -1.0
    towards = direction * subject.contributions
    wanted = min(MOST_REMOVED, max(1, number // 4))
    order = np.argsort(-towards, kind="stable")[:wanted]
    top = order[towards[order] > 0]
    if not len(top):
        return _Plan(top, top, [])
    occluded = np.argsort(-np.abs(subject.contributions), kind="stable")[:OCCLUDED]
    rest = np.setdiff1d(np.arange(number), top)
    # SHA-256 and not hash(): the same draws in every process.
    generator = np.random.default_rng(int(sha256_bytes(subject.seed_text.encode())[:16], 16))
    draws = [_draw(generator, number, top) for _ in range(DRAWS if len(rest) else 0)]
    others = [np.setdiff1d(np.arange(number), drawn) for drawn in draws]
    return _Plan(top, occluded, [top, rest, *(np.array([index]) for index in occluded), *draws, *others])


def _draw(generator: np.random.Generator, number: int, top: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """As many random items as there are in ``top``, but not exactly these, which cannot be better than themselves."""
    while True:
        drawn = generator.choice(number, len(top), replace=False)
        if set(drawn.tolist()) != set(top.tolist()):
            return drawn


def _figures(subject: Subject, plan: _Plan, outputs: npt.NDArray[np.float64]) -> dict[str, float | None]:
    distance = subject.output - subject.base
    figures: dict[str, float | None] = {
        "items": float(len(subject.pieces)),
        "k": float(len(plan.top)),
        "distance": distance,
        "attention_agreement": _attention_agreement(subject),
    }
    if not plan.trials or distance == 0:
        return figures
    single = 2 + len(plan.occluded)
    change = (subject.output - outputs) / distance
    brought = (outputs - subject.base) / distance
    draws = (len(plan.trials) - single) // 2
    removed, kept = change[single : single + draws], brought[single + draws :]
    figures["change_top"], figures["sufficiency"] = float(change[0]), float(brought[1])
    # With as many items removed as there are, there is nothing to compare with.
    figures["change_random"] = float(removed.mean()) if draws else None
    figures["beaten"] = float((removed < change[0] - 1e-9).mean()) if draws else None
    figures["sufficiency_random"] = float(kept.mean()) if draws else None
    figures["outdone"] = float((kept < brought[1] - 1e-9).mean()) if draws else None
    figures["occlusion_agreement"] = _correlation(
        subject.contributions[plan.occluded], subject.output - outputs[2:single]
    )
    return figures


def _attention_agreement(subject: Subject) -> float | None:
    events = np.array([piece.kind is ItemKind.EVENT for piece in subject.pieces], bool)
    return _spearman(subject.attention[events], np.abs(subject.contributions[events]))


def _spearman(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> float | None:
    return _correlation(average_ranks(left), average_ranks(right))


def _correlation(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> float | None:
    """Pearson's; None for fewer than three pairs, or where one side does not vary."""
    if len(left) < 3 or np.ptp(left) < 1e-12 or np.ptp(right) < 1e-12:
        return None
    return float(np.corrcoef(left, right)[0, 1])


def _graded(figures: dict[str, float | None], head: Head, scale: float, *, skilled: bool) -> Faithfulness:
    distance = figures["distance"]
    assert distance is not None
    if not skilled:
        return Faithfulness(Grade.D, figures, Doubt.CHANCE)
    if abs(distance) < SMALLEST_DISTANCE[head] * scale:
        return Faithfulness(Grade.D, figures, Doubt.LEVEL)
    shares, draws = (
        [value for name in names if (value := figures.get(name)) is not None]
        for names in (("change_top", "sufficiency"), ("beaten", "outdone"))
    )
    for grade, (least_share, least_draws) in THRESHOLDS.items():
        if shares and max(shares) >= least_share and (not draws or max(draws) >= least_draws):
            return Faithfulness(grade, figures)
    return Faithfulness(Grade.D, figures, Doubt.REMOVAL)
