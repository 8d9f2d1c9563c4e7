"""The marks and notes of a long list of entities, in columns beside it, for tables of a million rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmdesk.engine.services.annotations import Disposition, Mark, MarkKind, SubjectKind, as_mark

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy.engine import Connection

    from mmdesk.engine.store.annotation_rows import Switch, Tally

DISPOSITIONS = (None, *Disposition)
"""What :attr:`MarksByRow.disposition` counts through."""
_HASH_SEED = 1234
_MOST_REASONS = 20
_MOST_AGAIN = 50_000
"""More changed entities than these are as soon read with all others."""
_ENTITY = str(SubjectKind.ENTITY)
Counts = tuple[tuple[str, int], ...]


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
        said: What dispositions were given for, most often used first, and how often.
        marks: Behind all that, one row a mark: ``subject``, ``text``, ``actor``, ``created_us``; sorted by ``rows``.
        rows: int64 [mark], the place of its entity.
        tally: Of all marks and notes when these were read.
    """

    starred: NDArray[np.int8]
    disposition: NDArray[np.int8]
    tagged: NDArray[np.int32]
    noted: NDArray[np.int32]
    tag_sets: tuple[tuple[str, ...], ...]
    tags: Counts
    said: Counts
    marks: pa.Table
    rows: NDArray[np.int64]
    tally: Tally

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons for dispositions that are used most, most often used first."""
        return tuple(reason for reason, _ in self.said[:_MOST_REASONS])

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
    from mmdesk.engine.services.annotations import reading

    with reading(folder) as connection:
        return _read(connection, entity_ids, None)


def marks_after(folder: Path, entity_ids: pa.Array, before: MarksByRow, switches: Sequence[Switch]) -> MarksByRow:
    """The same after some changes: only what is said of the changed entities is read.

    All of it is, where somebody else has changed something too.

    Args:
        folder: The case.
        entity_ids: As they were read ``before``.
        before: What was known.
        switches: What was switched since then, as the changes returned it.

    Raises:
        UsageError: No such case.
        StoreError: The case cannot be read.
    """
    from mmdesk.engine.services.annotations import reading
    from mmdesk.engine.store import annotation_rows

    with reading(folder) as connection:
        touched = annotation_rows.touched(connection, _ENTITY, before.tally, switches)
        same = touched.tally == annotation_rows.tally(connection)
        if not same or len(touched.subjects) > _MOST_AGAIN:
            return _read(connection, entity_ids, None)
        places = np.unique(rows_of(touched.subjects, entity_ids))
        places = places[places >= 0]
        return _merged(before, places, _read(connection, entity_ids.take(places), touched.subjects))


def _read(connection: Connection, entity_ids: pa.Array, subjects: pa.Array | None) -> MarksByRow:
    """What is said of these entities; ``subjects`` the same ones, where they are few; None = read everything."""
    import pyarrow.compute as pc

    from mmdesk.engine.store import annotation_rows
    from mmdesk.engine.store.tables import Note, Tag

    marks = annotation_rows.current(connection, Tag, _ENTITY, subjects)
    noted = annotation_rows.subjects(connection, Note, _ENTITY, subjects)
    rows = rows_of(marks["subject"].combine_chunks(), entity_ids)
    order = np.argsort(rows, kind="stable")
    order = order[rows[order] >= 0]
    marks, rows = marks.take(order), rows[order]
    told = annotation_rows.told_apart(marks["text"].combine_chunks())
    kinds, values = (told[name] for name in ("mark", "value"))
    size = len(entity_ids)
    starred, disposition = np.zeros(size, dtype=np.int8), np.zeros(size, dtype=np.int8)
    starred[rows[np.asarray(pc.equal(kinds, str(MarkKind.STAR)))]] = 1
    for number, one in enumerate(DISPOSITIONS[1:], 1):
        here = pc.and_(pc.equal(kinds, str(MarkKind.DISPOSITION)), pc.equal(values, str(one)))
        disposition[rows[np.asarray(pc.fill_null(here, False))]] = number
    of_tags = np.asarray(pc.equal(kinds, str(MarkKind.TAG)))
    tagged, tag_sets, tags = _tag_sets(rows[of_tags], values.filter(of_tags), size)
    note_rows = rows_of(noted, entity_ids)
    return MarksByRow(
        starred=starred,
        disposition=disposition,
        tagged=tagged,
        noted=np.bincount(note_rows[note_rows >= 0], minlength=size).astype(np.int32),
        tag_sets=tag_sets,
        tags=tags,
        said=_by_use(_counted(told["reason"])),
        marks=marks.select(["subject", "text", "actor", "created_us"]),
        rows=rows,
        tally=annotation_rows.tally(connection),
    )


# What changed, put into what was known.


def _merged(before: MarksByRow, places: NDArray[np.int64], new: MarksByRow) -> MarksByRow:
    """``before`` with what is ``new`` at these places, ascending."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from mmdesk.engine.store.annotation_rows import told_apart

    changed = np.zeros(len(before.starred), dtype=bool)
    changed[places] = True
    gone = changed[before.rows]
    told = told_apart(before.marks.filter(gone)["text"].combine_chunks())
    tags, said = dict(before.tags), dict(before.said)
    for counts, went, came in (
        (tags, told["value"].filter(pc.equal(told["mark"], str(MarkKind.TAG))), new.tags),
        (said, told["reason"], new.said),
    ):
        for word, number in _counted(went):
            counts[word] -= number
        for word, number in came:
            counts[word] = counts.get(word, 0) + number
    tagged, tag_sets = _merged_sets(before, places, new)
    rows = np.concatenate([before.rows[~gone], places[new.rows]])
    order = np.argsort(rows, kind="stable")
    marks = pa.concat_tables([before.marks.filter(~gone), new.marks])
    return MarksByRow(
        starred=_with(before.starred, places, new.starred),
        disposition=_with(before.disposition, places, new.disposition),
        tagged=tagged,
        noted=_with(before.noted, places, new.noted),
        tag_sets=tag_sets,
        tags=_by_name(tags.items()),
        said=_by_use(said.items()),
        marks=marks.take(order),
        rows=rows[order],
        tally=new.tally,
    )


