"""What-ifs in the window, by real keys and clicks: the score follows, and every step can be taken back."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.core.types import Head
from mmdesk.engine.services import explanations, what_if
from mmdesk.ui.models.cells import CellKind
from mmdesk.ui.tabs.explain.tab import ExplainTab
from mmdesk.ui.tabs.explain.what_if_page import WhatIfPage
from mmdesk.ui.window import MainWindow
from tests.ui.driving import choose_file, click, on, opened, press, rest

_EVIDENCE, _WAS, _WHAT_IF, _ALONE = range(4)
CONTROL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


def what_if_page(qtbot: QtBot, window: MainWindow, case: Path) -> WhatIfPage:
    opened(qtbot, window, case)
    on(qtbot, window, "explain")
    tab = window.rooms["explain"]
    assert isinstance(tab, ExplainTab)
    page = tab.page.views.what_if
    holder = page.parentWidget()
    assert holder is not None
    tab.page.views.setCurrentWidget(holder)
    rest(qtbot, window)
    assert page._form is not None
    return page


def row_of(page: WhatIfPage, name: str) -> int:
    return page._keys.index(name)


def a_number(page: WhatIfPage) -> str:
    assert page._form is not None
    return next(one.name for one in page._form.attributes if one.kind.value == "number" and one.text)


def go_to(page: WhatIfPage, row: int) -> None:
    page.table.setFocus()
    page.table.setCurrentIndex(page.table.cells.index(row, _EVIDENCE))


def editor() -> QWidget:
    found = QApplication.focusWidget()
    assert isinstance(found, (QLineEdit, QComboBox))
    return found


def leave(qtbot: QtBot, field: QWidget) -> None:
    """Confirm a field and let it close."""
    qtbot.keyClick(field, Qt.Key.Key_Return)
    QApplication.processEvents()


def asked(page: WhatIfPage, case: Path, values: dict[str, str], without: tuple[str, ...] = ()) -> what_if.Rescored:
    assert page._of is not None
    at_hand = what_if.open_what_if(case, page._of.run, page._of.entity_id)
    return at_hand.score(what_if.Scenario(values, without))


def percent(value: float | None) -> str:
    assert value is not None
    return f"{100 * value:.1f} %"


def test_the_score_follows_what_is_typed(
    qtbot: QtBot, window: MainWindow, trained_case: Path, qtmodeltester: ModelTester
) -> None:
    before = sha256_file(trained_case / "case.db")
    page = what_if_page(qtbot, window, trained_case)
    form = page._form
    assert form is not None
    assert page._before.text() == page._after.text() == percent(form.said.probability)
    name = a_number(page)
    go_to(page, row_of(page, name))
    qtbot.keyClicks(page.table, "1")  # the first letter opens the field and replaces what was there
    qtbot.keyClicks(editor(), "2.5")
    rest(qtbot, window)
    found = asked(page, trained_case, {name: "12.5"})
    assert page._after.text() == percent(found.after.probability)
    assert page.edits.values == {name: "12.5"}
    assert page.table.cells.rows[row_of(page, name)][_ALONE].number == found.effects[0].difference.probability
    assert page._difference.text().endswith("points")
    leave(qtbot, editor())
    qtmodeltester.check(page.table.cells)
    # Escape brings back what was there.
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    line = editor()
    qtbot.keyClicks(line, "7")
    assert page.edits.values == {name: "7"}
    qtbot.keyClick(line, Qt.Key.Key_Escape)
    assert page.edits.values == {name: "12.5"}
    QApplication.processEvents()
    # What cannot be read is marked, and the score waits.
    qtbot.keyClicks(page.table, "4")
    qtbot.keyClicks(editor(), "x")
    rest(qtbot, window)
    assert page._after.text() == "?"
    assert page.table.cells.rows[row_of(page, name)][_WHAT_IF].role == "bad"
    assert "not a number" in page._notes.text()
    qtbot.keyClick(editor(), Qt.Key.Key_Backspace)
    rest(qtbot, window)
    assert page._after.text() == percent(asked(page, trained_case, {name: "4"}).after.probability)
    # Nor is another entity what could not be read of this one.
    qtbot.keyClicks(editor(), "x")
    rest(qtbot, window)
    tab = window.rooms["explain"]
    tab.table.choose(int(tab.table.columns.rows[1]))  # type: ignore[attr-defined]
    rest(qtbot, window)
    assert page._after.text() == page._before.text()
    assert page._notes.isHidden() or "not a number" not in page._notes.text()
    assert sha256_file(trained_case / "case.db") == before


def test_a_category_is_chosen_or_written_and_an_unseen_one_is_said(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    page = what_if_page(qtbot, window, trained_case)
    assert page._form is not None
    field = next(one for one in page._form.attributes if one.kind.value == "category" and one.text and one.options)
    row = row_of(page, field.name)
    assert page.table.cells.rows[row][_WHAT_IF].kind is CellKind.OPEN_CHOICE
    page.table.open_editor(row, _WHAT_IF)
    box = page.table.findChild(QComboBox)
    assert isinstance(box, QComboBox)
    assert box.itemText(box.count() - 1) == "missing"
    line = box.lineEdit()
    assert line is not None
    line.selectAll()
    qtbot.keyClicks(line, "mauve")
    rest(qtbot, window)
    assert page.edits.values == {field.name: "mauve"}
    assert "counts as a usual one" in page._notes.text()
    leave(qtbot, line)
    page.table.open_editor(row, _WHAT_IF)
    boxes = [one for one in page.table.findChildren(QComboBox) if one.isVisible()]
    other = next(option for option in field.options if option != field.text)
    boxes[-1].setCurrentIndex(boxes[-1].findData(other))
    rest(qtbot, window)
    assert page.edits.values == {field.name: other}


def test_rows_are_left_out_with_the_space_bar_and_steps_are_taken_back(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    page = what_if_page(qtbot, window, trained_case)
    rows = [place for place, key in enumerate(page._keys) if key.startswith("\0")][:2]
    for row in rows:
        go_to(page, row)
        qtbot.keyClick(page.table, Qt.Key.Key_Space)
    rest(qtbot, window)
    words = tuple(page._keys[row].removeprefix("\0rows ") for row in rows)
    assert tuple(page.edits.without) == words
    assert page.table.cells.rows[rows[0]][_WHAT_IF].text == "left out"
    assert page._after.text() == percent(asked(page, trained_case, {}, words).after.probability)
    assert page._explanation is not None
    place = page._order[page._keys[rows[1]]]
    tab = window.rooms["explain"]
    assert isinstance(tab, ExplainTab)
    source = page._explanation.items[place].source
    assert source is not None
    assert f"line {source.line:,}" in tab.page._source.text()
    page.show_box.set_value("changed")
    assert len(page._keys) == 2
    qtbot.keyClick(window, Qt.Key.Key_Z, CONTROL_ALT)
    rest(qtbot, window)
    assert tuple(page.edits.without) == words[:1]
    assert page._after.text() == percent(asked(page, trained_case, {}, words[:1]).after.probability)
    qtbot.keyClick(window, Qt.Key.Key_Y, CONTROL_ALT)
    assert tuple(page.edits.without) == words
    press(qtbot, page, "Everything as it is in the case")
    assert not page.edits
    click(qtbot, page.undo)
    rest(qtbot, window)
    assert tuple(page.edits.without) == words
    # The letters of one visit to a field are one step.
    page.show_box.set_value("all")
    name, steps = a_number(page), page.edits.stack.count()
    for text in ("12", "34"):
        go_to(page, row_of(page, name))
        qtbot.keyClicks(page.table, text[0])
        qtbot.keyClicks(editor(), text[1])
        leave(qtbot, editor())
    rest(qtbot, window)
    assert page.edits.values == {name: "34"}
    page.edits.stack.undo()
    assert page.edits.values == {name: "12"}
    page.edits.stack.undo()
    assert not page.edits.values
    assert tuple(page.edits.without) == words
    assert page.edits.stack.index() == steps - 1
    rest(qtbot, window)


def test_a_scenario_is_saved_opened_and_copied(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path
) -> None:
    page = what_if_page(qtbot, window, trained_case)
    name = a_number(page)
    word = next(key for key in page._keys if key.startswith("\0")).removeprefix("\0rows ")
    page.edits.set_value(name, "12.5")
    page.edits.set_there(word, False)
    rest(qtbot, window)
    shown = page._after.text()
    click(qtbot, page.copy)
    copied = QGuiApplication.clipboard().text()
    assert copied == what_if.rescored_text(asked(page, trained_case, {name: "12.5"}, (word,)))
    click(qtbot, page.export)
    choose_file(page, tmp_path / "answer.json")
    rest(qtbot, window)
    answer = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    assert page._answer is not None
    assert answer == json.loads(json.dumps(as_plain(page._answer.found)))
    expected = asked(page, trained_case, {name: "12.5"}, (word,))
    assert answer["after"]["probability"] == pytest.approx(expected.after.probability, abs=1e-6)
    path = tmp_path / "what if.json"
    click(qtbot, page.save)
    choose_file(page, path)
    rest(qtbot, window)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert (document["set"], document["without"]) == ({name: "12.5"}, [word])
    page.edits.replace({}, {})
    assert page._after.text() == page._before.text()
    click(qtbot, page.load)
    choose_file(page, path)
    rest(qtbot, window)
    assert page._after.text() == shown
    assert page.edits.values == {name: "12.5"}
    document["entity_id"] = "somebody"
    path.write_text(json.dumps(document), encoding="utf-8")
    page.edits.replace({}, {})
    click(qtbot, page.load)
    choose_file(page, path)
    rest(qtbot, window)
    assert not page.edits
    assert "somebody" in window.strip.news


def test_another_head_keeps_the_scenario_and_another_entity_does_not(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    page = what_if_page(qtbot, window, trained_case)
    tab = window.rooms["explain"]
    assert isinstance(tab, ExplainTab)
    longest = 0.0
    for text in ("1", "12", "12.", "12.5"):
        started = time.perf_counter()
        page.edits.set_value(a_number(page), text)
        longest = max(longest, time.perf_counter() - started)
    assert longest < 0.05  # the window's thread only sends the question away
    rest(qtbot, window)
    tab.head_box.set_value(Head.REGRESSION)
    rest(qtbot, window)
    assert page.edits.values
    assert "%" not in page._after.text()
    assert page._others.text().startswith("Probability")
    # A case that changed is read anew, and the scenario is asked again.
    assert page._form is not None
    dropped = page._form.evidence[-1].word
    kept = page._form
    page._form = dataclasses.replace(kept, evidence=kept.evidence[:-1])
    tab.head_box.set_value(Head.CLASSIFICATION)
    rest(qtbot, window)
    assert page._form == kept
    assert f"\0rows {dropped}" in page._keys
    assert page._after.text() == percent(asked(page, trained_case, page.edits.values).after.probability)
    tab.table.choose(int(tab.table.columns.rows[3]))
    rest(qtbot, window)
    assert not page.edits
    assert page._form is not None
    assert page._form.entity_id == tab.page.explanation.entity_id  # type: ignore[union-attr]


def test_what_it_would_take_within_declared_limits(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    page = what_if_page(qtbot, window, trained_case)
    press(qtbot, page, "What would it take?")
    rest(qtbot, window)
    takes = page.takes
    explanation = page._explanation
    assert explanation is not None
    names = [row[0].text for row in takes.table.cells.rows]
    assert set(names) == {item.label for item in explanation.items if item.kind == "attribute"}
    frozen = names[0]
    takes.table.setFocus()
    takes.table.setCurrentIndex(takes.table.cells.index(0, 0))
    qtbot.keyClick(takes.table, Qt.Key.Key_Space)
    number = next(place for place, row in enumerate(takes.table.cells.rows) if row[3].kind is CellKind.CHOICE)
    takes.table.open_editor(number, 3)
    box = next(one for one in takes.table.findChildren(QComboBox) if one.isVisible())
    qtbot.keyClick(box, Qt.Key.Key_Down)
    leave(qtbot, box)
    target = 100 * explanation.output - 0.2
    qtbot.keyClicks(takes.target, f"{target:.2f}")
    limits = takes.limits()
    assert limits is not None
    assert limits["frozen"] == [frozen]
    assert limits["columns"] == {names[number]: {"direction": "up"}}
    click(qtbot, takes.look)
    rest(qtbot, window)
    found = takes._changes
    assert found is not None
    expected = explanations.explain(
        trained_case, explanation.run_id, explanation.entity_id, head=explanation.head,
        perspectives={explanations.Perspective.CHANGES}, limits=explanations.limits_from(limits),
    )  # fmt: skip
    assert found == expected.changes
    assert found.output is not None
    assert frozen not in [change.column for change in found.changes]
    assert takes.answer.text().startswith("With ")
    press(qtbot, takes, "Try it out")
    rest(qtbot, window)
    assert page.edits.values == {change.column: change.cell for change in found.changes}
    assert page._answer is not None
    assert page._answer.found.after.probability == pytest.approx(found.output, abs=1e-5)


def test_nothing_found_is_said_limits_are_kept_and_the_search_can_be_cancelled(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path
) -> None:
    page = what_if_page(qtbot, window, trained_case)
    press(qtbot, page, "What would it take?")
    rest(qtbot, window)
    takes = page.takes
    qtbot.keyClicks(takes.target, "much")
    click(qtbot, takes.look)
    assert takes.answer.text().startswith("Say which output is to be reached")
    takes.target.clear()
    qtbot.keyClicks(takes.target, "99.99")
    takes.most.set_value(1)
    click(qtbot, takes.look)
    rest(qtbot, window)
    assert "no change of one attribute was found" in takes.answer.text()
    assert not takes.try_it.isVisible()
    takes.most.set_value(6)
    takes.look.setFocus()
    qtbot.keyClick(takes.look, Qt.Key.Key_Space)
    assert takes.stop.hasFocus()
    qtbot.keyClick(takes.stop, Qt.Key.Key_Space)
    rest(qtbot, window)
    assert takes.answer.text() == "Cancelled."
    assert takes.look.hasFocus()
    path = tmp_path / "limits.json"
    click(qtbot, takes.save)
    choose_file(takes, path)
    rest(qtbot, window)
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept == takes.limits()
    assert kept["target"] == pytest.approx(0.9999)
    names = [row[0].text for row in takes.table.cells.rows]
    category = next(field.name for field in takes._fields if field.kind.value == "category")
    number = next(field.name for field in takes._fields if field.kind.value == "number")
    kept |= {"frozen": [names[-1]], "most": 2, "columns": {category: {"options": ["x"]}, number: {"low": "7"}}}
    path.write_text(json.dumps(kept), encoding="utf-8")
    click(qtbot, takes.load)
    choose_file(takes, path)
    rest(qtbot, window)
    assert takes.limits() == kept
    assert takes.table.cells.rows[names.index(number)][4].text == "7"
    assert takes.table.cells.rows[names.index(category)][4].text == "x"
    path.write_text('{"frozn": []}', encoding="utf-8")
    click(qtbot, takes.load)
    choose_file(takes, path)
    rest(qtbot, window)
    assert "Did you mean frozen?" in window.strip.news
