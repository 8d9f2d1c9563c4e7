"""Bytes that are no text, carried through as characters that no text has, so that their rows can be told and listed.

Unicode keeps U+FDD0 to U+FDEF for internal use: a byte becomes two of them, its high and its low half.
"""

from __future__ import annotations

import codecs
import re

ERRORS = "mmdesk.mark"
"""The error handler for decoding that marks what does not decode."""

_HIGH, _LOW = 0xFDD0, 0xFDE0
_MARK = re.compile(f"[{chr(_HIGH)}-{chr(_HIGH + 15)}][{chr(_LOW)}-{chr(_LOW + 15)}]")

MARK_START = "\ufdd0".encode()[:2]
"""The UTF-8 bytes that every mark begins with."""

MARK_PATTERN = "[\\x{FDD0}-\\x{FDDF}][\\x{FDE0}-\\x{FDEF}]"
"""For Arrow's regular expressions."""


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(chr(_HIGH + (byte >> 4)) + chr(_LOW + (byte & 15)) for byte in bad), error.end


codecs.register_error(ERRORS, _mark)


def _byte(mark: str) -> str:
    return f"{(ord(mark[0]) - _HIGH) << 4 | (ord(mark[1]) - _LOW):02x}"


def first_byte(text: str) -> str | None:
    """The first marked byte as two hexadecimal digits; None if there is none."""
    found = _MARK.search(text)
    return _byte(found.group()) if found else None


def shown(text: str) -> str:
    r"""The text with marked bytes written like ``\xfc``."""
    return _MARK.sub(lambda found: "\\x" + _byte(found.group()), text)
