"""A field for queries: it proposes what may follow, and says what is wrong and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QCompleter, QHeaderView, QLineEdit, QTreeView, QWidget

from mmdesk.engine.core.query.completion import Completions, complete
from mmdesk.engine.core.query.fields import Field
from mmdesk.engine.core.query.nodes import Query
from mmdesk.engine.core.query.parsing import parse
from mmdesk.engine.core.query.tokens import QuerySyntaxError
from mmdesk.ui.formatting import shown, tool_tip
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import IconButton, Label, column, row
from mmdesk.ui.widgets.fields import clearable

_ROWS = 10


class QueryField(QWidget):
    """``changed`` carries the query whenever the text means another one; while it means nothing the last one holds."""

    changed = Signal(object)

    def __init__(self, name: str, placeholder: str, on_help: Callable[[], object]) -> None:
        super().__init__()
        self._fields: tuple[Field, ...] = ()
        self._offered = Completions(0, 0, ())
        self.query: Query = parse("", ())
        self.edit = QLineEdit()
        self.edit.setAccessibleName(name)
        self.edit.setPlaceholderText(placeholder)
        self.edit.setToolTip(tool_tip(placeholder))
        clearable(self.edit)
        self.edit.installEventFilter(self)
        self._error: QuerySyntaxError | None = None
        self.message = Label("", "warn", wrap=True)
        self.message.hide()
        line = row(None, self.edit, IconButton("info", tr("How to write a query"), on_help))
        line.setStretch(0, 1)
        column(self, line, self.message, spacing=2)
        self._completer = self._make_completer()
        self.edit.textEdited.connect(lambda _text: self._offer(asked=False))
        self.edit.textChanged.connect(lambda _text: self._read())

    def _make_completer(self) -> QCompleter:
        self._proposals = QStandardItemModel(0, 2, self)
        made = QCompleter(self._proposals, self)
        made.setWidget(self.edit)
        made.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        popup = self._popup = QTreeView()
        popup.setRootIsDecorated(False)
        popup.setHeaderHidden(True)
        popup.setUniformRowHeights(True)
        popup.setAccessibleName(tr("Proposals"))
        made.setPopup(popup)
        popup.header().setStretchLastSection(True)
        popup.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        made.setMaxVisibleItems(_ROWS)
        made.activated.connect(self._on_proposal_chosen)
        return made

    def set_fields(self, fields: Sequence[Field]) -> None:
        """What can be asked for; the query is read anew."""
        self._fields = tuple(fields)
        self._read()

    def text(self) -> str:
        """As it is written."""
        return self.edit.text()

    def set_text(self, text: str) -> None:
        """Write another query."""
        self.edit.setText(text)

    def _read(self) -> None:
        try:
            query = parse(self.edit.text(), self._fields)
        except QuerySyntaxError as error:
            self._error = error
            self.message.setText(shown(f"{error.message}. {error.hint}", 300))
            self.message.show()
            return
        self._error = None
        self.message.hide()
        if query != self.query:
            self.query = query
            self.changed.emit(query)

    # Proposals.

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ctrl+Space proposes, Enter goes to the fault if there is one."""
        if watched is self.edit and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
                self._offer(asked=True)
                return True
            if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self._error is not None:
                self.edit.setSelection(self._error.start, max(self._error.end - self._error.start, 1))
                return True
        return super().eventFilter(watched, event)

    def _offer(self, *, asked: bool) -> None:
        at = self.edit.cursorPosition()
        found = self._offered = complete(self.edit.text(), at, self._fields)
        begun = self.edit.text()[found.start : at]
        if not found.options or (not asked and (not begun or any(o.text == begun for o in found.options))):
            self._popup.hide()
            return
        self._proposals.setRowCount(0)
        for option in found.options:
            self._proposals.appendRow([QStandardItem(shown(option.text)), QStandardItem(shown(option.help))])
        # A window of its own, which has no parent whose style it could have.
        if self._popup.styleSheet() != (sheet := self.window().styleSheet()):
            self._popup.setStyleSheet(sheet)
        self._completer.complete()
        self._popup.setMinimumWidth(min(self.edit.width(), 520))

    def _on_proposal_chosen(self, text: str) -> None:
        found = self._offered
        written = self.edit.text()
        self.edit.setText(f"{written[: found.start]}{text} {written[found.end :].lstrip()}")
        self.edit.setCursorPosition(found.start + len(text) + 1)
        self._offer(asked=True)
