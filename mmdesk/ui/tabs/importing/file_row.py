"""One of the chosen files in the list."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QToolButton, QWidget

from mmdesk.engine.core.types import Table
from mmdesk.ui.colours import SPACE_XS
from mmdesk.ui.engine_words import in_capitals
from mmdesk.ui.formatting import menu_text, tool_tip
from mmdesk.ui.icons import put_icon
from mmdesk.ui.language import tr
from mmdesk.ui.tabs.importing.plan import FilePlan
from mmdesk.ui.widgets.basics import IconButton
from mmdesk.ui.widgets.fields import Choice
from mmdesk.ui.widgets.fit import icons_by_letters

_TABLES: list[tuple[str, Table | None]] = [
    (tr("Which table?"), None),
    *((in_capitals(table.value), table) for table in Table),
]

_GAP = "  "
"""Between icon and name."""
_LETTERS = 34
"""Room for a name and its table beside each other."""


class FileRow(QWidget):
    """A file's name, what it is taken for, and a way to leave it out."""

    chosen = Signal()
    table_chosen = Signal(object)
    removed = Signal()

    def __init__(self, plan: FilePlan) -> None:
        super().__init__()
        self.name = QToolButton()
        icons_by_letters(self.name, 16)
        self.name.setProperty("kind", "nav")
        self.name.setCheckable(True)
        self.name.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        put_icon(self.name, "table")
        self.name.setToolTip(tool_tip(f"{plan.path}{f', {plan.part}' if plan.part else ''}"))
        self.name.setAccessibleName(tr("Show {name}", name=plan.name))
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        several = plan.name != plan.path.name
        self._full = plan.part.rpartition("/")[2] if several else plan.path.name
        self.box = Choice(tr("Table of {name}", name=plan.name), _TABLES, 9)
        self.box.set_value(plan.table)
        self.drop = IconButton("close", tr("Leave {name} out", name=plan.name), self.removed.emit)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE_XS)
        self._grid.setColumnStretch(0, 1)
        self._arrange()
        self.name.clicked.connect(self.chosen)
        self.box.value_changed.connect(self.table_chosen)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Beside each other where there is room for both, else under each other; the name is cut at last."""
        super().resizeEvent(event)
        self._arrange()
        self.name.setText(_GAP)
        room = self.name.width() - self.name.sizeHint().width()  # what the style puts around it grows with the letters
        text = self.name.fontMetrics().elidedText(self._full, Qt.TextElideMode.ElideMiddle, max(room, 20))
        self.name.setText(_GAP + menu_text(text))

    def _arrange(self) -> None:
        narrow = self.width() < _LETTERS * self.fontMetrics().averageCharWidth()
        self._grid.addWidget(self.name, 0, 0)
        self._grid.addWidget(self.box, *((1, 0, 1, 2) if narrow else (0, 1, 1, 1)))
        self._grid.addWidget(self.drop, 0, 1 if narrow else 2)
        self._grid.activate()
