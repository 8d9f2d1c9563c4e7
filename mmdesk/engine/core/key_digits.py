"""Keys of encrypted cases as people write them down: 64 hexadecimal digits for 32 bytes."""

from __future__ import annotations

from mmdesk.engine.core.errors import UsageError

KEY_BYTES = 32
KEY_DIGITS = 2 * KEY_BYTES
_HEX = frozenset("0123456789abcdefABCDEF")


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
