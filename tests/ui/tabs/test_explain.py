"""Explain, with the real services: scores, the linked views, media, copying, exporting."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLabel, QMessageBox
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.core.times import parse_moment
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation import account
from mmdesk.engine.explanation.account import Findings
from mmdesk.engine.explanation.explanation import Clause, Grade
from mmdesk.engine.explanation.looks import Perspective
from mmdesk.engine.services import explanations, predictions
from mmdesk.engine.services import runs as run_service
from mmdesk.ui import language
from mmdesk.ui.formatting import in_numbers, unbroken
from mmdesk.ui.hints import for_window
from mmdesk.ui.tabs.explain import sentence, wording
from mmdesk.ui.tabs.explain.looks_dialog import LooksDialog
from mmdesk.ui.tabs.explain.tab import ExplainTab
from mmdesk.ui.window import MainWindow
from tests.ui.driving import LONG_MS, choose_file, click, on, opened, press, rest


def explain_tab(qtbot: QtBot, window: MainWindow, case: Path) -> ExplainTab:
    opened(qtbot, window, case)
    on(qtbot, window, "explain")
    tab = window.rooms["explain"]
    assert isinstance(tab, ExplainTab)
    return tab


def test_without_a_model_it_says_where_to_go(qtbot: QtBot, window: MainWindow, empty_case: Path) -> None:
    tab = explain_tab(qtbot, window, empty_case)
    press(qtbot, tab, "Go to Train")
    assert window.tabs.currentWidget() is window.rooms["train"]


def test_the_scores_are_the_services_and_sorted_with_the_highest_first(
    qtbot: QtBot, window: MainWindow, trained_case: Path, qtmodeltester: ModelTester
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    assert tab.entities.scores is not None
    shown = tab.entities.scores.probability[tab.table.columns.rows]
    assert (np.diff(shown) <= 0).all()
    expected = predictions.predict_columns(trained_case, "latest")
    assert list(tab.entities.scores.entity_ids) == list(expected.entity_ids)
    assert expected.probability is not None
    assert np.abs(tab.entities.scores.probability - expected.probability).max() < 1e-6
    qtmodeltester.check(tab.table.columns)


def test_entities_are_found_and_filtered(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert tab.search.hasFocus()
    qtbot.keyClicks(tab.search, "m00007")
    rest(qtbot, window)
    assert tab.table.columns.rowCount() == 1
    assert tab.entities.said.text() == "1 of 60 entities"
    tab.search.clear()
    for which, fits in (("high", np.greater_equal), ("low", np.less)):
        tab.entities.filter_box.set_value(which)
        assert tab.entities.scores is not None
        assert fits(tab.entities.scores.probability[tab.table.columns.rows], 0.5).all()
    decisions = [row.decision for row in predictions.predict(trained_case, "latest")]
    for which in ("positive", "negative", "uncertain"):
        tab.entities.filter_box.set_value(which)
        assert tab.table.columns.rowCount() == decisions.count(which)
    tab.entities.filter_box.set_value("all")
    rest(qtbot, window)


def test_the_explanation_is_the_services_from_the_general_to_the_source(
    qtbot: QtBot, window: MainWindow, trained_case: Path, qtmodeltester: ModelTester
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    page = tab.page
    shown = page.explanation
    assert shown is not None
    assert tab.entities.scores is not None
    entity = tab.entities.scores.entity_ids[tab.table.chosen()[0]]
    expected = explanations.explain(trained_case, "latest", entity, head=Head.CLASSIFICATION)
    assert explanations.to_json(shown) == explanations.to_json(expected)
    said = in_numbers(expected.sentence, wording.imported_parts(expected))
    assert page.sentence.text() == unbroken(said)
    assert page._value.text() == f"{expected.output * 100:.1f} %"
    charted = wording.item_account(shown, wording.scale_of(shown))
    total = charted.base + sum(step.contribution for step in charted.steps)
    assert total == pytest.approx(charted.output, abs=1e-3)
    assert page._grade.text() == shown.faithfulness.grade.value
    for items in (page.attributes, page.events.items, page.links.items, page.media.items):
        qtmodeltester.check(items.table.columns)
    kinds = ["attribute", "event", "neighbour", "artifact"]
    assert page.tabs.currentIndex() == kinds.index(shown.items[0].kind.value), "where the strongest evidence is"
    grade = next(place for place in range(page.tabs.count()) if page.tabs.tabText(place) == "Grade")
    page.tabs.setCurrentIndex(grade)
    tab.table.choose(int(tab.table.columns.rows[1]))
    rest(qtbot, window)
    assert page.explanation is not shown
    assert page.tabs.currentIndex() == grade, "where somebody went"


def test_the_sentence_of_the_window_is_the_engines_in_other_words(trained_case: Path) -> None:
    entities = [row.entity_id for row in predictions.predict(trained_case, "latest")][:4]
    for entity, head in itertools.product(entities, Head):
        shown = explanations.explain(trained_case, "latest", entity, head=head)
        for grade in ("A", "D"):
            shown = dataclasses.replace(
                shown, faithfulness=dataclasses.replace(shown.faithfulness, grade=Grade(grade)), as_of="2024-07-01"
            )
            findings = Findings(**{field.name: getattr(shown, field.name) for field in dataclasses.fields(Findings)})
            said = account.sentence_of(findings)
            assert sentence.sentence_of(shown) == in_numbers(said, wording.imported_parts(shown))


def test_the_sentence_keeps_its_height_from_one_entity_to_the_next_but_no_longer(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    page = explain_tab(qtbot, window, trained_case).page
    one = page.explanation
    assert one is not None
    usual = page.sentence.minimumHeight()
    page.show_explanation(dataclasses.replace(one, entity_id="a long name " * 40))
    tall = page.sentence.minimumHeight()
    assert tall > usual
    page.show_explanation(one)
    assert page.sentence.minimumHeight() == tall
    page.show_explanation(dataclasses.replace(one, run_id="another"))
    assert page.sentence.minimumHeight() == usual
    qtbot.keyClick(window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    rest(qtbot, window)
    assert page.sentence.minimumHeight() > usual
    qtbot.keyClick(window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    rest(qtbot, window)
    assert page.sentence.minimumHeight() == usual


def test_evidence_is_linked_everywhere_and_leads_to_its_line(
    qtbot: QtBot, window: MainWindow, trained_case: Path, made_data: Path
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    page = tab.page
    assert page.explanation is not None
    page.waterfall.setFocus()
    qtbot.keyClick(page.waterfall, Qt.Key.Key_Down)
    first = page.explanation.items[1]
    kinds = ["attribute", "event", "neighbour", "artifact"]
    assert page.tabs.currentIndex() == kinds.index(first.kind.value)
    assert wording.source_line(first) in page._source.text()
    assert first.source is not None
    assert f"line {first.source.line:,}" in page._source.text()
    assert (first.source.import_sha256 or "?")[:16] in page._source.text()
    qtbot.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    rest(qtbot, window)
    line = Path(first.source.file or "").name
    (table,) = (path for path in made_data.glob("*.csv") if path.name == line)
    text = table.read_text(encoding="utf-8").splitlines()[(first.source.line or 1) - 1]
    assert page.source.text.isVisible()
    assert page.source.text.textCursor().block().text().endswith(text)
    assert "what was imported" in page.source._checked.text()
    place = next(n for n, item in enumerate(page.explanation.items) if item.kind == "event")
    page.choose(place)
    assert page.events.items.table.chosen()
    page._on_waterfall_picked("links")
    assert page.tabs.currentIndex() == 2


def test_an_account_can_start_from_the_comparable_group(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    usual = tab.page.explanation
    assert usual is not None
    assert "Typical case" in tab.page.waterfall.accessibleDescription()
    tab.baseline_box.set_value(explanations.Baseline.GROUP)
    rest(qtbot, window)
    shown = tab.page.explanation
    assert shown is not None
    expected = explanations.explain(
        trained_case, "latest", usual.entity_id, head=Head.CLASSIFICATION, baseline=explanations.Baseline.GROUP
    )
    assert explanations.to_json(shown) == explanations.to_json(expected)
    assert shown.output == usual.output
    assert shown.base != usual.base
    assert "Typical of its group" in tab.page.waterfall.accessibleDescription()


def test_another_head_is_another_account(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    tab.head_box.set_value(Head.REGRESSION)
    rest(qtbot, window)
    assert tab.page.explanation is not None
    assert tab.page.explanation.head is Head.REGRESSION
    assert "%" not in tab.page._value.text()
    press(qtbot, tab.page, "Sums of the kinds of evidence")
    assert [step.name for step in wording.group_account(tab.page.explanation).steps][:4] == [
        "Attributes", "Events", "Links", "Media",
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "view"), [("image", "picture"), ("audio", "sound"), ("video", "frames")])
def test_media_are_shown_with_what_the_model_saw(
    qtbot: QtBot, window: MainWindow, trained_case: Path, kind: str, view: str
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    from mmdesk.engine.services import media_imports

    rows = media_imports.list_artifacts(trained_case)
    owner = next(row.entities[0] for row in rows if row.media_type == kind and row.status == "done")
    qtbot.keyClicks(tab.search, owner)
    tab.table.choose(int(tab.table.columns.rows[0]))
    rest(qtbot, window)
    assert tab.page.explanation is not None
    tab.page.choose(next(n for n, item in enumerate(tab.page.explanation.items) if item.media_type == kind))
    rest(qtbot, window)
    media = tab.page.media
    assert getattr(media.pane, view).isVisible()
    assert "hash checked" in media.pane.facts.text()
    assert getattr(media.pane, view).accessibleDescription() not in {"", "No tiles"}
    assert media.pane.playback.isVisible() == (kind != "image")
    if kind == "image":
        return
    media.pane.playback.slider.setFocus()
    qtbot.keyClick(media.pane.playback.slider, Qt.Key.Key_Right)
    start_s = media.pane.playback._at_s
    assert start_s > 0
    click(qtbot, media.pane.playback.button)
    qtbot.waitUntil(lambda: media.pane.playback._at_s > start_s + 0.2, timeout=LONG_MS)
    assert kind == "video" or media.pane.sound.at_s > start_s + 0.2
    assert kind == "audio" or media.pane.film.isVisible()
    click(qtbot, media.pane.playback.button)
    assert not media.pane.playback.playing


def stored_file(case: Path, sha256: str) -> Path:
    """The case's copy of an artifact."""
    files = (path for path in (case / "artifacts_store").rglob("*") if path.is_file())
    return next(path for path in files if sha256_file(path) == sha256)


