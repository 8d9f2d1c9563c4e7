"""An import of ours, as the services do it, timed without the making of the case."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path
from unittest.mock import patch

from mmdesk.engine.services.table_imports import TableFiles, import_tables
from mmdesk.engine.store.case import Case
from tests.benchmarks.figures import timed
from tests.benchmarks.table_files import Written
from tests.engine.conftest import drop_schema


def load(folder: Path, files: Written, *, url: str | None = None, key: bytes | None = None) -> float:
    """Seconds of an import into a new case in ``folder``; one that lies there is taken away first."""
    make(folder, url=url, key=key)
    # The services know no key yet: managing keys comes later.
    with patch.object(Case, "open", functools.partial(Case.open, key=key)):
        return timed(lambda: bring(folder, files))


def make(folder: Path, *, url: str | None = None, key: bytes | None = None) -> None:
    """An empty case in ``folder``, in place of one that lies there."""
    remove(folder, url)
    Case.create(folder, database_url=url, actor="bench", key=key).close()


def bring(folder: Path, files: Written) -> None:
    """Import the files."""
    given = TableFiles(entities=files.entities, events=files.events, interactions=files.interactions)
    report = import_tables(folder, given, actor="bench")
    assert sum(table.inserted for table in report.tables) == files.rows


def remove(folder: Path, url: str | None = None) -> None:
    """Take a case away, its schema included."""
    if not folder.exists():
        return
    if url is not None:
        with Case.open(folder, actor="bench") as case:
            schema = case.file.schema
        drop_schema(url, schema)
    shutil.rmtree(folder)
