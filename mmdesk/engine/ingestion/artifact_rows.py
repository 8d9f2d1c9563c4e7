"""The rows of imported evidence files: artifacts, their links to entities, the import's record, what was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import bindparam, select, update
from sqlalchemy import insert as insert_one
from sqlalchemy.engine import Connection

from mmdesk.engine.core.hashing import canonical_json
from mmdesk.engine.core.times import now_us
from mmdesk.engine.core.types import FeatureStatus, MediaType
from mmdesk.engine.store import bulk, conflicts
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Artifact, Entity, EntityArtifact, Import, RejectedRow

KIND = "media"
ACTION = "import.media"
_LOOK_UP = 500


@dataclass(frozen=True)
class ImportSource:
    """What the record of an import says.

    Attributes:
        name: The manifest or the first path, as text.
        sha256: Of the manifest; ``None`` without one.
        recipe: What was asked for, as plain JSON values.
    """

    name: str
    sha256: str | None
    recipe: Mapping[str, object]


@dataclass(frozen=True)
class Staged:
    """A file whose bytes are in the store, to be linked to an entity."""

    entity_key: int
    sha256: str
    media_type: MediaType
    content_type: str
    size_bytes: int
    path: str
    name: str
    line: int | None
    captured_us: int | None


@dataclass(frozen=True)
class Written:
    """How many artifacts and links of known artifacts a batch added; the rest was there already."""

    artifacts: int
    duplicates: int


Rejected = tuple[int | None, str, str]
"""Line, path, reason."""


@dataclass(frozen=True)
class _Link:
    """What tells links apart."""

    entity_key: int
    artifact_id: int
    name: str
    captured_us: int | None


class ArtifactRows:
    """Writes the batches of one import; its record appears with the first batch that brings something new.

    Args:
        source: What the record says.
        state: In which the case was when the files' entities were looked up; None = not to be compared.
    """

    def __init__(self, source: ImportSource, state: str | None = None) -> None:
        self._source = source
        self._state = state
        self._import_id: int | None = None
        self._pending_rejects: list[Rejected] = []

    def write(
        self, case: Case, staged: Sequence[Staged], rejected: Sequence[Rejected], counts: Mapping[str, int]
    ) -> Written:
        """One batch in one transaction; nothing is written if nothing is new.

        Args:
            case: Open for writing.
            staged: Files whose bytes are in the store.
            rejected: Files of this batch that were refused.
            counts: Of the whole import before this batch.

        Raises:
            ConflictError: Somebody deleted one of the entities meanwhile, or took this import back; the batch is not
                written.
            StoreError: The database cannot be written.
        """
        self._pending_rejects.extend(rejected)
        if not staged:
            return Written(0, 0)
        with case.read() as connection:
            if not _anything_new(connection, staged):
                return Written(0, 0)
        with case.write(ACTION, self._source.name) as connection:
            self._require_unchanged(connection, staged)
            import_id = self._record(connection, case.actor, counts)
            known, artifacts = _add_artifacts(connection, staged, import_id)
            links = _add_links(connection, staged, known, import_id)
            self._write_rejects(connection, import_id)
            connection.info["audit_details"] |= {"import_id": import_id, "artifacts": artifacts, "links": links}
        self._import_id = import_id
        return Written(artifacts, max(0, links - artifacts))

    def _require_unchanged(self, connection: Connection, staged: Sequence[Staged]) -> None:
        """The entities are there still, and what was written of this import was not taken back."""
        keys = {file.entity_key for file in staged}
        there: set[int] = set()
        for start in range(0, len(keys), _LOOK_UP):
            part = sorted(keys)[start : start + _LOOK_UP]
            statement = select(Entity.id).where(Entity.id.in_(part), Entity.deleted_us.is_(None))
            there |= set(connection.execute(statement).scalars())
        taken_back = select(Import.id).where(Import.id == self._import_id, Import.undone_us.is_not(None))
        if keys - there or connection.execute(taken_back).first() is not None:
            conflicts.require_unchanged(connection, self._state, conflicts.ALL)

    def finish(self, case: Case, counts: Mapping[str, int]) -> int | None:
        """Write the final counts into the record; returns its id, ``None`` if there is none.

        Raises:
            StoreError: The database cannot be written.
        """
        if self._import_id is None:
            return None
        with case.write(ACTION, self._source.name, {"import_id": self._import_id, **counts}) as connection:
            document = canonical_json({**counts, "complete": True}).decode()
            connection.execute(update(Import).where(Import.id == self._import_id).values(counts=document))
            self._write_rejects(connection, self._import_id)
        return self._import_id

    def _record(self, connection: Connection, actor: str, counts: Mapping[str, int]) -> int:
        if self._import_id is not None:
            return self._import_id
        key = bulk.next_key(connection, Import)
        values = {
            "id": key,
            "kind": KIND,
            "source": self._source.name,
            "sha256": self._source.sha256,
            "recipe": canonical_json(dict(self._source.recipe)).decode(),
            "counts": canonical_json({**counts, "complete": False}).decode(),
            "actor": actor,
            "imported_us": now_us(),
        }
        bulk.insert(connection, Import, pa.Table.from_pylist([values]))
        return key

    def _write_rejects(self, connection: Connection, import_id: int) -> None:
        rows = [
            {"import_id": import_id, "line": line or 0, "column": "path", "value": path, "rule": reason}
            for line, path, reason in self._pending_rejects
        ]
        if rows:
            connection.execute(insert_one(RejectedRow), rows)
        self._pending_rejects = []


def _existing(connection: Connection, staged: Sequence[Staged]) -> dict[str, tuple[int, bool]]:
    """SHA-256 -> artifact id and whether it is deleted, for those that the case has."""
    hashes = sorted({file.sha256 for file in staged})
    found: dict[str, tuple[int, bool]] = {}
    for start in range(0, len(hashes), _LOOK_UP):
        part = hashes[start : start + _LOOK_UP]
        statement = select(Artifact.sha256, Artifact.id, Artifact.deleted_us).where(Artifact.sha256.in_(part))
        found |= {sha256: (key, deleted is not None) for sha256, key, deleted in connection.execute(statement)}
    return found


def _links_of(connection: Connection, artifacts: Sequence[int]) -> dict[_Link, int]:
    """The current links of some artifacts and their rows."""
    found: dict[_Link, int] = {}
    row = EntityArtifact
    for start in range(0, len(artifacts), _LOOK_UP):
        part = artifacts[start : start + _LOOK_UP]
        statement = select(row.id, row.entity_key, row.artifact_id, row.name, row.captured_us).where(
            row.artifact_id.in_(part), row.deleted_us.is_(None), row.superseded_by.is_(None)
        )
        for key, entity_key, artifact_id, name, captured_us in connection.execute(statement):
            found[_Link(entity_key, artifact_id, name, captured_us)] = key
    return found


def _anything_new(connection: Connection, staged: Sequence[Staged]) -> bool:
    known = _existing(connection, staged)
    if any(file.sha256 not in known or known[file.sha256][1] for file in staged):
        return True
    links = _links_of(connection, [key for key, _ in known.values()])
    return any(_link(file, known[file.sha256][0]) not in links for file in staged)


def _link(file: Staged, artifact_id: int) -> _Link:
    return _Link(file.entity_key, artifact_id, file.name, file.captured_us)


def _add_artifacts(connection: Connection, staged: Sequence[Staged], import_id: int) -> tuple[dict[str, int], int]:
    """Rows for bytes that are new, or that were deleted; returns SHA-256 -> id of all, and how many were added."""
    existing = _existing(connection, staged)
    known = {sha256: key for sha256, (key, _) in existing.items()}
    revived = [key for key, deleted in existing.values() if deleted]
    if revived:
        back = update(Artifact).where(Artifact.id.in_(revived))
        connection.execute(back.values(deleted_us=None, import_id=import_id))
    key, moment = bulk.next_key(connection, Artifact), now_us()
    rows = []
    for file in staged:
        if file.sha256 in known:
            continue
        known[file.sha256] = key
        rows.append(
            {
                "id": key,
                "sha256": file.sha256,
                "media_type": file.media_type.value,
                "content_type": file.content_type,
                "size_bytes": file.size_bytes,
                "path": file.path,
                "feature_status": FeatureStatus.PENDING.value,
                "incomplete": False,
                "import_id": import_id,
                "imported_us": moment,
            }
        )
        key += 1
    if rows:
        bulk.insert(connection, Artifact, pa.Table.from_pylist(rows))
    return known, len(rows) + len(revived)


_LINK_SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("entity_key", pa.int64()),
        ("artifact_id", pa.int64()),
        ("name", pa.string()),
        ("captured_us", pa.int64()),
        ("import_id", pa.int64()),
        ("line", pa.int64()),
    ]
)


def _add_links(connection: Connection, staged: Sequence[Staged], known: Mapping[str, int], import_id: int) -> int:
    """Rows for links that are new; returns how many.

    What an import says of an entity, a file and its name replaces what earlier imports said of them as a whole: the
    times at which it was captured.
    """
    links = _links_of(connection, sorted({known[file.sha256] for file in staged}))
    own = set(
        connection.execute(
            select(EntityArtifact.id).where(
                EntityArtifact.import_id == import_id, EntityArtifact.artifact_id.in_(set(known.values()))
            )
        ).scalars()
    )
    said: dict[_Named, dict[_Link, int | None]] = {}
    for file in staged:
        link = _link(file, known[file.sha256])
        said.setdefault(_named(link), {}).setdefault(link, file.line)
    earlier: dict[_Named, list[int]] = {}
    for link, row in links.items():
        if row not in own:
            earlier.setdefault(_named(link), []).append(row)
    key = bulk.next_key(connection, EntityArtifact)
    rows: list[dict[str, object]] = []
    replaced: list[dict[str, int]] = []
    for named, lines in said.items():
        if all(link in links for link in lines):
            continue
        replaced += [{"old": row, "new": key} for row in earlier.get(named, ())]
        for link, line in lines.items():
            if links.get(link) not in own:
                rows.append({"id": key, **vars(link), "import_id": import_id, "line": line})
                key += 1
    if replaced:
        old = update(EntityArtifact).where(EntityArtifact.id == bindparam("old"))
        connection.execute(old.values(superseded_by=bindparam("new")), replaced)
    if rows:
        bulk.insert(connection, EntityArtifact, pa.Table.from_pylist(rows, schema=_LINK_SCHEMA))
    return len(rows)


_Named = tuple[int, int, str]
"""Entity, artifact and the analyst's name of the file."""


def _named(link: _Link) -> _Named:
    return link.entity_key, link.artifact_id, link.name
