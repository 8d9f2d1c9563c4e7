"""The rows of runs on both databases: counted, renamed, and removed with what belongs to them and nothing else."""

from __future__ import annotations

from sqlalchemy import insert, select

from mmdesk.engine.store import run_rows
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Entity, ModelRun, Note, Prediction, Tag


def test_a_run_goes_with_what_belongs_to_it(case: Case) -> None:
    said = {"subject_kind": "run", "actor": "tester", "created_us": 1}
    with case.write("test.rows", "runs") as connection:
        run = {
            "status": "done", "config": "{}", "data_sha256": "d", "feature_version": "f", "actor": "tester",
        }  # fmt: skip
        for number, run_id in enumerate(("old", "new")):
            row = {**run, "run_id": run_id, "name": f"run {number}", "created_us": number}
            connection.execute(insert(ModelRun).values(**row))
            connection.execute(insert(Tag).values(**said, subject=run_id, tag="pilot"))
            connection.execute(insert(Note).values(**said, subject=run_id, text="look"))
        connection.execute(insert(Tag).values(**{**said, "subject_kind": "entity"}, subject="old", tag="same name"))
        connection.execute(insert(Entity).values(id=1, entity_id="e", attributes="{}", row_key=b"k" * 16))
        prediction = {"run_id": "old", "entity_key": 1, "probability": 0.5, "actor": "tester", "predicted_us": 1}
        connection.execute(insert(Prediction).values(**prediction))
    with case.read() as connection:
        assert run_rows.ids_by_age(connection) == ["old", "new"]
        assert run_rows.names(connection) == {"run 0", "run 1"}
        assert run_rows.dependants(connection, "old") == {"predictions": 1, "tags": 1, "notes": 1}
        assert run_rows.snapshots(connection) == {"old": "d", "new": "d"}
    with case.write("run.reproduce", "new", {"verdict": "diverged"}):
        pass
    with case.write("run.reproduce", "new", {"verdict": "identical"}):
        pass
    with case.write("run.purge", "old") as connection:
        run_rows.rename(connection, "new", "the only one")
        run_rows.remove(connection, "old")
    with case.read() as connection:
        assert run_rows.names(connection) == {"the only one"}
        assert run_rows.verdicts(connection) == {"new": "identical"}
        assert run_rows.dependants(connection, "old") == {"predictions": 0, "tags": 0, "notes": 0}
        assert run_rows.dependants(connection, "new") == {"predictions": 0, "tags": 1, "notes": 1}
        assert connection.execute(select(Tag.tag).where(Tag.subject_kind == "entity")).scalars().all() == ["same name"]
