from __future__ import annotations

import datetime as dt
import math
import sys
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit, QToolTip, QWidget
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset.case_data import AttributeColumn
from mmdesk.engine.services.attribute_ranges import range_of
from mmdesk.ui import language
from mmdesk.ui.colours import DARK, LIGHT, Appearance
from mmdesk.ui.tabs.importing.attributes_view import AttributesView
from mmdesk.ui.theme import Theme
from mmdesk.ui.widgets.activity import Activity, ActivityStrip
from mmdesk.ui.widgets.bars import Bar, BarList
from mmdesk.ui.widgets.basics import Button, ElidedLabel, Fold, Label, dialog_column
from mmdesk.ui.widgets.command_palette import CommandPalette, Entry
from mmdesk.ui.widgets.curves import CurveGrid, charts_of
from mmdesk.ui.widgets.fields import Choice, Setting, SettingsForm
from mmdesk.ui.widgets.histogram import TimeHistogram
from mmdesk.ui.widgets.links import Neighbour, scrolled_graph
from mmdesk.ui.widgets.media import Frame, FrameGrid
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.picture import Tile, TiledPicture
from mmdesk.ui.widgets.sound import Sound, SoundView, Span
from mmdesk.ui.widgets.time_axis import TimeAxis
from mmdesk.ui.widgets.timeline import TimedItems, Timeline
from mmdesk.ui.widgets.waterfall import Account, Step, Waterfall


def shown(qtbot: QtBot, widget: QWidget, width: int = 500, height: int = 300) -> QImage:
    """The widget as it is painted."""
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    qtbot.waitExposed(widget)
    return widget.grab().toImage()


def colours_in(image: QImage) -> set[str]:
    return {
        image.pixelColor(x, y).name().upper() for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)
    }


HOSTILE = '<img src="file:///etc/passwd"> & <b>x</b>'


def test_labels_and_buttons_take_no_markup(qtbot: QtBot) -> None:
    label = Label(HOSTILE)
    qtbot.addWidget(label)
    assert label.textFormat() is Qt.TextFormat.PlainText
    elided = ElidedLabel(HOSTILE)
    shown(qtbot, elided, 80, 20)
    assert all(child.textFormat() is Qt.TextFormat.PlainText for child in elided.findChildren(QLabel))
    assert "<img" not in elided.toolTip()
    assert elided.text() == HOSTILE


def test_an_elided_label_shows_as_much_as_fits(qtbot: QtBot) -> None:
    label = ElidedLabel("a long name of a file.csv")
    shown(qtbot, label, 80, 20)
    (inner,) = label.findChildren(QLabel)
    assert inner.text().endswith("…")
    label.resize(400, 20)
    assert inner.text() == "a long name of a file.csv"


def test_a_fold_opens_with_the_keyboard(qtbot: QtBot) -> None:
    content = QLabel("inside")
    fold = Fold("More", content)
    shown(qtbot, fold)
    assert not content.isVisible()
    head = fold.focusProxy() or fold.findChild(type(fold.head))
    assert head is not None
    qtbot.keyClick(head, Qt.Key.Key_Space)
    assert content.isVisible()
    assert fold.is_open


def test_a_notice_keeps_nothing_of_the_one_before(qtbot: QtBot) -> None:
    stateful = Stateful(QLabel("content"))
    shown(qtbot, stateful)
    pressed: list[str] = []
    stateful.show_error("It broke.", "Mend it.", "Traceback", "Try again", lambda: pressed.append("again"))
    buttons = [button for button in stateful.notice.findChildren(Button) if button.isVisible()]
    qtbot.mouseClick(buttons[0], Qt.MouseButton.LeftButton)
    assert pressed == ["again"]
    stateful.show_busy("Working")
    assert not [button for button in stateful.notice.findChildren(Button) if button.isVisible()]
    stateful.notice.progress(0.5, "half")
    assert stateful.notice.text.text() == "half"
    stateful.show_content()
    assert stateful.showing_content


