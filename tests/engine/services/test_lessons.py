"""What taught a run: the rows of its own snapshot, whatever the case says by now."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from mmdesk.engine.core.errors import ModelError
from mmdesk.engine.core.types import Split
from mmdesk.engine.dataset.snapshot import read_snapshot
from mmdesk.engine.dataset.splits import split_rows
from mmdesk.engine.explanation.explanation import Explanation, Taught
from mmdesk.engine.services import lessons
from mmdesk.engine.services.explanations import Perspective, explain
from mmdesk.engine.services.runs import list_runs
from mmdesk.engine.services.what_if import limit_fields
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import ModelRun, Target
from tests.engine.case_key import content_of, rewrite
from tests.engine.services.trained_cases import ACTOR, trained_copy


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lessons, "_kept", {})
    monkeypatch.setattr(lessons, "_usual", {})


def _explained(folder: Path) -> Explanation:
    return explain(folder, "latest", "e0003", perspectives=[Perspective.TAUGHT])


def _taught(folder: Path) -> Taught:
    taught = _explained(folder).taught
    assert taught is not None
    return taught


def test_only_rows_of_the_training_part_are_shown(tmp_path: Path) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    with Case.open(folder, actor=ACTOR) as case:
        data = read_snapshot(case.files, list_runs(folder)[0].data_sha256)
    rows = split_rows(data, 0.15, 0.15).of(data, Split.TRAIN)
    trained = {str(data.entity_ids[entity]) for entity in rows.entity}
    assert len(trained) < len(data)
    taught = _taught(folder)
    shown = {lesson.entity_id for lesson in (*taught.supporting, *taught.conflicting)}
    assert shown
    assert shown <= trained - {"e0003"}
    assert taught.trained <= len(rows)


def test_labels_that_came_after_the_training_are_not_what_taught_it(tmp_path: Path) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    before = _taught(folder)
    first = before.supporting[0]
    assert first.source is not None
    other = update(Target).where(Target.id == first.source.row).values(y_class=1 - first.outcome)
    with Case.open(folder, write=True, actor=ACTOR) as case, case.write("label.change", first.entity_id) as connection:
        connection.execute(other)
    explained = _explained(folder)
    after = explained.taught
    assert after is not None
    assert after.supporting[0].outcome == first.outcome
    assert after.supporting[0].source is None
    assert f"{first.entity_id}: not in the case any more" in explained.account
    assert after.supporting[1:] == before.supporting[1:]


def _as_if_of_another_version(folder: Path, manifest: Callable[[dict[str, Any]], object]) -> None:
    run = list_runs(folder)[0].run_id
    file = folder / "models" / run / "data_manifest.json"
    document = json.loads(content_of(file))
    manifest(document)
    rewrite(file, json.dumps(document).encode())
    with Case.open(folder, write=True, actor=ACTOR) as case, case.write("run.change", run) as connection:
        config = json.loads(connection.execute(select(ModelRun.config).where(ModelRun.run_id == run)).scalar_one())
        other = json.dumps({**config, "code_sha256": "0" * 64})
        connection.execute(update(ModelRun).where(ModelRun.run_id == run).values(config=other))


@pytest.mark.parametrize(
    "manifest",
    [
        lambda document: document["split"].update(how="by the phase of the moon"),
        lambda document: document["split"]["parts"]["train"].update(rows=3),
        lambda document: document["split"]["parts"]["test"].update(y_class=1),
        lambda document: document.pop("split"),
    ],
)
def test_of_a_run_of_another_version_no_rows_are_shown_that_it_may_not_have_trained_on(
    tmp_path: Path, manifest: Callable[[dict[str, Any]], object]
) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    _as_if_of_another_version(folder, manifest)
    one = explain(folder, "latest", "e0003", perspectives=[Perspective.TAUGHT, Perspective.CHANGES])
    assert (one.taught, one.changes) == (None, None)
    texts = [clause.text for clause in one.clauses]
    assert "Who taught it cannot be told for a run of another version" in " ".join(texts)
    assert "What it would take cannot be told for a run of another version" in " ".join(texts)
    assert texts[-2].startswith("Faithfulness grade")
    fields = limit_fields(folder, "latest", "e0003")
    assert fields
    assert {(field.low, field.high, field.options) for field in fields} == {("", "", ())}


def test_a_run_of_another_version_that_chose_the_same_rows_is_told_of(tmp_path: Path) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    before = _taught(folder)
    lessons._kept.clear()
    _as_if_of_another_version(folder, lambda document: document)
    assert _taught(folder) == before


def test_without_its_snapshot_it_says_so(tmp_path: Path) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    shutil.rmtree(folder / "snapshots" / list_runs(folder)[0].data_sha256)
    with pytest.raises(ModelError) as caught:
        _explained(folder)
    assert caught.value.code == "model.snapshot_missing"
    assert explain(folder, "latest", "e0003", perspectives=[Perspective.PEERS]).peers is not None
