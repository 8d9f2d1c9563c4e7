"""An import that takes a while, faults in the middle of it, and what must be true afterwards."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import sleep

import sqlalchemy as sa
from sqlalchemy import select, text

from mmdesk.engine.core.jobs import NullContext
from mmdesk.engine.core.types import OnConflict
from mmdesk.engine.security.anchor import read_anchors
from mmdesk.engine.security.audit_check import check_chain
from mmdesk.engine.services.table_imports import TableFiles, TablesReport
from mmdesk.engine.store import lock
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import AuditEntry, Import
from tests.engine.case_key import script
from tests.engine.services.table_cases import Contents, bring, contents, counts, files_of, write

IMPORT = """
import sys
from pathlib import Path
from mmdesk.engine.core.types import OnConflict, Table
from mmdesk.engine.services.table_imports import ImportOptions, TableFiles, import_tables
from mmdesk.engine.ingestion import csv_ingestion, table_checks, table_writing  # loaded before the clock starts
from mmdesk.engine.store import bulk, case
bulk.BATCH_ROWS = 2000
files = TableFiles(**{table.value: Path(sys.argv[2]) / f"{table.value}.csv" for table in Table})
print("ready", flush=True)
import_tables(Path(sys.argv[1]), files, ImportOptions(on_conflict=OnConflict.REPLACE), actor="killed")
print("done", flush=True)
sys.stdin.read()
"""
"""A program of its own that imports the folder's tables, in small batches so that there are many moments to die at."""

_ENTITIES, _EVENTS, _INTERACTIONS = 2000, 16_000, 6000


@dataclass(frozen=True)
class World:
    """Two states of a case and the files that lead from the one to the other.

    Args:
        first: The tables that are in the case before.
        second: The tables that the faulty import brings: new rows, replaced ones, unchanged ones.
        before: What the case holds before.
        after: What it holds when the second import was done undisturbed.
        read: How many rows of each table the second import reads.
    """

    first: TableFiles
    second: TableFiles
    before: Contents
    after: Contents
    read: Mapping[str, int]


def make_world(folder: Path) -> World:
    """Write the files and import them undisturbed into a local case, to know what they lead to."""
    first, second = (_write_tables(folder / name, turn) for turn, name in enumerate(("first", "second")))
    with Case.create(folder / "undisturbed", actor="tester") as case:
        bring(case, first)
        before = contents(case)
        report = bring(case, second, on_conflict=OnConflict.REPLACE)
        return World(first, second, before, contents(case), {one.table: one.read for one in report.tables})


def _write_tables(folder: Path, turn: int) -> TableFiles:
    """The second turn's files have ten times the rows of the first's, half of which say something else now."""
    share = 1 if turn else 10
    entities = [f"e{n},{n + turn * (n % 2)},{'DE' if n % 3 else ''}" for n in range(_ENTITIES // share)]
    events = [
        f"e{n % (_ENTITIES // 10)},{'pay' if n % 3 else 'call'},{n / 4 + turn * (n % 2)},2020-01-01 00:{n % 60:02},v{n}"
        for n in range(_EVENTS // share)
    ]
    edges = [f"e{n % 150},e{(n * 7) % 200},knows,{n / 8},2020-02-01" for n in range(_INTERACTIONS // share)]
    targets = [f"e{n},2021-01-01,{n / 2 + turn * (n % 2)},{n % 2}" for n in range(_ENTITIES // share)]
    tables = {
        "entities": ["entity_id,age,country", *entities],
        "events": ["entity_id,event_type,value,timestamp,event_id", *events],
        "interactions": ["source_id,target_id,interaction_type,weight,timestamp", *edges],
        "targets": ["entity_id,as_of,y_reg,y_class", *targets],
    }
    for name, lines in tables.items():
        write(folder / f"{name}.csv", "\n".join(lines) + "\n")
    return files_of(folder)


def import_in_a_process(case_folder: Path, world: World) -> subprocess.Popen[str]:
    """Start :data:`IMPORT`; returns when it is about to begin."""
    assert world.second.events is not None
    process = subprocess.Popen(
        script(IMPORT, case_folder, world.second.events.parent),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def kill_an_import(case_folder: Path, world: World, after_s: float) -> bool:
    """kill -9 so many seconds after its beginning.

    Returns:
        Whether the import had said that it was done.
    """
    with import_in_a_process(case_folder, world) as process:
        sleep(after_s)
        process.kill()
        process.wait()
        assert process.stdout is not None
        said = process.stdout.read()
    if (holder := lock.holder(case_folder)) is not None:
        assert holder.pid == process.pid  # stale now, and taken over below
    return said == "done\n"


class FaultAt(NullContext):
    """Does something when the import's progress says a certain thing."""

    def __init__(self, words: str) -> None:
        self._words = words
        self.happened = False

    def fault(self) -> None:
        """What happens; once."""
        raise NotImplementedError

    def progress(self, done: float, total: float, text: str = "") -> None:
        """Wait for the moment."""
        if not self.happened and self._words in text:
            self.happened = True
            self.fault()

    def part(self, start: float, end: float) -> FaultAt:
        """The same for every part."""
        return self


class TerminateBackends(FaultAt):
    """An administrator, or a network, ends the connections of the import."""

    def __init__(self, words: str, url: str) -> None:
        super().__init__(words)
        self._url = url

    def fault(self) -> None:
        """End every connection of ours but the one that does it."""
        engine = sa.create_engine(self._url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'mmdesk'"
            )
        engine.dispose()


def check_whole(case_folder: Path, world: World) -> bool:
    """The case opens for writing, its pages, keys and log are in order, and it holds one of both states.

    Returns:
        Whether it is the state after the import.
    """
    with Case.open(case_folder, write=True, actor="tester") as case:
        with case.write("test.look", "case") as connection:
            pass  # on a server, waits until the transaction of the dead has ended, whichever way
        with case.read() as connection:
            if case.file.is_sqlite:
                assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
                assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert check_chain(connection, read_anchors(case_folder)).problems == ()
            imports = connection.execute(select(Import.kind)).scalars().all()
            entries = connection.execute(select(AuditEntry.action)).scalars().all().count("import.tables")
        found = contents(case)
    happened = found == world.after
    assert happened or found == world.before
    assert (len(imports), entries) == ((8, 2) if happened else (4, 1))
    return happened


def check_repeatable(case_folder: Path, world: World, *, happened: bool) -> None:
    """The same import brings what is missing, and nothing a second time."""
    with Case.open(case_folder, write=True, actor="tester") as case:
        for again in (happened, True):
            report = bring(case, world.second, on_conflict=OnConflict.REPLACE)
            _check_counts(report, world, nothing_new=again)
            assert contents(case) == world.after
    assert check_whole(case_folder, world)


def _check_counts(report: TablesReport, world: World, *, nothing_new: bool) -> None:
    for table, (read, inserted, unchanged, replaced, rejected) in counts(report).items():
        assert (read, rejected) == (world.read[table], 0)
        if nothing_new:
            assert (inserted, unchanged, replaced) == (0, read, 0)
        else:
            assert inserted == read * 9 // 10
