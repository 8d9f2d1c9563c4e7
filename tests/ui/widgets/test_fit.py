"""Where there is little room nothing is pressed together until it is cut."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel, QSplitter, QWidget
from pytestqt.qtbot import QtBot

from mmdesk.ui.widgets.basics import Button, Label, boxed, column, dialog_column, whole_if_it_fits
from mmdesk.ui.widgets.beside import Beside
from mmdesk.ui.widgets.figures import Figure, FigureRow
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity
from tests.ui.fitting import cut

LONG = "The connection is not encrypted, so others in the network could read along what is asked and answered."


def resized(qtbot: QtBot, widget: QWidget, width: int, height: int) -> None:
    widget.resize(width, height)
    qtbot.wait(20)


def test_in_a_splitter_sentences_and_figures_keep_the_height_of_their_lines(qtbot: QtBot) -> None:
    sentences, figures = SentenceList(), FigureRow("Counts")
    sentences.show_sentences([Sentence(Severity.WARNING, LONG, LONG)] * 2)
    figures.show_figures([Figure(name, "874", LONG) for name in ("Events", "Interactions")])
    splitter = QSplitter(Qt.Orientation.Vertical)
    for part in (sentences, figures, QWidget()):
        splitter.addWidget(part)
    qtbot.addWidget(splitter)
    splitter.show()
    heights = []
    for width in (900, 300, 900):
        resized(qtbot, splitter, width, 100)
        assert not cut(splitter), width
        heights.append((sentences.minimumHeight(), figures.minimumHeight()))
    assert heights[0] == heights[2]
    assert all(narrow > wide > 0 for narrow, wide in zip(heights[1], heights[0], strict=True))
    sentences.show_sentences([])
    assert sentences.minimumHeight() == 0


def test_what_a_dialog_asks_scrolls_and_what_it_says_is_whole(qtbot: QtBot) -> None:
    dialog = QDialog()
    dialog_column(
        dialog, Label(LONG, wrap=True, snug=True), whole_if_it_fits(column(None, *(Label(LONG) for _ in range(40))))
    )
    qtbot.addWidget(dialog)
    dialog.show()
    resized(qtbot, dialog, 200, 20)
    assert not [found for found in cut(dialog) if LONG[:20] in found]
    (first, *others) = dialog.findChildren(QLabel)
    assert dialog.height() > first.heightForWidth(first.width())
    assert dialog.height() < sum(one.height() for one in others)


def test_what_stands_beside_goes_below_where_there_is_no_room_also_when_it_comes_later(qtbot: QtBot) -> None:
    name, first, second = Label("Name"), Button("Open in Runs"), Button("Explain with it")
    buttons = boxed(column(None, first, second))
    second.hide()
    holder, pair = QWidget(), Beside(name, buttons)
    pair.setParent(holder)
    qtbot.addWidget(holder)
    holder.show()
    resized(qtbot, pair, pair.sizeHint().width() + 2, 60)
    assert name.y() + name.height() > buttons.y()  # one line
    first.setText("Open it in the tab of the runs")
    qtbot.waitUntil(lambda: buttons.y() >= name.y() + name.height(), timeout=2000)
    resized(qtbot, pair, 900, 60)
    assert name.y() + name.height() > buttons.y()


def test_a_window_goes_with_a_dialog_that_is_still_open(qtbot: QtBot) -> None:
    window = QWidget()
    window.show()

    def opened_dialog() -> None:  # nothing of Python's holds it from here on, as with every dialog of ours
        dialog = QDialog(window)
        dialog_column(dialog, Label(LONG, wrap=True))
        dialog.open()

    opened_dialog()
    qtbot.wait(20)
    shiboken6.delete(window)  # raises what its filters raise, or brings the process down
