"""One explanation pinned, another beside it: two entities, or one entity by two runs, with what differs marked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from mmdesk.engine.core.files import safe_name
from mmdesk.ui import choosers, explain_calls
from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.formatting import shown
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.models.columns import Column
from mmdesk.ui.tabs.explain.wording import HEAD_NAMES, Scale, scale_of
from mmdesk.ui.widgets.bars import SignedBarDelegate
from mmdesk.ui.widgets.basics import Button, ElidedLabel, IconButton, Label, boxed, column, frame, row
from mmdesk.ui.widgets.beside import Beside
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.explanation.beside import Beside as Both
    from mmdesk.engine.explanation.beside import Pair, Share
    from mmdesk.engine.explanation.explanation import Explanation

_KINDS = {"attribute": tr("Attribute"), "event": tr("Events"), "neighbour": tr("Links"), "artifact": tr("Files")}
_BARS = (3, 5, 6)
_LEAST_SENTENCE = 180


class _Side(QWidget):
    """Whose explanation it is, and what it says."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._name = ElidedLabel("", "strong")
        self._facts = ElidedLabel("", "small")
        self._value = Label("", "figure")
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight)
        card = frame("card")
        words = column(None, self._name, self._facts, spacing=0)
        layout = row(card, words, self._value, spacing=SPACE_M, margin=(SPACE_M, SPACE_S, SPACE_M, SPACE_S))
        layout.setStretch(0, 1)
        column(self, card)

    def show_one(self, one: Explanation) -> None:
        """Of another explanation."""
        self._name.set_text(f"{self._title}: {one.entity_id}")
        moment = tr("everything known") if one.as_of is None else tr("as of {as_of}", as_of=one.as_of)
        self._facts.set_text(
            tr(
                "run {run_id} · {moment} · grade {grade}",
                run_id=one.run_id[:12],
                moment=moment,
                grade=one.faithfulness.grade.value,
            )
        )
        self._value.setText(scale_of(one).level(one.output))
        self._value.setAccessibleName(f"{HEAD_NAMES[one.head]} {self._value.text()}")


