"""``mmdesk train``, ``runs``, ``reproduce`` and ``evaluate`` on the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import update

from mmdesk.cli.runs import read_settings
from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Artifact, Target
from tests.cli.conftest import Commands
from tests.engine.services.trained_cases import ACTOR, QUICK, make_case, trained_copy, training_here

QUICKLY = [word for name, value in QUICK.items() for word in ("--set", f"{name}={value}")]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained case that no test changes."""
    return trained_copy(tmp_path_factory.mktemp("shared") / "case")[0]


def test_train_says_what_became_of_it(mmdesk: Commands, tmp_path: Path) -> None:
    folder, result = trained_copy(tmp_path / "case")
    with training_here():
        again = mmdesk.json("train", folder, *QUICKLY)
        assert again["existing"] is True
        assert (again["run_id"], again["model_sha256"], again["status"]) == (
            result.run_id, result.model_sha256, "done")  # fmt: skip
        assert again["metrics"] == result.metrics
        made = mmdesk.json("train", folder, *QUICKLY, "--set", "seed=2", "--name", "other seed")
        assert (made["existing"], made["status"], made["name"]) == (False, "done", "other seed")
        assert made["run_id"] != result.run_id
        assert mmdesk("train", folder, *QUICKLY) == 0
        assert "untouched" in mmdesk.out
        forced = mmdesk.json("train", folder, *QUICKLY, "--force")
        assert (forced["existing"], forced["run_id"], forced["model_sha256"]) == (
            False, result.run_id, result.model_sha256)  # fmt: skip


def test_train_tells_what_was_left_out_also_without_a_terminal(mmdesk: Commands, tmp_path: Path) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    with Case.open(folder, write=True, actor=ACTOR) as case, case.write("test.change", "rows") as connection:
        connection.execute(update(Artifact).where(Artifact.id < 504).values(feature_version="older"))
    with training_here():
        document = mmdesk.json("train", folder, *QUICKLY)
        said = "3 files have features of another version and are left out. Run: mmdesk extract DIR"
        assert said in document["notes"]
        assert f"Note: {said}" in mmdesk.err
        assert mmdesk("train", folder, *QUICKLY) == 0
        assert f"Note: {said}" in mmdesk.out


def test_settings_from_a_file_and_from_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"epochs": 3, "loss": {"ranking": 2.0}, "seed": 1, "code_sha256": "0"}')
    assert read_settings(path, ["seed=7", " drop_columns = a,b ", "loss.regression=0"]) == {
        "epochs": 3,
        "loss.ranking": 2.0,
        "seed": "7",
        "drop_columns": "a,b",
        "loss.regression": "0",
    }
    assert read_settings(None, ["x=a=b"]) == {"x": "a=b"}
    for content in ("[1]", "{", ""):
        path.write_text(content)
        with pytest.raises(UsageError) as caught:
            read_settings(path, [])
        assert caught.value.code == "usage.bad_config"
    with pytest.raises(UsageError):
        read_settings(tmp_path / "none.json", [])
    for setting in ("seed", "=3"):
        with pytest.raises(UsageError):
            read_settings(None, [setting])


def test_a_runs_own_config_trains_that_run_again(mmdesk: Commands, trained: Path) -> None:
    run = mmdesk.json("runs", "show", trained)["run_id"]
    document = mmdesk.json("train", trained, "--config", trained / "models" / run / "config.json")
    assert (document["run_id"], document["existing"]) == (run, True)


@pytest.mark.parametrize(
    ("words", "status", "code", "hint"),
    [
        (["--set", "epoch=3"], 2, "usage.unknown_setting", "Did you mean epochs?"),
        (["--set", "Learning-Rate=3"], 2, "usage.unknown_setting", "Did you mean learning_rate?"),
        (["--set", "epochs=many"], 2, "usage.bad_setting", "Default"),
        (["--set", "seed"], 2, "usage", "--set epochs=40"),
        (["--config", "none.json"], 2, None, ""),
        (["--set", "drop_columns=incom"], 2, "usage.unknown_column", "Did you mean income?"),
    ],
)
def test_wrong_usage_of_train(
    mmdesk: Commands, trained: Path, words: list[str], status: int, code: str | None, hint: str
) -> None:
    error = mmdesk.refused(status, "train", trained, *words)
    assert code is None or error["code"] == code
    assert hint in error["hint"]


def test_a_case_without_labels_is_the_datas_fault(mmdesk: Commands, tmp_path: Path) -> None:
    folder = make_case(tmp_path / "case")
    with Case.open(folder, write=True, actor=ACTOR) as case, case.write("test.change", "rows") as connection:
        connection.execute(update(Target).values(y_reg=None, y_class=None, y_rank=None))
    error = mmdesk.refused(3, "train", folder)
    assert error["code"] == "train.no_labels"
    assert "--targets" in error["hint"]
    assert mmdesk.json("runs", "list", folder) == []