def test_the_strip_shows_progress_and_asks_to_cancel(qtbot: QtBot) -> None:
    strip = ActivityStrip()
    shown(qtbot, strip, 900, 80)
    strip.show_activity(Activity(3, "Training", "epoch 4", 0.25, 90.0))
    strip.show_activity(Activity(4, "Extracting", waiting=True))
    texts = [label.text() for label in strip.findChildren(QLabel)]
    assert {"Training", "epoch 4", "25 %", "1 min 30 s left", "Extracting", "waiting for its turn"} <= set(texts)
    cancels = [button for button in strip.findChildren(Button) if button.accessibleName() == "Cancel Training"]
    with qtbot.waitSignal(strip.cancel_asked) as asked:
        qtbot.mouseClick(cancels[0], Qt.MouseButton.LeftButton)
    assert asked.args == [3]
    strip.show_activity(Activity(3, "Training", stopping=True))
    assert not cancels[0].isEnabled()
    strip.remove(3)
    strip.remove(3)
    strip.tell("Done", "done", "good")
    assert strip.news == "Done"
    strip.stop()


def test_the_palette_finds_by_letters_and_runs_with_enter(qtbot: QtBot) -> None:
    entries = [
        Entry("Open", "Case", "Ctrl+O"),
        Entry("Start training", "Train", ""),
        Entry("Dark appearance", "View", ""),
    ]
    palette = CommandPalette(entries)
    qtbot.addWidget(palette)
    palette.show()
    field = palette.findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    qtbot.keyClicks(field, "tra sta")
    with qtbot.waitSignal(palette.chosen) as chosen:
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert chosen.args == [1]


def test_the_palette_moves_with_the_arrows(qtbot: QtBot) -> None:
    palette = CommandPalette([Entry(name, "M", "") for name in "abc"])
    qtbot.addWidget(palette)
    palette.show()
    field = palette.findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        qtbot.keyClick(field, key)
    assert palette.table.chosen() == [1]


SETTINGS = (
    Setting("seed", "Seed", "int", 1234, 0, 2**31 - 1),
    Setting("epochs", "Epochs", "int", 0, 0, 100, automatic="automatic"),
    Setting("rate", "Rate", "float", 0.002, 1e-6, 1.0),
    Setting("drop", "Leave out", "list", ()),
    Setting("baseline", "Baseline", "bool", True),
    Setting("clip", "Clip", "float", 1.0, 0.1, 9.0, advanced=True),
)


def test_a_form_gives_what_differs_from_the_defaults(qtbot: QtBot) -> None:
    form = SettingsForm()
    form.set_settings(SETTINGS)
    shown(qtbot, form)
    assert form.values() == {}
    form.set_values({"rate": 0.01, "drop": ("a", "b"), "baseline": False, "epochs": 5})
    assert form.values() == {"rate": 0.01, "drop": ("a", "b"), "baseline": False, "epochs": 5}
    form.set_values({})
    assert form.values() == {}


