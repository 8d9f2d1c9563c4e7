"""Numbers, moments and imported strings as the window shows them.

Numbers have the marks of the window's language. Queries, and values as the case has them, keep the point: they are
written by the same rules everywhere.
"""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import datetime

from mmdesk.engine.core.times import END_OF_TIME_US, NO_TIME_US, format_us, from_us, now_us
from mmdesk.ui.language import in_marks, out_of_marks, tr, tr_n

MISSING = "\N{EN DASH}"
_LONGEST = 300
NUMBER = re.compile(r"(?<![^\s(])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?=$|[\s%);:,]|\.(?:\s|$))")
"""One that stands alone in a sentence: no part of a name, a version, a date or a range."""
_MINUS = "\N{MINUS SIGN}"
_AGO: tuple[tuple[int, Callable[[int], str]], ...] = (
    (31_557_600, lambda n: tr_n("{n:,} year ago", "{n:,} years ago", n)),
    (2_629_800, lambda n: tr_n("{n:,} month ago", "{n:,} months ago", n)),
    (86_400, lambda n: tr_n("{n:,} day ago", "{n:,} days ago", n)),
    (3_600, lambda n: tr_n("{n:,} hour ago", "{n:,} hours ago", n)),
    (60, lambda n: tr_n("{n:,} minute ago", "{n:,} minutes ago", n)),
)
"""Seconds in each unit, and how so many of them are said."""
LONG_AGO = tr_n("{n:,} minute ago", "{n:,} minutes ago", 59)
"""As long as most answers of :func:`relative_time`: columns make room for it."""


def shown(text: str, longest: int = _LONGEST) -> str:
    """An imported string on one line, cut where it is absurdly long, with nothing in it that could act.

    Line ends and other control characters, and those that turn the direction of writing, appear as their code.
    """
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(_visible(character) for character in cut)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if character in "\r\n\t\u2028\u2029" or character.isspace():
        return " "
    category = unicodedata.category(character)
    return f"⟨U+{ord(character):04X}⟩" if category in {"Cc", "Cf", "Cs", "Co", "Cn"} else character


def breakable(text: str, longest: int = 24) -> str:
    """The text with places in its long words where a line may end: paths and hashes have none of their own."""
    words = text.split(" ")
    return " ".join(
        "\u200b".join(word[at : at + longest] for at in range(0, len(word), longest)) if len(word) > longest else word
        for word in words
    )


def tool_tip(text: str) -> str:
    """A tool tip that shows ``text`` letter by letter; Qt would read markup in a bare one."""
    if not text:
        return ""
    return f'<p style="white-space:pre-wrap">{html.escape(shown(text, 2000))}</p>'


def menu_text(text: str) -> str:
    """An imported string for a menu, button or tab: an ampersand stays one."""
    return shown(text, 80).replace("&", "&&")


def marked(number: str) -> str:
    """A number as Python writes it, as the window does: a real minus sign, and the marks of its language."""
    return in_marks(number).replace("-", _MINUS)


def in_numbers(text: str, kept: Iterable[str] = ()) -> str:
    """A sentence of the engine, its numbers written as those beside it in the window.

    Args:
        text: English, as the engine says it.
        kept: Parts of it that were imported or typed: they stay letter by letter.
    """
    parts = sorted({part for part in kept if NUMBER.search(part)}, key=len, reverse=True)
    # Not within another number: many an entity is called 12.
    whole = rf"(?<![\w.,+-])({'|'.join(map(re.escape, parts))})(?!\w|[.,]\d)"
    pieces = re.split(whole, text) if parts else [text]
    pieces[::2] = [NUMBER.sub(lambda found: marked(found[0]), piece) for piece in pieces[::2]]
    return "".join(pieces)


def unbroken(text: str) -> str:
    """A sentence to be shown in lines: none of them ends between a number and its sign of percent."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def read_number(text: str) -> float:
    """A number that somebody typed, with the marks of the window's language or those of English.

    Raises:
        ValueError: It is none, or could be one of two: where a comma parts the fraction, ``1.234`` is what the window
            writes for 1234, and what others write for a little more than one.
    """
    return float(out_of_marks(text.strip().replace(_MINUS, "-")))


def counted(value: int) -> str:
    """``1,234``."""
    return marked(f"{value:,}")


def to_figures(value: float, most: int = 5) -> str:
    """``0.003``, ``159.5``: at most so many figures, and none that say nothing."""
    return marked(f"{value:.{most}g}")


def number(value: float | None, digits: int = 3) -> str:
    """``1,234``, ``0.912``, ``12,300``; whole numbers without a fraction, a dash for a missing one."""
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    if float(value).is_integer() and abs(value) < 1e15:
        text = f"{int(value):,}"
    elif abs(value) >= 1e6 or 0 < abs(value) < 10 ** -(digits + 1):
        text = f"{value:.{digits}g}"
    else:
        text = f"{value:,.{digits}f}"
    return marked(text)


def score(value: float | None, digits: int = 3) -> str:
    """A measure with all its digits, ``0.900`` rather than ``0.9``, so that a column of them can be compared."""
    if value is None or not math.isfinite(value):
        return MISSING
    return marked(f"{value:.{digits}f}")


def percent(share: float | None, digits: int = 0) -> str:
    """``82 %`` of a share between 0 and 1."""
    if share is None or math.isnan(share):
        return MISSING
    return marked(f"{share * 100:.{digits}f} %")


def signed(value: float | None, digits: int = 1, unit: str = "") -> str:
    """``+4.2`` or the same below zero; the sign is what tells direction where colour cannot."""
    if value is None or math.isnan(value):
        return MISSING
    text = marked(f"{value:+.{digits}f}")
    if not any(digit in text for digit in "123456789"):
        text = text[1:]  # nothing is neither more nor less
    return f"{text} {unit}" if unit else text


def size(size_bytes: int) -> str:
    """``312 B``, ``4.1 kB``, ``2.0 MB``."""
    value = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else marked(f"{value:.1f} {unit}")
        value /= 1000
    return marked(f"{value:.1f} TB")


def in_seconds(value: float) -> str:
    """``3.5 s``, of a moment or a length in a short file."""
    return marked(f"{value:.1f} s")


def duration(seconds: float) -> str:
    """``7 s``, ``3 min 20 s``, ``1 h 05 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def exact_time(time_us: int | None) -> str:
    """The moment to the second in the reader's own time zone, with the zone; a dash for none."""
    if time_us is None or time_us in {NO_TIME_US, END_OF_TIME_US}:
        return MISSING
    try:
        local: datetime = from_us(time_us).astimezone()
    except (OverflowError, OSError, ValueError):
        return data_time(time_us)
    return local.strftime("%Y-%m-%d %H:%M:%S %Z")


def data_time(time_us: int | None) -> str:
    """A moment out of the case's data, in UTC as it is stored: ``2010-11-08 18:45:11``."""
    if time_us is None or time_us in {NO_TIME_US, END_OF_TIME_US}:
        return MISSING
    try:
        return format_us(time_us).removesuffix("Z").replace("T", " ").removesuffix(" 00:00:00")
    except OverflowError:
        return f"{time_us} µs"


def relative_time(time_us: int | None, now: int | None = None) -> str:
    """``just now``, ``3 minutes ago``, ``2 days ago``; a dash for none."""
    if time_us is None:
        return MISSING
    seconds = ((now_us() if now is None else now) - time_us) / 1e6
    if seconds < 45:
        return tr("just now")
    for length, ago in _AGO:
        if seconds >= length * 0.95:
            return ago(max(1, round(seconds / length)))
    return ago(1)
