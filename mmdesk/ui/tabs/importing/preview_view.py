"""The first rows of a file: cells that do not fit are marked, and a title says what its column is taken for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QActionGroup, QColor, QContextMenuEvent, QPainter
from PySide6.QtWidgets import QMenu, QStyledItemDelegate, QStyleOptionViewItem

from mmdesk.ui import choosers
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.formatting import menu_text, shown
from mmdesk.ui.icons import put_icon
from mmdesk.ui.language import tr
from mmdesk.ui.models.columns import Column
from mmdesk.ui.tabs.importing.mapping_grid import KINDS
from mmdesk.ui.tabs.importing.plan import FilePlan
from mmdesk.ui.widgets.table import Table

Index = QModelIndex | QPersistentModelIndex
_TYPES = (None, "number", "category", "boolean", "time")
"""What an attribute can be declared to be; None = found out."""


@dataclass(frozen=True)
class _Cell:
    """A cell and the rule that it breaks; empty = it fits."""

    text: str
    rule: str = ""


class _Tinting(QStyledItemDelegate):
    """Paints what is behind a cell, which style sheets leave out."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colour = index.data(Qt.ItemDataRole.BackgroundRole)
        if isinstance(colour, QColor):
            painter.fillRect(option.rect, colour)
        super().paint(painter, option, index)


class PreviewTable(Table):
    """``changed`` tells that a type was chosen for a column, that one is left out, or that one was named."""

    changed = Signal()
    KEEPS_COLUMNS = False  # those of other files are others, and their names belong into the case

    def __init__(self) -> None:
        super().__init__(tr("First rows"))
        self._plan: FilePlan | None = None
        self.setSortingEnabled(False)  # a click on a title asks what the column is
        self.setItemDelegate(_Tinting(self))
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self._on_title_clicked)
        header.setToolTip(tr("Click a title to say what its column is, or to leave it out"))

    def show_plan(self, plan: FilePlan) -> None:
        """The rows of one file."""
        self._plan = plan
        self.set_columns(_columns(plan))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The title's menu, by the other mouse button or by the key for it."""
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        place = self.currentIndex().column() if by_key else self.columnAt(event.pos().x())
        self.ask(max(place, 0), event.globalPos())

    def _on_title_clicked(self, place: int) -> None:
        header = self.horizontalHeader()
        corner = QPoint(header.sectionViewportPosition(place), header.height())
        self.ask(place, header.viewport().mapToGlobal(corner))

    def ask(self, place: int, at: QPoint) -> None:
        """Open the menu of a column."""
        plan = self._plan
        if plan is None or plan.preview is None or place >= len(plan.preview.columns):
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        name, left_out = plan.preview.columns[place], place in plan.preview.ignored
        if not left_out and plan.takes_type(place):
            group = QActionGroup(menu)
            for kind in _TYPES:
                action = menu.addAction(tr("As it looks") if kind is None else menu_text(_capital(KINDS[kind])))
                action.setCheckable(True)
                action.setChecked(plan.type_of(name) == kind)
                action.triggered.connect(partial(self._set, plan.set_type, name, kind))
                group.addAction(action)
            menu.addSeparator()
        if plan.names is not None:
            menu.addAction(tr("Name this column…"), partial(self._on_name, plan, place))
        action = menu.addAction(tr("Take this column in again") if left_out else tr("Leave this column out"))
        put_icon(action, "plus" if left_out else "close")
        action.triggered.connect(partial(self._set, plan.set_ignored, place, not left_out))
        menu.popup(at)

    def _set(self, change: object, *values: object) -> None:
        if callable(change):
            change(*values[:2])
            self.changed.emit()

    def _on_name(self, plan: FilePlan, place: int) -> None:
        def named(name: str) -> None:
            if name and plan.names is not None and name not in plan.names:
                plan.name_column(place, name)
                self.changed.emit()

        assert plan.names is not None
        choosers.ask_text(
            self, tr("Name this column"), tr("Name of column {number}", number=place + 1), plan.names[place], named,
            button=tr("Name it"),
        )  # fmt: skip


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _columns(plan: FilePlan) -> list[Column]:
    preview = plan.preview
    assert preview is not None
    uses = {plan.chosen(wanted.name)[0]: wanted.name for wanted in plan.wanted}
    rules = {(one.row, one.column): one.rule for one in preview.fit.misfits}
    columns = []
    for place, name in enumerate(preview.columns):
        left_out, kind = place in preview.ignored, KINDS.get(preview.fit.kinds.get(place, ""), "")
        values = [
            _Cell(cells[place] if place < len(cells) else "", rules.get((row, place)) or rules.get((row, None), ""))
            for row, cells in enumerate(preview.rows)
        ]
        use = uses.get(name)
        if left_out:
            title, meaning = tr("{name} (left out)", name=name), tr("left out")
        elif use is not None:
            title, meaning = name if use == name else f"{name} → {use}", use
        else:
            title, meaning = f"{name}: {kind}" if kind else name, tr("further column, kept as it is")
        columns.append(
            Column(
                title, values, show=lambda cell: cell.text, tip=_tip, help=f"{name}: {meaning}", key=f"{place} {name}",
                tint=None if left_out else lambda cell: "bad" if cell.rule else None,
                icon=None if left_out else lambda cell: ("warning", "bad") if cell.rule else None,
                role=(lambda _cell: "muted") if left_out else None,
            )
        )  # fmt: skip
    return columns


def _tip(cell: _Cell) -> str:
    return (
        f"{shown(cell.text, 400)}\n{tr('Does not fit: {rule}', rule=translated(cell.rule))}" if cell.rule else cell.text
    )
