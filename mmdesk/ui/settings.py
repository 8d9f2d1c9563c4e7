"""What the window remembers between sessions; a plain file in the user's configuration folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs
from PySide6.QtCore import QByteArray, QObject, QSettings

from mmdesk.engine.core.times import now_us
from mmdesk.ui.colours import Appearance

_MOST_RECENT = 12


@dataclass(frozen=True)
class RecentCase:
    """A case that was open once: its folder, its name, and when (microseconds since 1970 UTC)."""

    folder: str
    name: str
    opened_us: int


class Settings:
    """The remembered choices; every setter writes at once, unreadable values count as never set."""

    def __init__(self, parent: QObject | None = None) -> None:
        file = Path(platformdirs.user_config_dir("mmdesk", appauthor=False)) / "window.ini"
        self._store = QSettings(str(file), QSettings.Format.IniFormat, parent)

    @property
    def appearance(self) -> Appearance:
        """System, light or dark."""
        try:
            return Appearance(str(self._store.value("appearance", Appearance.SYSTEM.value)))
        except ValueError:
            return Appearance.SYSTEM

    @appearance.setter
    def appearance(self, value: Appearance) -> None:
        self._put("appearance", value.value)

    @property
    def points(self) -> int | None:
        """The text size; None = the system's."""
        try:
            return int(str(self._store.value("points", ""))) or None
        except ValueError:
            return None

    @points.setter
    def points(self, value: int | None) -> None:
        self._put("points", value or 0)

    @property
    def recent(self) -> tuple[RecentCase, ...]:
        """The cases that were open, the latest first."""
        try:
            entries = json.loads(str(self._store.value("recent", "[]")))
            return tuple(RecentCase(str(e["folder"]), str(e["name"]), int(e["opened_us"])) for e in entries)
        except (ValueError, TypeError, KeyError):
            return ()

    def add_recent(self, folder: Path, name: str) -> None:
        """This case is open now."""
        others = [case for case in self.recent if case.folder != str(folder)]
        self._put_recent([RecentCase(str(folder), name, now_us()), *others][:_MOST_RECENT])

    def forget_recent(self, folder: str) -> None:
        """Take a case off the list; the case itself is untouched."""
        self._put_recent([case for case in self.recent if case.folder != folder])

    @property
    def last_folder(self) -> str:
        """Where files were chosen last."""
        return str(self._store.value("last_folder", str(Path.home())))

    @last_folder.setter
    def last_folder(self, value: str) -> None:
        self._put("last_folder", value)

    def layout(self, name: str) -> QByteArray | None:
        """A stored geometry or splitter state."""
        value = self._store.value(f"layout/{name}")
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def set_layout(self, name: str, value: QByteArray) -> None:
        """Keep a geometry or splitter state."""
        self._put(f"layout/{name}", value)

    def reset_layout(self) -> None:
        """Forget every geometry and splitter state."""
        self._store.remove("layout")
        self._store.sync()

    def _put_recent(self, cases: list[RecentCase]) -> None:
        self._put("recent", json.dumps([asdict(case) for case in cases]))

    def _put(self, key: str, value: object) -> None:
        self._store.setValue(key, value)
        self._store.sync()
