"""Pictures of every tab in its states, light and dark, at 1280 x 720.

``python -m tests.ui.screenshots OUT [--case DIR --data DIR]`` makes them all; without a case it makes a small one
first. ``--only WORD`` keeps to the stations whose name has that word. What is cut, cannot be read or has no name in
any of them is written to ``OUT/findings.txt``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

if os.environ.get("QT_QPA_PLATFORM", "offscreen") == "offscreen" and os.name == "posix":
    # Its own screen has 800 x 800, and no dialog takes more than two thirds of one.
    os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={Path(__file__).with_name('screen.json')}"
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if __name__ == "__main__":  # before the window's modules, which hold its texts
    _asked = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    _asked.add_argument("--language", default="en")
    os.environ["MMDESK_LANGUAGE"] = _asked.parse_known_args()[0].language

from PySide6.QtGui import QKeySequence

import mmdesk.ui  # noqa: F401  # before Qt
from mmdesk.engine.core.crash_report import crash_report
from mmdesk.engine.core.times import now_us
from mmdesk.ui.about_flow import show_about
from mmdesk.ui.app import application
from mmdesk.ui.colours import Appearance
from mmdesk.ui.widgets.activity import Activity
from mmdesk.ui.widgets.case_dialog import NewCaseDialog
from mmdesk.ui.widgets.crash_report_dialog import CrashReportDialog
from mmdesk.ui.widgets.preferences_dialog import PreferencesDialog
from mmdesk.ui.widgets.server_form import Server, TriedStep
from mmdesk.ui.widgets.start_page import Recent
from tests.ui import cases
from tests.ui.photographer import Photographer
from tests.ui.screen_dialogs import dialogs, unseen
from tests.ui.screen_explain import explain, marks, what_if
from tests.ui.screen_states import busy, errors

_DAY_US = 86_400_000_000
_RUN_PAGES = ("measures", "calibration", "curves", "model-card", "settings", "data", "log", "notes")


def start(p: Photographer) -> None:
    p.window.start_page.show_recent([])
    p.shoot("start-empty")
    now = now_us()
    p.window.start_page.show_recent(
        [
            Recent("/home/ana/cases/payments-review", "Payments review, spring", now - 7_200_000_000),
            Recent("/home/ana/cases/marketplace-sellers", "Marketplace sellers <b>2024</b>", now - 3 * _DAY_US),
            Recent("/media/evidence/claims/hail-storm-claims-south", "Hail storm claims", now - 40 * _DAY_US),
            Recent("/media/stick/old-case", "Old case", now - 400 * _DAY_US, missing=True),
        ]
    )
    p.shoot("start-recent")
    p.window.flow.new()
    p.settle(0.1)
    p.shoot("start-new-case", both=False)
    dialog = p.window.findChildren(NewCaseDialog)[-1]
    dialog.name.setText("Payments review, spring")
    dialog.server.setChecked(True)
    dialog.form.set_server(Server("db.example.org", None, "cases", "ana", "secret", "verify-full", "/etc/ssl/our.pem"))
    for step in (
        TriedStep("name resolution", "ok", "db.example.org is 192.0.2.7."),
        TriedStep("reaching the server", "ok", "A PostgreSQL server answers at db.example.org, port 5432."),
        TriedStep("encryption", "warn", "The connection is not encrypted.", "Others in the network could read along."),
        TriedStep("sign-in", "fail", "The server does not know ana with this password.",
                  "Check user and password; capital letters count."),
    ):  # fmt: skip
        dialog.form.add_step(step)
    p.settle(0.2)
    p.shoot("start-new-case-server")
    dialog.local.setChecked(True)
    dialog.encrypt.setChecked(True)
    p.settle(0.2)
    p.shoot("start-new-case-key")
    dialog.key.key.setText("0123456789abcdef" * 4)
    p.settle(0.2)
    p.shoot("start-new-case-weak-key", both=False)
    p.close_dialogs()


def empty(p: Photographer, folder: Path) -> None:
    p.window.open_case(folder)
    p.settle()
    tab = p.window.rooms["import"]
    p.shoot("import-tables-empty")
    for number, name in ((1, "media"), (2, "health"), (3, "history")):
        tab.show_page(number)  # type: ignore[attr-defined]
        p.settle()
        p.shoot(f"import-{name}-empty", both=False)
    for name in ("train", "runs", "explain"):
        p.window.go(name)
        p.settle()
        p.shoot(f"{name}-empty")


def importing(p: Photographer, folder: Path) -> None:
    p.window.open_case(folder)
    p.settle()
    p.window.go("import")
    tab = p.window.rooms["import"]
    tab.show_page(0)  # type: ignore[attr-defined]
    tables = tab.tables  # type: ignore[attr-defined]
    bad = p.out / "transfers.csv"
    bad.write_text("Account No;Kind;Amount\nA1;in;4,5\nA2;out;7\n")
    tables.take([bad])
    p.settle()
    p.shoot("import-tables-missing", both=False)
    tables.clear()
    tables.take([p.data / f"{name}.csv" for name in ("entities", "events", "interactions", "targets")])
    p.settle()
    tables._show(tables.plans[1])
    p.settle()
    p.shoot("import-tables-preview")
    tables.file_view.fold.set_open(True)
    p.settle()
    p.shoot("import-tables-reading", both=False)
    tables.file_view.fold.set_open(False)
    tables.run_check()
    p.settle()
    p.shoot("import-tables-checked")
    tables.run_import()
    p.settle()
    p.shoot("import-tables-imported")
    broken = p.out / "events.csv"
    broken.write_text(
        "entity_id,event_type,value,timestamp\nM00001,login,1,2024-01-01\nnobody,login,1,2024-01-02\n"
        "M00002,transfer,many,2024-01-03\nM00003,<b>bold</b>,2,yesterday\n"
    )
    tables.take([broken])
    p.settle()
    tables.run_check()
    p.settle()
    tables.run_import()
    p.settle()
    p.shoot("import-tables-report")
    ambiguous = p.out / "payments.csv"
    ambiguous.write_text("entity_id,event_type,value,timestamp\nM00001,login,1,01/02/2024\nM00002,login,1,03/04/2024\n")
    tables.take([ambiguous])
    p.settle()
    tables.run_check()
    p.settle()
    p.shoot("import-tables-asks", both=False)
    tables.clear()
    bad.unlink()
    broken.unlink()
    ambiguous.unlink()


def media(p: Photographer) -> None:
    tab = p.window.rooms["import"]
    tab.show_page(1)  # type: ignore[attr-defined]
    page = tab.media  # type: ignore[attr-defined]
    p.settle()
    page.take([], p.data / "artifacts.csv")
    p.settle(0.6)
    p.shoot("import-media-pending")
    page.run_extract()
    p.wait(lambda: page._job is None or (page._job.progress.share or 0) > 0.3)
    if page._job is not None:
        p.shoot("import-media-extracting", both=False)
        page._on_cancel()
    p.settle(0.4)
    p.shoot("import-media-cancelled", both=False)


def full(p: Photographer) -> None:
    p.window.open_case(p.case)
    p.settle()
    p.window.go("import")
    tab = p.window.rooms["import"]
    tab.show_page(1)  # type: ignore[attr-defined]
    p.settle(0.8)
    p.shoot("import-media-done")
    tab.show_page(2)  # type: ignore[attr-defined]
    p.settle()
    p.shoot("import-health")
    tab.show_page(3)  # type: ignore[attr-defined]
    p.settle()
    p.shoot("import-history", both=False)


def training(p: Photographer) -> None:
    p.window.go("train")
    tab = p.window.rooms["train"]
    p.settle()
    p.shoot("train-ready")
    tab._form.set_values({"epochs": 30})  # type: ignore[attr-defined]
    tab._name.setText("what the spring files say")  # type: ignore[attr-defined]
    p.window.open_case(p.case)  # left and opened again, with what was written into the form
    p.settle()
    p.shoot("train-draft")
    tab._form.set_values({"epochs": 12, "seed": int(time.time())})  # type: ignore[attr-defined]
    tab._name.setText("second look")  # type: ignore[attr-defined]
    tab._on_start()  # type: ignore[attr-defined]
    p.settle(0.3, idle=False)
    p.shoot("train-starting", both=False)
    p.wait(lambda: len(tab._result._history) >= 6 or tab._job is None)  # type: ignore[attr-defined]
    p.shoot("train-running")
    p.settle()
    p.shoot("train-done")


def runs(p: Photographer) -> None:
    p.window.go("runs")
    tab = p.window.rooms["runs"]
    p.settle()
    p.shoot("runs-open")
    tabs = tab.details.tabs  # type: ignore[attr-defined]
    for number in range(1, tabs.count()):
        tabs.setCurrentIndex(number)
        p.settle(0.1)
        p.shoot(f"runs-{_RUN_PAGES[number]}", both=number in {1, 4})
    tabs.setCurrentIndex(0)
    tab.list.query.edit.setText("auc > .5 and ")  # type: ignore[attr-defined]
    p.shoot("runs-query-wrong", both=False)
    tab.list.query.edit.clear()  # type: ignore[attr-defined]
    tab.list.choose_columns()  # type: ignore[attr-defined]
    p.settle(0.1)
    p.shoot("runs-columns")
    p.close_dialogs()
    tab.list.table.selectAll()  # type: ignore[attr-defined]
    p.settle()
    p.shoot("runs-chosen", both=False)
    tab._on_compare()  # type: ignore[attr-defined]
    p.settle()
    p.shoot("runs-compare")
    tab.comparison.transposed.click()  # type: ignore[attr-defined]
    p.settle(0.1)
    p.shoot("runs-compare-transposed", both=False)
    tab.comparison.transposed.click()  # type: ignore[attr-defined]
    tab.list.choose(tab.list.runs[0].run_id)  # type: ignore[attr-defined]
    p.settle()
    tab._on_verify()  # type: ignore[attr-defined]
    p.settle()
    p.shoot("runs-verified", both=False)
    tab.trash.put()  # type: ignore[attr-defined]
    p.settle()
    tab.list.trash.click()  # type: ignore[attr-defined]
    p.settle()
    tab.trash.empty()  # type: ignore[attr-defined]
    p.settle()
    p.shoot("runs-purge", both=False)
    p.close_dialogs()
    tab.trash.take_out()  # type: ignore[attr-defined]
    p.settle()
    tab.list.trash.click()  # type: ignore[attr-defined]
    p.settle()


def shell(p: Photographer) -> None:
    p.window.open_case(p.case)
    p.settle()
    p.window.go("runs")
    p.settle()
    p.window.strip.show_activity(Activity(1, "Training second look", "epoch 14", 0.35, 134.0))
    p.window.strip.show_activity(Activity(2, "Extracting features", "", None, None, waiting=True))
    p.window.show_palette()
    p.settle(0.2)
    p.shoot("shell-palette")
    p.close_dialogs()
    p.window.strip.remove(1)
    p.window.strip.remove(2)
    for page, name in ((0, "appearance"), (1, "work"), (2, "shortcuts")):
        p.window.preferences.show()
        dialog = p.window.findChildren(PreferencesDialog)[-1]
        dialog.tabs.setCurrentIndex(page)
        if name == "shortcuts":
            dialog.shortcuts.table.choose(4)
            dialog.shortcuts.field.setKeySequence(QKeySequence("Ctrl+T"))
        p.settle(0.2)
        p.shoot(f"shell-preferences-{name}", both=page == 0)
        p.close_dialogs()
    p.window.flow.properties()
    p.settle(0.3)
    p.shoot("shell-properties")
    p.close_dialogs()
    p.window.banner.say(
        "The case is not at /media/evidence/payments any more.",
        "Was its drive taken off, or its folder renamed or moved? Bring it back to this place to go on, or close the "
        "case and open it where it is now. What was stored is in that folder, whole.",
    )
    p.settle(0.1)
    p.shoot("shell-banner")
    p.window.banner.hide()
    p.window.drops.veil.cover("Drop to import into the case Payments review, or to open a case")
    p.settle(0.1)
    p.shoot("shell-drop", both=False)
    p.window.drops.veil.hide()
    try:
        p.window.rooms["nowhere"].load()
    except KeyError as error:
        CrashReportDialog(crash_report(error, {"Screen": "1280 x 720 at 1"}), p.window).open()
    p.settle(0.2)
    p.shoot("shell-crash", both=False)
    p.close_dialogs()
    show_about(p.window, p.window.jobs)
    p.settle(0.4)
    p.shoot("shell-about")
    p.close_dialogs()


def parts(p: Photographer, scratch: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """The tour's stations by name."""
    from mmdesk.engine.services import cases as case_service

    for name in ("empty", "fresh"):
        case_service.new_case(scratch / name, name=f"Case, {name}", actor=cases.ACTOR)
    yield "start", lambda: start(p)
    yield "empty", lambda: empty(p, scratch / "empty")
    yield "importing", lambda: importing(p, scratch / "fresh")
    yield "media", lambda: media(p)
    yield "full", lambda: full(p)
    yield "training", lambda: training(p)
    yield "runs", lambda: runs(p)
    yield "explain", lambda: explain(p)
    yield "marks", lambda: marks(p)
    yield "what-if", lambda: what_if(p)
    yield "shell", lambda: shell(p)
    yield "dialogs", lambda: dialogs(p)
    yield "busy", lambda: busy(p)
    yield "errors", lambda: errors(p)


