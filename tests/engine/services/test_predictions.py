"""Predictions: one row per asked row, of nothing but the past, written whole; and how good they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import update

from mmdesk.engine.core.errors import DataError, ResourceError, UsageError
from mmdesk.engine.core.times import END_OF_TIME_US, parse_moment
from mmdesk.engine.core.types import Split
from mmdesk.engine.services import predictions
from mmdesk.engine.services.predictions import (
    PredictionRow,
    Predictions,
    evaluate,
    predict,
    predict_columns,
    require_format,
    write_predictions,
)
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Artifact, Entity, EntityArtifact, Event, Interaction, Target
from mmdesk.engine.training import sources
from mmdesk.engine.training.decisions import DecisionRule
from tests.engine.case_key import content_of
from tests.engine.dataset.cases import DAY_US, START_US, small_tables
from tests.engine.dataset.filled_cases import NewRow, add, layout_media, store
from tests.engine.services.trained_cases import (
    ACTOR,
    ENTITIES,
    make_case,
    quick,
    trained_copy,
    without,
)

AS_OF = START_US + 60 * DAY_US
HEADS = ("regression", "probability", "ranking_score")
DECIDED = ("decision", "regression_low", "regression_high")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained case that no test changes."""
    return trained_copy(tmp_path_factory.mktemp("shared") / "case")[0]


def numbers(rows: Sequence[PredictionRow]) -> np.ndarray:
    """The four outputs of each row: [rows, 67]."""
    return np.array([[row.regression, row.probability, row.ranking_score, *row.embedding] for row in rows], np.float64)


def targets_file(folder: Path, text: str) -> Path:
    path = folder / "asked.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_all_entities_if_none_are_named(folder: Path) -> None:
    rows = predict(folder, "latest")
    assert [row.entity_id for row in rows] == [f"e{number:04d}" for number in range(1, ENTITIES + 1)]
    assert all(row.as_of is None for row in rows)
    assert all(len(row.embedding) == 64 for row in rows)
    found = numbers(rows)
    assert np.isfinite(found).all()
    assert ((found[:, 1] > 0) & (found[:, 1] < 1)).all()
    assert len(np.unique(found[:, 1])) > ENTITIES / 2
    assert predict(folder, "latest", entities=[]) == ()


def test_order_and_duplicates_are_kept_and_no_row_depends_on_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["e0009", "e0002", "e0009", "e0048", "e0001", "e0002"]
    rows = predict(folder, "first", entities=asked)
    assert [row.entity_id for row in rows] == asked
    everyone = {row.entity_id: row for row in predict(folder, "latest")}
    expected = numbers([everyone[name] for name in asked])
    np.testing.assert_allclose(numbers(rows), expected, rtol=0, atol=2e-6)
    for row, name in zip(rows[:3], asked, strict=False):
        np.testing.assert_allclose(numbers(predict(folder, "first", entities=[name])), numbers([row]), atol=2e-6)
    monkeypatch.setattr(sources, "EVALUATION_ROWS", 5)
    np.testing.assert_allclose(numbers(predict(folder, "first")), numbers(list(everyone.values())), atol=2e-6)
    monkeypatch.setattr(sources, "_ROOM_BYTES", 40_000)  # now large rows come last and in smaller batches
    np.testing.assert_allclose(numbers(predict(folder, "first")), numbers(list(everyone.values())), atol=2e-6)


def test_a_targets_file_names_rows_and_moments(folder: Path, tmp_path: Path) -> None:
    text = "Entity ID,note,AS_OF\ne0003,x,2020-11-01\n e0003 ,y,\ne0001,z,2020-11-01T00:00:00.000001Z\n"
    rows = predict(folder, "latest", targets_file=targets_file(tmp_path, "\ufeff" + text), as_of_us=AS_OF)
    assert [(row.entity_id, row.as_of) for row in rows] == [
        ("e0003", "2020-11-01T00:00:00Z"),
        ("e0003", "2020-11-12T12:26:40Z"),
        ("e0001", "2020-11-01T00:00:00.000001Z"),
    ]
    assert parse_moment(str(rows[1].as_of)) == AS_OF
    np.testing.assert_allclose(
        numbers(rows[1:2]), numbers(predict(folder, "latest", entities=["e0003"], as_of_us=AS_OF)), atol=2e-6
    )
    assert not np.allclose(numbers(rows[:1]), numbers(rows[1:2]), atol=1e-6)
    only_ids = predict(folder, "latest", targets_file=targets_file(tmp_path, "entity_id\ne0002\ne0002\n"))
    assert [(row.entity_id, row.as_of) for row in only_ids] == [("e0002", None)] * 2
    assert predict(folder, "latest", targets_file=targets_file(tmp_path, "entity_id,as_of\n")) == ()


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("id,as_of\ne0001,\n", "predict.column_missing", "id, as_of"),
        ("entity_id,as_of\ne0001,2020-01-01\ne0001,yesterday\n", "predict.bad_row", "line 3"),
        ("entity_id\ne0001\ne001\n", "predict.unknown_entity", "e001"),
    ],
)
def test_a_targets_file_that_cannot_be_used_is_refused_by_line_and_name(
    folder: Path, tmp_path: Path, text: str, code: str, named: str
) -> None:
    with pytest.raises(DataError) as caught:
        predict(folder, "latest", targets_file=targets_file(tmp_path, text))
    assert caught.value.code == code
    assert named in caught.value.message + caught.value.hint
    assert caught.value.hint


