"""The verdicts: whatever was done to a log, its anchors or the whole folder is found, and no work hides it."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from mmdesk.engine.core.errors import DataError, ResourceError, UsageError
from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.security import anchor as anchors
from mmdesk.engine.security import signing
from mmdesk.engine.security.anchor import ANCHOR_NAME, Anchor, Place, Trust, read_at
from mmdesk.engine.security.audit import GENESIS, Head
from mmdesk.engine.services.audit import (
    AuditFault,
    AuditNotice,
    AuditReport,
    export_anchor,
    list_audit,
    verify_audit,
)
from mmdesk.engine.services.cases import backup_case, restore_case
from mmdesk.engine.store import backup
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store.case import Case
from tests.engine.conftest import ACTOR, in_log
from tests.engine.tampering import rechain, tampering

ENTRIES = 8


def _grow(case: Case, entries: int = ENTRIES) -> None:
    for number in range(2, entries + 1):
        with case.write("test.change", f"row {number}", {"n": number}):
            pass


def _faults(report: AuditReport) -> list[tuple[AuditFault, int | None, int | None]]:
    return [(problem.fault, problem.entry, problem.last_entry) for problem in report.problems]


def _notices(report: AuditReport) -> list[AuditNotice]:
    return [remark.notice for remark in report.notices]


def _anchor_file(case: Case) -> Path:
    return case.folder / ANCHOR_NAME


def _cut(case: Case, after: int, *, head_too: bool = True) -> None:
    with tampering(case) as connection:
        connection.execute(text("DELETE FROM audit_log WHERE id > :after"), {"after": after})
        if head_too:
            rechain(connection, 100)


def _rewrite(case: Case, entry: int) -> None:
    with tampering(case) as connection:
        connection.execute(text("UPDATE audit_log SET subject = 'x' WHERE id = :entry"), {"entry": entry})
        rechain(connection, entry)


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Go to another computer (or another user's desk) by name, and come back to the test's by ``ours``."""
    ours = {name: os.environ[name] for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME")}

    def go(name: str) -> None:
        for variable, place in ours.items():
            monkeypatch.setenv(variable, place if name == "ours" else str(tmp_path / "computers" / name / variable))

    return go


# What was done to the log.


def test_an_untouched_log_verifies_and_says_nothing_else(case: Case) -> None:
    _grow(case)
    report = verify_audit(case.folder)
    assert (report.verified, report.entries, report.problems, report.notices) == (True, ENTRIES, (), ())
    assert [(one.place, one.entries, one.signed_by) for one in report.anchors] == [
        ("case_folder", ENTRIES, "own"),
        ("this_computer", ENTRIES, "own"),
    ]


def test_what_is_found_names_entry_time_and_actor(case: Case) -> None:
    _grow(case)
    entries = {entry.number: entry for entry in list_audit(case.folder)}
    with tampering(case) as connection:
        connection.execute(text("UPDATE audit_log SET subject = 'x' WHERE id = 3"))
        connection.execute(text("DELETE FROM audit_log WHERE id IN (5, 6)"))
    report = verify_audit(case.folder)
    assert _faults(report) == [(AuditFault.ALTERED, 3, 3), (AuditFault.MISSING, 5, 6)]
    altered, missing = report.problems
    assert (altered.at, altered.actor) == (entries[3].at, in_log(case, ACTOR))
    assert altered.text == f"Entry 3 (test.change, {entries[3].at}, {in_log(case, ACTOR)}) was altered."
    assert (missing.at, missing.actor) == (entries[4].at, entries[4].actor)
    assert missing.text.startswith(f"Missing: entries 5 to 6, between entry 4 (test.change, {entries[4].at},")
    assert f"entry 7 (test.change, {entries[7].at}," in missing.text


@pytest.mark.parametrize("head_too", [True, False])
def test_a_cut_end_is_found_by_the_anchors_if_not_by_the_head(case: Case, head_too: bool) -> None:
    _grow(case)
    _cut(case, 6, head_too=head_too)
    report = verify_audit(case.folder)
    assert _faults(report) == [(AuditFault.TRUNCATED, 7, 8)]
    assert "The end is missing: entries 7 to 8" in report.problems[0].text
    assert "kept on this computer" in report.problems[0].text
    assert "the last there is entry 6 (test.change, " in report.problems[0].text


def test_a_log_wiped_out_is_truncated(case: Case) -> None:
    _grow(case)
    with tampering(case) as connection:
        connection.execute(text("DELETE FROM audit_log"))
        connection.execute(text("UPDATE audit_head SET length = 0, hash = :hash"), {"hash": GENESIS})
    assert _faults(verify_audit(case.folder)) == [(AuditFault.TRUNCATED, 1, ENTRIES)]
    with tampering(case) as connection:
        connection.execute(text("DELETE FROM audit_head"))
    assert _faults(verify_audit(case.folder)) == [(AuditFault.TRUNCATED, 1, ENTRIES)]


def test_a_rewritten_log_is_found_by_the_anchors(case: Case) -> None:
    _grow(case)
    _rewrite(case, 4)
    report = verify_audit(case.folder)
    assert _faults(report) == [(AuditFault.REWRITTEN, ENTRIES, ENTRIES)]
    assert "after entry 0" in report.problems[0].text


@pytest.mark.parametrize("how", ["cut", "rewritten", "forged", "swapped"])
def test_going_on_with_the_work_does_not_hide_what_was_done(case: Case, how: str) -> None:
    early = _anchor_file(case).read_bytes()
    _grow(case)
    if how == "forged":
        document = orjson.loads(_anchor_file(case).read_bytes())
        _anchor_file(case).write_bytes(orjson.dumps({**document, "actor": "somebody else"}))
    elif how == "rewritten":
        _rewrite(case, 4)
    else:
        _cut(case, 6)
        if how == "swapped":
            _anchor_file(case).write_bytes(early)
    expected = {"forged": (AuditFault.ANCHOR_FORGED, None, None)}
    _grow(case, 5)
    report = verify_audit(case.folder)
    assert _faults(report) == [expected.get(how, (AuditFault.REWRITTEN, ENTRIES, ENTRIES))]
    assert _notices(report) == [AuditNotice.ANCHOR_NOTED] * 4
    last = list_audit(case.folder, limit=1)[0]
    assert last.details == {"n": 5, "audit_anchor": "forged" if how == "forged" else "contradicted"}
    assert f"entry {last.number}" in report.notices[-1].text


def test_a_whole_folder_swapped_for_an_older_one_is_found(sqlite_case: Case, tmp_path: Path) -> None:
    _grow(sqlite_case, 3)
    sqlite_case.close()
    shutil.copytree(sqlite_case.folder, tmp_path / "older")
    with Case.open(sqlite_case.folder, write=True, actor=ACTOR) as case:
        _grow(case, 4)
    shutil.rmtree(sqlite_case.folder)
    shutil.move(tmp_path / "older", sqlite_case.folder)
    report = verify_audit(sqlite_case.folder)
    assert _faults(report) == [(AuditFault.TRUNCATED, 4, 6)]
    assert "the anchor kept on this computer" in report.problems[0].text
    assert "in the case folder" not in report.problems[0].text
    with Case.open(sqlite_case.folder, write=True, actor=ACTOR) as case:
        _grow(case, 6)
    assert _faults(verify_audit(sqlite_case.folder)) == [(AuditFault.REWRITTEN, 6, 6)]


# What was done to the anchor in the case folder.


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"length": "x", "hash": 1}', b"[1]", b"\xff"])
def test_an_anchor_that_is_gone_or_unreadable_is_missing(case: Case, content: bytes | None) -> None:
    if content is None:
        _anchor_file(case).unlink()
    else:
        _anchor_file(case).write_bytes(content)
    assert _faults(verify_audit(case.folder)) == [(AuditFault.ANCHOR_MISSING, None, None)]
    _grow(case, 2)
    report = verify_audit(case.folder)
    assert (report.verified, _notices(report)) == (True, [AuditNotice.ANCHOR_NOTED])
    assert "the anchor in the case folder was missing" in report.notices[0].text