def test_list_show_compare_delete_and_restore(mmdesk: Commands, tmp_path: Path) -> None:
    folder, result = trained_copy(tmp_path / "case")
    with training_here():
        other = mmdesk.json("train", folder, *QUICKLY, "--set", "seed=2")
    rows = mmdesk.json("runs", "list", folder)
    assert [row["run_id"] for row in rows] == [other["run_id"], result.run_id]
    assert {row["status"] for row in rows} == {"done"}
    assert mmdesk("runs", "list", folder) == 0
    assert result.run_id[:12] in mmdesk.out
    assert "auroc" in mmdesk.out
    assert [row["name"] for row in mmdesk.json("runs", "list", folder, "--where", "seed = 2")] == ["run 2"]
    assert "letter 1" in mmdesk.refused(2, "runs", "list", folder, "--where", "sed = 2")["message"]
    assert mmdesk.json("runs", "rename", folder, "run 2", "the second")["name"] == "the second"
    page = mmdesk.json("runs", "show", folder, "first")
    assert mmdesk("runs", "card", folder, "first") == 0
    assert mmdesk.out.strip() == page["card"].strip() == mmdesk.json("runs", "card", folder, "first")["card"].strip()
    assert (page["run_id"], page["model_sha256"]) == (result.run_id, result.model_sha256)
    assert len(page["history"]) == 2
    assert page["environment"]["fingerprint"]
    assert page["manifest"]["data_sha256"] == page["data_sha256"]
    assert mmdesk("runs", "show", folder, "first") == 0
    assert "split" in mmdesk.out
    comparison = mmdesk.json("runs", "compare", folder, "first", "latest")
    differing = {row["key"] for row in comparison["rows"] if row["differs"]}
    assert "config.seed" in differing
    assert "data_sha256" not in differing
    assert mmdesk("runs", "compare", folder, "first", "latest") == 0
    assert "config.seed" in mmdesk.out
    assert "data_sha256" not in mmdesk.out
    assert mmdesk("runs", "compare", folder, "first", "latest", "--all") == 0
    assert "data_sha256" in mmdesk.out
    deleted = mmdesk.json("runs", "delete", folder, "first", other["run_id"][:10])
    assert [row["deleted_us"] is None for row in deleted] == [False, False]
    assert mmdesk.json("runs", "list", folder) == []
    assert len(mmdesk.json("runs", "list", folder, "--deleted")) == 2
    error = mmdesk.refused(3, "runs", "show", folder, "first")
    assert "runs restore" in error["hint"]
    restored = mmdesk.json("runs", "restore", folder, "first")
    assert restored[0]["deleted_us"] is None
    assert [row["name"] for row in mmdesk.json("runs", "list", folder)] == ["first"]


def test_reproduce_tells_the_verdict_in_its_status(mmdesk: Commands, tmp_path: Path) -> None:
    folder, result = trained_copy(tmp_path / "case")
    with training_here():
        document = mmdesk.json("reproduce", folder, "latest")
    assert (document["verdict"], document["run_id"]) == ("identical", result.run_id)
    shutil.rmtree(folder / "snapshots")
    assert mmdesk("reproduce", folder, "latest", "--json") == 3
    document = json.loads(mmdesk.out)
    assert document["verdict"] == "unverifiable"
    assert mmdesk("reproduce", folder, "first") == 3
    assert mmdesk.out.startswith("unverifiable: ")


def test_evaluate(mmdesk: Commands, trained: Path) -> None:
    document = mmdesk.json("evaluate", trained, "latest")
    assert next(iter(document)) == "split"
    assert set(document) == {"split", "classification", "regression", "ranking"}
    assert {"n", "auroc", "average_precision", "brier"} <= set(document["classification"])
    assert {"n", "mae", "rmse", "r2"} <= set(document["regression"])
    assert {"n", "ndcg", "spearman"} <= set(document["ranking"])
    assert mmdesk.json("evaluate", trained, "first", "--split", "val")["split"] == "val"
    assert mmdesk("evaluate", trained, "latest", "--split", "train") == 0
    assert mmdesk.out.startswith("train:\n")
    mmdesk.refused(2, "evaluate", trained, "latest", "--split", "all")
    mmdesk.refused(3, "evaluate", trained, "none")


def test_nothing_to_evaluate(mmdesk: Commands, tmp_path: Path) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    with Case.open(folder, write=True, actor=ACTOR) as case, case.write("test.change", "rows") as connection:
        connection.execute(update(Target).values(split="train"))
    assert mmdesk.refused(3, "evaluate", folder, "latest")["code"] == "evaluate.nothing"


_PROBE = """
import sys
from mmdesk.cli.main import run_command
case, wrong = sys.argv[1:]
for status, words in (
    (2, ["train", case, "--set", "epoch=3"]),
    (2, ["train", wrong]),
    (2, ["predict", wrong, "latest"]),
    (3, ["predict", case, "latest"]),
    (3, ["evaluate", case, "none"]),
    (3, ["runs", "show", case]),
    (0, ["runs", "list", case]),
    (3, ["reproduce", case, "latest"]),
    (3, ["train", case]),
):
    found = run_command([*words, "--json"])
    assert found == status, (words, found)
    heavy = {"torch", "sklearn", "captum", "cv2", "PySide6"} & set(sys.modules)
    assert not heavy, (words, heavy)
"""


def test_what_fails_early_does_not_wait_for_heavy_libraries(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    Case.create(folder, actor=ACTOR).close()
    words = [sys.executable, "-c", _PROBE, str(folder), str(tmp_path / "no case")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
