"""Every service does on an encrypted case what it does on a plain one; make test-encrypted runs all tests so."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mmdesk.engine.core.types import OnConflict
from mmdesk.engine.services import cases, deletions
from mmdesk.engine.services.audit import verify_audit
from mmdesk.engine.services.exports import export_tables
from mmdesk.engine.services.imports import list_imports, redo_import, undo_import
from mmdesk.engine.services.media_imports import extract, import_media, list_artifacts
from mmdesk.engine.services.table_imports import TableFiles
from mmdesk.engine.store.case import Case
from tests.engine.case_key import KEY
from tests.engine.services.table_cases import ACTOR, bring, contents, write

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


@pytest.mark.plain_case("both kinds are compared")
def test_an_encrypted_case_gives_the_same_as_a_plain_one(tmp_path: Path) -> None:
    plain = _work(tmp_path / "plain", None, tmp_path / "one")
    encrypted = _work(tmp_path / "encrypted", KEY, tmp_path / "two")
    assert encrypted == plain
    in_plain = [path.name for path in (tmp_path / "plain").rglob("case.db") if b"needle" in path.read_bytes()]
    assert len(in_plain) >= 2
    for path in (tmp_path / "encrypted").rglob("case.db*"):
        assert b"needle" not in path.read_bytes()
