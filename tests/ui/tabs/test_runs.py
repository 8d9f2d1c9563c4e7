"""Runs, with the real services: the table, a run's page, comparing, trash, verification."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog, QLabel
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from mmdesk.engine.core.times import format_us
from mmdesk.engine.services import predictions
from mmdesk.engine.services import runs as run_service
from mmdesk.ui.session import OpenCase
from mmdesk.ui.tabs.runs.tab import RunsTab
from mmdesk.ui.tabs.runs.views import View
from mmdesk.ui.tabs.training.tab import TrainTab
from mmdesk.ui.widgets.table import Table
from mmdesk.ui.window import MainWindow
from tests.engine.services.trained_cases import training_here
from tests.ui import cases
from tests.ui.driving import answer, choose_file, click, on, opened, press, rest
from tests.ui.keyboard import CTRL, SHIFT, Keyboard


def runs_tab(qtbot: QtBot, window: MainWindow, case: Path) -> RunsTab:
    opened(qtbot, window, case)
    on(qtbot, window, "runs")
    tab = window.rooms["runs"]
    assert isinstance(tab, RunsTab)
    return tab


def cells(table: Table, column: str) -> list[str]:
    number = [c.title for c in table.columns.columns].index(column)
    return [table.columns.text(int(row), number) for row in table.columns.rows]


def test_without_runs_it_says_where_to_go(qtbot: QtBot, window: MainWindow, empty_case: Path) -> None:
    tab = runs_tab(qtbot, window, empty_case)
    press(qtbot, tab, "Go to Train")
    assert window.tabs.currentWidget() is window.rooms["train"]


def test_the_table_and_the_page_of_the_newest_run(
    qtbot: QtBot, window: MainWindow, trained_case: Path, qtmodeltester: ModelTester
) -> None:
    tab = runs_tab(qtbot, window, trained_case)
    assert cells(tab.list.table, "Run") == ["other seed", "first look"]
    assert cells(tab.list.table, "Status") == ["Done", "Done"]
    assert all(text.startswith("0.") for text in cells(tab.list.table, "AUROC"))
    qtmodeltester.check(tab.list.table.columns)
    when = tab.list.table.columns.index(0, 2)
    assert tab.list.table.columns.data(when).endswith(("ago", "now"))
    assert ":" in tab.list.table.columns.data(when, Qt.ItemDataRole.ToolTipRole)
    details = tab.details
    assert details._name.text() == "other seed"
    assert "tester" in details._facts.text()
    for place in range(details.tabs.count()):  # each is filled when it is looked at
        details.tabs.setCurrentIndex(place)
    qtbot.waitUntil(lambda: len(details._curves._plots) == len(details._curves._charts) > 1)
    settings = dict(zip(cells(details._settings, "Name"), cells(details._settings, "Value"), strict=True))
    assert settings["seed"] == "7"
    assert "torch" in " ".join(cells(details._environment, "Name"))
    assert len(cells(details._log, "epoch")) == 2
    assert details._card.toPlainText().startswith("Model card\nPredicts")
    assert details._outcomes.page.calibration.title.startswith("Calibration, test part")
    assert sum(details._outcomes.page.confusion._counts.values()) > 0
    outcomes = details._outcomes.page
    details.tabs.setCurrentIndex(1)
    assert not outcomes.today.isVisible()
    click(qtbot, outcomes.evaluate)
    rest(qtbot, window)
    assert outcomes.today.isVisible()
    now = predictions.evaluate(trained_case, "other seed")
    today = dict(zip(cells(outcomes.today, "Test part"), cells(outcomes.today, "Today"), strict=True))
    assert today["AUROC"] == f"{now['classification']['auroc']:.3f}"
    assert cells(outcomes.today, "When trained") == cells(outcomes.today, "Today"), "the labels are the same still"
    for table in (details._measures, details._segments, details._settings, details._environment, details._log):
        qtmodeltester.check(table.columns)


def test_runs_are_found_by_letters(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = runs_tab(qtbot, window, trained_case)
    qtbot.keyClicks(tab.list.query.edit, "FIRST done")
    assert cells(tab.list.table, "Run") == ["first look"]
    tab.list.query.edit.clear()
    assert tab.list.table.columns.rowCount() == 2


def test_a_query_proposes_chooses_and_says_what_is_wrong(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = runs_tab(qtbot, window, trained_case)
    field = tab.list.query
    qtbot.keyClicks(field.edit, "sta")
    popup = field._popup
    assert popup.isVisible()
    qtbot.keyClick(popup, Qt.Key.Key_Down)
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert field.text() == "status "
    popup.hide()
    qtbot.keyClicks(field.edit, "= done and sed = 7")
    popup.hide()
    assert "There is no field sed (at letter 19). Did you mean seed?" in field.message.text()
    qtbot.keyClick(field.edit, Qt.Key.Key_Return)
    assert field.edit.selectedText() == "sed"
    qtbot.keyClicks(field.edit, "seed")
    popup.hide()
    assert not field.message.isVisible()
    assert cells(tab.list.table, "Run") == ["other seed"]
    assert tab.list.said.text() == "1 of 2 runs"
    tab.list._on_arranged()
    assert window.settings.document("runs")["last"]["query"] == "status = done and seed = 7"  # type: ignore[index]


def test_a_run_is_renamed(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = runs_tab(qtbot, window, trained_case)
    qtbot.keyClick(window, Qt.Key.Key_F2)
    dialog = tab.findChild(QInputDialog)
    assert isinstance(dialog, QInputDialog)
    dialog.setTextValue("the pilot")
    dialog.accept()
    rest(qtbot, window)
    assert cells(tab.list.table, "Run") == ["the pilot", "first look"]
    assert [run.name for run in run_service.list_runs(trained_case)] == ["the pilot", "first look"]
    assert [run.name for run in tab.list.chosen()] == ["the pilot"]


def test_names_and_the_trash_are_taken_back_by_keys(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = runs_tab(qtbot, window, trained_case)
    keyboard = Keyboard(qtbot)

    def names() -> list[list[str]]:
        """Of the runs in the list and in the trash."""
        return [[run.name for run in run_service.list_runs(trained_case, deleted=away)] for away in (False, True)]

    keyboard.press(Qt.Key.Key_F2)
    keyboard.type("the pilot")
    keyboard.press(Qt.Key.Key_Return)
    rest(qtbot, window)
    assert window.strip.news == "other seed renamed to the pilot"
    keyboard.press(Qt.Key.Key_Delete)
    rest(qtbot, window)
    assert names() == [["first look"], ["the pilot"]]
    assert cells(tab.list.table, "Run") == ["first look"]
    for name in ("the pilot", "other seed"):
        keyboard.press(Qt.Key.Key_Z, CTRL)
        rest(qtbot, window)
        assert names() == [[name, "first look"], []]
        assert cells(tab.list.table, "Run") == [name, "first look"]
    assert window.strip.news == "Undone: other seed renamed to the pilot"
    for wanted in ([["the pilot", "first look"], []], [["first look"], ["the pilot"]]):
        keyboard.press(Qt.Key.Key_Z, CTRL | SHIFT)
        rest(qtbot, window)
        assert names() == wanted
    click(qtbot, tab.list.trash)
    rest(qtbot, window)
    press(qtbot, tab, "Remove for good…")
    assert "It cannot be undone" in answer(qtbot, window, "Remove for good")
    rest(qtbot, window)
    keyboard.press(Qt.Key.Key_Z, CTRL)  # what is gone for good stays so, and is said
    rest(qtbot, window)
    assert "stayed" in window.strip.news
    assert names() == [["first look"], []]


def test_runs_are_compared_with_the_differences_first(
    qtbot: QtBot, window: MainWindow, trained_case: Path, qtmodeltester: ModelTester
) -> None:
    tab = runs_tab(qtbot, window, trained_case)
    tab.list.table.setFocus()
    qtbot.keyClick(tab.list.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    rest(qtbot, window)
    page = tab.comparison
    entries = cells(page.table, "Entry")
    assert "seed" in entries
    assert "limits.events" not in entries
    row = dict(zip(entries, cells(page.table, "other seed"), strict=True))
    assert row["seed"] == "7"
    assert [line.name for line in page.curves.plots[0]._chart.lines] == ["other seed", "first look"]  # type: ignore[union-attr]
    click(qtbot, page.only)
    assert "limits.events" in cells(page.table, "Entry")
    qtmodeltester.check(page.table.columns)
    click(qtbot, page.transposed)
    assert cells(page.table, "Run") == ["other seed", "first look"]
    assert cells(page.table, "config.seed") == ["7", "1234"]
    qtmodeltester.check(page.table.columns)
    click(qtbot, page.export)
    choose_file(tab, trained_case / "comparison.csv")
    rest(qtbot, window)
    assert "config.seed,7,1234" in (trained_case / "comparison.csv").read_text()


def test_the_table_as_it_is_seen_and_the_model_card_become_files(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path
) -> None:
    tab = runs_tab(qtbot, window, trained_case)
    tab.list.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    tab._save_table.trigger()
    choose_file(tab, tmp_path / "runs.csv")
    rest(qtbot, window)
    header, *rows = list(csv.reader((tmp_path / "runs.csv").read_text(encoding="utf-8").splitlines()))
    assert header == list(tab.list.table.arrangement.shown)
    assert [row[0] for row in rows] == cells(tab.list.table, "Run") == ["first look", "other seed"]
    created = run_service.list_runs(trained_case)[1].created_us
    assert rows[0][header.index("created")] == format_us(created)
    tab._save_table.trigger()
    choose_file(tab, tmp_path / "runs.json")
    rest(qtbot, window)
    (first, _) = json.loads((tmp_path / "runs.json").read_text(encoding="utf-8"))
    assert first["name"] == "first look"
    assert abs(first["test.classification.auroc"] - float(rows[0][header.index("test.classification.auroc")])) < 1e-9
    tab._save_card.trigger()
    choose_file(tab, tmp_path / "card.md")
    rest(qtbot, window)
    page = run_service.show_run(trained_case, tab.details.run_id or "")
    assert (tmp_path / "card.md").read_text(encoding="utf-8") == page.card != ""


def test_a_run_goes_to_the_trash_and_comes_back(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = runs_tab(qtbot, window, trained_case)
    press(qtbot, tab, "Delete")
    rest(qtbot, window)
    assert cells(tab.list.table, "Run") == ["first look"]
    assert len(run_service.list_runs(trained_case, deleted=True)) == 1
    click(qtbot, tab.list.trash)
    rest(qtbot, window)
    assert cells(tab.list.table, "Run") == ["other seed"]
    assert tab.details._name.text() == "other seed"
    press(qtbot, tab, "Restore")
    rest(qtbot, window)
    assert "empty" in tab.details._state.notice.title.text()
    click(qtbot, tab.list.trash)
    rest(qtbot, window)
    assert cells(tab.list.table, "Run") == ["other seed", "first look"]


def test_a_run_is_removed_for_good_after_it_was_said_what_goes(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    tab = runs_tab(qtbot, window, trained_case)
    press(qtbot, tab, "Delete")
    rest(qtbot, window)
    click(qtbot, tab.list.trash)
    rest(qtbot, window)
    press(qtbot, tab, "Remove for good…")
    said = answer(qtbot, window, "Remove for good")
    assert "This frees" in said
    assert "other runs need them" in said
    rest(qtbot, window)
    assert run_service.list_runs(trained_case, deleted=True) == ()
    assert len(list((trained_case / "models").iterdir())) == 1


def test_tags_and_notes_say_who_can_be_asked_for_and_are_undone(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    tab = runs_tab(qtbot, window, trained_case)
    page = tab.details.notes
    tab.details.tabs.setCurrentIndex(tab.details.tabs.count() - 1)
    qtbot.keyClicks(page.writer.editor, "worth a second look")
    tab.list.table.choose(1)
    rest(qtbot, window)
    assert page.writer.editor.toPlainText() == ""
    qtbot.keyClicks(page.writer.editor, "of the first look")
    tab.list.table.choose(0)
    rest(qtbot, window)
    assert page.writer.editor.toPlainText() == "worth a second look", "what is being written is not lost"
    click(qtbot, page.writer.save_button)
    rest(qtbot, window)
    tab.list.table.choose(1)
    rest(qtbot, window)
    assert page.writer.editor.toPlainText() == "of the first look"
    page.writer.discard()
    tab.list.table.choose(0)
    rest(qtbot, window)
    assert tab.details.tabs.tabText(tab.details.tabs.count() - 1) == "Notes (1)"
    press(qtbot, page, "Tags…")
    dialog = tab.findChild(QInputDialog)
    assert isinstance(dialog, QInputDialog)
    dialog.setTextValue("pilot, spring")
    dialog.accept()
    rest(qtbot, window)
    assert cells(tab.list.table, "Tags") == ["pilot; spring", ""]
    tab.list.query.set_text('tag = pilot and note has "second"')
    assert cells(tab.list.table, "Run") == ["other seed"]
    with qtbot.waitActive(window):
        window.activateWindow()
    tab.list.table.setFocus()  # in a field Ctrl+Z is the field's
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    rest(qtbot, window)
    assert cells(tab.list.table, "Tags") == ["pilot"]
    tab._star.trigger()
    rest(qtbot, window)
    tab.list.query.set_text("star = yes")
    assert cells(tab.list.table, "Run") == ["other seed"]


def test_verifying_says_identical(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = runs_tab(qtbot, window, trained_case)
    press(qtbot, tab, "Verify")
    assert any("Verifying" in label.text() for label in tab.details._verdict.findChildren(QLabel))
    rest(qtbot, window)
    texts = " ".join(label.text() for label in tab.details._verdict.findChildren(QLabel))
    assert "Identical" in texts
    assert all(text == "same" for text in cells(tab.details._compared, "Result"))
    press(qtbot, tab.details, "Save certificate…")
    choose_file(tab, trained_case / "certificate.json")
    rest(qtbot, window)
    assert '"verdict": "identical"' in (trained_case / "certificate.json").read_text()
    assert cells(tab.list.table, "Verified")[0] == "Identical"
    tab.list.table.choose(1)
    rest(qtbot, window)
    assert not tab.details._verdict.isVisible()
    tab.list.table.choose(0)
    rest(qtbot, window)
    assert tab.details._verdict.isVisible()


@pytest.mark.soak
def test_a_verification_is_cancelled(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = runs_tab(qtbot, window, trained_case)
    press(qtbot, tab, "Verify")
    press(qtbot, window.strip, "Cancel Verifying other seed")
    rest(qtbot, window)
    assert not tab.details._verdict.isVisible()


def test_a_run_without_its_files_is_an_error_in_words(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    import shutil

    run_id = run_service.list_runs(trained_case)[0].run_id
    shutil.rmtree(trained_case / "models" / run_id)
    tab = runs_tab(qtbot, window, trained_case)
    press(qtbot, tab, "Verify")
    rest(qtbot, window)
    texts = " ".join(label.text() for label in tab.details._verdict.findChildren(QLabel))
    assert "Cannot be verified" in texts


def test_the_settings_of_a_run_fill_the_form_of_train(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    rate = 0.0012345678
    with training_here():
        cases.train(trained_case, "exact", learning_rate=rate, drop_columns=["country"], baseline=False)
    tab = runs_tab(qtbot, window, trained_case)
    assert cells(tab.list.table, "Run")[0] == "exact"
    tab._use.trigger()
    rest(qtbot, window)
    train = window.rooms["train"]
    assert isinstance(train, TrainTab)
    assert window.tabs.currentWidget() is train
    values = train._form.values()
    assert values["learning_rate"] == rate, "to the last digit: other settings would be another run"
    assert values["drop_columns"] == ("country",)
    click(qtbot, train._start)
    rest(qtbot, window)
    assert "was done before" in train._result._status.text()


def test_from_a_run_to_its_explanations(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = runs_tab(qtbot, window, trained_case)
    tab.list.table.choose(1)
    rest(qtbot, window)
    press(qtbot, tab, "Explain")
    rest(qtbot, window)
    assert window.tabs.currentWidget() is window.rooms["explain"]
    assert window.rooms["explain"].run_box.value == run_service.list_runs(trained_case)[1].run_id  # type: ignore[attr-defined]


def test_a_forgotten_view_comes_back_and_one_of_an_encrypted_case_is_in_no_file(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    tab = runs_tab(qtbot, window, trained_case)
    views = tab.list

    def names() -> list[str]:
        views._fill_views()
        return [action.text() for action in views._views_menu.actions()]

    views.query.set_text('name has "look"')
    views.put_view("Mine", View(views.query.text()))
    views._fill_views()
    (forget,) = [one for one in views._views_menu.actions() if one.text() == "Forget a view"]
    forget.menu().actions()[0].trigger()  # type: ignore[attr-defined]
    assert "Mine" not in names()
    qtbot.keyClick(views.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert "Mine" in names()
    assert window.settings.file.read_text().count("name has") > 0
    qtbot.keyClick(views.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert "Mine" not in names()
    views.put_view("Mine", View("star = yes"))  # another one, which stays where the first one comes back
    qtbot.keyClick(views.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert {name: one.query for name, one in views._saved.items()} == {
        "Mine": "star = yes", "Mine (2)": views.query.text(),
    }  # fmt: skip

    window.session.open(OpenCase(trained_case, "case", encrypted=True))
    rest(qtbot, window)
    views.put_view("Hidden", View('note has "secret"'))
    assert "Hidden" in names()
    assert "secret" not in window.settings.file.read_text()
    window.session.open(OpenCase(trained_case, "case", encrypted=True))
    rest(qtbot, window)
    assert "Hidden" in names(), "for as long as the program runs"
    window.session.open(OpenCase(trained_case, "case"))
    rest(qtbot, window)
    assert "Hidden" not in names()
