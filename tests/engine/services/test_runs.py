"""Runs: what one is, that it is left alone once done, and that however a training ends the case says so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from sqlalchemy import select, update

from mmdesk.engine.core.code_manifest import code_hash
from mmdesk.engine.core.errors import DataError, MmdeskError, ModelError, ResourceError, UsageError
from mmdesk.engine.core.hashing import sha256_bytes, sha256_file
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobCancelled, JobContext, NullContext
from mmdesk.engine.core.types import RunStatus
from mmdesk.engine.services import runs
from mmdesk.engine.services.audit import verify_audit
from mmdesk.engine.services.predictions import predict
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Artifact, AuditEntry, Event, ModelRun
from mmdesk.engine.training import records, sessions
from mmdesk.engine.training.running_lock import STARTER, RunningLock
from tests.engine.case_key import content_of, rewrite
from tests.engine.dataset.cases import START_US
from tests.engine.dataset.filled_cases import NewRow, add
from tests.engine.services.trained_cases import (
    ACTOR,
    ENTITIES,
    Events,
    TrainedHere,
    make_case,
    quick,
    trained_copy,
    training_here,
)
from tests.engine.small_disks import fill_up

FILES = {"model.pt", "config.json", "metrics.json", "data_manifest.json", "training_log.jsonl", "environment.json"}


def stamps(folder: Path) -> dict[str, tuple[int, str]]:
    """When each file was written, and what is in it."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.name: (path.stat().st_mtime_ns, sha256_file(path)) for path in files}


def audited(folder: Path) -> list[str]:
    with Case.open(folder, actor=ACTOR) as case, case.read() as connection:
        return list(connection.execute(select(AuditEntry.action).order_by(AuditEntry.id)).scalars())


def write(folder: Path, statement: Any) -> None:
    with Case.open(folder, write=True, actor=ACTOR) as case, case.write("test.change", "rows") as connection:
        connection.execute(statement)


def one_more_event(folder: Path) -> None:
    values = {"entity_key": 3, "event_type": "login", "value": 1.0, "timestamp_us": START_US}
    with Case.open(folder, write=True, actor=ACTOR) as case:
        add(case, NewRow(Event, values))


