from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from mmdesk.engine.core.errors import DataError, ResourceError, UsageError
from mmdesk.engine.core.hashing import sha256_bytes
from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.times import parse_moment
from mmdesk.engine.ingestion import artifact_copies, artifact_ingestion
from mmdesk.engine.ingestion.artifact_sources import Manifest, folder_candidates
from mmdesk.engine.services.imports import undo_import
from mmdesk.engine.services.media_imports import MediaReport, import_media
from mmdesk.engine.store import readers
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import EntityArtifact, Import, RejectedRow
from tests.engine.case_key import script
from tests.engine.conftest import drop_schema
from tests.engine.features import media_samples as samples
from tests.engine.services.media_cases import make_case, write

ENTITIES = ["a", "b", "007"]


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return make_case(tmp_path / "case", ENTITIES)


def bring(case: Path, *paths: Path, manifest: Path | None = None) -> MediaReport:
    report = import_media(case, paths, manifest, actor="tester")
    assert report.files == report.artifacts + report.unchanged + report.duplicates + report.refused
    return report


def counts(report: MediaReport) -> tuple[int, int, int, int]:
    return report.artifacts, report.unchanged, report.duplicates, report.refused


def stored(case: Path) -> list[Path]:
    return sorted(path for path in (case / "artifacts_store").rglob("*") if path.is_file())


def test_folders_named_after_entities(case: Path, tmp_path: Path) -> None:
    picture = samples.encode(samples.picture(20, 20))
    write(tmp_path / "media/a/one.png", picture)
    write(tmp_path / "media/2024/007/deep/two.txt", b"two")
    write(tmp_path / "media/nobody/three.txt", b"three")
    write(tmp_path / "media/four.txt", b"four")
    report = bring(case, tmp_path / "media")
    assert counts(report) == (2, 0, 0, 2)
    assert sorted(problem.reason for problem in report.problems) == [
        "no folder above it is named after a known entity (it is in media)",
        "no folder above it is named after a known entity (it is in nobody)",
    ]
    with Case.open(case, actor="t") as opened, opened.read() as connection:
        rows = readers.artifacts(connection).to_pylist()
        names = set(readers.entity_artifacts(connection)["name"].to_pylist())
    assert {row["media_type"] for row in rows} == {"image", "other"}
    assert names == {"one.png", "deep/two.txt"}
    for row in rows:
        data = (case / row["path"]).read_bytes()
        assert sha256_bytes(data) == row["sha256"]
        assert row["path"].split("/")[1] in {"images", "other"}
        assert row["feature_status"] == "pending"
    # A folder or a file that is named itself works as well.
    assert counts(bring(case, tmp_path / "media/a")) == (0, 1, 0, 0)
    assert counts(bring(case, tmp_path / "media/a/one.png")) == (0, 1, 0, 0)


def test_a_manifest_with_other_case_order_and_times(case: Path, tmp_path: Path) -> None:
    write(tmp_path / "in/x.txt", b"x")
    write(tmp_path / "in/y.txt", b"y")
    manifest = write(
        tmp_path / "list.csv",
        b"Captured_At;PATH;Entity ID;note\n2020-01-02T03:04:05Z;in/x.txt;a;n\n;in/y.txt;007;\nsoon;in/y.txt;b;\n",
    )
    report = bring(case, manifest=manifest)
    assert counts(report) == (2, 0, 0, 1)
    assert report.problems[0].line == 4
    assert "ISO 8601" in report.problems[0].reason
    with Case.open(case, actor="t") as opened, opened.read() as connection:
        links = connection.execute(select(EntityArtifact.name, EntityArtifact.captured_us, EntityArtifact.line)).all()
        record = connection.execute(select(Import.kind, Import.sha256, Import.counts)).one()
        rejected = connection.execute(select(RejectedRow.line, RejectedRow.column)).all()
    assert sorted(links) == [("x.txt", parse_moment("2020-01-02T03:04:05Z"), 2), ("y.txt", None, 3)]
    assert record.kind == "media"
    assert record.sha256 == sha256_bytes(manifest.read_bytes())
    assert json.loads(record.counts) == {
        "files": 3, "artifacts": 2, "unchanged": 0, "duplicates": 0, "refused": 1, "complete": True
    }  # fmt: skip
    assert [tuple(row) for row in rejected] == [(4, "path")]


def test_a_manifest_without_a_column(tmp_path: Path) -> None:
    manifest = write(tmp_path / "list.csv", b"entity,file\na,b\n")
    with pytest.raises(DataError, match="no column entity_id") as caught:
        Manifest(manifest)
    assert caught.value.code == "import.column_missing"


