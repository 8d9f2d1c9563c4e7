"""The feature cache: one array per artifact and version, which can be recomputed at any time.

Entries are written whole but not flushed to the disk, so a power cut may leave anything under a name: every entry is
checked when it is loaded, and one that does not hold what it should is dropped. Behind the array, where readers of
``.npy`` files do not look, stands a SHA-256 over the entry's name and the array, so that neither a flipped bit nor
another artifact's array passes.
"""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.errors import ResourceError, StoreError
from mmdesk.engine.features.feature_version import feature_key
from mmdesk.engine.store.case_files import CaseFiles

Vectors = npt.NDArray[np.float32]

FOLDER = "feature_cache"
_SEAL_BYTES = 32


def key(artifact_sha256: str, version: str) -> str:
    """The name of an entry, without ``.npy``: SHA-256 over the artifact's SHA-256 and the feature version."""
    return feature_key(artifact_sha256, version)


def entry(name: str) -> str:
    """The entry's path relative to the case folder."""
    return f"{FOLDER}/{name}.npy"


def save(files: CaseFiles, name: str, vectors: Vectors) -> None:
    """Write an entry; it appears whole or not at all.

    Args:
        files: Of the case.
        name: From :func:`key`.
        vectors: ``float32 [segments, features]``.

    Raises:
        ResourceError: The disk is full or the folder cannot be written.
    """
    vectors = np.ascontiguousarray(vectors, dtype="<f4")
    buffer = io.BytesIO()
    np.save(buffer, vectors, allow_pickle=False)
    with files.writer(entry(name), durable=False) as file:
        file.write(buffer.getvalue() + _seal(name, vectors))


def _seal(name: str, vectors: Vectors) -> bytes:
    digest = hashlib.sha256(name.encode())
    digest.update(vectors.data)
    return digest.digest()


def looks_whole(files: CaseFiles, name: str, segments: int, size: int) -> bool:
    """Whether an entry is there and has the right length; its content is checked when it is loaded."""
    try:
        found = files.path(entry(name)).stat().st_size
    except OSError:
        return False
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (segments, size)})
    return found == len(header.getvalue()) + segments * size * 4 + _SEAL_BYTES


def load(files: CaseFiles, name: str, segments: int, size: int) -> Vectors | None:
    """Read an entry and check it; one that is not what it should be is deleted.

    Args:
        files: Of the case.
        name: From :func:`key`.
        segments: How many rows it must have.
        size: How many columns it must have.

    Returns:
        ``float32 [segments, size]``, all finite, read-only; ``None`` if there is no good entry, which then has to be
        computed again.
    """
    path = files.path(entry(name))
    if not path.is_file():
        return None
    with suppress(OSError, ValueError, EOFError, StoreError):
        vectors = _mapped(path)
        if vectors.shape == (segments, size) and vectors.dtype == np.dtype("<f4") and _sealed(path, name, vectors):
            return vectors
    with suppress(ResourceError):
        files.delete(entry(name))
    return None


def _mapped(path: Path) -> Vectors:
    """The array, mapped into memory; never unpickles, and never believes a header that the file is too short for."""
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(array, np.ndarray) or array.nbytes > path.stat().st_size:
        raise ValueError("not a plain array")
    return array


def _sealed(path: Path, name: str, vectors: Vectors) -> bool:
    with path.open("rb") as file:
        file.seek(-_SEAL_BYTES, io.SEEK_END)
        return file.read() == _seal(name, vectors) and bool(np.isfinite(vectors).all())
