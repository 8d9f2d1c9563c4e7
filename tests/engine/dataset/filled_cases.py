"""In-memory cases put into a real case, on whichever database, features included."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import insert

from mmdesk.engine.core.types import ColumnKind, FeatureStatus
from mmdesk.engine.dataset.assembly import CaseTables, Media, texts
from mmdesk.engine.features import cache
from mmdesk.engine.features.feature_version import feature_key, feature_version
from mmdesk.engine.features.layout import default_layout
from mmdesk.engine.features.segments import Segment, SegmentKind, dump_segments
from mmdesk.engine.store import bulk
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Artifact, AttributeColumn, Entity, EntityArtifact, Event, Interaction, Target
from tests.engine.dataset.cases import some_media

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class NewRow:
    """One more row: ``model`` is the table, ``values`` its columns but for the key of the row."""

    model: type[Any]
    values: dict[str, Any]


def layout_media(entities: int, seed: int = 3, version: str | None = None) -> Media:
    """:func:`some_media` with the features that a real case has: as many, named alike, blocks where they belong."""
    small, layout = some_media(entities, seed), default_layout()
    random = np.random.default_rng(seed)
    vectors = np.zeros((int(small.offsets[-1]), layout.size), np.float32)
    owner = np.repeat(np.arange(len(small.sha256)), np.diff(small.offsets))
    for kind in ("image", "audio"):
        place = layout.block_slice(kind)
        rows = np.flatnonzero(small.media[owner] == kind)
        vectors[rows, place] = random.normal(1, 1, (len(rows), place.stop - place.start)).astype(np.float32)
        vectors[rows, layout.index(f"modality.{kind}")] = 1
    segments = [
        dump_segments([Segment(SegmentKind.TILE, row=0, column=place) for place in range(int(size))])
        for size in np.diff(small.offsets)
    ]
    return Media(
        sha256=small.sha256,
        media=small.media,
        keys=small.keys,
        segment_texts=texts(segments),
        offsets=small.offsets,
        segments=vectors,
        version=feature_version() if version is None else version,
        names=layout.names,
    )


def store(case: Case, tables: CaseTables, media: Media | None = None) -> None:
    """Write everything into an empty case; ids of rows as in ``tables``."""
    with case.write("test.store", "rows") as connection:
        _store_entities(connection, tables)
        for model, rows in ((Event, tables.events), (Interaction, tables.interactions), (Target, tables.targets)):
            columns = {"id" if name == "row" else name: rows[name] for name in rows.column_names}
            bulk.insert(connection, model, pa.table({**columns, "row_key": _row_keys(len(rows))}))
        if media is not None:
            connection.execute(insert(Artifact), [_artifact(case, media, place) for place in range(len(media.sha256))])
            columns = {"id" if name == "row" else name: tables.links[name] for name in tables.links.column_names}
            bulk.insert(connection, EntityArtifact, pa.table(columns))


def add(case: Case, *rows: NewRow) -> None:
    """Write single rows."""
    with case.write("test.add", "rows") as connection:
        for row in rows:
            values = dict(row.values)
            if row.model is not EntityArtifact:
                values.setdefault("row_key", b"new row".ljust(16))
            connection.execute(insert(row.model).values(**values))


def _store_entities(connection: Any, tables: CaseTables) -> None:
    columns = [{"name": name, "kind": str(kind), "position": i} for i, (name, kind) in enumerate(tables.kinds.items())]
    if columns:
        connection.execute(insert(AttributeColumn), columns)
    documents = []
    for row in tables.attributes.to_pylist():
        row.pop("entity_key")
        known = {name: value for name, value in row.items() if value is not None}
        documents.append(json.dumps({name: _plain(tables.kinds[name], value) for name, value in known.items()}))
    rows = {
        "id": tables.entities["entity_key"],
        "entity_id": tables.entities["entity_id"],
        "attributes": documents,
        "row_key": _row_keys(len(documents)),
    }
    bulk.insert(connection, Entity, pa.table(rows))


def _plain(kind: ColumnKind, value: Any) -> Any:
    if kind is ColumnKind.TIME:
        return (_EPOCH + timedelta(microseconds=value)).isoformat().replace("+00:00", "Z")
    return value


def _row_keys(count: int) -> pa.Array:
    return pa.array([number.to_bytes(16, "big") for number in range(count)], pa.binary())


def _artifact(case: Case, media: Media, place: int) -> dict[str, Any]:
    sha256 = str(media.sha256[place])
    key = feature_key(sha256, media.version)
    cache.save(case.files, key, media.segments[media.offsets[place] : media.offsets[place + 1]])
    return {
        "id": int(media.keys[place]),
        "sha256": sha256,
        "media_type": media.media[place],
        "content_type": f"{media.media[place]}/x",
        "size_bytes": 1,
        "path": f"artifacts_store/{sha256}",
        "feature_status": str(FeatureStatus.DONE),
        "feature_version": media.version,
        "feature_key": key,
        "segments": media.segment_texts[place],
        "imported_us": 1,
    }
