"""What a file says of itself, under one set of names, as plain and bounded values; never guessed.

A fact is kept as the file tells it: nothing here is believed, repaired or used as a time of the case. What is no date,
no place or no text is left out. The names:

- ``device`` (make and model), ``serial``, ``lens``, ``software``;
- ``captured`` (by the camera's clock, with its zone where it told one), ``digitized``, ``changed``, ``created`` (when a
  container says it was begun), ``gps_time`` (by satellite, UTC): all ISO 8601; ``date`` as somebody typed it;
- ``latitude``, ``longitude`` (degrees, north and east positive), ``altitude_m`` (above the sea);
- ``title``, ``artist``, ``album``, ``description``, ``comment``, ``copyright``.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime

MOST_CHARACTERS = 200
_HIGHEST_M = 100_000.0
_NONE_SET = frozenset({"1904-01-01T00:00:00", "1970-01-01T00:00:00"})
"""What writers put who know no time: the zero of QuickTime's clock and that of Unix."""


def text_of(value: str | bytes) -> str | None:
    """One line of text; control characters and undecodable bytes are replaced, ``None`` if nothing is left.

    Args:
        value: Ends at its first NUL; only the beginning of a long one is kept.
    """
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    text = text.split("\x00", 1)[0][: 4 * MOST_CHARACTERS].encode("utf-8", "replace").decode()
    plain = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in text)
    return " ".join(plain.split())[:MOST_CHARACTERS] or None


def device_of(make: str | None, model: str | None) -> str | None:
    """Make and model as one text; a make that the model begins with is not said twice."""
    if make and model and model.lower().startswith(make.lower()):
        return model
    return " ".join(part for part in (make, model) if part)[:MOST_CHARACTERS] or None


_ZONE = re.compile(r"[+-]\d\d:\d\d")


def moment_of(text: str, zone: str = "") -> str | None:
    """A time of any usual writing as ISO 8601, to the second; ``None`` if it is no time, or stands for none.

    Args:
        text: ``2021:05:06 07:08:09`` as EXIF writes it, or ISO 8601.
        zone: ``+02:00``; ignored where it is none.
    """
    text = text.strip()[:40]
    if re.match(r"\d{4}:\d\d:\d\d ", text):
        text = text[:10].replace(":", "-") + text[10:]
    if not re.match(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d", text):
        return None
    try:
        moment = datetime.fromisoformat(text).replace(microsecond=0)
        if moment.tzinfo is None and _ZONE.fullmatch(zone):
            moment = datetime.fromisoformat(moment.isoformat() + zone)
    except ValueError:
        return None
    found = moment.isoformat()
    return None if found[:19] in _NONE_SET else found.replace("+00:00", "Z")


def place_of(latitude: float, longitude: float, altitude_m: float | None = None) -> dict[str, object]:
    """The facts of a place; none if there is no such place on Earth."""
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return {}
    facts: dict[str, object] = {"latitude": round(latitude, 6), "longitude": round(longitude, 6)}
    if altitude_m is not None and math.isfinite(altitude_m) and abs(altitude_m) <= _HIGHEST_M:
        facts["altitude_m"] = round(altitude_m, 1)
    return facts


_LONGEST_PLACE = 100
_ISO_6709 = re.compile(r"([+-])(\d{2,6})(\.\d+)?([+-])(\d{3,7})(\.\d+)?([+-]\d+(?:\.\d+)?)?(?:CRS[^/]*)?/?", re.ASCII)


def place_of_iso6709(text: str) -> dict[str, object]:
    """The facts of a place written as phones write it into films: ``+52.5000-013.2600+034.0/``.

    Source: ISO 6709:2008 annex H: degrees, or degrees and minutes, or degrees, minutes and seconds, told apart by the
    number of digits before the point.
    """
    found = _ISO_6709.fullmatch(text.strip()) if len(text) <= _LONGEST_PLACE else None
    if found is None:
        return {}
    south, whole, part, west, long_whole, long_part, height = found.groups()
    latitude, longitude = _degrees(whole, part, 2), _degrees(long_whole, long_part, 3)
    if latitude is None or longitude is None:
        return {}
    signs = (-1 if south == "-" else 1, -1 if west == "-" else 1)
    return place_of(signs[0] * latitude, signs[1] * longitude, float(height) if height else None)


def _degrees(whole: str, part: str | None, digits: int) -> float | None:
    if (len(whole) - digits) not in {0, 2, 4}:
        return None
    units = [whole[:digits], *(whole[at : at + 2] for at in range(digits, len(whole), 2))]
    values = [float(unit) for unit in units]
    values[-1] += float(part or 0)
    if any(value >= 60 for value in values[1:]):
        return None
    return math.fsum(value / 60.0**power for power, value in enumerate(values))


_TEXTS: Mapping[str, tuple[str, ...]] = {
    "title": ("title",),
    "artist": ("artist", "author"),
    "album": ("album",),
    "date": ("date", "year"),
    "description": ("description", "synopsis", "subject"),
    "comment": ("comment",),
    "copyright": ("copyright",),
    "software": ("software", "encoder", "firmware", "encoded_by"),
}
"""Fact -> what containers call it, in the order in which they are believed."""
_MAKES = ("make", "manufacturer", "com.android.manufacturer")
_MODELS = ("model", "com.android.model")
_PREFIX = "com.apple.quicktime."


def facts_of_tags(tags: Mapping[str, str]) -> dict[str, object]:
    """The facts among the tags of a film or a recording.

    Args:
        tags: Named as FFmpeg and libsndfile name them, in any case.
    """
    own = {name.lower().removeprefix(_PREFIX): value for name, value in tags.items()}
    # What an Apple device says of itself goes before what a program wrote beside it.
    own |= {name.lower().removeprefix(_PREFIX): value for name, value in tags.items() if name.startswith(_PREFIX)}

    if version := text_of(own.get("com.android.version", "")):
        own.setdefault("software", f"Android {version}")

    def first(names: tuple[str, ...]) -> str | None:
        return next((text for name in names if (text := text_of(own.get(name, "")))), None)

    facts: dict[str, object] = {
        "device": device_of(first(_MAKES), first(_MODELS)),
        "captured": moment_of(own.get("creationdate", "")),
        "created": moment_of(own.get("creation_time", "")),
        **{fact: first(names) for fact, names in _TEXTS.items()},
        **place_of_iso6709(own.get("location.iso6709") or own.get("location", "")),
    }
    return {name: value for name, value in facts.items() if value is not None}
