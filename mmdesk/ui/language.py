"""The window's language: every text that it shows goes through :func:`tr` or its kin.

The language is settled when this module is first imported, so that texts at module level are right too: by
``MMDESK_LANGUAGE`` (``en``, ``de``; ``long`` makes every English text 40 % longer, to look for what gets clipped),
else by the preference, else by the system's languages where there is a catalogue for one of them. Catalogues are GNU
gettext's, in ``resources/translations``; ``python -m tests.translations`` brings them up to date.

What the engine says stays English in reports and files, which must read alike wherever they were made. The window shows
the sentences in :mod:`mmdesk.ui.engine_sentences` in its language; errors and their hints, accounts, and whatever else
is not there stay English, with the window's numbers in them. So do the field's own terms (AUROC, SHA-256), and what was
imported stays letter by letter.
"""

from __future__ import annotations

import gettext
import math
import os
import re
import string
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mmdesk.ui.resources import resource

if TYPE_CHECKING:
    from PySide6.QtCore import QCoreApplication

VARIABLE = "MMDESK_LANGUAGE"
"""The environment's word on the language; processes that the window starts inherit its language by it."""
LANGUAGES = {"en": "English", "de": "Deutsch"}
"""Each by its own name: who looks for one cannot read the others."""
LONG = "long"
_MARKS = {"de": str.maketrans(",.", ".,")}
"""What stands for the marks of English numbers, by language."""
_COMMA = re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+),\d*([eE][-+]?\d+)?")
_ENGLISH = re.compile(r"[-+]?\d{1,3}(,\d{3})+\.\d*")
_GROUPS = re.compile(r"[-+]?[1-9]\d{0,2}(\.\d{3})+")
"""Numbers with a comma before the fraction, with points between thousands or without; English ones with both marks;
and those of which nobody can tell what their points part."""
_LONGER = 0.4
_PADDING = "éàîõ üñøå "


def tr(text: str, /, **values: object) -> str:
    """``text`` in the window's language, its ``{placeholders}`` filled with ``values``.

    ``text`` is written out where this is called, for that is where the catalogue's texts are gathered from.
    """
    said = _catalogue.gettext(text) if text else ""
    return _filled(said, values) if values else said


def tr_n(one: str, many: str, n: int, /, **values: object) -> str:
    """The text for ``n`` things, which both forms may name as ``{n:,}``."""
    return _filled(_catalogue.ngettext(one, many, n), {"n": n, **values})


def tr_in(context: str, text: str, /, **values: object) -> str:
    """Like :func:`tr` where one English word has several meanings; ``context`` says which, to the translator only."""
    said = _catalogue.pgettext(context, text)
    return _filled(said, values) if values else said


def in_marks(number: str) -> str:
    """A number as Python writes it (``-1,234.5``), with the marks of the window's language (``-1.234,5``).

    Source: CLDR 46, numbers of ``de``: a point parts thousands, a comma the fraction.
    """
    return number.translate(_MARKS.get(LANGUAGE, {}))


def out_of_marks(number: str) -> str:
    """The same back, for Python to read; a number with the marks of English stays one where it can be no other.

    Raises:
        ValueError: It can be one of two.
    """
    if _ENGLISH.fullmatch(number):
        return number.replace(",", "")
    if in_marks(",") != ".":
        return number
    if _GROUPS.fullmatch(number):
        raise ValueError(f"could not convert {number!r}: its point may part thousands or the fraction")
    return in_marks(number).replace(",", "") if _COMMA.fullmatch(number) else number


class _Filling(string.Formatter):
    """Fills placeholders; numbers that a placeholder says how to write get the language's marks."""

    def format_field(self, value: Any, format_spec: str) -> str:
        said = str(super().format_field(value, format_spec))
        return in_marks(said) if format_spec and isinstance(value, (int, float)) else said


def _filled(text: str, values: Mapping[str, object]) -> str:
    return _FILLING.vformat(text, (), values)


def tr_later(text: str, /) -> str:
    """``text`` as it is, for the catalogue; whoever shows it calls :func:`tr`. For texts that are keys, too."""
    return text


def longer(text: str) -> str:
    """``text`` 40 % longer, placeholders not counted, before the ``…``, ``:`` or ``.`` that ends it."""
    letters = len(re.sub(r"\{[^}]*\}", "", text))
    body = text.rstrip("…:.?! ")
    more = max(1, math.ceil(_LONGER * letters))
    padding = (_PADDING * (more // len(_PADDING) + 1))[:more]
    return f"{body}{padding.rstrip()}{'é' if padding.endswith(' ') else ''}{text[len(body) :]}"


class _Longer(gettext.NullTranslations):
    """English, drawn out."""

    def gettext(self, message: str) -> str:
        return longer(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return longer(super().ngettext(msgid1, msgid2, n))

    def pgettext(self, context: str, message: str) -> str:  # noqa: ARG002
        return longer(message)


def after_restart() -> str:
    """What the window would speak if it were started now: the environment's, the user's, the system's choice."""
    if GIVEN in LANGUAGES or GIVEN == LONG:
        return GIVEN
    # Not above: most processes of the window are told by the environment and need no Qt.
    from PySide6.QtCore import QLocale

    from mmdesk.ui.settings import Settings

    chosen = Settings().language
    if chosen in LANGUAGES:
        return chosen
    # The first language that the reader asks for and that is there; "de-AT" asks for German.
    asked = (name.partition("-")[0] for name in QLocale.system().uiLanguages())
    return next((name for name in asked if name in LANGUAGES), "en")


def _catalogue_of(language: str) -> gettext.NullTranslations:
    if language == LONG:
        return _Longer()
    return gettext.translation("mmdesk", resource("translations"), [language], fallback=True)


def speak_for_qt(app: QCoreApplication) -> None:
    """Let Qt's own texts (buttons of dialogs, choosing files) be in the window's language."""
    from PySide6.QtCore import QLibraryInfo, QTranslator

    translator = QTranslator(app)
    if translator.load(f"qtbase_{LANGUAGE}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(translator)


_FILLING = _Filling()
GIVEN = os.environ.get(VARIABLE, "")
"""The environment's word as it was when this process began."""
LANGUAGE = after_restart()
"""What this process speaks."""
_catalogue = _catalogue_of(LANGUAGE)