@pytest.mark.parametrize("field", ["length", "hash", "at", "actor", "case_id", "key", "signature", "then"])
def test_an_edited_anchor_is_forged(case: Case, field: str) -> None:
    _grow(case, 3)
    document = orjson.loads(_anchor_file(case).read_bytes())
    other: dict[str, object] = {"length": 2, "then": {"length": 9, "hash": "f" * 64}, "case_id": ""}
    changed = {**document, field: other.get(field, "0" * len(str(document.get(field))))}
    _anchor_file(case).write_bytes(orjson.dumps(changed))
    assert _faults(verify_audit(case.folder)) == [(AuditFault.ANCHOR_FORGED, None, None)]


def test_an_anchor_of_another_case_does_not_pass(case: Case, tmp_path: Path) -> None:
    with Case.create(tmp_path / "other", actor=ACTOR) as other:
        _grow(other)
        shutil.copyfile(_anchor_file(other), _anchor_file(case))
    report = verify_audit(case.folder)
    assert _faults(report) == [(AuditFault.ANCHOR_FOREIGN, None, None)]
    assert other.file.case_id in report.problems[0].text


def test_without_its_signature_an_anchor_is_unsigned(case: Case) -> None:
    _grow(case, 3)
    document = orjson.loads(_anchor_file(case).read_bytes())
    _anchor_file(case).write_bytes(orjson.dumps({**document, "key": "", "signature": ""}))
    report = verify_audit(case.folder)
    assert (report.verified, _notices(report)) == (True, [AuditNotice.UNSIGNED])
    # What that makes possible in the folder is found by the anchor that is not in it.
    _rewrite(case, 2)
    last = list_audit(case.folder, limit=1)[0].number
    with case.read() as connection:
        head = connection.execute(text("SELECT hash FROM audit_head")).scalar_one()
    _anchor_file(case).write_bytes(orjson.dumps({**document, "hash": head, "key": "", "signature": ""}))
    report = verify_audit(case.folder)
    assert _faults(report) == [(AuditFault.REWRITTEN, last, last)]


