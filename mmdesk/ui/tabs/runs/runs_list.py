"""The left side of Runs: the query, the views, the table, and how many of the runs it shows."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from mmdesk.engine.core.query.nodes import Query
from mmdesk.ui import choosers
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.formatting import menu_text
from mmdesk.ui.icons import icon, put_icon
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.settings import Settings
from mmdesk.ui.tabs.runs.columns import choosable, columns_of, default_arrangement
from mmdesk.ui.tabs.runs.views import View, Views
from mmdesk.ui.widgets.basics import Label, column, row
from mmdesk.ui.widgets.column_chooser import ColumnChooser
from mmdesk.ui.widgets.fit import by_letters, icons_by_letters
from mmdesk.ui.widgets.help_dialog import HelpDialog
from mmdesk.ui.widgets.pinned_table import Arrangement, PinnedTable
from mmdesk.ui.widgets.query_field import QueryField

if TYPE_CHECKING:
    from mmdesk.engine.services.run_table import RunTable
    from mmdesk.engine.services.runs import RunRow

_LEAST_TABLE = 130
_HELP = """auc > .9 and note has "pilot"
status = done or status = cancelled
not (learning_rate = 0.003) and epochs >= 20
created >= 2024-05 and duration < 5min
auc is missing
second look

A field, a sign, a value. Signs: = != < <= > >=, has (a part of a text), is missing, is not missing.
Tests are joined by and, or, not and brackets; two tests beside each other: both.
Words alone are looked for in all texts of a run, its tags and notes too.
Numbers: 0.9 or 90%. Durations: 90s, 5min, 2h, 7d, 3w. Times: 2024, 2024-05, 2024-05-31, 2024-05-31T10:30.
Texts with spaces go in quotes. A missing value passes no test but !=.

