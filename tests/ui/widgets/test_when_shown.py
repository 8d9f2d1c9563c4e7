"""Pages are made and filled when somebody looks, and the keyboard does not notice."""

from __future__ import annotations

import gc
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QTabWidget, QWidget
from pytestqt.qtbot import QtBot

from mmdesk.ui.widgets.basics import boxed, column
from mmdesk.ui.widgets.fit import Uncut
from mmdesk.ui.widgets.when_shown import FilledTabs, WhenShown


def test_a_page_is_made_once_when_it_is_shown_and_stands_where_it_would_for_the_tab_key(qtbot: QtBot) -> None:
    fields = [QLineEdit(), QLineEdit()]
    made: list[QWidget] = []

    def make() -> QWidget:
        made.append(boxed(column(None, *fields)))
        return made[-1]

    tabs, later, below = QTabWidget(), WhenShown(make), QPushButton("Below")
    tabs.addTab(QPushButton("Early"), "Early")
    tabs.addTab(later, "Late")
    window = boxed(column(None, tabs, below))
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    assert later.made is None
    tabs.setCurrentIndex(1)
    assert made == [later.page] == [later.made]
    assert all(field.isVisible() for field in fields)
    tabs.setCurrentIndex(0)
    tabs.setCurrentIndex(1)
    assert len(made) == 1
    tabs.tabBar().setFocus()
    for expected in (*fields, below):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        assert window.focusWidget() is expected


def test_the_area_around_a_page_is_not_taken_for_garbage_while_it_is_seen(qtbot: QtBot) -> None:
    tabs, text = QTabWidget(), QLabel("short")
    tabs.addTab(QPushButton("Early"), "Early")
    # Behind its own content for the Tab key, and held by nothing but what it lies in.
    tabs.addTab(Uncut(WhenShown(lambda: boxed(column(None, QLineEdit(), text)))), "Late")
    qtbot.addWidget(tabs)
    tabs.show()
    tabs.setCurrentIndex(1)
    qtbot.waitExposed(tabs)
    gc.collect()
    area = tabs.currentWidget()
    assert isinstance(area, Uncut)
    text.setMinimumHeight(2 * area.height())
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0)


def test_a_page_that_is_asked_for_is_made_before_it_is_seen(qtbot: QtBot) -> None:
    later = WhenShown(lambda: QPushButton("Press"))
    qtbot.addWidget(later)
    assert later.page.text() == "Press"
    assert later.page.parentWidget() is later
    assert not later.page.isVisible()


def test_tabs_are_filled_when_looked_at_with_what_was_said_last(qtbot: QtBot) -> None:
    tabs, first, second = FilledTabs("Evidence"), QLineEdit(), QLineEdit()
    qtbot.addWidget(tabs)
    tabs.add(first, "First")
    tabs.add(second, "Second")
    for text in ("once", "twice"):
        for field in (first, second):
            tabs.fill(field, partial(field.insert, text))
    assert (first.text(), second.text()) == ("oncetwice", "")
    tabs.setCurrentIndex(1)
    tabs.setCurrentIndex(0)
    tabs.setCurrentIndex(1)
    assert (first.text(), second.text()) == ("oncetwice", "twice")
