"""Every shipped dependency is listed with its licence."""

from __future__ import annotations

import re
from importlib import metadata

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
