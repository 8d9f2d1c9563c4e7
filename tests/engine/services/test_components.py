"""Every shipped dependency is listed with its licence."""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.services.components import components, licence_text


def test_what_is_shipped_is_listed_with_version_and_licence() -> None:
    found = {one.name: one for one in components()}
    needed = [re.split(r"[\[<>=; ]", line)[0] for line in metadata.requires("mmdesk") or [] if "extra ==" not in line]
    plain = {re.sub(r"[-_.]+", "-", name).lower(): one for name, one in found.items()}
    assert len(needed) > 20
    for name in needed:
        one = plain[re.sub(r"[-_.]+", "-", name).lower()]
        assert one.version == metadata.version(name)
    assert "psycopg-binary" in plain, "what an extra in brackets brings"
    assert "numpy" in plain
    assert "pytest" not in plain
    assert "librosa" not in plain
    assert [one.name for one in found.values() if not one.licence and not one.has_text] == []


def test_texts_are_those_of_the_wheels() -> None:
    assert "Redistribution and use in source and binary forms" in licence_text("numpy")
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in licence_text("psycopg").upper()
    assert licence_text("torch").count("=====") > 20, "one for each of its parts"
    with pytest.raises(UsageError):
        licence_text("no such thing")


def test_a_packaged_program_lists_what_it_brings_from_its_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [{"name": "libssl3", "version": "3.0.17-1", "home": "https://www.openssl.org/", "files": ["libssl.so.3"]}]
    (tmp_path / "licences").mkdir()
    (tmp_path / "licences" / "parts.json").write_text(json.dumps(parts), encoding="utf-8")
    (tmp_path / "licences" / "libssl3.txt").write_text("Apache-2.0, the text of it", encoding="utf-8")
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    found = {one.name: one for one in components()}
    assert (found["libssl3"].version, found["libssl3"].has_text) == ("3.0.17-1", True)
    assert licence_text("libssl3") == "Apache-2.0, the text of it"
    assert "numpy" in found
    assert "mmdesk" not in found
