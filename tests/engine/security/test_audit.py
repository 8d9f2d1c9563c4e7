"""The chain is one, and whatever is done to it shows."""

from __future__ import annotations

import hashlib
import json
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from mmdesk.engine.security import audit
from mmdesk.engine.security.audit import ANCHOR_NAME, Head, entry_hash, read_anchors
from mmdesk.engine.security.audit_check import AuditFault, ChainCheck, check_chain
from mmdesk.engine.store.case import Case
from tests.engine.case_key import script
from tests.engine.tampering import tampering

ENTRIES = 8


def _grow(case: Case, entries: int = ENTRIES) -> None:
    for number in range(2, entries + 1):
        with case.write("test.change", f"row {number}", {"n": number}):
            pass


def _check(case: Case, anchors: Sequence[Head] | None = None) -> ChainCheck:
    with case.read() as connection:
        return check_chain(connection, read_anchors(case.folder) if anchors is None else anchors)


def _found(case: Case) -> list[tuple[AuditFault, int | None]]:
    return [(problem.fault, problem.entry) for problem in _check(case).problems]


def _tamper(case: Case, *statements: str) -> None:
    with tampering(case) as connection:
        for statement in statements:
            connection.execute(text(statement))


def _rechain(connection: Connection, start: int) -> None:
    """What somebody does who knows how it works: make every hash after a change fit again, head included."""
    rows = connection.execute(
        text("SELECT id, at, actor, action, subject, details, prev, hash FROM audit_log ORDER BY id")
    )
    prev, last = audit.GENESIS, 0
    for number, *texts, stored in rows.all():
        if number >= start:
            texts[5] = prev
            stored = entry_hash(number, texts)
            connection.execute(
                text("UPDATE audit_log SET prev = :prev, hash = :hash WHERE id = :id"),
                {"prev": prev, "hash": stored, "id": number},
            )
        prev, last = stored, number
    connection.execute(text("UPDATE audit_head SET length = :n, hash = :hash"), {"n": last, "hash": prev})


def test_an_untouched_chain_verifies(case: Case) -> None:
    _grow(case)
    found = _check(case)
    assert (found.problems, found.entries) == ((), ENTRIES)
    assert read_anchors(case.folder) == (Head(ENTRIES, found.last_hash),)


