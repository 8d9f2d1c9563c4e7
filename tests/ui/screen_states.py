"""The states of every tab that last a moment in good times, or do not come about at all: busy and in error.

Busy ones are real jobs that wait for their lane, which a job that does nothing holds; the errors are real, too: files
that are damaged, processes that are killed, a case whose folder is moved away.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from mmdesk.ui.jobs.job import Lane
from tests.ui.photographer import Photographer

_PAGES = ("tables", "media", "health", "history")
_LOOKS = ("over-time", "peers", "taught-by", "what-if")


def _tab(p: Photographer, name: str) -> Any:
    p.window.go(name)
    return p.window.rooms[name]


def _open(p: Photographer, case: Path) -> None:
    p.window.open_case(case)
    p.settle()


def busy(p: Photographer) -> None:
    """Every tab while what it shows is being read or made."""
    p.window.flow.leave(lambda: None)
    with p.held(Lane.DB):
        p.window.open_case(p.case)
        p.shoot("start-busy", both=False)
    _busy_import(p)
    _open(p, p.case)
    with p.held(Lane.QUICK, Lane.HEAVY):
        tab = _tab(p, "train")
        p.shoot("train-busy-checks", both=False)
    tab._form.set_values({"epochs": 3, "seed": int(time.time())})
    with p.held(Lane.HEAVY):
        tab._on_start()
        p.shoot("train-busy-waiting")
        tab._on_cancel()
    with p.held(Lane.DB):
        _tab(p, "runs")
        p.shoot("runs-busy")
    with p.held(Lane.DB):
        _tab(p, "runs").list.table.choose(1)
        p.shoot("runs-busy-run", both=False)
    _busy_explain(p)


def _busy_import(p: Photographer) -> None:
    _open(p, p.case)
    tab = _tab(p, "import")
    with p.held(Lane.IO):
        tab.tables.take([p.data / "entities.csv"])
        p.shoot("import-tables-busy-reading", both=False)
    with p.held(Lane.HEAVY):
        tab.tables.run_check()
        p.shoot("import-tables-busy")
    tab.tables.clear()
    _open(p, p.case)
    with p.held(Lane.QUICK, Lane.DB):
        for number, name in enumerate(_PAGES[1:], 1):
            _tab(p, "import").show_page(number)
            p.shoot(f"import-{name}-busy", both=name == "health")


def _busy_explain(p: Photographer) -> None:
    _open(p, p.case)
    with p.held(Lane.DB):
        _tab(p, "explain")
        p.shoot("explain-busy", both=False)
    _tab(p, "runs")  # what is looked at would be read at once
    _open(p, p.case)
    with p.held(Lane.QUICK):
        tab = _tab(p, "explain")
        p.settle(0.5, idle=False)
        p.shoot("explain-busy-scores")
    with p.held(Lane.QUICK):
        tab.table.choose(int(tab.table.columns.rows[3]))
        p.settle(0.5, idle=False)
        p.shoot("explain-busy-entity")
    for number, name in enumerate(_LOOKS, 1):
        with p.held(Lane.QUICK):
            tab.page.views.setCurrentIndex(number)
            p.shoot(f"explain-busy-{name}", both=False)
    with p.held(Lane.QUICK, Lane.HEAVY):
        tab.whole.overview.trigger()
        p.shoot("explain-busy-overview", both=False)
    tab._show_entity()
    tab.page.views.setCurrentIndex(0)


def errors(p: Photographer) -> None:
    """Every tab when it cannot be."""
    _broken_files(p)
    _killed_training(p)
    _damaged_model(p)
    _vanished_case(p)


def _broken_files(p: Photographer) -> None:
    p.window.flow.leave(lambda: None)
    nonsense = p.out / "holiday.csv"
    nonsense.write_bytes(bytes(range(256)) * 40)
    p.window.open_case(nonsense)
    p.settle()
    p.shoot("start-error", both=False)
    p.close_dialogs()
    _open(p, p.case)
    tab = _tab(p, "import")
    tab.show_page(0)
    tab.tables.take([nonsense])
    p.settle()
    p.shoot("import-tables-error")
    tab.tables.clear()
    tab.show_page(1)
    p.settle()
    tab.media.take([nonsense])
    p.settle()
    p.shoot("import-media-error", both=False)
    nonsense.unlink()


def _killed_training(p: Photographer) -> None:
    tab = _tab(p, "train")
    p.settle()
    tab._form.set_values({"epochs": 40, "seed": int(time.time()) + 1})
    tab._on_start()
    p.wait(lambda: len(tab._result._history) >= 2)
    os.kill(p.window.jobs.lane(Lane.HEAVY).process_id, signal.SIGKILL)  # type: ignore[attr-defined]
    p.settle()
    p.shoot("train-error")


def _damaged_model(p: Photographer) -> None:
    runs = _tab(p, "runs")
    p.settle()
    run = next(one for one in runs.list.runs if one.status == "done")
    file = next(one for one in p.case.rglob("model.pt") if run.run_id in str(one))
    content = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(content[: len(content) // 2])
    tab = _tab(p, "explain")
    tab.show_object(run.run_id)
    p.settle()
    p.shoot("explain-error")
    file.write_bytes(content)


def _vanished_case(p: Photographer) -> None:
    _open(p, p.case)
    tab = _tab(p, "explain")
    p.settle()
    away = p.case.with_name("away")
    p.case.rename(away)
    tab.table.choose(int(tab.table.columns.rows[5]))
    p.settle(0.6)
    p.shoot("explain-error-vanished")
    tab.page.views.setCurrentIndex(1)
    _tab(p, "runs")
    p.settle()
    p.shoot("runs-error", both=False)
    tab = _tab(p, "import")
    for number, name in enumerate(_PAGES[1:], 1):
        tab.show_page(number)
        p.settle()
        p.shoot(f"import-{name}-vanished", both=False)
    _tab(p, "train")
    p.settle()
    p.shoot("train-vanished", both=False)
    away.rename(p.case)
    p.window.watch.look()
    p.settle()
