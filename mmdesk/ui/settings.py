"""What the window remembers between sessions; a plain file in the user's configuration folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
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

    @property
    def file(self) -> Path:
        """What makes its folder a case."""
        return Path(self.folder) / "case.mmcase"


@dataclass(frozen=True)
class Preferences:
    """What the user chose for good; the defaults are how mmdesk comes.

    Attributes:
        appearance: The palette.
        points: The text size; None = the system's.
        cases_folder: Where new cases are proposed; empty = beside the last one.
        processes: How many files are read at once when features are extracted; 0 = one for each processor core.
        shortcuts: Those of the user's own, by the command's key; empty text = none.
        language: A key of :data:`mmdesk.ui.language.LANGUAGES`, from the next start on; empty = the system's.
    """

    appearance: Appearance = Appearance.SYSTEM
    points: int | None = None
    cases_folder: str = ""
    processes: int = 0
    shortcuts: Mapping[str, str] = field(default_factory=dict)
    language: str = ""


MOST_PROCESSES = 64


class Settings:
    """The remembered choices; every setter writes at once, unreadable values count as never set."""

    def __init__(self, parent: QObject | None = None) -> None:
        file = Path(platformdirs.user_config_dir("mmdesk", appauthor=False)) / "window.ini"
        self._store = QSettings(str(file), QSettings.Format.IniFormat, parent)
        self._secret: dict[tuple[str, str], dict[str, object]] = {}

    @property
    def file(self) -> Path:
        """Where it is all kept."""
        return Path(self._store.fileName())

    @property
    def preferences(self) -> Preferences:
        """What the user chose; unreadable values count as never chosen."""
        try:
            processes = int(str(self._store.value("processes", 0)))
        except ValueError:
            processes = 0
        try:
            kept = json.loads(str(self._store.value("shortcuts", "{}")))
            shortcuts = {str(key): str(value) for key, value in kept.items()}
        except (ValueError, AttributeError):
            shortcuts = {}
        return Preferences(
            self.appearance,
            self.points,
            str(self._store.value("cases_folder", "")),
            processes if 0 <= processes <= MOST_PROCESSES else 0,
            shortcuts,
            self.language,
        )

    @preferences.setter
    def preferences(self, value: Preferences) -> None:
        self.appearance = value.appearance
        self.points = value.points
        self._put("cases_folder", value.cases_folder)
        self._put("processes", value.processes)
        self._put("shortcuts", json.dumps(dict(value.shortcuts)))
        self._put("language", value.language)

    @property
    def language(self) -> str:
        """What the window shall speak; empty = as the system does."""
        return str(self._store.value("language", ""))

    @property
    def new_case_folders(self) -> tuple[Path, ...]:
        """Where a new case is proposed: the chosen folder, else that of the last case; nobody has looked for them.

        Not where files were chosen last: a case among the evidence it is made of would be taken for a part of it.
        """
        chosen = self.preferences.cases_folder
        return (*([Path(chosen)] if chosen else []), *(Path(case.folder).parent for case in self.recent[:1]))

    @property
    def appearance(self) -> Appearance:
        """The palette, or the system's."""
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
        """Take a case off the list, and let go of what was kept of it here; the case itself is untouched."""
        self._put_recent([case for case in self.recent if case.folder != folder])
        self._secret = {key: one for key, one in self._secret.items() if key[0] != folder}
        self._store.beginGroup("documents")
        names = [name for name in self._store.childKeys() if name == "tabs" or name.endswith("_by_case")]
        self._store.endGroup()
        for name in names:
            document = self.document(name)
            if document.pop(folder, None) is not None:
                self.set_document(name, document)

    def tab_of(self, folder: Path) -> str:
        """The tab that was looked at last in a case; empty if that is not known."""
        return str(self.document("tabs").get(str(folder), ""))

    def set_tab_of(self, folder: Path, name: str) -> None:
        """This tab of a case is looked at."""
        known = {case.folder for case in self.recent}
        kept = {place: tab for place, tab in self.document("tabs").items() if place in known}
        self.set_document("tabs", {**kept, str(folder): name})

    @property
    def last_folder(self) -> str:
        """Where files were chosen last."""
        return str(self._store.value("last_folder", str(Path.home())))

    @last_folder.setter
    def last_folder(self, value: str) -> None:
        self._put("last_folder", value)

    def layout(self, name: str) -> QByteArray | None:
        """A stored geometry, splitter state or arrangement of columns."""
        value = self._store.value(f"layout/{name}")
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def set_layout(self, name: str, value: QByteArray) -> None:
        """Keep one of them."""
        self._put(f"layout/{name}", value)

    def reset_layout(self) -> None:
        """Forget all of them."""
        self._store.remove("layout")
        self._store.sync()

    def document(self, name: str) -> dict[str, object]:
        """A small document that a tab keeps; empty if there is none, or none that can be read."""
        try:
            found = json.loads(str(self._store.value(f"documents/{name}", "{}")))
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def set_document(self, name: str, document: Mapping[str, object]) -> None:
        """Keep a small document."""
        self._put(f"documents/{name}", json.dumps(document))

    def kept_of(self, folder: Path, name: str) -> Mapping[str, object]:
        """A small document that a tab keeps of a case; empty if there is none."""
        kept = self._secret.get((str(folder), name), self.document(f"{name}_by_case").get(str(folder)))
        return kept if isinstance(kept, dict) else {}

    def keep_of(self, folder: Path, name: str, document: Mapping[str, object], *, secret: bool = False) -> None:
        """Keep a small document of a case, for as long as that is among the recent ones.

        Args:
            folder: The case's folder.
            name: Whose document it is.
            document: What to keep.
            secret: Of an encrypted case: kept in memory alone, for as long as the program runs.
        """
        known = {case.folder for case in self.recent} | {str(folder)}
        kept = {place: one for place, one in self.document(f"{name}_by_case").items() if place in known}
        kept.pop(str(folder), None)
        if secret:
            self._secret[str(folder), name] = dict(document)
        else:
            kept[str(folder)] = dict(document)
        self.set_document(f"{name}_by_case", kept)

    def _put_recent(self, cases: list[RecentCase]) -> None:
        self._put("recent", json.dumps([asdict(case) for case in cases]))

    def _put(self, key: str, value: object) -> None:
        self._store.setValue(key, value)
        self._store.sync()
