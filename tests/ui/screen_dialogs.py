"""The dialogs that no other station of the tour comes by, and the pages behind a command."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from PySide6.QtWidgets import QDialog

import mmdesk.ui
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.key_dialog import KeyDialog
from mmdesk.ui.widgets.password_dialog import PasswordDialog
from tests.ui.photographer import Photographer

_DELETED = 4


def dialogs(p: Photographer) -> None:
    """Dialogs of the case, of this computer, and of single tabs."""
    p.window.open_case(p.case)
    p.settle()
    _of_the_case(p)
    _of_import(p)
    _of_runs(p)
    _of_explain(p)


def _shoot(p: Photographer, name: str, *, both: bool = False) -> None:
    p.settle(0.3)
    p.shoot(f"dialogs-{name}", both=both)
    p.close_dialogs()
    p.settle(0.1)


def _of_the_case(p: Photographer) -> None:
    tools, flow = p.window.tools, p.window.flow
    tools.show_log()
    _shoot(p, "log", both=True)
    tools.share()
    _shoot(p, "share")
    tools.free_space()
    _shoot(p, "free-space")
    tools.check_installation()
    _shoot(p, "installation", both=True)
    flow.backups()
    p.settle()
    _shoot(p, "backups-none")
    flow.backups()
    p.settle()
    next(one for one in p.window.findChildren(QDialog) if hasattr(one, "make_asked")).make_asked.emit()
    _shoot(p, "backups")
    KeyDialog("/media/evidence/payments-review", p.window).open()
    _shoot(p, "key")
    PasswordDialog("The server db.example.org asks ana for a password.", p.window).open()
    _shoot(p, "password")


def _of_import(p: Photographer) -> None:
    p.window.go("import")
    tab: Any = p.window.rooms["import"]
    tab.show_page(0)
    tab.tables.take([p.data / "events.csv"])
    p.settle()
    tab.tables._show(tab.tables.plans[0])
    p.settle()
    tab.tables.file_view._on_fill()
    _shoot(p, "source")
    tab.tables.clear()
    tab.show_page(1)
    p.settle(0.5)
    tab.media.table.choose(1)
    p.settle(0.5)
    p.shoot("dialogs-media-file")
    tab.media.delete_chosen()
    _shoot(p, "delete-file")
    tab.show_page(_DELETED)
    _shoot(p, "deleted-none")
    p.window.go("explain")
    p.settle()
    explain: Any = p.window.rooms["explain"]
    from mmdesk.engine.services import deletions

    gone = explain.entities.listed()[-3:]
    deletions.delete_entities(p.case, gone, actor="ann")
    tab.deleted.load()
    p.window.go("import")
    p.settle()
    tab.deleted.table.selectAll()
    p.shoot("dialogs-deleted", both=False)
    tab.deleted.restore.click()
    p.settle()


def _of_runs(p: Photographer) -> None:
    p.window.go("runs")
    p.settle()
    details: Any = p.window.rooms["runs"].details  # type: ignore[attr-defined]
    titles = [details.tabs.tabText(place) for place in range(details.tabs.count())]
    details.tabs.setCurrentIndex(titles.index(tr("Calibration")))
    details._outcomes.page.evaluate.click()
    p.settle()
    p.shoot("dialogs-runs-today")
    details.tabs.setCurrentIndex(0)


def _of_explain(p: Photographer) -> None:
    p.window.go("explain")
    p.settle()
    tab: Any = p.window.rooms["explain"]
    tab.whole.into_pages.trigger()
    _shoot(p, "looks", both=True)
    tab.marking.delete()
    _shoot(p, "delete-entity")
    query = tab.entities.query
    query._on_help()
    _shoot(p, "query-help")
    query.field.set_text("score > 40% and star = no and")
    p.settle(0.3)
    p.shoot("dialogs-query-wrong", both=False)
    query.field.set_text("score > 40% and star = no")
    p.settle(0.3)
    p.shoot("dialogs-query", both=False)
    query.field.set_text("")
    p.settle(0.2)


def unseen(seen: set[str]) -> list[str]:
    """The names of the window's dialogs that are not among ``seen``."""
    for module in pkgutil.walk_packages(mmdesk.ui.__path__, "mmdesk.ui."):
        importlib.import_module(module.name)
    ours = {one.__name__ for one in QDialog.__subclasses__() if one.__module__.startswith("mmdesk.")}
    return sorted(ours - seen)
