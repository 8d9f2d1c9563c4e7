"""Drives one window through its states, saves what it shows, and notes what does not fit or cannot be read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QDialog, QWidget

import mmdesk.ui  # noqa: F401  # before Qt
from mmdesk.engine.core.jobs import JobContext
from mmdesk.ui.colours import Appearance, current
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.language import tr
from mmdesk.ui.settings import Settings
from mmdesk.ui.theme import Theme
from mmdesk.ui.window import MainWindow
from tests.ui.fitting import cut
from tests.ui.looking import faint, unspoken

SIZE = (1280, 720)
_FOLDER = {Appearance.LIGHT: "light", Appearance.DARK: "dark", Appearance.HIGH_CONTRAST: "high"}


class Photographer:
    """A window, and where its pictures go.

    Args:
        app: The application.
        out: A folder for the pictures.
        case: A case with everything in it and trained runs; it is changed.
        data: The files that it was made from.
        appearances: What each state is shown in; the first is what the tour goes on in.
        points: Size of the letters; 10 is usual, 20 is twice as large.
    """

    def __init__(
        self,
        app: QApplication,
        out: Path,
        case: Path,
        data: Path,
        appearances: Sequence[Appearance] = (Appearance.LIGHT, Appearance.DARK),
        points: int = 10,
    ) -> None:
        self.app, self.out, self.case, self.data = app, out, case, data
        self.appearances = tuple(appearances)
        self.theme = Theme(app)
        self.theme.start(self.appearances[0], points)
        self.window = MainWindow(Jobs(), self.theme, Settings())
        self.window.resize(*SIZE)
        self.window.show()
        self.window.build_rooms()
        self.taken: list[Path] = []
        self.findings: list[str] = []
        self.dialogs: set[str] = set()

    def settle(self, seconds: float = 0.15, *, idle: bool = True) -> None:
        """Let the window work until nothing runs any more, and a little longer."""
        end = time.monotonic() + 300
        quiet_since = time.monotonic()
        while time.monotonic() < end:
            self.app.processEvents()
            time.sleep(0.005)
            if idle and self.window.jobs.live:
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > seconds:
                return
        raise TimeoutError("the window never came to rest")

    def wait(self, condition: Callable[[], bool], seconds: float = 300) -> None:
        """Let the window work until ``condition`` holds."""
        end = time.monotonic() + seconds
        while not condition():
            self.app.processEvents()
            time.sleep(0.002)
            if time.monotonic() > end:
                raise TimeoutError("it never came about")

    @contextmanager
    def held(self, *lanes: Lane) -> Iterator[None]:
        """Whatever is submitted to these lanes waits behind a job that ends with the block."""
        with TemporaryDirectory() as folder:
            gate = Path(folder) / "gate"
            gate.touch()
            for lane in lanes:
                for _ in range(2 if lane is Lane.IO else 1):
                    self.window.jobs.submit(lane, wait_until_gone, gate)
            self.settle(0.3, idle=False)
            yield
            gate.unlink()
            self.settle()

    def shoot(self, name: str, *, both: bool = True) -> None:
        """Save the window as it is, in every appearance; without ``both`` in the first alone."""
        self.window.strip.tell(tr("Ready"), "info", "muted")
        for appearance in self.appearances if both else self.appearances[:1]:
            if self.theme.appearance is not appearance:
                self.theme.choose(appearance)
            for _ in range(12):
                self.app.processEvents()
                time.sleep(0.01)
            file = self.out / f"{name}-{_FOLDER[appearance]}.png"
            self._picture().save(str(file))
            self.taken.append(file)
            self._look(file.stem)
        self.theme.choose(self.appearances[0])

    def _look(self, name: str) -> None:
        if self.window.drops.veil.isVisible():
            return  # it is to dim whatever lies under it
        shown = [one for one in self.window.findChildren(QDialog) if one.isVisible()]
        self.dialogs |= {type(one).__name__ for one in shown}
        widgets: list[tuple[QWidget, QSize | None]] = [
            (self.window, self.window.size()),
            *((one, None) for one in shown),
        ]
        if (self.window.width(), self.window.height()) > SIZE:
            widgets[0] = (self.window, QSize(*SIZE))
        for widget, size in widgets:
            self.findings += [f"{name}: {one}" for one in (*cut(widget, size), *faint(widget), *unspoken(widget))]

    def _picture(self) -> QPixmap:
        picture = self.window.grab()
        for dialog in self.window.findChildren(QDialog):
            if dialog.isVisible():
                painter = QPainter(picture)
                # Where a desktop would put it; without one it lies anywhere.
                place = self.window.rect().center() - dialog.rect().center()
                place = QPoint(max(place.x(), 0), max(place.y(), 0))
                painter.drawPixmap(place, dialog.grab())
                painter.setPen(QColor(current().control))  # the frame that a desktop would draw
                painter.drawRect(QRect(place, dialog.size()).adjusted(0, 0, -1, -1))
                painter.end()
        return picture

    def close_dialogs(self) -> None:
        """Close whatever dialogs are open."""
        for dialog in self.window.findChildren(QDialog):
            dialog.close()
        self.settle(0.05, idle=False)


def wait_until_gone(file: Path, *, ctx: JobContext) -> None:
    """A job that does nothing until ``file`` is gone."""
    while file.exists():
        ctx.check_cancelled()
        time.sleep(0.02)
