"""The few EXIF facts that matter: which way is up, when, with what and where a picture was taken.

Source: CIPA DC-008 (Exif 2.32), tags of IFD0, Exif IFD and GPS IFD; TIFF 6.0 for the directory structure.
"""

from __future__ import annotations

import math
import struct

from mmdesk.engine.features.facts import device_of, moment_of, place_of, text_of

_ORIENTATION, _MAKE, _MODEL, _EXIF_IFD, _GPS_IFD = 0x0112, 0x010F, 0x0110, 0x8769, 0x8825
_TEXTS = {"description": 0x010E, "software": 0x0131, "artist": 0x013B, "copyright": 0x8298}
_PHOTO_TEXTS = {"serial": 0xA431, "lens": 0xA434}
_PHOTO_MOMENTS = {"captured": (0x9003, 0x9011), "digitized": (0x9004, 0x9012)}
"""Tags of a moment and of its zone."""
_CHANGED, _CHANGED_ZONE = 0x0132, 0x9010
_NORTH, _LATITUDE, _EAST, _LONGITUDE, _BELOW_SEA, _ALTITUDE, _GPS_TIME, _GPS_DATE = 1, 2, 3, 4, 5, 6, 7, 29
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8, 13: 4}
_MAX_ENTRIES = 512

Value = str | int | list[float]


def read_directory(tiff: bytes, offset: int | None = None) -> dict[int, Value]:
    """The entries of a TIFF directory: texts, the first integer, or lists of fractions; what is broken is left out.

    Args:
        tiff: From the byte-order mark on.
        offset: Of the directory; the first one if ``None``.
    """
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return {}
    if offset is None:
        offset = int(struct.unpack_from(order + "I", tiff, 4)[0])
    if offset + 2 > len(tiff):
        return {}
    entries: dict[int, Value] = {}
    for number in range(min(struct.unpack_from(order + "H", tiff, offset)[0], _MAX_ENTRIES)):
        start = offset + 2 + 12 * number
        if start + 12 > len(tiff):
            break
        tag, kind, count = struct.unpack_from(order + "HHI", tiff, start)
        size = _SIZES.get(kind, 0) * count
        at = start + 8 if size <= 4 else int(struct.unpack_from(order + "I", tiff, start + 8)[0])
        if 0 < size <= 1 << 16 and at + size <= len(tiff):
            value = _value(tiff[at : at + size], order, kind, min(count, 8))
            if value is not None:
                entries[tag] = value
    return entries


def _value(data: bytes, order: str, kind: int, count: int) -> Value | None:
    if kind == 2:
        return data.split(b"\x00", 1)[0].decode("utf-8", "replace").strip()
    if kind in {1, 3, 4, 9, 13}:
        return int(struct.unpack_from(order + {1: "B", 3: "H", 4: "I", 9: "i", 13: "I"}[kind], data)[0])
    if kind in {5, 10}:
        parts = struct.unpack_from(order + str(2 * count) + ("I" if kind == 5 else "i"), data)
        return [top / bottom if bottom else math.nan for top, bottom in zip(parts[::2], parts[1::2], strict=True)]
    return None


def orientation_of(tiff: bytes) -> int:
    """EXIF orientation 1 to 8; 1 (upright) where there is none or a nonsensical one."""
    value = read_directory(tiff).get(_ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def facts_of(tiff: bytes) -> dict[str, object]:
    """What the camera wrote, under the names of :mod:`mmdesk.engine.features.facts`."""
    entries = read_directory(tiff)
    photo = _behind(tiff, entries, _EXIF_IFD)
    facts: dict[str, object] = {"device": device_of(_text(entries, _MAKE), _text(entries, _MODEL))}
    facts |= {name: _text(entries, tag) for name, tag in _TEXTS.items()}
    facts |= {name: _text(photo, tag) for name, tag in _PHOTO_TEXTS.items()}
    facts |= {name: _moment(photo, *tags) for name, tags in _PHOTO_MOMENTS.items()}
    facts["changed"] = _moment({**photo, _CHANGED: entries.get(_CHANGED, "")}, _CHANGED, _CHANGED_ZONE)
    facts |= _place(_behind(tiff, entries, _GPS_IFD))
    return {name: value for name, value in facts.items() if value is not None}


def _behind(tiff: bytes, entries: dict[int, Value], tag: int) -> dict[int, Value]:
    """The directory that an entry points to."""
    pointer = entries.get(tag)
    return read_directory(tiff, pointer) if isinstance(pointer, int) and pointer > 0 else {}


def _text(entries: dict[int, Value], tag: int) -> str | None:
    value = entries.get(tag)
    return text_of(value) if isinstance(value, str) else None


def _moment(entries: dict[int, Value], tag: int, zone: int) -> str | None:
    value, offset = entries.get(tag), entries.get(zone)
    return moment_of(value, offset if isinstance(offset, str) else "") if isinstance(value, str) else None


def _place(gps: dict[int, Value]) -> dict[str, object]:
    """Where and when by satellite; a place of which a half or its direction is missing is none."""
    north, east = _turn(gps, _LATITUDE, _NORTH, "NS"), _turn(gps, _LONGITUDE, _EAST, "EW")
    height = gps.get(_ALTITUDE)
    above = height[0] if isinstance(height, list) and height else None
    facts: dict[str, object] = {}
    if north is not None and east is not None:
        facts |= place_of(north, east, -above if above is not None and gps.get(_BELOW_SEA) == 1 else above)
    date, clock = gps.get(_GPS_DATE), _parts(gps.get(_GPS_TIME))
    if isinstance(date, str) and clock is not None:
        hours, minutes, seconds = map(int, clock)
        facts["gps_time"] = moment_of(f"{date} {hours:02}:{minutes:02}:{seconds:02}", "+00:00")
    return facts


def _parts(value: Value | None) -> list[float] | None:
    """Degrees or hours, minutes and seconds; ``None`` if there are not three, all of them numbers that can be."""
    if not isinstance(value, list) or len(value) < 3 or not all(0 <= part <= 360 for part in value[:3]):
        return None
    return value[:3]


def _turn(gps: dict[int, Value], tag: int, direction: int, ways: str) -> float | None:
    parts, way = _parts(gps.get(tag)), gps.get(direction)
    if parts is None or not isinstance(way, str) or len(way) != 1 or way not in ways:
        return None
    degrees = parts[0] + parts[1] / 60 + parts[2] / 3600
    return degrees if way == ways[0] else -degrees
