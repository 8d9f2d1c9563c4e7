"""``mmdesk predict`` on the command line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pyarrow.parquet as pq
import pytest

from mmdesk.engine.explanation.looks import Perspective
from mmdesk.engine.services import explanations, predictions
from tests.cli.conftest import Commands
from tests.engine.services.trained_cases import ENTITIES, trained_copy

COLUMNS = ["entity_id", "as_of", "regression", "probability", "ranking_score"]
DECIDED = ["decision", "regression_low", "regression_high"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained case that no test changes."""
    return trained_copy(tmp_path_factory.mktemp("shared") / "case")[0]


def test_everyone_as_one_json_document(mmdesk: Commands, trained: Path) -> None:
    rows = mmdesk.json("predict", trained, "latest")
    assert [list(row) for row in rows] == [[*COLUMNS, "embedding", *DECIDED]] * ENTITIES
    assert all(len(row["embedding"]) == 64 for row in rows)
    assert all(0 < row["probability"] < 1 for row in rows)


def test_lines_for_people_and_pipes(mmdesk: Commands, trained: Path) -> None:
    assert mmdesk("predict", trained, "first", "--entities", "e0003,e0001,e0003") == 0
    rows = list(csv.reader(io.StringIO(mmdesk.out)))
    assert rows[0] == COLUMNS
    assert [row[0] for row in rows[1:]] == ["e0003", "e0001", "e0003"]
    assert rows[1] == rows[3] != rows[2]


def test_ids_with_commas_quotes_and_formulas_are_cells_as_in_a_file(
    mmdesk: Commands, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("a,b", 'say "x"', "=1+1", "two\nlines")
    really = predictions.predict_columns
    monkeypatch.setattr(
        predictions, "predict_columns", lambda *args, **kinds: replace(really(*args, **kinds), entity_ids=names)
    )
    words = ("predict", trained, "first", "--entities", "e0001,e0002,e0003,e0004")
    assert mmdesk(*words) == 0
    rows = list(csv.reader(io.StringIO(mmdesk.out)))
    assert [len(row) for row in rows] == [len(COLUMNS)] * 5
    assert mmdesk(*words, "--out", tmp_path / "p.csv") == 0
    with (tmp_path / "p.csv").open(newline="") as file:
        assert [row[0] for row in csv.reader(file)] == [row[0] for row in rows]
    assert rows[3][0] == "'=1+1"


def test_written_in_every_format_in_the_order_asked(mmdesk: Commands, trained: Path, tmp_path: Path) -> None:
    asked = ["e0009", "e0002", "e0009"]
    for ending in ("csv", "jsonl", "parquet"):
        out = tmp_path / f"p.{ending}"
        document = mmdesk.json("predict", trained, "latest", "--entities", ",".join(asked), "--out", out)
        assert (document["rows"], document["out"]) == (3, str(out))
    frame = pd.read_csv(tmp_path / "p.csv", dtype={"entity_id": str})
    assert list(frame.columns) == COLUMNS
    assert list(frame.entity_id) == asked
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [line["entity_id"] for line in lines] == asked
    table = pq.read_table(tmp_path / "p.parquet")
    assert table.column_names == [*COLUMNS, "embedding", *DECIDED]
    for row, line, probability in zip(frame.probability, lines, table["probability"].to_pylist(), strict=True):
        assert row == line["probability"] == probability
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.csv", "p.jsonl", "p.parquet"]


def test_moments_from_the_file_go_before_the_option(mmdesk: Commands, trained: Path, tmp_path: Path) -> None:
    asked = tmp_path / "asked.csv"
    asked.write_text("entity_id,as_of\ne0002,2020-11-01\ne0002,\n")
    rows = mmdesk.json("predict", trained, "latest", "--targets", asked, "--as-of", "2021-01-05T10:00:00+02:00")
    assert [row["as_of"] for row in rows] == ["2020-11-01T00:00:00Z", "2021-01-05T08:00:00Z"]
    (same,) = mmdesk.json("predict", trained, "latest", "--entities", "e0002", "--as-of", "2020-11-01")
    assert same["as_of"] == rows[0]["as_of"]
    assert same["probability"] == pytest.approx(rows[0]["probability"], abs=1e-6)
    (everything,) = mmdesk.json("predict", trained, "latest", "--entities", "e0002")
    assert everything["as_of"] is None


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["--entities", "e0001,nobody"], 3, "predict.unknown_entity"),
        (["--entities", " , "], 2, "usage"),
        (["--entities", "e0001", "--targets", "x.csv"], 2, "usage"),
        (["--targets", "none.csv"], 2, None),
        (["--as-of", "yesterday"], 2, "usage.bad_time"),
        (["--head", "regression"], 2, "usage"),
        (["--explain", "--head", "colour"], 2, "usage"),
    ],
)
def test_refused_and_nothing_written(
    mmdesk: Commands, trained: Path, tmp_path: Path, words: Sequence[str], status: int, code: str | None
) -> None:
    for ending in ("csv", "parquet"):
        error = mmdesk.refused(status, "predict", trained, "latest", *words, "--out", tmp_path / f"p.{ending}")
        assert code is None or error["code"] == code
        assert error["hint"]
    assert list(tmp_path.iterdir()) == []