def test_what_was_written_in_one_language_is_the_same_in_another(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    form = SettingsForm()
    form.set_settings(SETTINGS)
    shown(qtbot, form)
    monkeypatch.setattr(language, "LANGUAGE", "de")
    form.write({"rate": "0,25", "clip": "1.234", "seed": "7"})
    written = form.written()
    assert written == {"rate": 0.25, "clip": "1.234", "seed": "7"}
    monkeypatch.setattr(language, "LANGUAGE", "en")
    form.write(written)
    assert form.values()["rate"] == 0.25


@pytest.mark.parametrize("text", ["", "abc", "2", "-1", "0"])
def test_an_impossible_number_is_said_and_not_taken(qtbot: QtBot, text: str) -> None:
    form = SettingsForm()
    form.set_settings(SETTINGS)
    shown(qtbot, form)
    field = form.field("rate").findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    field.clear()
    qtbot.keyClicks(field, text)
    assert form.problems() == ["Rate"]
    assert form.values() == {}


def test_the_wheel_scrolls_past_a_field(qtbot: QtBot) -> None:
    box = Choice("Which", [("a", 1), ("b", 2)])
    shown(qtbot, box, 100, 30)
    other = QLineEdit()
    qtbot.addWidget(other)
    box.clearFocus()
    event = QWheelEvent(
        QPointF(5, 5), QPointF(5, 5), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(box, event)
    assert box.value == 1


def test_a_choice_hands_enums_back_as_they_were(qtbot: QtBot) -> None:
    box: Choice[Appearance | None] = Choice("Which", [("none", None), ("dark", Appearance.DARK)])
    qtbot.addWidget(box)
    told: list[object] = []
    box.value_changed.connect(told.append)
    box.set_value(Appearance.DARK)
    assert box.value is Appearance.DARK
    assert told == [Appearance.DARK]
    box.set_options([("light", Appearance.LIGHT), ("dark", Appearance.DARK)], Appearance.DARK)
    assert box.value is Appearance.DARK
    assert len(told) == 1


ACCOUNT = Account(0.3, "Typical", (Step("up", 0.4, 0), Step("down", -0.1, 1), Step("rest", 0.0, None)), 0.6, "Now")


def percent(value: float) -> str:
    return f"{value:.0%}"


def test_the_waterfall_says_everything_it_draws(qtbot: QtBot, theme: Theme) -> None:
    fall = Waterfall(percent, percent)
    fall.show_account(ACCOUNT)
    image = shown(qtbot, fall)
    assert fall.accessibleDescription() == "Typical 30%; up 40%; down -10%; rest 0%; Now 60%"
    assert {LIGHT.raises, LIGHT.lowers} <= colours_in(image)
    theme.choose(Appearance.DARK)
    assert {DARK.raises, DARK.lowers} <= colours_in(fall.grab().toImage())


def test_the_waterfall_is_walked_with_the_arrows(qtbot: QtBot) -> None:
    fall = Waterfall(percent, percent)
    fall.show_account(ACCOUNT)
    shown(qtbot, fall)
    picked: list[object] = []
    fall.picked.connect(picked.append)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        qtbot.keyClick(fall, key)
    assert picked == [0, 1, None, 1]


def test_a_step_of_the_waterfall_is_picked_with_the_mouse(qtbot: QtBot) -> None:
    fall = Waterfall(percent, percent)
    fall.show_account(ACCOUNT)
    shown(qtbot, fall)
    with qtbot.waitSignal(fall.picked) as picked:
        qtbot.mouseClick(fall, Qt.MouseButton.LeftButton, pos=QPoint(60, round(fall._line() * 2.5)))
    assert picked.args == [1]


def history(epochs: int) -> list[dict[str, object]]:
    return [
        {
            "epoch": n,
            "member": 0,
            "train": {"loss": 2.0 / n, "classification": 1.0 / n, "regression": 1.0 / n, "ranking": 0.0},
            "val": {"loss": 2.2 / n, "classification": 1.1 / n, "classification_auroc": 0.5 + 0.01 * n},
            "best": n == 2,
        }
        for n in range(1, epochs + 1)
    ]


def test_the_charts_come_from_the_history_alone() -> None:
    charts = charts_of(history(3), {"classification_auroc": 0.7})
    assert [chart.title.split(" (")[0] for chart in charts] == [
        "AUROC", "Loss, all parts", "Classification loss", "Regression loss",
    ]  # fmt: skip
    auroc, loss = charts[0], charts[1]
    assert (auroc.best, auroc.baseline) == (2, 0.7)
    assert [line.name for line in loss.lines] == ["train", "validation"]
    assert list(loss.lines[0].values) == pytest.approx([2.0, 1.0, 2 / 3])
    assert charts_of([]) == []


def test_of_an_ensemble_the_member_in_training_is_shown() -> None:
    first = history(3)
    second = [{**epoch, "member": 1} for epoch in history(2)]
    assert len(charts_of(first + second)[0].lines[0].values) == 2


def test_the_curves_are_drawn_in_both_palettes(qtbot: QtBot, theme: Theme) -> None:
    grid = CurveGrid()
    grid.show_charts(charts_of(history(4), {"classification_auroc": 0.7}))
    assert {LIGHT.series[0], LIGHT.series[1]} <= colours_in(shown(qtbot, grid, 700, 400))
    theme.choose(Appearance.DARK)
    assert {DARK.series[0], DARK.series[1]} <= colours_in(grid.grab().toImage())
    grid.show_charts([])


def us(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        ("2024-01-01T00:00:00", "2024-01-01T00:00:30", ["00:00:00", "00:00:05", "00:00:10", "00:00:15"]),
        ("2024-03-01T06:00:00", "2024-03-02T06:00:00", ["06:00", "12:00", "18:00", "02 Mar"]),
        ("2023-11-20T00:00:00", "2024-08-30T00:00:00", ["Jan 2024", "Mar 2024", "May 2024"]),
        ("1990-01-01T00:00:00", "2024-01-01T00:00:00", ["1990", "1995", "2000", "2005"]),
    ],
)
def test_time_axes_have_round_ticks(qapp: QApplication, low: str, high: str, ticks: list[str]) -> None:
    axis = TimeAxis()
    ((_, values),) = axis.tickValues(us(low), us(high), 500)
    assert axis.tickStrings(values, 1, 1)[: len(ticks)] == ticks


def test_time_axes_survive_the_ends_of_time(qapp: QApplication) -> None:
    axis = TimeAxis()
    for low, high in ((-1e13, 1e13), (us("9998-01-01T00:00:00"), us("9999-12-31T00:00:00")), (5.0, 5.0)):
        for _, values in axis.tickValues(low, high, 300):
            axis.tickStrings(values, 1, 1)


class TimedItem(NamedTuple):
    """One event of a timeline."""

    time_s: float
    contribution: float
    attention: float
    name: str


def in_columns(*items: TimedItem) -> TimedItems:
    """These events, numbered from 0."""
    times, values, shares = (np.array([item[place] for item in items], dtype=np.float64) for place in range(3))
    return TimedItems(np.arange(len(items)), times, values, shares, [item.name for item in items])


def test_the_timeline_marks_direction_by_shape_too(qtbot: QtBot, theme: Theme) -> None:
    line = Timeline()
    items = TimedItem(us("2024-03-01"), -1.0, 0.3, "<b>x</b>"), TimedItem(us("2024-01-01"), 2.0, 0.7, "login")
    line.show_items(in_columns(*items), "points")
    image = shown(qtbot, line, 600, 400)
    assert {LIGHT.raises, LIGHT.lowers} <= colours_in(image)
    line.choose(1)
    assert "login" in line.accessibleDescription()
    assert "attention 70" in line.accessibleDescription()
    line.show_items(in_columns(TimedItem(0.0, 0.0, math.nan, "one")), "points")
    line.choose(0)
    assert "attention" not in line.accessibleDescription()
    line.show_items(in_columns(), "points")
    line.grab()


def many_events(number: int) -> list[TimedItem]:
    rng = np.random.default_rng(5)
    times, values = np.sort(rng.uniform(us("2020-01-01"), us("2024-01-01"), number)), rng.normal(size=number)
    return [TimedItem(float(times[n]), float(values[n]), 1 / number, f"event {n}") for n in range(number)]


def test_many_events_are_zoomed_walked_and_picked(qtbot: QtBot) -> None:
    line = Timeline()
    items = many_events(20_000)
    line.show_items(in_columns(*items), "points", signed)
    shown(qtbot, line, 700, 300)
    picked: list[int] = []
    line.picked.connect(picked.append)
    x = round(float(line._x(np.array([items[9000].time_s]))[0]))
    near = [item for item in items if abs(float(line._x(np.array([item.time_s]))[0]) - x) <= 5]
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=QPoint(x, 60))
    strongest = max(near, key=lambda item: abs(item.contribution))
    assert abs(items[picked[-1]].contribution) >= abs(strongest.contribution)
    before = line.view_s
    for _ in range(12):
        qtbot.keyClick(line, Qt.Key.Key_Plus)
    low, high = line.view_s
    assert high - low < (before[1] - before[0]) / 30
    assert low <= items[picked[-1]].time_s <= high
    place = picked[-1]
    qtbot.keyClick(line, Qt.Key.Key_Right)
    qtbot.keyClick(line, Qt.Key.Key_Right)
    assert picked[-1] == place + 2
    assert f"event {place + 2} · {signed(items[place + 2].contribution)}" in line.accessibleDescription()
    line.choose(3)
    assert line.view_s[0] <= items[3].time_s <= line.view_s[1]
    qtbot.keyClick(line, Qt.Key.Key_Home)
    assert line.view_s == before


