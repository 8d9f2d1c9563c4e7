"""Which files an analyst wants to import, and to which entity each belongs."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.core.times import parse_moment
from mmdesk.engine.ingestion.table_file import TableFile
from mmdesk.engine.ingestion.table_schema import plain
from mmdesk.engine.ingestion.text_batches import TextBatch

_WANTED = ("entity_id", "path", "captured_at")


@dataclass(frozen=True)
class Candidate:
    """A file that is to be imported, not looked at yet.

    Attributes:
        path: Where it is.
        entity_id: Whose it is; ``None`` if that is not known.
        name: The analyst's name for it: its path below the entity's folder, or the file's name in a manifest.
        line: In the manifest; ``None`` for files found in folders.
        captured_us: When it was taken; ``None`` = always known.
        problem: Why it cannot be imported; empty if nothing is known against it.
    """

    path: Path
    entity_id: str | None
    name: str
    line: int | None = None
    captured_us: int | None = None
    problem: str = ""


def stored_name(name: str) -> str:
    """A file name as text that any database takes: bytes that are no UTF-8 are written as their escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


def check_paths(paths: Sequence[Path], manifest: Path | None) -> None:
    """Refuse a call that names nothing, or something that is not there.

    Raises:
        UsageError: No path and no manifest, or a path that does not exist.
    """
    if not paths and manifest is None:
        raise UsageError(
            "Nothing to import was named.",
            "Give files, folders with one folder per entity, or a manifest (--manifest F).",
            code="usage.nothing_named",
        )
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(
                f"{stored_name(str(path))} does not exist.",
                "Check the path.",
                code="usage.no_such_file",
                details={"path": stored_name(str(path))},
            )


def manifest_columns() -> tuple[frozenset[str], frozenset[str]]:
    """The columns that a manifest has to have, and those that it may have, by their plain names."""
    names = [plain(name) for name in _WANTED]
    return frozenset(names[:2]), frozenset(names[2:])


class Manifest:
    """A CSV file with the columns ``entity_id, path[, captured_at]``; paths are relative to it.

    Args:
        path: The file.

    Attributes:
        path: The same.

    Raises:
        UsageError: There is no such file.
        DataError: It is no table, or a column is missing (``import.column_missing``).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = path.parent
        self._table = TableFile.open(path, known=frozenset(plain(name) for name in _WANTED))
        self._columns = self._find_columns(path)

    @property
    def sha256(self) -> str:
        """Of the manifest's bytes."""
        return self._table.fingerprint.sha256

    def _find_columns(self, path: Path) -> Mapping[str, int]:
        header = self._table.header
        names = [plain(name) for name in header]
        found = {wanted: names.index(plain(wanted)) for wanted in _WANTED if plain(wanted) in names}
        for wanted in _WANTED[:2]:
            if wanted not in found:
                raise DataError(
                    f"{path.name}: there is no column {wanted}; the columns are {', '.join(header)}.",
                    "A manifest has the columns entity_id, path and, if known, captured_at. Rename the column.",
                    code="import.column_missing",
                    details={"file": path.name, "column": wanted, "columns": list(header)},
                )
        return found

    def candidates(self, places: Sequence[Path] = ()) -> Iterator[Candidate]:
        """The files of all rows, in order.

        Args:
            places: Folders in which a path is looked up too when it is not found beside the manifest.
        """
        for batch in self._table.batches():
            broken = {record.line: record.rule for record in batch.broken}
            rows = {int(line): index for index, line in enumerate(batch.lines)}
            for line in sorted(broken.keys() | rows.keys()):
                if line in rows:
                    yield self._candidate(batch, rows[line], line, places)
                else:
                    yield Candidate(self._folder, None, "", line, problem=broken[line])

    def _candidate(self, batch: TextBatch, index: int, line: int, places: Sequence[Path]) -> Candidate:
        cells = {name: batch.columns[column][index].as_py().strip() for name, column in self._columns.items()}
        relative = Path(cells["path"])
        path = self._folder / relative
        for place in places:
            if not _exists(path) and _exists(place / relative):
                path = place / relative
        problem, captured_us = "", None
        if not cells["path"]:
            problem = "the path is empty"
        if moment := cells.get("captured_at", ""):
            try:
                captured_us = parse_moment(moment)
            except (ValueError, OverflowError):
                problem = f"captured_at is no ISO 8601 time: {moment[:100]}"
        return Candidate(path, cells["entity_id"], relative.name, line, captured_us, problem)


def _exists(path: Path) -> bool:
    """Whether there is anything by that name; a name that no disk takes is not there."""
    try:
        return os.path.lexists(path)
    except (OSError, ValueError):
        return False


def folder_candidates(path: Path, entities: Container[str]) -> Iterator[Candidate]:
    """The files of a folder, or one file; each belongs to the entity that the nearest folder above is named after.

    Args:
        path: A folder that is named after an entity or holds such folders at any depth, or a file in one.
        entities: The ids of all known entities.

    Yields:
        Files in the order of their names; links and special files too, which the import then refuses.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - links are not to be resolved
    if not path.is_dir() or path.is_symlink():
        owner = path.parent.name if path.parent.name in entities else None
        yield Candidate(path, owner, path.name, problem="" if owner else _ownerless(path.parent.name))
        return
    top = _Folder(path, path.name if path.name in entities else None)
    levels = [_listed(top, entities)]  # no recursion: folders may be nested deeper than Python's stack goes
    while levels:
        found = next(levels[-1], None)
        if found is None:
            levels.pop()
        elif isinstance(found, _Folder):
            levels.append(_listed(found, entities))
        else:
            yield found


@dataclass(frozen=True)
class _Folder:
    """A folder, whose its files are, and its path below the entity's folder."""

    path: Path
    owner: str | None
    below: str = ""


def _listed(folder: _Folder, entities: Container[str]) -> Iterator[Candidate | _Folder]:
    """What is in a folder, in the order of the names; of many files only the names are kept."""
    path, owner, below = folder.path, folder.owner, folder.below
    try:
        with os.scandir(path) as listing:
            found = sorted((os.fsencode(item.name), item.is_dir(follow_symlinks=False)) for item in listing)
    except OSError as error:
        yield Candidate(path, owner, path.name, problem=f"the folder cannot be read: {error.strerror}")
        return
    for raw, is_folder in found:
        name = os.fsdecode(raw)
        if not is_folder:
            problem = "" if owner is not None else _ownerless(path.name)
            yield Candidate(path / name, owner, below + name, problem=problem)
        elif name in entities:
            yield _Folder(path / name, name)
        else:
            yield _Folder(path / name, owner, f"{below}{name}/")


def _ownerless(folder: str) -> str:
    return f"no folder above it is named after a known entity (it is in {stored_name(folder)})"
