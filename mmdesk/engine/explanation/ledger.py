"""What the output rests on: without each kind of evidence, without single items, and what it would take to turn it.

``Ledger``
    The output without the attributes (all at the training mean), without events, without links, without files; and
    the one file or link that carries the finding, if there is one: without it at least half of the distance from the
    base is gone.
``Turning``
    A smallest set of evidence without which the output is on the other side of the threshold. Found by taking away
    the strongest items on the output's side, one more at a time, until it turns, and then putting back whatever is
    not needed; so no item of the set can be left out, though another set may be smaller.

Source: removal-based explanation as in Covert, Lundberg & Lee, JMLR 22, 2021; the search is the one of Martens &
Provost, "Explaining data-driven document classifications", MIS Quarterly 38, 2014 (best first, then pruned).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.explanation.explanation import ItemKind, Ledger, Turning
from mmdesk.engine.explanation.faithfulness import SMALLEST_DISTANCE, Subject
from mmdesk.engine.explanation.masking import MaskedBatch
from mmdesk.engine.explanation.removal import Indexes, Trials, outputs_without

CARRIES = 0.5
"""Share of the distance from the base that one file or link must account for to be warned of."""
MOST_TAKEN = 24
"""More items than this are no longer anything that somebody could look at: none found."""
_CARRIERS = (ItemKind.NEIGHBOUR, ItemKind.ARTIFACT)
_TRIED_OF_A_KIND = 3


@dataclass
class _Search:
    """What is taken away of one row, the strongest first; ``done``: nothing of it can be put back."""

    subject: Subject
    threshold: float
    taken: list[int] = field(default_factory=list)
    output: float = 0.0
    done: bool = True

    def turns(self, output: float) -> bool:
        """Whether this output is on the other side."""
        return (output >= self.threshold) is not (self.subject.output >= self.threshold)


def keep_ledgers(
    masked: MaskedBatch, subjects: Sequence[Subject], scale: float, *, ctx: JobContext = NULL_CONTEXT
) -> list[Ledger]:
    """The ledgers of some rows of a batch; indexes are into the subjects' pieces.

    Args:
        masked: The batch.
        subjects: The rows.
        scale: Natural size of the output, see :func:`~mmdesk.engine.explanation.faithfulness.assess`.
        ctx: Cancellation.
    """
    carriers = [_carriers(subject) for subject in subjects]
    tried = [
        Trials(one.row, one.pieces, [*(_of_kind(one, kind) for kind in ItemKind), *(np.array([i]) for i in singles)])
        for one, singles in zip(subjects, carriers, strict=True)
    ]
    outputs = outputs_without(masked, tried, ctx=ctx)
    smallest = SMALLEST_DISTANCE[masked.head] * scale
    ledgers = []
    for subject, singles, said in zip(subjects, carriers, outputs, strict=True):
        without = dict(zip(ItemKind, said[: len(ItemKind)].tolist(), strict=True))
        distance = subject.output - subject.base
        shares = (subject.output - said[len(ItemKind) :]) / distance if distance else np.zeros(len(singles))
        best = int(np.argmax(shares)) if len(shares) else -1
        carried = best >= 0 and abs(distance) >= smallest and shares[best] >= CARRIES
        ledgers.append(
            Ledger(
                without_attributes=without[ItemKind.ATTRIBUTE],
                without_events=without[ItemKind.EVENT],
                without_neighbours=without[ItemKind.NEIGHBOUR],
                without_artifacts=without[ItemKind.ARTIFACT],
                carried_by=singles[best] if carried else None,
                without_carrier=float(said[len(ItemKind) + best]) if carried else None,
            )
        )
    return ledgers


def _of_kind(subject: Subject, kind: ItemKind) -> Indexes:
    return np.array([number for number, piece in enumerate(subject.pieces) if piece.kind is kind], np.int64)


def _carriers(subject: Subject) -> list[int]:
    """The files and links that may carry the finding: of each kind the strongest few in its direction."""
    towards = subject.contributions * (1.0 if subject.output >= subject.base else -1.0)
    found: list[int] = []
    for kind in _CARRIERS:
        mine = _of_kind(subject, kind)
        mine = mine[towards[mine] > 0]
        found += mine[np.argsort(-towards[mine], kind="stable")][:_TRIED_OF_A_KIND].tolist()
    return found


def find_turnings(
    masked: MaskedBatch, subjects: Sequence[Subject], threshold: float, *, ctx: JobContext = NULL_CONTEXT
) -> list[Turning]:
    """What it would take to turn each row's output over; indexes are into the subjects' pieces.

    Args:
        masked: The batch.
        subjects: The rows.
        threshold: Between the two sides; at it an output is on the upper one.
        ctx: Cancellation.
    """
    searches = [_Search(subject, threshold) for subject in subjects]
    orders = [_order(search) for search in searches]
    prefixes = [[order[: number + 1] for number in range(len(order))] for order in orders]
    for search, tried, said in zip(searches, prefixes, _tried(masked, searches, prefixes, ctx), strict=True):
        reached = next((number for number, output in enumerate(said) if search.turns(output)), None)
        if reached is not None:
            search.taken, search.output, search.done = list(tried[reached]), said[reached], False
    while not all(search.done for search in searches):
        _put_back(masked, searches, ctx)
    return [Turning(threshold, tuple(one.taken), one.output if one.taken else None) for one in searches]


def _order(search: _Search) -> list[int]:
    """The items that hold the output on its side, the strongest first."""
    subject = search.subject
    holding = subject.contributions * (1.0 if subject.output >= search.threshold else -1.0)
    order = np.argsort(-holding, kind="stable")[:MOST_TAKEN]
    found: list[int] = order[holding[order] > 0].tolist()
    return found


def _put_back(masked: MaskedBatch, searches: Sequence[_Search], ctx: JobContext) -> None:
    """Of each row put back the weakest item that is not needed; a row where all are needed is done."""
    kept = [
        [] if search.done else [[one for one in search.taken if one != spare] for spare in reversed(search.taken)]
        for search in searches
    ]
    for search, tried, said in zip(searches, kept, _tried(masked, searches, kept, ctx), strict=True):
        free = next((number for number, output in enumerate(said) if search.turns(output)), None)
        if free is None:
            search.done = True
        else:
            search.taken, search.output = tried[free], said[free]


def _tried(
    masked: MaskedBatch, searches: Sequence[_Search], removed: Sequence[Sequence[Sequence[int]]], ctx: JobContext
) -> list[list[float]]:
    tried = [
        Trials(search.subject.row, search.subject.pieces, [np.array(one, np.int64) for one in some])
        for search, some in zip(searches, removed, strict=True)
    ]
    return [said.tolist() for said in outputs_without(masked, tried, ctx=ctx)]