def test_an_altered_file_is_named_so(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    from mmdesk.engine.services import previews

    tab = explain_tab(qtbot, window, trained_case)
    from mmdesk.engine.services import media_imports

    row = next(row for row in media_imports.list_artifacts(trained_case) if row.media_type == "audio")
    stored = stored_file(trained_case, row.sha256)
    stored.chmod(0o644)
    stored.write_bytes(stored.read_bytes()[:-2] + b"xx")
    seen = previews.preview(trained_case, row.sha256)
    assert not seen.intact
    assert tab.page.explanation is not None
    item = next((item for item in tab.page.explanation.items), None)
    assert item is not None
    tab.page.media._on_preview(item, seen)
    assert "ALTERED" in tab.page.media.pane.warning.text()
    assert not tab.page.media.pane.banner.isHidden()
    assert "hash does not match" in tab.page.media.pane.facts.text()


def _chosen_file(qtbot: QtBot, window: MainWindow, case: Path) -> tuple[ExplainTab, int]:
    """The tab with an entity that has a picture, and the picture's place."""
    from mmdesk.engine.services import media_imports

    tab = explain_tab(qtbot, window, case)
    rows = media_imports.list_artifacts(case)
    row = next(row for row in rows if row.media_type == "image" and row.status == "done")
    qtbot.keyClicks(tab.search, row.entities[0])
    tab.table.choose(int(tab.table.columns.rows[0]))
    rest(qtbot, window)
    assert tab.page.explanation is not None
    places = [n for n, item in enumerate(tab.page.explanation.items) if item.artifact_sha256 == row.sha256]
    return tab, places[0]


def test_opening_a_source_checks_it_again(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab, place = _chosen_file(qtbot, window, trained_case)
    page = tab.page
    assert page.explanation is not None
    page.choose(place)
    rest(qtbot, window)
    assert page._source.text().endswith("checked: it is what was imported")
    assert page.media.pane.banner.isHidden()
    stored = stored_file(trained_case, str(page.explanation.items[place].artifact_sha256))
    stored.chmod(0o644)
    stored.write_bytes(stored.read_bytes() + b"x")
    page._show_source(place)
    rest(qtbot, window)
    assert "ALTERED: it is not what was imported any more" in page._source.text()
    stored.unlink()
    page.media._chosen = None
    page.media.choose(place)
    page._show_source(place)
    rest(qtbot, window)
    assert "NOT FOUND" in page._source.text()
    assert "NOT FOUND" in page.media.pane.warning.text()
    assert page.media.pane.banner.isVisible()


def test_a_table_that_is_not_where_it_was_is_said_to_be_so(
    qtbot: QtBot, window: MainWindow, trained_case: Path
) -> None:
    from mmdesk.engine.services import imports

    tab = explain_tab(qtbot, window, trained_case)
    page = tab.page
    assert page.explanation is not None
    place = next(n for n, item in enumerate(page.explanation.items) if item.kind == "event")
    page.choose(place)
    rest(qtbot, window)
    assert page._source.text().endswith("checked: it is what was imported")
    record = next(one for one in imports.list_imports(trained_case) if one.kind == "events")
    table = Path(str(record.recipe["path"]))
    away = table.rename(table.with_suffix(".away"))
    try:
        page._show_source(place)
        rest(qtbot, window)
        assert page._source.text().startswith("events.csv NOT FOUND: it is not where it was imported from")
        table.write_bytes(away.read_bytes()[:-1])
        page._show_source(place)
        rest(qtbot, window)
        assert page._source.text().startswith("events.csv ALTERED: it is not what was imported any more")
    finally:
        away.replace(table)


def test_the_account_is_copied_with_its_references(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    qtbot.keyClick(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    copied = QGuiApplication.clipboard().text()
    assert tab.page.explanation is not None
    assert tab.page.explanation.clauses[0].text in copied
    assert "Faithfulness" in copied


def test_the_export_is_the_command_lines(qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    qtbot.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    choose_file(window, tmp_path / "why.json")
    rest(qtbot, window)
    assert tab.page.explanation is not None
    assert (tmp_path / "why.json").read_bytes() == explanations.to_json(tab.page.explanation)
    assert json.loads((tmp_path / "why.json").read_bytes())["entity_id"] == tab.page.explanation.entity_id


def test_a_page_to_print_is_the_command_lines(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    shift = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_P, shift)
    choose_file(window, tmp_path / "why.html")
    rest(qtbot, window)
    assert tab.page.explanation is not None
    assert (tmp_path / "why.html").read_bytes() == explanations.page(trained_case, tab.page.explanation)
    tab._save_pdf[0].trigger()
    choose_file(window, tmp_path / "why.pdf")
    rest(qtbot, window)
    assert (tmp_path / "why.pdf").read_bytes().startswith(b"%PDF-")


def _lines(path: Path) -> list[str]:
    return [json.loads(line)["entity_id"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_list_is_explained_into_a_file(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    qtbot.keyClicks(tab.search, "m0000")
    rest(qtbot, window)
    listed = tab.entities.listed()
    assert 2 < len(listed) < 11
    tab.whole.into_file.trigger()
    dialog = window.findChild(LooksDialog)
    assert isinstance(dialog, LooksDialog)
    qtbot.keyClick(dialog.boxes[Perspective.PEERS], Qt.Key.Key_Space)
    click(qtbot, dialog.ok)
    choose_file(window, tmp_path / "why.jsonl")
    rest(qtbot, window)
    assert _lines(tmp_path / "why.jsonl") == listed
    expected = explanations.explain_many(
        trained_case, "latest", listed, head=Head.CLASSIFICATION, perspectives=(Perspective.PEERS,)
    )
    made = (tmp_path / "why.jsonl").read_bytes().splitlines()
    assert made == [explanations.to_json(one) for one in expected]


def test_the_scores_of_the_list_are_the_command_lines(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    qtbot.keyClicks(tab.search, "m0000")
    rest(qtbot, window)
    listed = tab.entities.listed()
    assert 2 < len(listed) < 11
    tab.whole.save_scores.trigger()
    choose_file(window, tmp_path / "scores.csv")
    rest(qtbot, window)
    written = [line.split(",") for line in (tmp_path / "scores.csv").read_text(encoding="utf-8").splitlines()]
    assert tuple(written[0]) == predictions.COLUMNS
    assert [line[0] for line in written[1:]] == listed
    expected = predictions.predict_columns(trained_case, "latest", entities=listed)
    assert expected.probability is not None
    # Another process may add in another order: the last digits of single precision are not the same.
    assert np.abs(np.array([float(line[3]) for line in written[1:]]) - expected.probability).max() < 1e-6


def test_everyone_is_scored_and_explained_as_of_a_day(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    assert tab.entities.scores is not None
    now = tab.entities.scores.probability
    moment = parse_moment("2024-03-01")
    qtbot.keyClicks(tab.as_of.edit, "2024-03-0")
    qtbot.keyClick(tab.as_of.edit, Qt.Key.Key_Return)
    assert tab.as_of._problem.isVisible()
    assert not window.jobs.live, "what is no day is not asked for"
    qtbot.keyClicks(tab.as_of.edit, "1")
    qtbot.keyClick(tab.as_of.edit, Qt.Key.Key_Return)
    rest(qtbot, window)
    assert not tab.as_of._problem.isVisible()
    expected = predictions.predict_columns(trained_case, "latest", as_of_us=moment)
    assert expected.probability is not None
    assert np.abs(tab.entities.scores.probability - expected.probability).max() < 1e-6
    assert np.abs(tab.entities.scores.probability - now).max() > 1e-3
    assert tab.page.explanation is not None
    assert tab.page.explanation.as_of == "2024-03-01T00:00:00Z"

    rows = tmp_path / "who.csv"
    rows.write_text("entity_id,as_of\nM00003,2024-05-01\nM00001,\nM00003,\n")
    tab.whole.score_file.trigger()
    choose_file(window, rows)
    qtbot.waitUntil(lambda: any(one.isVisible() for one in window.findChildren(QFileDialog)))
    dialog = next(one for one in window.findChildren(QFileDialog) if one.isVisible())
    dialog.setDirectory(str(tmp_path))
    dialog.selectFile("scores")
    dialog.accept()
    rest(qtbot, window)
    written = [line.split(",")[:2] for line in (tmp_path / "scores.csv").read_text(encoding="utf-8").splitlines()]
    assert written[1:] == [
        ["M00003", "2024-05-01T00:00:00Z"], ["M00001", "2024-03-01T00:00:00Z"], ["M00003", "2024-03-01T00:00:00Z"],
    ]  # fmt: skip


def test_a_file_of_explanations_is_checked(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    made = explanations.explain_many(trained_case, "latest", ["M00001", "M00002"])
    lines = [explanations.to_json(one) for one in made]
    (tmp_path / "good.jsonl").write_bytes(b"\n".join(lines))
    (tmp_path / "bad.jsonl").write_bytes(lines[0].replace(b'"probability":', b'"chance":'))
    for name, message in (("good", "good.jsonl holds"), ("bad", "bad.jsonl does not hold")):
        tab.file_check.action.trigger()
        choose_file(window, tmp_path / f"{name}.jsonl")
        rest(qtbot, window)
        box = next(box for box in window.findChildren(QMessageBox) if box.isVisible())
        assert box.text() == message
        said = box.detailedText().splitlines()
        assert said[0] == ("2 of 2 explanations are in order." if name == "good" else "0 of 1 explanation is in order.")
        box.accept()


def test_what_was_left_out_of_the_scores_is_said(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    notes = predictions.predict_columns(trained_case, "latest").notes
    assert notes
    said = [label.text() for label in tab.entities.left_out.findChildren(QLabel)]
    assert [text for text in said if text] == [for_window(note) for note in notes]
    assert not any("mmdesk extract" in text for text in said)


def test_enter_and_a_double_click_go_to_a_neighbour(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    for way in ("table", "graph", "mouse"):
        explanation = tab.page.explanation
        assert explanation is not None
        tab.page.choose(next(n for n, item in enumerate(explanation.items) if item.neighbour_id is not None))
        links = tab.page.links
        if way == "table":
            wanted = explanation.items[links.items._places[links.items.table.chosen()[0]]].neighbour_id
            qtbot.keyClick(links.items.table, Qt.Key.Key_Return)
        else:
            graph = links.graph
            qtbot.keyClick(graph, Qt.Key.Key_Home)
            assert graph._spot is not None
            neighbour = graph._rows(graph._spot[0])[0].neighbour
            assert neighbour is not None
            wanted = neighbour.name
            if way == "graph":
                qtbot.keyClick(graph, Qt.Key.Key_Return)
            else:
                at = graph._node(*graph._spot).toPoint()
                qtbot.mouseClick(graph, Qt.MouseButton.LeftButton, pos=at)
                qtbot.mouseDClick(graph, Qt.MouseButton.LeftButton, pos=at)
        rest(qtbot, window)
        assert tab.entities.entity_id == wanted != explanation.entity_id
        assert tab.page.explanation is not None
        assert tab.page.explanation.entity_id == wanted


def test_those_that_are_chosen_are_explained_as_pages(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    before = tab.page.explanation
    tab.table.setFocus()
    for _ in range(2):
        qtbot.keyClick(tab.table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    rest(qtbot, window)
    assert tab.entities.said.text() == "60 entities, 3 chosen"
    assert tab.page.explanation is before
    listed = tab.entities.listed()
    tab.whole.explain(tmp_path / "pages", pages=True)
    rest(qtbot, window)
    names = {path.name for path in (tmp_path / "pages").iterdir()}
    assert names == {"index.html", *(f"{number:04d} {name}.html" for number, name in enumerate(listed, 1))}


def test_what_is_finished_when_it_is_cancelled_is_kept(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path
) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    tab.whole.explain(tmp_path / "pages", pages=True)
    qtbot.waitUntil(lambda: len(list(tmp_path.glob("pages/0*.html"))) > 1, timeout=LONG_MS)
    press(qtbot, window.strip, "Cancel Explaining 60 entities")
    rest(qtbot, window)
    pages = sorted(path.name for path in tmp_path.glob("pages/0*.html"))
    index = (tmp_path / "pages" / "index.html").read_text(encoding="utf-8")
    assert 1 < len(pages) <= 60
    assert index.count("<li ") == len(pages)
    if len(pages) < 60:
        assert "60 were asked for" in index


def test_an_overview_of_the_list(
    qtbot: QtBot, window: MainWindow, trained_case: Path, tmp_path: Path, qtmodeltester: ModelTester
) -> None:
    from mmdesk.engine.services import explanation_overview

    tab = explain_tab(qtbot, window, trained_case)
    qtbot.keyClicks(tab.search, "m0000")
    rest(qtbot, window)
    listed = tab.entities.listed()
    press(qtbot, tab, "Overview")
    rest(qtbot, window)
    shown = tab.overview
    assert shown.isVisible()
    assert shown.overview == explanation_overview.make_overview(
        trained_case, "latest", listed, head=Head.CLASSIFICATION
    )
    qtmodeltester.check(shown.table.columns)
    assert shown.overview is not None
    assert shown.table.columns.rowCount() == len(shown.overview.groups[0].inputs)
    shown.by_box.set_value("media")
    rest(qtbot, window)
    assert shown.overview is not None
    assert len(shown.overview.groups) > 1
    shown.group_box.set_value(shown.overview.groups[1].name)
    assert shown.table.columns.rowCount() == len(shown.overview.groups[1].inputs)
    press(qtbot, shown, "Export…")
    choose_file(window, tmp_path / "o.csv")
    rest(qtbot, window)
    assert (tmp_path / "o.csv").read_bytes() == explanation_overview.overview_csv(shown.overview)
    press(qtbot, shown, "Back to the entity")
    assert tab.page.isVisible()


def test_an_altered_model_is_refused_in_words(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    run_id = run_service.list_runs(trained_case)[0].run_id
    model = trained_case / "models" / run_id / "model.pt"
    model.chmod(0o644)
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    tab = explain_tab(qtbot, window, trained_case)
    assert not tab.entities.state.showing_content
    assert tab.entities.state.notice.title.text()
    press(qtbot, tab, "Try again")
    rest(qtbot, window)
    tab.run_box.set_value(run_service.list_runs(trained_case)[1].run_id)
    rest(qtbot, window)
    assert tab.entities.state.showing_content


def test_scoring_is_cancelled_and_offered_again(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    opened(qtbot, window, trained_case)
    window.go("explain")
    tab = window.rooms["explain"]
    assert isinstance(tab, ExplainTab)
    qtbot.waitUntil(lambda: tab._scoring is not None, timeout=LONG_MS)
    press(qtbot, window.strip, "Cancel Scoring entities")
    rest(qtbot, window)
    if not tab.entities.state.showing_content:
        press(qtbot, tab, "Score the entities")
        rest(qtbot, window)
    assert tab.entities.state.showing_content


def test_choosing_quickly_explains_only_the_last(qtbot: QtBot, window: MainWindow, trained_case: Path) -> None:
    tab = explain_tab(qtbot, window, trained_case)
    told = []
    tab.page.shown.connect(lambda: told.append(tab.page.explanation and tab.page.explanation.entity_id))
    tab.table.setFocus()
    for _ in range(5):
        qtbot.keyClick(tab.table, Qt.Key.Key_Down)
    rest(qtbot, window)
    assert tab.entities.scores is not None
    assert told[-1] == tab.entities.scores.entity_ids[int(tab.table.columns.rows[5])]
    assert len(told) < 5
    click(qtbot, tab.page._by_group)


def test_an_account_keeps_ids_and_groups_that_look_like_numbers(
    trained_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entity = predictions.predict_columns(trained_case, "latest").entity_ids[0]
    found = explanations.explain(trained_case, "latest", entity, perspectives=(Perspective.TAUGHT, Perspective.PEERS))
    assert found.taught is not None
    assert found.peers is not None
    lessons = tuple(dataclasses.replace(one, entity_id="10.5") for one in found.taught.supporting)
    said = (
        Clause("For 12 the model gives 81.4 %, tried on 12,345 others."),
        Clause("Most alike: 10.5 (outcome 1, similarity 0.931)."),
        Clause("It is compared with 60 others (entities with code = 1.5)."),
    )
    numbered = dataclasses.replace(
        found, entity_id="12", clauses=said, taught=dataclasses.replace(found.taught, supporting=lessons),
        peers=dataclasses.replace(found.peers, group="entities with code = 1.5"),
    )  # fmt: skip
    monkeypatch.setattr(language, "LANGUAGE", "de")
    assert [text for text, _ in wording.clauses_of(numbered)] == [
        "For 12 the model gives 81,4 %, tried on 12.345 others.",
        "Most alike: 10.5 (outcome 1, similarity 0,931).",
        "It is compared with 60 others (entities with code = 1.5).",
    ]