class ComparePage(QWidget):
    """``asked`` carries the pinned entity, to be shown by the run that is chosen now."""

    asked = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.pinned: Explanation | None = None
        self._other: Explanation | None = None
        self._fresh = True
        self._beside: Both | None = None
        self._scale = Scale(str, str, "")
        self._sides = _Side(tr("Pinned")), _Side(tr("This one"))
        both = row(None, *self._sides, spacing=SPACE_S)
        for place in (0, 1):
            both.setStretch(place, 1)
        self._said = Label("", "small", wrap=True)
        self.go = Button(tr("Show the pinned entity"), self._on_go)
        self.unpin = Button(tr("Unpin"), lambda: self.pin(None))
        self.export = IconButton("export", tr("Save what differs…"), self._on_export)
        by_letters(self._said, self._said.setMinimumWidth, _LEAST_SENTENCE)
        tools = Beside(self._said, boxed(row(None, self.export, self.go, self.unpin, spacing=SPACE_S)), grows=True)
        self.table = Table(tr("Both side by side"))
        self._delegate = SignedBarDelegate(self._change, self.table)
        page = column(None, both, tools, self.table, spacing=SPACE_S)
        page.setStretch(2, 1)
        self._state = Stateful(boxed(page))
        column(self, self._state)
        self.pin(None)

    def pin(self, one: Explanation | None) -> None:
        """Keep this one for comparing; None lets it go."""
        self.pinned, self._fresh = one, False
        self._refresh()

    def show_explanation(self, explanation: Explanation | None) -> None:
        """Another one is looked at."""
        self._other, self._fresh = explanation, False
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what was chosen meanwhile."""
        super().showEvent(event)
        if not self._fresh:
            self._refresh()

    def _refresh(self) -> None:
        self._desk.jobs.supersede("explain.beside")
        pinned, other = self.pinned, self._other
        if pinned is None or other is None:
            self._state.show_empty(
                "compare", tr("Nothing is pinned"),
                tr("Pin an explanation, then choose another entity or another run: both are shown side by side."),
                tr("Pin this one"), lambda: self.pin(self._other),
            )  # fmt: skip
            return
        if (pinned.entity_id, pinned.run_id, pinned.as_of, pinned.head, pinned.base) == (
            other.entity_id, other.run_id, other.as_of, other.head, other.base,
        ):  # fmt: skip
            self._state.show_empty(
                "compare",
                tr("{entity_id} is pinned", entity_id=shown(pinned.entity_id, 60)),
                tr("Choose another entity, or another run."),
                tr("Unpin"),
                lambda: self.pin(None),
            )
            return
        if not self.isVisible():
            return
        self._fresh = True
        self._desk.jobs.submit(
            Lane.IO, explain_calls.set_beside, pinned, other, key="explain.beside", owner=self,
            on_success=self._on_compared, on_failure=self._on_failed,
        )  # fmt: skip

    def _on_failed(self, failure: Failure) -> None:
        self._state.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self._refresh)

    def _on_go(self) -> None:
        if self.pinned is not None:
            self.asked.emit(self.pinned.entity_id)

    def _on_export(self) -> None:
        pinned, other, beside = self.pinned, self._other, self._beside
        if pinned is None or other is None or beside is None:
            return

        def write(path: Path) -> None:
            self._desk.jobs.submit(
                Lane.IO, explain_calls.write_beside, pinned, other, beside, path, owner=self,
                on_failure=self._desk.tell_failure,
                on_success=lambda _nothing: self._desk.tell(tr("Written: {path}", path=path), "done", "good"),
            )  # fmt: skip

        name = f"{safe_name(pinned.entity_id)}-{safe_name(other.entity_id)}.csv"
        choosers.choose_new_file(self, self._desk.settings, tr("Save what differs"), name, write)

    def _change(self, value: float) -> str:
        return self._scale.change(value)

    def _on_compared(self, beside: Both | None) -> None:
        if self.pinned is None or self._other is None:
            return
        if beside is None:
            self._state.show_empty(
                "compare",
                tr("They explain different outputs"),
                tr("The pinned one is about this: {output}.", output=HEAD_NAMES[self.pinned.head]),
                tr("Unpin"),
                lambda: self.pin(None),
            )
            return
        for side, one in zip(self._sides, (self.pinned, self._other), strict=True):
            side.show_one(one)
        self._beside = beside
        self._scale = scale_of(self._other)
        self.go.setVisible(self.pinned.entity_id != self._other.entity_id)
        start = (
            "" if beside.same_start else tr("The accounts start from different cases, so only their outputs compare. ")
        )
        base = (
            tr("; the base values differ by {change}", change=self._change(beside.base_difference))
            if beside.base_difference
            else ""
        )
        self._said.setText(
            tr_n(
                "{start}{n:,} input of {pairs:,} not alike (≠), {turned:,} in opposite directions "
                "(⇄){base}. In {unit}, the largest difference first.",
                "{start}{n:,} inputs of {pairs:,} not alike (≠), {turned:,} in opposite directions "
                "(⇄){base}. In {unit}, the largest difference first.",
                beside.otherwise,
                start=start,
                pairs=len(beside.pairs),
                turned=beside.turned,
                base=base,
                unit=self._scale.unit,
            )
        )
        self._show_pairs(beside.pairs)
        self._state.show_content()

    def _show_pairs(self, pairs: tuple[Pair, ...]) -> None:
        sizes = [abs(share.contribution) for pair in pairs for share in (pair.first, pair.second) if share is not None]
        self._delegate.largest = max(sizes, default=1.0) or 1.0
        self.table.set_columns(
            [
                Column("", [_mark(pair) for pair in pairs], help=tr("≠ not alike, ⇄ in opposite directions")),
                Column(tr("Input"), [f"{_KINDS[pair.kind.value]}: {pair.name}" for pair in pairs], tip=str),
                Column(tr("Pinned"), [_value(pair, pair.first) for pair in pairs], tip=str),
                Column(
                    tr("Contribution"), _contributions([pair.first for pair in pairs]), show=self._change, numeric=True
                ),
                Column(tr("This one"), [_value(pair, pair.second) for pair in pairs], tip=str),
                Column(
                    tr("Contribution") + " ",
                    _contributions([pair.second for pair in pairs]),
                    show=self._change,
                    numeric=True,
                ),
                Column(
                    tr("Difference"),
                    np.array([pair.difference for pair in pairs]),
                    show=self._change,
                    numeric=True,
                    help=tr("This one minus the pinned"),
                ),
            ]
        )
        for place in _BARS:
            self.table.setItemDelegateForColumn(place, self._delegate)
            self.table.setColumnWidth(place, 130)
        self.table.setColumnWidth(0, 48)


def _mark(pair: Pair) -> str:
    return " ".join(sign for sign, holds in (("≠", pair.otherwise), ("⇄", pair.turned)) if holds)


def _value(pair: Pair, share: Share | None) -> str:
    if share is None:
        return tr("none")
    return share.value if pair.kind.value == "attribute" else translated(share.value)


def _contributions(shares: list[Share | None]) -> np.ndarray:
    return np.array([np.nan if share is None else share.contribution for share in shares], dtype=np.float64)
