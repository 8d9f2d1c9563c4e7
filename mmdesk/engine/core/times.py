"""Moments as whole microseconds since 1970-01-01 UTC (int64), the only form the store and the model know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_TIME_US = -(2**63)
"""In arrays: this row has no time, so it counts as always known."""
END_OF_TIME_US = 2**63 - 1
"""In arrays: no as-of, so everything known counts."""


def to_us(moment: datetime) -> int:
    """Microseconds since the epoch; a moment without a zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


def from_us(time_us: int) -> datetime:
    """The moment, aware, in UTC.

    Raises:
        OverflowError: Outside the years 1 to 9999.
    """
    return EPOCH + timedelta(microseconds=time_us)


def parse_moment(text: str) -> int:
    """Microseconds of an ISO 8601 date or date and time; without a zone it is taken as UTC.

    Raises:
        ValueError: Not such a text.
    """
    return to_us(datetime.fromisoformat(text.strip()))


def format_us(time_us: int) -> str:
    """ISO 8601 in UTC without superfluous zeros: ``2010-11-08T18:45:11Z``, fractions only where there are some."""
    moment = from_us(time_us)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds" if moment.microsecond else "seconds") + "Z"


def now_us() -> int:
    """The present moment."""
    return to_us(datetime.now(UTC))
