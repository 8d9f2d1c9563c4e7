"""Which stored evidence files something still needs: a row, deleted or not, a backup, or the snapshot of a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.engine import Connection

from mmdesk.engine.core.errors import StoreError
from mmdesk.engine.store import backup
from mmdesk.engine.store.case_files import CaseFiles, CasePaths
from mmdesk.engine.store.errors import damaged
from mmdesk.engine.store.tables import Artifact

YOUNG_S = 86_400.0
"""A file without a row may belong to an import that is under way on another machine, as long as it is no older."""
_HASH_DIGITS = 64


@dataclass(frozen=True)
class StoredFile:
    """A file in the store: its SHA-256 by its name, where it is, its size, and whether it is young."""

    sha256: str
    path: Path
    size_bytes: int
    is_young: bool


def stored(folder: Path) -> Iterator[StoredFile]:
    """Every evidence file in a case folder; what is named otherwise is not ours and left out."""
    now_s = time.time()
    for path in sorted(CasePaths(folder).artifacts.glob("*/??/*")):
        sha256 = path.parent.name + path.name
        if len(sha256) == _HASH_DIGITS and set(sha256) <= set("0123456789abcdef") and path.is_file():
            found = path.stat()
            yield StoredFile(sha256, path, found.st_size, now_s - found.st_mtime < YOUNG_S)


def needed(connection: Connection, files: CaseFiles, key: bytes | None) -> set[str]:
    """SHA-256 of the files that must stay.

    Args:
        connection: On the case; of the write that is about to remove others.
        files: Of the case.
        key: Of an encrypted case, hence of its backups.

    Raises:
        CaseFaultError: A backup or a snapshot cannot be read; what it needs is not known.
    """
    found = set(connection.execute(select(Artifact.sha256)).scalars())
    for info in backup.listed(files.folder):
        found |= backup.evidence(files.folder, info, key=key)
    for path in sorted(CasePaths(files.folder).snapshots.glob("*/artifacts.parquet")):
        found |= _of_snapshot(files, path)
    return found


def _of_snapshot(files: CaseFiles, path: Path) -> set[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with files.open(path.relative_to(files.folder)) as file:
            return set(pq.read_table(file, columns=["artifact_sha256"]).column(0).to_pylist())
    except (OSError, StoreError, pa.ArrowException) as error:
        raise damaged(path, "it cannot be read as Parquet") from error
