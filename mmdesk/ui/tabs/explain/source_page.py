"""The file that a piece of evidence came from, around its line, with its hash checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontDatabase, QShowEvent, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from mmdesk.ui import explain_calls
from mmdesk.ui.colours import SPACE_S, current
from mmdesk.ui.desk import Desk
from mmdesk.ui.formatting import shown
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr
from mmdesk.ui.tabs.explain.wording import custody_phrase
from mmdesk.ui.widgets.basics import ElidedLabel, boxed, column
from mmdesk.ui.widgets.notice import Stateful

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Item
    from mmdesk.engine.services.source_lines import SourceLines

_LONGEST = 2000


class SourcePage(QWidget):
    """Reads the file when somebody looks at it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._item: Item | None = None
        self._loaded = True
        self._where = ElidedLabel("", "strong", Qt.TextElideMode.ElideMiddle)
        self._checked = ElidedLabel("", "small", Qt.TextElideMode.ElideMiddle)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName(tr("Lines of the file"))
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        page = column(None, self._where, self._checked, self.text, spacing=SPACE_S)
        page.setStretch(2, 1)
        self._state = Stateful(boxed(page))
        column(self, self._state)
        self.show_item(None)

    def show_item(self, item: Item | None) -> None:
        """Another piece of evidence; None: none is chosen."""
        self._desk.jobs.supersede("explain.lines")
        self._item, self._loaded = item, item is None
        if item is None:
            self._state.show_empty(
                "table", tr("No evidence is chosen"), tr("Choose a piece of it to see the line it came from.")
            )
        elif self.isVisible():
            self._load()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what was chosen meanwhile."""
        super().showEvent(event)
        self._load()

    def _load(self) -> None:
        if self._loaded or self._item is None:
            return
        self._loaded = True
        self._state.show_busy(tr("Reading the file"))
        self._desk.jobs.submit(
            Lane.IO, explain_calls.source_lines, self._desk.session.folder, self._item, key="explain.lines", owner=self,
            on_success=self._on_read, on_failure=self._on_failed,
        )  # fmt: skip

    def _again(self) -> None:
        self._loaded = False
        self._load()

    def _on_failed(self, failure: Failure) -> None:
        self._state.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self._again)

    def _on_read(self, found: SourceLines | None) -> None:
        if found is None:
            self._state.show_empty(
                "table",
                tr("It has no line in a file"),
                tr("It was not imported from a table, or stands for several rows."),
            )
            return
        matches = found.standing.value == "matches"
        said = custody_phrase(found.standing.value)
        if found.problem:
            self._state.show_empty(
                "warning",
                found.problem,
                tr("{name}, line {line:,}: {said}.", name=shown(found.name, 200), line=found.line, said=said),
                tr("Read it again"),
                self._again,
            )
            return
        self._where.set_text(tr("{path}, line {line:,}", path=found.path, line=found.line))
        self._checked.set_text(tr("{said} · SHA-256 {found_sha256}", said=said, found_sha256=found.found_sha256))
        self._checked.set_kind("small" if matches else "bad")
        self._show_lines(found)
        self._state.show_content()

    def _show_lines(self, found: SourceLines) -> None:
        wide = len(str(found.first + len(found.lines)))
        lines = [(found.first + n, line) for n, line in enumerate(found.lines)]
        rows = [f"{number:>{wide}}  {shown(line, _LONGEST)}" for number, line in lines]
        at = found.line - found.first
        if found.first > 1:
            rows = [f"{1:>{wide}}  {shown(found.header, _LONGEST)}", f"{'…':>{wide}}", *rows]
            at += 2
        self.text.setPlainText("\n".join(rows))
        block = self.text.document().findBlockByNumber(at)
        mark = QTextEdit.ExtraSelection()
        mark.cursor = QTextCursor(block)
        mark.format.setBackground(QColor(current().accent_soft))
        mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        self.text.setExtraSelections([mark])
        self.text.setTextCursor(QTextCursor(block))
        self.text.centerCursor()
        self.text.setAccessibleDescription(
            tr("Line {line:,}: {lines}", line=found.line, lines=shown(found.lines[found.line - found.first], 300))
        )
