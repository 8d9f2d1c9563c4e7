"""The table of runs: what its columns hold, what a query chooses, and names that can be changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.core.query.tokens import QuerySyntaxError
from mmdesk.engine.services import runs
from mmdesk.engine.services.run_table import ColumnGroup, RunTable, run_table
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import AuditEntry
from tests.engine.services.many_runs import add_runs
from tests.engine.services.trained_cases import ACTOR, trained_copy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made, _ = trained_copy(tmp_path / "case")
    add_runs(made, 60, ACTOR)
    return made


def names(table: RunTable, query: str) -> list[str]:
    return [run.name for run, chosen in zip(table.runs, table.chosen(query), strict=True) if chosen]


def test_the_columns_hold_what_the_runs_hold(folder: Path) -> None:
    table = run_table(folder)
    assert len(table.runs) == len(table.chosen("")) == 61
    assert sorted(table.numbers, reverse=True) == list(table.numbers)  # newest first
    columns = {column.field.name: column for column in table.columns}
    assert list(columns["seed"].values) == [run.config["seed"] for run in table.runs]
    auroc = columns["test.classification.auroc"]
    assert auroc.group is ColumnGroup.METRICS
    expected = [run.metrics["test"]["classification"]["auroc"] if run.metrics else None for run in table.runs]
    assert list(auroc.values) == expected
    groups = [column.group for column in table.columns]
    assert groups == sorted(groups, key=list(ColumnGroup).index)
    assert all(len(column.values) == 61 for column in table.columns)
    spoken = [alias for column in table.columns for alias in (column.field.name, *column.field.aliases)]
    assert len(spoken) == len(set(spoken))


def test_queries_choose_runs(folder: Path) -> None:
    table = run_table(folder)
    good = names(table, "auc > .9 and name has pilot")
    assert good
    assert all(name.startswith("pilot") for name in good)
    aurocs = {run.name: run.metrics["test"]["classification"]["auroc"] for run in table.runs if run.metrics}
    assert sorted(good) == sorted(n for n, auroc in aurocs.items() if auroc > 0.9 and "pilot" in n)
    assert len(names(table, "auc is missing")) == 61 - len(aurocs)
    assert names(table, "seed = 7") == ["sweep 7"]
    assert names(table, "param.seed = 7 or first done") == ["first", "sweep 7"]
    assert names(table, "not status = done and duration < 0s") == []
    assert len(names(table, "created >= 2000 and age > 30min")) == 60
    assert names(table, "baseline = yes") == names(table, "not baseline = no")
    assert names(table, "verified is missing") == names(table, "")
    with pytest.raises(QuerySyntaxError, match="no field aurok"):
        table.chosen("aurok > 1")


def test_a_run_is_renamed_and_the_log_knows_both_names(folder: Path) -> None:
    before = runs.show_run(folder, "first").row
    row = runs.rename_run(folder, "first", "  the   pilot run ", actor=ACTOR)
    assert (row.name, row.run_id) == ("the pilot run", before.run_id)
    assert runs.show_run(folder, "the pilot run").row == row
    with Case.open(folder, actor=ACTOR) as case, case.read() as connection:
        log = select(AuditEntry.details).where(AuditEntry.action == "run.rename")
        assert connection.execute(log).scalars().all() == ['{"before":"first","name":"the pilot run"}']
    for bad in ("", "   ", "x" * 201, "sweep 7"):
        with pytest.raises(UsageError) as refused:
            runs.rename_run(folder, "the pilot run", bad, actor=ACTOR)
        assert refused.value.code == "run.bad_name"
    with pytest.raises(DataError):
        runs.rename_run(folder, "nobody", "x", actor=ACTOR)
