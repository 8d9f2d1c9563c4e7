"""What stands around numbers: currency signs, percent signs, parentheses for minus, a minus behind; taken off."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bools = npt.NDArray[np.bool_]

PERCENT = "%"
"""The sign that makes a number a hundredth, or not: that is asked."""

_CODES = (
    "USD", "EUR", "GBP", "CHF", "JPY", "CNY", "RMB", "INR", "RUB", "UAH", "PLN", "CZK", "HUF", "RON", "BGN", "SEK",
    "NOK", "DKK", "ISK", "TRY", "ILS", "AED", "SAR", "EGP", "ZAR", "NGN", "KES", "BRL", "ARS", "CLP", "COP", "MXN",
    "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "KRW", "THB", "IDR", "MYR", "PHP", "VND", "BTC", "ETH",
)  # fmt: skip
"""Source: ISO 4217, the currencies most traded, and the two coins most common in tables."""

# Zloty, koruna, krona, franc, rupee, forint, leu, rouble; percent in both widths.
_WORDS = r"z\x{142}|K\x{10D}|kr\.?|Fr\.?|Rs\.?|Ft|lei|\x{440}\x{443}\x{431}\.?|%|\x{FF05}"
_SIGN = rf"(?:[A-Z]{{0,3}}\p{{Sc}}|{'|'.join(_CODES)}|{_WORDS})"
_MINUS = "[-\u2212\u2013\uff0d]"
_BARE = r"^[+-]?\d*[.,]?\d*$"
"""Most cells by far: nothing to take off."""

_SPACE = r"[\s\p{Zs}]*"
_NUMBER = r"(?:\d(?:[\d.,'\x{2019}\s\p{Zs}]*\d)?[.,]?|[.,]\d+)(?:[eE]\+?\d+)?"
_ORDERS = (
    (rf"(?:{_MINUS}|\+)?", f"(?:{_SIGN})?", _NUMBER),
    (rf"(?:{_MINUS}|\+)?", _NUMBER, _SIGN),
    (_SIGN, rf"(?:{_MINUS}|\+)", _NUMBER),
    (f"(?:{_SIGN})?", _NUMBER, _MINUS),
    (_NUMBER, _SIGN, _MINUS),
    (_NUMBER, _MINUS, _SIGN),
    (r"\(", f"(?:{_SIGN})?", _NUMBER, r"\)"),
    (r"\(", _NUMBER, _SIGN, r"\)"),
    (_SIGN, r"\(", _NUMBER, r"\)"),
)
"""Where a sign and a minus may stand; nothing twice."""

_DRESSED = "^(?:" + "|".join(_SPACE.join(parts) for parts in _ORDERS) + ")$"
_BEFORE = rf"^(?:[(+\s\p{{Zs}}]|{_MINUS}|{_SIGN})+"
_BEHIND = rf"(?:[)\s\p{{Zs}}]|{_MINUS}|{_SIGN})+$"
_INSIDE = rf"[\d.,'\x{{2019}}()+\s\p{{Zs}}]|{_MINUS}|[eE]\+?\d"

_OTHER_DIGITS = "[\uff10-\uff19\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]"
_WIDE = str.maketrans({"\uff0e": ".", "\uff0c": ","})


@dataclass(frozen=True)
class Undressed:
    """Cells with nothing around their numbers.

    Attributes:
        texts: Strings; cells that are no dressed numbers as they were.
        signs: Strings: each cell's currency or percent sign, ``""`` = none.
        bracketed: bool [rows], cells in parentheses, which make a number negative.
    """

    texts: pa.Array
    signs: pa.Array
    bracketed: Bools

    @property
    def percent(self) -> Bools:
        """Bool [rows], cells with a percent sign."""
        found: Bools = np.asarray(pc.equal(self.signs, PERCENT))
        return found


def undress(texts: pa.Array) -> Undressed:
    """Take off what stands around numbers.

    Args:
        texts: Strings without blanks around them.
    """
    dressed = pc.invert(pc.match_substring_regex(texts, _BARE))
    bracketed = np.asarray(dressed).copy()
    signs = pa.array(np.full(len(texts), "", object), pa.string())
    if not bracketed.any():
        return Undressed(texts, signs, bracketed)
    found = _taken_apart(texts.filter(dressed))
    bracketed[bracketed] = found.bracketed
    texts = pc.replace_with_mask(texts, dressed, found.texts)
    return Undressed(texts, pc.replace_with_mask(signs, dressed, found.signs), bracketed)


def _taken_apart(texts: pa.Array) -> Undressed:
    texts = _ascii_digits(texts)
    sound = pc.match_substring_regex(texts, _DRESSED)
    bracketed = pc.and_(sound, pc.match_substring(texts, "("))
    minus = pc.or_(bracketed, pc.match_substring_regex(texts, _MINUS))
    bare = pc.replace_substring_regex(pc.replace_substring_regex(texts, _BEFORE, ""), _BEHIND, "")
    bare = pc.binary_join_element_wise(pc.if_else(minus, "-", ""), bare, "")
    signs = pc.replace_substring(pc.replace_substring_regex(texts, _INSIDE, ""), "\uff05", PERCENT)
    return Undressed(pc.if_else(sound, bare, texts), pc.if_else(sound, signs, ""), np.asarray(bracketed))


def _ascii_digits(texts: pa.Array) -> pa.Array:
    """Digits of other scripts as ours."""
    found = pc.match_substring_regex(texts, _OTHER_DIGITS)
    if not pc.any(found).as_py():
        return texts
    encoded = pc.dictionary_encode(texts)
    words = ["".join(map(_ascii_digit, word.translate(_WIDE))) for word in encoded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(encoded.indices)


def _ascii_digit(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)
