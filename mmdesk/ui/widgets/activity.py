"""The strip at the bottom: what runs, how far it is, how long it will take, and a way to stop it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QWidget

from mmdesk.ui.colours import SPACE_L, SPACE_M, SPACE_XS
from mmdesk.ui.formatting import duration, percent
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Button, ElidedLabel, Label, column, row
from mmdesk.ui.widgets.notice import Picture

_KEEP_NEWS_MS = 12_000


@dataclass(frozen=True)
class Activity:
    """A job as the strip shows it.

    Attributes:
        key: Tells it from the others.
        title: What it does.
        text: What it is at just now.
        share: Between 0 and 1; None = nobody knows.
        left_s: Seconds left; None = too early to say.
        waiting: It has not begun.
        stopping: It was asked to stop.
    """

    key: int
    title: str
    text: str = ""
    share: float | None = None
    left_s: float | None = None
    waiting: bool = False
    stopping: bool = False


class _Row(QWidget):
    def __init__(self, activity: Activity) -> None:
        super().__init__()
        self._title = ElidedLabel(activity.title, "strong")
        self._text = ElidedLabel("", "muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(180)
        self._bar.setAccessibleName(tr("Progress of {title}", title=activity.title))
        self._share = Label("", "muted")
        self._left = Label("", "muted")
        self.cancel = Button(tr("Cancel"))
        self.cancel.setAccessibleName(tr("Cancel {title}", title=activity.title))
        layout = row(self, self._title, self._text, self._bar, self._share, self._left, self.cancel, spacing=SPACE_M)
        layout.setStretchFactor(self._text, 1)
        width = self._share.fontMetrics().horizontalAdvance
        self._share.setMinimumWidth(width("100 %"))
        self._left.setMinimumWidth(width(tr("10 min 00 s left")))
        self.show_activity(activity)

    def show_activity(self, activity: Activity) -> None:
        text = tr("waiting for its turn") if activity.waiting else activity.text
        self._text.set_text(tr("stopping at the next safe point") if activity.stopping else text)
        self._bar.setRange(0, 0 if activity.share is None and not activity.waiting else 1000)
        self._bar.setValue(round((activity.share or 0.0) * 1000))
        self._share.setText("" if activity.share is None else percent(activity.share))
        self._left.setText("" if activity.left_s is None else tr("{time} left", time=duration(activity.left_s)))
        self.cancel.setEnabled(not activity.stopping)


class ActivityStrip(QFrame):
    """Rows of running jobs above one line of news.

    ``cancel_asked`` carries an activity's key; ``left`` comes before a row goes that has the keyboard.
    """

    cancel_asked = Signal(int)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "strip")
        self.setAccessibleName(tr("Activity"))
        self._rows: dict[int, _Row] = {}
        self._icon = Picture("info", "muted", 16)
        self._news = ElidedLabel(tr("Ready"), "muted")
        self._list = column(None, spacing=SPACE_XS)
        news = row(None, self._icon, self._news)
        news.setStretchFactor(self._news, 1)
        column(self, self._list, news, spacing=SPACE_XS, margin=(SPACE_L, SPACE_XS, SPACE_L, SPACE_XS))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_KEEP_NEWS_MS)
        self._timer.timeout.connect(self._on_news_old)

    def show_activity(self, activity: Activity) -> None:
        """Add a row or bring it up to date."""
        if activity.key in self._rows:
            self._rows[activity.key].show_activity(activity)
            return
        made = _Row(activity)
        made.cancel.clicked.connect(lambda: self.cancel_asked.emit(activity.key))
        self._rows[activity.key] = made
        self._list.addWidget(made)

    def remove(self, key: int) -> None:
        """The job has ended."""
        gone = self._rows.pop(key, None)
        if gone is not None:
            if gone.cancel.hasFocus():
                self.left.emit()
            self._list.removeWidget(gone)
            gone.hide()
            gone.deleteLater()

    def take_keys(self) -> None:
        """Give the keyboard to the first job that can be cancelled."""
        possible = [one.cancel for one in self._rows.values() if one.cancel.isEnabled()]
        if possible:
            possible[0].setFocus()

    def tell(self, text: str, icon: str = "info", role: str = "muted", *, stays: bool = False) -> None:
        """One line of news; it goes after a while unless it ``stays``."""
        self._icon.show_icon(icon, role)
        self._news.set_text(text)
        self._timer.stop()
        if not stays:
            self._timer.start()

    @property
    def news(self) -> str:
        """What the line says."""
        return self._news.text()

    def stop(self) -> None:
        """No timer outlives the window."""
        self._timer.stop()

    def _on_news_old(self) -> None:
        self._icon.show_icon("info", "muted")
        self._news.set_text(tr("Ready"))
