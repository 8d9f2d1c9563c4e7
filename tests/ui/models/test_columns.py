from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QItemSelectionModel, Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from mmdesk.ui.models.columns import Column, ColumnsModel
from mmdesk.ui.widgets.table import Table

NAMES = ["cara", "Ada", "bob", "<b>dan</b>"]
SCORES = np.array([0.5, np.nan, 0.9, 0.1])


def model() -> ColumnsModel:
    return ColumnsModel(
        [
            Column("Name", NAMES, tip=str),
            Column("Score", SCORES, show="{:.1f}".format, numeric=True, help="Higher is better"),
            Column(
                "Note", [None, "x", None, "y"], icon=lambda v: ("done", "good") if v else None, role=lambda _v: "bad"
            ),
        ]
    )


def column(made: ColumnsModel, number: int) -> list[str]:
    return [made.data(made.index(row, number)) for row in range(made.rowCount())]


def test_qt_finds_nothing_to_complain_about(qtmodeltester: ModelTester) -> None:
    made = model()
    qtmodeltester.check(made)
    made.sort(1, Qt.SortOrder.DescendingOrder)
    made.set_filter(np.array([True, False, True, True]))
    qtmodeltester.check(made)
    made.set_columns([])
    qtmodeltester.check(made)


def test_missing_values_come_last_whichever_way_it_is_sorted() -> None:
    made = model()
    made.sort(1, Qt.SortOrder.AscendingOrder)
    assert column(made, 0) == ["<b>dan</b>", "cara", "bob", "Ada"]
    made.sort(1, Qt.SortOrder.DescendingOrder)
    assert column(made, 0) == ["bob", "cara", "<b>dan</b>", "Ada"]
    made.sort(-1)
    assert column(made, 0) == NAMES


def test_names_sort_without_regard_to_case() -> None:
    made = model()
    made.sort(0)
    assert column(made, 0) == ["<b>dan</b>", "Ada", "bob", "cara"]


@given(st.lists(st.one_of(st.none(), st.floats(allow_infinity=False)), min_size=1, max_size=30), st.booleans())
def test_sorting_numbers_never_loses_a_row(values: list[float | None], down: bool) -> None:
    made = ColumnsModel([Column("n", values, show=str, numeric=True)])
    made.sort(0, Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder)
    assert sorted(made.rows.tolist()) == list(range(len(values)))
    known = [values[row] for row in made.rows if values[row] is not None and not np.isnan(values[row])]
    assert known == sorted(known, reverse=down)
    assert len(known) == len(values) or values[made.rows[-1]] is None or np.isnan(values[made.rows[-1]])


@given(values=st.lists(st.one_of(st.floats(-3, 3), st.just(float("nan")))), down=st.booleans())
def test_an_order_found_out_before_is_the_same_order(values: list[float], down: bool) -> None:
    numbers = np.array(values, dtype=np.float64)
    ranked = np.argsort(numbers, kind="stable").astype(np.int32)
    order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
    found = []
    for known in (None, ranked):
        model = ColumnsModel()
        model.set_columns([Column("n", numbers, numeric=True, ranked=known)], (0, order))
        found.append(model.rows.tolist())
    assert found[0] == found[1]


def test_a_table_comes_in_the_order_it_is_asked_for(qtbot: QtBot) -> None:
    table = Table("t")
    qtbot.addWidget(table)
    table.set_columns([Column("n", [1, 3, 2], numeric=True)], by=(0, Qt.SortOrder.DescendingOrder))
    assert table.columns.rows.tolist() == [1, 2, 0]
    header = table.horizontalHeader()
    assert (header.sortIndicatorSection(), header.sortIndicatorOrder()) == (0, Qt.SortOrder.DescendingOrder)


def test_the_filter_keeps_the_order_and_says_where_rows_went() -> None:
    made = model()
    made.sort(1, Qt.SortOrder.DescendingOrder)
    made.set_filter(np.array([True, True, False, False]))
    assert column(made, 0) == ["cara", "Ada"]
    assert (made.shown_row(1), made.shown_row(2)) == (1, None)
    made.set_filter(None)
    assert made.rowCount() == 4


def test_what_is_chosen_stays_chosen_when_it_is_sorted(qtbot: QtBot) -> None:
    table = Table("Names", many=True)
    qtbot.addWidget(table)
    table.set_columns(model().columns)
    flags = QItemSelectionModel.SelectionFlag
    for row in (0, 2):
        table.selectionModel().select(table.columns.index(row, 0), flags.Select | flags.Rows)
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert sorted(table.chosen()) == [0, 2]


def test_imported_text_is_shown_as_text_and_its_tip_is_escaped() -> None:
    made = model()
    index = made.index(3, 0)
    assert made.data(index) == "<b>dan</b>"
    assert "<b>" not in made.data(index, Qt.ItemDataRole.ToolTipRole)