def test_where_it_is_to_be_written_is_checked_before_the_work_is_done(
    mmdesk: Commands, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "predict_columns", lambda *_, **__: pytest.fail("it went to work"))
    for out in (tmp_path / "p.xlsx", tmp_path / "p", tmp_path / "none" / "p.csv", tmp_path):
        error = mmdesk.refused(2, "predict", trained, "latest", "--out", out)
        assert error["code"] in {"usage.unknown_format", "usage.no_folder"}
    assert list(tmp_path.iterdir()) == []


def test_the_reasons_go_beside_the_predictions(mmdesk: Commands, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    words = ("predict", trained, "latest", "--explain", "--entities")
    document = mmdesk.json(*words, "e0003,e0001", "--out", out)
    beside = tmp_path / "p.csv.explanations.jsonl"
    assert (document["rows"], document["explanations"]) == (2, str(beside))
    reasons = [json.loads(line) for line in beside.read_text(encoding="utf-8").splitlines()]
    assert [reason["entity_id"] for reason in reasons] == ["e0003", "e0001"]
    assert all(reason["head"] == "classification" for reason in reasons)
    (row,) = mmdesk.json(*words, "e0001", "--head", "regression")
    assert row["explanation"]["head"] == "regression"
    assert row["explanation"]["output"] == pytest.approx(row["regression"], abs=1e-4)


def test_a_run_that_is_not_there(mmdesk: Commands, trained: Path, tmp_path: Path) -> None:
    assert mmdesk.refused(3, "predict", trained, "none")["code"] == "run.unknown"
    error = mmdesk.refused(2, "predict", tmp_path / "no case", "latest")
    assert "no case" in error["message"]


def test_a_page_for_each_row(mmdesk: Commands, trained: Path, tmp_path: Path) -> None:
    words = (
        "predict",
        trained,
        "latest",
        "--entities",
        "e0003,e0001,e0003",
        "--explain",
        "--pages",
        tmp_path / "pages",
    )
    assert mmdesk(*words) == 0
    names = sorted(path.name for path in (tmp_path / "pages").iterdir())
    assert names == ["0001 e0003.html", "0002 e0001.html", "0003 e0003.html", "index.html"]
    first, second, third, index = ((tmp_path / "pages" / name).read_text(encoding="utf-8") for name in names)
    assert first == third != second
    assert all(f"href='{quote(name)}'" in index for name in names[:3])
    assert "<h1>e0003</h1>" in first
    assert mmdesk.refused(2, "predict", trained, "latest", "--pages", tmp_path)["hint"] == "Add --explain."


def test_further_looks_are_there_where_they_are_asked_for(mmdesk: Commands, trained: Path, tmp_path: Path) -> None:
    words = ("predict", trained, "latest", "--entities", "e0003,e0001", "--explain")
    plain, looked = tmp_path / "plain.csv", tmp_path / "looked.csv"
    assert mmdesk(*words, "--out", plain) == 0
    assert mmdesk(*words, "--perspectives", "all", "--out", looked) == 0
    before, after = (
        [json.loads(line) for line in path.with_name(f"{path.name}.explanations.jsonl").read_text().splitlines()]
        for path in (plain, looked)
    )
    for one, more in zip(before, after, strict=True):
        assert set(more) - set(one) == set(Perspective)
        assert all(more[key] == one[key] for key in one if key not in {"account", "clauses"})
        assert [clause for clause in more["clauses"] if clause in one["clauses"]] == one["clauses"]
    said = explanations.explain_many(trained, "latest", ["e0003", "e0001"], perspectives=tuple(Perspective))
    content = b"".join(explanations.to_json(one) + b"\n" for one in said)
    assert content == looked.with_name("looked.csv.explanations.jsonl").read_bytes()
    (row,) = mmdesk.json(*words[:4], "e0003", "--explain", "--perspectives", "taught, course")
    assert set(row["explanation"]) & set(Perspective) == {"taught", "course"}


def test_an_account_from_the_comparable_group(mmdesk: Commands, trained: Path) -> None:
    words = ("predict", trained, "latest", "--entities", "e0003")
    (row,) = mmdesk.json(*words, "--explain", "--baseline", "group")
    (said,) = explanations.explain_many(trained, "latest", ["e0003"], baseline=explanations.Baseline.GROUP)
    assert row["explanation"] == explanations.to_document(said)
    assert row["explanation"]["baseline_group"]["members"] > 0
    (usual,) = mmdesk.json(*words, "--explain", "--baseline", "typical")
    assert usual["explanation"] == mmdesk.json(*words, "--explain")[0]["explanation"]
    assert usual["explanation"]["base"] != row["explanation"]["base"]
    assert usual["explanation"]["output"] == row["explanation"]["output"]
    assert mmdesk.refused(2, *words, "--baseline", "group")["hint"] == "Add --explain."


@pytest.mark.parametrize("words", [["--explain", "--perspectives", "oracle"], ["--perspectives", "peers"]])
def test_a_look_that_there_is_not(mmdesk: Commands, trained: Path, words: Sequence[str]) -> None:
    assert mmdesk.refused(2, "predict", trained, "latest", *words)["hint"]


def test_what_it_would_take_within_limits(mmdesk: Commands, trained: Path, tmp_path: Path) -> None:
    words = ("predict", trained, "latest", "--entities", "e0003", "--explain", "--head", "regression")
    limits = tmp_path / "limits.json"
    (row,) = mmdesk.json(*words)
    limits.write_text(json.dumps({"frozen": ["member"], "target": row["regression"] + 0.02, "most": 2}))
    (row,) = mmdesk.json(*words, "--perspectives", "changes", "--limits", limits)
    found = row["explanation"]["changes"]
    assert found["most"] == 2
    assert found["columns"] == 3
    assert found["output"] is None or found["output"] >= found["target"]
    assert "member" not in [change["column"] for change in found["changes"]]
    (row,) = mmdesk.json(*words, "--perspectives", "changes")
    assert "changes" not in row["explanation"]  # a regression has no threshold of its own
    assert mmdesk.refused(2, *words, "--limits", limits)["hint"] == "Add --perspectives changes."
    for content, status, code in (
        ('{"frozen": ["incme"]}', 3, "scenario.unknown_column"),
        ('{"frosen": []}', 2, "usage.bad_limits"),
        ('{"columns": {"colour": {"direction": "up"}}}', 2, "usage.bad_limits"),
    ):
        limits.write_text(content)
        error = mmdesk.refused(status, *words, "--perspectives", "changes", "--limits", limits)
        assert error["code"] == code
