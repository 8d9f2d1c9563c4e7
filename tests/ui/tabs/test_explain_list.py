"""The list of Explain with real keys: stars, dispositions, tags, notes, and their undoing."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.explanation import Baseline
from mmdesk.engine.services import annotations as service
from mmdesk.engine.services import predictions
from mmdesk.engine.services.annotations import SubjectKind
from mmdesk.engine.services.cases import case_info
from mmdesk.engine.services.deletions import list_deleted
from mmdesk.ui.drafts import Draft, Drafts
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.session import OpenCase
from mmdesk.ui.tabs.explain.entity_list import EntityList
from mmdesk.ui.tabs.explain.tab import ExplainTab
from mmdesk.ui.tabs.importing.tab import ImportTab
from mmdesk.ui.widgets.reason_dialog import ReasonDialog
from mmdesk.ui.widgets.tags_dialog import TagsDialog
from mmdesk.ui.window import MainWindow
from tests.ui.driving import answer, click, on, opened, press, rest

ENTITY = SubjectKind.ENTITY
_CONTROL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier


def entity_list(qtbot: QtBot, window: MainWindow, case: Path) -> EntityList:
    opened(qtbot, window, case)
    on(qtbot, window, "explain")
    tab = window.rooms["explain"]
    assert isinstance(tab, ExplainTab)
    tab.table.setFocus()
    return tab.entities


def said(case: Path) -> set[tuple[str, str, str]]:
    return {(mark.subject, mark.value or "star", mark.reason) for mark in service.marks(case, ENTITY)}


def _back(qtbot: QtBot, window: MainWindow, entities: EntityList) -> None:
    """Without a window manager nobody makes the window active again when a dialog is closed."""
    with qtbot.waitActive(window):
        window.activateWindow()
    entities.table.setFocus()


def _dialog(qtbot: QtBot, window: QWidget, kind: type[QWidget]) -> QWidget:
    qtbot.waitUntil(lambda: any(one.isVisible() for one in window.findChildren(kind)))
    return next(one for one in window.findChildren(kind) if one.isVisible())


def test_keys_mark_the_chosen_and_undo_takes_it_back(
    qtbot: QtBot, window: MainWindow, trained_case: Path, qtmodeltester: ModelTester
) -> None:
    entities = entity_list(qtbot, window, trained_case)
    table = entities.table
    explained = window.rooms["explain"].page.explanation  # type: ignore[attr-defined]
    first = entities.entity_id
    assert first is not None
    for key in (Qt.Key.Key_S, Qt.Key.Key_C):
        qtbot.keyClick(table, key)
        rest(qtbot, window)
    assert said(trained_case) == {(first, "star", ""), (first, "confirmed", "")}
    assert entities.entity_id == first
    assert window.rooms["explain"].page.explanation is explained, "a mark explains nothing anew"  # type: ignore[attr-defined]
    row = table.chosen()[0]
    assert table.columns.data(table.columns.index(table.columns.shown_row(row) or 0, 0), Qt.ItemDataRole.DecorationRole)
    tip = table.columns.data(table.columns.index(table.columns.shown_row(row) or 0, 1), Qt.ItemDataRole.ToolTipRole)
    assert "Confirmed" in tip
    assert "just now" in tip

    qtbot.keyClick(table, Qt.Key.Key_Down, _SHIFT)
    qtbot.keyClick(table, Qt.Key.Key_Down, _SHIFT)
    chosen = entities.chosen_ids()
    assert chosen is not None
    qtbot.keyClick(table, Qt.Key.Key_D)
    dialog = _dialog(qtbot, window, ReasonDialog)
    assert isinstance(dialog, ReasonDialog)
    assert not dialog.ok.isEnabled()
    qtbot.keyClicks(dialog.field, "a test account")
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    rest(qtbot, window)
    dismissed = {(one, "dismissed", "a test account") for one in chosen.to_pylist()}
    assert said(trained_case) == {(first, "star", ""), *dismissed}
    assert len(table.chosen()) == 3
    _back(qtbot, window, entities)
    qtmodeltester.check(table.columns)

    qtbot.keyClick(table, Qt.Key.Key_Z, _CONTROL)
    rest(qtbot, window)
    assert said(trained_case) == {(first, "star", ""), (first, "confirmed", "")}
    qtbot.keyClick(table, Qt.Key.Key_Z, _CONTROL | _SHIFT)
    rest(qtbot, window)
    assert said(trained_case) == {(first, "star", ""), *dismissed}


def test_a_filtered_list_is_tagged_at_once_and_found_by_the_tag(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    entities = entity_list(qtbot, window, trained_case)
    qtbot.keyClicks(entities.search, "m0000")
    rest(qtbot, window)
    entities.table.setFocus()
    qtbot.keyClick(entities.table, Qt.Key.Key_A, _CONTROL)
    found = entities.listed()
    assert 2 < len(found) < 11
    qtbot.keyClick(entities.table, Qt.Key.Key_T)
    dialog = _dialog(qtbot, window, TagsDialog)
    assert isinstance(dialog, TagsDialog)
    qtbot.keyClicks(dialog.field, "second look, mule")
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    rest(qtbot, window)
    assert said(trained_case) == {(one, tag, "") for one in found for tag in ("mule", "second look")}
    entities.search.clear()
    assert f"#mule ({len(found)})" in [entities.mark_box.itemText(n) for n in range(entities.mark_box.count())]
    entities.mark_box.set_value(("tag", "mule"))
    assert sorted(entities.listed()) == sorted(found)

    entities.table.choose(int(entities.table.columns.rows[0]))
    rest(qtbot, window)
    gone = entities.entity_id
    _back(qtbot, window, entities)
    qtbot.keyClick(entities.table, Qt.Key.Key_T)
    dialog = _dialog(qtbot, window, TagsDialog)
    assert isinstance(dialog, TagsDialog)
    boxes = [dialog.list.item(n) for n in range(dialog.list.count())]
    assert [(box.text(), box.checkState()) for box in boxes] == [
        ("mule", Qt.CheckState.Checked), ("second look", Qt.CheckState.Checked),
    ]  # fmt: skip
    boxes[0].setCheckState(Qt.CheckState.Unchecked)
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    rest(qtbot, window)
    assert gone not in entities.listed()
    assert entities.entity_id in found, "the next of the list is chosen in its place"


def test_a_query_chooses_by_scores_marks_attributes_and_notes(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    scores = predictions.predict_columns(trained_case, "latest")
    assert scores.probability is not None
    high = {name for name, p in zip(scores.entity_ids, scores.probability, strict=True) if p > 0.4}
    first, second = sorted(high)[:2]
    service.add_note(trained_case, ENTITY, first, "Called the bank", actor="ann")
    service.set_star(trained_case, ENTITY, [first, second], True, actor="ann")
    service.add_tag(trained_case, ENTITY, [second], "mule", actor="ann")
    entities = entity_list(qtbot, window, trained_case)
    field = entities.query.field

    def chosen(text: str) -> set[str]:
        entities.search.clear()
        qtbot.keyClicks(entities.search, text)
        qtbot.keyClick(entities.search, Qt.Key.Key_Escape)
        rest(qtbot, window)
        assert not field.message.isVisible(), field.message.text()
        return set(entities.listed())

    assert chosen("score > 40%") == high
    assert chosen("star = yes and not tag = mule and score > .4") == {first}
    assert chosen('note has "bank"') == {first}
    assert chosen("mule") == {second}, "words are looked for in tags, too"
    service.add_note(trained_case, ENTITY, second, "the other bank", actor="ann")
    assert chosen('note has "bank"') == {first}
    entities.load_marks()
    rest(qtbot, window)
    assert set(entities.listed()) == {first, second}, "notes are read anew when there are others"

    name, values = _an_attribute(trained_case)
    assert chosen(f"{name} is missing or {name} != {values[0]}") | chosen(f"{name} = {values[0]}") == set(
        scores.entity_ids
    )
    assert chosen(f"{name} = {values[0]}") == set(values[1:])
    qtbot.keyClicks(entities.search, " and nonsense > 1")
    assert "no field nonsense" in field.message.text()


def _hold_up(gate: threading.Event, *, ctx: JobContext) -> None:
    gate.wait(60)


def test_marks_that_come_during_a_search_neither_undo_it_nor_are_missed(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    entities = entity_list(qtbot, window, trained_case)
    first, second = entities.listed()[:2]

    def during_a_search(starred: str, *texts: str) -> set[str]:
        """Who is listed after texts were typed while a star arrived, and nothing was found yet."""
        gate, known = threading.Event(), entities.marks
        window.jobs.submit(Lane.FIND, _hold_up, gate)
        qtbot.keyClicks(entities.search, texts[0])
        service.set_star(trained_case, ENTITY, [starred], True, actor="ann")
        entities.load_marks()
        qtbot.waitUntil(lambda: entities.marks is not known, timeout=20_000)
        for text in texts[1:]:
            qtbot.keyClicks(entities.search, text)
            for _ in text:
                qtbot.keyClick(entities.search, Qt.Key.Key_Backspace)
        assert entities.said.text() == "Searching…"
        entities.table.setFocus()
        qtbot.keyClick(entities.table, Qt.Key.Key_A, _CONTROL)
        qtbot.keyClick(entities.table, Qt.Key.Key_S)
        gate.set()
        rest(qtbot, window)
        return set(entities.listed())

    assert during_a_search(first, "star = yes") == {first}
    entities.search.setFocus()
    assert during_a_search(second, " ", "and m") == {first, second}
    assert said(trained_case) == {(first, "star", ""), (second, "star", "")}, "nothing is done with the list meanwhile"


def _an_attribute(case: Path) -> tuple[str, list[str]]:
    """An attribute of words; one of them, and who has it."""
    from mmdesk.engine.dataset.live import live_data
    from mmdesk.engine.store.case import Case

    with Case.open(case, actor="ann") as opened_case:
        data = live_data(opened_case)
    name, column = next((name, one) for name, one in data.attributes.items() if len(one.categories) > 1)
    who = [str(data.entity_ids[place]) for place in (column.values == 0).nonzero()[0]]
    return name, [column.categories[0], *who]


def test_a_note_is_kept_while_it_is_written_and_saved_with_who_and_when(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    entities = entity_list(qtbot, window, trained_case)
    first, panel = entities.entity_id, entities.notes
    assert first is not None
    qtbot.keyClick(entities.table, Qt.Key.Key_N)
    assert panel.editor.hasFocus()
    qtbot.keyClicks(panel.editor, "Called the bank")
    qtbot.waitUntil(lambda: Drafts().read(trained_case, "entity", first) == Draft("Called the bank"))
    assert service.notes(trained_case, ENTITY) == ()
    qtbot.keyClick(panel.editor, Qt.Key.Key_Escape)
    qtbot.keyClick(entities.table, Qt.Key.Key_Down)
    rest(qtbot, window)
    assert panel.editor.toPlainText() == ""
    qtbot.keyClick(entities.table, Qt.Key.Key_Up)
    rest(qtbot, window)
    assert panel.editor.toPlainText() == "Called the bank"
    panel.editor.setFocus()
    qtbot.keyClick(panel.editor, Qt.Key.Key_Return, _CONTROL)
    rest(qtbot, window)
    (note,) = service.notes(trained_case, ENTITY)
    assert (note.subject, note.text) == (first, "Called the bank")
    assert panel.editor.toPlainText() == ""
    assert Drafts().read(trained_case, "entity", first) is None
    assert entities.marks is not None
    assert entities.marks.noted.sum() == 1

    press(qtbot, panel, "Edit this note")
    panel.editor.setPlainText("Called the bank: it is theirs")
    service.edit_note(trained_case, note.id, "Bob was faster", actor="bob")
    qtbot.keyClick(panel.editor, Qt.Key.Key_Return, _CONTROL)
    rest(qtbot, window)
    assert [one.text for one in service.notes(trained_case, ENTITY)] == ["Bob was faster"]
    assert panel.editor.toPlainText() == "Called the bank: it is theirs", "nothing written is lost"
    qtbot.keyClick(panel.editor, Qt.Key.Key_Return, _CONTROL)
    rest(qtbot, window)
    assert [one.text for one in service.notes(trained_case, ENTITY)][1] == "Called the bank: it is theirs"
    window.edits.undo()
    rest(qtbot, window)
    assert [one.text for one in service.notes(trained_case, ENTITY)] == ["Bob was faster"]


_KILLED = """
import os, signal, sys
from pathlib import Path
from mmdesk.ui.drafts import Draft, Drafts
for number in range(50):
    Drafts(Path(sys.argv[1])).keep(Path(sys.argv[2]), "entity", "a", Draft("word " * number, 3))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_draft_outlives_a_kill(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED, tmp_path / "drafts", tmp_path], check=False)
    assert done.returncode == -signal.SIGKILL
    drafts = Drafts(tmp_path / "drafts")
    assert drafts.read(tmp_path, "entity", "a") == Draft("word " * 49, 3)
    assert drafts.read(tmp_path / "other", "entity", "a") is None
    (file,) = (tmp_path / "drafts").iterdir()
    file.write_bytes(b"[")
    assert drafts.read(tmp_path, "entity", "a") is None
    drafts.drop(tmp_path, "entity", "a")
    assert not list((tmp_path / "drafts").iterdir())
    assert drafts.keep(tmp_path, "entity", "a", Draft("of a case with a key"), secret=True)
    assert drafts.read(tmp_path, "entity", "a") == Draft("of a case with a key")
    assert not list((tmp_path / "drafts").iterdir())
    drafts.drop(tmp_path, "entity", "a")
    assert drafts.read(tmp_path, "entity", "a") is None
    (tmp_path / "file").write_text("")
    assert not Drafts(tmp_path / "file").keep(tmp_path, "entity", "a", Draft("x"))


