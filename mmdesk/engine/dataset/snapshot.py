"""A case frozen as training saw it: arrays in files, named by the SHA-256 of what they say.

The digest is over the contents in canonical order and over nothing else: not the ids of database rows, not the order
or number of imports, not the names of files on the analyst's disk. The same data give the same snapshot, on whatever
machine and database.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from mmdesk.engine.core.errors import ModelError, StoreError
from mmdesk.engine.core.hashing import canonical_json, sha256_file, sha256_json
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.memory import give_back
from mmdesk.engine.core.times import NO_TIME_US
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.assembly import codes_of, texts
from mmdesk.engine.dataset.case_data import AttributeColumn, CaseData, TargetRows
from mmdesk.engine.store.case_files import CaseFiles

FOLDER = "snapshots"
_INDEX = "snapshot.json"
_FORMAT = 1

# What the model can see, hence what the digest is over.
_ARRAYS = (
    "event_offsets", "event_type", "event_value", "event_time_us",
    "edge_offsets", "edge_neighbour", "edge_type", "edge_outgoing", "edge_weight", "edge_time_us",
    "link_offsets", "link_artifact", "link_time_us",
    "segment_offsets", "segments",
)  # fmt: skip
_TARGETS = ("entity", "as_of_us", "y_reg", "y_class", "y_rank", "rank_group", "split")
_TEXTS = ("artifact_sha256", "artifact_media", "artifact_segments")


@dataclass(frozen=True)
class Snapshot:
    """A frozen case.

    Attributes:
        data_sha256: Digest of its contents, and the name of its folder.
        folder: Relative to the case folder.
        files: File name -> SHA-256 of its bytes.
    """

    data_sha256: str
    folder: str
    files: Mapping[str, str]


def _array_digest(array: npt.NDArray[Any]) -> str:
    """Shape, type and little-endian contents; NaN in one form only."""
    plain = np.ascontiguousarray(array)
    if plain.dtype.kind == "f" and np.isnan(plain).any():
        plain = np.where(np.isnan(plain), np.array(np.nan, plain.dtype), plain)
    digest = hashlib.sha256(canonical_json([plain.dtype.newbyteorder("<").str, list(plain.shape)]))
    digest.update(plain.astype(plain.dtype.newbyteorder("<"), copy=False).data)
    return digest.hexdigest()


def _named_arrays(data: CaseData) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    for name in _ARRAYS:
        yield name, getattr(data, name)
    for name in _TARGETS:
        yield f"target_{name}", getattr(data.targets, name)


def _attribute_texts(column: AttributeColumn) -> list[str | None]:
    names = [*column.categories, None]
    return [names[int(code)] for code in column.values.astype(np.int64)]


def data_digest(data: CaseData) -> str:
    """SHA-256 over everything in ``data`` that a model could see."""
    attributes = []
    for name in sorted(data.attributes):
        column = data.attributes[name]
        content = (
            sha256_json(_attribute_texts(column))
            if column.kind is ColumnKind.CATEGORY
            else _array_digest(column.values)
        )
        attributes.append([name, str(column.kind), content])
    return sha256_json(
        {
            "format": _FORMAT,
            "entities": sha256_json([str(name) for name in data.entity_ids]),
            "attributes": attributes,
            "arrays": [[name, _array_digest(array)] for name, array in _named_arrays(data)],
            "event_types": list(data.event_types),
            "edge_types": list(data.edge_types),
            "artifacts": {name: list(getattr(data, name)) for name in _TEXTS},
            "feature_version": data.feature_version,
            "feature_names": list(data.feature_names),
        }
    )


def take_snapshot(files: CaseFiles, data: CaseData, *, ctx: JobContext = NULL_CONTEXT) -> Snapshot:
    """Freeze ``data``; a snapshot that is there already is checked and used.

    The index is written last, so a snapshot that was interrupted is no snapshot and is written anew.

    Raises:
        ResourceError: The disk is full or the folder cannot be written.
    """
    digest = data_digest(data)
    folder = f"{FOLDER}/{digest}"
    try:
        return _checked(files, digest)
    except ModelError:
        pass
    written: dict[str, str] = {}
    parts = [*_tables(data), *((f"{name}.npy", _npy(array)) for name, array in _named_arrays(data))]
    for number, (name, content) in enumerate(parts):
        ctx.check_cancelled()
        ctx.progress(number, len(parts), "freezing the data")
        digests = hashlib.sha256()
        with files.writer(f"{folder}/{name}") as file:
            for piece in content:
                file.write(piece)
                digests.update(piece)
        written[name] = digests.hexdigest()
    index = {
        "format": _FORMAT,
        "data_sha256": digest,
        "files": written,
        "kinds": [[name, str(column.kind)] for name, column in data.attributes.items()],
        "event_types": list(data.event_types),
        "edge_types": list(data.edge_types),
        "feature_version": data.feature_version,
        "feature_names": list(data.feature_names),
    }
    with files.writer(f"{folder}/{_INDEX}") as file:
        file.write(orjson.dumps(index, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    return Snapshot(digest, folder, written)


def _npy(array: npt.NDArray[Any]) -> list[bytes | memoryview]:
    """The pieces of a ``.npy`` file, the contents not copied."""
    plain = np.ascontiguousarray(array)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(plain))
    return [header.getvalue(), plain.reshape(-1).view(np.uint8).data]


def _tables(data: CaseData) -> Iterator[tuple[str, list[bytes | memoryview]]]:
    """Entities with their attributes and artifacts as Parquet, so that other tools can read them too."""
    columns: dict[str, pa.Array] = {"entity_id": pa.array(list(data.entity_ids), pa.string())}
    for name, column in data.attributes.items():
        # The prefix keeps an attribute named "entity_id" apart.
        columns[f"a:{name}"] = _arrow(column)
    yield "entities.parquet", [_parquet(pa.table(columns))]
    artifacts = pa.table({name: pa.array(list(getattr(data, name)), pa.string()) for name in _TEXTS})
    yield "artifacts.parquet", [_parquet(artifacts)]


def _arrow(column: AttributeColumn) -> pa.Array:
    if column.kind is ColumnKind.CATEGORY:
        return pa.array(_attribute_texts(column), pa.string())
    kinds = {ColumnKind.BOOLEAN: pa.bool_(), ColumnKind.TIME: pa.int64(), ColumnKind.NUMBER: pa.float64()}
    values = column.values.astype(bool) if column.kind is ColumnKind.BOOLEAN else column.values
    return pa.array(values, kinds[column.kind], mask=column.missing)


def _parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def _index(files: CaseFiles, digest: str) -> dict[str, Any]:
    name = f"{FOLDER}/{digest}/{_INDEX}"
    if not files.exists(name):
        raise ModelError(
            f"The snapshot {digest[:12]} is not here.",
            "It was removed or lies on another machine; train anew from the current data.",
            code="model.snapshot_missing",
            details={"data_sha256": digest},
        )
    with files.open(name) as file:
        try:
            document = orjson.loads(file.read())
        except (orjson.JSONDecodeError, StoreError) as error:
            raise _altered(digest, _INDEX) from error
    if document.get("data_sha256") != digest or document.get("format") != _FORMAT:
        raise _altered(digest, _INDEX)
    found: dict[str, Any] = document
    return found


def _altered(digest: str, name: str) -> ModelError:
    return ModelError(
        f"The snapshot {digest[:12]} was altered: {name} is not what was frozen.",
        "Restore the case folder from a backup, or train anew from the current data.",
        code="model.snapshot_altered",
        details={"data_sha256": digest, "file": name},
    )


def _checked(files: CaseFiles, digest: str) -> Snapshot:
    """The snapshot if every file of it is what was written.

    Raises:
        ModelError: It is missing or altered (``model.snapshot_missing``, ``model.snapshot_altered``).
    """
    index = _index(files, digest)
    folder = f"{FOLDER}/{digest}"
    for name, expected in index["files"].items():
        if not files.exists(f"{folder}/{name}"):
            raise _altered(digest, name)
        try:
            with files.open(f"{folder}/{name}") as file:
                same = sha256_file(file) == expected
        except StoreError as error:
            raise _altered(digest, name) from error
        if not same:
            raise _altered(digest, name)
    return Snapshot(digest, folder, index["files"])


def read_snapshot(files: CaseFiles, digest: str, *, ctx: JobContext = NULL_CONTEXT) -> CaseData:
    """A frozen case; its large arrays stay on disk and are mapped into memory, those of an encrypted case are read.

    Database ids and file names are not part of a snapshot: keys and rows are 0, link names empty.

    Raises:
        ModelError: It is missing or altered (``model.snapshot_missing``, ``model.snapshot_altered``).
    """
    ctx.progress(0, 2, "checking the snapshot")
    _checked(files, digest)
    index = _index(files, digest)
    arrays: dict[str, Any] = {name: _mapped(files, digest, name) for name in _ARRAYS}
    targets = {name: _mapped(files, digest, f"target_{name}") for name in _TARGETS}
    entities = _table(files, digest, "entities.parquet")
    artifacts = _table(files, digest, "artifacts.parquet")
    named: dict[str, Any] = {name: texts(artifacts.column(name).to_pylist()) for name in _TEXTS}
    ids = texts(entities.column("entity_id").to_pylist())
    links = len(arrays["link_artifact"])
    data = CaseData(
        entity_ids=ids,
        entity_keys=np.zeros(len(ids), np.int64),
        attributes={name: _column(entities.column(f"a:{name}"), ColumnKind(kind)) for name, kind in index["kinds"]},
        event_types=tuple(index["event_types"]),
        event_row=np.zeros(len(arrays["event_type"]), np.int64),
        edge_types=tuple(index["edge_types"]),
        edge_row=np.zeros(len(arrays["edge_type"]), np.int64),
        link_name=texts([""] * links),
        link_row=np.zeros(links, np.int64),
        artifact_keys=np.zeros(len(artifacts), np.int64),
        targets=TargetRows(**targets, row=np.zeros(len(targets["entity"]), np.int64)),
        feature_version=index["feature_version"],
        feature_names=tuple(index["feature_names"]),
        **arrays,
        **named,
    )
    del entities
    give_back()
    ctx.progress(2, 2)
    return data


def _mapped(files: CaseFiles, digest: str, name: str) -> npt.NDArray[Any]:
    """An array, mapped where the file is plain; never unpickles."""
    with files.open(f"{FOLDER}/{digest}/{name}.npy") as file:
        try:
            version = np.lib.format.read_magic(file)
            assert version == (1, 0)
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        except (ValueError, AssertionError) as error:
            raise _altered(digest, f"{name}.npy") from error
        if dtype.hasobject or (fortran and len(shape) > 1):
            raise _altered(digest, f"{name}.npy")
        count = int(np.prod(shape))
        if not count:
            return np.zeros(shape, dtype)
        try:
            file.fileno()
        except OSError:
            return _read(file, shape, dtype)
        return np.memmap(file, dtype=dtype, mode="r", offset=file.tell(), shape=shape)


def _read(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """An array from where ``file`` stands, each byte in memory once; as little to be changed as a mapped one."""
    array = np.empty(shape, dtype)
    file.readinto(array.reshape(-1).view(np.uint8))  # type: ignore[attr-defined]
    array.flags.writeable = False
    return array


def _table(files: CaseFiles, digest: str, name: str) -> pa.Table:
    with files.open(f"{FOLDER}/{digest}/{name}") as file:
        return pq.read_table(pa.BufferReader(file.read()))


def _column(column: pa.ChunkedArray, kind: ColumnKind) -> AttributeColumn:
    if kind is ColumnKind.CATEGORY:
        return AttributeColumn(kind, *codes_of(column))
    if kind is ColumnKind.BOOLEAN:
        return AttributeColumn(kind, column.cast(pa.int8()).fill_null(-1).to_numpy().astype(np.int8))
    if kind is ColumnKind.TIME:
        return AttributeColumn(kind, column.fill_null(NO_TIME_US).to_numpy().astype(np.int64))
    return AttributeColumn(kind, column.fill_null(np.nan).to_numpy().astype(np.float64))
