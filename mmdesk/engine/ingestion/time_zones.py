"""Local times of a zone to UTC, in columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_QUARTER_US = 15 * 60 * 1_000_000
"""Clocks are changed at full quarters of an hour, so one look-up serves all moments within one. Source: tz database,
all transitions since zones are kept in whole minutes; older ones (local mean time) are looked up one by one."""

_MODERN_US = -1_577_923_200_000_000
"""1920-01-01: before it, zones changed at odd seconds."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (local times have no zone yet)


@dataclass(frozen=True)
class Localised:
    """Moments in UTC.

    Attributes:
        us: int64 [rows].
        nonexistent: bool [rows], skipped when the clocks were put forward.
        ambiguous: bool [rows], passed twice when they were put back; the earlier moment is given.
    """

    us: Ints
    nonexistent: Bools
    ambiguous: Bools


def localise(local_us: Ints, zone: str) -> Localised:
    """UTC moments of local times.

    Args:
        local_us: Microseconds since 1970-01-01T00:00 on the zone's own clocks, int64.
        zone: A name of the tz database.
    """
    steps = np.where(local_us >= _MODERN_US, local_us // _QUARTER_US * _QUARTER_US, local_us)
    unique, codes = np.unique(steps, return_inverse=True)
    info = ZoneInfo(zone)
    pairs = np.array([_offsets(int(moment), info) for moment in unique], np.int64).reshape(-1, 2)
    before, after = pairs[codes, 0], pairs[codes, 1]
    return Localised(local_us - before, before < after, before > after)


def _offsets(local_us: int, zone: ZoneInfo) -> tuple[int, int]:
    """Offsets in microseconds before and after a change of the clocks at a local time; equal where there is none."""
    try:
        moment = (_EPOCH + timedelta(microseconds=local_us)).replace(tzinfo=zone)
        first, second = moment.utcoffset(), moment.replace(fold=1).utcoffset()
    except OverflowError:
        return 0, 0
    assert first is not None
    assert second is not None
    return first // timedelta(microseconds=1), second // timedelta(microseconds=1)