_NEED_NO_CASE = ("start", "empty", "importing", "shell", "dialogs", "busy", "errors")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--case", type=Path, help="a case with trained runs; it is changed")
    parser.add_argument("--data", type=Path, help="the files it was made from")
    parser.add_argument("--only", nargs="+", default=[""], help="stations whose name has one of these words")
    parser.add_argument("--points", type=int, default=10, help="size of the letters; 20 is 200 %%")
    parser.add_argument("--scale", default="1", help="pixels for one of the layout's, as on a dense screen")
    parser.add_argument("--language", default="en", help="de; long: every text 40 %% longer. Settled above")
    usual = [Appearance.LIGHT, Appearance.DARK]
    parser.add_argument("--in", dest="looks", nargs="+", type=Appearance, default=usual, help="light, high contrast…")
    return parser.parse_args()


def main() -> int:
    args = _arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        os.environ.update({"XDG_CONFIG_HOME": str(scratch / "config"), "XDG_DATA_HOME": str(scratch / "kept")})
        os.environ["QT_SCALE_FACTOR"] = args.scale
        data = args.data or cases.make_data(scratch / "data")
        case = args.case
        if case is None:
            case = cases.make_case(scratch / "case", data)
            cases.train(case, "first look", epochs=8)
            cases.train(case, "smaller steps", epochs=5, learning_rate=0.0005)
        p = Photographer(application(), args.out, case, data, args.looks, args.points)
        try:
            for name, station in parts(p, scratch):
                if any(word in name for word in args.only):
                    if p.window.session.case is None and name not in _NEED_NO_CASE:
                        p.window.open_case(case)
                        p.settle()
                    station()
        finally:  # also when a station has failed: what the others showed is worth reading
            p.window.close()
            if args.only == [""]:
                p.findings += [f"no picture of a {name}" for name in unseen(p.dialogs)]
            (args.out / "findings.txt").write_text("".join(f"{one}\n" for one in p.findings), encoding="utf-8")
    for file in p.taken:
        print(file)
    print(f"{len(p.findings)} findings")
    return 0


if __name__ == "__main__":
    sys.exit(main())
