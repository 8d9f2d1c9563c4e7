"""A table whose cells are edited in place, by keys or mouse; what is typed is told letter by letter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QComboBox,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from mmdesk.ui.colours import current
from mmdesk.ui.language import tr
from mmdesk.ui.models.cells import CellKind, CellsModel
from mmdesk.ui.widgets.bars import SignedBarDelegate
from mmdesk.ui.widgets.table import plain_rows, shade_ends

Index = QModelIndex | QPersistentModelIndex
_RADIUS = 4.0
_FEWEST_ROWS = 4
_CLOSED = tr("was left")
_BEFORE = tr("what it said before")


class _Editors(QStyledItemDelegate):
    """A line or a list to choose from; Escape brings back what was there."""

    closed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.closeEditor.connect(self._on_closed)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """A cell that can be written in looks like a field."""
        is_field, colours = bool(index.flags() & Qt.ItemFlag.ItemIsEditable), current()
        ground, frame = QColor(colours.base), QColor(colours.control if colours.high else colours.line)
        if is_field:  # on the tint of every second row, too
            self._draw_field(painter, option, Qt.PenStyle.NoPen, ground)
        super().paint(painter, option, index)
        if is_field:
            self._draw_field(painter, option, frame, Qt.BrushStyle.NoBrush)

    def _draw_field(
        self, painter: QPainter, option: QStyleOptionViewItem, pen: QColor | Qt.PenStyle, brush: QColor | Qt.BrushStyle
    ) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(pen)
        painter.setBrush(brush)
        painter.drawRoundedRect(QRectF(option.rect).adjusted(0.5, 2.5, -2.5, -2.5), _RADIUS, _RADIUS)
        painter.restore()

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, index: Index) -> QWidget:
        """The field for a cell."""
        cell = cast("CellsModel", index.model()).cell(index)
        title = str(index.model().headerData(index.column(), Qt.Orientation.Horizontal))
        if cell.kind is CellKind.TEXT:
            line = QLineEdit(parent)
            line.setPlaceholderText(cell.empty)
            line.textEdited.connect(lambda _text: self._commit(line))
            editor: QWidget = line
        else:
            box = QComboBox(parent)
            box.setEditable(cell.kind is CellKind.OPEN_CHOICE)
            for option in cell.options:
                box.addItem(option or cell.empty, option)
            if box.isEditable():
                box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
                line_edit = box.lineEdit()
                assert line_edit is not None
                line_edit.setPlaceholderText(cell.empty)
                box.editTextChanged.connect(lambda _text: self._commit(box))
            box.activated.connect(lambda _place: self._commit(box))
            editor = box
        editor.setAccessibleName(f"{title}: {cast('CellsModel', index.model()).rows[index.row()][0].text}")
        editor.setProperty(_BEFORE, cell.text)
        return editor

    def _commit(self, editor: QWidget) -> None:
        """Tell what is in a field; a list still speaks when it was left already."""
        if not editor.property(_CLOSED):
            self.commitData.emit(editor)

    def _on_closed(self, editor: QWidget) -> None:
        editor.setProperty(_CLOSED, True)
        self.closed.emit()

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Show the cell's text, unless it is shown: the cursor stays where it is."""
        text = str(index.data(Qt.ItemDataRole.EditRole) or "")
        if isinstance(editor, QLineEdit):
            if editor.text() != text:
                editor.setText(text)
        elif isinstance(editor, QComboBox) and _chosen(editor) != text:
            place = editor.findData(text)
            editor.blockSignals(True)
            editor.setCurrentIndex(place)
            if editor.isEditable():
                editor.setEditText(text)
            editor.blockSignals(False)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """Tell what is in the field."""
        if isinstance(editor, QLineEdit):
            model.setData(index, editor.text())
        elif isinstance(editor, QComboBox):
            model.setData(index, _chosen(editor))

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """Escape: as it was."""
        if event.type() == QEvent.Type.KeyPress and cast("QKeyEvent", event).key() == Qt.Key.Key_Escape:
            before = str(editor.property(_BEFORE))
            if isinstance(editor, QLineEdit):
                editor.setText(before)
            elif isinstance(editor, QComboBox):
                editor.setCurrentIndex(editor.findData(before))
                if editor.isEditable():
                    editor.setEditText(before)
            if isinstance(editor, QWidget):
                self._commit(editor)
                self.closeEditor.emit(editor, QAbstractItemDelegate.EndEditHint.NoHint)
            return True
        return super().eventFilter(editor, event)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, _index: Index) -> None:
        """The whole cell; fields have more air around them than cells and may stand over its edge."""
        rect = option.rect
        height = max(editor.sizeHint().height(), rect.height())
        editor.setGeometry(rect.x(), rect.center().y() - height // 2, rect.width(), height)


def _chosen(box: QComboBox) -> str:
    if box.isEditable():
        place = box.findText(box.currentText(), Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchCaseSensitive)
        return str(box.itemData(place)) if place >= 0 else box.currentText()
    return str(box.currentData() if box.currentIndex() >= 0 else "")


class _Bars(SignedBarDelegate):
    """Bars of a :class:`CellsModel`."""

    def value(self, index: Index) -> float | None:
        """The cell's number."""
        return cast("CellsModel", index.model()).cell(index).number


class CellsTable(QTableView):
    """Shows a :class:`CellsModel`. ``left`` tells that a field was left; a click, a key or F2 opens one.

    Args:
        name: What it is, for screen readers.
        titles: Of the columns.
        shares: Of the width, for each column.
    """

    left = Signal()

    def __init__(self, name: str, titles: Sequence[str], shares: Sequence[float]) -> None:
        super().__init__()
        self._shares = tuple(shares)
        self.cells = CellsModel(titles, self)
        self.setModel(self.cells)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.AnyKeyPressed | triggers.EditKeyPressed | triggers.DoubleClicked)
        plain_rows(self)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._editors = _Editors(self)
        self._editors.closed.connect(self.left)
        self.setItemDelegate(self._editors)
        self.bars = _Bars(str, self)
        self.clicked.connect(self._on_clicked)
        self._row_height()

    def set_rows(self, rows: Sequence[Sequence[object]]) -> None:
        """Show other rows; the current one stays where it is if there is one."""
        at = self.currentIndex()
        self.cells.set_rows(rows)  # type: ignore[arg-type]
        self._row_height()
        if at.isValid() and at.row() < self.cells.rowCount():
            self.setCurrentIndex(self.cells.index(at.row(), at.column()))

    def draw_bars(self, column: int) -> None:
        """Draw a column's numbers as bars."""
        self.setItemDelegateForColumn(column, self.bars)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The columns share the new width."""
        super().resizeEvent(event)
        width = self.viewport().width()
        for place, share in enumerate(self._shares):
            self.setColumnWidth(place, int(width * share))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Rows to their end, also where the columns leave room beside them."""
        super().paintEvent(event)
        shade_ends(self)

    def minimumSizeHint(self) -> QSize:
        """The titles and a few rows, whatever the size of the letters."""
        rows = _FEWEST_ROWS * self.verticalHeader().defaultSectionSize()
        return QSize(240, self.horizontalHeader().sizeHint().height() + rows + 4)

    def open_editor(self, row: int, column: int) -> None:
        """Begin to edit a cell."""
        index = self.cells.index(row, column)
        self.setCurrentIndex(index)
        self.edit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The space bar turns the row's check over, Enter opens its field, wherever in the row the focus is."""
        row = self.currentIndex().row()
        # What a field does not take comes here too.
        at_rest = self.state() != QAbstractItemView.State.EditingState or self.hasFocus()
        if at_rest and row >= 0 and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            kinds = [cell.kind for cell in self.cells.rows[row]]
            if event.key() == Qt.Key.Key_Space and CellKind.CHECK in kinds:
                column = kinds.index(CellKind.CHECK)
                self.cells.edited.emit(row, column, not self.cells.rows[row][column].checked)
                return
            fields = [place for place, kind in enumerate(kinds) if self._has_field(row, place)]
            if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2} and fields:
                at = self.currentIndex().column()
                self.open_editor(row, at if at in fields else fields[0])
                return
            text = event.text()
            if text and text.isprintable() and text != " " and fields and self.currentIndex().column() not in fields:
                self.setCurrentIndex(self.cells.index(row, fields[0]))
        super().keyPressEvent(event)

    def _has_field(self, row: int, column: int) -> bool:
        return bool(self.cells.flags(self.cells.index(row, column)) & Qt.ItemFlag.ItemIsEditable)

    def _on_clicked(self, index: QModelIndex) -> None:
        if self._has_field(index.row(), index.column()):
            self.edit(index)

    def _row_height(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 12)
