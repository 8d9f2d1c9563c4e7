"""What the output rests on: without each kind of evidence, without single items, and what it would take to turn it.

``Ledger``
    The output without the attributes (all at the training mean), without events, without links, without files; and
    the one file or neighbour that carries the finding, if there is one: without it, or without all links with it, at
    least half of the distance from the base is gone.
``Turning``
    A smallest set of evidence without which the output is on the other side of the threshold. Found by taking away
    the strongest items on the output's side until it turns (how many, by bisection), and then putting back whatever is
    not needed; so no item of the set can be left out, though another set may be smaller.

Source: removal-based explanation as in Covert, Lundberg & Lee, JMLR 22, 2021; the search is the one of Martens &
Provost, "Explaining data-driven document classifications", MIS Quarterly 38, 2014 (best first, then pruned).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mmdesk.engine.explanation.evidence import Piece
from mmdesk.engine.explanation.explanation import ItemKind, Ledger, Turning
from mmdesk.engine.explanation.faithfulness import SMALLEST_DISTANCE
from mmdesk.engine.explanation.removal import Indexes, Removal, Subject

CARRIES = 0.5
"""Share of the distance from the base that one file or neighbour must account for to be warned of."""
MOST_TAKEN = 24
"""More items than this are no longer anything that somebody could look at: none found."""
_CARRIERS = (ItemKind.NEIGHBOUR, ItemKind.ARTIFACT)
_TRIED_OF_A_KIND = 3
_SIZES = (1, 2, 4, 8, 16)


@dataclass
class _Search:
    """How a row is turned.

    Attributes:
        order: Items that hold the output on its side, the strongest first.
        low: So many of them do not turn it. ``high``: so many do; more than there are = not known.
        taken: The set found. ``output``: without it.
        spare: Which of the set may not be needed.
    """

    subject: Subject
    threshold: float
    order: list[int]
    low: int = 0
    high: int = MOST_TAKEN + 1
    taken: list[int] = field(default_factory=list)
    output: float = 0.0
    spare: list[int] = field(default_factory=list)

    @property
    def between(self) -> tuple[int, ...]:
        """The next size to try; none where it is known how many it takes."""
        known = self.high - self.low <= 1 or self.high > len(self.order)
        return () if known else ((self.low + self.high) // 2,)

    def turns(self, output: float) -> bool:
        """Whether this output is on the other side."""
        return (output >= self.threshold) is not (self.subject.output >= self.threshold)


def keep_ledgers(
    removal: Removal[Subject], scale: float, behind: Callable[[Piece], int] = lambda _piece: -1
) -> list[Ledger]:
    """The ledgers of some rows of a batch; indexes are into the subjects' pieces.

    Args:
        removal: The rows.
        scale: Natural size of the output, see :func:`~mmdesk.engine.explanation.faithfulness.assess`.
        behind: Which neighbour or file a link or an entry leads to, a number of its kind; -1 = it stands for itself.
    """
    subjects = removal.subjects
    carriers = [_carriers(subject, behind) for subject in subjects]
    outputs = removal.outputs(
        [
            [*(_of_kind(one, kind) for kind in ItemKind), *(np.array(together) for together in some)]
            for one, some in zip(subjects, carriers, strict=True)
        ]
    )
    smallest = SMALLEST_DISTANCE[removal.head] * scale
    ledgers = []
    for subject, some, said in zip(subjects, carriers, outputs, strict=True):
        without = dict(zip(ItemKind, said[: len(ItemKind)].tolist(), strict=True))
        distance = subject.output - subject.base
        shares = (subject.output - said[len(ItemKind) :]) / distance if distance else np.zeros(len(some))
        best = int(np.argmax(shares)) if len(shares) else -1
        carried = best >= 0 and abs(distance) >= smallest and shares[best] >= CARRIES
        carrier = some[best] if carried else []
        ledgers.append(
            Ledger(
                without_attributes=without[ItemKind.ATTRIBUTE],
                without_events=without[ItemKind.EVENT],
                without_neighbours=without[ItemKind.NEIGHBOUR],
                without_artifacts=without[ItemKind.ARTIFACT],
                carried_by=carrier[0] if carried else None,
                without_carrier=float(said[len(ItemKind) + best]) if carried else None,
                carried_with=tuple(carrier[1:]),
            )
        )
    return ledgers


def _of_kind(subject: Subject, kind: ItemKind) -> Indexes:
    return np.array([number for number, piece in enumerate(subject.pieces) if piece.kind is kind], np.int64)


def _carriers(subject: Subject, behind: Callable[[Piece], int]) -> list[list[int]]:
    """What may carry the finding: of each kind the strongest few neighbours or files in its direction.

    Returns:
        Of each all its links or entries, the strongest first.
    """
    towards = (subject.contributions * (1.0 if subject.output >= subject.base else -1.0)).tolist()
    found: list[list[int]] = []
    for kind in _CARRIERS:
        together: dict[tuple[int, int], list[int]] = {}
        for number in sorted(_of_kind(subject, kind).tolist(), key=lambda number: -towards[number]):
            leads_to = behind(subject.pieces[number])
            together.setdefault((leads_to, number if leads_to < 0 else -1), []).append(number)
        sums = {key: math.fsum(towards[number] for number in mine) for key, mine in together.items()}
        strongest = sorted((key for key in together if sums[key] > 0), key=lambda key: -sums[key])
        found += [together[key] for key in strongest[:_TRIED_OF_A_KIND]]
    return found


def find_turnings(removal: Removal[Subject], threshold: float) -> list[Turning]:
    """What it would take to turn each row's output over; indexes are into the subjects' pieces.

    Args:
        removal: The rows.
        threshold: Between the two sides; at it an output is on the upper one.
    """
    searches = [_Search(subject, threshold, _order(subject, threshold)) for subject in removal.subjects]
    _gallop(removal, searches)
    while any(sizes := [search.between for search in searches]):
        _try_sizes(removal, searches, sizes)
    for search in searches:
        search.taken = search.order[: search.high] if search.high <= len(search.order) else []
        search.spare = list(search.taken)
    while any(search.spare for search in searches):
        _put_back(removal, searches)
    return [Turning(threshold, tuple(one.taken), one.output if one.taken else None) for one in searches]


def _order(subject: Subject, threshold: float) -> list[int]:
    """The items that hold the output on its side, the strongest first."""
    holding = subject.contributions * (1.0 if subject.output >= threshold else -1.0)
    order = np.argsort(-holding, kind="stable")[:MOST_TAKEN]
    found: list[int] = order[holding[order] > 0].tolist()
    return found


def _gallop(removal: Removal[Subject], searches: Sequence[_Search]) -> None:
    """Find for each row two sizes, one that does not turn it and a larger one that does, among the powers of two."""
    _try_sizes(removal, searches, [sorted({*_SIZES, len(one.order)}) for one in searches])


def _try_sizes(removal: Removal[Subject], searches: Sequence[_Search], sizes: Sequence[Sequence[int]]) -> None:
    """Take away so many of the strongest of each row, and narrow down how many it takes."""
    fitting = [[size for size in some if 0 < size <= len(one.order)] for some, one in zip(sizes, searches, strict=True)]
    tried = [[one.order[:size] for size in some] for some, one in zip(fitting, searches, strict=True)]
    for search, some, said in zip(searches, fitting, _tried(removal, tried), strict=True):
        for size, output in zip(some, said, strict=True):
            if search.turns(output):
                search.high, search.output = size, output
                break
            search.low = size


def _put_back(removal: Removal[Subject], searches: Sequence[_Search]) -> None:
    """Of each row put back the weakest item that is not needed, and look which of the others may still follow it.

    An item that was needed with more taken away is needed with less, as a rule; that the rule holds is tried before
    a row is done.
    """
    fewer = [[[one for one in search.taken if one != spare] for spare in search.spare] for search in searches]
    for search, tried, said in zip(searches, fewer, _tried(removal, fewer), strict=True):
        if not tried:
            continue
        free = [place for place, output in enumerate(said) if search.turns(output)]
        all_tried = len(search.spare) == len(search.taken)
        if free:
            search.taken, search.output = tried[free[-1]], said[free[-1]]
        left = [search.spare[place] for place in free[:-1]]
        search.spare = left or ([] if all_tried and not free else list(search.taken))


def _tried(removal: Removal[Subject], removed: Sequence[Sequence[Sequence[int]]]) -> list[list[float]]:
    sets = [[np.array(one, np.int64) for one in some] for some in removed]
    return [said.tolist() for said in removal.outputs(sets)]
