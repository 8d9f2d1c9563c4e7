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
    The same for k random items, the mean over the draws; None where the figures above already make an A.
``outdone``
    Share of the random draws that alone bring less than the strongest do; None as ``sufficiency_random``.
``occlusion_agreement``
    Correlation between the contributions of the strongest items, both signs, and what removing each alone changes;
    None for fewer than three. Shown, not graded: of two items that say the same, removing one changes nothing.
``attention_agreement``
    Rank correlation between attention and the size of the events' contributions; shown, not graded.

Two more, ``gradient_agreement`` and ``stability``, come from :mod:`mmdesk.engine.explanation.stability`.

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
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.ranks import average_ranks
from mmdesk.engine.explanation.explanation import Doubt, Faithfulness, Grade, ItemKind
from mmdesk.engine.explanation.removal import Indexes, Removal, Subject

DRAWS = 20
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
class _Plan:
    """Which pieces of a row are removed, one set for each trial.

    Attributes:
        top: The k strongest. ``rest``: all but these. ``occluded``: to be removed one at a time.
        draws: As many random ones as there are in ``top``. ``others``: all but those of each draw.
    """

    top: Indexes
    rest: Indexes
    occluded: Indexes
    draws: Sequence[Indexes]
    others: Sequence[Indexes]

    @property
    def first(self) -> list[Indexes]:
        """What is tried of every row: nothing of it where no item speaks for the finding."""
        singles = [np.array([index]) for index in self.occluded]
        return [self.top, self.rest, *singles, *self.draws] if len(self.top) else []


def assess(removal: Removal[Subject], scale: float, *, skilled: bool = True) -> list[Faithfulness]:
    """Grade the accounts of some rows of a batch.

    Args:
        removal: The rows.
        scale: Natural size of the output: 1 for probabilities and scores, the target's deviation for regression.
        skilled: Whether the run beats chance on data it had not seen; if not, every grade is D.
    """
    plans = [_plan(subject) for subject in removal.subjects]
    found = [
        _figures(subject, plan, said)
        for subject, plan, said in zip(removal.subjects, plans, removal.outputs([p.first for p in plans]), strict=True)
    ]
    wanting = [_share_grade(figures) is not Grade.A for figures in found]
    kept = removal.outputs([plan.others if wanted else () for plan, wanted in zip(plans, wanting, strict=True)])
    for subject, figures, said in zip(removal.subjects, found, kept, strict=True):
        sufficiency = figures.get("sufficiency")
        if len(said) and sufficiency is not None:
            brought = (said - subject.base) / (subject.output - subject.base)
            figures["sufficiency_random"] = float(brought.mean())
            figures["outdone"] = float((brought < sufficiency - 1e-9).mean())
    return [_graded(figures, removal.head, scale, skilled=skilled) for figures in found]


def _plan(subject: Subject) -> _Plan:
    number = len(subject.pieces)
    direction = 1.0 if subject.output >= subject.base else -1.0
    towards = direction * subject.contributions
    wanted = min(MOST_REMOVED, max(1, number // 4))
    order = np.argsort(-towards, kind="stable")[:wanted]
    top = order[towards[order] > 0]
    rest = _without(number, top)
    occluded = strongest(subject)
    # With as many items removed as there are, there is nothing to compare with.
    drawing = DRAWS if len(top) and len(rest) else 0
    # SHA-256 and not hash(): the same draws in every process.
    generator = np.random.default_rng(int(sha256_bytes(subject.seed_text.encode())[:16], 16))
    draws = [_draw(generator, number, top) for _ in range(drawing)]
    return _Plan(top, rest, occluded, draws, [_without(number, drawn) for drawn in draws])


def _without(number: int, some: Indexes) -> Indexes:
    """All of so many but some."""
    kept = np.ones(number, bool)
    kept[some] = False
    return np.flatnonzero(kept)


def _draw(generator: np.random.Generator, number: int, top: Indexes) -> Indexes:
    """As many random items as there are in ``top``, but not exactly these, which cannot be better than themselves."""
    while True:
        drawn = generator.choice(number, len(top), replace=False)
        if set(drawn.tolist()) != set(top.tolist()):
            return drawn


def _figures(subject: Subject, plan: _Plan, outputs: npt.NDArray[np.float64]) -> dict[str, float | None]:
    """All figures but those of the random ones alone."""
    distance = subject.output - subject.base
    figures: dict[str, float | None] = {
        "items": float(len(subject.pieces)),
        "k": float(len(plan.top)),
        "distance": distance,
        "attention_agreement": _attention_agreement(subject),
    }
    if not len(outputs) or distance == 0:
        return figures
    single = 2 + len(plan.occluded)
    change = (subject.output - outputs) / distance
    removed = change[single:]
    figures["change_top"] = float(change[0])
    figures["change_random"] = float(removed.mean()) if len(removed) else None
    figures["beaten"] = float((removed < change[0] - 1e-9).mean()) if len(removed) else None
    figures["sufficiency"] = float((outputs[1] - subject.base) / distance)
    figures["sufficiency_random"] = figures["outdone"] = None
    figures["occlusion_agreement"] = correlation(
        subject.contributions[plan.occluded], subject.output - outputs[2:single]
    )
    return figures


def _attention_agreement(subject: Subject) -> float | None:
    events = np.array([piece.kind is ItemKind.EVENT for piece in subject.pieces], bool)
    return _spearman(subject.attention[events], np.abs(subject.contributions[events]))


def _spearman(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> float | None:
    return correlation(average_ranks(left), average_ranks(right))


def strongest(subject: Subject) -> Indexes:
    """The items whose contributions are compared with other ways to tell, both signs."""
    return np.argsort(-np.abs(subject.contributions), kind="stable")[:OCCLUDED]


def correlation(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> float | None:
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
    grade = _share_grade(figures)
    return Faithfulness(grade, figures, Doubt.REMOVAL if grade is Grade.D else None)


def _share_grade(figures: dict[str, float | None]) -> Grade:
    """The grade by what was removed alone."""
    shares, draws = (
        [value for name in names if (value := figures.get(name)) is not None]
        for names in (("change_top", "sufficiency"), ("beaten", "outdone"))
    )
    for grade, (least_share, least_draws) in THRESHOLDS.items():
        if shares and max(shares) >= least_share and (not draws or max(draws) >= least_draws):
            return grade
    return Grade.D