def test_unknown_entities_are_named_with_what_may_have_been_meant(folder: Path) -> None:
    with pytest.raises(DataError) as caught:
        predict(folder, "latest", entities=["e0001", "e00O2", "nobody"])
    assert caught.value.details["entities"] == ["e00O2", "nobody"]
    assert "Did you mean e00" in caught.value.hint
    with pytest.raises(UsageError):
        predict(folder, "latest", entities=["e0001"], targets_file=folder / "x.csv")
    with pytest.raises(UsageError, match="targets file"):
        predict(folder, "latest", targets_file=folder / "none.csv")


# What is added around the moment, and whose predictions it may change: entity 1, its neighbour 2, or entity 3.
EVENT = {"event_type": "payment", "value": 9.0}
EDGE = {"interaction_type": "pays", "weight": 0.1}
LATE_ROWS: dict[str, tuple[type[Any], str, dict[str, Any], str]] = {
    "event": (Event, "timestamp_us", {"entity_key": 1, **EVENT}, "e0001"),
    "event of a neighbour": (Event, "timestamp_us", {"entity_key": 2, **EVENT}, "e0001"),
    "interaction": (Interaction, "timestamp_us", {"source_key": 1, "target_key": 3, **EDGE}, "e0001"),
    "interaction seen from its target": (
        Interaction, "timestamp_us", {"source_key": 3, "target_key": 1, **EDGE}, "e0001"),
    "interaction of a neighbour": (Interaction, "timestamp_us", {"source_key": 2, "target_key": 3, **EDGE}, "e0001"),
    "file": (EntityArtifact, "captured_us", {"entity_key": 1, "artifact_id": 505, "name": "late.png"}, "e0001"),
}  # fmt: skip


def test_what_happens_at_the_as_of_or_later_changes_no_prediction_and_just_before_it_does(case: Case) -> None:
    tables = small_tables(ENTITIES)
    edge = pa.table(
        {
            name: pa.array([value], tables.interactions.schema.field(name).type)
            for name, value in {
                "row": 10_000,
                "source_key": 1,
                "target_key": 2,
                "timestamp_us": START_US,
                **EDGE,
            }.items()
        }
    )
    edges = pa.concat_tables([tables.interactions, edge.select(tables.interactions.column_names)])
    store(case, replace(tables, interactions=edges), layout_media(ENTITIES))
    run = quick(case.folder).run_id

    def said() -> dict[str, np.ndarray]:
        return {row.entity_id: numbers([row]) for row in predict(case.folder, run, as_of_us=AS_OF)}

    before = said()
    for moment in (AS_OF, AS_OF + 1, AS_OF + 900 * DAY_US):
        add(case, *(NewRow(model, {**values, when: moment}) for model, when, values, _ in LATE_ROWS.values()))
    after = said()
    for name, expected in before.items():
        np.testing.assert_array_equal(after[name], expected)
    for what, (model, when, values, whose) in LATE_ROWS.items():
        add(case, NewRow(model, {**values, when: AS_OF - 1}))
        changed = said()
        assert not np.array_equal(changed[whose], after[whose]), what
        after = changed


