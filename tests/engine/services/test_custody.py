"""What explanations rest on, checked: real files that were altered, removed, moved or replaced, and rows taken back."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.explanation import Explanation, ItemKind, to_json
from mmdesk.engine.explanation.looks import Perspective
from mmdesk.engine.explanation.references import Custody, FileReference, evidence_of
from mmdesk.engine.services import custody, explanations, imports
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Import
from tests.engine.sample_case import one_worker, sample
from tests.engine.tampering import tampering

pytestmark = one_worker


class Desk:
    """A copy of the sample case, its imported tables, and explanations of some of its entities in a file."""

    def __init__(self, folder: Path, explained: tuple[Explanation, ...]) -> None:
        report, _ = sample()
        self.case, self.data, self.file = folder / "case", Path(report.data), folder / "why.jsonl"
        self.explained = explained
        shutil.copytree(report.case, self.case)
        self.file.write_bytes(b"".join(to_json(one) + b"\n" for one in explained))

    def check(self, *folders: Path) -> custody.SourcesReport:
        return custody.check_sources(self.file, self.case, folders=folders)

    def standing(self, reference: FileReference, *folders: Path) -> Custody:
        with Case.open(self.case, actor="tester") as case:
            return custody.Custodian(case, folders).check(reference).standing

    def of_kind(self, kind: ItemKind) -> FileReference:
        """The file behind some item of a kind."""
        return next(evidence_of(item).files[0] for one in self.explained for item in one.items if item.kind is kind)

    def stored(self, reference: FileReference) -> Path:
        files = (path for path in (self.case / "artifacts_store").rglob("*") if path.is_file())
        return next(path for path in files if sha256_file(path) == reference.sha256)


@pytest.fixture(scope="module")
def explained() -> tuple[Explanation, ...]:
    """Of entities with every kind of evidence among them."""
    report, _ = sample()
    names = [f"M{number:05d}" for number in range(1, 13)]
    found = tuple(explanations.explain_many(Path(report.case), report.run_id, names, head=Head.CLASSIFICATION))
    assert {item.kind for one in found for item in one.items} == set(ItemKind)
    return found


@pytest.fixture
def desk(tmp_path: Path, explained: tuple[Explanation, ...]) -> Desk:
    return Desk(tmp_path, explained)


@pytest.fixture
def moved_data(desk: Desk, tmp_path: Path) -> Iterator[Path]:
    """The imported tables, moved away for the test."""
    away = tmp_path / "elsewhere" / "deep"
    away.parent.mkdir()
    shutil.move(desk.data, away)
    yield away
    shutil.rmtree(desk.data, ignore_errors=True)
    shutil.move(away, desk.data)


def test_everything_is_as_it_was(desk: Desk) -> None:
    report = desk.check()
    assert report.holds
    assert report.found == 0
    assert report.explanations == len(desk.explained)
    assert report.rows == report.rows_matching > len(desk.explained)
    assert {file.standing for file in report.files} == {Custody.MATCHES}
    imported = {file.name: file for file in report.files if file.import_id is not None}
    assert {Path(name).name for name in imported} == {"entities.csv", "events.csv", "interactions.csv", "artifacts.csv"}
    for file in imported.values():
        assert file.path is not None
        assert Path(file.path).parent == desk.data
        assert file.found_sha256 == file.sha256 == sha256_file(Path(file.path))


def test_one_altered_byte_of_a_stored_file_is_found(desk: Desk) -> None:
    reference = desk.of_kind(ItemKind.ARTIFACT)
    stored = desk.stored(reference)
    stored.chmod(0o644)
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.write_bytes(content)
    report = desk.check()
    assert not report.holds
    (file,) = [file for file in report.files if file.standing is not Custody.MATCHES]
    assert (file.sha256, file.standing) == (reference.sha256, Custody.ALTERED)
    assert file.found_sha256 == sha256_file(stored) != file.sha256
    assert {(one.what, one.standing) for one in report.findings} == {("file", Custody.ALTERED)}
    for finding in report.findings:
        name, number = finding.field.split(".")
        assert name == "items"
        item = desk.explained[finding.line - 1].items[int(number)]
        assert item.artifact_sha256 == reference.sha256
        assert (finding.entity_id, finding.label) == (desk.explained[finding.line - 1].entity_id, item.label)


def test_a_stored_file_that_is_gone_is_not_found(desk: Desk) -> None:
    reference = desk.of_kind(ItemKind.ARTIFACT)
    desk.stored(reference).unlink()
    assert desk.standing(reference) is Custody.NOT_FOUND
    assert not desk.check().holds


def test_a_table_that_was_moved_is_not_found_until_it_is_shown_where(desk: Desk, moved_data: Path) -> None:
    report = desk.check()
    assert not report.holds
    tables = [file for file in report.files if file.import_id is not None]
    assert {file.standing for file in tables} == {Custody.NOT_FOUND}
    assert {file.path for file in tables} == {None}
    found = desk.check(moved_data.parent)
    assert found.holds
    assert {Path(file.path or "").parent for file in found.files if file.import_id is not None} == {moved_data}


def test_another_content_under_the_same_name_is_no_match(desk: Desk, moved_data: Path) -> None:
    reference = desk.of_kind(ItemKind.EVENT)
    desk.data.mkdir()
    impostor = desk.data / "events.csv"
    impostor.write_bytes((moved_data / "events.csv").read_bytes().replace(b"\n", b"\r\n", 1))
    assert desk.standing(reference) is Custody.ALTERED
    # The right one elsewhere is found behind the wrong one at its old place.
    assert desk.standing(reference, moved_data) is Custody.MATCHES
    impostor.unlink()
    impostor.mkdir()
    assert desk.standing(reference) is Custody.NOT_FOUND


def test_an_explanation_of_another_case_is_unknown_here(desk: Desk, tmp_path: Path) -> None:
    with Case.create(tmp_path / "other", actor="tester"):
        pass
    report = custody.check_sources(desk.file, tmp_path / "other")
    assert {file.standing for file in report.files} == {Custody.UNKNOWN}
    assert report.rows_matching == 0
    assert Counter(one.what for one in report.findings).keys() == {"file", "row"}


def test_rows_that_were_taken_back_are_withdrawn(desk: Desk) -> None:
    event = desk.of_kind(ItemKind.EVENT)
    imports.undo_import(desk.case, event.import_id, actor="tester")
    report = desk.check()
    assert not report.holds
    assert {file.standing for file in report.files} == {Custody.MATCHES}
    tables = {(one.what, one.name.partition(" ")[0], one.standing) for one in report.findings}
    assert tables == {("row", "events", Custody.WITHDRAWN)}
    events = {
        item.source.row
        for one in desk.explained
        for item in one.items
        if item.kind is ItemKind.EVENT and item.source is not None
    }
    assert report.rows - report.rows_matching == len(events)


def test_a_page_says_what_was_found_when_it_was_made(desk: Desk) -> None:
    one = next(one for one in desk.explained if any(item.kind is ItemKind.ARTIFACT for item in one.items))
    page = explanations.page(desk.case, one).decode()
    assert "checked: it is what was imported" in page
    assert "ALTERED" not in page
    assert explanations.page(desk.case, one).decode() == page
    sha256 = next(item.artifact_sha256 for item in one.items if item.kind is ItemKind.ARTIFACT)
    stored = desk.stored(FileReference(str(sha256), ""))
    stored.chmod(0o644)
    stored.write_bytes(stored.read_bytes() + b"x")
    altered = explanations.page(desk.case, one).decode()
    assert "ALTERED: it is not what was imported any more" in altered
    stored.unlink()
    assert (
        "NOT FOUND: it is not on this machine, so it could not be checked" in explanations.page(desk.case, one).decode()
    )


def test_what_taught_the_run_is_checked_too(desk: Desk, explained: tuple[Explanation, ...]) -> None:
    report, _ = sample()
    looks = [Perspective.TAUGHT, Perspective.COURSE]
    one = explanations.look(Path(report.case), explained[0], looks)
    assert one.taught is not None
    assert any(lesson.source is not None for lesson in one.taught.supporting)
    desk.file.write_bytes(to_json(one))
    assert desk.check().holds
    targets = next(record for record in imports.list_imports(desk.case) if record.kind == "targets")
    imports.undo_import(desk.case, targets.id, actor="tester")
    found = desk.check()
    assert {finding.field.partition(".")[0] for finding in found.findings} == {"taught"}
    assert {finding.standing for finding in found.findings} == {Custody.WITHDRAWN}
    assert {finding.name.partition(" ")[0] for finding in found.findings} == {"targets"}
    lessons = (*one.taught.supporting, *one.taught.conflicting)
    assert {finding.label for finding in found.findings} <= {lesson.entity_id for lesson in lessons}


@pytest.mark.parametrize("table", ["imports", "artifacts", "audit_log", "notes", "nonsense"])
def test_a_row_of_a_table_that_holds_no_evidence_is_unknown(
    desk: Desk, explained: tuple[Explanation, ...], table: str
) -> None:
    assert _found_after(desk, explained[0], table=table) == [("row", Custody.UNKNOWN)]


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, -1])
def test_numbers_that_no_row_can_have_are_unknown(desk: Desk, explained: tuple[Explanation, ...], number: int) -> None:
    assert _found_after(desk, explained[0], row=number) == [("row", Custody.UNKNOWN)]
    said = _found_after(desk, explained[0], import_id=number)
    assert said == [("file", Custody.UNKNOWN), ("row", Custody.ALTERED)]


def _found_after(desk: Desk, one: Explanation, **changes: Any) -> list[tuple[str, Custody]]:
    """What is found where one piece of evidence says something else of its row."""
    item = one.items[0]
    assert item.source is not None
    wrong = replace(item, source=replace(item.source, **changes))
    desk.file.write_bytes(to_json(replace(one, items=(wrong, *one.items[1:]))))
    return [(finding.what, finding.standing) for finding in desk.check().findings]


@pytest.mark.parametrize("place", ["//somebody/share/events.csv", "//somebody/share/../x/events.csv"])
def test_a_place_on_another_host_is_only_looked_at_in_a_named_folder(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    reference = desk.of_kind(ItemKind.EVENT)
    with Case.open(desk.case, write=True, actor="tester") as case, tampering(case) as connection:
        connection.execute(
            update(Import).where(Import.id == reference.import_id).values(recipe=json.dumps({"path": place}))
        )
    looked: list[str] = []

    def digest(_self: object, path: Path) -> str | None:
        looked.append(str(path))
        return None

    monkeypatch.setattr(custody.Custodian, "_digest", digest)
    assert desk.standing(reference) is Custody.NOT_FOUND
    assert looked == []
    named = Path("//somebody/share")
    assert desk.standing(reference, named) is Custody.NOT_FOUND
    assert looked == ([] if ".." in place else [place])


def test_a_folder_to_look_in_has_to_be_there(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere") as caught:
        desk.check(tmp_path / "nowhere")
    assert caught.value.code == "usage.no_folder"
    assert caught.value.hint
