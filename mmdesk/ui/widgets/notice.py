"""What stands in the place of content that is not there: nothing yet, not yet, or not possible."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QProgressBar, QStackedWidget, QWidget

from mmdesk.ui.colours import SPACE_L, SPACE_M, current
from mmdesk.ui.formatting import breakable, tool_tip
from mmdesk.ui.icons import pixmap
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Button, Fold, Label, boxed, column, row
from mmdesk.ui.widgets.fit import by_letters, hold_height, letters

_COMFORTABLE = 460
"""Pixels that a line is long at most, with letters of 10 points."""
_LONGEST = 16
"""Letters of a word in a title; there may be little room."""
_HASH = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20,}\b")
"""Its first digits tell it from all others; the tool tip has them all."""
_ANY_HEIGHT = 0xFFFFFF


class Picture(QLabel):
    """An icon of the set, large, that follows the theme and the letters."""

    # On the class: Qt sends the first change of the font before a constructor of ours has run.
    _name = ""

    def __init__(self, name: str, role: str = "muted", size: int = 40) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._name, self._role, self._size = name, role, size
        self._paint()

    def show_icon(self, name: str, role: str) -> None:
        """Another icon."""
        self._name, self._role = name, role
        self._paint()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.PaletteChange, QEvent.Type.FontChange} and self._name:
            self._paint()

    def _paint(self) -> None:
        colour, size = getattr(current(), self._role), round(self._size * letters(self))
        self.setPixmap(pixmap(self._name, colour, size, self.devicePixelRatioF()))


class _Words(Label):
    """Centred words that take a comfortable width before they break into lines."""

    _follow: Callable[[], None] | None = None  # the first text comes before there is one

    def __init__(self, kind: str) -> None:
        super().__init__("", kind, wrap=True)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.setMinimumWidth(160)
        by_letters(self, self.setMaximumWidth, _COMFORTABLE)
        self._follow = hold_height(self, self.heightForWidth)

    def sizeHint(self) -> QSize:
        """As wide as the text, up to a comfortable line."""
        longest = max(self.fontMetrics().horizontalAdvance(line) for line in self.text().split("\n")) + 8
        width = min(longest, self.maximumWidth())
        return QSize(width, self.heightForWidth(width))

    def heightForWidth(self, width: int) -> int:
        """What the lines take: the answer of Qt is never less than the smallest height, which is held at this one."""
        room = QRect(0, 0, width, _ANY_HEIGHT)
        return self.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, self.text()).height()

    def setText(self, text: str) -> None:
        """Other words, perhaps more lines of them."""
        super().setText(text)
        if self._follow is not None:
            self._follow()


class Notice(QWidget):
    """Icon, title, a sentence or two, perhaps a button and folded details, in the middle of the room it has."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Notice"))
        self._picture = Picture("info")
        self.title = _Words("heading")
        self.text = _Words("muted")
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setAccessibleName(tr("Details"))
        self._details.setMaximumHeight(160)
        self._fold = Fold(tr("Details"), self._details)
        self._bar = QProgressBar()
        self._bar.setAccessibleName(tr("Progress"))
        self._bar.setTextVisible(False)
        self._buttons = row(None, None, None)
        self._bar.setFixedWidth(240)
        centre = Qt.AlignmentFlag.AlignHCenter
        body = column(None, spacing=SPACE_M)
        for part in (self._picture, self.title, self.text, self._bar):
            body.addWidget(part, 0, centre)
        body.addLayout(self._buttons)
        body.addWidget(self._fold)
        column(self, None, row(None, None, body, None), None, margin=SPACE_L)
        self._shown_buttons: list[Button] = []

    def say(  # one call says all, so nothing of an earlier notice stays
        self,
        icon: str,
        title: str,
        text: str = "",
        *,
        role: str = "muted",
        details: str = "",
        button: str = "",
        on_button: Callable[[], object] | None = None,
        busy: bool = False,
    ) -> None:
        """Replace everything that is said."""
        self._picture.show_icon(icon, role)
        self.title.setText(breakable(_HASH.sub(r"\1…", title), _LONGEST))
        self.title.setToolTip(tool_tip(title) if _HASH.search(title) else "")
        self.text.setText(breakable(text))
        self.text.setVisible(bool(text))
        self._details.setPlainText(details)
        self._fold.setVisible(bool(details))
        self._fold.set_open(False)
        self._bar.setVisible(busy)
        self._bar.setRange(0, 0 if busy else 1)
        for gone in self._shown_buttons:
            self._buttons.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        self._shown_buttons = []
        if button and on_button is not None:
            made = Button(button, on_button, kind="primary")
            self._shown_buttons.append(made)
            self._buttons.insertWidget(1, made)

    def progress(self, share: float | None, text: str) -> None:
        """Move the bar of a busy notice; None = nobody knows how far. An empty text leaves what is said."""
        self._bar.setRange(0, 0 if share is None else 1000)
        if share is not None:
            self._bar.setValue(round(share * 1000))
        if text:
            self.text.setText(breakable(text))
            self.text.show()


class Stateful(QStackedWidget):
    """Content that is sometimes empty, on its way, or failed; then a :class:`Notice` stands there instead.

    ``turned`` comes whenever it is another of these.
    """

    turned = Signal()

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.content = content
        self.busy = False
        self._notice: Notice | None = None
        self.addWidget(content)

    @property
    def notice(self) -> Notice:
        """What stands there instead; made when there is something to say, for most have nothing to say for long."""
        if self._notice is None:
            self._notice = Notice()
            self.addWidget(self._notice)
        return self._notice

    @property
    def showing_content(self) -> bool:
        """The content itself is shown."""
        return self.currentWidget() is self.content

    def show_content(self) -> None:
        """The content is there."""
        self.setCurrentWidget(self.content)
        if self._notice is not None:
            self._notice.progress(1.0, "")
        self._turn(busy=False)

    def _turn(self, *, busy: bool) -> None:
        self.busy = busy
        self.turned.emit()

    def show_empty(
        self, icon: str, title: str, text: str, button: str = "", on_button: Callable[[], object] | None = None
    ) -> None:
        """Nothing is there yet, and this is how to change that."""
        self.notice.say(icon, title, text, button=button, on_button=on_button)
        self.setCurrentWidget(self.notice)
        self._turn(busy=False)

    def show_busy(self, title: str, text: str = "") -> None:
        """It is on its way."""
        self.notice.say("clock", title, text, busy=True)
        self.setCurrentWidget(self.notice)
        self._turn(busy=True)

    def show_error(
        self,
        message: str,
        hint: str,
        details: str = "",
        button: str = "",
        on_button: Callable[[], object] | None = None,
    ) -> None:
        """It cannot be: what happened and what to do."""
        self.notice.say("failed", message, hint, role="bad", details=details, button=button, on_button=on_button)
        self.setCurrentWidget(self.notice)
        self._turn(busy=False)


def centred(widget: QWidget) -> QWidget:
    """``widget`` in the middle of a page."""
    return boxed(row(None, None, column(None, None, widget, None), None))