def test_the_hash_is_that_of_the_plain_json_array(case: Case) -> None:
    """Anybody can check an entry with a few lines of their own."""
    _grow(case, 2)
    with case.read() as connection:
        row = connection.execute(
            text("SELECT id, at, actor, action, subject, details, prev, hash FROM audit_log WHERE id = 2")
        ).one()
    array = [str(row[0]), *row[1:7]]
    assert hashlib.sha256(json.dumps(array, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest() == row[7]


@pytest.mark.parametrize("column", ["at", "actor", "action", "subject", "details"])
def test_an_altered_entry_is_named(case: Case, column: str) -> None:
    _grow(case)
    _tamper(case, f"UPDATE audit_log SET {column} = 'x' WHERE id = 4")
    assert _found(case) == [(AuditFault.ALTERED, 4)]


def test_a_removed_entry_is_missing(case: Case) -> None:
    _grow(case)
    _tamper(case, "DELETE FROM audit_log WHERE id IN (3, 5, 6)")
    assert _found(case) == [(AuditFault.MISSING, 3), (AuditFault.MISSING, 5)]
    assert "5 to 6" in _check(case).problems[1].text


def test_the_first_entry_gone_is_missing(case: Case) -> None:
    _grow(case)
    _tamper(case, "DELETE FROM audit_log WHERE id = 1")
    assert _found(case) == [(AuditFault.MISSING, 1)]


def test_an_entry_with_a_new_hash_breaks_the_link_behind_it(case: Case) -> None:
    _grow(case)
    with tampering(case) as connection:
        connection.execute(text("UPDATE audit_log SET subject = 'x' WHERE id = 4"))
        row = connection.execute(
            text("SELECT at, actor, action, subject, details, prev FROM audit_log WHERE id = 4")
        ).one()
        connection.execute(text("UPDATE audit_log SET hash = :hash WHERE id = 4"), {"hash": entry_hash(4, list(row))})
    assert _found(case) == [(AuditFault.LINK_BROKEN, 5)]


def test_two_entries_swapped_show(case: Case) -> None:
    _grow(case)
    _tamper(
        case,
        "UPDATE audit_log SET id = 100 WHERE id = 4",
        "UPDATE audit_log SET id = 4 WHERE id = 5",
        "UPDATE audit_log SET id = 5 WHERE id = 100",
    )
    assert {fault for fault, _entry in _found(case)} == {AuditFault.ALTERED, AuditFault.LINK_BROKEN}


@pytest.mark.parametrize("head_too", [True, False])
def test_a_cut_end_is_found_by_the_anchor_if_not_by_the_head(case: Case, head_too: bool) -> None:
    _grow(case)
    with tampering(case) as connection:
        connection.execute(text("DELETE FROM audit_log WHERE id > 6"))
        if head_too:
            _rechain(connection, 100)
    assert _found(case) == [(AuditFault.TRUNCATED, 7)]


def test_a_chain_wiped_out_is_truncated(case: Case) -> None:
    _grow(case)
    _tamper(case, "DELETE FROM audit_log", f"UPDATE audit_head SET length = 0, hash = '{audit.GENESIS}'")
    assert _found(case) == [(AuditFault.TRUNCATED, 1)]
    _tamper(case, "DELETE FROM audit_head")
    assert _found(case) == [(AuditFault.TRUNCATED, 1)]


def test_a_rewritten_chain_is_found_by_the_anchor(case: Case) -> None:
    _grow(case)
    with tampering(case) as connection:
        connection.execute(text("UPDATE audit_log SET subject = 'x' WHERE id = 4"))
        _rechain(connection, 4)
    assert _found(case) == [(AuditFault.REWRITTEN, ENTRIES)]


@pytest.mark.parametrize("cut", [True, False])
def test_going_on_with_the_work_does_not_hide_what_was_done_to_the_chain(case: Case, cut: bool) -> None:
    _grow(case)
    with tampering(case) as connection:
        connection.execute(text("DELETE FROM audit_log WHERE id > 6" if cut else "UPDATE audit_log SET subject = 'x'"))
        _rechain(connection, 100 if cut else 1)
    _grow(case, 5)
    assert _found(case) == [(AuditFault.REWRITTEN, ENTRIES)]


def test_an_anchor_that_lagged_behind_catches_up(case: Case) -> None:
    _grow(case, 3)
    early = (case.folder / ANCHOR_NAME).read_bytes()
    _grow(case, 3)
    (case.folder / ANCHOR_NAME).write_bytes(early)
    _grow(case, 2)
    assert _check(case).problems == ()
    assert read_anchors(case.folder)[0].length == _check(case).entries


def test_without_a_readable_anchor_it_does_not_verify(sqlite_case: Case) -> None:
    for content in (None, b"", b"{}", b'{"length": "x", "hash": 1}'):
        path = sqlite_case.folder / ANCHOR_NAME
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        assert _found(sqlite_case) == [(AuditFault.NO_ANCHOR, None)]


def test_an_anchor_that_lags_behind_is_still_true(case: Case) -> None:
    _grow(case, 3)
    old = read_anchors(case.folder)
    _grow(case, 3)
    assert _check(case, old).problems == ()
    # Around a restore two ends are noted, of which one is true.
    assert _check(case, [Head(9, "f" * 64), *old]).problems == ()
    assert [problem.fault for problem in _check(case, [Head(9, "f" * 64)]).problems] == [AuditFault.TRUNCATED]
    wrong = [Head(2, "e" * 64), Head(9, "f" * 64)]
    assert [problem.fault for problem in _check(case, wrong).problems] == [AuditFault.REWRITTEN]


def test_the_chain_cannot_fork(case: Case) -> None:
    with pytest.raises(IntegrityError, match="audit_log"), tampering(case) as connection:
        connection.execute(
            text("INSERT INTO audit_log VALUES (2, 'at', 'tester', 'test.fork', 'x', '{}', :prev, 'hash')"),
            {"prev": audit.GENESIS},
        )


APPEND = """
import sys
from pathlib import Path
from mmdesk.engine.store.case import Case
from tests.engine.tampering import tampering
with Case.open(Path(sys.argv[1]), write=True, actor=sys.argv[2]) as case:
    for number in range(20):
        with case.write("test.append", str(number)):
            pass
"""


def test_several_writers_make_one_chain(case: Case) -> None:
    """Threads of one process on a local case; processes as well on a server."""
    if case.file.is_sqlite:

        def append(name: str) -> None:
            with Case.open(case.folder, write=True, actor=name) as mine:
                for number in range(20):
                    with mine.write("test.append", str(number)):
                        pass

        threads = [threading.Thread(target=append, args=(f"t{number}",)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        processes = [subprocess.Popen(script(APPEND, case.folder, f"p{number}")) for number in range(3)]
        assert [process.wait() for process in processes] == [0, 0, 0]
    found = _check(case)
    assert (found.entries, found.problems) == (61, ())


@given(st.text())
def test_any_text_becomes_one_that_both_databases_store(value: str) -> None:
    clean = audit.clean_text(value)
    assert "\x00" not in clean
    assert clean.encode().decode() == clean
    if value.isprintable():
        assert clean == value


def test_a_full_disk_does_not_undo_what_is_committed(sqlite_case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    from mmdesk.engine.core.errors import ResourceError

    def full(_path: Path, _data: bytes) -> None:
        raise ResourceError("full", code="resource.disk_full")

    monkeypatch.setattr(audit, "write_atomic", full)
    _grow(sqlite_case, 2)
    assert (_check(sqlite_case).entries, _found(sqlite_case)) == (2, [])
