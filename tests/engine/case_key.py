"""The key of the tests: with it the same tests run on encrypted cases, in this process and in those it starts."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

from mmdesk.engine.store import keys
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.case_files import CaseFiles

KEY = hashlib.sha256(b"the key of mmdesk's tests").digest()

_state = {"in_use": False}

_TELL = f"""
import sys as _sys
from pathlib import Path as _Path
from mmdesk.engine.store import case_file as _case_file, keys as _keys
_keys.remember(_case_file.load(_Path(_sys.argv[1])).case_id, bytes.fromhex("{KEY.hex()}"))
"""


def in_use() -> bool:
    """Whether the cases of this run are encrypted."""
    return _state["in_use"]


def encrypt_cases() -> None:
    """From now on a local case is made with :data:`KEY` where the test says nothing else."""
    make = Case.create.__func__  # type: ignore[attr-defined]

    def create(cls: type[Case], /, folder: Path, *, database_url: str | None = None, **options: Any) -> Case:
        if database_url is None and options.get("key") is None:
            options["key"] = KEY
        made: Case = make(cls, folder, database_url=database_url, **options)
        return made

    Case.create = classmethod(create)  # type: ignore[method-assign, assignment]
    _state["in_use"] = True


def _files(path: Path) -> tuple[CaseFiles, Path]:
    """The files of the case that ``path`` is in, and its place there."""
    folder = next(parent for parent in path.parents if (parent / "case.mmcase").exists())
    return CaseFiles(folder, keys.files_secret(KEY) if in_use() else None), path.relative_to(folder)


def content_of(path: Path) -> bytes:
    """What is in a file of a case that a test made, encrypted or not."""
    files, name = _files(path)
    with files.open(name) as file:
        return file.read()


def rewrite(path: Path, content: bytes) -> None:
    """Write such a file as the program would."""
    files, name = _files(path)
    with files.writer(name) as file:
        file.write(content)


def script(code: str, *words: object) -> list[str]:
    """The command line of a Python process that works on a case, whose folder is the first of ``words``."""
    return [sys.executable, "-c", (_TELL if in_use() else "") + code, *map(str, words)]