def test_a_histogram_says_what_it_counts(qtbot: QtBot) -> None:
    plot = TimeHistogram("Events", "events")
    plot.show_counts([us("2024-01-01"), us("2024-02-01"), us("2024-03-01")], [3, 4])
    shown(qtbot, plot)
    assert plot.accessibleDescription() == "7 from 2024-01-01 to 2024-03-01"
    plot.show_counts([us("2024-01-01"), 253_402_300_800.0], [3])
    assert plot.accessibleDescription() == "3 from 2024-01-01 to 9999-12-31"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([-sys.float_info.max, 0.0, sys.float_info.max])
@example([1.7e308, 1.7e308])
@example([5e-324])
@example([0.0, 5e-324])
@example([1e16, 1e16 + 2])
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6))
def test_whatever_the_numbers_are_their_attribute_is_shown(qapp: QApplication, values: list[float]) -> None:
    one = range_of("x", AttributeColumn(ColumnKind.NUMBER, np.array(values)), 0)
    view = AttributesView()
    with capture_exceptions() as raised:
        view.show_ranges([one])
        view.resize(800, 300)
        view.show()
        view.grab()
        view.close()
    view.deleteLater()
    assert not raised


def test_bars_are_said_and_drawn(qtbot: QtBot) -> None:
    bars = BarList("Labels")
    bars.set_bars([Bar("positive", 3, "3", "raises"), Bar("negative", 9, "9", "lowers")])
    image = shown(qtbot, bars, 300, 60)
    assert bars.accessibleName() == "Labels: positive: 3; negative: 9"
    assert {LIGHT.raises, LIGHT.lowers} <= colours_in(image) or {DARK.raises, DARK.lowers} <= colours_in(image)
    second = QPoint(5, bars.sizeHint().height() - 5)
    QApplication.sendEvent(bars, QHelpEvent(QEvent.Type.ToolTip, second, bars.mapToGlobal(second)))
    assert "negative: 9" in QToolTip.text()
    bars.set_bars([])
    assert "Nothing to show" in bars.accessibleName()
    bars.grab()