def test_paths_of_a_manifest_are_also_looked_up_in_the_given_folders(case: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/one.txt", b"one")
    write(tmp_path / "elsewhere/b/two.txt", b"two")
    write(tmp_path / "elsewhere/three.txt", b"three")
    manifest = write(tmp_path / "elsewhere/list.csv", b"entity_id,path\na,./b/../one.txt\n")
    report = bring(case, tmp_path / "elsewhere", manifest=manifest)
    assert counts(report) == (2, 0, 0, 1)
    moved = write(tmp_path / "lists/list.csv", b"entity_id,path\na,one.txt\n")
    assert counts(bring(case, tmp_path / "elsewhere/b", tmp_path / "elsewhere", manifest=moved)) == (0, 3, 0, 2)
    assert report.problems[0].path.endswith("three.txt")


def test_the_same_again_changes_nothing(case: Path, tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path / f"media/a/{number}.txt", b"content %d" % number)
    first = bring(case, tmp_path / "media")
    files, database = stored(case), (case / "case.db").read_bytes()
    again = bring(case, tmp_path / "media")
    assert counts(first) == (5, 0, 0, 0)
    assert counts(again) == (0, 5, 0, 0)
    assert again.import_id is None
    assert stored(case) == files
    assert (case / "case.db").read_bytes() == database


def test_the_same_bytes_are_one_artifact_with_a_link_for_each_entity(case: Path, tmp_path: Path) -> None:
    for place in ("a/one.txt", "b/two.txt", "b/three.txt"):
        write(tmp_path / "media" / place, b"the same")
    assert counts(bring(case, tmp_path / "media")) == (1, 0, 2, 0)
    assert len(stored(case)) == 1
    assert counts(bring(case, tmp_path / "media")) == (0, 3, 0, 0)
    with Case.open(case, actor="t") as opened, opened.read() as connection:
        assert len(readers.entity_artifacts(connection)) == 3


def test_a_corrected_time_replaces_the_old_link(case: Path, tmp_path: Path) -> None:
    write(tmp_path / "x.txt", b"x")
    old = write(tmp_path / "old.csv", b"entity_id,path\na,x.txt\n")
    new = write(tmp_path / "new.csv", b"entity_id,path,captured_at\na,x.txt,2021-01-01\na,x.txt,2022-01-01\n")
    assert counts(bring(case, manifest=old)) == (1, 0, 0, 0)
    assert counts(bring(case, manifest=new)) == (0, 0, 2, 0)
    assert counts(bring(case, manifest=new)) == (0, 2, 0, 0)
    with Case.open(case, actor="t") as opened, opened.read() as connection:
        times = readers.entity_artifacts(connection)["captured_us"].to_pylist()
    assert times == [parse_moment("2021-01-01"), parse_moment("2022-01-01")]


@pytest.mark.skipif(os.name == "nt", reason="links, pipes and sockets of Unix")
def test_special_files_are_refused_without_waiting(case: Path, tmp_path: Path) -> None:
    folder = tmp_path / "media/a"
    folder.mkdir(parents=True)
    write(tmp_path / "secret.txt", b"not yours")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "folder").symlink_to(tmp_path)
    (folder / "dangling").symlink_to(tmp_path / "nothing")
    os.mkfifo(folder / "pipe.wav")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket may not be long
        server.bind("socket")
        os.chdir(here)
        report = bring(case, tmp_path / "media")
        lines = "\n".join(f"a,media/a/{name}" for name in ("link.txt", "pipe.wav", ".", "nothing"))
        manifest = write(tmp_path / "list.csv", f"entity_id,path\n{lines}\na,/dev/zero\nzz,secret.txt\na,\n".encode())
        listed = bring(case, manifest=manifest)
    reasons = {Path(problem.path).name: problem.reason for problem in report.problems}
    assert reasons.keys() == {"link.txt", "folder", "dangling", "pipe.wav", "socket"}
    assert "symbolic link" in reasons["link.txt"]
    assert "symbolic link" in reasons["folder"]
    assert reasons["pipe.wav"] == "it is a pipe"
    assert reasons["socket"] == "it is a socket"
    assert [problem.reason.split(";")[0] for problem in listed.problems] == [
        "it is a symbolic link", "it is a pipe", "it is a folder", "there is no such file", "it is a device",
        "unknown entity: zz", "the path is empty",
    ]  # fmt: skip
    assert [problem.line for problem in listed.problems] == [2, 3, 4, 5, 6, 7, 8]
    assert stored(case) == []


def _grow(path: Path) -> None:
    with path.open("ab") as out:
        out.write(b"more")


def _cut(path: Path) -> None:
    os.truncate(path, 500)


def _rewrite(path: Path) -> None:
    with path.open("r+b") as out:
        out.write(b"X")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1_000_000_000))  # clocks of file systems may be coarse


