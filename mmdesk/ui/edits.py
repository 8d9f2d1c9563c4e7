"""The analyst's edits of tags, notes and runs: done one after the other, undone and redone in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from mmdesk.ui import annotation_calls, deletion_calls, run_calls
from mmdesk.ui.commands import Commands
from mmdesk.ui.formatting import tool_tip
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.jobs.manager import Jobs
from mmdesk.ui.language import tr, tr_later, tr_n
from mmdesk.ui.session import Concern, OpenCase, Session

_MOST = 200


class Switch(Protocol):
    """What was switched; false if nothing was."""

    @property
    def reverse(self) -> Any:
        """The same the other way round."""

    def __bool__(self) -> bool: ...


class Report(Protocol):
    """What the services say of a change: what was switched, and of an undo whom it passed over."""

    @property
    def switch(self) -> Switch:
        """What its reverse takes back."""

    @property
    def passed(self) -> tuple[str, ...]:
        """Those that somebody else has changed meanwhile."""


@dataclass(frozen=True)
class Kind:
    """What can be edited: how such a change is taken back or done again, and who wants to know of it."""

    turn: Callable[..., Report]
    concern: Concern


MARKS = Kind(annotation_calls.turn, Concern.ANNOTATIONS)
"""Tags, stars, dispositions and notes."""
RUNS = Kind(run_calls.turn_runs, Concern.RUNS)
"""The names of runs, and which of them are in the trash."""
ENTITIES = Kind(deletion_calls.turn, Concern.TABLES)
"""Which entities are deleted."""
FILES = Kind(deletion_calls.turn, Concern.MEDIA)
"""Which evidence files are deleted."""


@dataclass(frozen=True)
class _Edit:
    """Something to be done: what it is called, how, and who wants to hear of it."""

    words: str
    work: Callable[..., Report]
    arguments: tuple[object, ...]
    on_done: Callable[[Any], object]
    on_failure: Callable[[Failure], object]


@dataclass(frozen=True)
class _Here:
    """Something outside of the case, which takes no time: how to do it, and its reverse."""

    work: Callable[[], object]
    back: Callable[[], object]

    @property
    def reverse(self) -> _Here:
        """The same the other way round."""
        return _Here(self.back, self.work)


@dataclass(frozen=True)
class _Done:
    """An edit that can be taken back (or done again): what it is called, and what has to be switched for that."""

    words: str
    switch: Switch | _Here
    kind: Kind


class Edits(QObject):
    """Writes what the analyst says, and remembers how to take it back as long as the case is open.

    A change begins when the one before has ended, so that they come into the case in the order of the keys pressed.
    ``marked`` carries the switch of each change of marks or notes.
    """

    marked = Signal(object)

    def __init__(
        self, jobs: Jobs, session: Session, commands: Commands, tell: Callable[[str, str, str], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._jobs, self._session, self._tell = jobs, session, tell
        self._waiting: deque[_Edit] = deque()
        self._busy = False
        self._undos: list[_Done] = []
        self._redos: list[_Done] = []
        add = commands.add
        self._undo = add("Edit", tr_later("Undo"), self.undo, shortcut="Ctrl+Z", icon="undo", enabled=False)
        self._redo = add("Edit", tr_later("Redo"), self.redo, shortcut="Ctrl+Shift+Z", icon="redo", enabled=False)
        session.opened.connect(lambda _case: self._forget())
        session.closed.connect(self._forget)
        self._show()

    def do(
        self,
        words: str,
        work: Callable[..., Report],
        *arguments: object,
        kind: Kind = MARKS,
        on_done: Callable[[Any], object] = lambda _report: None,
        on_failure: Callable[[Failure], object] | None = None,
    ) -> None:
        """Change something.

        Args:
            words: What it is called, in the past tense (``"3 entities starred"``).
            work: From :mod:`mmdesk.ui.annotation_calls` or :mod:`mmdesk.ui.run_calls`; the case's folder comes first,
                then ``arguments``.
            *arguments: Its own.
            kind: What is edited.
            on_done: Told what was changed.
            on_failure: Told why not; by itself the failure is one line of news.
        """
        self._put(_Edit(words, work, arguments, lambda report: self._on_done(words, kind, report, on_done),
                        on_failure or self._tell_failure))  # fmt: skip

    def did(self, words: str, back: Callable[[], object], again: Callable[[], object]) -> None:
        """Something of the window's own was done, which is to be taken back like any edit.

        Args:
            words: What it is called, in the past tense.
            back: Takes it back.
            again: Does it again.
        """
        self._undos = [*self._undos, _Done(words, _Here(back, again), MARKS)][-_MOST:]
        self._redos.clear()
        self._tell(words, "done", "good")
        self._show()

    def undo(self) -> None:
        """Take the last change back."""
        self._turn(self._undos, self._redos, redo=False)

    def redo(self) -> None:
        """Do what was taken back last again."""
        self._turn(self._redos, self._undos, redo=True)

    def _turn(self, come: list[_Done], go: list[_Done], *, redo: bool) -> None:
        if not come or self._busy:
            return
        last = come.pop()
        if isinstance(last.switch, _Here):
            last.switch.work()
            go.append(replace(last, switch=last.switch.reverse))
            said = tr("Done again: {words}", words=last.words) if redo else tr("Undone: {words}", words=last.words)
            self._tell(said, "redo" if redo else "undo", "good")
            self._show()
            return

        def on_turned(report: Report) -> None:
            if report.switch:
                go.append(_Done(last.words, report.switch.reverse, last.kind))
            left = ""
            if report.passed:
                left = tr_n(
                    "; {n:,} entry changed by somebody else meanwhile stayed",
                    "; {n:,} entries changed by somebody else meanwhile stayed",
                    len(report.passed),
                )
            said = tr("Done again: {words}", words=last.words) if redo else tr("Undone: {words}", words=last.words)
            self._said(f"{said}{left}", "undo" if not redo else "redo", last.kind, report)

        def on_failure(failure: Failure) -> None:
            if failure.may_pass:
                come.append(last)
            # Else it stays in the way for ever, and of all that was done before it, too.
            self._tell_failure(failure)

        self._put(_Edit(last.words, last.kind.turn, (last.switch, redo), on_turned, on_failure))

    def _on_done(self, words: str, kind: Kind, report: Report, on_done: Callable[[Any], object]) -> None:
        if report.switch:
            self._undos = [*self._undos, _Done(words, report.switch.reverse, kind)][-_MOST:]
            self._redos.clear()
        if not report.switch:
            words = tr("{words}: so already", words=words)
        elif report.passed:
            words += tr_n("; {n:,} left as it is", "; {n:,} left as they are", len(report.passed))
        self._said(words, "done", kind, report)
        on_done(report)

    def _said(self, words: str, icon: str, kind: Kind, report: Report) -> None:
        self._tell(words, icon, "good" if report.switch else "muted")
        if report.switch:
            if kind is MARKS:
                self.marked.emit(report.switch)
            self._session.tell(kind.concern)

    def _tell_failure(self, failure: Failure) -> None:
        self._tell(f"{failure.message} {failure.hint}".strip(), "failed", "bad")

    # One after the other.

    def _put(self, edit: _Edit) -> None:
        self._waiting.append(edit)
        self._next()

    def _next(self) -> None:
        if self._busy or not self._waiting or self._session.case is None:
            return
        edit = self._waiting.popleft()
        self._busy = True
        self._show()
        case = self._session.case
        self._jobs.submit(
            Lane.IO, edit.work, self._session.folder, *edit.arguments, owner=self,
            on_success=lambda report: self._ended(case, edit.on_done, report),
            on_failure=lambda failure: self._ended(case, edit.on_failure, failure),
            on_cancel=lambda: self._ended(None, edit.on_done),
        )  # fmt: skip

    def _ended(self, case: OpenCase | None, answer: Callable[..., object], *told: object) -> None:
        self._busy = False
        if case is not None and case is self._session.case:  # else nobody wants to know any more
            answer(*told)
        self._show()
        self._next()

    def _forget(self) -> None:
        self._waiting.clear()
        self._undos.clear()
        self._redos.clear()
        self._show()

    def _show(self) -> None:
        for action, name, done in ((self._undo, tr("Undo"), self._undos), (self._redo, tr("Redo"), self._redos)):
            action.setEnabled(bool(done) and not self._busy)
            action.setToolTip(tool_tip(f"{name}: {done[-1].words}" if done else name))