PIXELS = np.full((60, 90, 3), 128, dtype=np.uint8)


def signed(value: float) -> str:
    return f"{value:+.1f}"


def test_the_strongest_tile_is_tinted_most(qtbot: QtBot, theme: Theme) -> None:
    picture = TiledPicture(signed)
    tiles = [Tile((0, 0, 0.5, 1), 3.0), Tile((0.5, 0, 1, 1), -0.5)]
    picture.show_picture(PIXELS, tiles)
    image = shown(qtbot, picture, 360, 240)
    left, right = image.pixelColor(90, 200), image.pixelColor(270, 200)
    assert left.red() - left.blue() > 40
    assert right.blue() >= right.red()
    picture.set_strength(0.4)
    paler = picture.grab().toImage().pixelColor(90, 200)
    assert 0 < paler.red() - paler.blue() < left.red() - left.blue()
    picture.set_strength(0.0)
    assert picture.grab().toImage().pixelColor(90, 200).name() == "#808080"


def test_a_picture_is_zoomed_moved_and_its_tiles_are_named(qtbot: QtBot) -> None:
    picture = TiledPicture(signed)
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[:, 50:] = 255
    tiles = [Tile((0, 0, 0.5, 1), 3.0, "tile row 1, column 1"), Tile((0.5, 0, 1, 1), -0.5, "tile row 1, column 2")]
    picture.show_picture(pixels, tiles)
    shown(qtbot, picture, 300, 300)
    picture.set_strength(0.0)
    wheel = QWheelEvent(
        QPointF(225, 150), picture.mapToGlobal(QPointF(225, 150)), QPoint(), QPoint(0, 480),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    before = picture._share_at(QPointF(225, 150))
    QApplication.sendEvent(picture, wheel)
    assert picture.zoom_factor > 2
    assert picture._share_at(QPointF(225, 150)).x() == pytest.approx(before.x(), abs=1e-6)
    for _ in range(60):
        qtbot.keyClick(picture, Qt.Key.Key_Left)
    assert picture._share_at(QPointF(0, 150)).x() == pytest.approx(0, abs=1e-6)
    assert picture.grab().toImage().pixelColor(250, 150).name() == "#000000"
    qtbot.keyClick(picture, Qt.Key.Key_Home)
    assert picture.zoom_factor == 1
    assert picture.grab().toImage().pixelColor(250, 150).name() == "#ffffff"
    qtbot.mouseMove(picture, QPoint(220, 100))
    assert picture.accessibleDescription() == "tile row 1, column 2: -0.5"
    qtbot.keyClick(picture, Qt.Key.Key_PageUp)
    assert picture.accessibleDescription() == "tile row 1, column 1: +3.0"


def test_bars_lie_under_their_seconds(qtbot: QtBot, theme: Theme) -> None:
    wave = SoundView(signed)
    samples = np.linspace(0, 1, 200, dtype=np.float32)
    wave.show_sound(Sound(-samples, samples, 2.0), [Span(0.0, 1.0, -1.0), Span(1.0, 2.0, 2.0)])
    image = shown(qtbot, wave, 400, 300)
    left = {image.pixelColor(x, y).name().upper() for x in range(20, 180, 4) for y in range(180, 280, 2)}
    right = {image.pixelColor(x, y).name().upper() for x in range(220, 380, 4) for y in range(180, 280, 2)}
    assert LIGHT.lowers in left - right
    assert LIGHT.raises in right - left
    assert "1.0 to 2.0 s +2.0" in wave.accessibleDescription()


def test_a_moment_of_a_sound_is_reached_by_mouse_and_keys(qtbot: QtBot, theme: Theme) -> None:
    wave = SoundView(signed)
    spectrum = np.zeros((64, 200), np.uint8)
    spectrum[:, 100:] = 255
    samples = np.linspace(0, 1, 200, dtype=np.float32)
    bands = np.geomspace(50, 11_000, 64).tolist()
    wave.show_sound(Sound(-samples, samples, 4.0, spectrum, bands), [Span(0.0, 2.0, -1.0), Span(2.0, 4.0, 2.0)])
    image = shown(qtbot, wave, 400, 400)
    area = wave._areas()[1].toRect()
    assert image.pixelColor(120, area.center().y()).name().upper() == LIGHT.base
    assert image.pixelColor(300, area.center().y()).name().upper() == LIGHT.text
    moments: list[float] = []
    wave.sought.connect(moments.append)
    qtbot.mouseClick(wave, Qt.MouseButton.LeftButton, pos=QPoint(100, 40))
    qtbot.keyClick(wave, Qt.Key.Key_Right)
    qtbot.keyClick(wave, Qt.Key.Key_PageDown)
    assert moments == pytest.approx([1.0, 1.2, 2.0])
    assert wave.accessibleDescription() == "2.0 s · +2.0"
    with qtbot.waitSignal(wave.toggled):
        qtbot.keyClick(wave, Qt.Key.Key_Space)


def test_frames_of_a_video_fill_the_room(qtbot: QtBot) -> None:
    grid = FrameGrid(signed)
    grid.show_frames([Frame(PIXELS, n * 0.5, float(n)) for n in range(5)] + [Frame(PIXELS, 9.0, None)])
    shown(qtbot, grid, 600, 300)
    assert grid._columns() == 3
    assert "0.5 s +1.0" in grid.accessibleDescription()
    with qtbot.waitSignal(grid.picked) as picked:
        qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=QPoint(300, 220))
    assert picked.args == [2.0]
    with qtbot.waitSignal(grid.picked) as picked:
        qtbot.keyClick(grid, Qt.Key.Key_Up)
    assert picked.args == [0.5]


