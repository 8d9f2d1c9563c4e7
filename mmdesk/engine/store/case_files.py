"""The files of a case, all opened through one class, so that encryption at rest has one place to come in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import orjson

from mmdesk.engine.core.errors import StoreError
from mmdesk.engine.core.file_batches import FileBatches
from mmdesk.engine.core.files import as_resource_error, atomic_writer


@dataclass(frozen=True)
class CasePaths:
    """Where things are in a case folder."""

    folder: Path

    @property
    def artifacts(self) -> Path:
        """Content-addressed copies of the evidence."""
        return self.folder / "artifacts_store"

    @property
    def feature_cache(self) -> Path:
        """``{key}.npy``, float32 [segments, features]; can be recomputed."""
        return self.folder / "feature_cache"

    @property
    def snapshots(self) -> Path:
        """``{data_sha256}/``: the data as a training saw it."""
        return self.folder / "snapshots"

    @property
    def models(self) -> Path:
        """``{run_id}/``: the files of a run."""
        return self.folder / "models"

    @property
    def backups(self) -> Path:
        """Verified copies of the database."""
        return self.folder / "backups"

    def all(self) -> tuple[Path, ...]:
        """Every folder that a case has from the start."""
        return self.artifacts, self.feature_cache, self.snapshots, self.models, self.backups


class CaseFiles:
    """Opens, writes and removes the files of one case by their path relative to its folder.

    Args:
        folder: The case folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, relative: str | Path) -> Path:
        """The absolute path; for content-addressed names that a worker process opens itself.

        Raises:
            StoreError: The path leads out of the case folder (``store.outside``).
        """
        inside = PurePosixPath(str(relative).replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts or ":" in str(relative):
            raise StoreError(
                f"{relative} is not a file of this case.",
                "The case was changed by something else; restore a backup.",
                code="store.outside",
            )
        return self._folder.joinpath(*inside.parts)

    def open(self, relative: str | Path) -> BinaryIO:
        """Open for reading; decoders take this object and never a name.

        Raises:
            StoreError: The file is not on this machine (``store.file_missing``).
            ResourceError: It cannot be read.
        """
        path = self.path(relative)
        try:
            return path.open("rb")
        except FileNotFoundError as error:
            raise StoreError(
                f"{path} is not here.",
                "Connect the drive or share that holds the case's files, or restore them.",
                code="store.file_missing",
                details={"path": str(path)},
            ) from error
        except OSError as error:
            raise as_resource_error(error, path) from error

    def text(self, relative: str | Path) -> str:
        """The text in a file; empty where the file is gone. What is no UTF-8 is replaced.

        Raises:
            ResourceError: It is here and cannot be read.
        """
        if not self.exists(relative):
            return ""
        with self.open(relative) as file:
            return file.read().decode(errors="replace")

    def document(self, relative: str | Path) -> dict[str, Any]:
        """The JSON object in a file; an empty one where the file is gone, cut or something else.

        Raises:
            ResourceError: It is here and cannot be read.
        """
        if not self.exists(relative):
            return {}
        with self.open(relative) as file:
            return _object(file.read()) or {}

    def lines(self, relative: str | Path) -> list[dict[str, Any]]:
        """The JSON objects of a log, one a line, up to the first that is damaged; none where the file is gone.

        Raises:
            ResourceError: It is here and cannot be read.
        """
        if not self.exists(relative):
            return []
        with self.open(relative) as file:
            texts = [line for line in file.read().splitlines() if line.strip()]
        found: list[dict[str, Any]] = []
        for text in texts:
            document = _object(text)
            if document is None:
                break
            found.append(document)
        return found

    @contextmanager
    def writer(self, relative: str | Path, *, durable: bool = True) -> Iterator[BinaryIO]:
        """A new file that appears whole when the block ends without an error, and not at all otherwise.

        Args:
            relative: Its path in the case folder.
            durable: Flushed to the disk before it appears; leave out for files that can be recomputed.

        Raises:
            ResourceError: The disk is full or the folder cannot be written.
        """
        with atomic_writer(self.path(relative), durable=durable) as file:
            yield file

    def batches(self, staging: str | Path) -> FileBatches:
        """For many new files, each of which appears whole, and all of them durably, when a batch is committed.

        Args:
            staging: A folder of the case for temporary names.
        """
        return FileBatches(self.path(staging))

    def exists(self, relative: str | Path) -> bool:
        """Whether the file is here."""
        return self.path(relative).is_file()

    def delete(self, relative: str | Path) -> None:
        """Remove the file; nothing happens if it is gone already.

        Raises:
            ResourceError: It cannot be removed.
        """
        path = self.path(relative)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise as_resource_error(error, path) from error


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