def test_a_log_rewritten_and_signed_with_another_key_is_found(case: Case, computer: Callable[[str], None]) -> None:
    _grow(case)
    _rewrite(case, 4)
    computer("evil")
    with case.read() as connection:
        head = Head(*connection.execute(text("SELECT length, hash FROM audit_head")).one())
    anchors.put(case.folder, anchors.take(case.file.case_id, head, ACTOR))
    computer("ours")
    report = verify_audit(case.folder)
    assert _faults(report) == [(AuditFault.REWRITTEN, ENTRIES, ENTRIES)]
    assert _notices(report) == [AuditNotice.UNKNOWN_KEY]
    assert "though this computer knows the case" in report.notices[0].text
    assert [one.signed_by for one in report.anchors] == ["unknown", "own"]
    # It is not made known by looking at it.
    assert _notices(verify_audit(case.folder)) == [AuditNotice.UNKNOWN_KEY]
    computer("a colleague's, who never saw the case")
    report = verify_audit(case.folder)
    assert (report.verified, _notices(report)) == (True, [AuditNotice.UNKNOWN_KEY, AuditNotice.NOT_KEPT])


# Colleagues, copies, moves.


def test_a_colleagues_key_is_named_once_and_known_from_then_on(case: Case, computer: Callable[[str], None]) -> None:
    _grow(case, 3)
    computer("theirs")
    report = verify_audit(case.folder)
    assert (report.verified, _notices(report)) == (True, [AuditNotice.UNKNOWN_KEY, AuditNotice.NOT_KEPT])
    key = orjson.loads(_anchor_file(case).read_bytes())["key"]
    assert signing.fingerprint(key) in report.notices[0].text
    report = verify_audit(case.folder)
    assert (report.verified, report.notices) == (True, ())
    assert [one.signed_by for one in report.anchors] == ["known", "own"]
    _grow(case, 2)
    computer("ours")
    report = verify_audit(case.folder)
    assert (report.verified, _notices(report)) == (True, [AuditNotice.UNKNOWN_KEY])
    assert verify_audit(case.folder).notices == ()