def test_a_neighbour_is_picked_with_the_mouse(qtbot: QtBot) -> None:
    graph, area = scrolled_graph()
    graph.show_links("me", [Neighbour(7, "<b>you</b>", 1.0), Neighbour(8, "they", -0.5)], signed)
    shown(qtbot, area, 400, 240)
    with qtbot.waitSignal(graph.picked) as picked:
        qtbot.mouseClick(graph, Qt.MouseButton.LeftButton, pos=graph._node(1, 0).toPoint())
    assert picked.args == [7]
    assert "<b>you</b> +1.0; they -0.5" in graph.accessibleDescription()
    graph.show_links("me", [])
    graph.grab()


def test_hundreds_of_neighbours_are_folded_walked_and_unfolded(qtbot: QtBot) -> None:
    graph, area = scrolled_graph()
    values = np.random.default_rng(3).normal(size=400)
    graph.show_links("me", [Neighbour(n, f"M{n:05d}", float(v)) for n, v in enumerate(values)], signed)
    shown(qtbot, area, 600, 240)
    ranked = np.argsort(-values)
    assert graph.folded > 370
    assert not area.verticalScrollBar().isVisible()
    picked: list[int] = []
    graph.picked.connect(picked.append)
    graph.setFocus()
    for _ in range(3):
        qtbot.keyClick(graph, Qt.Key.Key_Down)
    assert picked == ranked[:3].tolist()
    qtbot.keyClick(graph, Qt.Key.Key_Left)
    assert picked[-1] == np.argsort(values)[2]
    qtbot.keyClick(graph, Qt.Key.Key_End)
    qtbot.keyClick(graph, Qt.Key.Key_Return)
    assert graph.folded == 0
    qtbot.waitUntil(area.verticalScrollBar().isVisible)
    qtbot.keyClick(graph, Qt.Key.Key_End)
    assert picked[-1] == np.flatnonzero(values < 0)[np.argmax(values[values < 0])]
    qtbot.waitUntil(lambda: area.verticalScrollBar().value() > 1000)
    area.grab()


@pytest.mark.parametrize("breaks", [True, False])
def test_a_dialog_is_never_so_low_that_its_parts_are_cut(qtbot: QtBot, breaks: bool) -> None:
    dialog = QDialog()
    qtbot.addWidget(dialog)
    fields = [QLineEdit() for _ in range(3)]
    dialog_column(dialog, Label("One two three. " * (20 if breaks else 1), wrap=breaks), *fields)
    with qtbot.waitExposed(dialog):
        dialog.show()
    dialog.resize(300, 10)
    qtbot.waitUntil(lambda: all(field.height() >= field.minimumSizeHint().height() for field in fields))
    assert fields[-1].geometry().bottom() < dialog.height()
