"""What somebody arranged stays: shares of the parts, widths and order of the columns."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QByteArray, QPoint, Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from mmdesk.ui.models.columns import Column
from mmdesk.ui.settings import Settings
from mmdesk.ui.widgets.splitter import Splitter
from mmdesk.ui.widgets.table import Table

LEFT = Qt.MouseButton.LeftButton


class Remembers(QWidget):
    """A window as the real one: it has settings."""

    def __init__(self, width: int = 640, part: int = 0) -> None:
        super().__init__()
        self.settings = Settings(self)
        self.splitter = Splitter("test", (QLabel("left"), QLabel("right")), (200, 400), grows=1)
        for label in self.splitter.findChildren(QLabel):
            label.setMinimumWidth(part)
        self.table = Table("Things", stretches=False)
        layout = QVBoxLayout(self)
        layout.addWidget(self.splitter)
        layout.addWidget(self.table)
        self.resize(width, 480)
        self.show()
        self.table.set_columns([Column("name", ["a", "b"]), Column("size", [1, 2]), Column("when", ["x", "y"])])

    def drawn(self) -> tuple[list[int], list[str], list[int]]:
        """Shares, titles in their order, widths by the model's order."""
        header, columns = self.table.horizontalHeader(), self.table.columns.columns
        titles = [columns[header.logicalIndex(place)].title for place in range(header.count())]
        return self.splitter.sizes(), titles, [header.sectionSize(number) for number in range(header.count())]


def drag(qtbot: QtBot, widget: QWidget, start: QPoint, end: QPoint) -> None:
    qtbot.mousePress(widget, LEFT, pos=start)
    qtbot.mouseMove(widget, (start + end) / 2)
    qtbot.mouseMove(widget, end)
    qtbot.mouseRelease(widget, LEFT, pos=end)


def test_shares_and_columns_stay_as_they_were_left(qtbot: QtBot) -> None:
    window = Remembers()
    qtbot.addWidget(window)
    qtbot.waitExposed(window)
    fresh = window.drawn()
    handle = window.splitter.handle(1)
    drag(qtbot, handle, QPoint(1, 10), QPoint(81, 10))
    header = window.table.horizontalHeader()
    edge = header.sectionPosition(0) + header.sectionSize(0) - 1
    drag(qtbot, header.viewport(), QPoint(edge, 8), QPoint(edge + 60, 8))
    third = header.sectionPosition(2) + 20
    drag(qtbot, header.viewport(), QPoint(third, 8), QPoint(5, 8))
    qtbot.waitUntil(lambda: window.settings.layout("columns/Things") is not None)
    left = window.drawn()
    assert left[0][0] > fresh[0][0] + 40
    assert left[1] == ["when", "name", "size"]
    assert left[2][0] > fresh[2][0] + 40

    again = Remembers()
    qtbot.addWidget(again)
    qtbot.waitExposed(again)
    assert again.drawn() == left
    again.splitter.reset()
    again.table.reset_columns()
    assert again.drawn() == fresh


@pytest.mark.parametrize("kept", [b"", b"{", b"[]", b'{"widths": {"name": "wide"}, "order": 3}', b'{"widths": 1}'])
def test_what_cannot_be_read_was_never_kept(qtbot: QtBot, kept: bytes) -> None:
    fresh = Remembers()
    qtbot.addWidget(fresh)
    fresh.settings.set_layout("columns/Things", QByteArray(kept or b"x"))
    fresh.settings.set_layout("splitter/test", QByteArray(b"\x00\x01"))
    again = Remembers()
    qtbot.addWidget(again)
    assert again.drawn()[1:] == fresh.drawn()[1:]


def test_parts_without_room_beside_one_another_lie_above_and_their_shares_come_back(qtbot: QtBot) -> None:
    window = Remembers(part=200)
    qtbot.addWidget(window)
    qtbot.waitExposed(window)
    splitter = window.splitter
    drag(qtbot, splitter.handle(1), QPoint(1, 10), QPoint(101, 10))
    shares, kept = splitter.sizes(), window.settings.layout("splitter/test")
    assert shares[0] > 280
    widths = range(640, 380, -20)
    for width in widths:  # as a hand on the edge of the window does it
        window.resize(width, 480)
        qtbot.wait(1)
    assert splitter.orientation() is Qt.Orientation.Vertical
    assert splitter.minimumSizeHint().width() == 200
    drag(qtbot, splitter.handle(1), QPoint(10, 1), QPoint(10, 31))
    assert window.settings.layout("splitter/test") == kept, "a share of the height is none of the width"
    for width in reversed(widths):
        window.resize(width, 480)
        qtbot.wait(1)
    assert splitter.orientation() is Qt.Orientation.Horizontal
    assert splitter.sizes() == shares

    again = Remembers(400, part=200)
    qtbot.addWidget(again)
    qtbot.waitExposed(again)
    assert again.splitter.orientation() is Qt.Orientation.Vertical
    again.resize(640, 480)
    qtbot.waitUntil(lambda: again.splitter.sizes() == shares)