def _with(before: NDArray[Any], places: NDArray[np.int64], new: NDArray[Any]) -> NDArray[Any]:
    after = before.copy()
    after[places] = new
    return after


def _merged_sets(
    before: MarksByRow, places: NDArray[np.int64], new: MarksByRow
) -> tuple[NDArray[np.int32], tuple[tuple[str, ...], ...]]:
    """Places in the sets of tags that occur now, and those sets."""
    number_of: dict[tuple[str, ...], int] = {tags: number for number, tags in enumerate(before.tag_sets)}
    numbers = np.array([number_of.setdefault(tags, len(number_of)) for tags in new.tag_sets], dtype=np.int32)
    tagged = _with(before.tagged, places, numbers[new.tagged])
    used = np.bincount(tagged, minlength=len(number_of)) > 0
    sets = [tags for tags, number in number_of.items() if used[number] or not tags]
    ordered = _in_order(sets)
    place = np.zeros(len(number_of), dtype=np.int32)
    for at, tags in enumerate(ordered):
        place[number_of[tags]] = at
    return place[tagged], ordered


# The parts of it.


def rows_of(subjects: pa.Array, entity_ids: pa.Array) -> NDArray[np.int64]:
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
    ordered = _in_order(sets)
    at = {one: place for place, one in enumerate(ordered)}
    place = np.array([at[one] for one in sets], dtype=np.int32)
    tagged = np.zeros(size, dtype=np.int32)
    tagged[marked] = place[inverse.reshape(-1) + 1]
    counts = np.bincount(codes, minlength=len(words))
    return tagged, ordered, _by_name(zip(words, counts.tolist(), strict=True))


def _in_order(sets: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Sets of tags by their texts; by their capitals where nothing else tells them apart."""
    return tuple(sorted(sets, key=lambda tags: ([word.casefold() for word in tags], tags)))


def _by_name(counts: Iterable[tuple[str, int]]) -> Counts:
    """Words with their counts, by the words; those that are not there any more are left out."""
    return tuple(sorted((one for one in counts if one[1]), key=lambda one: (one[0].casefold(), one[0])))


def _tags_of(row: int, rows: NDArray[np.int64], codes: NDArray[np.int32], words: Sequence[str]) -> tuple[str, ...]:
    first, last = np.searchsorted(rows, [row, row + 1])
    return tuple(sorted((words[code] for code in codes[first:last]), key=lambda word: (word.casefold(), word)))


def _counted(texts: pa.Array) -> list[tuple[str, int]]:
    import pyarrow.compute as pc

    return [(one["values"], one["counts"]) for one in pc.value_counts(texts.drop_null()).to_pylist()]


def _by_use(counts: Iterable[tuple[str, int]]) -> Counts:
    """Words with their counts, most often used first; those that are not there any more are left out."""
    return tuple(sorted((one for one in counts if one[1]), key=lambda one: (-one[1], one[0])))