def test_going_on_after_somebody_new_is_noted_in_the_log(case: Case, computer: Callable[[str], None]) -> None:
    computer("theirs")
    _grow(case, 3)
    entries = list_audit(case.folder)
    assert [entry.details.get("audit_anchor") for entry in entries[:2]] == [None, "unknown_key"]
    report = verify_audit(case.folder)
    assert (report.verified, _notices(report)) == (True, [AuditNotice.ANCHOR_NOTED])


def test_a_copy_that_goes_its_own_way_is_no_false_alarm(sqlite_case: Case, tmp_path: Path) -> None:
    _grow(sqlite_case, 3)
    sqlite_case.close()
    shutil.copytree(sqlite_case.folder, tmp_path / "copy")
    assert _notices(verify_audit(tmp_path / "copy")) == [AuditNotice.NOT_KEPT]
    for folder, entries in ((tmp_path / "copy", 4), (sqlite_case.folder, 7)):
        with Case.open(folder, write=True, actor=ACTOR) as case:
            _grow(case, entries)
    for folder in (tmp_path / "copy", sqlite_case.folder):
        report = verify_audit(folder)
        assert (report.verified, report.notices) == (True, ())


def test_a_moved_case_is_still_the_one_that_was_kept(sqlite_case: Case, tmp_path: Path) -> None:
    _grow(sqlite_case, 3)
    sqlite_case.close()
    shutil.copytree(sqlite_case.folder, tmp_path / "older")
    with Case.open(sqlite_case.folder, write=True, actor=ACTOR) as case:
        _grow(case, 4)
    shutil.move(sqlite_case.folder, tmp_path / "moved")
    report = verify_audit(tmp_path / "moved")
    assert (report.verified, report.notices) == (True, ())
    shutil.rmtree(tmp_path / "moved")
    assert _faults(verify_audit(tmp_path / "older")) == [(AuditFault.TRUNCATED, 4, 6)]


def test_an_anchor_that_lagged_behind_catches_up(case: Case) -> None:
    _grow(case, 3)
    early = _anchor_file(case).read_bytes()
    _grow(case, 3)
    _anchor_file(case).write_bytes(early)
    assert verify_audit(case.folder).verified
    _grow(case, 2)
    report = verify_audit(case.folder)
    assert (report.verified, report.notices) == (True, ())
    assert [one.entries for one in report.anchors] == [report.entries] * 2


# Anchors in reports and mails.


def test_an_exported_anchor_is_checked_anywhere(case: Case, tmp_path: Path, computer: Callable[[str], None]) -> None:
    _grow(case, 3)
    record = export_anchor(case.folder, tmp_path / "report.anchor")
    assert (record.entries, record.signed_by, record.actor) == (3, "own", keys_actor())
    _grow(case, 4)
    report = verify_audit(case.folder, anchor_file=tmp_path / "report.anchor")
    assert (report.verified, len(report.anchors)) == (True, 3)
    _rewrite(case, 5)
    report = verify_audit(case.folder, anchor_file=tmp_path / "report.anchor")
    assert _faults(report) == [(AuditFault.REWRITTEN, 6, 6)]
    assert "The log was rewritten after entry 3" in report.problems[0].text
    # A colleague whom only the mail reached, and a folder whose anchor was made to fit.
    computer("theirs")
    _anchor_file(case).unlink()
    assert verify_audit(case.folder, anchor_file=tmp_path / "report.anchor").verified
    computer("a third")
    _rewrite(case, 2)
    report = verify_audit(case.folder, anchor_file=tmp_path / "report.anchor")
    assert _faults(report) == [(AuditFault.REWRITTEN, 3, 3)]


def keys_actor() -> str:
    """Whoever runs the tests."""
    from mmdesk.engine.core.types import current_actor

    return current_actor()


def test_nothing_is_vouched_for_that_does_not_verify(case: Case, tmp_path: Path) -> None:
    _grow(case, 3)
    _rewrite(case, 2)
    with pytest.raises(DataError) as caught:
        export_anchor(case.folder, tmp_path / "out")
    assert (caught.value.code, (tmp_path / "out").exists()) == ("audit.not_verified", False)


