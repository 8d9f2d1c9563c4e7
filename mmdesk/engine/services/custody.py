"""Is what an explanation rests on still what it was: rows of the case, imported tables, stored evidence files.

The case has its own copies of evidence files, but only the name, place and SHA-256 of the tables that were imported.
They are looked for where they were imported from and in folders that are named; one that is not there is *not found*,
which is said, and never passes as a match. A place on another host is not looked at on the word of a case alone, for
whoever wrote the case would choose the host: it has to lie in a folder that is named.

A row matches if it is current and leads to the same line of the same import; what its cells say is vouched for by the
SHA-256 of the imported table, and in the case itself by its audit log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import select

from mmdesk.engine.core.errors import MmdeskError, UsageError
from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import current_actor
from mmdesk.engine.explanation.explanation import Item
from mmdesk.engine.explanation.references import (
    Custody,
    Evidence,
    FileReference,
    RowReference,
    custody_words,
    evidence_in,
    evidence_of,
)
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Artifact, Entity, EntityArtifact, Event, Import, Interaction, Target

__all__ = ["CheckedFile", "CheckedRow", "Custodian", "Custody", "FileReference", "SourcesReport", "check_sources"]

MAX_FINDINGS = 1000
_SAID = 20
_ROWS_AT_ONCE = 500
_WITH_LINES: Mapping[str, Any] = {
    model.__tablename__: model for model in (Entity, Event, Interaction, EntityArtifact, Target)
}
"""The tables whose rows are evidence; each row has its import and line."""
_MOST_ID = 2**63 - 1
_ON_A_HOST = re.compile(r"[\\/]{2}")
_TRIES_TO_FIND = 100
"""At most so many files of the same name are read to find one with the right SHA-256."""


@dataclass(frozen=True)
class CheckedFile:
    """What was found of a file.

    Attributes:
        sha256: As the explanation has it. ``name``, ``import_id``: likewise; no import for an evidence file.
        standing: What was found.
        path: Where the file is that was read; None if none was.
        found_sha256: Of that file.
    """

    sha256: str
    name: str
    import_id: int | None
    standing: Custody
    path: str | None = None
    found_sha256: str | None = None


@dataclass(frozen=True)
class CheckedRow:
    """What was found of a row.

    Attributes:
        table: Of the case. ``row``: its id.
        standing: ``matches`` (current, the same line of the same import), ``altered`` (another one), ``withdrawn`` or
            ``unknown``.
    """

    table: str
    row: int
    standing: Custody


@dataclass(frozen=True)
class Finding:
    """A reference of an explanation that does not hold.

    Attributes:
        line: Of the file of explanations, 1 = the first. ``entity_id``: whom it is about.
        field: Where in it the evidence is, dotted: ``items.3``. ``label``: its name.
        what: ``file`` or ``row``.
        name: The file's name, or table and row.
        standing: What was found.
    """

    line: int
    entity_id: str
    field: str
    label: str
    what: str
    name: str
    standing: Custody


@dataclass(frozen=True)
class SourcesReport:
    """All references of a file of explanations, checked.

    Attributes:
        explanations: How many were read.
        files: Every file that they rest on, once.
        rows: How many different rows. ``rows_matching``: of them those that are current and lead to the same line of
            the same import; their cells are not compared.
        findings: References that do not hold, the first :data:`MAX_FINDINGS`. ``found``: how many there are.
        holds: Every reference was checked and matches.
    """

    explanations: int
    files: tuple[CheckedFile, ...]
    rows: int
    rows_matching: int
    findings: tuple[Finding, ...]
    found: int
    holds: bool


class Custodian:
    """Checks references against one case; each file is read once, however often it is asked for.

    Args:
        case: Open for reading.
        folders: Where imported tables may be now, searched with all folders in them.
    """

    def __init__(self, case: Case, folders: Sequence[Path] = ()) -> None:
        self._case, self._folders = case, tuple(folders)
        self._checked: dict[FileReference, CheckedFile] = {}
        self._digests: dict[Path, str | None] = {}
        self._rows: dict[RowReference, Custody] = {}

    @property
    def files(self) -> tuple[CheckedFile, ...]:
        """The files that were checked, in the order in which they were first asked for."""
        return tuple(self._checked.values())

    @property
    def rows(self) -> Mapping[RowReference, Custody]:
        """The rows that were checked."""
        return self._rows

    def check(self, reference: FileReference, *, ctx: JobContext = NULL_CONTEXT) -> CheckedFile:
        """Read a file and compare its SHA-256.

        Raises:
            StoreError: The database cannot be reached.
        """
        if reference not in self._checked:
            ctx.check_cancelled()
            look = self._stored if reference.import_id is None else self._imported
            self._checked[reference] = look(reference)
        return self._checked[reference]

    def _stored(self, reference: FileReference) -> CheckedFile:
        with self._case.read() as connection:
            path = connection.execute(select(Artifact.path).where(Artifact.sha256 == reference.sha256)).scalar()
        if path is None:
            return _checked(reference, Custody.UNKNOWN)
        try:
            with self._case.files.open(path) as file:
                digest = sha256_file(file)
        except (MmdeskError, OSError):
            return _checked(reference, Custody.NOT_FOUND)
        return _compared(reference, self._case.files.path(path), digest)

    def _imported(self, reference: FileReference) -> CheckedFile:
        if not 0 <= (reference.import_id or 0) <= _MOST_ID:
            return _checked(reference, Custody.UNKNOWN)
        with self._case.read() as connection:
            statement = select(Import.source, Import.sha256, Import.recipe).where(Import.id == reference.import_id)
            found = connection.execute(statement).one_or_none()
        if found is None or found.sha256 != reference.sha256:
            return _checked(reference, Custody.UNKNOWN)
        other: CheckedFile | None = None
        for path in self._candidates(found.source, found.recipe):
            digest = self._digest(path)
            if digest is not None:
                compared = _compared(reference, path, digest)
                if compared.standing is Custody.MATCHES:
                    return compared
                other = other or compared
        return other or _checked(reference, Custody.NOT_FOUND)

    def _candidates(self, source: str, recipe: str) -> Iterator[Path]:
        """Where it was imported from, then what is called so in the named folders."""
        try:
            said: Any = json.loads(recipe)
        except ValueError:
            said = {}
        for text in (said.get("path"), source) if isinstance(said, dict) else (source,):
            if isinstance(text, str) and Path(text).is_absolute():
                if self._may_look_at(text):
                    yield Path(text)
                break
        name = PurePosixPath(source.replace("\\", "/")).name
        tries = 0
        for folder in self._folders:
            for path in sorted(path for path in folder.rglob("*") if path.name == name):
                tries += 1
                if tries > _TRIES_TO_FIND:
                    return
                yield path

    def _may_look_at(self, text: str) -> bool:
        r"""Whether a place that the case names is on this machine (no ``\\host\share``), or in a named folder."""
        path = Path(text)
        named = ".." not in path.parts and any(path.is_relative_to(folder) for folder in self._folders)
        return named or _ON_A_HOST.match(text) is None

    def _digest(self, path: Path) -> str | None:
        """None if it is no file that can be read."""
        if path not in self._digests:
            try:
                self._digests[path] = sha256_file(path) if path.is_file() else None
            except (OSError, ValueError):
                self._digests[path] = None
        return self._digests[path]

    def check_rows(self, references: Iterable[RowReference]) -> None:
        """Look up rows; what was found is in :attr:`rows`."""
        wanted: dict[str, list[RowReference]] = {}
        for reference in references:
            if reference not in self._rows:
                wanted.setdefault(reference.table, []).append(reference)
        for table, rows in wanted.items():
            found = self._rows_of(_WITH_LINES[table], rows) if table in _WITH_LINES else {}
            self._rows |= {reference: _row_standing(reference, found.get(reference.row)) for reference in rows}

    def _rows_of(self, model: Any, rows: Sequence[RowReference]) -> dict[int, Any]:
        found: dict[int, Any] = {}
        columns = (model.id, model.import_id, model.line, model.deleted_us, model.superseded_by)
        with self._case.read() as connection:
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                ids = {one.row for one in rows[start : start + _ROWS_AT_ONCE] if 0 <= one.row <= _MOST_ID}
                found |= {row.id: row for row in connection.execute(select(*columns).where(model.id.in_(ids)))}
        return found


def _checked(reference: FileReference, standing: Custody) -> CheckedFile:
    return CheckedFile(reference.sha256, reference.name, reference.import_id, standing)


def _compared(reference: FileReference, path: Path, digest: str) -> CheckedFile:
    standing = Custody.MATCHES if digest == reference.sha256 else Custody.ALTERED
    return CheckedFile(reference.sha256, reference.name, reference.import_id, standing, str(path), digest)


def _row_standing(reference: RowReference, row: Any) -> Custody:
    if row is None:
        return Custody.UNKNOWN
    if row.deleted_us is not None or row.superseded_by is not None:
        return Custody.WITHDRAWN
    same = (row.import_id, row.line) == (reference.import_id, reference.line)
    return Custody.MATCHES if same else Custody.ALTERED


def check_item(
    folder: Path, item: Item, *, actor: str | None = None, ctx: JobContext = NULL_CONTEXT
) -> tuple[CheckedFile, ...]:
    """The files behind one piece of evidence, read and compared now.

    Args:
        folder: The case.
        item: Of an explanation of one of its entities.
        actor: Who asks.
        ctx: Cancelling.

    Raises:
        StoreError: The case cannot be opened.
    """
    with Case.open(folder, actor=actor or current_actor()) as case:
        custodian = Custodian(case)
        return tuple(custodian.check(reference, ctx=ctx) for reference in evidence_of(item).files)


def check_sources(
    path: Path,
    folder: Path,
    *,
    folders: Sequence[Path] = (),
    actor: str | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> SourcesReport:
    """Check every reference of a file of explanations against a case.

    Args:
        path: Explanations, one in a line.
        folder: The case.
        folders: Where the imported tables may be now, besides where they were imported from.
        actor: Who asks.
        ctx: Progress and cancelling.

    Raises:
        UsageError: No such file or case, or one of ``folders`` is none (``usage.no_folder``).
        DataError: A line is no explanation (``explanation.not_one``, ``explanation.newer``).
        StoreError: The case cannot be opened.
    """
    from mmdesk.engine.services.explanation_files import read_explanations

    for one_folder in folders:
        if not one_folder.is_dir():
            raise UsageError(
                f"There is no folder {one_folder} to look in.",
                "Check the path, and that its drive or share is connected.",
                code="usage.no_folder",
                details={"path": str(one_folder)},
            )
    findings: list[Finding] = []
    count = found = 0
    with Case.open(folder, actor=actor or current_actor()) as case:
        custodian = Custodian(case, folders)
        for line, one in read_explanations(path, ctx=ctx):
            count += 1
            evidence = list(evidence_in(one))
            custodian.check_rows(piece.row for piece in evidence if piece.row is not None)
            for piece in evidence:
                for what, name, standing in _standings(custodian, piece, ctx):
                    if standing is not Custody.MATCHES:
                        found += 1
                        if len(findings) < MAX_FINDINGS:
                            finding = Finding(line, one.entity_id, piece.field, piece.label, what, name, standing)
                            findings.append(finding)
        rows = custodian.rows.values()
        matching = sum(standing is Custody.MATCHES for standing in rows)
        return SourcesReport(count, custodian.files, len(rows), matching, tuple(findings), found, holds=not found)


def _standings(custodian: Custodian, piece: Evidence, ctx: JobContext) -> Iterator[tuple[str, str, Custody]]:
    for reference in piece.files:
        yield "file", reference.name, custodian.check(reference, ctx=ctx).standing
    if piece.row is not None:
        yield "row", f"{piece.row.table} row {piece.row.row}", custodian.rows[piece.row]


def tables_missing(report: SourcesReport) -> bool:
    """Whether imported tables were not found, so that it helps to name a folder where they are now."""
    return any(file.standing is Custody.NOT_FOUND and file.import_id is not None for file in report.files)


def sources_lines(report: SourcesReport) -> list[str]:
    """What a check found, line by line; names as they are."""
    lines = [
        (
            f"{counted(report.explanations, 'explanation rests', 'explanations rest')} "
            f"on {counted(report.rows, 'row')} and "
            f"{counted(len(report.files), 'file')}."
        )
    ]
    for file in report.files:
        if file.standing is not Custody.MATCHES or file.import_id is not None:
            said = custody_words(file.standing, imported=file.import_id is not None)
            lines.append(f"  {file.name}: {said}" + (f" ({file.path})" if file.path else ""))
    matching = sum(file.standing is Custody.MATCHES for file in report.files)
    lines.append(
        f"{counted(report.rows_matching, 'row leads', 'rows lead')} to the same line of "
        f"{'its' if report.rows_matching == 1 else 'their'} import, "
        f"{counted(matching, 'file is as it was', 'files are as they were')}."
    )
    rows = [finding for finding in report.findings if finding.what == "row"]
    return lines + [
        f"  line {one.line}, {one.entity_id}, {one.label}: {one.name} is {one.standing.value}" for one in rows[:_SAID]
    ]
