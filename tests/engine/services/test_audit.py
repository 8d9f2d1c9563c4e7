"""The log as a window or a command line reads it."""

from __future__ import annotations

from sqlalchemy import text

from mmdesk.engine.services.audit import AuditFault, list_audit, verify_audit
from mmdesk.engine.store.case import Case
from tests.engine.tampering import tampering


def test_the_newest_entries_come_first(case: Case) -> None:
    for number in range(5):
        with case.write("test.change", f"row {number}", {"n": number}):
            pass
    records = list_audit(case.folder, limit=2, offset=1)
    assert [(record.number, record.subject, record.details) for record in records] == [
        (5, "row 3", {"n": 3}),
        (4, "row 2", {"n": 2}),
    ]


def test_an_edited_entry_is_named_and_can_still_be_listed(case: Case) -> None:
    assert verify_audit(case.folder).verified
    with tampering(case) as connection:
        connection.execute(text("UPDATE audit_log SET details = 'not json' WHERE id = 1"))
    report = verify_audit(case.folder)
    assert not report.verified
    assert [(problem.fault, problem.entry) for problem in report.problems] == [(AuditFault.ALTERED, 1)]
    assert list_audit(case.folder)[0].details == {"text": "not json"}
