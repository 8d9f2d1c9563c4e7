"""A stored evidence file goes only when nothing needs it: no row, deleted or not, no backup, no snapshot of a run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmdesk.engine.core.errors import MmdeskError
from mmdesk.engine.core.hashing import sha256_bytes
from mmdesk.engine.core.jobs import JobCancelled
from mmdesk.engine.ingestion import artifact_copies
from mmdesk.engine.ingestion.artifact_rows import ArtifactRows
from mmdesk.engine.services.audit import list_audit, verify_audit
from mmdesk.engine.services.deletions import delete_artifacts, delete_entities
from mmdesk.engine.services.imports import undo_import
from mmdesk.engine.services.media_imports import import_media, list_artifacts, read_artifact
from mmdesk.engine.services.table_imports import TableFiles
from mmdesk.engine.services.tidying import tidy_media
from mmdesk.engine.store import backup
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.evidence_files import YOUNG_S
from tests.engine.services.table_cases import ACTOR, bring, write


def _stored(case: Case) -> dict[str, Path]:
    places = (path for path in case.paths.artifacts.rglob("*") if path.is_file())
    return {sha256_bytes(path.read_bytes()): path for path in places}


def _grow_old(case: Case) -> None:
    for path in _stored(case).values():
        found = path.stat()
        os.utime(path, (found.st_atime, found.st_mtime - YOUNG_S - 60))


def _stop(*_: object) -> None:
    """Cancels the import once its files are in the store and before their rows are written."""
    raise JobCancelled


@pytest.fixture
def filled(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Two files of an entity, and one that an import left behind which was cancelled."""
    bring(case, TableFiles(entities=write(tmp_path / "e.csv", "entity_id\na\nb\n")))
    for name in ("one", "two"):
        write(tmp_path / "media" / "a" / f"{name}.txt", name)
    import_media(case.folder, [tmp_path / "media"], actor=ACTOR)
    write(tmp_path / "stopped" / "b" / "left.txt", "left behind")
    with monkeypatch.context() as patched, pytest.raises(JobCancelled):
        patched.setattr(ArtifactRows, "write", _stop)
        import_media(case.folder, [tmp_path / "stopped"], actor=ACTOR)
    assert len(_stored(case)) == 3
    return case


def test_what_a_stopped_import_left_goes_when_it_is_old_and_nothing_else(filled: Case, tmp_path: Path) -> None:
    young = tidy_media(filled.folder, actor=ACTOR)
    assert (young.files, young.young) == (0, 1)
    entries = len(list_audit(filled.folder))
    _grow_old(filled)
    tried = tidy_media(filled.folder, dry_run=True, actor=ACTOR)
    assert (tried.files, tried.size_bytes, tried.young, tried.dry_run) == (1, len("left behind"), 0, True)
    assert (len(_stored(filled)), len(list_audit(filled.folder))) == (3, entries)
    done = tidy_media(filled.folder, actor=ACTOR)
    assert (done.files, done.size_bytes, done.young, done.dry_run) == (1, len("left behind"), 0, False)
    assert set(_stored(filled)) == {sha256_bytes(b"one"), sha256_bytes(b"two")}
    entry = list_audit(filled.folder, limit=1)[0]
    assert (entry.action, entry.details) == ("media.tidy", {"files": 1, "sha256": [sha256_bytes(b"left behind")]})
    assert tidy_media(filled.folder, actor=ACTOR).files == 0
    assert list_audit(filled.folder, limit=1)[0] == entry
    assert verify_audit(filled.folder).verified
    assert import_media(filled.folder, [tmp_path / "stopped"], actor=ACTOR).artifacts == 1


def test_rows_keep_their_files_however_they_were_deleted(filled: Case) -> None:
    (filled.paths.artifacts / "images" / "ab").mkdir(parents=True)
    write(filled.paths.artifacts / "images" / "ab" / "notes.txt", "somebody's own")
    delete_artifacts(filled.folder, ["one.txt"], actor=ACTOR)
    _grow_old(filled)
    assert tidy_media(filled.folder, actor=ACTOR).files == 1
    undo_import(filled.folder, actor=ACTOR)
    delete_entities(filled.folder, ["a"], actor=ACTOR)
    assert tidy_media(filled.folder, actor=ACTOR).files == 0
    assert set(_stored(filled)) == {sha256_bytes(text) for text in (b"one", b"two", b"somebody's own")}


def test_backups_keep_their_files(filled: Case, tmp_path: Path) -> None:
    empty = backup.make(filled.folder, filled.file, "manual")
    write(tmp_path / "more" / "b" / "three.txt", "three")
    import_media(filled.folder, [tmp_path / "more"], actor=ACTOR)
    backup.restore(filled.folder, empty, actor=ACTOR)  # what was there is kept as a backup of its own
    _grow_old(filled)
    assert tidy_media(filled.folder, actor=ACTOR).files == 1
    assert sha256_bytes(b"three") in _stored(filled)
    kept = next(info for info in backup.listed(filled.folder) if info.reason == "before-restore")
    backup.restore(filled.folder, kept, actor=ACTOR)
    assert len(list_artifacts(filled.folder)) == 3
    assert read_artifact(filled.folder, sha256_bytes(b"three")) == b"three"
    backup.restore(filled.folder, empty, actor=ACTOR)
    for info in backup.listed(filled.folder):
        shutil.rmtree(filled.paths.backups / info.name)
    _grow_old(filled)
    assert tidy_media(filled.folder, actor=ACTOR).files == 1
    assert sha256_bytes(b"three") not in _stored(filled)


def test_the_snapshot_of_a_run_keeps_its_files(filled: Case) -> None:
    left = sha256_bytes(b"left behind")
    place = filled.paths.snapshots / ("0" * 64)
    place.mkdir()
    pq.write_table(pa.table({"artifact_sha256": [left], "artifact_media": ["other"]}), place / "artifacts.parquet")
    _grow_old(filled)
    assert tidy_media(filled.folder, actor=ACTOR).files == 0
    (place / "artifacts.parquet").write_bytes(b"PAR1 cut short")
    with pytest.raises(MmdeskError) as caught:
        tidy_media(filled.folder, actor=ACTOR)
    assert caught.value.code == "store.damaged"
    assert left in _stored(filled)


def test_a_file_that_an_import_finds_in_the_store_is_young_again(
    filled: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _grow_old(filled)
    monkeypatch.setattr(ArtifactRows, "write", _stop)
    with pytest.raises(JobCancelled):
        import_media(filled.folder, [tmp_path / "stopped"], actor=ACTOR)
    assert tidy_media(filled.folder, actor=ACTOR).young == 1


def test_an_import_sweeps_only_what_cannot_be_of_another_under_way(filled: Case, tmp_path: Path) -> None:
    incoming = filled.folder / artifact_copies.INCOMING
    incoming.mkdir(exist_ok=True)
    fresh, stale = write(incoming / "fresh", "x"), write(incoming / "stale", "x")
    os.utime(stale, (1, 1))
    import_media(filled.folder, [tmp_path / "stopped"], actor=ACTOR)
    assert (fresh.exists(), stale.exists()) == (not filled.file.is_sqlite, False)
