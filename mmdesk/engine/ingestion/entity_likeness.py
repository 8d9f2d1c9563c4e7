"""Identifiers that nobody knows and that look like known ones: the same to the eye, or written in another way."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
"""Marks without looks that copying from web pages and spreadsheets leaves around a text."""

_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d*)?(?:[eE][+-]?\d{1,2})?")
_MANY = 1000

CASE = "upper or lower case"
SPELLING = "accents, blanks or marks"
NUMBER = "how the number is written (zeros in front, .0 or E+ behind, as spreadsheets do)"


def to_the_eye(text: str) -> str:
    """The text as it is seen: composed letters, without invisible marks around it."""
    return unicodedata.normalize("NFC", text.strip(_INVISIBLE)).strip()


def _as_number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        return ""
    try:
        return f"{Decimal(text.replace(',', '.')).normalize():f}"
    except InvalidOperation:
        return ""


def _spelled(text: str) -> str:
    if _NUMBER.fullmatch(text):
        return ""  # 2.0 is not 20
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if part.isalnum())


def same_to_the_eye(known: pa.Array) -> Mapping[str, str]:
    """How known identifiers with other than ASCII letters are seen -> the identifier; none that two share."""
    # ASCII texts are seen as they are: two of them never look the same.
    texts = known.filter(pc.invert(pc.string_is_ascii(known))).to_pylist()
    counts = Counter(map(to_the_eye, texts))
    return {seen: text for text in texts if counts[seen := to_the_eye(text)] == 1}


@dataclass
class Likeness:
    """What unknown identifiers have in common with known ones.

    Attributes:
        rows: Kind of likeness -> rows.
        example: Kind of likeness -> the first unknown identifier and the known one.
    """

    rows: Counter[str] = field(default_factory=Counter)
    example: dict[str, tuple[str, str]] = field(default_factory=dict)

    def notes(self) -> list[str]:
        """For the report."""
        return [
            f"{count} unknown identifiers differ from known ones only in {kind}, such as "
            f"'{self.example[kind][0]}' for '{self.example[kind][1]}'"
            for kind, count in self.rows.items()
        ]


def likeness(unknown: Mapping[str, int], known: Iterable[str]) -> Likeness:
    """Compare unknown identifiers with known ones.

    Args:
        unknown: Identifier -> rows; of very many only the first are looked at.
        known: All known ones.
    """
    some = dict(list(unknown.items())[:_MANY])
    wanted = [(kind, write, {write(text): text for text in some}) for kind, write in _WAYS]
    found: dict[str, tuple[str, str]] = {}
    for one in known:
        for kind, write, forms in wanted:
            form = write(one)
            text = forms.get(form) if form else None
            if text is not None and text not in found:
                found[text] = (kind, one)
    result = Likeness()
    for text, (kind, one) in found.items():
        result.rows[kind] += some[text]
        result.example.setdefault(kind, (text, one))
    return result


_WAYS = ((CASE, str.casefold), (NUMBER, _as_number), (SPELLING, _spelled))
