from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMessageBox
from pytestqt.qtbot import QtBot

from mmdesk.ui.crash import CrashDialog
from tests.ui.driving import answer


def test_a_fault_is_logged_and_told_once(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    window = QLabel("window")
    qtbot.addWidget(window)
    window.show()
    before = sys.excepthook
    hook = CrashDialog(window)
    hook.install()
    assert sys.excepthook is hook
    try:
        for _ in range(3):
            try:
                raise ValueError("<b>broken</b>")
            except ValueError as error:
                hook(type(error), error, error.__traceback__)
        boxes = [box for box in window.findChildren(QMessageBox) if box.isVisible()]
        assert len(boxes) == 1
        assert "ValueError: <b>broken</b>" in boxes[0].detailedText()
        assert boxes[0].textFormat() is Qt.TextFormat.PlainText
        assert len(caplog.records) == 3
        answer(qtbot, window, "Close")
        assert not hook._shown
    finally:
        hook.remove()
        caplog.clear()
    assert sys.excepthook is before


def test_ctrl_c_closes_the_window(qtbot: QtBot) -> None:
    window = QLabel("window")
    qtbot.addWidget(window)
    window.show()
    CrashDialog(window)(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert not window.isVisible()
