"""A small case made with the real services: tables, media with one broken file, features, and trained runs."""

from __future__ import annotations

import shutil
from pathlib import Path

from mmdesk.engine.services import cases, media_imports, runs, samples, table_imports

ACTOR = "tester"
ENTITIES = 60
MEDIA = 40
QUICK: dict[str, object] = {"epochs": 2, "limits.events": 8}


def make_data(folder: Path, entities: int = ENTITIES) -> Path:
    """Synthetic input files; of the media every few, one picture broken."""
    samples.synth(folder, entities)
    manifest = folder / "artifacts.csv"
    header, *rows = manifest.read_text(encoding="utf-8").splitlines()
    kept = rows[:: max(len(rows) // MEDIA, 1)]
    manifest.write_text("\n".join([header, *kept]) + "\n", encoding="utf-8")
    broken = folder / next(row for row in kept if ".jpg" in row).split(",")[1]
    broken.write_bytes(broken.read_bytes()[:40])
    return folder


def make_case(folder: Path, data: Path, *, extract: bool = True) -> Path:
    """A case with everything imported."""
    cases.new_case(folder, name="Payments review", actor=ACTOR)
    files = table_imports.TableFiles(
        *(data / f"{name}.csv" for name in ("entities", "events", "interactions", "targets"))
    )
    table_imports.import_tables(folder, files, actor=ACTOR)
    media_imports.import_media(folder, manifest=data / "artifacts.csv", actor=ACTOR)
    if extract:
        media_imports.extract(folder, actor=ACTOR)
    return folder


def train(folder: Path, name: str, **config: object) -> str:
    """A quick run; returns its id."""
    return runs.train(folder, {**QUICK, **config}, name=name, actor=ACTOR).run_id


def copy_case(case: Path, to: Path) -> Path:
    """A case of one's own."""
    shutil.copytree(case, to)
    return to
