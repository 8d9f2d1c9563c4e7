"""The rules of the house that no other tool checks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from mmdesk.engine.core import code_manifest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "mmdesk").rglob("*.py"))

_BLOCK_QT = """
import importlib, pkgutil, sys

class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"PySide6", "shiboken6", "pyqtgraph"}:
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, NoQt())
import mmdesk.engine, mmdesk.cli
names = [m.name for p in (mmdesk.engine, mmdesk.cli) for m in pkgutil.walk_packages(p.__path__, p.__name__ + ".")]
for name in names:
    if ".migrations." not in name:  # run by Alembic inside its own context only
        importlib.import_module(name)
print(len(names))
"""


def test_engine_and_command_line_import_with_qt_blocked() -> None:
    done = subprocess.run([sys.executable, "-c", _BLOCK_QT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 40


def test_code_manifest_is_fresh() -> None:
    listed = json.loads(code_manifest.MANIFEST_FILE.read_text(encoding="utf-8"))
    assert listed == code_manifest.compute(), "run: make manifest"


def test_every_dependency_is_pinned() -> None:
    pinned = {
        re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower()
        for line in (ROOT / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line and not line.startswith("#")
    }
    waiting, seen = ["mmdesk"], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            requirements = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # not needed on this system
            continue
        for requirement in requirements:
            # Extras count for mmdesk itself; those of others are asked for by name in a bracket.
            if "extra ==" in requirement and name != "mmdesk":
                continue
            found = re.match(r"[A-Za-z0-9._-]+", requirement)
            assert found
            waiting.append(re.sub(r"[-_.]+", "-", found[0]).lower())
    installed = {re.sub(r"[-_.]+", "-", item.metadata["Name"]).lower() for item in metadata.distributions()}
    assert (seen & installed) - pinned == {"mmdesk"}


def test_modules_stay_small_enough_to_hold_one_concept() -> None:
    tall = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in tall.items() if lines > 600} == {}


def test_the_project_speaks_of_itself_alone() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = tracked.stdout.split() or [str(path.relative_to(ROOT)) for path in SOURCES]
    machine_path = re.compile(r"/(?:root|opt|work)/[a-z]")
    found = []
    for name in names:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".sh", ".txt", ""} and path.is_file() and path != Path(__file__):
            text = path.read_text(encoding="utf-8", errors="ignore")
            found += [f"{name}: {match[0]}" for match in machine_path.finditer(text)]
    assert found == []


@pytest.mark.xdist_group("together")
def test_tests_that_belong_together_run_together(request: pytest.FixtureRequest) -> None:
    """What several tests share is made once only if they run in one worker; xdist tells them by the end of the name."""
    if request.config.getoption("loadgroup", default=False):
        assert request.node.nodeid.endswith("@together")
