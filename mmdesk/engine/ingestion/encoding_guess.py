"""Which encoding a text that is not UTF-8 has: a detector's statistics, and whether what it reads looks like words.

Only the cells that are not plain ASCII are looked at, each once: a table has few of them, and the detector would drown
them in digits. Of its candidates those stand back whose reading looks damaged (``RŠikkšnen``, ``»ванов``) or needs more
languages than another's. Where several readings remain that are about as likely, the user is asked.
"""

from __future__ import annotations

import codecs
import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

CANDIDATES = (
    "cp1252", "iso8859-15", "cp1250", "iso8859-2", "cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp866", "mac-cyrillic",
    "cp1253", "iso8859-7", "cp1254", "cp1255", "iso8859-8", "cp1256", "iso8859-6", "cp1257", "cp1258", "cp874",
    "gb18030", "cp949", "johab", "mac-roman", "mac-latin2", "mac-turkish", "mac-greek", "cp850", "cp437", "cp852",
    "cp775", "cp857", "cp737", "cp862",
)  # fmt: skip
"""What tables come in, the commonest first; the name of the first stands for all that read the same."""

RENAMED = {"big5hkscs": "big5", "euc_jis_2004": "euc-jp", "shift_jis_2004": "cp932", "cp932": "cp932"}
"""What the detector finds, and the name that people know, where that reads the sample too."""

BELIEVED_ODD = 0.25
"""Share of cells that may look damaged before a reading is not believed at all."""

SURE = 0.85
"""The other readings must stay below this part of the best one's weight, or the user is asked."""

SURE_OF_SIGNS = 0.4
"""The same among readings in Chinese, Japanese and Korean signs: a name of two of them says little of its language."""

MORE_LANGUAGES = 0.8
"""Weight that a reading keeps for each language it needs beyond the first."""

USUAL = 1.5
"""How much more usual Windows-1252 is than the others; decides between readings that language does not part."""

RARE = ("mac-", "cp4", "cp7", "cp85", "cp862")
"""Begin the encodings of old Macintosh and DOS programs."""

RARE_BYTES = 3
"""Bytes that are not ASCII which a file must have before one of those is believed."""

_ALPHABETS = {
    "de": "äöüß", "fr": "àâæçèéêëîïôœùûüÿ", "es": "áéíñóúü", "pt": "ãáâàçéêíóôõúü", "it": "àèéìíîòóùú",
    "sv": "åäöé", "da": "åæøéö", "is": "áæðéíóöúýþ", "nl": "éëïöüèê", "ca": "àçèéíïòóúü", "ga": "áéíóú",
    "cs": "áčďéěíňóřšťúůýž", "sk": "áäčďéíĺľňóôŕšťúýž", "pl": "ąćęłńóśźż", "hu": "áéíóöőúüű", "ro": "ăâîșşțţ",
    "hr": "čćđšž", "tr": "âçğıîöşüûİ", "lt": "ąčęėįšųūž", "lv": "āčēģīķļņšūž", "et": "äõöšüž", "sq": "çë",
    "vi": "àáâãèéêìíòóôõùúýăđĩũơư",
}  # fmt: skip
"""The letters beyond ASCII of languages in Latin script."""

_MARKS_WITHIN = "\u2019\u00b7\u2011\u2013'"
_SIGNS = {"µ", "ª", "º"}
"""Letters to Unicode, signs to everybody."""
_PAIRED = (("«", "»"), ("„", "“”"), ("“", "”"))


@dataclass(frozen=True)
class Reading:
    """One way to read the sample.

    Attributes:
        encoding: Python's name of it.
        cells: The sample's cells.
        weight: How likely it is, against the others only.
        odd: Share of the cells that look damaged.
    """

    encoding: str
    cells: tuple[str, ...]
    weight: float
    odd: float


def readings(cells: Sequence[bytes]) -> list[Reading]:
    """The readings that can be believed, the likeliest first; each differs from the others in some cell.

    Args:
        cells: Distinct cells that are not ASCII, without line breaks.
    """
    import chardet

    if not cells:
        return []
    sample = b"\n".join(cells)
    include = [*CANDIDATES, *RENAMED]
    found = chardet.detect_all(sample, ignore_threshold=True, compat_names=False)
    confidence: dict[str, float] = {}
    for one in found:
        if one["encoding"] in include:
            confidence.setdefault(one["encoding"], one["confidence"])
    texts: dict[str, tuple[str, float]] = {}
    for name in sorted(confidence, key=include.index):
        text = _decoded(sample, name)
        if text is not None:
            first, weight = texts.get(text, (name, 0.0))
            texts[text] = (first, max(weight, confidence[name]))
    weighed = [_weighed(text, name, weight) for text, (name, weight) in texts.items()]
    believed = [reading for reading in weighed if reading.odd <= BELIEVED_ODD and reading.weight > 0]
    ordered = sorted(believed, key=lambda reading: -reading.weight)
    if ordered and ordered[0].encoding.startswith(RARE) and sum(byte > 0x7F for byte in sample) < RARE_BYTES:
        return []
    return [_known_name(sample, reading) for reading in ordered]


def open_readings(found: Sequence[Reading]) -> list[Reading]:
    """The best reading, and those that come too close to it to leave it alone."""
    best = found[0]
    return [best, *(other for other in found[1:] if other.weight > _sure(best, other) * best.weight)]


