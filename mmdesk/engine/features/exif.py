"""The few EXIF facts that matter: which way is up, when, with what and where a picture was taken.

Source: CIPA DC-008 (Exif 2.32), tags of IFD0, Exif IFD and GPS IFD; TIFF 6.0 for the directory structure.
"""

from __future__ import annotations

import math
import struct

_ORIENTATION, _MAKE, _MODEL, _EXIF_IFD, _GPS_IFD = 0x0112, 0x010F, 0x0110, 0x8769, 0x8825
_CAPTURED, _ZONE = 0x9003, 0x9011
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
_MAX_ENTRIES = 512
_MAX_TEXT = 200

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
        return data.split(b"\x00", 1)[0].decode("utf-8", "replace").strip()[:_MAX_TEXT]
    if kind in {1, 3, 4, 9}:
        return int(struct.unpack_from(order + {1: "B", 3: "H", 4: "I", 9: "i"}[kind], data)[0])
    if kind in {5, 10}:
        parts = struct.unpack_from(order + str(2 * count) + ("I" if kind == 5 else "i"), data)
        return [top / bottom if bottom else math.nan for top, bottom in zip(parts[::2], parts[1::2], strict=True)]
    return None


def orientation_of(tiff: bytes) -> int:
    """EXIF orientation 1 to 8; 1 (upright) where there is none or a nonsensical one."""
    value = read_directory(tiff).get(_ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def facts_of(tiff: bytes) -> dict[str, object]:
    """``device``, ``captured`` (ISO 8601 by the camera's clock, zone if known), ``latitude``, ``longitude``."""
    entries = read_directory(tiff)
    facts: dict[str, object] = {}
    device = " ".join(str(entries[tag]) for tag in (_MAKE, _MODEL) if isinstance(entries.get(tag), str))
    if device:
        facts["device"] = device
    if isinstance(pointer := entries.get(_EXIF_IFD), int):
        photo = read_directory(tiff, pointer)
        moment, zone = photo.get(_CAPTURED), photo.get(_ZONE, "")
        if isinstance(moment, str) and len(moment) == 19 and moment[0] != "0":
            facts["captured"] = moment[:10].replace(":", "-") + "T" + moment[11:] + str(zone)
    if isinstance(pointer := entries.get(_GPS_IFD), int):
        facts.update(_place(read_directory(tiff, pointer)))
    return facts


def _place(gps: dict[int, Value]) -> dict[str, object]:
    place: dict[str, object] = {}
    for name, tag, limit, negative in (("latitude", 2, 90.0, "S"), ("longitude", 4, 180.0, "W")):
        value = gps.get(tag)
        if not isinstance(value, list) or len(value) < 3:
            continue
        degrees = value[0] + value[1] / 60 + value[2] / 3600
        if math.isfinite(degrees) and 0 <= degrees <= limit:
            place[name] = round(-degrees if gps.get(tag - 1) == negative else degrees, 6)
    return place
