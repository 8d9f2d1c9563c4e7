"""The four verdicts on a run, each for its own reason; and where a run's identity comes from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest
from sqlalchemy import update

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.hashing import sha256_bytes, sha256_file
from mmdesk.engine.core.jobs import JobCancelled
from mmdesk.engine.core.types import OnConflict, Verdict
from mmdesk.engine.services import runs
from mmdesk.engine.services.audit import verify_audit
from mmdesk.engine.services.certificates import Certificate, write_certificate
from mmdesk.engine.services.imports import undo_import
from mmdesk.engine.services.media_imports import extract, import_media
from mmdesk.engine.services.runs import Reproduction
from mmdesk.engine.services.table_imports import ImportOptions, TableFiles, import_tables
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import ModelRun
from tests.engine.case_key import content_of, rewrite
from tests.engine.features import media_samples as samples
from tests.engine.services.media_cases import write
from tests.engine.services.trained_cases import ACTOR, Events, quick, trained_copy, training_here


def reproduced(folder: Path, **options: object) -> Reproduction:
    with training_here():
        return runs.reproduce(folder, "latest", actor=ACTOR, **options)  # type: ignore[arg-type]


def attempts(folder: Path, run_id: str) -> list[str]:
    return sorted(path.name for path in (folder / "models" / run_id / "attempts").glob("*"))


def test_identical_and_the_run_is_left_as_it_was(tmp_path: Path) -> None:
    folder, result = trained_copy(tmp_path / "case")
    run = folder / "models" / result.run_id
    before = {path.name: sha256_file(path) for path in run.iterdir() if path.is_file()}
    found = reproduced(folder)
    assert found.verdict is Verdict.IDENTICAL
    assert (found.run_id, found.model_sha256, found.reproduced_sha256) == (
        result.run_id, result.model_sha256, result.model_sha256)  # fmt: skip
    assert {path.name: sha256_file(path) for path in run.iterdir() if path.is_file()} == before
    assert len(runs.list_runs(folder)) == 1
    # The same bytes are not kept twice, but the second training's log is.
    assert attempts(folder, result.run_id) == ["0001"]
    (kept,) = runs.show_run(folder, "latest").certificates
    assert kept == found.certificate
    assert kept.verdict == "identical"
    compared = {one.what: one for one in kept.compared}
    assert all(one.same for one in kept.compared)
    assert compared["Weights after each epoch"].now == "2 of 2 the same"
    assert compared["Model (SHA-256 of model.pt)"].then == result.model_sha256
    assert compared["Test: classification auroc"].then == compared["Test: classification auroc"].now
    for name in ("c.json", "c.html"):
        write_certificate(kept, tmp_path / name)
    assert Certificate.from_document(json.loads((tmp_path / "c.json").read_text())) == kept
    assert result.model_sha256 in (tmp_path / "c.html").read_text()
    with pytest.raises(UsageError):
        write_certificate(kept, tmp_path / "c.pdf")
    assert not (run / "attempts/0001/model.pt").exists()
    assert (run / "attempts/0001/weights.jsonl").exists()
    assert verify_audit(folder).verified


def test_it_is_the_runs_own_snapshot_that_is_trained_on(tmp_path: Path) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    with Case.open(folder, write=True, actor=ACTOR) as case, case.write("test.change", "rows") as connection:
        connection.exec_driver_sql("UPDATE events SET value = value * 2")
        connection.exec_driver_sql("UPDATE targets SET y_class = 0")
        connection.exec_driver_sql("UPDATE artifacts SET feature_status = 'pending'")
    assert reproduced(folder).verdict is Verdict.IDENTICAL


def test_another_environment_is_never_called_identical(tmp_path: Path) -> None:
    folder, result = trained_copy(tmp_path / "case")
    path = folder / "models" / result.run_id / "environment.json"
    document = json.loads(content_of(path))
    document["fingerprint"]["threads"] = 7
    rewrite(path, json.dumps(document).encode())
    found = reproduced(folder)
    assert found.verdict is Verdict.DIFFERENT_ENVIRONMENT
    assert found.details["environment"] == {"threads": {"run": 7, "now": 1}}
    assert found.details["same_bytes"] is True
    assert found.details["largest_weight_difference"] == 0
    assert "threads" in found.text


def test_diverged_names_the_first_epoch_and_tensor(tmp_path: Path) -> None:
    folder, result = trained_copy(tmp_path / "case")
    config = orjson.loads(content_of(folder / "models" / result.run_id / "config.json"))
    with Case.open(folder, write=True, actor=ACTOR) as case, case.write("test.change", "rows") as connection:
        connection.execute(update(ModelRun).values(config=orjson.dumps({**config, "seed": 99}).decode()))
    found = reproduced(folder)
    assert found.verdict is Verdict.DIVERGED
    assert found.reproduced_sha256 not in {None, result.model_sha256}
    first = found.details["first"]
    assert (first["member"], first["epoch"]) == (0, 1)
    assert first["tensor"] in found.text
    assert found.details["largest_weight_difference"] > 0
    assert found.details["metrics"]["run"] == result.metrics["test"]
    assert found.details["metrics"]["now"] != result.metrics["test"]
    # What it became is kept, so that somebody can look into it.
    kept = folder / "models" / result.run_id / "attempts/0001/model.pt"
    assert sha256_bytes(content_of(kept)) == found.reproduced_sha256


def _spoil_snapshot(folder: Path, result: runs.TrainResult) -> None:
    (snapshot,) = (folder / "snapshots").iterdir()
    path = snapshot / "event_value.npy"
    content = bytearray(path.read_bytes())
    content[-3] ^= 4
    path.write_bytes(content)


def _spoil_model(folder: Path, result: runs.TrainResult) -> None:
    path = folder / "models" / result.run_id / "model.pt"
    path.write_bytes(path.read_bytes()[:-1])


def _other_code(folder: Path, result: runs.TrainResult) -> None:
    with Case.open(folder, write=True, actor=ACTOR) as case, case.write("test.change", "rows") as connection:
        config = orjson.dumps({**runs.default_config(), "code_sha256": "0" * 64}).decode()
        connection.execute(update(ModelRun).values(config=config))


def _lose_environment(folder: Path, result: runs.TrainResult) -> None:
    (folder / "models" / result.run_id / "environment.json").write_text("{}")


def _remove_snapshot(folder: Path, result: runs.TrainResult) -> None:
    shutil.rmtree(folder / "snapshots")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_remove_snapshot, "is not here"),
        (_spoil_snapshot, "event_value.npy"),
        (_spoil_model, "model.pt"),
        (_lose_environment, "environment.json"),
        (_other_code, "another version of the training code"),
    ],
)
def test_unverifiable_says_why_and_does_not_train(
    tmp_path: Path, spoil: Callable[[Path, runs.TrainResult], None], said: str
) -> None:
    folder, result = trained_copy(tmp_path / "case")
    spoil(folder, result)
    found = reproduced(folder)
    assert found.verdict is Verdict.UNVERIFIABLE
    assert said in found.text
    assert found.reproduced_sha256 is None
    assert attempts(folder, result.run_id) == []


def test_an_unfinished_run_cannot_be_verified(tmp_path: Path) -> None:
    class Cancelling(Events):
        def check_cancelled(self) -> None:
            if self.of("epoch"):
                raise JobCancelled

    folder, result = trained_copy(tmp_path / "case")
    with pytest.raises(JobCancelled):
        reproduced(folder, ctx=Cancelling())
    assert attempts(folder, result.run_id) == []
    with pytest.raises(JobCancelled):
        quick(folder, {"seed": 4}, ctx=Cancelling())
    unfinished = next(row for row in runs.list_runs(folder) if row.run_id != result.run_id)
    found = runs.reproduce(folder, unfinished.run_id, actor=ACTOR)
    assert found.verdict is Verdict.UNVERIFIABLE
    assert "cancelled" in found.text


TABLES = {
    "entities": "entity_id,age,city\n" + "".join(f"e{i:02d},{i % 7},{'Bonn' if i % 3 else 'Ulm'}\n" for i in range(40)),
    "events": "entity_id,event_type,value,timestamp\n"
    + "".join(f"e{i % 40:02d},pay,{i % 11}.5,2024-01-{1 + i % 28:02d}T00:00:00Z\n" for i in range(150)),
    "targets": "entity_id,y_class\n" + "".join(f"e{i:02d},{i % 2}\n" for i in range(40)),
}


def _write(folder: Path, tables: dict[str, str]) -> TableFiles:
    folder.mkdir(parents=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return TableFiles(**{name: folder / f"{name}.csv" for name in tables})


def test_a_run_does_not_depend_on_how_the_data_came_in(tmp_path: Path) -> None:
    """At once; or backwards, file by file, twice, with a replacement that is undone again: one run."""

    def bring(case: Path, files: TableFiles, **options: object) -> None:
        import_tables(case, files, ImportOptions(**options), actor=ACTOR)  # type: ignore[arg-type]

    plain, winding = tmp_path / "plain", tmp_path / "winding"
    for folder in (plain, winding):
        Case.create(folder, actor=ACTOR).close()
    files = _write(tmp_path / "files", TABLES)
    bring(plain, files)

    def turned(text: str) -> str:
        head, *rows = text.splitlines(keepends=True)
        return head + "".join(reversed(rows))

    backwards = _write(tmp_path / "backwards", {name: turned(text) for name, text in TABLES.items()})
    for name in ("entities", "targets", "events"):
        bring(winding, replace(TableFiles(), **{name: getattr(backwards, name)}))
    bring(winding, backwards)
    changed = TABLES["entities"].replace("e07,0,Bonn", "e07,999,Paris")
    assert changed != TABLES["entities"]
    bring(winding, _write(tmp_path / "changed", {"entities": changed}), on_conflict=OnConflict.REPLACE)
    other = quick(winding)
    undo_import(winding, actor=ACTOR)
    first, second = quick(plain), quick(winding)
    assert first.run_id == second.run_id != other.run_id
    assert first.model_sha256 == second.model_sha256


def test_a_run_does_not_depend_on_the_order_of_links_and_files_nor_on_the_number_of_workers(tmp_path: Path) -> None:
    links = [f"e{i % 40:02d},e{i * 7 % 39:02d},pays,{i % 5},2024-01-{1 + i % 28:02d}T00:00:00Z" for i in range(120)]
    pictures = {
        f"e{i:02d}": samples.encode(np.roll(samples.picture(), 5 * i, axis=1), "PNG" if i % 2 else "JPEG")
        for i in range(0, 40, 4)
    }
    found = []
    for name, step, workers in (("plain", 1, 1), ("backwards", -1, 2)):
        folder = tmp_path / name
        Case.create(folder, actor=ACTOR).close()
        lines = ["source_id,target_id,interaction_type,weight,timestamp", *links[::step]]
        files = _write(tmp_path / f"{name} tables", {**TABLES, "interactions": "\n".join(lines) + "\n"})
        import_tables(folder, files, ImportOptions(), actor=ACTOR)
        for entity in list(pictures)[::step]:
            write(tmp_path / f"{name} {entity}" / entity / "picture.img", pictures[entity])
            import_media(folder, [tmp_path / f"{name} {entity}"], actor=ACTOR)
        assert extract(folder, workers, actor=ACTOR).done == len(pictures)
        found.append(quick(folder))
    manifest = json.loads(content_of(Path(found[0].folder) / "data_manifest.json"))
    assert manifest["counts"]["interactions"] == len(links)
    assert manifest["counts"]["artifacts"] == len(pictures)
    assert manifest["feature_names"]
    assert found[0].run_id == found[1].run_id
    assert found[0].model_sha256 == found[1].model_sha256
