"""A model card as a page: our own headings, tables and lists; the words in it stay words, whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from PySide6.QtCore import QEvent
from PySide6.QtGui import (
    QColor,
    QFont,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextLength,
    QTextListFormat,
    QTextTableFormat,
)
from PySide6.QtWidgets import QTextEdit

from mmdesk.ui.colours import current
from mmdesk.ui.formatting import shown


class CardView(QTextEdit):
    """Shows the subset of Markdown that :mod:`mmdesk.engine.training.model_card` writes; nothing is read as markup."""

    # On the class: Qt sends the first palette change before a constructor of ours has run.
    _text = ""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setAccessibleName(name)
        self.setProperty("kind", "card")
        self.document().setDocumentMargin(12)

    def show_card(self, text: str) -> None:
        """Show another card."""
        self._text = text
        self.clear()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()  # else everything is laid out anew with each cell of a table
        for kind, lines in _blocks(text):
            if kind == "table":
                self._table(cursor, lines)
            elif kind == "item":
                self._items(cursor, lines)
            else:
                size = {"#": 1.5, "##": 1.2}.get(kind, 1.0)
                self._line(cursor, " ".join(lines), size, above=14 if kind == "##" else 4)
        cursor.endEditBlock()
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.PaletteChange, QEvent.Type.FontChange} and self._text:
            self.show_card(self._text)

    def _format(self, size: float, *, bold: bool = False, muted: bool = False) -> QTextCharFormat:
        made = QTextCharFormat()
        font = QFont(self.font())
        if font.pointSizeF() > 0:
            font.setPointSizeF(font.pointSizeF() * size)
        font.setBold(bold or size > 1)
        made.setFont(font)
        made.setForeground(QColor(current().muted if muted else current().text))
        return made

    def _start(self, cursor: QTextCursor, above: int) -> None:
        """A new block, or the empty one that is there."""
        cursor.movePosition(QTextCursor.MoveOperation.End)
        block = QTextBlockFormat()
        block.setTopMargin(above)
        if cursor.block().length() > 1 or cursor.currentList() is not None or cursor.currentTable() is not None:
            cursor.insertBlock()
        cursor.setBlockFormat(block)

    def _line(self, cursor: QTextCursor, text: str, size: float, above: int) -> None:
        self._start(cursor, above)
        cursor.insertText(shown(text, 5000), self._format(size))

    def _items(self, cursor: QTextCursor, lines: list[str]) -> None:
        style = QTextListFormat()
        style.setStyle(QTextListFormat.Style.ListDisc)
        style.setIndent(1)
        self._start(cursor, 2)
        made = cursor.createList(style)
        for place, line in enumerate(lines):
            if place:
                cursor.insertBlock()
                made.add(cursor.block())
            cursor.insertText(shown(line, 5000), self._format(1.0))
        cursor.insertBlock()
        block = cursor.block()
        made.remove(block)
        cursor.setBlockFormat(QTextBlockFormat())

    def _table(self, cursor: QTextCursor, lines: list[str]) -> None:
        rows = [_cells(line) for line in lines]
        rows = [row for row in rows if row and not all(re.fullmatch(r"-+", cell) for cell in row)]
        if not rows:
            return
        style = QTextTableFormat()
        style.setCellPadding(4)
        style.setCellSpacing(0)
        style.setBorder(0)
        style.setTopMargin(4)
        style.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
        self._start(cursor, 4)
        width = max(len(row) for row in rows)
        table = cursor.insertTable(len(rows), width, style)
        for place, row in enumerate(rows):
            for number, cell in enumerate(row):
                at = table.cellAt(place, number).firstCursorPosition()
                at.insertText(shown(cell, 1000), self._format(1.0, bold=place == 0, muted=place == 0))
        cursor.movePosition(QTextCursor.MoveOperation.End)


def _blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Kind (``#``, ``##``, ``table``, ``item``, ``text``) and lines of each piece; lines that go on are joined."""
    for empty, group in groupby(text.splitlines(), key=lambda line: not line.strip()):
        if empty:
            continue
        for kind, lines in groupby(_joined(group), key=_kind):
            found = [line.removeprefix("- ").lstrip("#").strip() for line in lines]
            if kind in {"#", "##"}:
                yield from ((kind, [line]) for line in found)
            else:
                yield kind, found


def _joined(lines: Iterator[str]) -> Iterator[str]:
    waiting = ""
    for line in lines:
        if line.startswith("  ") and waiting:
            waiting = f"{waiting.rstrip()} {line.strip()}"
            continue
        if waiting:
            yield waiting
        waiting = line
    if waiting:
        yield waiting


def _kind(line: str) -> str:
    match = re.match(r"(##?) ", line)
    if match:
        return match.group(1)
    return "table" if line.startswith("|") else "item" if line.startswith("- ") else "text"


def _cells(line: str) -> list[str]:
    """The cells of a line of a table; a bar inside one is written with a backslash."""
    parts = re.split(r"(?<!\\)\|", line.strip())
    return [part.strip().replace("\\|", "|") for part in parts[1:-1]]
