"""What is seen while no case is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QWidget

from mmdesk.ui.colours import SPACE_L, SPACE_M, SPACE_S, SPACE_XL, SPACE_XS
from mmdesk.ui.formatting import exact_time, relative_time, tool_tip
from mmdesk.ui.icons import application_icon
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Card, ElidedLabel, IconButton, Label, boxed, column, frame, row, scrolled
from mmdesk.ui.widgets.fit import Uncut, by_letters, hold_height
from mmdesk.ui.widgets.notice import Picture
from mmdesk.ui.widgets.tile import Tile, choice

_LARGEST_LIST = 12


@dataclass(frozen=True)
class Recent:
    """A case on the list; ``missing`` = its folder is not there now."""

    folder: str
    name: str
    opened_us: int
    missing: bool = False


class _RecentRow(QWidget):
    def __init__(self, case: Recent) -> None:
        super().__init__()
        where = ElidedLabel(case.folder, "small", Qt.TextElideMode.ElideMiddle)
        when = Label(tr("not found") if case.missing else relative_time(case.opened_us), "small")
        when.setToolTip(tool_tip(exact_time(case.opened_us)))
        words = column(None, ElidedLabel(case.name, "strong"), where, spacing=2)
        self.open = Tile(tr("Open {name}", name=case.name), case.folder, words, when, stretch=0)
        self.open.setEnabled(not case.missing)
        self.forget = IconButton("close", tr("Take {name} off this list", name=case.name))
        line = row(self, self.open, self.forget, spacing=SPACE_XS)
        line.setStretch(0, 1)


def centre(widget: QWidget) -> QWidget:
    """In the middle of the line."""
    return boxed(row(None, None, widget, None))


class StartPage(QWidget):
    """Signals for what can be chosen; paths are texts."""

    new_asked = Signal()
    open_asked = Signal()
    sample_asked = Signal()
    recent_asked = Signal(str)
    forget_asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Start page"))
        left = self._left()
        self._list = column(None, spacing=SPACE_S)
        self._recent = Card(tr("Recent cases"), scrolled(boxed(column(None, self._list, None))))
        by_letters(left, left.setMinimumWidth, 290)
        by_letters(left, left.setMaximumWidth, 380)
        page = row(None, left, self._recent, spacing=SPACE_XL)
        page.setStretch(0, 3)
        page.setStretch(1, 5)
        inner = boxed(page)
        by_letters(inner, inner.setMaximumWidth, 1040)
        by_letters(inner, inner.setMaximumHeight, 560)
        outer = row(None, None, inner, None, margin=SPACE_XL)
        outer.setStretch(1, 20)
        column(self, Uncut(boxed(outer)))
        self.show_recent(())

    def _left(self) -> QWidget:
        mark = QLabel()
        mark.setPixmap(application_icon().pixmap(56, 56))
        said = Label(tr("Offline case analysis, explained"), "muted", wrap=True, snug=True)
        head = row(None, mark, column(None, Label("mmdesk", "title"), said, spacing=0), spacing=SPACE_L)
        head.setStretch(1, 1)
        new = choice("folder-new", tr("New case"), tr("An empty case in a folder of its own"), self.new_asked.emit)
        old = choice("folder-open", tr("Open a case"), tr("Choose its folder or its case.mmcase"), self.open_asked.emit)
        made_up = tr("Made up, with planted causes to find")
        sample = choice("sample", tr("Sample case"), made_up, self.sample_asked.emit)
        self.first = new
        drop = frame("drop")
        hint = Label(tr("Or drop a case folder anywhere on this window."), "muted", wrap=True)
        row(drop, Picture("import", "muted", 20), hint, spacing=SPACE_M, margin=SPACE_M).setStretch(1, 1)
        layout = column(None, head, SPACE_L, new, old, sample, SPACE_S, drop, None, spacing=SPACE_M)
        left = boxed(layout)
        hold_height(left, layout.minimumHeightForWidth)
        return left

    def show_recent(self, cases: Sequence[Recent]) -> None:
        """The list, the latest first; the latest is what one usually goes on with."""
        while (item := self._list.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        if not cases:
            text = Label(tr("Cases you open are listed here."), "muted")
            nothing = row(None, None, column(None, 150, centre(Picture("clock")), centre(text)), None)
            self._list.addWidget(boxed(nothing))
            return
        for number, case in enumerate(cases[:_LARGEST_LIST]):
            if number == 0:
                self._list.addWidget(Label(tr("Go on with"), "small"))
            elif number == 1:
                self._list.addSpacing(SPACE_S)
                self._list.addWidget(Label(tr("Earlier"), "small"))
            line = _RecentRow(case)
            line.open.clicked.connect(lambda _c=False, folder=case.folder: self.recent_asked.emit(folder))
            line.forget.clicked.connect(lambda _c=False, folder=case.folder: self.forget_asked.emit(folder))
            self._list.addWidget(line)