def test_what_is_no_anchor_is_refused(sqlite_case: Case, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        verify_audit(sqlite_case.folder, anchor_file=tmp_path / "none")
    (tmp_path / "text").write_text("text")
    with pytest.raises(DataError) as caught:
        verify_audit(sqlite_case.folder, anchor_file=tmp_path / "text")
    assert caught.value.code == "audit.not_an_anchor"


# Restored backups.


def test_a_restored_backup_verifies_and_is_seen_to_be_one(case: Case) -> None:
    _grow(case, 3)
    made = backup_case(case.folder)
    _grow(case, 4)
    restore_case(case.folder, made.name, actor="anna")
    report = verify_audit(case.folder)
    assert (report.verified, report.entries, _notices(report)) == (True, 4, [AuditNotice.RESTORED])
    remark = report.notices[0]
    assert (remark.entry, remark.actor) == (4, in_log(case, "anna"))
    kept = backup.listed(case.folder)[0].name
    assert (
        f"brought back from the backup {made.name}; what there was before, 6 entries, is kept as {kept}." in remark.text
    )
    _grow(case, 3)
    assert verify_audit(case.folder).verified


def _forge_backup(case: Case, name: str) -> None:
    """Swap the rows of a backup for others, with all its checksums and hashes made to fit."""
    place = case.paths.backups / name
    with _other_state(case):
        forged = backup.make(case.folder, case.file, "manual")
    source = case.paths.backups / forged.name
    for path in source.rglob("*"):
        if path.is_file() and path.name != ANCHOR_NAME:
            shutil.copyfile(path, place / path.relative_to(source))
    document = orjson.loads((place / backup.MANIFEST_NAME).read_bytes())
    document["files"][ANCHOR_NAME] = sha256_file(place / ANCHOR_NAME)
    (place / backup.MANIFEST_NAME).write_bytes(orjson.dumps({**document, "name": name}))


@contextmanager
def _other_state(case: Case) -> Iterator[None]:
    """The log rewritten for a moment."""
    with case.read() as connection:
        rows = connection.execute(text("SELECT id, subject FROM audit_log ORDER BY id")).all()
    _rewrite(case, 2)
    yield
    with tampering(case) as connection:
        connection.execute(text("UPDATE audit_log SET subject = :s WHERE id = 2"), {"s": rows[1][1]})
        rechain(connection, 2)


def test_a_forged_backup_is_seen_to_be_one(case: Case) -> None:
    _grow(case, 3)
    made = backup_case(case.folder)
    _forge_backup(case, made.name)
    assert verify_audit(case.folder).verified
    restore_case(case.folder, made.name, actor=ACTOR)
    report = verify_audit(case.folder)
    assert _notices(report) == [AuditNotice.RESTORED]
    assert "whose log is not the one that was signed" in report.notices[0].text


def test_restoring_does_not_hide_that_the_log_had_been_rewritten(case: Case) -> None:
    _grow(case, 3)
    made = backup_case(case.folder)
    _rewrite(case, 2)
    restore_case(case.folder, made.name, actor=ACTOR)
    report = verify_audit(case.folder)
    assert (report.verified, _notices(report)) == (True, [AuditNotice.RESTORED, AuditNotice.ANCHOR_NOTED])


# Where nothing can be kept.


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "XDG_DATA_HOME"])
def test_folders_that_cannot_be_written_do_not_stop_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, variable: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(variable, str(tmp_path / "file"))
    monkeypatch.setattr(signing, "_said", set())
    with Case.create(tmp_path / "case", actor=ACTOR) as case:
        _grow(case, 4)
        made = backup_case(case.folder)
    restore_case(case.folder, made.name, actor=ACTOR)
    report = verify_audit(case.folder)
    assert (report.verified, report.entries) == (True, 5)
    unsigned = variable == "XDG_CONFIG_HOME"
    expected = [AuditNotice.UNSIGNED] * 2 if unsigned else [AuditNotice.NOT_KEPT]
    assert _notices(report) == [AuditNotice.RESTORED, *expected]
    assert (", not signed" in report.notices[0].text) is unsigned
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(said) == 1
    assert str(tmp_path) not in said[0]
    if unsigned:
        with pytest.raises(ResourceError) as caught:
            export_anchor(case.folder, tmp_path / "out")
        assert caught.value.code == "audit.no_key"
    caplog.clear()


