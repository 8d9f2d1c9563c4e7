"""kill -9 at random moments of import and extraction: nothing acknowledged is lost, nothing is half there."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmdesk.engine.core.hashing import sha256_file
from mmdesk.engine.core.types import FeatureStatus
from mmdesk.engine.features import cache
from mmdesk.engine.features.layout import default_layout
from mmdesk.engine.features.segments import load_segments
from mmdesk.engine.services.media_imports import extract, import_media
from mmdesk.engine.store import readers
from mmdesk.engine.store.case import Case
from tests.engine.case_key import script
from tests.engine.features import media_samples as samples
from tests.engine.services.media_cases import make_case, write

FILES = 120
_IMPORT = """
import sys
from pathlib import Path
from mmdesk.engine.ingestion import artifact_ingestion
from mmdesk.engine.services.media_imports import import_media
artifact_ingestion._BATCH_FILES = 10
if __name__ == "__main__":
    import_media(Path(sys.argv[1]), [Path(sys.argv[2])], actor="killed")
"""
_EXTRACT = """
import sys
from pathlib import Path
from mmdesk.engine.ingestion import artifact_extraction
from mmdesk.engine.services.media_imports import extract
artifact_extraction._RECORD_ROWS = 1
if __name__ == "__main__":
    extract(Path(sys.argv[1]), 2, actor="killed")
"""


def kill_within(code: str, arguments: list[Path], seconds: float) -> None:
    process = subprocess.Popen(script(code, *arguments), stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    process.kill()
    process.wait()


def check(case: Path) -> tuple[int, int]:
    """Every row's file is whole, every done row's features too; returns how many rows there are of both.

    What the store holds without a row, being killed in between, is whole as well.
    """
    for path in (case / "artifacts_store").glob("[!.]*/*/*"):
        assert sha256_file(path) == path.parent.name + path.name
    with Case.open(case, actor="t") as opened, opened.read() as connection:
        rows = readers.artifacts(connection).to_pylist()
        done = [row for row in rows if row["feature_status"] == FeatureStatus.DONE]
        for row in rows:
            assert sha256_file(case / row["path"]) == row["sha256"]
        for row in done:
            count = len(load_segments(row["segments"]))
            assert cache.load(opened.files, row["feature_key"], count, default_layout().size) is not None
    return len(rows), len(done)


def try_kills(tmp_path: Path, kills: int) -> None:
    rng = random.Random(kills)
    case, media = make_case(tmp_path / "case", ["a"]), tmp_path / "media"
    for number in range(FILES):
        write(media / f"a/{number}.png", samples.encode(samples.picture(30, 40, number)))
    imported = done = 0
    for _ in range(kills):
        kill_within(_IMPORT, [case, media], rng.uniform(0.4, 2.0))
        found, _ = check(case)
        assert found >= imported
        imported = found
    report = import_media(case, [media], actor="t")
    assert (report.artifacts, report.unchanged, report.refused) == (FILES - imported, imported, 0)
    for _ in range(kills):
        kill_within(_EXTRACT, [case], rng.uniform(1.0, 4.0))
        _, found = check(case)
        assert found >= done
        done = found
    finished = extract(case, 1, actor="t")
    assert (finished.done, finished.failed, finished.pending) == (FILES, 0, 0)
    assert check(case) == (FILES, FILES)
    assert sum(path.is_file() for path in (case / "artifacts_store").rglob("*")) == FILES
    assert not list((case / "feature_cache").glob(".tmp-*"))


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
def test_a_kill_in_import_and_one_in_extraction(tmp_path: Path) -> None:
    try_kills(tmp_path, 1)


@pytest.mark.soak
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
def test_many_kills(tmp_path: Path) -> None:
    try_kills(tmp_path, 25)
