"""What happens when the window itself is at fault: a line in the log, and a dialog instead of a silent death."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType

from PySide6.QtWidgets import QWidget

from mmdesk.ui import choosers

logger = logging.getLogger("mmdesk")


class CrashDialog:
    """Takes the place of ``sys.excepthook``; an exception in a slot of Qt's ends there.

    Args:
        window: The dialog's parent.
    """

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._shown = False
        self._before = sys.excepthook

    def install(self) -> None:
        """From now on."""
        sys.excepthook = self

    def remove(self) -> None:
        """As it was before."""
        if sys.excepthook is self:
            sys.excepthook = self._before

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log the fault; show the first one, since a broken paint event would bring one after the other."""
        if issubclass(kind, KeyboardInterrupt):
            self._window.close()
            return
        logger.error("a bug in the window", exc_info=(kind, error, trace))
        if self._shown:
            return
        self._shown = True
        box = choosers.show_error(
            self._window,
            "Something went wrong inside mmdesk.",
            "Your case is safe: every change is stored whole or not at all. You can go on; if the window behaves "
            "oddly, close and open it again. The details are in the log.",
            "".join(traceback.format_exception(kind, error, trace)),
        )
        box.finished.connect(self._on_box_finished)

    def _on_box_finished(self, _result: int) -> None:
        self._shown = False
