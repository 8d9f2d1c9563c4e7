"""Keys of encrypted cases as people write them down: 64 hexadecimal digits for 32 bytes."""

from __future__ import annotations

import secrets

from mmdesk.engine.core.errors import UsageError

KEY_BYTES = 32
KEY_DIGITS = 2 * KEY_BYTES
_HEX = frozenset("0123456789abcdefABCDEF")
_FEWEST_DIFFERENT = 10
"""Of 64 hexadecimal digits drawn at random fewer than 10 of the 16 are there in 1 of 10¹² keys."""


def random_key() -> str:
    """The digits of a new key, from the system's source of randomness."""
    return secrets.token_hex(KEY_BYTES)


def looks_thought_up(text: str) -> bool:
    """Whether a key has so few different digits, or repeats itself so, that it was not drawn at random.

    So do 32 bytes that are letters, digits and signs (of random ones that is so in 1 of 10¹³ keys): a sentence.
    """
    digits = _digits(text).lower()
    halves = digits[: KEY_DIGITS // 2] == digits[KEY_DIGITS // 2 :]
    runs = any(digit * 5 in digits for digit in set(digits))
    letters = not problem_of(digits) and all(0x20 <= byte < 0x7F or byte in b"\t\r\n" for byte in bytes.fromhex(digits))
    return len(set(digits)) < _FEWEST_DIFFERENT or halves or runs or letters


def problem_of(text: str) -> str:
    """What is wrong with a key as somebody writes it, in a sentence; empty if nothing is.

    Spaces, line breaks, colons and dashes between the digits do not count.
    """
    digits = _digits(text)
    strange = next((letter for letter in digits if letter not in _HEX), None)
    if strange is not None:
        return f"{strange!r} is no digit of a key: they are 0 to 9 and a to f."
    if len(digits) != KEY_DIGITS:
        return f"A key has {KEY_DIGITS} digits; these are {len(digits)}."
    return ""


def parse_key(text: str) -> bytes:
    """A key from its digits.

    Raises:
        UsageError: They are none (``usage.key``).
    """
    problem = problem_of(text)
    if problem:
        raise UsageError(problem, "Give the key that the case was made with.", code="usage.key")
    return bytes.fromhex(_digits(text))


def _digits(text: str) -> str:
    return "".join(letter for letter in text if not letter.isspace() and letter not in ":-")
