"""Starting the window."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from mmdesk.ui.crash import CrashDialog
from mmdesk.ui.icons import application_icon
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.language import GIVEN, LANGUAGE, VARIABLE, speak_for_qt
from mmdesk.ui.settings import Settings
from mmdesk.ui.theme import Theme
from mmdesk.ui.window import MainWindow

_SETTLED_MS = 3000
"""After this the libraries are loaded and the tabs are built."""
_SWITCH_S = 0.0001


class Application(QApplication):
    """``file_asked`` carries a file that the system wants shown: macOS tells a running program so, with no argument."""

    file_asked = Signal(object)

    def event(self, event: QEvent) -> bool:
        """Those to the application itself; a filter would be asked about every event of every widget."""
        if isinstance(event, QFileOpenEvent) and event.file():
            self.file_asked.emit(Path(event.file()))
            return True
        return super().event(event)


def application() -> QApplication:
    """The one application object, made if it is not there yet."""
    present = QApplication.instance()
    if isinstance(present, QApplication):
        return present
    made = Application(sys.argv[:1])
    made.setApplicationName("mmdesk")
    made.setDesktopFileName("mmdesk")
    made.setWindowIcon(application_icon())
    speak_for_qt(made)
    return made


def share_the_interpreter() -> None:
    """Let the window's thread wait for the interpreter's lock a fiftieth as long as Python would.

    Another thread that reckons in Python gives the lock up only when it was asked for five milliseconds, and Qt lets
    go of it and asks for it again many times in drawing one table.
    Source: Python's manual, sys.setswitchinterval
    """
    sys.setswitchinterval(_SWITCH_S)


def make_window(app: QApplication) -> MainWindow:
    """The window with everything it needs, in the remembered appearance; not shown yet."""
    share_the_interpreter()
    settings = Settings()
    theme = Theme(app)
    theme.start(settings.appearance, settings.points)
    return MainWindow(Jobs(), theme, settings)


def spare_the_collector(window: MainWindow) -> None:
    """Let the garbage collector never look at what is made now and stays: libraries, commands, tabs.

    Each time it looks at everything it takes all of that in, and the window stands still for a tenth of a second. So it
    rests until the window has settled; of what it looks at then, nothing is that old.
    Source: Python's manual, gc.freeze
    """
    window.collector.rest(_SETTLED_MS)


def run_window(case: Path | None) -> int:
    """Show the window and stay until it is closed.

    Args:
        case: A case folder or its ``case.mmcase`` to open at once; None shows the start page.

    Returns:
        The exit status, 0.
    """
    os.environ[VARIABLE] = LANGUAGE  # the processes that work for this window speak as it does, whatever is chosen now
    app = application()
    window = make_window(app)
    crash = CrashDialog(window, window.settings, window.jobs)
    crash.install()
    # Ctrl+C in the terminal: Qt's loop would not let Python see it, and the workers end by themselves.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if isinstance(app, Application):
        app.file_asked.connect(window.open_file)
    window.show()
    spare_the_collector(window)
    if case is not None:
        QTimer.singleShot(0, window, lambda: window.open_case(case))
    try:
        status = app.exec()
    finally:
        crash.remove()
    if window.restarts is not None:
        start_anew(window.restarts)
    return status


def start_anew(case: Path) -> None:
    """Start the program again, beside this process that is about to end.

    Args:
        case: A case folder to open at once; the empty path shows the start page.
    """
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "mmdesk"]
    words = [str(case / "case.mmcase")] if case != Path() else []
    given = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if GIVEN:
        given[VARIABLE] = GIVEN
    subprocess.Popen([*program, *words], env=given, start_new_session=True)
