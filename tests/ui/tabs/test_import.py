"""Import, with the real services: tables checked before anything is written, media with faults, health, history."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QLineEdit, QMenu
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.core.types import MissingEntities, OnConflict
from mmdesk.engine.core.types import Table as CaseTable
from mmdesk.engine.services import cases as case_service
from mmdesk.engine.services import media_imports, table_imports
from mmdesk.engine.services.imports import undo_import
from mmdesk.engine.services.table_reports import Rejected, TableReport, TablesReport
from mmdesk.ui.tabs.importing.file_row import FileRow
from mmdesk.ui.tabs.importing.report_view import ReportView
from mmdesk.ui.tabs.importing.source_dialog import SourceDialog
from mmdesk.ui.tabs.importing.tab import ImportTab
from mmdesk.ui.tabs.importing.tables_page import TablesPage
from mmdesk.ui.widgets.basics import Button, Label
from mmdesk.ui.widgets.table import Table
from mmdesk.ui.window import MainWindow
from tests.engine.ingestion.workbooks import write_workbook
from tests.ui.driving import LONG_MS, answer, choose_file, click, on, opened, press, rest


def import_tab(window: MainWindow) -> ImportTab:
    tab = window.rooms["import"]
    assert isinstance(tab, ImportTab)
    return tab


def cells(table: Table, column: str) -> list[str]:
    number = [c.title for c in table.columns.columns].index(column)
    return [table.columns.text(int(row), number) for row in table.columns.rows]


def test_tables_are_checked_then_imported_and_reported(
    qtbot: QtBot, window: MainWindow, empty_case: Path, made_data: Path, qtmodeltester: ModelTester
) -> None:
    opened(qtbot, window, empty_case)
    tab = import_tab(window)
    tables = tab.tables
    assert not tables.start.isEnabled()
    assert tables.reason.text() == "Choose or drop the files to import."
    click(qtbot, tables.choose)
    dialog = window.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    dialog.setDirectory(str(made_data))
    names = [f'"{name}.csv"' for name in ("entities", "events", "interactions", "targets", "artifacts")]
    name_field = dialog.findChild(QLineEdit)
    assert isinstance(name_field, QLineEdit)
    name_field.setText(" ".join(names))
    dialog.accept()
    rest(qtbot, window)
    assert [plan.table for plan in tables.plans] == list(CaseTable), "a list of media is no table"
    assert tables.file_view.table.columns.rowCount() > 0
    qtmodeltester.check(tables.file_view.table.columns)
    assert not tables.start.isEnabled()
    click(qtbot, tables.check)
    rest(qtbot, window)
    assert case_service.case_info(empty_case).counts["entities"] == 0
    assert cells(tables.report_view.counts, "New")[0] == "60"
    qtmodeltester.check(tables.report_view.counts.columns)
    click(qtbot, tables.start)
    rest(qtbot, window)
    assert case_service.case_info(empty_case).counts["entities"] == 60
    assert tables.plans == []
    assert "rows came in" in tables.report_view._text.text()
    assert window.focusWidget() is tables.report_view.first_step
    qtbot.keyClick(tables.report_view.first_step, Qt.Key.Key_Space)
    rest(qtbot, window)
    assert tab.buttons[1].isChecked()
    assert window.focusWidget() is tab.buttons[1]
    assert len(cells(tab.media.table, "Name")) > 20, "the media that were chosen with the tables followed"


def test_whatever_is_chosen_as_a_table_is_taken_for_one_and_no_page_is_pulled_away(
    qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, small_case)
    tab = import_tab(window)
    tab.tables.choose.setFocus()
    qtbot.keyClick(tab.tables.choose, Qt.Key.Key_Space)
    choose_file(window, write(tmp_path, "more.dat", "entity_id,city\nA4,Rome\n"))
    rest(qtbot, window)
    window.drops.take([write(tmp_path, "dropped.csv", "entity_id,city\nA5,Rome\n")])
    rest(qtbot, window)
    assert [plan.table for plan in tab.tables.plans] == [CaseTable.ENTITIES] * 2
    assert window.focusWidget() is tab.tables.choose
    tab.tables._tell_apart([small_case / "case.mmcase"])
    tab.tables._tell_apart([write(tmp_path, "paths.csv", "entity_id,path\nA1,gone.jpg\n")])
    tab.show_page(3)  # before the answers come
    rest(qtbot, window)
    assert [plan.name for plan in tab.tables.plans] == ["more.dat", "dropped.csv", "case.mmcase"]
    assert tab.tables.plans[2].error
    assert tab.buttons[3].isChecked()
    assert cells(tab.media.refused, "File"), "the list of media was taken as one"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def take(qtbot: QtBot, window: MainWindow, *paths: Path) -> None:
    import_tab(window).tables.take(list(paths))
    rest(qtbot, window)


@pytest.fixture
def small_case(empty_case: Path, tmp_path: Path) -> Path:
    """Three entities."""
    file = write(tmp_path, "known.csv", "entity_id,city\nA1,Rome\nA2,Oslo\nA3,Bonn\n")
    table_imports.import_tables(empty_case, table_imports.TableFiles(entities=file), actor="tester")
    return empty_case


def test_a_missing_column_is_said_and_mended_by_hand(
    qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    file = write(tmp_path, "events.csv", "entity_id,zzz,value,timestamp\nA1,login,1,2024-01-01\n")
    take(qtbot, window, file)

    def lines() -> list[FileRow]:
        # A row that was replaced is hidden at once but deleted later; a new one is shown when the layout gets to it.
        return [line for line in tables.findChildren(FileRow) if line.isVisible()]

    qtbot.waitUntil(lambda: len(lines()) == 1)
    (line,) = lines()
    line.box.set_value(CaseTable.EVENTS)
    rest(qtbot, window)
    assert tables.reason.text() == "events.csv lacks event_type: choose which of its columns that is."
    assert not tables.check.isEnabled()
    box = tables.file_view.grid.boxes["event_type"]
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.value == "zzz"
    rest(qtbot, window)
    click(qtbot, tables.check)
    rest(qtbot, window)
    click(qtbot, tables.start)
    rest(qtbot, window)
    assert case_service.case_info(small_case).counts["events"] == 1


def test_a_header_that_cannot_be_used_is_said_and_nothing_is_called_missing(
    qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    take(qtbot, window, write(tmp_path, "entities.csv", "entity_id,points,points\nA9,1,2\n"))
    assert tables.reason.text() == "entities.csv has several columns named 'points' (columns 2, 3)."
    assert not tables.check.isEnabled()
    assert "missing" not in [label.text() for label in tables.file_view.grid.findChildren(Label)]
    title_menu(qtbot, tables, 1, "Leave this column out")
    rest(qtbot, window)
    assert tables.check.isEnabled()
    assert [c.title for c in tables.file_view.table.columns.columns] == [
        "entity_id",
        "points (left out)",
        "points: number",
    ]
    click(qtbot, tables.check)
    rest(qtbot, window)
    click(qtbot, tables.start)
    rest(qtbot, window)
    assert case_service.case_info(small_case).counts["entities"] == 4


def title_menu(qtbot: QtBot, tables: TablesPage, column: int, choice: str) -> None:
    """Click a title of the preview and choose from its menu."""
    header = tables.file_view.table.horizontalHeader()
    place = QPoint(header.sectionViewportPosition(column) + 10, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    action = next(one for one in menu.actions() if one.text() == choice)
    qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())


def test_cells_that_do_not_fit_are_marked_and_the_mapping_is_kept_as_a_file(
    qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    file = write(tmp_path, "people.csv", "entity_id,age,city\nB1,31,Rome\nB2,old,Oslo\n")
    take(qtbot, window, file)
    tables.plans[0].become(CaseTable.ENTITIES)
    tables._on_plan_changed()
    rest(qtbot, window)
    view = tables.file_view
    assert [c.title for c in view.table.columns.columns] == ["entity_id", "age: words", "city: words"]
    title_menu(qtbot, tables, 1, "Number")
    rest(qtbot, window)
    model = view.table.columns
    assert model.columns[1].title == "age: number"
    fitting, wrong = model.index(0, 1), model.index(1, 1)
    assert model.data(fitting, Qt.ItemDataRole.BackgroundRole) is None
    assert model.data(wrong, Qt.ItemDataRole.BackgroundRole).alpha() > 0
    assert "Does not fit: not a number" in model.data(wrong, Qt.ItemDataRole.ToolTipRole)
    view.fold.set_open(True)
    zone = view.reading.box("timezone").lineEdit()
    assert zone is not None
    zone.selectAll()
    qtbot.keyClicks(zone, "Pacific/Auckland")
    qtbot.keyClick(zone, Qt.Key.Key_Return)
    rest(qtbot, window)
    click(qtbot, view.save)
    choose_file(window, tmp_path / "how.json")
    rest(qtbot, window)
    kept = table_imports.read_mapping(tmp_path / "how.json")
    assert kept == {
        "entities": {"timezone": "Pacific/Auckland", "types": {"age": "number"}, "columns": {"entity_id": "entity_id"}}
    }
    tables.clear()
    take(qtbot, window, file)
    click(qtbot, view.open)
    choose_file(window, tmp_path / "how.json")
    rest(qtbot, window)
    assert tables.plans[0].table is CaseTable.ENTITIES
    assert model.columns[1].title == "age: number"
    assert view.reading.box("timezone").value == "Pacific/Auckland"
    click(qtbot, tables.check)
    rest(qtbot, window)
    assert cells(tables.report_view.fits, "Cells") == ["1 of 2 fit"]
    assert tables.report_view.fits.isVisible()


def test_a_file_that_does_not_name_its_columns_gets_names_by_hand(
    qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    take(qtbot, window, write(tmp_path, "log.csv", "A1,pay,5,2024-01-01\nA2,pay,7,2024-01-02\n"))
    tables.plans[0].become(CaseTable.EVENTS)
    tables._on_plan_changed()
    rest(qtbot, window)
    view = tables.file_view
    click(qtbot, view.nameless)
    rest(qtbot, window)
    assert [c.title for c in view.table.columns.columns] == [f"column_{number}" for number in (1, 2, 3, 4)]
    assert view.table.columns.rowCount() == 2
    for wanted, source in (("entity_id", 1), ("event_type", 2), ("timestamp", 4)):
        view.grid.boxes[wanted].set_value(f"column_{source}")
        rest(qtbot, window)
    assert view.grid.samples["timestamp"].text() == "2024-01-01; 2024-01-02 (date and time)"
    view.table.ask(2, QPoint(0, 0))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    next(one for one in menu.actions() if one.text() == "Name this column…").trigger()
    menu.close()
    dialog = window.findChild(QInputDialog)
    assert isinstance(dialog, QInputDialog)
    dialog.setTextValue("value")
    dialog.accept()
    rest(qtbot, window)
    click(qtbot, tables.check)
    rest(qtbot, window)
    click(qtbot, tables.start)
    rest(qtbot, window)
    assert case_service.case_info(small_case).counts["events"] == 2


def test_synonyms_are_proposed_and_accepted(qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    take(qtbot, window, write(tmp_path, "events.csv", "Account No,Kind,Amount,Date\nA1,login,1,2024-01-01\n"))
    assert tables.reason.text().startswith("Confirm the proposed columns")
    click(qtbot, tables.file_view.accept)
    rest(qtbot, window)
    assert not tables.file_view.accept.isVisible()
    click(qtbot, tables.check)
    rest(qtbot, window)
    assert tables.start.isEnabled()


def test_rejected_rows_are_listed_and_saved(
    qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path, qtmodeltester: ModelTester
) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    rows = ("A1,login,1,2024-01-01", "nobody,login,1,2024-01-02", "A2,<b>x</b>,many,2024-01-03")
    text = "\n".join(["entity_id,event_type,value,timestamp", *rows]) + "\n"
    take(qtbot, window, write(tmp_path, "events.csv", text))
    click(qtbot, tables.check)
    rest(qtbot, window)
    click(qtbot, tables.start)
    rest(qtbot, window)
    save, rejected = tables.report_view.save, tables.report_view.rejected
    assert window.focusWidget() is save, "at the top, where it is seen"
    assert (cells(rejected, "Line"), cells(rejected, "Column")) == (["3", "4"], ["entity_id", "value"])
    qtmodeltester.check(rejected.columns)
    qtbot.keyClick(save, Qt.Key.Key_Space)
    choose_file(window, tmp_path / "bad.csv")
    rest(qtbot, window)
    assert "nobody" in (tmp_path / "bad.csv").read_text(encoding="utf-8")
    assert window.strip.news.startswith("Rejected rows written: ")
    assert case_service.case_info(small_case).counts["events"] == 1
    press(qtbot, tables, "Train a model")
    assert window.rooms["train"].isVisible()


@pytest.mark.parametrize(("known", "offered"), [(1, True), (0, False)])
def test_next_steps_are_offered_where_anything_is_in_the_case(qtbot: QtBot, known: int, offered: bool) -> None:
    view = ReportView()
    qtbot.addWidget(view)
    view.show()
    table = TableReport("events", "e.csv", 2 + known, inserted=0, unchanged=known, replaced=0, rejected=2)
    problems = tuple(Rejected("events", "e.csv", line, "value", "many", "not a number") for line in (2, 3))
    view.show_report(TablesReport((table,), problems, None, dry_run=False))
    assert view.first_step is view.save
    seen = [button.accessibleName() for button in view.findChildren(Button) if button.isVisible()]
    assert ("Train a model" in seen) is offered


def test_an_ambiguous_date_is_asked_about_in_words(
    qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    text = "entity_id,event_type,value,timestamp\nA1,login,1,01/02/2024\nA2,login,1,03/04/2024\n"
    take(qtbot, window, write(tmp_path, "events.csv", text))
    click(qtbot, tables.check)
    rest(qtbot, window)
    assert not tables.start.isEnabled()
    assert not tables.questions_view.go.isEnabled()  # nothing is guessed
    press(qtbot, tables, "Month first (12/31/2024)")
    click(qtbot, tables.questions_view.go)
    rest(qtbot, window)
    click(qtbot, tables.start)
    rest(qtbot, window)
    health = case_service.data_health(small_case)
    assert health.first_event_us == 1_704_153_600_000_000  # 2 January 2024


def test_each_question_has_an_answer_of_its_own_and_columns_chosen_by_hand_stay(
    qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    events = write(tmp_path, "events.csv", "Account,type,zzz\nA1,pay,01/02/2024\nA2,pay,03/04/2024\n")
    links = write(tmp_path, "interactions.csv", "source_id,target_id,timestamp\nA1,A2,01/02/2024\nA2,A3,03/04/2024\n")
    take(qtbot, window, events, links)
    tables.plans[0].become(CaseTable.EVENTS)
    tables._on_plan_changed(tables.plans[0])
    rest(qtbot, window)
    tables._show(tables.plans[0])
    box = tables.file_view.grid.boxes["timestamp"]
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_End)
    rest(qtbot, window)
    assert tables.file_view.grid.boxes["timestamp"] is box
    assert (box.value, box.hasFocus()) == ("zzz", True)
    click(qtbot, tables.file_view.accept)
    rest(qtbot, window)
    click(qtbot, tables.check)
    rest(qtbot, window)
    first, second = tables.questions_view._groups
    qtbot.keyClick(first.buttons()[0], Qt.Key.Key_Space)
    assert not tables.questions_view.go.isEnabled()
    qtbot.keyClick(second.buttons()[1], Qt.Key.Key_Space)
    click(qtbot, tables.questions_view.go)
    rest(qtbot, window)
    click(qtbot, tables.start)
    rest(qtbot, window)
    assert "4 rows came in" in tables.report_view._text.text()
    health = case_service.data_health(small_case)
    assert health.first_event_us == 1_706_745_600_000_000  # 1 February 2024: day first


def test_a_conflict_waits_for_a_decision(qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    take(qtbot, window, write(tmp_path, "entities.csv", "entity_id,city\nA1,Paris\nA9,Lima\n"))
    click(qtbot, tables.check)
    rest(qtbot, window)
    assert not tables.start.isEnabled()
    assert tables.reason.text() == "1 row stored with other values: choose above what to do with them."
    tables.on_conflict.set_value(OnConflict.REPLACE)
    click(qtbot, tables.check)
    rest(qtbot, window)
    click(qtbot, tables.start)
    rest(qtbot, window)
    assert cells(tables.report_view.counts, "Replaced") == ["1"]


def test_unknown_entities_can_be_made(qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    text = "entity_id,event_type,value,timestamp\nnew,login,1,2024-01-01\n"
    take(qtbot, window, write(tmp_path, "events.csv", text))
    tables.unknown.set_value(MissingEntities.CREATE)
    click(qtbot, tables.check)
    rest(qtbot, window)
    click(qtbot, tables.start)
    rest(qtbot, window)
    assert case_service.case_info(small_case).counts["entities"] == 4


def test_a_file_that_is_no_table_says_so(qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    path = tmp_path / "picture.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    take(qtbot, window, path)
    assert not tables._files_state.showing_content
    assert not tables.check.isEnabled()
    press(qtbot, tables, "Leave picture.csv out")
    assert tables.plans == []


def test_a_file_in_another_encoding_can_be_read_by_choosing_it(
    qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    path = tmp_path / "entities.csv"
    path.write_bytes(b"entity_id,Stra\xdfe\n" + "A1,é\n".encode() * 9)
    take(qtbot, window, path)
    assert "0xdf" in tables.reason.text()
    encoding = tables.file_view.reading.boxes()[0]
    assert encoding.isVisible()
    assert encoding.isEnabled()
    encoding.set_value("cp1252")
    rest(qtbot, window)
    assert [column.title for column in tables.file_view.table.columns.columns] == ["entity_id", "Straße: words"]


def test_reading_options_change_the_preview(qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path) -> None:
    opened(qtbot, window, small_case)
    view = import_tab(window).tables.file_view
    take(qtbot, window, write(tmp_path, "entities.csv", "entity_id|city;land\nA1|Rome;Italy\n"))
    press(qtbot, view, "How it is read")
    box = view.reading._boxes["delimiter"]
    box.set_value("|")
    rest(qtbot, window)
    assert [column.title for column in view.table.columns.columns] == ["entity_id", "city;land: words"]
    box.set_value(None)
    rest(qtbot, window)
    assert import_tab(window).tables.plans[0].document() == {}
    take(qtbot, window, write(tmp_path, "events.csv", "printed today\nentity_id,type,timestamp\nA1,'pay, late',2020\n"))
    view.reading._boxes["header_line"].set_value(2)
    rest(qtbot, window)
    view.reading._boxes["quote"].set_value("'")
    rest(qtbot, window)
    assert [column.values[0].text for column in view.table.columns.columns] == ["A1", "pay, late", "2020"]


def test_of_a_workbook_the_sheet_is_chosen(qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path) -> None:
    opened(qtbot, window, small_case)
    view = import_tab(window).tables.file_view
    rows = [["entity_id", "city"], ["A1", "Rome"]]
    sheets = {"2023": rows, "2024": [*rows, ["B2", "Oslo"]]}
    take(qtbot, window, write_workbook(tmp_path / "entities.xlsx", sheets))
    assert view._facts.text().startswith("2023 ·")
    assert view.part.isVisible()
    view.part.box.set_value("2024")
    rest(qtbot, window)
    assert view._facts.text().startswith("2024 ·")
    assert [[cell.text for cell in column.values] for column in view.table.columns.columns] == [
        ["A1", "B2"], ["Rome", "Oslo"],
    ]  # fmt: skip
    take(qtbot, window, write(tmp_path, "events.csv", "entity_id,event_type,timestamp\nA1,pay,2020-01-01\n"))
    assert view.part.isHidden()


def test_several_sheets_of_a_workbook_come_in_together(
    qtbot: QtBot, window: MainWindow, empty_case: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, empty_case)
    tables = import_tab(window).tables
    people = [["entity_id", "city"], ["A1", "Rome"]]
    payments = [["entity_id", "amount", "timestamp"], ["A1", "5", "2020-01-01"], ["A1", "6", "2020-01-02"]]
    take(
        qtbot,
        window,
        write_workbook(tmp_path / "all.xlsx", {"People": people, "Events": payments, "Read me": [["Hi"]]}),
    )
    press(qtbot, tables.file_view, "Add another sheet")
    rest(qtbot, window)
    assert [(plan.table, plan.part) for plan in tables.plans] == [
        (CaseTable.ENTITIES, "People"),
        (CaseTable.EVENTS, "Events"),
    ]
    assert tables.reason.text() == "all.xlsx: Events lacks event_type: choose which of its columns that is."
    press(qtbot, tables.file_view, "Fixed value or joined columns…")
    dialog = window.findChild(SourceDialog)
    assert isinstance(dialog, SourceDialog)
    assert dialog.target.value == "event_type"
    qtbot.keyClicks(dialog.text, "payment")
    press(qtbot, dialog, "Use this")
    rest(qtbot, window)
    assert tables.file_view.grid.boxes["event_type"].currentText() == "always 'payment'"
    click(qtbot, tables.file_view.accept)
    rest(qtbot, window)
    click(qtbot, tables.check)
    rest(qtbot, window)
    click(qtbot, tables.start)
    rest(qtbot, window)
    assert cells(tables.report_view.counts, "New") == ["1", "2"]
    assert case_service.data_health(empty_case).event_types == (("payment", 2),)


def test_columns_are_joined_to_one_time(qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    text = "entity_id,event_type,d,t\nA1,login,2024-05-06,07:08\n"
    take(qtbot, window, write(tmp_path, "events.csv", text))
    press(qtbot, tables.file_view, "Fixed value or joined columns…")
    dialog = window.findChild(SourceDialog)
    assert isinstance(dialog, SourceDialog)
    assert dialog.target.value == "timestamp"
    dialog.joined.setChecked(True)
    dialog.first.set_value("d")
    dialog.second.set_value("t")
    press(qtbot, dialog, "Use this")
    rest(qtbot, window)
    click(qtbot, tables.check)
    rest(qtbot, window)
    click(qtbot, tables.start)
    rest(qtbot, window)
    assert case_service.data_health(small_case).first_event_us == 1_714_979_280_000_000


def test_the_tab_key_goes_through_the_page_as_the_eye_does(
    qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    take(qtbot, window, write(tmp_path, "events.csv", "Account No,type,timestamp\nA1,pay,2020-01-01\n"))
    view = tables.file_view
    qtbot.waitUntil(lambda: any(line.isVisible() for line in tables.findChildren(FileRow)))
    tables.choose.setFocus()
    passed = []
    for _ in range(24):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        passed.append(window.focusWidget().accessibleName())
        if passed[-1] == view.table.accessibleName():
            break
    columns = [f"Column for {wanted.name}" for wanted in tables.plans[0].wanted]
    assert passed == [
        "Show events.csv", "Table of events.csv", "Leave events.csv out", "Rows stored with other values",
        "Rows of unknown entities", "Accept proposals", "Fixed value or joined columns…", "Open a mapping…",
        "Save the mapping…", *columns,
        "How it is read",
        "First rows",
    ]  # fmt: skip


def test_a_check_is_cancelled_and_nothing_happened(
    qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    rows = "".join(f"A{n % 3 + 1},login,{n},2024-01-01T00:00:{n % 60:02d}\n" for n in range(200_000))
    take(qtbot, window, write(tmp_path, "events.csv", f"entity_id,event_type,value,timestamp\n{rows}"))
    click(qtbot, tables.check)
    press(qtbot, window.strip, "Cancel Checking tables")
    rest(qtbot, window)
    assert tables._report_state.notice.title.text() == "Cancelled"
    assert tables.check.isEnabled()
    press(qtbot, tables, "Back to the files")
    assert tables._right.currentWidget() is tables._files_state


def test_what_was_changed_during_a_check_has_to_be_checked_again(
    qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path
) -> None:
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    one = write(tmp_path, "events.csv", "entity_id,event_type,timestamp\nA1,login,2024-01-01\n")
    other = write(tmp_path, "entities.csv", "entity_id\nA9\n")
    take(qtbot, window, one, other)
    click(qtbot, tables.check)
    press(qtbot, tables, "Leave events.csv out")
    rest(qtbot, window)
    assert not tables.start.isEnabled()
    click(qtbot, tables.check)
    rest(qtbot, window)
    assert tables.start.isEnabled()


# Media.


def test_media_come_in_by_manifest_and_become_features(
    qtbot: QtBot, window: MainWindow, empty_case: Path, made_data: Path, qtmodeltester: ModelTester
) -> None:
    files = table_imports.TableFiles(entities=made_data / "entities.csv")
    table_imports.import_tables(empty_case, files, actor="tester")
    opened(qtbot, window, empty_case)
    tab = import_tab(window)
    click(qtbot, tab.buttons[1])
    rest(qtbot, window)
    page = tab.media
    assert not page._state.showing_content
    press(qtbot, page, "Add by manifest…")
    choose_file(window, made_data / "artifacts.csv")
    rest(qtbot, window)
    count = page.table.columns.rowCount()
    assert count > 20
    assert set(cells(page.table, "Features")) == {"Pending"}
    qtmodeltester.check(page.table.columns)
    qtbot.waitUntil(lambda: bool(page.table._pictures), timeout=LONG_MS)
    bar = page.table.verticalScrollBar()
    page.table.choose(1)
    bar.setValue(9)
    click(qtbot, page.extract)
    rest(qtbot, window)
    assert (bar.value(), page.table.chosen()) == (9, [1]), "the list stays where it was"
    states = cells(page.table, "Features")
    assert states.count("Failed") == 1
    assert states.count("Done") + states.count("Incomplete") == count - 1
    assert cells(page.table, "Why")[states.index("Failed")]
    page.search.setText(page._files.rows[1].name if page._files else "")
    assert page.table.chosen() == [1]
    page.search.clear()
    page.status_box.set_value("failed")
    assert page.table.columns.rowCount() == 1
    click(qtbot, page.retry)
    rest(qtbot, window)
    assert cells(page.table, "Features") == ["Failed"]
    page.status_box.set_value("done")
    assert page._files is not None
    rows = page._files.rows
    place = next(n for n, row in enumerate(rows) if row.media_type == "image" and row.status == "done")
    page.table.choose(place)
    rest(qtbot, window)
    assert page.details.pane.picture.isVisible()
    facts = dict(zip(cells(page.details.facts, "Fact"), cells(page.details.facts, "Value"), strict=True))
    assert facts["SHA-256"] == rows[place].sha256
    click(qtbot, page.details.save)
    choose_file(window, empty_case.parent / "copy")
    rest(qtbot, window)
    assert sha256_file(empty_case.parent / "copy") == facts["SHA-256"]
    page.status_box.set_value("")
    qtbot.keyClicks(page.search, "nothing like this")
    assert page.table.columns.rowCount() == 0


def test_the_list_is_narrowed_and_sorted_anew_as_files_are_done(
    qtbot: QtBot, window: MainWindow, empty_case: Path, made_data: Path
) -> None:
    table_imports.import_tables(
        empty_case, table_imports.TableFiles(entities=made_data / "entities.csv"), actor="tester"
    )
    media_imports.import_media(empty_case, manifest=made_data / "artifacts.csv", actor="tester")
    opened(qtbot, window, empty_case)
    page = import_tab(window).media
    page._live.setInterval(0)
    click(qtbot, import_tab(window).buttons[1])
    rest(qtbot, window)
    page.status_box.set_value("done")
    page.table.sortByColumn([c.title for c in page.table.columns.columns].index("Parts"), Qt.SortOrder.DescendingOrder)
    assert page.table.columns.rowCount() == 0
    told: list[list[str]] = []
    page.table.columns.modelReset.connect(
        lambda: told.append(cells(page.table, "Parts")) if page._job is not None else None
    )
    click(qtbot, page.extract)
    rest(qtbot, window)
    seen = [[int(parts) for parts in shown] for shown in told]
    assert any(len(set(shown)) > 1 for shown in seen), "before all are done"
    assert all(shown == sorted(shown, reverse=True) for shown in seen)
    assert len({len(shown) for shown in seen}) > 1
    page.status_box.set_value("failed")
    assert len(cells(page.table, "Why")) == 1


def test_extraction_is_cancelled_and_goes_on(
    qtbot: QtBot, window: MainWindow, empty_case: Path, made_data: Path
) -> None:
    table_imports.import_tables(
        empty_case, table_imports.TableFiles(entities=made_data / "entities.csv"), actor="tester"
    )
    media_imports.import_media(empty_case, manifest=made_data / "artifacts.csv", actor="tester")
    opened(qtbot, window, empty_case)
    tab = import_tab(window)
    click(qtbot, tab.buttons[1])
    rest(qtbot, window)
    click(qtbot, tab.media.extract)
    press(qtbot, tab.media, "Cancel")
    rest(qtbot, window)
    said = " ".join(label.text() for label in tab.media._report.findChildren(Label))
    assert "cancelled" in said.lower()
    assert tab.media.extract.isEnabled()


def test_refused_media_are_listed(qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path) -> None:
    opened(qtbot, window, small_case)
    tab = import_tab(window)
    click(qtbot, tab.buttons[1])
    rest(qtbot, window)
    manifest = write(tmp_path, "list.csv", "entity_id,path\nA1,not-there.jpg\n")
    tab.media.take([], manifest)
    rest(qtbot, window)
    said = " ".join(label.text() for label in tab.media._report.findChildren(type(tab.media._counted)))
    assert "1 refused" in said
    assert tab.media.refused.isVisible()
    assert "not-there.jpg" in cells(tab.media.refused, "File")[0]
    assert cells(tab.media.refused, "Line") == ["2"]


def test_what_somebody_else_changed_since_the_check_is_said_and_checked_again(
    qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path
) -> None:
    mine, theirs = tmp_path / "mine.csv", tmp_path / "theirs.csv"
    mine.write_text("entity_id,age\nnew,1\n")
    theirs.write_text("entity_id\nother\n")
    opened(qtbot, window, small_case)
    tables = import_tab(window).tables
    tables.take([mine])
    rest(qtbot, window)
    click(qtbot, tables.check)
    rest(qtbot, window)
    table_imports.import_tables(small_case, table_imports.TableFiles(entities=theirs), actor="bob")
    click(qtbot, tables.start)
    rest(qtbot, window)
    notice = tables._report_state.notice
    assert "bob imported theirs.csv at" in notice.title.text().replace("\u200b", "")
    before = case_service.case_info(small_case).counts["entities"]
    press(qtbot, notice, "Check again")
    rest(qtbot, window)
    assert tables._report_state.showing_content
    click(qtbot, tables.start)
    rest(qtbot, window)
    assert case_service.case_info(small_case).counts["entities"] == before + 1


# Health and history.


def test_health_counts_what_is_there(
    qtbot: QtBot, window: MainWindow, trained_case: Path, qtmodeltester: ModelTester
) -> None:
    opened(qtbot, window, trained_case)
    tab = import_tab(window)
    click(qtbot, tab.buttons[2])
    rest(qtbot, window)
    assert tab.health._state.showing_content
    assert "positive (1)" in tab.health._labels.accessibleName()
    assert tab.health._span.isVisible()
    attributes = tab.health.attributes
    assert attributes.isVisible()
    qtmodeltester.check(attributes.table.columns)
    names = [column.title for column in attributes.table.columns.columns]
    assert names[:4] == ["Attribute", "Kind", "Missing", "Distinct"]
    assert "of one of the training part" in " ".join(said.text() for said in tab.health._copies.findChildren(Label))
    kinds = attributes.table.columns.columns[1].values
    for kind, plot in (("number", attributes.numbers), ("text", attributes.bars)):
        attributes.table.choose(list(kinds).index(kind))
        assert plot.isVisible()
    tab.health.clear()  # of the next case nothing is known yet
    assert not tab.health._quality.showing_content
    assert tab.health._span.isHidden()
    assert tab.health._copies.isHidden()


def test_an_import_is_taken_back_after_a_question(
    qtbot: QtBot, window: MainWindow, small_case: Path, qtmodeltester: ModelTester
) -> None:
    opened(qtbot, window, small_case)
    tab = import_tab(window)
    click(qtbot, tab.buttons[3])
    rest(qtbot, window)
    qtmodeltester.check(tab.history.table.columns)
    tab.history.table.choose(0)
    press(qtbot, tab.history, "Take back")
    assert "known.csv" in answer(qtbot, window, "Take back")
    rest(qtbot, window)
    assert case_service.case_info(small_case).counts["entities"] == 0
    assert cells(tab.history.table, "State") == ["taken back"]
    assert window.strip.news == "Import 1 taken back: 3 rows removed"
    assert not tab.history.undo.isEnabled()
    click(qtbot, tab.history.redo)  # it is still chosen
    rest(qtbot, window)
    assert cells(tab.history.table, "State") == ["in the case"]
    assert cells(tab.history.table, "Counts") == ["3 read, 3 new"]


def test_an_import_is_shown_in_full_with_what_it_left_out(
    qtbot: QtBot, window: MainWindow, small_case: Path, tmp_path: Path
) -> None:
    text = "entity_id,event_type,value,timestamp\nA1,pay,1,2024-01-01\nzz,pay,=2,2024-01-02\n"
    files = table_imports.TableFiles(events=write(tmp_path, "events.csv", text))
    table_imports.import_tables(small_case, files, actor="tester")
    opened(qtbot, window, small_case)
    history_tab = import_tab(window)
    click(qtbot, history_tab.buttons[3])
    rest(qtbot, window)
    history_tab.history.table.choose(0)
    rest(qtbot, window)
    details = history_tab.history.details
    facts = list(zip(cells(details.facts, "Fact"), cells(details.facts, "Value"), strict=True))
    assert ("Now in the case", "1 event") in facts
    assert ("mapping · events · columns · entity_id", "entity_id") in facts
    assert (cells(details.rejected, "Line")[0], cells(details.rejected, "Value")[0]) == ("3", "=2")
    click(qtbot, details.save)
    choose_file(window, tmp_path / "left.csv")
    rest(qtbot, window)
    kept = list(csv.reader((tmp_path / "left.csv").read_text(encoding="utf-8").splitlines()))
    assert kept[0] == ["line", "column", "value", "rule", "cell_1", "cell_2", "cell_3", "cell_4"]
    assert kept[1] == ["3", "value", "'=2", "not a number", "zz", "pay", "'=2", "2024-01-02"]


def test_an_import_somebody_else_took_back_meanwhile_is_said_and_shown(
    qtbot: QtBot, window: MainWindow, small_case: Path
) -> None:
    opened(qtbot, window, small_case)
    tab = import_tab(window)
    click(qtbot, tab.buttons[3])
    rest(qtbot, window)
    tab.history.table.choose(0)
    undo_import(small_case, actor="bob")
    press(qtbot, tab.history, "Take back")
    answer(qtbot, window, "Take back")
    rest(qtbot, window)
    assert "bob took import 1" in answer(qtbot, window, "Close")
    assert cells(tab.history.table, "State") == ["taken back"]


def test_the_pages_of_an_empty_case_say_what_to_do(qtbot: QtBot, window: MainWindow, empty_case: Path) -> None:
    opened(qtbot, window, empty_case)
    tab = import_tab(window)
    on(qtbot, window, "import")
    for number, page in ((1, tab.media), (2, tab.health), (3, tab.history)):
        click(qtbot, tab.buttons[number])
        rest(qtbot, window)
        assert not page._state.showing_content
        assert page._state.notice.title.text()
