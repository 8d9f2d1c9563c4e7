"""Which case is open, and who wants to know what changed in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

T = TypeVar("T")


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
    """The case that is open.

    Attributes:
        folder: Its folder.
        name: Its name.
        place: Its folder by the real path, empty where nobody looked.
        on_server: Its tables are on a server.
        encrypted: It has a key: nothing of what is in it may be kept in plain outside of it.
    """

    folder: Path
    name: str
    place: str = ""
    on_server: bool = False
    encrypted: bool = False


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

    def while_open(self, then: Callable[[T], object]) -> Callable[[T], None]:
        """``then``, for an answer that comes later; it does nothing if the case that is open now is no longer."""
        case = self.case

        def only_if_open(answer: T) -> None:
            if self.case is case:
                then(answer)

        return only_if_open

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