Ctrl+Space proposes what may follow; the title of a column says what it is called in a query."""


class RunsList(QWidget):
    """``picked`` carries the chosen runs, ``trash_switched`` whether the trash is wanted, ``menu_asked`` a place.

    ``forgot`` carries the name of a saved view and the view that it was.
    """

    picked = Signal(object)
    trash_switched = Signal(bool)
    menu_asked = Signal(object)
    forgot = Signal(str, object)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.secret: Path | None = None
        """The folder of a case that has a key: what is asked of its runs is kept in memory alone."""
        self._views = Views.read(settings)
        self._data: RunTable | None = None
        self.query = QueryField(tr("Query"), tr('Find runs: auc > .9 and name has "pilot"'), self._on_help)
        self.query.changed.connect(self._on_query_changed)
        self.views_button = self._tool(tr("Views"), "view")
        self.views_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._views_menu = QMenu(self.views_button)
        self._views_menu.aboutToShow.connect(self._fill_views)
        self.views_button.setMenu(self._views_menu)
        self.columns_button = self._tool(tr("Columns"), "columns")
        self.columns_button.clicked.connect(lambda _checked=False: self.choose_columns())
        self.trash = self._tool(tr("Trash"), "trash")
        self.trash.setAccessibleName(tr("Show the trash"))
        self.trash.setCheckable(True)
        self.trash.toggled.connect(self.trash_switched)
        self.said = Label("", "muted")
        self.table = PinnedTable(tr("Runs"))
        by_letters(self.table, self.table.setMinimumHeight, _LEAST_TABLE)
        self.table.picked.connect(lambda _numbers: self.picked.emit(self.chosen()))
        self.table.arranged.connect(self._on_arranged)
        self.table.menu_asked.connect(self._on_menu_asked)
        tools = row(None, self.said, None, self.views_button, self.columns_button, self.trash, spacing=2)
        column(self, self.query, tools, self.table, spacing=SPACE_S).setStretch(2, 1)
        self.query.set_text(self._views.last.query)

    def _tool(self, text: str, picture: str) -> QToolButton:
        made = QToolButton()
        icons_by_letters(made, 16)
        made.setText(f" {text}")
        made.setAccessibleName(text)
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        put_icon(made, picture)
        return made

    # The rows.

    def clear(self) -> None:
        """No case, or another one."""
        self._data = None
        self.table.set_columns([])
        self.said.setText("")
        self.trash.blockSignals(True)
        self.trash.setChecked(False)
        self.trash.blockSignals(False)
        if self.secret:
            self.query.set_text("")
            self.secret = None

    def show_table(self, data: RunTable) -> None:
        """Show these runs; those that were chosen stay chosen."""
        before = [run.run_id for run in self.chosen()]
        self._data = data
        self.table.set_columns(columns_of(data), self._views.last.arrangement or default_arrangement(data))
        self.query.set_fields(data.fields)
        self._filter()
        self._choose_again(before)

    @property
    def runs(self) -> tuple[RunRow, ...]:
        """All that were given, whether the query chooses them or not."""
        return self._data.runs if self._data is not None else ()

    def chosen(self) -> list[RunRow]:
        """The chosen runs, in shown order."""
        runs = self.runs
        return [runs[number] for number in self.table.chosen()] if runs else []

    @property
    def seen(self) -> tuple[RunTable, list[int], tuple[str, ...]] | None:
        """The table, and of it the rows and columns that are seen, in their order; None while there is none."""
        if self._data is None:
            return None
        return self._data, self.table.columns.rows.tolist(), self.table.arrangement.shown

    def number_of(self, run_id: str) -> int:
        """Which colour a run has; 0 for one that is not listed."""
        numbers = self._data.numbers if self._data is not None else ()
        return next((n for run, n in zip(self.runs, numbers, strict=True) if run.run_id == run_id), 0)

    def tags_of(self, run_id: str) -> tuple[str, ...]:
        """Its tags."""
        return self._said("tag", run_id) or ()

    def has_star(self, run_id: str) -> bool:
        """Somebody gave it a star."""
        return bool(self._said("star", run_id) == "yes")

    def _said(self, field: str, run_id: str) -> Any:
        columns = self._data.columns if self._data is not None else ()
        values = next((one.values for one in columns if one.field.name == field), ())
        return next((value for run, value in zip(self.runs, values, strict=False) if run.run_id == run_id), None)

    def choose(self, run_id: str) -> bool:
        """Choose one run; False if it is not listed, or the query leaves it out."""
        place = next((place for place, run in enumerate(self.runs) if run.run_id == run_id), None)
        return place is not None and self.table.choose(place)

    def _choose_again(self, run_ids: list[str]) -> None:
        wanted = set(run_ids)
        places = [place for place, run in enumerate(self.runs) if run.run_id in wanted]
        self.table.choose_all(places)

    # The query.

    def _on_query_changed(self, _query: Query) -> None:
        before = [run.run_id for run in self.chosen()]
        self._filter()
        self._choose_again(before)
        self._keep(View(self.query.text(), self._views.last.arrangement))

    def _filter(self) -> None:
        if self._data is None:
            return
        mask = self.query.query.mask(self._data.rows)
        everything = bool(mask.all())
        self.table.columns.set_filter(None if everything else mask)
        total = tr_n("{n:,} run", "{n:,} runs", len(mask))
        self.said.setText(total if everything else tr("{seen:,} of {total}", seen=int(mask.sum()), total=total))

    def _on_help(self) -> None:
        HelpDialog(tr("How to write a query"), _HELP, self).open()

    # Columns and views.

    def _on_arranged(self) -> None:
        self._keep(View(self.query.text(), self.table.arrangement))

    def _keep(self, view: View) -> None:
        self._views.last = dataclasses.replace(view, query="") if self.secret else view
        self._views.write(self._settings)

    def choose_columns(self) -> None:
        """Open the list of columns."""
        if self._data is None:
            return
        defaults = default_arrangement(self._data)
        now = self.table.arrangement
        dialog = ColumnChooser(
            choosable(self._data), now.shown, now.pinned, (defaults.shown, defaults.pinned), self.window()
        )
        dialog.chosen.connect(self._on_columns_chosen)
        dialog.open()

    def _on_columns_chosen(self, shown: tuple[str, ...], pinned: int) -> None:
        now = self.table.arrangement
        self.table.arrange(Arrangement(shown, pinned, now.sort, now.descending, now.widths))
        self._on_arranged()

    def reset(self) -> None:
        """Columns as they came."""
        if self._data is not None:
            self.table.arrange(default_arrangement(self._data))
        self._keep(View(self.query.text(), None))

    def _fill_views(self) -> None:
        menu = self._views_menu
        menu.clear()
        saved = self._saved
        for name, view in sorted(saved.items()):
            menu.addAction(icon("view"), menu_text(name), partial(self._show_view, view))
        if saved:
            menu.addSeparator()
        menu.addAction(tr("All runs, columns as they came"), partial(self._show_view, View()))
        menu.addAction(icon("save"), tr("Save this view…"), self._on_save)
        forget = menu.addMenu(tr("Forget a view"))
        forget.setEnabled(bool(saved))
        for name in sorted(saved):
            forget.addAction(menu_text(name), partial(self._on_forget, name))

    def _show_view(self, view: View) -> None:
        self.query.set_text(view.query)
        if self._data is not None:
            self.table.arrange(view.arrangement or default_arrangement(self._data))
        self._keep(view)

    @property
    def _saved(self) -> dict[str, View]:
        """The views with a name: everybody's, and those of a case with a key."""
        return {**self._views.saved, **Views.of_case(self._settings, self.secret)}

    def _on_save(self) -> None:
        def save(name: str) -> None:
            if name:
                self.put_view(name, View(self.query.text(), self.table.arrangement))

        asked = tr("Its name (one that is taken is replaced):")
        if self.secret:
            asked = tr("Its name. The case is encrypted, so the view is forgotten when mmdesk ends:")
        choosers.ask_text(self, tr("Save this view"), asked, "", save)

    def put_view(self, name: str, view: View) -> None:
        """Save a view under a name; one of an encrypted case goes to no file."""
        if self.secret:
            Views.keep_of_case(self._settings, self.secret, {**Views.of_case(self._settings, self.secret), name: view})
        else:
            self._views.saved[name] = view
            self._views.write(self._settings)

    def bring_back(self, name: str, view: View) -> str:
        """Save a forgotten view again; if another has its name by now, under the next one that is free. Returns it."""
        free, number = name, 1
        while self._saved.get(free, view) != view:
            number += 1
            free = f"{name} ({number})"
        self.put_view(free, view)
        return free

    def drop_view(self, name: str) -> None:
        """Let go of a saved view."""
        of_case = Views.of_case(self._settings, self.secret)
        if self.secret and name in of_case:
            Views.keep_of_case(self._settings, self.secret, {key: one for key, one in of_case.items() if key != name})
        elif self._views.saved.pop(name, None) is not None:
            self._views.write(self._settings)

    def _on_forget(self, name: str) -> None:
        view = self._saved[name]
        self.drop_view(name)
        self.forgot.emit(name, view)

    # Menus.

    def _on_menu_asked(self, at: QPoint, name: str) -> None:
        if not name:
            self.menu_asked.emit(at)
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        now = self.table.arrangement
        place = now.shown.index(name)
        hide = QAction(tr("Hide this column"), menu, enabled=len(now.shown) > 1)
        hide.triggered.connect(lambda: self._on_columns_chosen(*_without(now, name)))
        pin = QAction(tr("Pin nothing") if place + 1 == now.pinned else tr("Pin up to this column"), menu)
        wanted = 0 if place + 1 == now.pinned else place + 1
        pin.triggered.connect(lambda: self._on_columns_chosen(now.shown, wanted))
        menu.addActions([hide, pin])
        menu.addSeparator()
        menu.addAction(icon("columns"), tr("Choose columns…"), self.choose_columns)
        menu.popup(at)


def _without(now: Arrangement, name: str) -> tuple[tuple[str, ...], int]:
    place = now.shown.index(name)
    shown = tuple(one for one in now.shown if one != name)
    return shown, now.pinned - (place < now.pinned)
