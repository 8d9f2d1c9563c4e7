"""What it would take: limits for each attribute, and the smallest change within them that turns the score over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from mmdesk.engine.core.types import ColumnKind, Head
from mmdesk.ui import choosers, what_if_calls
from mmdesk.ui.colours import SPACE_L, SPACE_M, SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.formatting import in_numbers, read_number, score, shown, to_figures, tool_tip
from mmdesk.ui.jobs.job import Failure, Job, Lane
from mmdesk.ui.language import tr
from mmdesk.ui.models.cells import CellKind, FieldCell
from mmdesk.ui.tabs.explain.wording import HEAD_NAMES, changed_parts
from mmdesk.ui.widgets.basics import Button, IconButton, Label, boxed, column, frame, row, scrolled
from mmdesk.ui.widgets.beside import Beside
from mmdesk.ui.widgets.cells_table import CellsTable
from mmdesk.ui.widgets.fields import Choice
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.notice import Stateful

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Changes, Explanation
    from mmdesk.engine.explanation.what_if_form import LimitField

_TITLES = (tr("Attribute"), tr("As it is"), tr("May change"), tr("Direction"), tr("From"), tr("To"))
_MAY, _DIRECTION, _LOW, _HIGH = 2, 3, 4, 5
_NAMES = {_DIRECTION: "direction", _LOW: "low", _HIGH: "high"}
_DIRECTIONS = {"": "", tr("only up"): "up", tr("only down"): "down"}
_ORDERED = {ColumnKind.NUMBER, ColumnKind.TIME}
_KEY, _FORM_KEY = "explain.changes", "explain.limits"


class WhatItTakes(QWidget):
    """Limits above, the answer below; ``taken_over`` carries the cells of an answer to be tried out."""

    taken_over = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._of: what_if_calls.WhatIfOf | None = None
        self._explanation: Explanation | None = None
        self._folder: Path | None = None
        self._fields: tuple[LimitField, ...] = ()
        self._limits: dict[str, dict[str, object]] = {}
        self._frozen: set[str] = set()
        self._changes: Changes | None = None
        self._job: Job | None = None
        self.target = QLineEdit()
        self.target.setAccessibleName(tr("Output to be reached"))
        by_letters(self.target, self.target.setFixedWidth, 84)
        self.target.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._reach, self._unit = Label(tr("Reach")), Label("%", "muted")
        self._reach.setBuddy(self.target)
        self.most: Choice[int] = Choice(tr("Attributes changed at most"), [(str(n), n) for n in range(1, 7)], letters=2)
        self.most.set_value(3)
        self.look = Button(tr("Look for it"), self._on_look, kind="primary")
        self.stop = Button(tr("Cancel"), self._on_stop)
        self.stop.hide()
        self.load = IconButton("folder-open", tr("Open limits…"), self._on_load)
        self.save = IconButton("save", tr("Save the limits…"), self._on_save)
        change = row(None, Label(tr("changing at most")), self.most, Label(tr("attributes")), None, spacing=SPACE_S)
        reach = row(None, self._reach, self.target, self._unit, SPACE_M, spacing=SPACE_S)
        what = Beside(boxed(reach), boxed(change))
        tools = row(None, self.load, self.save, SPACE_S, self.stop, self.look, spacing=SPACE_S)
        asked = Beside(what, boxed(tools))
        self.table = CellsTable(tr("Limits"), _TITLES, shares=(0.27, 0.17, 0.14, 0.14, 0.14, 0.14))
        self.table.cells.edited.connect(self._on_table_edited)
        self.answer = Label("", wrap=True)
        self.answer.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.answer.setAccessibleName(tr("What it would take"))
        self.try_it = Button(tr("Try it out"), self._on_try_it, help_text=tr("Make it the what-if"))
        said = frame("card")
        layout = row(said, self.answer, self.try_it, spacing=SPACE_M, margin=(SPACE_L, SPACE_S, SPACE_L, SPACE_S))
        layout.setStretch(0, 1)
        self._said = said
        note = Label(
            tr(
                "Nothing is taken for fixed: say what cannot change. Ends in grey are percentiles 1 and 99 of training."
            ),
            "small",
            wrap=True,
        )
        content = column(None, asked, said, note, self.table, spacing=SPACE_S)
        content.setStretch(3, 1)
        self._state = Stateful(scrolled(boxed(content)))
        column(self, self._state)
        desk.jobs.changed.connect(self._on_jobs_changed)
        self._show_answer("")

    # Whose.

    def clear(self) -> None:
        """Nobody's; what was declared of the attributes stays for the next entity of the case."""
        self._of, self._fields, self._changes = None, (), None
        for key in (_KEY, _FORM_KEY):
            self._desk.jobs.supersede(key)
        self._end()
        self._show_answer("")

    def show_entity(self, of: what_if_calls.WhatIfOf, explanation: Explanation) -> None:
        """Limits of an entity's attributes for one head."""
        if of.folder != self._folder:
            self._folder, self._limits, self._frozen = of.folder, {}, set()
        again = of == self._of and self._fields and self._head is explanation.head
        self._of, self._explanation = of, explanation
        probability = explanation.head is Head.CLASSIFICATION
        self._unit.setText("%" if probability else "")
        threshold = explanation.turning.threshold if explanation.turning is not None else None
        self.target.setPlaceholderText(score(100 * threshold, 1) if threshold is not None and probability else "")
        self.target.setToolTip(
            tool_tip(tr("{output} to be reached, or to be left where it is now", output=HEAD_NAMES[explanation.head]))
        )
        if again:
            return
        self.target.clear()
        self._changes = None
        self._show_answer("")
        self._read()

    def _read(self) -> None:
        assert self._of is not None
        self._state.show_busy(tr("Reading what is usual"))
        self._desk.jobs.submit(
            Lane.QUICK, what_if_calls.limit_fields, self._of, key=_FORM_KEY, owner=self, on_success=self._on_fields,
            on_failure=self._on_fields_failed,
        )  # fmt: skip

    def _on_fields_failed(self, failure: Failure) -> None:
        self._state.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self._read)

    def _on_fields(self, fields: tuple[LimitField, ...]) -> None:
        self._fields = fields
        self.table.set_rows([self._row(field) for field in fields])
        self._state.show_content()

    def _row(self, field: LimitField) -> list[FieldCell]:
        frozen, limit = field.name in self._frozen, self._limits.get(field.name, {})
        kinds = (CellKind.CHOICE, CellKind.TEXT, CellKind.TEXT)
        free = not frozen and field.kind in _ORDERED
        direction, low, high = (
            FieldCell(kind if free else CellKind.LABEL, text=str(limit.get(_NAMES[place], "")) if free else "")
            for place, kind in zip((_DIRECTION, _LOW, _HIGH), kinds, strict=True)
        )
        if free:
            way = next((text for text, way in _DIRECTIONS.items() if way == direction.text), "")
            direction = FieldCell(CellKind.CHOICE, way, options=tuple(_DIRECTIONS), empty=tr("either"))
            low = FieldCell(CellKind.TEXT, low.text, empty=_short(field.low, field.kind))
            high = FieldCell(CellKind.TEXT, high.text, empty=_short(field.high, field.kind))
        may = FieldCell(
            CellKind.CHECK,
            tr("no") if frozen else "",
            checked=not frozen,
            empty=tr("yes"),
            role="accent" if frozen else "",
            strong=frozen,
        )
        options = limit.get("options")
        if field.kind is ColumnKind.CATEGORY and isinstance(options, list) and not frozen:
            low = FieldCell(text=", ".join(map(str, options)), tip=tr("These only, as the file of limits says."))
        name = FieldCell(text=field.name, icon="attribute", role="muted" if frozen else "")
        return [name, FieldCell(text=_short(field.text, field.kind), empty=tr("missing")), may, direction, low, high]

    def _on_table_edited(self, place: int, which: int, value: object) -> None:
        field = self._fields[place]
        if isinstance(value, bool):
            self._frozen = self._frozen - {field.name} if value else self._frozen | {field.name}
        else:
            text = _DIRECTIONS.get(str(value), str(value)) if which == _DIRECTION else str(value)
            limit = {**self._limits.get(field.name, {}), _NAMES[which]: text.strip()}
            self._limits[field.name] = {name: said for name, said in limit.items() if said}
        for number, cell in enumerate(self._row(field)):
            fields = ("kind", "text", "options", "checked", "empty", "role", "strong")
            self.table.cells.set_cell(place, number, **{name: getattr(cell, name) for name in fields})

    # Keeping them.

    def _on_save(self) -> None:
        limits = self.limits()
        if limits is None:
            self._ask_for_target()
            return

        def write(path: Path) -> None:
            self._desk.jobs.submit(
                Lane.IO, what_if_calls.write_limits, limits, path, owner=self, on_failure=self._desk.tell_failure,
                on_success=lambda _nothing: self._desk.tell(tr("Written: {path}", path=path), "done", "good"),
            )  # fmt: skip

        choosers.choose_new_file(self, self._desk.settings, tr("Save the limits"), "limits.json", write)

    def _on_load(self) -> None:
        def read(paths: list[Path]) -> None:
            self._desk.jobs.submit(
                Lane.IO, what_if_calls.read_limits, paths[0], owner=self, on_success=self._on_loaded,
                on_failure=self._desk.tell_failure,
            )  # fmt: skip

        choosers.choose_files(self, self._desk.settings, tr("Open limits"), tr("Limits (*.json);;All files (*)"), read)

    def _on_loaded(self, document: Mapping[str, object]) -> None:
        """What a file says, whatever was declared before; names that the run does not know stay unheard."""
        frozen, columns, target = (document.get(key) for key in ("frozen", "columns", "target"))
        assert isinstance(frozen, list)
        assert isinstance(columns, dict)
        self._frozen, self._limits = set(frozen), {name: dict(limit) for name, limit in columns.items()}
        most = document.get("most")
        if isinstance(most, int):
            self.most.set_value(most)
        scale = 100.0 if self._head is Head.CLASSIFICATION else 1.0
        self.target.setText(to_figures(scale * target, 6) if isinstance(target, float) else "")
        strange = sorted({*frozen, *columns} - {field.name for field in self._fields})
        if strange:
            self._desk.tell(
                tr("The run has not learned from {strange}.", strange=shown(", ".join(strange), 120)), "warning", "warn"
            )
        self.table.set_rows([self._row(field) for field in self._fields])

    # Looking.

    @property
    def _head(self) -> Head:
        return Head.CLASSIFICATION if self._explanation is None else self._explanation.head

    def limits(self) -> dict[str, object] | None:
        """As in a file of limits; None while the target is no number."""
        known = {field.name: field.kind for field in self._fields}
        document: dict[str, object] = {
            "frozen": sorted(self._frozen & set(known)),
            "most": self.most.value or 3,
            "columns": {
                name: limit
                for name, limit in sorted(self._limits.items())
                if limit and name in known and name not in self._frozen
            },
        }
        text = self.target.text().strip().removesuffix("%").strip()
        if text:
            try:
                target = read_number(text)
            except ValueError:
                return None
            document["target"] = target / 100 if self._head is Head.CLASSIFICATION else target
        return document

    def _on_look(self) -> None:
        limits = self.limits()
        if limits is None or ("target" not in limits and self._head is not Head.CLASSIFICATION):
            self._ask_for_target()
            return
        assert self._of is not None
        assert self._explanation is not None
        self._changes = None
        self._show_answer(tr("Looking for the smallest change…"), "muted")
        self.stop.show()
        if self.look.hasFocus():
            self.stop.setFocus()
        self.look.setEnabled(False)
        self._job = self._desk.jobs.submit(
            Lane.QUICK, what_if_calls.what_it_takes, self._of.folder, self._explanation, limits, key=_KEY, owner=self,
            title=tr("Looking for the smallest change"), on_success=self._on_found, on_failure=self._on_look_failed,
            on_cancel=self._on_cancelled,
        )  # fmt: skip

    def _ask_for_target(self) -> None:
        self._changes = None
        self._show_answer(
            tr("Say which output is to be reached, as a number: {output}.", output=HEAD_NAMES[self._head]),
            "bad",
        )
        self.target.setFocus()

    def _on_stop(self) -> None:
        if self._job is not None:
            self._desk.jobs.cancel(self._job)

    def _on_jobs_changed(self, job: Job) -> None:
        if job is self._job and job.cancel_requested and not job.state.ended:
            self._show_answer(tr("Cancelling…"), "muted")

    def _end(self) -> None:
        self._job = None
        self.look.setEnabled(True)
        if self.stop.hasFocus():
            self.look.setFocus()
        self.stop.hide()

    def _on_found(self, found: tuple[Changes | None, str]) -> None:
        self._changes, text = found
        self._end()
        self._show_answer(in_numbers(text, changed_parts(self._changes)))

    def _on_look_failed(self, failure: Failure) -> None:
        self._end()
        self._show_answer(f"{failure.message} {failure.hint}".strip(), "bad")

    def _on_cancelled(self) -> None:
        self._end()
        self._show_answer(tr("Cancelled."), "muted")

    def _show_answer(self, text: str, kind: str = "") -> None:
        self.answer.set_kind(kind)
        self.answer.setText(shown(text, 1000))
        self._said.setVisible(bool(text))
        self.try_it.setVisible(self._changes is not None and bool(self._changes.changes))

    def _on_try_it(self) -> None:
        if self._changes is not None:
            cells: Mapping[str, str] = {change.column: change.cell for change in self._changes.changes}
            self.taken_over.emit(cells)


def _short(text: str, kind: ColumnKind) -> str:
    """A cell for reading."""
    if kind is ColumnKind.NUMBER and text:
        return f"{float(text):.6g}"
    return text[:10] if kind is ColumnKind.TIME else text
