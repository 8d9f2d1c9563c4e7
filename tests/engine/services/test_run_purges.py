"""Emptying the trash: nothing goes that was not said before, and nothing that another run needs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.services import runs
from mmdesk.engine.services.annotations import SubjectKind, add_note, add_tag
from mmdesk.engine.services.audit import verify_audit
from mmdesk.engine.services.comparison_files import write_comparison
from mmdesk.engine.services.run_purges import purge_runs
from mmdesk.engine.services.run_table import run_table
from tests.engine.services.trained_cases import ACTOR, quick, trained_copy


def size(place: Path) -> int:
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())


def test_a_purge_says_what_goes_before_it_goes_and_leaves_what_others_need(tmp_path: Path) -> None:
    folder, first = trained_copy(tmp_path / "case")
    second = quick(folder, {"seed": 2}, name="second")
    add_tag(folder, SubjectKind.RUN, [first.run_id, second.run_id], "pilot", actor=ACTOR)
    add_note(folder, SubjectKind.RUN, second.run_id, "to be thrown away", actor=ACTOR)
    table = run_table(folder)
    assert table.chosen('tag = pilot and note has "thrown"').tolist() == [True, False]
    assert table.chosen("thrown").tolist() == [True, False]
    with pytest.raises(DataError):
        purge_runs(folder, ["second"], actor=ACTOR)  # not in the trash
    runs.delete_run(folder, "second", actor=ACTOR)
    place = folder / "models" / second.run_id
    planned = purge_runs(folder, ["second"], dry_run=True, actor=ACTOR)
    assert place.is_dir()
    (one,) = planned.runs
    assert (one.name, one.tags, one.notes, one.predictions) == ("second", 1, 1, 0)
    assert one.size_bytes == size(place) == planned.size_bytes
    assert planned.snapshots == ()
    assert len(planned.shared) == 1
    done = purge_runs(folder, ["second"], actor=ACTOR)
    assert (done.runs, done.size_bytes) == (planned.runs, planned.size_bytes)
    assert not place.exists()
    assert (folder / "snapshots" / planned.shared[0]).is_dir()
    assert [run.name for run in runs.list_runs(folder)] == ["first"]
    assert runs.list_runs(folder, deleted=True) == ()
    assert verify_audit(folder).verified
    # The last run of a snapshot takes it along.
    runs.delete_run(folder, "first", actor=ACTOR)
    last = purge_runs(folder, ["first"], actor=ACTOR)
    assert last.snapshots == planned.shared
    assert last.snapshot_bytes > 0
    assert list((folder / "snapshots").iterdir()) == []
    # The same training can be made again from scratch, and is the same.
    assert quick(folder, name="first").model_sha256 == first.model_sha256
    with pytest.raises(UsageError):
        purge_runs(folder, [], actor=ACTOR)


def test_a_comparison_is_written_as_table_page_and_document(tmp_path: Path) -> None:
    folder, first = trained_copy(tmp_path / "case")
    second = quick(folder, {"seed": 2}, name="=second<b>")
    comparison = runs.compare_runs(folder, [first.run_id, second.run_id])
    assert [len(history) for history in comparison.histories] == [2, 2]
    for ending in ("csv", "html", "json"):
        write_comparison(comparison, tmp_path / f"c.{ending}")
    rows = list(csv.reader((tmp_path / "c.csv").read_text().splitlines()))
    assert rows[0] == ["entry", "first", "'=second<b>"]
    assert ["config.seed", "1234", "2"] in rows
    assert all(row[0] != "config.epochs" for row in rows)
    write_comparison(comparison, tmp_path / "all.csv", everything=True)
    assert any(line.startswith("config.epochs,") for line in (tmp_path / "all.csv").read_text().splitlines())
    page = (tmp_path / "c.html").read_text()
    assert "=second&lt;b&gt;" in page
    assert "<b>" not in page.partition("<body>")[2]
    assert len(json.loads((tmp_path / "c.json").read_text())["rows"]) == len(rows) - 2
    with pytest.raises(UsageError):
        write_comparison(comparison, tmp_path / "c.xlsx")


def test_what_came_out_lies_beside_what_was_predicted(tmp_path: Path) -> None:
    folder, _ = trained_copy(tmp_path / "case")
    page = runs.show_run(folder, "first")
    for part in ("train", "val", "test"):
        measured, found = page.row.metrics[part]["classification"], page.evaluation[part]["classification"]
        assert sum(found["confusion"].values()) == sum(bin_["rows"] for bin_ in found["reliability"]) == measured["n"]
        positive = found["confusion"]["true_positive"] + found["confusion"]["false_negative"]
        assert positive == measured["positives"]
        error = sum(bin_["rows"] * abs(bin_["predicted"] - bin_["observed"]) for bin_ in found["reliability"])
        assert error / measured["n"] == pytest.approx(measured["ece"])
        assert all(bin_["low"] - 1e-9 <= bin_["observed"] <= bin_["high"] + 1e-9 for bin_ in found["reliability"])
        recall = found["confusion"]["true_positive"] / positive
        assert recall == pytest.approx(measured["recall"])
