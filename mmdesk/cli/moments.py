"""Moments as they are written on the command line."""

from __future__ import annotations

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.times import parse_moment

AS_OF_HELP = "use only what lies strictly before this time (ISO 8601, UTC without a zone)"


def as_of_option(text: str | None) -> int | None:
    """The moment behind ``--as-of``; None where it was not given.

    Raises:
        UsageError: No time (``usage.bad_time``).
    """
    if text is None:
        return None
    try:
        return parse_moment(text)
    except ValueError as error:
        raise UsageError(
            f"--as-of {text}: this is no time.",
            "Write it like 2024-03-01 or 2024-03-01T12:00:00Z.",
            code="usage.bad_time",
        ) from error
