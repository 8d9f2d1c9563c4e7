"""The window's language: which one, and how texts are found and filled."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mmdesk.ui.language import longer, tr, tr_in, tr_n
from mmdesk.ui.settings import Preferences, Settings

_SAY = "from mmdesk.ui.language import LANGUAGE; print(LANGUAGE)"


def _spoken(**environment: str) -> str:
    given = {name: value for name, value in os.environ.items() if name not in {"MMDESK_LANGUAGE", "LANGUAGE", "LANG"}}
    done = subprocess.run(
        [sys.executable, "-c", _SAY], env={**given, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_environment_then_the_preference_then_the_system_say_what_is_spoken() -> None:
    system = {"LC_ALL": "de_AT.UTF-8", "LANGUAGE": "fr:de:en"}
    assert _spoken(**system) == "de"
    assert _spoken(LC_ALL="fr_FR.UTF-8", LANGUAGE="fr") == "en", "no catalogue for it"
    Settings().preferences = Preferences(language="en")
    assert _spoken(**system) == "en"
    assert _spoken(**system, MMDESK_LANGUAGE="de") == "de"


def test_texts_are_filled_and_numbers_choose_the_form() -> None:
    assert tr("{name} was opened", name="a {b}") == "a {b} was opened"
    assert tr("100 % {as} it is") == "100 % {as} it is"
    assert tr("") == "", "and not the catalogue's header"
    assert [tr_n("{n:,} run", "{n:,} runs of {case}", n, case="x") for n in (1, 2000)] == ["1 run", "2,000 runs of x"]
    assert tr_in("verb", "Open") == "Open"


@pytest.mark.parametrize(("text", "drawn_out"), [
    ("OK", "OKé"), ("Open case…", "Open caseéàîõ…"), ("{n:,} runs:", "{n:,} runséàî:"), ("Is it so?", "Is it soéàîõ?"),
])  # fmt: skip
def test_the_long_language_is_longer_by_two_fifths_and_ends_alike(text: str, drawn_out: str) -> None:
    assert longer(text) == drawn_out
