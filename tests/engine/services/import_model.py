"""What a case holds after any order of imports, undoing, redoing and deletions; in plain Python, to compare with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Lineage = tuple[int, str]
"""The import that first brought an entity, and the entity's id."""


@dataclass
class Version:
    """One row of one import: what it says, and the entities it belongs to (of an entity: itself)."""

    value: Any
    lineages: tuple[Lineage, ...]

    def told(self) -> tuple[Any, ...]:
        """What a file says."""
        return self.value, *(name for _, name in self.lineages)


@dataclass
class Brought:
    """An import: its rows, which imports were in the case when it was made, whether it is in the case now."""

    table: str
    rows: dict[Any, Version]
    knew: frozenset[int]
    columns: tuple[str, ...] = ()
    active: bool = True


@dataclass
class Model:
    """The case: its imports in their order, and what an analyst deleted."""

    imports: dict[int, Brought] = field(default_factory=dict)
    hidden: set[Lineage] = field(default_factory=set)
    hidden_files: set[str] = field(default_factory=set)

    # What is there.

    def _active(self) -> list[tuple[int, Brought]]:
        return [(number, one) for number, one in sorted(self.imports.items()) if one.active]

    def current(self, table: str) -> dict[Any, Version]:
        """The newest version of each row, whether its entity is hidden or not."""
        found: dict[Any, Version] = {}
        for _, one in self._active():
            if one.table == table:
                found |= one.rows
        return found

    def _alive(self) -> set[Lineage]:
        return {version.lineages[0] for version in self.current("entities").values()}

    def visible(self, table: str) -> dict[Any, Version]:
        """Current rows all of whose entities are to be seen."""
        return {
            key: version
            for key, version in self.current(table).items()
            if not self.hidden.intersection(version.lineages)
        }

    def names(self) -> dict[str, Lineage]:
        """The entities to be seen."""
        return {name: version.lineages[0] for name, version in self.visible("entities").items()}

    def hidden_names(self) -> dict[str, Lineage]:
        """The deleted ones; one whose import was taken back counts unless its name is there by another import."""
        alive = self._alive()
        found = {lineage[1]: lineage for lineage in sorted(self.hidden) if lineage not in alive}
        found = {name: lineage for name, lineage in found.items() if name not in {one[1] for one in alive}}
        return found | {lineage[1]: lineage for lineage in self.hidden if lineage in alive}

    def columns(self) -> list[str]:
        """The attributes in the order in which they came."""
        return list(dict.fromkeys(name for _, one in self._active() for name in one.columns))

    def attributes(self) -> dict[str, dict[str, Any]]:
        """What is to be seen of each entity.

        A version keeps what it was merged from when it was imported; an attribute is seen as long as an import in the
        case brings it.
        """
        columns = set(self.columns())
        return {
            key: {name: value for name, value in version.value.items() if name in columns}
            for key, version in self.visible("entities").items()
        }

    # What is done.

    def plan(self, table: str, rows: list[tuple[Any, ...]], *, replace: bool) -> tuple[dict[Any, Version], int]:
        """The rows that an import would write, and how many it would reject."""
        current, names = self.current(table), self.names()
        written: dict[Any, Version] = {}
        rejected = 0
        seen: Counter[tuple[Any, ...]] = Counter()
        for row in rows:
            key, value, owners = _row(table, row)
            if table == "entities":
                if key in self.hidden_names():
                    rejected += 1
                    continue
                lineages = current[key].lineages if key in current else ((-1, key),)
                value = current[key].value | value if key in current else value
            else:
                if not set(owners) <= set(names) or (table == "media" and row[1] in self.hidden_files):
                    rejected += 1
                    continue
                lineages = tuple(names[owner] for owner in owners)
                if table == "interactions":
                    seen[row] += 1
                    key = (*row, seen[row])
                elif table == "media":
                    key = (*lineages, row[1])
            version = Version(value, lineages)
            if key not in current or (version.told() != current[key].told() and (replace or table == "media")):
                written[key] = version
        return written, rejected

    def add(self, number: int, table: str, rows: dict[Any, Version], columns: tuple[str, ...]) -> None:
        """The import was made, with what :meth:`plan` said."""
        for version in rows.values():
            version.lineages = tuple((number if one[0] == -1 else one[0], one[1]) for one in version.lineages)
        self.imports[number] = Brought(table, rows, frozenset(n for n, _ in self._active()), columns)

    def undo(self, number: int) -> str | None:
        """Take an import back; the code of the error, if it is refused."""
        one = self.imports[number]
        if not one.active:
            return "import.nothing_to_undo"
        one.active = False
        if self._dangling():
            one.active = True
            return "import.in_use"
        return None

    def redo(self, number: int) -> str | None:
        """Do an import again; the code of the error, if it is refused."""
        one = self.imports[number]
        if one.active:
            return "import.nothing_to_redo"
        for other, present in self._active():
            knows = min(number, other) in self.imports[max(number, other)].knew
            if not knows and present.table == one.table and present.rows.keys() & one.rows.keys():
                return "import.redo_conflict"
        one.active = True
        if self._dangling():
            one.active = False
            return "import.redo_needs"
        return None

    def _dangling(self) -> bool:
        alive = self._alive()
        return any(not alive.issuperset(v.lineages) for _, one in self._active() for v in one.rows.values())

    def delete(self, name: str) -> str | None:
        """Delete an entity by hand."""
        lineage = self.names().get(name)
        if lineage is None and name not in self.hidden_names():
            return "usage.no_such_entity"
        self.hidden |= {lineage} if lineage is not None else set()
        return None

    def restore(self, name: str) -> str | None:
        """Restore it."""
        lineage = self.hidden_names().get(name)
        if lineage is None:
            return None if name in self.names() else "usage.no_such_entity"
        if lineage not in self._alive():
            return "delete.import_undone"
        self.hidden.remove(lineage)
        return None

    def files(self) -> set[str]:
        """Files that some import in the case links, deleted or not."""
        return {key[1] for key in self.current("media")}

    def delete_file(self, name: str) -> str | None:
        """Delete an evidence file by hand."""
        if name not in self.files() | self.hidden_files:
            return "usage.no_such_file"
        self.hidden_files.add(name)
        return None

    def restore_file(self, name: str) -> str | None:
        """Restore it."""
        if name in self.hidden_files and name not in self.files():
            return "delete.import_undone"
        if name not in self.files():
            return "usage.no_such_file"
        self.hidden_files.discard(name)
        return None


def _row(table: str, row: tuple[Any, ...]) -> tuple[Any, Any, tuple[str, ...]]:
    """Identity, content and owners of a row of a file."""
    if table == "entities":
        return row[0], row[1], ()
    if table == "events":
        return row[0], row[2], (row[1],)
    if table == "interactions":
        return None, None, row[:2]
    return row[0], row[-1], (row[0],)
