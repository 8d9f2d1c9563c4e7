"""Numbers, durations and moments as they are written in a query."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import numpy as np

from mmdesk.engine.core.query.fields import Kind
from mmdesk.engine.core.times import EPOCH

_NUMBER = re.compile(r"[+\-\N{MINUS SIGN}]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_UNITS_S = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_TIME = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}))?)?)?)?")
EXAMPLES = {
    Kind.NUMBER: "Write it like 0.9, -3, 1e-3 or 90%.",
    Kind.TIME: "Write it like 2024, 2024-05, 2024-05-31 or 2024-05-31T10:30.",
    Kind.DURATION: "Write it like 90, 90s, 5min, 2h, 7d or 3w.",
}
Span = tuple[float, float]


def _number(text: str) -> Span | None:
    share = text.endswith("%")
    text = text.removesuffix("%")
    if _NUMBER.fullmatch(text) is None:
        return None
    value = float(text.replace("\N{MINUS SIGN}", "-")) / (100 if share else 1)
    return (value, value) if np.isfinite(value) else None


def _duration(text: str) -> Span | None:
    match = _NUMBER.match(text)
    scale = _UNITS_S.get(text[match.end() :].strip().casefold()) if match else None
    if match is None or scale is None:
        return None
    value = float(match.group().replace("\N{MINUS SIGN}", "-")) * scale
    return (value, value) if np.isfinite(value) else None


def _moment(text: str) -> Span | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (None if part is None else int(part) for part in match.groups())
    try:
        first = datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, second or 0)  # noqa: DTZ001  # local
        if month is None:
            after = first.replace(year=first.year + 1)
        elif day is None:
            after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
        else:
            unit = "days" if hour is None else "minutes" if second is None else "seconds"
            after = first + timedelta(**{unit: 1})
        return _us(first), _us(after)
    except (ValueError, OverflowError, OSError):
        return None


def _us(local: datetime) -> float:
    return float((local.astimezone() - EPOCH) // timedelta(microseconds=1))


READERS = {Kind.NUMBER: _number, Kind.DURATION: _duration, Kind.TIME: _moment}