def test_a_full_disk_does_not_undo_what_is_committed(
    case: Case, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_path: Path, _data: bytes, *, durable: bool = True) -> None:
        raise ResourceError("full", code="resource.disk_full")

    monkeypatch.setattr(signing, "_said", set())
    with monkeypatch.context() as patch:
        patch.setattr(anchors, "write_atomic", full)
        _grow(case, 4)
    caplog.clear()
    report = verify_audit(case.folder)
    assert (report.verified, report.entries, [one.entries for one in report.anchors]) == (True, 4, [1, 1])


# Keys.


def test_the_key_is_made_once_for_its_user_alone() -> None:
    found: list[str] = []

    def make() -> None:
        key = signing.own_key()
        assert key is not None
        found.append(signing.public_of(key))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 8
    path = signing.own_key_file()
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == [signing.KEY_NAME]


def test_a_drive_without_links_keeps_a_key_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_names: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    first, second = signing.own_key(), signing.own_key()
    assert first is not None
    assert second is not None
    assert signing.public_of(first) == signing.public_of(second)
    assert [one.name for one in signing.own_key_file().parent.iterdir()] == [signing.KEY_NAME]


@pytest.mark.parametrize("content", [b"", b"text", b"\xff", b"00" * 31])
def test_a_damaged_key_is_left_alone(
    content: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(signing, "_said", set())
    signing.own_key_file().parent.mkdir(parents=True)
    signing.own_key_file().write_bytes(content)
    assert signing.own_key() is None
    assert signing.own_key() is None
    assert signing.own_key_file().read_bytes() == content
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
    caplog.clear()


def test_known_keys_that_cannot_be_read_are_none(tmp_path: Path) -> None:
    signing.remember("a" * 64, "anna", "c" * 32)
    assert [one.actor for one in signing.known_keys().values()] == ["anna"]
    for content in (b"", b"[]", b'{"a": 1}', b'{"a": {"x": 1}}'):
        (signing.data_folder() / signing.KNOWN_NAME).write_bytes(content)
        assert signing.known_keys() == {}


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(Head, st.integers(0, 2**63 - 1), TEXT),
    st.none() | st.builds(Head, st.integers(0, 2**63 - 1), TEXT),
    TEXT,
    TEXT,
    st.sampled_from(["length", "hash", "actor", "then", "at", "case_id"]),
)
def test_an_anchor_comes_back_as_it_was_written_and_nothing_in_it_can_change(
    head: Head, then: Head | None, actor: str, case_id: str, field: str
) -> None:
    taken = anchors.take(case_id, head, actor, then=then)
    read = anchors.parse(taken.as_bytes(), Place.FOLDER)
    assert (read, anchors.trust(read)) == (taken, Trust.OWN)
    other = {"length": taken.length + 1, "then": Head(1, "x")}.get(field, str(getattr(taken, field)) + "x")
    fields: dict[str, Any] = {field: other}
    changed = replace(taken, **fields)
    assert anchors.trust(changed) is (Trust.OWN if changed == taken else Trust.FORGED)


def test_a_signature_can_be_checked_with_a_few_lines_of_ones_own(case: Case) -> None:
    import json

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    document = json.loads(_anchor_file(case).read_text())
    words = ["mmdesk audit anchor 2", document["case_id"], str(document["length"]), document["hash"], "", ""]
    signed = json.dumps([*words, document["at"], document["actor"]], separators=(",", ":"), ensure_ascii=False)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(document["key"]))
    key.verify(bytes.fromhex(document["signature"]), signed.encode())


def test_anchors_are_read_from_where_they_lie(tmp_path: Path) -> None:
    assert read_at(tmp_path / "none", Place.GIVEN) is None
    assert read_at(tmp_path, Place.GIVEN) is None
    old = Anchor("", 3, "h", "", "")
    (tmp_path / "old").write_bytes(b'{"version":1,"length":3,"hash":"h"}')
    assert read_at(tmp_path / "old", Place.FOLDER) == old
    assert anchors.trust(old) is Trust.UNSIGNED
    assert mmcase.FILE_NAME == anchors._CASE_FILE
