"""Hints in the window's words, answers on buttons, measures and what is to be imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmdesk.engine.core.types import Table
from mmdesk.engine.services.table_imports import Preview
from mmdesk.ui import measures
from mmdesk.ui.hints import for_window
from mmdesk.ui.table_calls import Proposal, WantedColumn
from mmdesk.ui.tabs.importing.answers import in_words
from mmdesk.ui.tabs.importing.plan import FilePlan, mapping_of, problem_of


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Run: mmdesk extract DIR", "Extract them under Import, Media."),
        (
            "Import a targets file with y_class, y_reg or y_rank: mmdesk import tables DIR --targets FILE",
            "Import a targets file with y_class, y_reg or y_rank under Import, Tables.",
        ),
        (
            "Keep one row of each, or choose with --on-conflict skip (the first counts) or replace (the last counts).",
            "Keep one row of each, or choose to keep (the first counts) or to replace (the last counts).",
        ),
        (
            """Choose another file, or say which columns they are: --mapping '{"events": {"a": "b"}}'.""",
            "Choose another file, or choose its columns by hand.",
        ),
        ("See: mmdesk imports list", "See Import, History."),
        ("Do that import again first: mmdesk imports redo DIR 3", "Do that import again first under Import, History."),
        ("Free some space.", "Free some space."),
        ("", ""),
    ],
)
def test_hints_name_no_options(said: str, shown: str) -> None:
    assert for_window(said) == shown


@pytest.mark.parametrize(
    ("mapping", "text"),
    [
        ({"columns": {"timestamp": {"column": "when", "format": "day_first"}}}, "Day first (31/12/2024)"),
        ({"formats": {"Seit": "month_first"}}, "Month first (12/31/2024)"),
        ({"formats": {"timestamp": "%d.%m.%y %H:%M"}}, "DD.MM.YY HH:MM"),
        (
            {"formats": {"timestamp": ["iso", "excel"]}},
            "Each cell by the first that fits: Year first (2024-12-31); Days as Excel counts them",
        ),
        ({"decimal": ","}, "The comma is the decimal mark (1,5)"),
        ({"decimal": ".", "thousands": ","}, "The comma parts thousands (1,234)"),
        ({"units": "fraction"}, "As a fraction: 5% is 0.05"),
        ({"sheet": "2024"}, "2024"),
        ({"encoding": "cp1251"}, "cp1251"),
        ({"ignore": ["remark"]}, "Leave the column 'remark' out"),
        ({"columns": {"value": None}}, "Leave 'value' out"),
        ({"columns": {"y_class": {"column": "label", "values": {"ok": "0", "bad": "1"}}}}, "'ok' is 0, 'bad' is 1"),
        ({"columns": {"timestamp": {"join": ["Date", "Time"]}}}, "'timestamp' is 'Date' and 'Time' together"),
        ({"columns": {"value": "Amount"}}, "'value' is 'Amount'"),
        ({}, "Yes, as proposed"),
    ],
)
def test_answers_are_said_in_words(mapping: dict[str, object], text: str) -> None:
    assert in_words(mapping, {"column": "remark"}) == text


def test_an_answer_holds_over_what_was_chosen_before_and_by_hand_over_an_answer() -> None:
    made = plan({"entity_id": "Account"}, {})
    made.columns["timestamp"] = "When"
    made.answer({"columns": {"timestamp": {"column": "When", "format": "day_first"}}, "ignore": ["a"]})
    made.answer({"ignore": ["b"], "encoding": "cp1252"})
    assert made.document() == {
        "columns": {"timestamp": {"column": "When", "format": "day_first"}}, "ignore": ["a", "b"], "encoding": "cp1252"
    }  # fmt: skip
    assert (made.chosen("timestamp"), made.times()) == (("When", "chosen"), "day_first")
    made.say_times("month_first")
    assert made.document()["columns"] == {"timestamp": "When"}
    assert made.document()["formats"] == {"timestamp": "month_first"}
    made.become(Table.TARGETS)
    assert made.document() == {"encoding": "cp1252", "formats": {"as_of": "month_first"}}


def plan(mapping: dict[str, str], proposals: dict[str, str], missing: tuple[str, ...] = ()) -> FilePlan:
    preview = Preview("a.csv", "events", ("Account", "Kind", "When"), (), mapping, missing, proposals)
    wanted = (WantedColumn("entity_id", True), WantedColumn("event_type", True), WantedColumn("value", False))
    return FilePlan(Path("a.csv"), Table.EVENTS, proposal=Proposal(Table.EVENTS, wanted, preview))


def test_what_is_missing_is_said_before_anything_can_be_imported() -> None:
    made = plan({"entity_id": "Account"}, {})
    assert problem_of([made]) == "a.csv lacks event_type: choose which of its columns that is."
    made.columns["event_type"] = "Kind"
    assert problem_of([made]) == ""
    assert mapping_of([made]) == {"events": {"columns": {"event_type": "Kind"}}}


def test_proposed_columns_must_be_confirmed() -> None:
    made = plan({"entity_id": "Account"}, {"event_type": "Kind"})
    assert problem_of([made]) == "Confirm the proposed columns of a.csv: event_type."
    made.accept_proposals()
    assert problem_of([made]) == ""
    assert made.columns == {"event_type": "Kind"}


def test_nothing_said_by_hand_leaves_the_mapping_to_what_was_remembered() -> None:
    made = plan({"entity_id": "Account", "event_type": "Kind"}, {})
    assert mapping_of([made]) is None
    made.reading["delimiter"] = ";"
    made.time_format = "day_first"
    assert mapping_of([made]) == {"events": {"delimiter": ";", "formats": {"timestamp": "day_first"}}}


def test_two_files_for_one_table_and_none_at_all_are_refused() -> None:
    both = [plan({"entity_id": "Account", "event_type": "Kind"}, {}) for _ in range(2)]
    assert problem_of(both) == "Two files are given as events; import one after the other."
    assert problem_of([]) == "Choose or drop the files to import."


METRICS = {
    "test": {"classification": {"n": 66, "auroc": 0.91}, "regression": {"n": 60, "mae": 5.0}},
    "baseline": {
        "measures": {
            "test": {"classification": {"auroc": 0.9}, "regression": {"mae": 4.0}},
            "val": {"classification": {"auroc": 0.8}},
        }
    },
}


def test_the_verdict_against_the_baseline_knows_which_way_is_better() -> None:
    auroc, mae = measures.figures_of(METRICS)
    assert (auroc.text, auroc.remark, auroc.remark_kind) == ("0.910", "beats the baseline 0.900", "good")
    assert (mae.text, mae.remark, mae.remark_kind) == ("5.000", "does not beat the baseline 4.000", "warn")
    assert "66 rows" in auroc.tip


@pytest.mark.parametrize("beats", [True, False])
def test_a_difference_that_the_engine_does_not_find_clear_is_said_to_be_none_either_way(beats: bool) -> None:
    auroc = 0.91 if beats else 0.89
    figures = {"n": 66, "auroc": auroc, "auroc_low": 0.88, "auroc_high": 0.94}
    ends = {"better_by_low": -0.05, "better_by_high": 0.06}
    heads = {"classification": {"measure": "auroc", "beats": beats, "clear": False, **ends}}
    metrics = {"test": {"classification": figures}, "baseline": METRICS["baseline"]}
    (said,) = measures.figures_of({**metrics, "comparison": {"part": "test", "heads": heads}})
    assert (said.remark, said.remark_kind) == ("no clear difference to the baseline 0.900", "small")
    assert (
        "95 % interval: 0.880 to 0.940\nBetter than the baseline by, 95 % interval: \N{MINUS SIGN}0.050 to 0.060"
        in said.tip
    )
    heads["classification"]["clear"] = True
    (said,) = measures.figures_of({**metrics, "comparison": {"part": "test", "heads": heads}})
    assert said.remark == ("beats the baseline 0.900" if beats else "does not beat the baseline 0.900")
    (older,) = measures.figures_of(metrics)
    assert older.remark == said.remark, "what the figures say, whatever the interval of one of them"


def test_a_head_that_was_not_measured_is_left_out() -> None:
    assert measures.figures_of({}) == []
    assert measures.figures_of(None) == []
    assert measures.baseline_curves(METRICS) == {"classification_auroc": 0.8}


def test_values_of_settings_fit_a_line() -> None:
    assert measures.plain_value("ab" * 32) == f"{'ab' * 8}…"
    assert measures.plain_value(True) == "yes"
    assert measures.plain_value([1, "x"]) == "1, x"
    assert measures.plain_value([{"kind": "number", "name": "age"}, {"a": 1}]) == "age (number), a: 1"
    assert measures.plain_value(0.0123456789) == "0.012346"
    assert measures.flattened({"a": {"b": 1}, "c": 2}) == [("a.b", 1), ("c", 2)]
