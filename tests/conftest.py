"""What every test shares: real data where it is at hand, a home of its own, and no noise left unseen."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from mmdesk.engine.store import case_setup, migrate
from tests.migrations_by_heart import Remembered

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["MMDESK_LANGUAGE"] = "en"  # whatever the machine speaks, tests read English

# How long an example takes says how busy the machine is.
settings.register_profile("mmdesk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mmdesk")

_HOMES = itertools.count()
_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@contextmanager
def _home(folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        for name in ("CONFIG", "DATA", "STATE", "CACHE"):
            patch.setenv(f"XDG_{name}_HOME", str(folder / name.lower()))
        yield


@pytest.fixture(autouse=True, scope="session")
def _shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """For what several tests share and is made before any of them has a home; the others' lie in it."""
    folder = tmp_path_factory.mktemp("home")
    with _home(folder):
        yield folder


@pytest.fixture(autouse=True, scope="session")
def _tables_laid_by_heart() -> Iterator[None]:
    """New cases get their tables by the statements that the migrations came to the first time.

    Planning them takes longer than laying the tables, and the tests make thousands of cases. What migrations are tried
    with does not come through here.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case_setup, "upgrade", Remembered(migrate.upgrade))
        yield


@pytest.fixture(autouse=True)
def _own_home(_shared_home: Path) -> Iterator[None]:
    """Fresh settings: no test sees or touches the user's own, not even one that undoes its own patches."""
    # Not by pytest's factory, which goes through all folders that there are to number the next.
    folder = _shared_home / str(next(_HOMES))
    folder.mkdir()
    with _home(folder):
        yield


@pytest.fixture(autouse=True)
def _no_warnings_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A log record of ours at WARNING or above fails the test that did not expect it (``caplog.clear()`` says so)."""
    yield
    loud = [
        record
        for record in caplog.get_records("call")
        if record.levelno >= logging.WARNING and record.name.startswith("mmdesk")
    ]
    assert not loud, [record.getMessage() for record in loud]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real cases beside the project; tests that need it skip where it is not."""
    if not _SHARED.is_dir():
        pytest.skip("the real cases are not on this machine")
    return _SHARED


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB; skipped where none can be made."""
    place = tmp_path / "disk"
    place.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("making a small disk takes root rights")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
