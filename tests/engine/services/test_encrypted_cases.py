"""Every service does on an encrypted case what it does on a plain one; make test-encrypted runs all tests so."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mmdesk.engine.core.types import OnConflict, Verdict
from mmdesk.engine.dataset.snapshot import read_snapshot
from mmdesk.engine.explanation.explanation import to_json
from mmdesk.engine.services import cases, deletions, doctor, explanations, run_purges, runs
from mmdesk.engine.services.audit import verify_audit
from mmdesk.engine.services.exports import export_tables
from mmdesk.engine.services.imports import list_imports, redo_import, undo_import
from mmdesk.engine.services.media_imports import extract, import_media, list_artifacts
from mmdesk.engine.services.table_imports import TableFiles
from mmdesk.engine.services.tidying import tidy_media
from mmdesk.engine.store.case import Case
from tests.engine.case_key import KEY
from tests.engine.services.table_cases import ACTOR, bring, contents, write
from tests.engine.services.trained_cases import quick, training_here

FIRST = {
    "entities": "entity_id,age,secret\na,1,needle\nb,2,hay\n",
    "events": "event_id,entity_id,event_type,value,timestamp\ne,a,pay,1,2020-01-01\n",
    "interactions": "source_id,target_id,weight\na,b,1\na,b,1\n",
    "targets": "entity_id,y_class\na,1\n",
}


def _work(folder: Path, key: bytes | None, files: Path) -> tuple[object, ...]:
    """Much of what one does with a case; what can be seen of it at the end."""
    with Case.create(folder, actor=ACTOR, key=key) as case:
        tables = TableFiles(**{name: write(files / f"{name}.csv", content) for name, content in FIRST.items()})
        bring(case, tables)
        write(files / "media" / "a" / "one.txt", "one")
        import_media(folder, [files / "media"], actor=ACTOR)
        kept = cases.backup_case(folder)
        bring(
            case,
            TableFiles(entities=write(files / "more.csv", "entity_id,age\na,9\nc,3\n")),
            on_conflict=OnConflict.REPLACE,
        )
        undo_import(folder, actor=ACTOR)
        redo_import(folder, actor=ACTOR)
        deletions.delete_entities(folder, ["b"], actor=ACTOR)
        seen = (contents(case), [one.kind for one in list_imports(folder)], cases.data_health(folder))
        cases.restore_case(folder, kept.name, actor=ACTOR)
        done = extract(folder, 1, actor=ACTOR).done
        out = Path(export_tables(folder, folder.parent / f"{folder.name}-out").folder)
        rows = {path.stem: pq.read_metadata(path).num_rows for path in sorted(out.glob("*.parquet"))}
        found = (*seen, contents(case), done, rows, [row.sha256 for row in list_artifacts(folder)])
    audit = verify_audit(folder)
    assert audit.verified
    return (*found, audit.entries)


MARKER = "Zz7qKx9vB"
"""So long that encrypted bytes do not hold it by chance: three letters are in one megabyte of seventeen."""
_PEOPLE = range(40)
MARKED = {
    "entities": "entity_id,Zz7qKx9vBattribute,age\n"
    + "".join(f"Zz7qKx9vBe{n},Zz7qKx9vBv{n % 2},{n}\n" for n in _PEOPLE),
    "events": "entity_id,event_type,value,timestamp\n"
    + "".join(f"Zz7qKx9vBe{n},Zz7qKx9vBevent,{n},2020-01-{n % 28 + 1:02d}\n" for n in _PEOPLE),
    "interactions": "source_id,target_id,interaction_type,weight\n"
    + "".join(f"Zz7qKx9vBe{n},Zz7qKx9vBe{(n + 1) % 40},Zz7qKx9vBtie,1\n" for n in _PEOPLE),
    "targets": "entity_id,y_class,y_reg\n" + "".join(f"Zz7qKx9vBe{n},{n % 2},{8731.0625 + n}\n" for n in _PEOPLE),
}
_TARGET = struct.pack("<d", 8731.0625)


def _trained(folder: Path, key: bytes | None, files: Path) -> tuple[object, ...]:
    """A case with markers in everything, trained, explained, verified, exported and kept; what came of it."""
    with Case.create(folder, actor=ACTOR, key=key) as case:
        bring(case, TableFiles(**{name: write(files / f"{name}.csv", content) for name, content in MARKED.items()}))
    write(files / "media" / "Zz7qKx9vBe1" / "Zz7qKx9vBname.txt", "Zz7qKx9vB evidence")
    import_media(folder, [files / "media"], actor=ACTOR)
    extract(folder, 1, actor=ACTOR)
    quick(folder, {"epochs": 1, "drop_columns": ["age"]}, name="first")
    explained = [to_json(one) for one in explanations.explain_many(folder, "first", ["Zz7qKx9vBe3"], cached=True)]
    with training_here():
        verdict = runs.reproduce(folder, "first", actor=ACTOR).verdict
    cases.backup_case(folder)
    page = runs.show_run(folder, "first")
    assert page.manifest["event_types"]
    assert page.history
    assert page.card
    with Case.open(folder, actor=ACTOR) as case:
        frozen = read_snapshot(case.files, page.row.data_sha256)
    arrays = (frozen.event_value.tobytes(), frozen.targets.y_reg.tobytes(), list(frozen.entity_ids))
    return explained, verdict, page.row.data_sha256, page.row.model_sha256, page.card, arrays


def _saying(folder: Path, *words: bytes) -> set[str]:
    """Where in the case folder there are files with one of these words in them or in their names."""
    found = set()
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes() + str(path.relative_to(folder)).encode()
        if any(word in content for word in words):
            found.add(path.relative_to(folder).parts[0])
    return found


@pytest.mark.plain_case("both kinds are compared")
def test_no_file_beside_the_evidence_tells_what_is_in_an_encrypted_case(tmp_path: Path) -> None:
    plain, encrypted = tmp_path / "plain", tmp_path / "encrypted"
    assert _trained(encrypted, KEY, tmp_path / "files") == _trained(plain, None, tmp_path / "files")
    words = (MARKER.encode(), _TARGET, b"8731.0625")
    assert _saying(encrypted, *words) == {"artifacts_store"}
    assert _saying(plain, *words) >= {"artifacts_store", "snapshots", "models", "backups", "case.db"}

    # What an earlier version left in plain is used as it is, named by the doctor, and encrypted by the next training.
    for name in ("snapshots", "models"):
        shutil.rmtree(encrypted / name)
        shutil.copytree(plain / name, encrypted / name)
    with training_here():
        assert runs.reproduce(encrypted, "first", actor=ACTOR).verdict is Verdict.IDENTICAL
    (named,) = [check for check in doctor._case(encrypted) if check.name == "encryption"]
    assert "are not encrypted" in named.text
    quick(encrypted, {"epochs": 1, "drop_columns": ["age"]})
    assert _saying(encrypted, *words) == {"artifacts_store"}
    assert [check.name for check in doctor._case(encrypted)] == ["case"]
    with training_here():
        assert runs.reproduce(encrypted, "first", actor=ACTOR).verdict is Verdict.IDENTICAL
    tidy_media(encrypted, actor=ACTOR)
    runs.delete_run(encrypted, "first", actor=ACTOR)
    (gone,) = run_purges.purge_runs(encrypted, ["first"], actor=ACTOR).snapshots
    assert not (encrypted / "snapshots" / gone).exists()


@pytest.mark.plain_case("both kinds are compared")
def test_an_encrypted_case_gives_the_same_as_a_plain_one(tmp_path: Path) -> None:
    plain = _work(tmp_path / "plain", None, tmp_path / "one")
    encrypted = _work(tmp_path / "encrypted", KEY, tmp_path / "two")
    assert encrypted == plain
    in_plain = [path.name for path in (tmp_path / "plain").rglob("case.db") if b"needle" in path.read_bytes()]
    assert len(in_plain) >= 2
    for path in (tmp_path / "encrypted").rglob("case.db*"):
        assert b"needle" not in path.read_bytes()
