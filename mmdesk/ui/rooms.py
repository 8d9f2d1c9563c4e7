"""The tabs: which there are, and how they come one after the other while the window stays free to answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer

from mmdesk.engine.core.arrow import spare_pandas
from mmdesk.ui.desk import Desk, Room
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.language import tr, tr_later
from mmdesk.ui.turns import next_turn

ROOMS = ("import", "train", "runs", "explain")
TITLES = {"import": tr("Import"), "train": tr("Train"), "runs": tr("Runs"), "explain": tr("Explain")}
GO_TO = {
    "import": tr_later("Go to Import"),
    "train": tr_later("Go to Train"),
    "runs": tr_later("Go to Runs"),
    "explain": tr_later("Go to Explain"),
}
ICONS = {"import": "import", "train": "train", "runs": "runs", "explain": "explain"}
_UNTIL_SEEN_MS = 150
"""So long the window has to itself, to be drawn and to answer, before the tabs are made."""


def _room_kind(name: str) -> Callable[[Desk], Room]:
    """What makes a tab; here and not above, because they bring the plotting library."""
    match name:
        case "import":
            from mmdesk.ui.tabs.importing.tab import ImportTab

            return ImportTab
        case "train":
            from mmdesk.ui.tabs.training.tab import TrainTab

            return TrainTab
        case "runs":
            from mmdesk.ui.tabs.runs.tab import RunsTab

            return RunsTab
        case _:
            from mmdesk.ui.tabs.explain.tab import ExplainTab

            return ExplainTab


class RoomMaker(QObject):
    """Makes the tabs of a window in small steps, once it has been seen and what they need is loaded.

    Args:
        window: Whose.
        desk: What each tab works with.
        put: Takes each tab that is whole, with its name; it is among :attr:`rooms` by then.
    """

    def __init__(self, window: QObject, desk: Desk, put: Callable[[str, Room], None]) -> None:
        super().__init__(window)
        self._desk, self._put = desk, put
        self.rooms: dict[str, Room] = {}
        self._making = self._make()
        self._when_made: Callable[[], None] | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._load_libraries)

    @property
    def done(self) -> bool:
        """All tabs are there."""
        return len(self.rooms) == len(ROOMS)

    def start(self) -> None:
        """Begin in a moment: the start page is seen first, and what the tabs need is loaded while it is looked at."""
        self._later.start(_UNTIL_SEEN_MS)

    def stop(self) -> None:
        """Do not begin any more."""
        self._later.stop()

    def when_made(self, then: Callable[[], None]) -> None:
        """Do ``then`` once all tabs are there; only the last one that was asked for."""
        if self.done:
            then()
            return
        self._when_made = then
        if self._later.isActive():  # the window was to be seen first; now there is something to be shown in it
            self._later.stop()
            self._load_libraries()

    def make_all(self) -> None:
        """Make the tabs that are not there yet, all at once."""
        self._later.stop()
        while self._step():
            pass

    def _load_libraries(self) -> None:
        """Off this thread, so that only widgets remain to be made on it."""
        from mmdesk.ui import calls

        self._desk.jobs.prepare(spare_pandas)
        self._desk.jobs.submit(
            Lane.IO, calls.load_libraries, owner=self, on_success=lambda _none: self._make_next(),
            on_failure=lambda _failure: self._make_next(),  # what failed there fails here, and is reported
        )  # fmt: skip

    def _make_next(self) -> None:
        """One step towards all tabs, and the next one after whatever the window was asked meanwhile."""
        if self._step():
            next_turn(self, self._make_next)
        elif self._when_made is not None:
            then, self._when_made = self._when_made, None
            then()

    def _step(self) -> bool:
        """Make a part of a tab, or put a whole one among the others; False if all are there."""
        return next(self._making, False)

    def _make(self) -> Iterator[bool]:
        for name in ROOMS:
            room = _room_kind(name)(self._desk)
            for _ in room.parts():
                yield True
            yield True
            room.join()
            self.rooms[name] = room
            self._put(name, room)
            yield True
