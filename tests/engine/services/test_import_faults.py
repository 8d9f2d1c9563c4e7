"""Killed at any moment of an import, or the server gone: all or nothing, whole, and the import can be done again."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mmdesk.engine.core.errors import ExitStatus, StoreError
from mmdesk.engine.core.types import OnConflict
from mmdesk.engine.services.table_imports import ImportOptions, import_tables
from mmdesk.engine.store.case import Case
from tests.engine.conftest import drop_schema, server_url
from tests.engine.services.import_faults import (
    FaultAt,
    TerminateBackends,
    World,
    check_repeatable,
    check_whole,
    import_in_a_process,
    kill_an_import,
    make_world,
)
from tests.engine.services.table_cases import bring

KILLS = 1
SOAK_KILLS = 50


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The files, and what they lead to."""
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def fresh(tmp_path: Path, database_url: str | None, world: World) -> Iterator[Callable[[], Path]]:
    """Makes cases that hold the first tables; closed."""
    made: list[Case] = []

    def make() -> Path:
        name = f"case{len(made)}"
        with Case.create(tmp_path / name, database_url=database_url, actor="tester") as case:
            made.append(case)
            bring(case, world.first)
        return case.folder

    yield make
    if database_url is not None:
        for case in made:
            drop_schema(database_url, case.file.schema)


def _undisturbed_s(folder: Path, world: World) -> float:
    """How long the import takes here, so that the moments to die at are spread over it."""
    with import_in_a_process(folder, world) as process:
        assert process.stdout is not None
        began = time.monotonic()
        assert process.stdout.readline() == "done\n"
        took_s = time.monotonic() - began
        process.communicate("")
    assert check_whole(folder, world)
    return took_s


def _kill_at_random(fresh: Callable[[], Path], world: World, kills: int) -> None:
    """The moments: one at random within each of as many equal parts of the time that the import takes."""
    took_s = _undisturbed_s(fresh(), world)
    rng = random.Random(kills)
    for turn in range(kills):
        folder = fresh()
        said = kill_an_import(folder, world, took_s * (turn + rng.random()) / kills)
        happened = check_whole(folder, world)
        assert happened or not said
        check_repeatable(folder, world, happened=happened)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
def test_an_import_killed_at_a_random_moment_is_all_or_nothing(fresh: Callable[[], Path], world: World) -> None:
    _kill_at_random(fresh, world, KILLS)


@pytest.mark.soak
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
def test_an_import_killed_fifty_times_is_all_or_nothing(fresh: Callable[[], Path], world: World) -> None:
    _kill_at_random(fresh, world, SOAK_KILLS)


def _import_fails(folder: Path, world: World, fault: FaultAt) -> StoreError:
    with pytest.raises(StoreError) as caught:
        import_tables(folder, world.second, ImportOptions(on_conflict=OnConflict.REPLACE), actor="tester", ctx=fault)
    assert fault.happened
    return caught.value


def _says_unreachable(error: StoreError) -> None:
    assert (error.code, error.exit_status) == ("store.unreachable", ExitStatus.ENVIRONMENT)
    assert "cannot be reached" in error.message
    assert "start again" in error.hint


@pytest.mark.parametrize("moment", ["writing events", "writing interactions"])
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_connections_that_end_in_the_middle_take_the_import_back(
    fresh: Callable[[], Path], world: World, postgres_url: str, moment: str
) -> None:
    folder = fresh()
    _says_unreachable(_import_fails(folder, world, TerminateBackends(moment, postgres_url)))
    assert not check_whole(folder, world)
    check_repeatable(folder, world, happened=False)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_connections_that_end_while_the_files_are_read_do_no_harm(
    fresh: Callable[[], Path], world: World, postgres_url: str
) -> None:
    folder, fault = fresh(), TerminateBackends("reading", postgres_url)
    import_tables(folder, world.second, ImportOptions(on_conflict=OnConflict.REPLACE), actor="tester", ctx=fault)
    assert fault.happened
    assert check_whole(folder, world)


class StopServer(FaultAt):
    """The server is shut down."""

    def __init__(self, words: str, server: Any) -> None:
        super().__init__(words)
        self._server = server

    def fault(self) -> None:
        """Stop it; connections are ended."""
        self._server.stop()


def test_a_server_that_stops_in_the_middle_takes_the_import_back(own_server: Any, tmp_path: Path, world: World) -> None:
    with Case.create(tmp_path / "case", database_url=server_url(own_server), actor="tester") as case:
        bring(case, world.first)
    _says_unreachable(_import_fails(case.folder, world, StopServer("writing events", own_server)))
    with pytest.raises(StoreError) as caught:
        Case.open(case.folder, write=True, actor="tester")
    _says_unreachable(caught.value)
    own_server.ensure_postgres_running()
    assert not check_whole(case.folder, world)
    check_repeatable(case.folder, world, happened=False)


def test_a_case_that_stays_open_reconnects_when_the_server_is_back(
    own_server: Any, tmp_path: Path, world: World
) -> None:
    with Case.create(tmp_path / "case", database_url=server_url(own_server), actor="tester") as case:
        bring(case, world.first)
        own_server.stop()
        with pytest.raises(StoreError) as caught, case.write("test.change", "x"):
            pass
        _says_unreachable(caught.value)
        own_server.ensure_postgres_running()
        with case.write("test.change", "x"):
            pass
        bring(case, world.second, on_conflict=OnConflict.REPLACE)
