"""Which case is open, and who wants to know what changed in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import QObject, Signal


class Concern(StrEnum):
    """What a write can change."""

    TABLES = "tables"
    MEDIA = "media"
    FEATURES = "features"
    RUNS = "runs"
    ANNOTATIONS = "annotations"
    """Tags, stars, dispositions and notes, of entities and of runs."""


@dataclass(frozen=True)
class OpenCase:
    """The case that is open; ``place`` is its folder by the real path, empty where nobody looked."""

    folder: Path
    name: str
    place: str = ""
    on_server: bool = False


class Session(QObject):
    """``opened`` and ``closed`` tell of the case, ``changed`` carries the :class:`Concern` of a write."""

    opened = Signal(object)
    closed = Signal()
    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.case: OpenCase | None = None

    @property
    def folder(self) -> Path:
        """The open case's folder.

        Raises:
            RuntimeError: No case is open; nobody may ask then.
        """
        if self.case is None:
            raise RuntimeError("no case is open")
        return self.case.folder

    def open(self, case: OpenCase) -> None:
        """Another case is open now."""
        self.case = case
        self.opened.emit(case)

    def close(self) -> None:
        """No case is open now."""
        if self.case is not None:
            self.case = None
            self.closed.emit()

    def tell(self, *concerns: Concern) -> None:
        """A write changed these."""
        for concern in concerns:
            self.changed.emit(concern)
