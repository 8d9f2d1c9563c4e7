"""The window's language: which one, and how texts are found and filled."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from mmdesk.engine.explanation.references import Custody, custody_words
from mmdesk.engine.services.runs import config_fields
from mmdesk.ui import language
from mmdesk.ui.engine_sentences import ENGINE_SENTENCES, translated
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


def test_sentences_of_the_engine_that_are_translated_are_those_it_says() -> None:
    says = {field.help for field in config_fields()}
    says |= {custody_words(standing, imported=imported) for standing in Custody for imported in (True, False)}
    assert says - set(ENGINE_SENTENCES) == set()


def test_a_sentence_of_the_engine_is_found_whatever_its_numbers_are(monkeypatch: pytest.MonkeyPatch) -> None:
    english = "1,234 files have no features and were left out; extract them under Import, Media"
    assert translated(english) == english
    assert translated("nobody says -2.5 of this") == "nobody says \N{MINUS SIGN}2.5 of this"
    monkeypatch.setattr(language, "LANGUAGE", "de")
    monkeypatch.setattr(language, "_catalogue", language._catalogue_of("de"))
    assert translated(english).startswith("1.234 Dateien haben keine Features")
    assert translated("35 of 49 files") == "35 von 49 Dateien"
    assert translated("a {b} says 2.5") == "a {b} says 2,5"


_LOOK = """
import json
from PySide6.QtWidgets import QDialogButtonBox, QLabel
from mmdesk.ui.app import application, make_window

app = application()
window = make_window(app)
window.show()
window.build_rooms()
page, box = window.start_page, QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
print(json.dumps({
    "menus": [action.text() for action in window.menuBar().actions()],
    "case": [action.text() for action in window.menuBar().actions()[0].menu().actions() if action.text()],
    "tabs": [window.tabs.tabText(place) for place in range(window.tabs.count())],
    "page": [label.text() for label in page.findChildren(QLabel)],
    "qt": box.buttons()[0].text(),
    "keys": [command.key for command in window.commands.all[:2]],
}))
window.close_now()
"""


def test_the_window_speaks_german_and_keeps_its_keys() -> None:
    given = {**os.environ, "MMDESK_LANGUAGE": "de"}
    done = subprocess.run([sys.executable, "-c", _LOOK], env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert [name.replace("&", "") for name in seen["menus"]] == [
        "Fall", "Bearbeiten", "Importieren", "Trainieren", "Läufe", "Erklären", "Ansicht", "Hilfe",
    ]  # fmt: skip
    mnemonics = [name[name.index("&") + 1].casefold() for name in seen["menus"]]
    assert len(set(mnemonics)) == len(mnemonics)
    assert {"Neu…", "Öffnen…", "Voreinstellungen…", "Beenden"} <= set(seen["case"])
    assert seen["tabs"] == ["Importieren", "Trainieren", "Läufe", "Erklären"]
    assert {"Zuletzt geöffnete Fälle", "Beispielfall", "Geöffnete Fälle stehen hier."} <= set(seen["page"])
    assert seen["qt"] == "Abbrechen", "Qt's own texts come along"
    assert seen["keys"] == ["Edit/Undo", "Edit/Redo"], "by which shortcuts are kept in every language"
