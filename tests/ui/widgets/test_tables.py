"""Columns that make room for one another."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from mmdesk.ui.models.columns import Column
from mmdesk.ui.widgets.fit import squeezed
from mmdesk.ui.widgets.table import Table

_PAIRS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=12)


@given(_PAIRS, st.integers(0, 2000))
@example([(0, 62), (0, 131), (0, 132), (0, 132), (0, 132), (0, 90)], 677)
def test_widths_fit_where_they_can_and_only_the_widest_give_way(pairs: list[tuple[int, int]], room: int) -> None:
    wanted, least = [max(pair) for pair in pairs], [min(pair) for pair in pairs]
    found = squeezed(wanted, least, room)
    assert all(need <= width <= most for need, width, most in zip(least, found, wanted, strict=True))
    if sum(wanted) <= room or sum(least) > room:
        assert found == wanted
        return
    assert sum(found) == room
    given_way = [width for width, most in zip(found, wanted, strict=True) if width < most]
    kept = [width for width, most in zip(found, wanted, strict=True) if width == most]
    needed = [need for need, width in zip(least, found, strict=True) if need == width]
    free = [width for width in given_way if width not in needed]
    assert not free or max(free) - min(free) <= 1, "those that give way end alike"
    # A pixel that is left over may make one of those as wide as it wanted to be.
    assert not free or not kept or max(kept) <= max(free) + 1 or max(kept) in needed


@pytest.fixture
def table(qtbot: QtBot) -> Table:
    made = Table("Letters")
    qtbot.addWidget(made)
    made.resize(330, 200)
    made.show()
    made.set_columns([
        Column("Short", ["a", "b"]),
        Column("Long", ["a name of many letters", "another name of many"]),
        Column("Number", [1.0, 2.0], numeric=True),
        Column("Source", ["the file somewhere, line 12"] * 2),
    ])  # fmt: skip
    return made


def test_texts_give_way_before_a_table_scrolls_sideways(qtbot: QtBot, table: Table) -> None:
    bar = table.horizontalScrollBar()
    assert bar.maximum() == 0
    assert table.columnWidth(2) > table.fontMetrics().horizontalAdvance("1.0"), "numbers stay whole"
    table.resize(900, 200)
    wide = table.columnWidth(1)
    table.resize(330, 200)
    assert table.columnWidth(1) < wide
    qtbot.waitUntil(lambda: bar.maximum() == 0)
    table.setColumnWidth(1, 300)  # as a hand on the header does
    table.resize(340, 200)
    assert table.columnWidth(1) == 300
    qtbot.waitUntil(lambda: bar.maximum() > 0)


def test_a_table_without_columns_has_nothing_to_spare(qtbot: QtBot) -> None:
    made = Table("Nothing yet")
    qtbot.addWidget(made)
    made.spare = 3
    made.resize(300, 200)
    made.show()
    made.make_room()
    assert made.columns.columnCount() == 0


def test_a_column_that_can_be_spared_is_left_out_only_while_there_is_no_room(table: Table) -> None:
    table.spare = 3
    table.resize(230, 200)
    assert table.isColumnHidden(3)
    table.resize(900, 200)
    assert not table.isColumnHidden(3)
    assert table.columnWidth(3) > 100


def test_a_cut_cell_tells_its_text(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _place, text, *_: told.append(text))
    for column in (0, 1):
        place = table.visualRect(table.columns.index(0, column)).center()
        event = QHelpEvent(QHelpEvent.Type.ToolTip, place, table.viewport().mapToGlobal(place))
        QApplication.sendEvent(table.viewport(), event)
    assert len(told) == 1
    assert "a name of many letters" in told[0]