def _sure(best: Reading, other: Reading) -> float:
    signs = all(any(_script(letter) == "ASIAN" for letter in one.cells[0]) for one in (best, other))
    return SURE_OF_SIGNS if signs else SURE


def in_utf8(best: Reading, cells: Sequence[bytes]) -> str | None:
    """A cell that is damaged in the best reading and fine in UTF-8: then the file is in several encodings."""
    for cell, text in zip(cells, best.cells, strict=True):
        again = _decoded(cell, "utf-8")
        if again is not None and looks_damaged(text) and not looks_damaged(again):
            return again
    return None


def example(one: Reading, other: Reading | None = None) -> str:
    """A cell that shows what a reading makes of the text, best one that another reading makes something else of."""
    if other is None:
        return one.cells[0]
    return next((cell for cell, again in zip(one.cells, other.cells, strict=False) if cell != again), one.cells[0])


def _decoded(sample: bytes, encoding: str) -> str | None:
    try:
        return sample.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _known_name(sample: bytes, reading: Reading) -> Reading:
    name = RENAMED.get(reading.encoding, reading.encoding)
    same = _decoded(sample, name) == "\n".join(reading.cells)
    encoding = codecs.lookup(name if same else reading.encoding).name
    return Reading(encoding, reading.cells, reading.weight, reading.odd)


def _weighed(text: str, name: str, confidence: float) -> Reading:
    cells = tuple(text.split("\n"))
    odd = sum(map(looks_damaged, cells)) / len(cells)
    languages, unexplained = _languages(cells)
    weight = confidence * (1 - odd) ** 2 * (1 - unexplained) ** 2 * MORE_LANGUAGES ** max(languages - 1, 0)
    usual = name == CANDIDATES[0] and not odd
    return Reading(name, cells, weight * (USUAL if usual else 1.0), odd)


def _languages(cells: Sequence[str]) -> tuple[int, float]:
    """How many languages in Latin script the cells need, and the share of cells whose letters no language has."""
    open_cells = [letters for cell in cells if (letters := _latin_letters(cell))]
    total, used = len(open_cells), 0
    while open_cells:
        language = max(_ALPHABETS, key=lambda name: sum(letters <= set(_ALPHABETS[name]) for letters in open_cells))
        left = [letters for letters in open_cells if not letters <= set(_ALPHABETS[language])]
        if len(left) == len(open_cells):
            break
        open_cells, used = left, used + 1
    return used, len(open_cells) / total if total else 0.0


def _latin_letters(cell: str) -> set[str]:
    """Lower case letters beyond ASCII; ``İ``, which has none of its own, as it is."""
    letters = (character if character == "İ" else character.lower() for character in cell if character > "\x7f")
    return {letter for letter in letters if letter.isalpha() and _script(letter) == "LATIN"}


def looks_damaged(cell: str) -> bool:
    """Whether a cell has what words in the right encoding have not.

    That is controls and characters that mean nothing; signs in the middle of a word; a capital after a small letter
    or a small one after capitals, where either is not ASCII; letters of two scripts in a word; half a pair of
    quotation marks.
    """
    if any(any(mark in cell for mark in left + right) and not _closed(cell, left, right) for left, right in _PAIRED):
        return True
    around = f" {cell} "
    return any(
        _odd_sign(before, sign, after) if not sign.isalpha() else _odd_letter(around[max(place - 1, 0)], before, sign)
        for place, (before, sign, after) in enumerate(zip(around, around[1:], around[2:], strict=False))
    )


def _closed(cell: str, left: str, right: str) -> bool:
    first = cell.find(left)
    if first < 0:
        return all(mark not in cell for mark in right) or any(mark in "“”" for mark in right)
    return any(mark in cell[first + 1 :] for mark in right)


def _odd_sign(before: str, sign: str, after: str) -> bool:
    if sign <= "\x7f" or unicodedata.combining(sign):
        return False
    category = unicodedata.category(sign)
    if category in {"Cc", "Cn", "Co", "Cs", "Sk"}:
        return True
    if category[0] not in "SPN" or sign in _MARKS_WITHIN:
        return False
    if category[0] == "P":
        return (before.isalpha() and after.isalpha()) or (sign == "…" and after.isalpha())
    beside = (before.isalpha() and before != " ") or after.isalpha()
    return beside and (sign not in "°™®©" or (before.isalpha() and after.isalpha()))


def _odd_letter(earlier: str, before: str, letter: str) -> bool:
    if (letter <= "\x7f" and before <= "\x7f") or _SIGNS & {before, letter}:
        return False
    if unicodedata.category(letter) == "Lm":
        return letter > "\x7f" and _script(letter) not in {"ASIAN", "THAI"}
    if not before.isalpha():
        return False
    if _script(before) != _script(letter):
        return True
    if before.islower() and letter.isupper():
        return True
    return letter.islower() and before.isupper() and earlier.isupper()


@functools.lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    """The script, from the first word of the letter's name; the East Asian ones, which mix, are one."""
    word = unicodedata.name(letter, "?").split("-")[0].split()[0]
    return (
        "ASIAN" if word in {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "FULLWIDTH", "HALFWIDTH", "IDEOGRAPHIC"} else word
    )