def test_roles_tell_what_they_should() -> None:
    made = model()
    assert made.data(made.index(1, 2), Qt.ItemDataRole.DecorationRole) is not None
    assert made.data(made.index(0, 2), Qt.ItemDataRole.DecorationRole) is None
    assert made.data(made.index(0, 2), Qt.ItemDataRole.ForegroundRole).isValid()
    assert made.headerData(1, Qt.Orientation.Horizontal) == "Score"
    assert "Higher is better" in made.headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert made.headerData(9, Qt.Orientation.Horizontal) is None


def test_a_million_rows_sort_and_filter_quickly() -> None:
    import time

    count = 1_000_000
    ids = [f"E{number:07d}" for number in range(count)]
    made = ColumnsModel(
        [Column("Entity", ids, ordered=True), Column("p", np.random.default_rng(1).random(count), str, numeric=True)]
    )
    began = time.perf_counter()
    made.sort(1, Qt.SortOrder.DescendingOrder)
    made.set_filter(np.arange(count) % 2 == 0)
    made.sort(0)
    assert time.perf_counter() - began < 5  # a tenth of it on an idle machine
    assert made.data(made.index(1, 0)) == "E0000002"


def test_copying_gives_the_chosen_rows_with_titles(qtbot: QtBot) -> None:
    from PySide6.QtGui import QGuiApplication

    table = Table("Names")
    qtbot.addWidget(table)
    table.set_columns(model().columns)
    assert table.choose(2)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "Name\tScore\tNote\nbob\t0.9\t"


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_enter_opens_a_row(qtbot: QtBot, key: Qt.Key) -> None:
    table = Table("Names")
    qtbot.addWidget(table)
    table.set_columns(model().columns)
    table.choose(2)
    with qtbot.waitSignal(table.opened) as told:
        qtbot.keyClick(table, key)
    assert told.args == [2]


def test_all_of_a_million_rows_are_chosen_sorted_and_filtered_at_once(qtbot: QtBot) -> None:
    import time

    count = 1_000_000
    table = Table("Numbers", many=True)
    qtbot.addWidget(table)
    codes = (np.arange(count) % 4).astype(np.int8)
    columns = [Column("Row", range(count), str, ordered=True), Column("Code", range(count), str, keys=codes)]
    table.set_columns(columns)
    table.show()
    began = time.perf_counter()
    table.selectAll()
    qtbot.wait(1)
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    qtbot.wait(1)
    assert len(table.chosen_rows()) == count
    table.renew(columns, codes == 2)
    assert time.perf_counter() - began < 8  # half a second on an idle machine; each of it alone took ten
    assert sorted(table.chosen_rows().tolist()) == np.flatnonzero(codes == 2).tolist()


def test_another_filter_keeps_what_is_chosen_or_goes_on_at_its_place(qtbot: QtBot) -> None:
    table = Table("Names", many=True)
    qtbot.addWidget(table)
    columns = model().columns
    table.set_columns(columns)
    table.choose(1)
    with qtbot.assertNotEmitted(table.opened):
        table.renew(columns, np.array([True, True, False, True]))
    assert table.chosen() == [1]
    table.renew(columns, np.array([True, False, False, True]))
    assert table.chosen() == [3]
    table.renew(columns, np.zeros(4, dtype=bool))
    assert table.chosen() == []


def test_a_list_that_is_renewed_stays_where_somebody_scrolled_it(qtbot: QtBot) -> None:
    table = Table("Numbers", many=True)
    qtbot.addWidget(table)
    columns = [Column("Row", range(2_000), str, ordered=True), Column("Same", range(2_000), str, ordered=True)]
    bar, sideways = table.verticalScrollBar(), table.horizontalScrollBar()
    table.resize(300, 300)
    table.show()
    table.set_columns(columns)
    table.setColumnWidth(0, 500)
    table.choose(3)
    bar.setValue(500)
    sideways.setValue(120)
    table.renew(columns, None)
    assert sideways.value() == 120
    assert (bar.value(), table.chosen()) == (500, [3]), "somebody looks at other rows than the chosen one"
    late = np.arange(2_000) >= 100
    table.renew(columns, late)
    assert (bar.value(), table.chosen()) == (400, [100]), "the same rows are in view; the choice fell to a neighbour"
    table.renew(columns, None)
    assert bar.value() == 500
    for rows in ([100], [510], [503, 505, 1_500]):
        table.choose_all(rows)
        bar.setValue(500)
        table.renew(columns, late)
        table.renew(columns, None)
        assert (bar.value(), table.chosen()) == (500, rows)
    table.renew(columns, ~((np.arange(2_000) >= 490) & (np.arange(2_000) < 600)))
    assert table.rowAt(0) == bar.value() == 490, "what followed the rows in view has come to their place"
    table.renew(columns, None)
    table.choose(505)
    bar.setValue(500)
    table.renew(columns, np.arange(2_000) % 5 == 0)
    assert bar.value() <= table.currentIndex().row() <= bar.value() + 10, "what was in view stays in it"
    table.renew(columns, None)
    assert bar.value() <= table.currentIndex().row() <= bar.value() + 10
    table.renew(columns, np.arange(2_000) < 400)
    table.renew(columns, np.arange(2_000) < 5)
    assert (bar.value(), table.chosen()) == (0, [4])
