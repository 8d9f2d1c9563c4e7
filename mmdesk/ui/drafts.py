"""What is being written and not saved yet, kept as plain files of the user's own, so that it outlives a crash."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from mmdesk.engine.core.errors import ResourceError
from mmdesk.engine.core.files import write_atomic
from mmdesk.engine.core.hashing import sha256_bytes


@dataclass(frozen=True)
class Draft:
    """A text on its way; ``note`` is the note that it is to replace, if it is to replace one."""

    text: str
    note: int | None = None


class Drafts:
    """The drafts of this user, one for each entity (or run) of a case, readable to nobody else.

    They are written on the window's thread and not flushed to the disk: a kill of the program loses nothing, and a
    draft of a page takes less than a millisecond. A draft that cannot be kept is no reason to stop anybody's writing.
    Those of an encrypted case are kept in memory alone, for as long as the program runs.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(platformdirs.user_data_dir("mmdesk", appauthor=False)) / "drafts"
        self._secret: dict[Path, Draft] = {}

    def read(self, case: Path, kind: str, subject: str) -> Draft | None:
        """What was being written on a subject, if there is anything."""
        secret = self._secret.get(self._path(case, kind, subject))
        if secret is not None:
            return secret
        try:
            kept = json.loads(self._path(case, kind, subject).read_text(encoding="utf-8"))
            note = kept["note"]
            return Draft(str(kept["text"]), note if isinstance(note, int) else None)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, case: Path, kind: str, subject: str, draft: Draft, *, secret: bool = False) -> bool:
        """Keep a draft in place of the one before, an empty one not at all; whether that went well.

        Args:
            case: The case's folder.
            kind: What it is on.
            subject: Its id.
            draft: The text.
            secret: Of an encrypted case, so nothing of it goes to the disk.
        """
        path = self._path(case, kind, subject)
        self._secret.pop(path, None)
        if secret and draft.text.strip():
            self._secret[path] = draft
            draft = Draft("")
        try:
            if not draft.text.strip():
                path.unlink(missing_ok=True)
                return True
            self._folder.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):
                self._folder.chmod(0o700)
            write_atomic(path, json.dumps(asdict(draft)).encode(), durable=False)
        except (OSError, ResourceError):
            return False
        return True

    def drop(self, case: Path, kind: str, subject: str) -> None:
        """Nothing is being written any more."""
        self.keep(case, kind, subject, Draft(""))

    def _path(self, case: Path, kind: str, subject: str) -> Path:
        name = "\0".join((os.path.realpath(case), kind, subject))
        return self._folder / f"{sha256_bytes(name.encode('utf-8', 'surrogateescape'))[:32]}.json"