def test_the_future_does_not_reach_the_training_either(tmp_path: Path) -> None:
    """Every row has an as-of: rows planted after all of them change no weight of any epoch and no byte of the model."""
    tables, media = small_tables(ENTITIES, with_as_of=True), layout_media(ENTITIES)
    last = max(tables.targets["as_of_us"].to_pylist())
    logs, models = [], []
    for name, planted in (("plain", False), ("planted", True)):
        with Case.create(tmp_path / name, actor=ACTOR) as case:
            store(case, tables, media)
            if planted:
                rows = [NewRow(model, {**values, when: last}) for model, when, values, _ in LATE_ROWS.values()]
                wild = {"entity_key": 1, "event_type": "never seen", "value": 1e12, "timestamp_us": last + DAY_US}
                add(case, *rows, *[NewRow(Event, wild)] * 40)
        result = quick(tmp_path / name)
        logs.append(content_of(Path(result.folder) / "weights.jsonl"))
        models.append(result.metrics["model_sha256"])
    assert logs[0] == logs[1]
    assert models[0] == models[1]
    assert logs[0].count(b"\n") == 2


def test_an_attribute_changes_the_predictions_of_its_entity_and_its_neighbours_only(tmp_path: Path) -> None:
    folder = make_case(tmp_path / "case")
    run = quick(folder).run_id
    before = predict(folder, run)
    with Case.open(folder, write=True, actor=ACTOR) as case, case.write("test.change", "rows") as connection:
        connection.execute(update(Entity).where(Entity.id == 5).values(attributes='{"income": 91.0}'))
    after = predict(folder, run)
    edges = small_tables(ENTITIES).interactions
    pairs = zip(edges["source_key"].to_pylist(), edges["target_key"].to_pylist(), strict=True)
    touched = {5} | {other for pair in pairs if 5 in pair for other in pair}
    changed = {place + 1 for place in range(ENTITIES) if before[place] != after[place]}
    assert 5 in changed
    assert len(changed) > 1
    assert changed <= touched


def test_heads_without_targets_have_no_answer(tmp_path: Path) -> None:
    tables = small_tables(ENTITIES)
    for kept, answered in (("y_rank", "ranking_score"), ("y_reg", "regression"), ("y_class", "probability")):
        targets = tables.targets
        for place, name in enumerate(targets.column_names):
            if name.startswith("y_") and name != kept:
                targets = targets.set_column(place, name, pa.nulls(len(targets), pa.float64()))
        folder = make_case(tmp_path / kept, replace(tables, targets=targets))
        quick(folder, {"epochs": 1})
        row = predict(folder, "latest", entities=["e0004"])[0]
        assert [name for name in HEADS if getattr(row, name) is not None] == [answered]
        head = {"probability": "classification", "ranking_score": "ranking"}.get(answered, answered)
        assert set(evaluate(folder, "latest")) == {"split", head}


@pytest.mark.parametrize(
    "emptied",
    [("events",), ("interactions",), ("events", "interactions"), ("attributes", "events", "interactions")],
    ids=" ".join,
)
def test_a_case_without_this_or_that_goes_through(tmp_path: Path, emptied: tuple[str, ...]) -> None:
    """Down to a case with no input at all, with the plain baseline beside it."""
    tables = without(small_tables(ENTITIES), *(name for name in emptied if name != "attributes"))
    if "attributes" in emptied:
        tables = replace(tables, attributes=tables.attributes.select(["entity_key"]), kinds={})
    folder = make_case(tmp_path / "case", tables)
    quick(folder, {"baseline": "attributes" in emptied, "epochs": 1})
    found = numbers(predict(folder, "latest"))
    assert np.isfinite(found).all()
    assert (len(np.unique(found[:, 1])) == 1) == ("attributes" in emptied)
    assert evaluate(folder, "latest")["classification"]["n"] > 0


