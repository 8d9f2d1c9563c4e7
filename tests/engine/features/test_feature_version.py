from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import mmdesk.engine.features
from mmdesk.engine.features import feature_version as module
from mmdesk.engine.features.feature_version import feature_version, library_versions

FOLDER = Path(str(mmdesk.engine.features.__file__)).parent
UNINVOLVED = {"__init__", "cache", "extraction_pool", "feature_set", "feature_version", "worker"}


def test_every_extractor_counts_and_the_machinery_does_not() -> None:
    counted = {Path(name).stem for name in module._CODE}
    assert counted == {path.stem for path in FOLDER.glob("*.py")} - UNINVOLVED


def test_extractors_import_nothing_of_the_features_that_does_not_count() -> None:
    for name in module._CODE:
        tree = ast.parse((FOLDER.parent / name).read_text(encoding="utf-8"))
        modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        used = {module.rsplit(".", 1)[-1] for module in modules if module.startswith("mmdesk.engine.features.")}
        assert not used & UNINVOLVED, name


def test_the_version_follows_code_layout_and_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    before = feature_version()
    assert re.fullmatch(r"[0-9a-f]{64}", before)
    assert "missing" not in library_versions().values()
    for name, replacement in {
        "code_hash": lambda *_: "other",
        "library_versions": lambda: {"numpy": "0"},
    }.items():
        with monkeypatch.context() as patch:
            patch.setattr(module, name, replacement)
            assert feature_version() != before
    assert feature_version() == before
