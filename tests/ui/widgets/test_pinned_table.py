"""Columns that are chosen, moved, pinned and sorted, and what is remembered of it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mmdesk.ui.models.columns import Column
from mmdesk.ui.tabs.runs.views import View
from mmdesk.ui.widgets.column_chooser import Choosable, ColumnChooser
from mmdesk.ui.widgets.pinned_table import Arrangement, PinnedTable

NAMES = ("name", "auroc", "seed", "note")


def table(qtbot: QtBot) -> PinnedTable:
    made = PinnedTable("Runs")
    qtbot.addWidget(made)
    made.resize(600, 300)
    values: dict[str, list[object]] = {
        "name": ["b", "a", "c"],
        "auroc": [0.5, None, 0.9],
        "seed": [3, 2, 1],
        "note": ["x", "y", "z"],
    }
    made.arrange(Arrangement(("name", "seed", "auroc"), pinned=1))
    made.set_columns([Column(n.title(), values[n], numeric=n in {"auroc", "seed"}, key=n, group=n[:1]) for n in NAMES])
    made.show()
    return made


def titles(made: PinnedTable) -> list[str]:
    return [made.columns.columns[made.horizontalHeader().logicalIndex(p)].name for p in range(4)][: len(made._shown())]


def names(made: PinnedTable) -> list[str]:
    return [made.columns.text(int(row), 0) for row in made.columns.rows]


def test_columns_are_chosen_in_order_and_the_first_stay_in_view(qtbot: QtBot) -> None:
    made = table(qtbot)
    assert titles(made) == ["name", "seed", "auroc"]
    assert made.isColumnHidden(3)
    over = made._pinned
    assert [over.isColumnHidden(n) for n in range(4)] == [False, True, True, True]
    assert over.width() == made.columnWidth(0)
    made.arrange(Arrangement(("note", "name"), pinned=2, widths={"note": 130}))
    assert titles(made) == ["note", "name"]
    assert made.columnWidth(3) == over.columnWidth(3) == 130
    assert [over.isColumnHidden(n) for n in range(4)] == [False, True, True, False]


def test_sorting_by_a_pinned_or_another_title_is_remembered(qtbot: QtBot) -> None:
    made = table(qtbot)
    header = made._pinned.horizontalHeader()
    with qtbot.waitSignal(made.arranged):
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=header.viewport().rect().center())
    assert names(made) == ["a", "b", "c"]
    assert (made.arrangement.sort, made.arrangement.descending) == ("name", False)
    made.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert names(made) == ["c", "b", "a"]
    assert (made.arrangement.sort, made.arrangement.descending) == ("auroc", True)
    again = table(qtbot)
    again.arrange(made.arrangement)
    assert names(again) == ["c", "b", "a"]


def test_columns_come_in_the_order_they_are_asked_for(qtbot: QtBot) -> None:
    made = table(qtbot)
    made.set_columns(made.columns.columns, by=(1, Qt.SortOrder.DescendingOrder))
    assert names(made) == ["c", "b", "a"]
    assert (made.arrangement.sort, made.arrangement.descending) == ("auroc", True)


def test_dragging_and_resizing_are_remembered(qtbot: QtBot) -> None:
    made = table(qtbot)
    made.horizontalHeader().moveSection(2, 1)
    made.setColumnWidth(2, 99)
    assert made.arrangement.shown == ("name", "auroc", "seed")
    assert made.arrangement.widths["seed"] == 99
    made.setColumnWidth(0, 120)
    assert made._pinned.columnWidth(0) == 120
    again = PinnedTable("Runs")
    qtbot.addWidget(again)
    again.set_columns(made.columns.columns, made.arrangement)
    assert (again.columnWidth(0), again.columnWidth(2)) == (120, 99)
    assert again.arrangement == made.arrangement


ARRANGEMENTS = st.builds(
    Arrangement,
    st.lists(st.text(max_size=5), max_size=4).map(tuple),
    st.integers(0, 4),
    st.text(max_size=5),
    st.booleans(),
    st.dictionaries(st.text(max_size=5), st.integers(40, 400), max_size=3),
)


@given(st.text(max_size=10), st.one_of(st.none(), ARRANGEMENTS))
def test_a_view_survives_being_kept(query: str, arrangement: Arrangement | None) -> None:
    view = View(query, arrangement)
    assert View.from_document(json.loads(json.dumps(view.document()))) == view


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["query", "columns", "shown", "pinned", "widths", "sort"]), inner)
        ),
        max_leaves=6,
    )
)
def test_whatever_was_kept_a_view_can_be_shown(document: object) -> None:
    assert isinstance(View.from_document(document), View)


def test_the_chooser_shows_hides_moves_and_pins(qtbot: QtBot) -> None:
    listed = [Choosable(name, name.title(), "Metrics", f"the {name}") for name in NAMES]
    dialog = ColumnChooser(listed, ("name", "auroc"), 1, (("name",), 1))
    qtbot.addWidget(dialog)
    dialog.show()
    told: list[object] = []
    dialog.chosen.connect(lambda shown, pinned: told.append((shown, pinned)))
    qtbot.keyClicks(dialog.search, "seed")
    dialog.table.setCurrentIndex(dialog.table.cells.index(0, 0))
    qtbot.keyClick(dialog.table, Qt.Key.Key_Space)
    assert told[-1:] == [(("name", "auroc", "seed"), 1)]
    dialog.search.clear()
    dialog.table.setCurrentIndex(dialog.table.cells.index(2, 0))
    qtbot.mouseClick(dialog.up, Qt.MouseButton.LeftButton)
    assert told[-1:] == [(("name", "seed", "auroc"), 1)]
    qtbot.mouseClick(dialog.pin, Qt.MouseButton.LeftButton)
    assert told[-1:] == [(("name", "seed", "auroc"), 2)]
    dialog.table.setCurrentIndex(dialog.table.cells.index(0, 0))
    qtbot.keyClick(dialog.table, Qt.Key.Key_Space)
    assert told[-1:] == [(("seed", "auroc"), 1)]
    dialog.accept()


def test_rows_and_columns_follow_the_size_of_the_letters(qtbot: QtBot) -> None:
    made = table(qtbot)
    height, width = made.rowHeight(0), made.columnWidth(0)
    font = made.font()
    font.setPointSizeF(font.pointSizeF() * 2)
    made.setFont(font)
    assert made.rowHeight(0) > height * 1.4
    assert made.columnWidth(0) >= width
    assert made._pinned.rowHeight(0) == made.rowHeight(0)
    assert made._pinned.columnWidth(0) == made.columnWidth(0)
