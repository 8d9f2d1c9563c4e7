"""A case is made whole, opened, written to and refused as it should be."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from mmdesk.engine.core.jobs import JobCancelled
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import AuditEntry, Meta


def test_new_case_has_its_folders_tables_and_first_audit_entry(case: Case) -> None:
    assert all(path.is_dir() for path in case.paths.all())
    with case.read() as connection:
        assert connection.execute(select(Meta.value).where(Meta.key == "case_id")).scalar_one() == case.file.case_id
        assert connection.execute(select(AuditEntry.action)).scalars().all() == ["case.create"]


def test_write_commits_change_and_entry_together(case: Case) -> None:
    with case.write("test.change", "subject", {"n": 1}) as connection:
        connection.execute(text("INSERT INTO meta (key, value) VALUES ('a', 'b')"))
        connection.info["audit_details"]["m"] = 2
    with Case.open(case.folder, actor="other") as again, again.read() as connection:
        assert connection.execute(text("SELECT value FROM meta WHERE key = 'a'")).scalar_one() == "b"
        entry = connection.execute(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.action, entry.subject, entry.actor, entry.details) == (
            "test.change",
            "subject",
            "tester",
            '{"m":2,"n":1}',
        )


@pytest.mark.parametrize("error", [ValueError, JobCancelled, KeyboardInterrupt])
def test_nothing_is_written_when_the_block_fails(case: Case, error: type[BaseException]) -> None:
    with pytest.raises(error), case.write("test.change", "subject") as connection:
        connection.execute(text("INSERT INTO meta (key, value) VALUES ('a', 'b')"))
        raise error
    with case.read() as connection:
        assert connection.execute(select(func.count()).select_from(Meta)).scalar_one() == 2
        assert connection.execute(select(func.count()).select_from(AuditEntry)).scalar_one() == 1