class CancelAfter(Events):
    """Cancels once so many epochs are done."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.epochs = epochs

    def check_cancelled(self) -> None:
        if len(self.of("epoch")) >= self.epochs:
            raise JobCancelled


def test_a_run_has_its_files_its_card_and_its_place_in_the_audit_log(tmp_path: Path) -> None:
    folder, result = trained_copy(tmp_path / "case")
    run = folder / "models" / result.run_id
    assert {path.name for path in run.iterdir()} >= FILES
    assert not (run / "checkpoint.pt").exists()
    assert sha256_bytes(content_of(run / "model.pt")) == result.model_sha256
    assert json.loads(content_of(run / "metrics.json")) == result.metrics
    config = json.loads(content_of(run / "config.json"))
    assert config["epochs"] == 2
    assert config["seed"] == 1234
    assert config["code_sha256"] == code_hash("training")
    page = runs.show_run(folder, "latest")
    assert page.row.config == config
    assert page.row.metrics == result.metrics
    assert (page.row.status, page.row.model_sha256, page.row.name) == (RunStatus.DONE, result.model_sha256, "first")
    assert [line["epoch"] for line in page.history] == [1, 2]
    assert all({"loss", "regression", "classification", "ranking"} <= set(line["train"]) for line in page.history)
    assert page.environment["fingerprint"]["torch"]
    counts = page.manifest["counts"]
    assert (counts["entities"], counts["events"], counts["targets"]) == (ENTITIES, ENTITIES * 6, ENTITIES)
    parts = page.manifest["split"]["parts"]
    assert sum(part["rows"] for part in parts.values()) == ENTITIES
    assert audited(folder)[-2:] == ["run.start", "run.done"]


def test_the_page_of_a_run_with_damaged_files_shows_the_rest(tmp_path: Path) -> None:
    folder, row = trained_copy(tmp_path / "case")
    whole = runs.show_run(folder, row.run_id)
    place = folder / "models" / row.run_id
    rewrite(place / "environment.json", content_of(place / "environment.json")[:20])
    (place / "evaluation.json").unlink()
    log = place / "training_log.jsonl"
    rewrite(log, content_of(log)[:-5])
    page = runs.show_run(folder, row.run_id)
    assert (page.environment, page.evaluation, page.manifest, page.card) == ({}, {}, whole.manifest, whole.card)
    assert page.history == whole.history[:-1]


def test_a_run_that_is_done_is_returned_untouched(tmp_path: Path) -> None:
    folder, result = trained_copy(tmp_path / "case")
    before, entries = stamps(folder / "models"), audited(folder)
    again = quick(folder, {"loss": {"ranking": 1.0}, "drop_columns": []}, name="another name")
    assert again.existing
    assert (again.run_id, again.model_sha256, again.name) == (result.run_id, result.model_sha256, "first")
    assert again.metrics == result.metrics
    assert stamps(folder / "models") == before
    assert audited(folder) == entries
    assert len(runs.list_runs(folder)) == 1


def test_other_settings_or_other_data_or_other_features_are_another_run(tmp_path: Path) -> None:
    folder, result = trained_copy(tmp_path / "case")
    ids = {result.run_id, quick(folder, {"seed": 5}).run_id, quick(folder, {"drop_columns": "income"}).run_id}
    write(folder, update(Artifact).where(Artifact.id == 501).values(feature_version="another"))
    ids.add(quick(folder).run_id)
    one_more_event(folder)
    ids.add(quick(folder).run_id)
    assert len(ids) == 5
    names = [row.name for row in runs.list_runs(folder)]
    assert sorted(names) == ["first", "run 2", "run 3", "run 4", "run 5"]


def test_force_trains_beside_the_run(tmp_path: Path) -> None:
    folder, result = trained_copy(tmp_path / "case")
    before = stamps(folder / "models")
    for number in ("0001", "0002"):
        again = quick(folder, force=True)
        assert not again.existing
        assert again.run_id == result.run_id
        assert Path(again.folder) == folder / "models" / result.run_id / "attempts" / number
        assert sha256_bytes(content_of(Path(again.folder) / "model.pt")) == again.model_sha256 == result.model_sha256
    run = folder / "models" / result.run_id
    assert {name: stamp for name, stamp in stamps(folder / "models").items() if (run / name).exists()}.keys() == (
        before.keys()
    )
    assert {path.name: sha256_file(path) for path in run.iterdir() if path.is_file()} == {
        name: digest for name, (_, digest) in before.items()
    }
    assert len(runs.list_runs(folder)) == 1
    assert audited(folder)[-2:] == ["run.attempt", "run.attempt"]


def test_cancelled_before_it_began_there_is_no_run(tmp_path: Path) -> None:
    folder = make_case(tmp_path / "case")
    with pytest.raises(JobCancelled):
        quick(folder, ctx=CancelAfter(0))
    assert runs.list_runs(folder) == ()


@pytest.mark.parametrize("epochs", [1, 4])
def test_cancelled_nothing_half_done_is_taken_for_a_run_and_going_on_ends_the_same(tmp_path: Path, epochs: int) -> None:
    settings = {"epochs": 3, "ensemble": 2}
    undisturbed = quick(make_case(tmp_path / "undisturbed"), settings)
    folder = make_case(tmp_path / "case")
    with training_here(), pytest.raises(JobCancelled):
        runs.train(folder, {**settings, "baseline": False, "batch_size": 32}, actor=ACTOR, ctx=CancelAfter(epochs))
    (row,) = runs.list_runs(folder)
    assert (row.status, row.model_sha256, row.metrics, row.error) == (RunStatus.CANCELLED, None, {}, None)
    assert row.run_id == undisturbed.run_id
    left = {path.name for path in (folder / "models" / row.run_id).iterdir()}
    assert not left & {"model.pt", "metrics.json"}
    assert not [name for name in left if name.startswith((".", "tmp"))]
    with pytest.raises(ModelError) as caught:
        predict(folder, row.run_id)
    assert caught.value.code == "model.unfinished"
    with pytest.raises(DataError):
        predict(folder, "latest")
    seen = Events()
    result = quick(folder, settings, ctx=seen)
    assert result.model_sha256 == undisturbed.model_sha256
    assert not result.existing
    assert runs.show_run(folder, "latest").history == runs.show_run(tmp_path / "undisturbed", "latest").history
    # The curves are whole for who watches, the epochs from before the interruption included.
    assert {(event["member"], event["epoch"]) for event in seen.of("epoch")} >= {(1, epoch) for epoch in range(1, 4)}


class Failing:
    """A training process that ends with an error."""

    error: BaseException

    def __init__(self, *_: object) -> None:
        pass

    def wait(self, *, keep: bool = True, ctx: JobContext = NULL_CONTEXT) -> dict[str, Any]:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ResourceError("The disk is full.", "Make room.", code="resource.disk_full"), RunStatus.FAILED),
        (RuntimeError("a bug"), RunStatus.FAILED),
        (ResourceError("It died.", "Again.", code="train.process_died"), RunStatus.INTERRUPTED),
        (KeyboardInterrupt(), RunStatus.CANCELLED),
    ],
)
def test_however_it_ends_the_record_says_so_and_it_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: RunStatus
) -> None:
    folder = make_case(tmp_path / "case")
    monkeypatch.setattr(sessions, "TrainingProcess", type("Ending", (Failing,), {"error": error}))
    with pytest.raises(type(error)):
        runs.train(folder, {"epochs": 1, "baseline": False}, actor=ACTOR)
    (row,) = runs.list_runs(folder)
    assert row.status is status
    assert row.error == (str(error) if status is not RunStatus.CANCELLED else None)
    monkeypatch.undo()
    with training_here():
        result = runs.train(folder, {"epochs": 1, "baseline": False}, actor=ACTOR)
    assert (result.run_id, result.existing) == (row.run_id, False)
    assert [one.status for one in runs.list_runs(folder)] == [RunStatus.DONE]


def test_finished_but_not_recorded_it_is_recorded_the_next_time_without_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_case(tmp_path / "case")

    def full(*_: object, **__: object) -> None:
        raise ResourceError("The disk is full.", "Make room.", code="resource.disk_full")

    with monkeypatch.context() as patch, pytest.raises(ResourceError):
        patch.setattr(records, "close", full)
        quick(folder)
    (row,) = runs.list_runs(folder)
    assert row.status is RunStatus.INTERRUPTED
    halfway = folder / "models" / row.run_id / "checkpoint.pt"
    halfway.write_bytes(b"killed before it could be removed")
    never = type("Never", (Failing,), {"error": AssertionError("trained again")})
    monkeypatch.setattr(sessions, "TrainingProcess", never)
    result = runs.train(folder, {"epochs": 2, "baseline": False, "batch_size": 32}, actor=ACTOR)
    assert result.run_id == row.run_id
    assert result.model_sha256 == sha256_bytes(content_of(Path(result.folder) / "model.pt"))
    assert runs.show_run(folder, "latest").row.status is RunStatus.DONE
    assert not halfway.exists()


def test_a_training_under_way_is_left_to_whom_it_belongs(tmp_path: Path) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    with training_here(), pytest.raises(JobCancelled):
        runs.train(folder, {"epochs": 3, "baseline": False}, actor=ACTOR, ctx=CancelAfter(1))
    run_id = next(row.run_id for row in runs.list_runs(folder) if row.status is RunStatus.CANCELLED)
    with Case.open(folder, write=True, actor=ACTOR) as case, RunningLock(folder / "models" / run_id, STARTER):
        record = records.find(case, run_id)
        assert record is not None
        records.begin(case, record)
    assert runs.show_run(folder, run_id).row.status is RunStatus.INTERRUPTED
    with RunningLock(folder / "models" / run_id, STARTER):
        assert runs.show_run(folder, run_id).row.status is RunStatus.RUNNING
        for act in (
            lambda: quick(folder, {"epochs": 3, "batch_size": 0}),
            lambda: runs.delete_run(folder, run_id, actor=ACTOR),
        ):
            with pytest.raises(DataError) as caught:
                act()
            assert caught.value.code == "train.running"
    assert quick(folder, {"epochs": 3, "batch_size": 0}).run_id == run_id


def test_deleted_restored_and_restored_by_training_again(tmp_path: Path) -> None:
    folder, result = trained_copy(tmp_path / "case")
    assert runs.delete_run(folder, "first", actor=ACTOR).deleted_us is not None
    assert runs.list_runs(folder) == ()
    assert [row.run_id for row in runs.list_runs(folder, deleted=True)] == [result.run_id]
    for text in ("latest", "first", result.run_id):
        with pytest.raises(DataError) as caught:
            runs.show_run(folder, text)
        assert caught.value.code == "run.unknown"
    assert "restore" in caught.value.hint
    assert runs.restore_run(folder, result.run_id[:9], actor=ACTOR).deleted_us is None
    with pytest.raises(DataError):
        runs.restore_run(folder, "first", actor=ACTOR)
    runs.delete_run(folder, result.run_id[:6], actor=ACTOR)
    again = quick(folder)
    assert again.existing
    assert again.model_sha256 == result.model_sha256
    assert [row.deleted_us for row in runs.list_runs(folder)] == [None]
    assert audited(folder)[-4:] == ["run.delete", "run.restore", "run.delete", "run.restore"]


def test_a_run_by_its_beginning_its_name_or_latest(tmp_path: Path) -> None:
    folder, first = trained_copy(tmp_path / "case")
    second = quick(folder, {"seed": 2}, name="second")
    assert runs.resolve_run(folder, "latest") == second.run_id
    assert runs.resolve_run(folder, "first") == first.run_id == runs.resolve_run(folder, first.run_id[:10])
    shared = next(size for size in range(64) if first.run_id[: size + 1] != second.run_id[: size + 1])
    for text, code in (
        (first.run_id[:shared] or "", "run.ambiguous" if shared else "run.unknown"),
        ("x", "run.unknown"),
    ):
        with pytest.raises(DataError) as caught:
            runs.resolve_run(folder, text)
        assert caught.value.code == code
    quick(folder, {"seed": 3}, name="second")
    with pytest.raises(DataError) as caught:
        runs.resolve_run(folder, "second")
    assert caught.value.code == "run.ambiguous"
    assert second.run_id[:12] in caught.value.message
    runs.delete_run(folder, "latest", actor=ACTOR)
    assert runs.resolve_run(folder, "latest") == second.run_id == runs.resolve_run(folder, "second")


def test_compared_side_by_side(tmp_path: Path) -> None:
    folder, first = trained_copy(tmp_path / "case")
    second = quick(folder, {"seed": 2, "drop_columns": "income"})
    comparison = runs.compare_runs(folder, ["first", second.run_id])
    assert [run.run_id for run in comparison.runs] == [first.run_id, second.run_id]
    rows = {row.key: row for row in comparison.rows}
    assert (rows["config.seed"].values, rows["config.seed"].differs) == ((1234, 2), True)
    assert (rows["config.epochs"].values, rows["config.epochs"].differs) == ((2, 2), False)
    assert rows["config.drop_columns"].values == ([], ["income"])
    assert not rows["data_sha256"].differs
    assert rows["model_sha256"].differs
    auroc = rows["metrics.test.classification.auroc"].values
    assert auroc[0] == first.metrics["test"]["classification"]["auroc"]
    assert auroc[1] == second.metrics["test"]["classification"]["auroc"]


def test_a_flipped_bit_in_the_model_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, result = trained_copy(tmp_path / "case")
    path = folder / "models" / result.run_id / "model.pt"
    content = path.read_bytes()
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was read"))
    for place in (0, len(content) // 2, len(content) - 1):
        broken = bytearray(content)
        broken[place] ^= 1
        path.write_bytes(broken)
        for act in (lambda: predict(folder, "latest"), lambda: quick(folder)):
            with pytest.raises(ModelError) as caught:
                act()
            assert caught.value.code == "model.altered"
            assert caught.value.hint
    path.unlink()
    with pytest.raises(ModelError) as caught:
        predict(folder, "latest")
    assert caught.value.code == "model.missing"


def test_trained_anew_an_altered_model_is_put_back(tmp_path: Path) -> None:
    """As the hint of the refusal says; a model that came out differently stands for nothing."""
    folder, result = trained_copy(tmp_path / "case")
    path = folder / "models" / result.run_id / "model.pt"
    content, stored = content_of(path), path.read_bytes()
    before = predict(folder, "latest")
    path.write_bytes(stored[:-1] + bytes([stored[-1] ^ 1]))
    assert quick(folder, force=True).model_sha256 == result.model_sha256
    assert content_of(path) == content
    assert predict(folder, "latest") == before
    path.unlink()
    write(folder, update(ModelRun).values(model_sha256="0" * 64))
    with pytest.raises(ModelError) as caught:
        quick(folder, force=True)
    assert caught.value.code == "model.altered"
    assert not path.exists()


def test_what_is_left_out_is_said_with_what_to_do(tmp_path: Path) -> None:
    """Features of another version, and files not extracted yet: no training without them in silence."""
    folder, _ = trained_copy(tmp_path / "case")
    assert not [note for note in quick(folder).notes if "left out" in note]
    write(folder, update(Artifact).where(Artifact.id <= 503).values(feature_version="another"))
    write(folder, update(Artifact).where(Artifact.id.in_((504, 505))).values(feature_status="pending"))
    seen = Events()
    result = quick(folder, ctx=seen)
    left_out = [note for note in result.notes if "left out" in note]
    assert len(left_out) == 2
    assert any(note.startswith("3 files") and "another version" in note for note in left_out)
    assert any(note.startswith("2 files") and "no features" in note for note in left_out)
    assert all("mmdesk extract" in note for note in left_out)
    assert {f"Note: {note}" for note in result.notes} == {str(event["text"]) for event in seen.of("finding")}
    # Also of a run that is there already, since it is the case that is not as it should be.
    assert quick(folder).notes == result.notes
    found = runs.check_training(folder)
    assert [finding.code for finding in found].count("train.files_left_out") == 2


def test_a_name_taken_by_hand_is_not_given_twice(tmp_path: Path) -> None:
    folder = make_case(tmp_path / "case")
    quick(folder, name="run 2")
    assert quick(folder, {"seed": 2}).name == "run 3"


@pytest.mark.parametrize(
    ("settings", "code", "meant"),
    [
        ({"epoch": 3}, "usage.unknown_setting", "epochs"),
        ({"epochs": -1}, "usage.bad_setting", ""),
        ({"drop_columns": "incme"}, "usage.unknown_column", "income"),
    ],
)
def test_impossible_settings_leave_no_trace(
    tmp_path: Path, settings: Mapping[str, object], code: str, meant: str
) -> None:
    folder = make_case(tmp_path / "case")
    entries = audited(folder)
    for act in (lambda: runs.train(folder, settings, actor=ACTOR), lambda: runs.check_training(folder, settings)):
        with pytest.raises(UsageError) as caught:
            act()
        assert caught.value.code == code
        assert f"Did you mean {meant}?" in caught.value.hint or not meant
    assert runs.list_runs(folder) == ()
    assert audited(folder) == entries
    assert list((folder / "models").iterdir()) == []
    assert list((folder / "snapshots").iterdir()) == []


def test_the_process_stands_in_for_the_real_one() -> None:
    """The tests above are worth as much as their stand-in resembles what it stands in for."""
    import inspect

    from mmdesk.engine.training.launcher import TrainingProcess

    assert vars(sessions)["TrainingProcess"] is TrainingProcess
    for name in ("__init__", "wait"):
        ours, real = (inspect.signature(getattr(kind, name)) for kind in (TrainedHere, TrainingProcess))
        assert list(ours.parameters) == list(real.parameters)
    assert isinstance(NULL_CONTEXT, NullContext)


@contextmanager
def saying(code: str) -> Iterator[None]:
    """Whatever error comes has this code."""
    try:
        yield
    except MmdeskError as error:
        assert error.code == code  # noqa: PT017  there may be none
        raise


def test_a_disk_that_fills_up_at_any_point_of_a_training_loses_nothing(tmp_path: Path, small_disk: Path) -> None:
    expected = quick(make_case(tmp_path / "calm")).model_sha256
    ended: list[RunStatus | None] = []
    for leave in (0, 8 << 10, 64 << 10, 256 << 10, 700 << 10, 1200 << 10):
        folder = make_case(small_disk / f"case{leave}")
        filler = fill_up(small_disk, leave)
        with suppress(ResourceError), saying("resource.disk_full"):
            quick(folder)
        ended.append(next((row.status for row in runs.list_runs(folder)), None))
        filler.unlink()
        assert quick(folder).model_sha256 == expected
        assert [row.status for row in runs.list_runs(folder)] == [RunStatus.DONE]
        assert verify_audit(folder).verified
        assert not list(folder.rglob(".tmp-*"))
        shutil.rmtree(folder)
    # With no room for a row there is none; with none for the last word the run shows as interrupted.
    assert set(ended) <= {None, RunStatus.FAILED, RunStatus.INTERRUPTED, RunStatus.DONE}
    assert {None, RunStatus.FAILED} <= set(ended)
