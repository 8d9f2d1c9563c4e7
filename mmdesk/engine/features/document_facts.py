"""What documents say of themselves: who wrote them, when and with what, under the names of the module facts.

Besides those: ``author``, ``editor`` (who saved last), ``company``, ``keywords``, ``producer`` (what made the PDF).

Source: ISO 32000-1 14.3.3 and 7.9.4 (information dictionary, dates), ECMA-376 part 2 clause 11 (core properties),
OpenDocument 1.3 part 3 clause 4.3 (meta data).
"""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from xml.parsers import expat

from mmdesk.engine.features.facts import MOST_CHARACTERS, moment_of, text_of

_LARGEST_BYTES = 256 << 10
_MOMENTS = frozenset({"created", "changed"})

_ENTRIES: Mapping[str, Mapping[str, str]] = {
    "docProps/core.xml": {
        "title": "title",
        "creator": "author",
        "lastModifiedBy": "editor",
        "created": "created",
        "modified": "changed",
        "subject": "description",
        "description": "comment",
        "keywords": "keywords",
    },
    "docProps/app.xml": {"Application": "software", "Company": "company"},
    "meta.xml": {
        "title": "title",
        "initial-creator": "author",
        "creator": "editor",
        "creation-date": "created",
        "date": "changed",
        "subject": "description",
        "description": "comment",
        "keyword": "keywords",
        "generator": "software",
    },
}
"""Entry of an office file -> element -> fact."""


BROKEN_PACKING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
"""What reading a damaged entry of a zip archive raises, by the way it is packed."""


def office_facts(archive: zipfile.ZipFile) -> dict[str, object]:
    """Of an Office or OpenDocument file; what is broken is left out."""
    facts: dict[str, object] = {}
    for name, wanted in _ENTRIES.items():
        with suppress(KeyError, RuntimeError, *BROKEN_PACKING):
            with archive.open(name) as entry:
                found = _elements(entry.read(_LARGEST_BYTES), wanted)
            facts |= _cleaned(found)
    return facts


def _cleaned(told: Mapping[str, str]) -> dict[str, object]:
    facts = {name: moment_of(text) if name in _MOMENTS else text_of(text) for name, text in told.items()}
    return {name: value for name, value in facts.items() if value is not None}


class _DoctypeError(Exception):
    """The entry declares a document type."""


def _elements(data: bytes, wanted: Mapping[str, str]) -> dict[str, str]:
    """The text in the first element of each wanted name, by the name of the fact; what comes before damage."""
    texts: dict[str, str] = {}
    open_fact: str | None = None

    def start(tag: str, _attributes: object) -> None:
        nonlocal open_fact
        fact = wanted.get(tag.rsplit(":", 1)[-1])
        open_fact = fact if fact not in texts else None
        if open_fact is not None:
            texts[open_fact] = ""

    def end(_tag: str) -> None:
        nonlocal open_fact
        open_fact = None

    def characters(text: str) -> None:
        if open_fact is not None and len(texts[open_fact]) < 4 * MOST_CHARACTERS:
            texts[open_fact] += text

    def refuse(*_declared: object) -> None:
        raise _DoctypeError

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters
    parser.StartDoctypeDeclHandler = refuse
    with suppress(expat.ExpatError, _DoctypeError):
        parser.Parse(data, True)
    return texts


_PDF = {
    "Title": "title",
    "Author": "author",
    "Subject": "description",
    "Keywords": "keywords",
    "Creator": "software",
    "Producer": "producer",
    "CreationDate": "created",
    "ModDate": "changed",
}
_PDF_MOMENT = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:(Z)|([+-]\d\d)'?(\d\d)?)?", re.ASCII)


def pdf_facts(document: Any) -> dict[str, object]:
    """Of an open ``pypdfium2.PdfDocument``."""
    with suppress(UnicodeError, ValueError):
        told = {fact: document.get_metadata_value(name) for name, fact in _PDF.items()}
        return _cleaned({fact: _iso(text) if fact in _MOMENTS else text for fact, text in told.items()})
    return {}


def _iso(text: str) -> str:
    """A date of a PDF as ISO 8601; empty if it is none, or only a part of one."""
    found = _PDF_MOMENT.match(text[:40])
    if found is None:
        return ""
    year, month, day, hour, minute, second, utc, hours, minutes = found.groups()
    zone = "+00:00" if utc else f"{hours}:{minutes or '00'}" if hours else ""
    return f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{zone}"
