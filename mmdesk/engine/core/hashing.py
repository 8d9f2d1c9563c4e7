"""SHA-256 over files, arrays and plain documents, always in the same form."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

import orjson

CHUNK_BYTES = 1 << 20


def sha256_bytes(data: bytes) -> str:
    """SHA-256 of ``data`` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(source: Path | BinaryIO) -> str:
    """SHA-256 of a file's bytes, read in chunks; never of an open database (see the store's backup).

    Raises:
        OSError: The file cannot be read.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            return sha256_file(file)
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def canonical_json(document: object) -> bytes:
    """One byte string per document: keys sorted, no spaces, UTF-8, numbers in orjson's shortest form.

    Raises:
        TypeError: The document holds something that is not plain JSON.
    """
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def sha256_json(document: object) -> str:
    """SHA-256 of :func:`canonical_json`."""
    return sha256_bytes(canonical_json(document))
