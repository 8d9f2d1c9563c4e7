"""The window's texts and their catalogues.

    python -m tests.translations

gathers the texts that go through :mod:`mmdesk.ui.language`, writes ``resources/translations/mmdesk.pot``, and takes new
texts into each language's ``mmdesk.po`` (untranslated; those that are gone go) and ``mmdesk.mo``. Then translate what
has no ``msgstr`` yet and run it again.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
WINDOW = ROOT / "mmdesk" / "ui"
FOLDER = ROOT / "resources" / "translations"
TEMPLATE = FOLDER / "mmdesk.pot"
FUNCTIONS = {"tr": 1, "tr_later": 1, "tr_n": 2, "tr_in": 2}
"""The functions of :mod:`mmdesk.ui.language`, and how many of their arguments are written-out texts."""
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""The files say nothing of when they were made, so that they change only with their texts."""


class Text(NamedTuple):
    """A text as a catalogue keeps it: a sentence, or one with its plural; ``context`` only from ``tr_in``."""

    said: str | tuple[str, str]
    context: str | None
    file: str
    line: int


class NotWrittenOutError(ValueError):
    """A text that nobody can gather, since it is not in the source where it is asked for."""


def sources() -> list[Path]:
    """The modules of the window, but for the one that translates."""
    return sorted(path for path in WINDOW.rglob("*.py") if path.name != "language.py")


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call of one of the translating functions in a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            yield node.func.id, node


def texts_of(path: Path) -> Iterator[Text]:
    """The texts of one module; those that were gathered elsewhere (``tr(name)``) are passed over.

    Raises:
        NotWrittenOutError: Something other than a name or a text is translated, such as an f-string.
    """
    file = path.relative_to(ROOT).as_posix()
    for function, call in calls(path):
        given = call.args[: FUNCTIONS[function]]
        texts = [part.value for part in given if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if function == "tr" and isinstance(given[0], (ast.Name, ast.Attribute)):
            continue
        if len(texts) != FUNCTIONS[function]:
            raise NotWrittenOutError(f"{file}:{call.lineno}: {ast.unparse(call)}")
        if function == "tr_n":
            yield Text((texts[0], texts[1]), None, file, call.lineno)
        else:
            yield Text(texts[-1], texts[0] if function == "tr_in" else None, file, call.lineno)


@cache
def gathered() -> Catalog:
    """All texts of the window, by the files they are in."""
    catalog = Catalog(project="mmdesk", version="", header_comment="# Texts of mmdesk's window.", fuzzy=False)
    for path in sources():
        for text in sorted(texts_of(path), key=lambda one: one.line):
            catalog.add(text.said, locations=[(text.file, 0)], context=text.context)
    return catalog


def languages() -> list[Path]:
    """The catalogues there are."""
    return sorted(FOLDER.glob("*/LC_MESSAGES/mmdesk.po"))


def catalogue(path: Path) -> Catalog:
    """A catalogue as it is kept."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parents[1].name, domain="mmdesk")


def untranslated(catalog: Catalog) -> list[str]:
    """The texts that have no translation yet."""
    return [str(message.id) for message in catalog if message.id and not all(strings(message))]


def strings(message: Message) -> tuple[str, ...]:
    """A message's translations: one, or one for each plural form; empty text = not translated."""
    said = message.string
    return (said or "",) if said is None or isinstance(said, str) else tuple(said)


def _write(path: Path, catalog: Catalog) -> None:
    catalog.creation_date = catalog.revision_date = _NO_DATE
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = ""
    catalog.fuzzy = False
    with path.open("wb") as file:
        write_po(file, catalog, width=100, include_lineno=False, ignore_obsolete=True)


def main() -> int:
    """Bring template and catalogues up to date; 1 if a language lacks texts."""
    template = gathered()
    _write(TEMPLATE, template)
    lacking = 0
    for path in languages():
        catalog = catalogue(path)
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        _write(path, catalog)
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalog)
        missing = untranslated(catalog)
        lacking += len(missing)
        print(f"{path.parents[1].name}: {len(catalog)} texts, {len(missing)} of them not translated")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
