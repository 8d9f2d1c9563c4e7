"""The marks and notes of a long list of entities, in columns beside it, for tables of a million rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mmdesk.engine.services.annotations import Disposition, Mark, MarkKind, SubjectKind, as_mark

if TYPE_CHECKING:
    import pyarrow as pa

DISPOSITIONS = (None, *Disposition)
"""What :attr:`MarksByRow.disposition` counts through."""
_HASH_SEED = 1234


@dataclass(frozen=True)
class MarksByRow:
    """Marks and notes beside a list of entities.

    Attributes:
        starred: int8 [entity], 0 or 1.
        disposition: int8 [entity], a place in :data:`DISPOSITIONS`.
        tagged: int32 [entity], a place in ``tag_sets``.
        noted: int32 [entity], how many notes.
        tag_sets: The sets of tags that occur, each sorted, in the order of their texts; first the empty one.
        tags: Every tag, and how many entities have it.
        reasons: What dispositions were given for, most often used first.
        marks: Behind all that, one row a mark: ``subject``, ``text``, ``actor``, ``created_us``; sorted by ``rows``.
        rows: int64 [mark], the place of its entity.
    """

    starred: NDArray[np.int8]
    disposition: NDArray[np.int8]
    tagged: NDArray[np.int32]
    noted: NDArray[np.int32]
    tag_sets: tuple[tuple[str, ...], ...]
    tags: tuple[tuple[str, int], ...]
    reasons: tuple[str, ...]
    marks: pa.Table
    rows: NDArray[np.int64]

    def said_of(self, row: int) -> tuple[Mark, ...]:
        """The marks of one entity, with who and when."""
        first, last = np.searchsorted(self.rows, [row, row + 1])
        found = self.marks.slice(int(first), int(last - first)).to_pylist()
        return tuple(as_mark(one["subject"], one["text"], one["actor"], one["created_us"]) for one in found)

    def having(self, tag: str) -> NDArray[np.bool_]:
        """Which entities have a tag, bool [entity]."""
        return np.array([tag in tags for tags in self.tag_sets], dtype=bool)[self.tagged]


def marks_by_row(folder: Path, entity_ids: pa.Array) -> MarksByRow:
    """The marks and notes of these entities.

    Args:
        folder: The case.
        entity_ids: Distinct strings; marks of others are left out.

    Raises:
        UsageError: No such case.
        StoreError: The case cannot be read.
    """
    import pyarrow.compute as pc

    from mmdesk.engine.services.annotations import mark_table, note_subjects
    from mmdesk.engine.store.annotation_rows import told_apart

    marks = mark_table(folder, SubjectKind.ENTITY)
    noted = note_subjects(folder, SubjectKind.ENTITY)
    rows = _rows_of(marks["subject"].combine_chunks(), entity_ids)
    order = np.argsort(rows, kind="stable")
    order = order[rows[order] >= 0]
    marks, rows = marks.take(order), rows[order]
    told = told_apart(marks["text"].combine_chunks())
    kinds, values = (told[name] for name in ("mark", "value"))
    size = len(entity_ids)
    starred, disposition = np.zeros(size, dtype=np.int8), np.zeros(size, dtype=np.int8)
    starred[rows[np.asarray(pc.equal(kinds, str(MarkKind.STAR)))]] = 1
    for number, one in enumerate(DISPOSITIONS[1:], 1):
        here = pc.and_(pc.equal(kinds, str(MarkKind.DISPOSITION)), pc.equal(values, str(one)))
        disposition[rows[np.asarray(pc.fill_null(here, False))]] = number
    of_tags = np.asarray(pc.equal(kinds, str(MarkKind.TAG)))
    tagged, tag_sets, tags = _tag_sets(rows[of_tags], values.filter(of_tags), size)
    note_rows = _rows_of(noted, entity_ids)
    return MarksByRow(
        starred=starred,
        disposition=disposition,
        tagged=tagged,
        noted=np.bincount(note_rows[note_rows >= 0], minlength=size).astype(np.int32),
        tag_sets=tag_sets,
        tags=tags,
        reasons=_by_use(told["reason"]),
        marks=marks.select(["subject", "text", "actor", "created_us"]),
        rows=rows,
    )


def _rows_of(subjects: pa.Array, entity_ids: pa.Array) -> NDArray[np.int64]:
    """Where each subject stands among the entities; -1 = nowhere."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(subjects):
        return np.zeros(0, dtype=np.int64)
    # Few are marked of many: look the many up among the few, whose index is the smaller one to build.
    few = subjects.unique()
    places = pc.index_in(entity_ids, value_set=few)
    there = np.flatnonzero(np.asarray(pc.is_valid(places)))
    row_of = np.full(len(few), -1, dtype=np.int64)
    row_of[places.filter(pc.is_valid(places)).to_numpy()] = there
    found: NDArray[np.int64] = row_of[pc.index_in(subjects, value_set=few).cast(pa.int64()).to_numpy()]
    return found


def _tag_sets(
    rows: NDArray[np.int64], tags: pa.Array, size: int
) -> tuple[NDArray[np.int32], tuple[tuple[str, ...], ...], tuple[tuple[str, int], ...]]:
    """Each entity's set of tags as a place in a list of the sets that occur; and the tags with their counts."""
    encoded = tags.dictionary_encode()
    words: list[str] = encoded.dictionary.to_pylist()
    codes = encoded.indices.to_numpy()
    # A set is known by the sum of random numbers of its tags: two sets of the same sum are as good as impossible.
    numbers = np.random.default_rng(_HASH_SEED).integers(1, 2**63, max(len(words), 1), dtype=np.uint64)
    sums = np.zeros(size, dtype=np.uint64)
    np.add.at(sums, rows, numbers[codes])
    marked = np.flatnonzero(sums)
    _, examples, inverse = np.unique(sums[marked], return_index=True, return_inverse=True)
    sets = [()] + [_tags_of(int(marked[one]), rows, codes, words) for one in examples]
    in_order = sorted(range(len(sets)), key=lambda one: [word.casefold() for word in sets[one]])
    place = np.argsort(in_order).astype(np.int32)
    tagged = np.zeros(size, dtype=np.int32)
    tagged[marked] = place[inverse.reshape(-1) + 1]
    counts = np.bincount(codes, minlength=len(words))
    named = sorted(zip(words, counts.tolist(), strict=True), key=lambda one: one[0].casefold())
    return tagged, tuple(sets[one] for one in in_order), tuple(named)


def _tags_of(row: int, rows: NDArray[np.int64], codes: NDArray[np.int32], words: Sequence[str]) -> tuple[str, ...]:
    first, last = np.searchsorted(rows, [row, row + 1])
    return tuple(sorted((words[code] for code in codes[first:last]), key=str.casefold))


def _by_use(reasons: pa.Array) -> tuple[str, ...]:
    import pyarrow.compute as pc

    counted = pc.value_counts(reasons.drop_null()).to_pylist()
    return tuple(one["values"] for one in sorted(counted, key=lambda one: -one["counts"])[:20])