@pytest.mark.parametrize("size", [1000, 9 << 20])
@pytest.mark.parametrize("change", [_grow, _cut, _rewrite])
def test_a_file_that_changes_while_it_is_read_is_refused(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, change: Callable[[Path], None]
) -> None:
    path = write(tmp_path / "media/a/changing.bin", bytes(size))
    read = artifact_copies._read
    changes = [change]

    def read_and_change(file: object, length: int) -> bytes:
        data = read(file, length)  # type: ignore[arg-type]
        if changes:
            changes.pop()(path)
        return data

    monkeypatch.setattr(artifact_copies, "_read", read_and_change)
    report = bring(case, tmp_path / "media")
    assert [problem.reason for problem in report.problems] == ["it changed while it was being read"]
    assert stored(case) == []
    assert counts(bring(case, tmp_path / "media")) == (1, 0, 0, 0)


@pytest.mark.skipif(os.name == "nt", reason="links and pipes of Unix")
@pytest.mark.parametrize("swapped", ["link", "pipe", "nothing"])
def test_a_file_that_is_swapped_before_it_is_opened_is_refused_without_waiting(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swapped: str
) -> None:
    secret = write(tmp_path / "secret.txt", b"not yours")
    path = write(tmp_path / "media/a/file.txt", b"harmless")
    opened = os.open

    def swap_and_open(name: object, flags: int, *rest: int) -> int:
        if name == path and path.is_file():
            path.unlink()
            if swapped == "link":
                path.symlink_to(secret)
            elif swapped == "pipe":
                os.mkfifo(path)
        return opened(name, flags, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", swap_and_open)
    report = bring(case, tmp_path / "media")
    assert [problem.reason.split(";")[0] for problem in report.problems] == [
        {"link": "it is a symbolic link", "pipe": "it is no plain file", "nothing": "there is no such file"}[swapped]
    ]
    assert stored(case) == []


@pytest.mark.skipif(os.name == "nt" or not os.geteuid(), reason="nobody keeps the superuser from reading")
def test_a_file_that_may_not_be_read_is_refused(case: Path, tmp_path: Path) -> None:
    write(tmp_path / "media/a/secret.txt", b"x").chmod(0)
    report = bring(case, tmp_path / "media")
    assert [problem.reason for problem in report.problems] == ["it cannot be opened: Permission denied"]


_IMPORT = """
import json, sys
from pathlib import Path
from mmdesk.engine.services.media_imports import import_media
print("ready", flush=True)
sys.stdin.readline()
report = import_media(Path(sys.argv[1]), [Path(sys.argv[2])], actor=sys.argv[3])
print(json.dumps([report.artifacts, report.unchanged, report.duplicates, report.refused]))
"""


def test_the_same_files_from_two_processes_at_once_are_stored_once(tmp_path: Path, postgres_url: str) -> None:
    """On a server, where several may write; in a local case the second is told who is at it."""
    folder = make_case(tmp_path / "case", ENTITIES, database_url=postgres_url)
    for number in range(600):
        write(tmp_path / f"media/a/{number}.txt", b"content %d" % (number // 2))
    people = [
        subprocess.Popen(
            script(_IMPORT, folder, tmp_path / "media", actor),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for actor in ("ann", "bob")
    ]  # fmt: skip
    for person in people:
        assert person.stdout is not None
        assert person.stdout.readline() == "ready\n"
    for person in people:
        assert person.stdin is not None
        person.stdin.write("\n")
        person.stdin.flush()
    new, unchanged, duplicates, refused = (
        sum(column) for column in zip(*(json.loads(person.communicate()[0]) for person in people), strict=True)
    )
    assert (new, unchanged, duplicates, refused) == (300, 600, 300, 0)
    assert len(stored(folder)) == 300
    with Case.open(folder, write=True, actor="t") as opened:
        with opened.read() as connection:
            rows = readers.artifacts(connection).to_pylist()
            links = readers.entity_artifacts(connection)
        assert len({row["sha256"] for row in rows}) == len(rows) == 300
        assert all(sha256_bytes((folder / row["path"]).read_bytes()) == row["sha256"] for row in rows)
        assert len(links) == 600
        drop_schema(postgres_url, opened.file.schema)


def test_large_files_are_copied_whole(case: Path, tmp_path: Path) -> None:
    data = os.urandom(5 << 20)
    write(tmp_path / "media/a/large.bin", data)
    write(tmp_path / "media/b/same.bin", data)
    assert counts(bring(case, tmp_path / "media")) == (1, 0, 1, 0)
    assert [path.read_bytes() == data for path in stored(case)] == [True]


@pytest.mark.skipif(os.name == "nt", reason="names of any bytes are a Unix matter")
def test_names_of_any_characters_are_stored(case: Path, tmp_path: Path) -> None:
    names = [b"\xff\xfe.txt", "Größe \u202e gpj.exe".encode(), b"<img src=x>.txt", b"new\nline.txt", b"=cmd().csv"]
    folder = tmp_path / "media/a"
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        (folder / os.fsdecode(name)).write_bytes(b"%d" % number)
    assert counts(bring(case, tmp_path / "media")) == (5, 0, 0, 0)
    assert counts(bring(case, tmp_path / "media")) == (0, 5, 0, 0)
    with Case.open(case, actor="t") as opened, opened.read() as connection:
        found = set(readers.entity_artifacts(connection)["name"].to_pylist())
    assert found == {"\\udcff\\udcfe.txt", *(name.decode() for name in names[1:])}


def test_a_very_long_name_is_refused_not_fatal(case: Path, tmp_path: Path) -> None:
    manifest = write(tmp_path / "list.csv", b"entity_id,path\na," + b"x" * 1_000_000 + b"\n")
    report = bring(case, manifest=manifest)
    assert report.refused == 1
    assert len(report.problems[0].path) <= 1000


class _StopAfter(NullContext):
    def __init__(self, checks: int) -> None:
        self.left = checks

    def check_cancelled(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise JobCancelled


def test_a_cancelled_import_keeps_whole_batches_and_continues(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifact_ingestion, "_BATCH_FILES", 4)
    for number in range(10):
        write(tmp_path / f"media/a/{number}.txt", b"content %d" % number)
    with pytest.raises(JobCancelled):
        import_media(case, [tmp_path / "media"], actor="t", ctx=_StopAfter(10 + 6))
    with Case.open(case, actor="t") as opened, opened.read() as connection:
        assert len(readers.artifacts(connection)) == 4
        assert json.loads(connection.execute(select(Import.counts)).scalar_one())["complete"] is False
    assert counts(bring(case, tmp_path / "media")) == (6, 4, 0, 0)


def test_a_failure_leaves_nothing_half_done(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "media/a/small.txt", b"small")
    write(tmp_path / "media/a/large.bin", os.urandom(5 << 20))

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(ResourceError, match="disk is full"):
        import_media(case, [tmp_path / "media"], actor="t")
    monkeypatch.undo()
    assert stored(case) == []
    assert counts(bring(case, tmp_path / "media")) == (2, 0, 0, 0)


def test_what_a_killed_import_left_is_swept(case: Path, tmp_path: Path) -> None:
    leftover = write(case / "artifacts_store/.incoming/.tmp-123", b"half")
    write(tmp_path / "media/a/small.txt", b"small")
    bring(case, tmp_path / "media")
    assert not leftover.exists()


def test_a_stored_file_that_was_lost_or_cut_comes_back(case: Path, tmp_path: Path) -> None:
    write(tmp_path / "media/a/small.txt", b"small")
    bring(case, tmp_path / "media")
    stored(case)[0].write_bytes(b"sm")
    assert counts(bring(case, tmp_path / "media")) == (0, 1, 0, 0)
    assert stored(case)[0].read_bytes() == b"small"


def test_an_artifact_of_an_import_that_was_taken_back_comes_back(case: Path, tmp_path: Path) -> None:
    write(tmp_path / "media/a/small.txt", b"small")
    bring(case, tmp_path / "media")
    undo_import(case, actor="t")
    assert counts(bring(case, tmp_path / "media")) == (1, 0, 0, 0)
    with Case.open(case, actor="t") as opened, opened.read() as connection:
        assert len(readers.entity_artifacts(connection)) == 1


def test_nothing_named_or_not_there(case: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Nothing to import"):
        bring(case)
    with pytest.raises(UsageError, match="does not exist"):
        bring(case, tmp_path / "nowhere")
    with pytest.raises(UsageError):
        bring(case, manifest=tmp_path / "nowhere.csv")


def test_folders_are_walked_in_order_of_names(tmp_path: Path) -> None:
    for name in ("b/2", "a/1", "a/0", "b/1"):
        write(tmp_path / "media" / name, b"")
    found = [candidate.path.as_posix()[-3:] for candidate in folder_candidates(tmp_path / "media", {"a", "b"})]
    assert found == ["a/0", "a/1", "b/1", "b/2"]


@pytest.mark.skipif(os.name == "nt", reason="paths of Unix")
def test_folders_nested_deeper_than_a_path_may_be_long_are_refused_where_they_end(case: Path, tmp_path: Path) -> None:
    write(tmp_path / "media/a/above.txt", b"above")
    here = Path.cwd()
    os.chdir(tmp_path / "media/a")
    try:
        for _ in range(2500):
            os.mkdir("d")  # noqa: PTH102 - a path of its own would be too long
            os.chdir("d")
        Path("below.txt").write_bytes(b"below")
    finally:
        os.chdir(here)
    try:
        report = bring(case, tmp_path / "media")
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "media"], check=True)  # Python's own way gives up at a thousand
    assert counts(report) == (1, 0, 0, 1)
    assert report.problems[0].reason == "the folder cannot be read: File name too long"
