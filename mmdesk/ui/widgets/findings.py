"""Sentences with a sign: what is wrong, what to mind, what is fine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtWidgets import QWidget

from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Label, boxed, column, row
from mmdesk.ui.widgets.fit import hold_height
from mmdesk.ui.widgets.notice import Picture


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    GOOD = "good"
    NOTE = "note"


_SIGNS = {
    Severity.ERROR: ("failed", "bad", tr("Error")),
    Severity.WARNING: ("warning", "warn", tr("Warning")),
    Severity.GOOD: ("done", "good", tr("Fine")),
    Severity.NOTE: ("info", "muted", tr("Note")),
}


@dataclass(frozen=True)
class Sentence:
    """What was found and what to do about it."""

    severity: Severity
    text: str
    hint: str = ""


class SentenceList(QWidget):
    """Sentences one under the other; empty takes no room."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = column(self, spacing=SPACE_S)
        hold_height(self, self._rows.minimumHeightForWidth)

    def show_sentences(self, sentences: Sequence[Sentence]) -> None:
        """Replace them all."""
        while (item := self._rows.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        for sentence in sentences:
            self._rows.addWidget(_line(sentence))
        self.setVisible(bool(sentences))


def _line(sentence: Sentence) -> QWidget:
    icon, role, name = _SIGNS[sentence.severity]
    picture = Picture(icon, role, 18)
    picture.setAccessibleName(name)
    words = column(None, Label(sentence.text, wrap=True), spacing=1)
    if sentence.hint:
        words.addWidget(Label(sentence.hint, "small", wrap=True))
    sign = column(None, picture, None)
    layout = row(None, sign, words)
    layout.setStretch(1, 1)
    line = boxed(layout)
    line.setAccessibleName(f"{name}: {sentence.text}")
    return line