def test_columns_that_say_nothing_and_wild_numbers_do_no_harm(tmp_path: Path) -> None:
    tables = small_tables(ENTITIES)
    wild = [1.7e308 if i % 5 == 0 else -1.7e308 if i % 5 == 1 else float(i) for i in range(ENTITIES)]
    columns = {
        "income": pa.array(wild),
        "colour": pa.nulls(ENTITIES, pa.string()),
        "active": pa.array([True] * ENTITIES),
    }
    attributes = pa.table({"entity_key": tables.attributes["entity_key"], **columns})
    kinds = {name: kind for name, kind in tables.kinds.items() if name in columns}
    values = pa.array([1.7e308 * (-1) ** i for i in range(len(tables.events))])
    weights = pa.array([1.7e308 * (-1) ** (i // 3) for i in range(len(tables.interactions))])
    changed = replace(
        tables,
        attributes=attributes,
        kinds=kinds,
        events=tables.events.set_column(3, "value", values),
        interactions=tables.interactions.set_column(4, "weight", weights),
    )
    folder = make_case(tmp_path / "case", changed)
    result = quick(folder, {"epochs": 1, "limits.events": 2})
    assert np.isfinite(result.metrics["test"]["classification"]["brier"])
    assert np.isfinite(numbers(predict(folder, "latest"))).all()


def test_unheard_of_values_and_newcomers_get_an_answer(tmp_path: Path) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    with Case.open(folder, write=True, actor=ACTOR) as case:
        new = {"id": 900, "entity_id": "newcomer", "attributes": '{"colour": "mauve", "unknown column": 3}'}
        add(case, NewRow(Entity, new))
        values = {"entity_key": 900, "event_type": "never seen", "value": None, "timestamp_us": START_US}
        add(case, NewRow(Event, values))
        add(case, NewRow(Interaction, {"source_key": 900, "target_key": 1, "interaction_type": "new kind"}))
    rows = predict(folder, "first", entities=["newcomer", "e0001"])
    assert np.isfinite(numbers(rows)).all()


def test_what_was_not_used_is_said(tmp_path: Path) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    assert predict_columns(folder, "first").notes == ()
    with Case.open(folder, write=True, actor=ACTOR) as case, case.write("test.change", "rows") as connection:
        connection.execute(update(Artifact).where(Artifact.id <= 503).values(feature_status="pending"))
    (note,) = predict_columns(folder, "first").notes
    assert note.startswith("3 files have no features")
    assert "mmdesk extract" in note
    media_free = make_case(tmp_path / "other")
    quick(media_free)
    with Case.open(media_free, write=True, actor=ACTOR) as case:
        assert predict_columns(media_free, "latest").notes == ()
        store_media(case)
    (note,) = predict_columns(media_free, "latest").notes
    assert "trained without files" in note


def store_media(case: Case) -> None:
    """Files with features for a case that had none."""
    tables = small_tables(ENTITIES)
    nothing = without(replace(tables, kinds={}), "entities", "attributes", "events", "interactions", "targets")
    store(case, nothing, layout_media(ENTITIES))


def some_predictions(ids: Sequence[str] = ("a,b", "=1+1", "ä\n", "007")) -> Predictions:
    moments = np.array([END_OF_TIME_US, AS_OF, AS_OF + 1, END_OF_TIME_US], np.int64)
    return Predictions(
        run_id="r" * 64,
        entity_ids=tuple(ids),
        as_of_us=moments,
        regression=np.array([1.5, -2.25, 0.1, 1e-17]),
        probability=np.array([0.1, 0.2, 0.3, 0.4]),
        ranking=None,
        embedding=np.arange(256, dtype=np.float32).reshape(4, 64) / np.float32(7),
        rule=DecisionRule(positive_from=0.25, negative_upto=0.35, regression_error=0.5),
    )


def test_written_as_csv(tmp_path: Path) -> None:
    said = some_predictions()
    write_predictions(said, tmp_path / "p.csv")
    frame = pd.read_csv(tmp_path / "p.csv", dtype={"entity_id": str}, keep_default_na=False)
    assert list(frame.columns) == ["entity_id", "as_of", "regression", "probability", "ranking_score"]
    # What a spreadsheet would take for a formula is marked as text.
    assert list(frame.entity_id) == ["a,b", "'=1+1", "ä\n", "007"]
    assert list(frame.as_of) == ["", "2020-11-12T12:26:40Z", "2020-11-12T12:26:40.000001Z", ""]
    assert frame.regression.astype(float).tolist() == [1.5, -2.25, 0.1, 1e-17]
    assert list(frame.ranking_score) == [""] * 4


def test_written_as_lines_of_json(tmp_path: Path) -> None:
    said = some_predictions()
    write_predictions(said, tmp_path / "P.JSONL")
    rows = [json.loads(line) for line in (tmp_path / "P.JSONL").read_text(encoding="utf-8").split("\n")[:-1]]
    assert [tuple(row) for row in rows] == [
        ("entity_id", "as_of", "regression", "probability", "ranking_score", "embedding", *DECIDED)
    ] * 4
    assert [row["entity_id"] for row in rows] == list(said.entity_ids)
    assert [row["as_of"] for row in rows][:2] == [None, "2020-11-12T12:26:40Z"]
    assert rows[0]["ranking_score"] is None
    np.testing.assert_array_equal([row["embedding"] for row in rows], said.embedding)
    assert [row["decision"] for row in rows] == ["negative", "negative", "uncertain", "positive"]
    assert [row["regression_high"] - row["regression"] for row in rows[:2]] == [0.5, 0.5]


def test_written_as_parquet(tmp_path: Path) -> None:
    said = some_predictions()
    write_predictions(said, tmp_path / "p.parquet")
    table = pq.read_table(tmp_path / "p.parquet")
    assert table.column_names == [
        "entity_id",
        "as_of",
        "regression",
        "probability",
        "ranking_score",
        "embedding",
        *DECIDED,
    ]
    assert table["entity_id"].to_pylist() == list(said.entity_ids)
    assert table["as_of"].cast(pa.int64()).to_pylist() == [None, AS_OF, AS_OF + 1, None]
    assert table["ranking_score"].null_count == 4
    np.testing.assert_array_equal(np.array(table["embedding"].to_pylist(), np.float32), said.embedding)
    assert table["decision"].to_pylist() == ["negative", "negative", "uncertain", "positive"]
    assert table["regression_low"].to_pylist()[:2] == [1.0, -2.75]


def test_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("p.xlsx", "p", "p.csv.gz"):
        for act in (lambda path: write_predictions(some_predictions(), path), require_format):
            with pytest.raises(UsageError) as caught:
                act(tmp_path / name)
            assert caught.value.code == "usage.unknown_format"
    with pytest.raises(UsageError) as caught:
        require_format(tmp_path / "none" / "p.csv")
    assert caught.value.code == "usage.no_folder"
    out = tmp_path / "p.csv"
    out.write_text("what was there")

    def broken(_: Predictions) -> Any:
        yield b"half"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(predictions, "_csv", broken)
    with pytest.raises(ResourceError):
        write_predictions(some_predictions(), out)
    assert out.read_text() == "what was there"
    assert list(tmp_path.iterdir()) == [out]


def test_evaluate_has_the_agreed_shape_and_agrees_with_the_run(tmp_path: Path) -> None:
    folder, result = trained_copy(tmp_path / "case")
    wanted = {
        "classification": ["n", "auroc", "average_precision", "brier"],
        "regression": ["n", "mae", "rmse", "r2"],
        "ranking": ["n", "ndcg", "spearman"],
    }
    for split in Split:
        found = evaluate(folder, "latest", split)
        assert set(found) == {"split", *wanted}
        assert found["split"] == str(split)
        for head, names in wanted.items():
            assert set(names) <= set(found[head])
            for name in names:
                assert found[head][name] == pytest.approx(result.metrics[str(split)][head][name], abs=1e-6)
    json.dumps(found)
    assert evaluate(folder, "latest") == evaluate(folder, "first", Split.TEST)


def test_evaluate_measures_the_labels_of_now_and_says_when_there_are_none(tmp_path: Path) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    before = evaluate(folder, "latest")

    def change(**values: object) -> None:
        with Case.open(folder, write=True, actor=ACTOR) as case, case.write("test.change", "rows") as connection:
            connection.execute(update(Target).values(**values))

    change(y_class=1 - Target.y_class)
    after = evaluate(folder, "latest")
    assert after["classification"]["auroc"] == pytest.approx(1 - before["classification"]["auroc"])
    assert after["regression"] == before["regression"]
    change(y_class=1.0)
    assert evaluate(folder, "latest")["classification"]["auroc"] is None
    change(y_reg=None, y_rank=None)
    assert set(evaluate(folder, "latest")) == {"split", "classification"}
    change(split="train")
    with pytest.raises(DataError) as caught:
        evaluate(folder, "latest")
    assert caught.value.code == "evaluate.nothing"
    assert "--split" in caught.value.hint
    change(y_class=None)
    for split in Split:
        with pytest.raises(DataError):
            evaluate(folder, "latest", split)


def test_a_head_that_was_not_learned_is_not_measured(tmp_path: Path) -> None:
    tables = small_tables(ENTITIES)
    place = tables.targets.column_names.index("y_class")
    unlabelled = tables.targets.set_column(place, "y_class", pa.nulls(ENTITIES, pa.float64()))
    folder = make_case(tmp_path / "case", replace(tables, targets=unlabelled))
    quick(folder)
    with Case.open(folder, write=True, actor=ACTOR) as case, case.write("test.change", "rows") as connection:
        connection.execute(update(Target).values(y_class=Target.id % 2))
    assert "classification" not in evaluate(folder, "latest")
