"""The chain is one, and whatever is done to it shows."""

from __future__ import annotations

import hashlib
import json
import subprocess
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from mmdesk.engine.security import audit
from mmdesk.engine.security.anchor import read_anchors
from mmdesk.engine.security.audit import entry_hash
from mmdesk.engine.security.audit_check import AuditFault, ChainCheck, check_chain
from mmdesk.engine.store.case import Case
from tests.engine.case_key import script
from tests.engine.tampering import tampering

ENTRIES = 8


def _grow(case: Case, entries: int = ENTRIES) -> None:
    for number in range(2, entries + 1):
        with case.write("test.change", f"row {number}", {"n": number}):
            pass


def _check(case: Case) -> ChainCheck:
    with case.read() as connection:
        return check_chain(connection, read_anchors(case.folder))


def _found(case: Case) -> list[tuple[AuditFault, int | None]]:
    return [(problem.fault, problem.entry) for problem in _check(case).problems]


def _tamper(case: Case, *statements: str) -> None:
    with tampering(case) as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_an_untouched_chain_verifies(case: Case) -> None:
    _grow(case)
    found = _check(case)
    assert (found.problems, found.entries) == ((), ENTRIES)
    assert {(anchor.length, anchor.hash) for anchor in read_anchors(case.folder)} == {(ENTRIES, found.last_hash)}


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


def test_the_chain_cannot_fork(case: Case) -> None:
    with pytest.raises(IntegrityError, match="audit_log"), tampering(case) as connection:
        connection.execute(
            text("INSERT INTO audit_log VALUES (2, 'at', 'tester', 'test.fork', 'x', '{}', :prev, 'hash')"),
            {"prev": audit.GENESIS},
        )


APPEND = """
import sys, time
from pathlib import Path
from mmdesk.engine.core.errors import StoreError
from mmdesk.engine.store.case import Case
done = 0
while done < 20:
    try:
        with Case.open(Path(sys.argv[1]), write=True, actor=sys.argv[2]) as case:
            for _ in range(5):
                with case.write("test.append", str(done)):
                    done += 1
    except StoreError as error:  # a local case has one writing program at a time
        assert error.code == "store.locked", error
        time.sleep(0.01)
"""


def test_several_threads_make_one_chain(case: Case) -> None:
    def append(name: str) -> None:
        with Case.open(case.folder, write=True, actor=name) as mine:
            for number in range(20):
                with mine.write("test.append", str(number)):
                    pass

    threads = [threading.Thread(target=append, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = _check(case)
    assert (found.entries, found.problems) == (81, ())


def test_several_processes_make_one_chain(case: Case) -> None:
    if case.file.is_sqlite:
        case.close()
    processes = [subprocess.Popen(script(APPEND, case.folder, f"p{number}")) for number in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    with Case.open(case.folder, actor="tester") as again:
        found = _check(again)
    assert (found.entries, found.problems) == (61, ())


@given(st.text())
def test_any_text_becomes_one_that_both_databases_store(value: str) -> None:
    clean = audit.clean_text(value)
    assert "\x00" not in clean
    assert clean.encode().decode() == clean
    if value.isprintable():
        assert clean == value
