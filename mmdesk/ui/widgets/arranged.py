"""How somebody arranged the columns of a table, and when they did."""

from __future__ import annotations

import json
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Signal

NARROWEST = 34
"""Pixels of a column that is a picture; none is narrower."""
_WIDEST = 4000


@dataclass(frozen=True)
class Arranged:
    """How somebody arranged columns: widths in pixels, and the order; both by what a column is remembered by."""

    widths: dict[str, int]
    order: tuple[str, ...]

    @classmethod
    def read(cls, data: bytes) -> Arranged:
        """As it was kept; nothing where that cannot be read."""
        try:
            kept = json.loads(data)
            widths = {str(title): min(max(int(width), NARROWEST), _WIDEST) for title, width in kept["widths"].items()}
            return cls(widths, tuple(map(str, kept["order"])))
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls({}, ())


class MouseReleases(QObject):
    """Tells when the mouse lets go of a header: what moved before that, somebody moved."""

    released = Signal()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Watch only."""
        if event.type() == QEvent.Type.MouseButtonRelease:
            self.released.emit()
        return False
