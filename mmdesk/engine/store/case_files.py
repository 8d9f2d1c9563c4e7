"""The files of a case, all opened through one class, which encrypts what is derived from the tables of one with a key.

Encrypted are snapshots, the files of runs (models, logs, cards, certificates) and kept explanations. Left as they are:
evidence files, the features extracted from them, and embedding models that were added.
"""

from __future__ import annotations

import hashlib
import hmac
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

import orjson

from mmdesk.engine.core.errors import ResourceError, StoreError
from mmdesk.engine.core.file_batches import FileBatches
from mmdesk.engine.core.files import TEMPORARY, as_resource_error, atomic_writer
from mmdesk.engine.store.sealing import CHUNK_BYTES, SealedWriter, is_sealed, sealed_reader

ENCRYPTED = frozenset({"snapshots", "models", "explanation_cache"})
"""Folders whose files are encrypted where the case has a key."""


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
        secret: Of an encrypted case, from :func:`~mmdesk.engine.store.keys.files_secret`.
    """

    def __init__(self, folder: Path, secret: bytes | None = None) -> None:
        self.folder, self.secret = folder, secret

    def path(self, relative: str | Path) -> Path:
        """The absolute path; for content-addressed names that a worker process opens itself.

        Raises:
            StoreError: The path leads out of the case folder (``store.outside``).
        """
        return self.folder.joinpath(*self._inside(relative).parts)

    def _inside(self, relative: str | Path) -> PurePosixPath:
        inside = PurePosixPath(str(relative).replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts or ":" in str(relative):
            raise StoreError(
                f"{relative} is not a file of this case.",
                "The case was changed by something else; restore a backup.",
                code="store.outside",
            )
        return inside

    def _sealed_with(self, inside: PurePosixPath) -> bytes | None:
        """What a file is encrypted with; None for one that is left as it is."""
        return self.secret if inside.parts[:1] and inside.parts[0] in ENCRYPTED else None

    def digest(self, words: bytes) -> str:
        """SHA-256 of ``words``; in an encrypted case one that says nothing to anybody without the key."""
        if self.secret is None:
            return hashlib.sha256(words).hexdigest()
        return hmac.new(self.secret, words, hashlib.sha256).hexdigest()

    def open(self, relative: str | Path) -> BinaryIO:
        """Open for reading; decoders take this object and never a name.

        A file that an earlier version left unencrypted in an encrypted case is read as it is.

        Raises:
            StoreError: The file is not on this machine (``store.file_missing``). Reading an encrypted one raises
                ``store.altered`` where it is not what was written.
            ResourceError: It cannot be read.
        """
        path = self.path(relative)
        try:
            file = path.open("rb")
            secret = self._sealed_with(self._inside(relative))
            if secret is None or not is_sealed(file):
                return file
            return sealed_reader(file, secret, str(self._inside(relative)), path)
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
        """The text in a file; empty where the file is gone, or encrypted and damaged. What is no UTF-8 is replaced.

        Raises:
            ResourceError: It is here and cannot be read.
        """
        return self._content(relative).decode(errors="replace")

    def document(self, relative: str | Path) -> dict[str, Any]:
        """The JSON object in a file; an empty one where the file is gone, cut or something else.

        Raises:
            ResourceError: It is here and cannot be read.
        """
        return _object(self._content(relative)) or {}

    def lines(self, relative: str | Path) -> list[dict[str, Any]]:
        """The JSON objects of a log, one a line, up to the first that is damaged; none where the file is gone.

        Raises:
            ResourceError: It is here and cannot be read.
        """
        texts = [line for line in self._content(relative).splitlines() if line.strip()]
        found: list[dict[str, Any]] = []
        for text in texts:
            document = _object(text)
            if document is None:
                break
            found.append(document)
        return found

    def _content(self, relative: str | Path) -> bytes:
        """All of a file; nothing where it is gone or its encryption damaged."""
        if self.exists(relative):
            with suppress(StoreError), self.open(relative) as file:
                return file.read()
        return b""

    @contextmanager
    def writer(self, relative: str | Path, *, durable: bool = True) -> Iterator[BinaryIO]:
        """A new file that appears whole when the block ends without an error, and not at all otherwise.

        Args:
            relative: Its path in the case folder.
            durable: Flushed to the disk before it appears; leave out for files that can be recomputed.

        Raises:
            ResourceError: The disk is full or the folder cannot be written.
        """
        secret = self._sealed_with(self._inside(relative))
        with atomic_writer(self.path(relative), durable=durable) as file:
            if secret is None:
                yield file
            else:
                sealed = SealedWriter(file, secret, str(self._inside(relative)))
                yield cast("BinaryIO", sealed)
                sealed.finish()

    def unencrypted(self) -> Iterator[str]:
        """Files that ought to be encrypted and are not, since an earlier version of this program wrote them."""
        if self.secret is None:
            return
        # Kept explanations were encrypted before this, in another way; those go with the next change of the case.
        for folder in ("models", "snapshots"):
            for path in sorted(self.path(folder).rglob("*")):
                if path.is_symlink() or not path.is_file() or path.name.startswith(TEMPORARY):
                    continue
                with path.open("rb") as file:
                    if not is_sealed(file) and path.stat().st_size:  # an empty one is a lock
                        yield path.relative_to(self.folder).as_posix()

    def encrypt_older(self) -> int:
        """Encrypt what :meth:`unencrypted` finds; how many files that were. One that cannot be replaced now stays."""
        done = 0
        for relative in list(self.unencrypted()):
            with suppress(ResourceError, StoreError), self.open(relative) as file, self.writer(relative) as encrypted:
                shutil.copyfileobj(file, encrypted, CHUNK_BYTES)
                file.close()  # else Windows does not let it be replaced
                done += 1
        return done

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
