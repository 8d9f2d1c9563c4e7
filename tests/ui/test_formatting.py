from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import Qt, QTextDocument

from mmdesk.engine.core.times import END_OF_TIME_US, NO_TIME_US, parse_moment
from mmdesk.ui import formatting as f
from mmdesk.ui import language
from mmdesk.ui.widgets.plot import NumberAxis

MINUS = "\N{MINUS SIGN}"
DAY_US = 86_400_000_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\N{EN DASH}"),
        (math.nan, "\N{EN DASH}"),
        (0.0, "0"),
        (1234.0, "1,234"),
        (-3.5, f"{MINUS}3.500"),
        (0.91249, "0.912"),
        (1234567.5, "1.23e+06"),
        (0.0000123, "1.23e-05".replace("-", MINUS)),
        (math.inf, "∞"),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert f.number(value) == text


def test_a_contribution_always_shows_its_sign_but_nothing_has_none() -> None:
    assert f.signed(4.21) == "+4.2"
    assert f.signed(-0.3) == f"{MINUS}0.3"
    assert f.signed(-0.0001) == f.signed(0.0001) == "0.0"
    assert f.signed(None) == "\N{EN DASH}"


def test_durations_and_sizes() -> None:
    assert [f.duration(s) for s in (-1, 7.4, 59.6, 200, 3900)] == [
        "0 s",
        "7 s",
        "1 min 00 s",
        "3 min 20 s",
        "1 h 05 min",
    ]
    assert [f.size(n) for n in (312, 4100, 2_000_000, 5 * 10**12)] == ["312 B", "4.1 kB", "2.0 MB", "5.0 TB"]


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "LANGUAGE", "de")


@pytest.mark.usefixtures("german")
def test_numbers_have_the_marks_of_the_language() -> None:
    assert [f.number(1234.0), f.number(-1234.5), f.number(1234567.5)] == ["1.234", f"{MINUS}1.234,500", "1,23e+06"]
    assert [f.counted(9_000_000), f.score(0.9), f.percent(0.123, 1)] == ["9.000.000", "0,900", "12,3 %"]
    assert [f.signed(4.21), f.to_figures(0.003), f.size(4100), f.in_seconds(2.5)] == [
        "+4,2",
        "0,003",
        "4,1 kB",
        "2,5 s",
    ]
    assert language.tr("{n:,} of {share:.1f}, {name}", n=1234, share=0.5, name="a.b,c") == "1.234 of 0,5, a.b,c"
    assert language.tr_n("{n:,} run", "{n:,} runs", 2000).startswith("2.000 ")


def test_the_axes_of_a_plot_have_them_too(qapp: object, german: None) -> None:
    assert NumberAxis(orientation="left").tickStrings([0.5, -1.5], 1.0, 0.5) == ["0,5", f"{MINUS}1,5"]


@given(st.integers(-(10**12), 10**12), st.sampled_from(["en", "de"]))
def test_what_is_shown_can_be_typed(value: int, spoken: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language, "LANGUAGE", spoken)
        assert f.read_number(f.marked(str(value / 1000))) == value / 1000
        if spoken == "en" or abs(value) < 1000 or value % 1000 == 0:  # else 1.234 may be 1234 in German
            assert f.read_number(str(value / 1000)) == value / 1000


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("text", "value"),
    [("1.234,5", 1234.5), ("1,234.5", 1234.5), ("-12.345.678,", -12345678.0), ("0.125", 0.125), ("2,5e-3", 0.0025)],
)
def test_marks_of_either_language_are_read_where_they_can_mean_but_one(text: str, value: float) -> None:
    assert f.read_number(text) == value


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("text", ["", "a", "1,2,3", "1.2.3", "1.234", "12.000", "-1.234.567", "1.5,0", "1.23,4"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        f.read_number(text)


def test_relative_times_are_said_as_people_do() -> None:
    now = parse_moment("2024-06-01T12:00:00")
    ages = {0: "just now", 50: "1 minute ago", 3 * 60: "3 minutes ago", 7200: "2 hours ago", 86_400: "1 day ago",
            40 * 86_400: "1 month ago", 800 * 86_400: "2 years ago"}  # fmt: skip
    assert {age: f.relative_time(now - age * 1_000_000, now) for age in ages} == ages
    assert f.relative_time(None) == "\N{EN DASH}"


def test_moments_of_the_data_are_shown_in_utc_as_stored() -> None:
    assert f.data_time(parse_moment("2010-11-08T18:45:11")) == "2010-11-08 18:45:11"
    assert f.data_time(parse_moment("2010-11-08")) == "2010-11-08"
    assert f.data_time(NO_TIME_US) == f.data_time(END_OF_TIME_US) == f.data_time(None) == "\N{EN DASH}"
    assert f.data_time(2**62) == f"{2**62} µs"


@given(st.text())
def test_an_imported_string_is_one_short_line_with_nothing_that_acts(text: str) -> None:
    shown = f.shown(text)
    assert len(shown.split("\n")) == 1
    assert all(character.isprintable() for character in shown)
    assert "\u202e" not in shown


def test_a_turned_direction_is_seen_and_a_megabyte_is_cut() -> None:
    assert f.shown("photo\u202egnp.exe") == "photo⟨U+202E⟩gnp.exe"
    assert len(f.shown("x" * 1_000_000)) == 300


@given(st.text(min_size=1, max_size=80))
def test_a_tool_tip_shows_its_text_letter_by_letter(text: str) -> None:
    tip = f.tool_tip(text)
    assert Qt.mightBeRichText(tip)
    document = QTextDocument()
    document.setHtml(tip)
    assert document.toPlainText().split() == f.shown(text).replace("\xa0", " ").split()


def test_markup_in_a_tool_tip_is_not_obeyed() -> None:
    assert "<img" not in f.tool_tip('<img src="http://evil/x.png">')


def test_an_ampersand_in_a_menu_stays_one() -> None:
    assert f.menu_text("Miller & Sons") == "Miller && Sons"


def test_long_words_get_places_to_break() -> None:
    assert f.breakable("a" * 50).split("\u200b") == ["a" * 24, "a" * 24, "aa"]
    assert f.breakable("short words only") == "short words only"


_SAID = (
    "For 10.5 the model gives 67.4 %, 20.8 points below (-1,234.5 points), associated with night_share = 0.922 "
    "(+20.6 points) and photo 1.5.jpg on 2024-06-18 11:29; 1,200 others."
)


def test_a_sentence_of_the_engine_has_a_real_minus_sign_in_its_numbers() -> None:
    assert f.in_numbers(_SAID) == _SAID.replace("-1,234.5", f"{MINUS}1,234.5")


@pytest.mark.usefixtures("german")
def test_what_was_imported_is_not_looked_for_within_a_number() -> None:
    text = "For 12 the model gives 81.4 %, 21.5 points above 12,345 others and -12.5 of 7: 7.5 (12), 12."
    assert f.in_numbers(text, ["12", "7", "1"]) == (
        f"For 12 the model gives 81,4 %, 21,5 points above 12.345 others and {MINUS}12,5 of 7: 7,5 (12), 12."
    )


@pytest.mark.usefixtures("german")
def test_a_sentence_of_the_engine_has_the_numbers_of_the_language_but_keeps_what_was_imported() -> None:
    assert f.in_numbers(_SAID, ["10.5", "night_share = 0.922", ""]) == (
        f"For 10.5 the model gives 67,4 %, 20,8 points below ({MINUS}1.234,5 points), associated with night_share = "
        "0.922 (+20,6 points) and photo 1.5.jpg on 2024-06-18 11:29; 1.200 others."
    )