def test_entities_and_files_are_deleted_listed_and_restored(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    entities = entity_list(qtbot, window, trained_case)
    first = entities.entity_id
    everybody = case_info(trained_case).counts["entities"]
    qtbot.keyClick(entities.table, Qt.Key.Key_Delete)
    asked = answer(qtbot, window, "Delete")
    assert asked.startswith("Delete 1 entity? With that go: ")
    assert " events" in asked
    rest(qtbot, window)
    assert [one.id for one in list_deleted(trained_case)] == [first]
    assert entities.table.columns.rowCount() == everybody - 1
    _back(qtbot, window, entities)
    qtbot.keyClick(window, Qt.Key.Key_Z, _CONTROL)
    rest(qtbot, window)
    assert list_deleted(trained_case) == ()
    assert entities.table.columns.rowCount() == everybody
    qtbot.keyClick(window, Qt.Key.Key_Z, _CONTROL | _SHIFT)
    rest(qtbot, window)
    on(qtbot, window, "import")
    tab = window.rooms["import"]
    assert isinstance(tab, ImportTab)
    tab.show_page(1)
    rest(qtbot, window)
    tab.media.table.choose_all([0, 1])
    tab.media.table.setFocus()
    qtbot.keyClick(tab.media.table, Qt.Key.Key_Delete)
    assert answer(qtbot, window, "Delete").startswith("Delete 2 media files?")
    rest(qtbot, window)
    tab.show_page(4)
    rest(qtbot, window)
    assert [tab.deleted.table.columns.text(row, 0) for row in range(3)] == ["Entity", "Media file", "Media file"]
    tab.deleted.table.selectAll()
    click(qtbot, tab.deleted.restore)
    rest(qtbot, window)
    assert list_deleted(trained_case) == ()
    assert case_info(trained_case).counts["entities"] == everybody


def test_what_the_list_is_narrowed_to_comes_back_with_its_case(
    qtbot: QtBot, window: MainWindow, trained_case: Path, empty_case: Path
) -> None:
    entity_list(qtbot, window, trained_case)
    tab = window.rooms["explain"]
    assert isinstance(tab, ExplainTab)
    first = tab.entities.entity_id
    assert first is not None
    service.add_tag(trained_case, ENTITY, [first], "bank", actor="tester")
    tab.entities.load_marks()
    rest(qtbot, window)
    heads = [tab.head_box.itemText(place) for place in range(tab.head_box.count())]
    tab.head_box.setCurrentIndex(len(heads) - 1)
    tab.baseline_box.set_value(Baseline.GROUP)
    tab.entities.mark_box.set_value(("tag", "bank"))
    qtbot.keyClicks(tab.search, f"id = {first}")
    rest(qtbot, window)

    def left() -> tuple[object, ...]:
        box = tab.entities.mark_box
        return tab.head_box.currentText(), tab.baseline_box.value, box.value, box.count(), tab.search.text()

    before = left()
    assert before[2:] == (("tag", "bank"), box_count := tab.entities.mark_box.count(), f"id = {first}")
    assert box_count > 1
    opened(qtbot, window, empty_case)
    assert (tab.baseline_box.value, tab.search.text()) == (Baseline.TYPICAL, "")
    opened(qtbot, window, trained_case)
    rest(qtbot, window)
    assert left() == before
    assert tab.table.columns.rowCount() == 1
    # Of an encrypted case nothing of it is in the file, and yet it is there again while the program runs.
    window.session.open(OpenCase(trained_case, "case", encrypted=True))
    rest(qtbot, window)
    assert left() == before
    tab.baseline_box.set_value(Baseline.TYPICAL)
    assert first not in window.settings.file.read_text()
    window.session.open(OpenCase(trained_case, "case", encrypted=True))
    rest(qtbot, window)
    assert left() == (before[0], Baseline.TYPICAL, *before[2:])
    # Whoever is gone to is seen, whatever still waits to narrow the list.
    tab.entities.narrow("all", ("tag", "bank"), "id = nobody")
    assert tab.entities.go_to(first)
    assert tab.entities.narrowed_to == ("all", ("any", ""), "")
    # A run without the output that was chosen says nothing of what is wanted of the others.
    kept = window.settings.kept_of(trained_case, "explain")["head"]
    assert kept != Head.CLASSIFICATION.value
    tab.head_box.set_options([("", Head.CLASSIFICATION)])
    tab.baseline_box.set_value(Baseline.GROUP)
    now = window.settings.kept_of(trained_case, "explain")
    assert (now["head"], now["baseline"]) == (kept, Baseline.GROUP.value)
