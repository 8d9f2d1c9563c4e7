"""What-if: change an attribute, leave out an event, a link or a file, and the score follows; the case is only read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QButtonGroup, QLineEdit, QSizePolicy, QStackedWidget, QWidget

from mmdesk.engine.core.files import safe_name
from mmdesk.engine.core.times import parse_moment
from mmdesk.ui import choosers, what_if_calls
from mmdesk.ui.colours import SPACE_L, SPACE_M, SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.formatting import shown, tool_tip
from mmdesk.ui.hints import for_window
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr
from mmdesk.ui.models.cells import FieldCell
from mmdesk.ui.tabs.explain.scenario_edits import ScenarioEdits
from mmdesk.ui.tabs.explain.what_if_rows import (
    FIELDS,
    ROWS,
    became,
    effects_of,
    item_key,
    key_of,
    kind_of,
    other_heads,
    row_cells,
    word_cells,
)
from mmdesk.ui.tabs.explain.what_it_takes import WhatItTakes
from mmdesk.ui.tabs.explain.wording import HEAD_NAMES, Scale, scale_of
from mmdesk.ui.widgets.basics import ElidedLabel, IconButton, Label, boxed, column, frame, one_of, row, scrolled, switch
from mmdesk.ui.widgets.beside import Beside
from mmdesk.ui.widgets.cells_table import CellsTable
from mmdesk.ui.widgets.fields import Choice, clearable
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.notice import Stateful

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Explanation
    from mmdesk.engine.explanation.scenario import Scenario
    from mmdesk.engine.explanation.what_if_form import AttributeField, EvidenceField, WhatIfForm

_SHOW = (
    (tr("Everything"), "all"), (tr("Attributes"), "attribute"), (tr("Events"), "event"), (tr("Links"), "neighbour"),
    (tr("Media"), "artifact"), (tr("Changed"), "changed"),
)  # fmt: skip
_TITLES = (tr("Evidence"), tr("As it is"), tr("What if"), tr("Alone"))
_WHAT_IF, _ALONE = 2, 3
_LEAST_SEARCH = 180
_NOTES = 4


class WhatIfPage(QWidget):
    """One entity's what-if, and what it would take; ``picked`` carries the place of a piece of evidence."""

    picked = Signal(int)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._of: what_if_calls.WhatIfOf | None = None
        self._explanation: Explanation | None = None
        self._form: WhatIfForm | None = None
        self._answer: what_if_calls.Answer | None = None
        self._problem: tuple[str, str] | None = None
        self._scale = Scale(str, str, "")
        self._ordered: tuple[Explanation | None, dict[str, int]] = (None, {})
        self._keys: list[str] = []
        self.edits = ScenarioEdits(self)
        self.edits.changed.connect(self._on_edits_changed)
        self._build_head()
        self._build_tools()
        self.table = CellsTable(tr("What-if"), _TITLES, shares=(0.3, 0.26, 0.22, 0.22))
        self.table.draw_bars(_ALONE)
        self.table.cells.edited.connect(self._on_table_edited)
        self.table.left.connect(self.edits.end_visit)
        self.table.selectionModel().currentRowChanged.connect(self._on_table_moved)
        self._notes = Label("", "warn", wrap=True)
        self._notes.hide()
        change = column(None, self._head, self._tools, self.table, self._notes, spacing=SPACE_S)
        change.setStretch(2, 1)
        self.takes = WhatItTakes(desk)
        self.takes.taken_over.connect(self._on_taken_over)
        self._pages = QStackedWidget()
        self._pages.addWidget(scrolled(boxed(change)))
        self._pages.addWidget(self.takes)
        self._state = Stateful(boxed(column(None, self._switches(), self._pages, spacing=SPACE_S)))
        column(self, self._state)

    # What is where.

    def _switches(self) -> QWidget:
        group = QButtonGroup(self)
        self._change_switch = switch(
            tr("Change it"), tr("Change what is known and see the score follow"), tr("Change it")
        )
        self._takes_switch = switch(
            tr("What would it take?"),
            tr("The smallest change that would turn the score over"),
            tr("What would it take?"),
        )
        for place, button in enumerate((self._change_switch, self._takes_switch)):
            group.addButton(button, place)
        self._change_switch.setChecked(True)
        one_of(group)
        group.idClicked.connect(self._show_page)
        note = ElidedLabel(tr("A scenario; the case stays as it is."), "small", side=Qt.AlignmentFlag.AlignRight)
        line = row(None, self._change_switch, self._takes_switch, note, spacing=2)
        line.setStretch(2, 1)
        return boxed(line)

    def _build_head(self) -> None:
        self._before, self._arrow, self._after = Label("", "figure"), Label("→", "figure"), Label("", "figure")
        self._arrow.setAccessibleName(tr("becomes"))
        self._difference = Label("", "strong")
        self._difference.setAlignment(Qt.AlignmentFlag.AlignBottom)
        self._which = ElidedLabel("", "small", side=Qt.AlignmentFlag.AlignRight)
        self._others = ElidedLabel("", "small", side=Qt.AlignmentFlag.AlignRight)
        words = column(None, None, self._which, self._others, None, spacing=2)
        self._head = frame("card")
        figures = (self._before, self._arrow, self._after, self._difference)
        line = row(self._head, *figures, words, spacing=SPACE_M, margin=(SPACE_L, SPACE_S, SPACE_L, SPACE_S))
        line.setStretch(len(figures), 1)

    def _build_tools(self) -> None:
        self.show_box = Choice(tr("What to show"), _SHOW)
        self.show_box.value_changed.connect(lambda _which: self._fill())
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Find evidence"))
        self.search.setAccessibleName(tr("Find evidence"))
        clearable(self.search)
        self.search.textChanged.connect(lambda _text: self._fill())
        stack = self.edits.stack
        self.undo = IconButton("undo", tr("Undo the last change of the what-if (Ctrl+Alt+Z)"), stack.undo)
        self.redo = IconButton("redo", tr("Redo it (Ctrl+Alt+Y)"), stack.redo)
        self.reset = IconButton("refresh", tr("Everything as it is in the case"), lambda: self.edits.replace({}, {}))
        self.load = IconButton("folder-open", tr("Open a scenario…"), self._on_load)
        self.save = IconButton("save", tr("Save the scenario…"), self._on_save)
        self.copy = IconButton("copy", tr("Copy the what-if as text"), self._on_copy)
        self.export = IconButton("export", tr("Save the answer…"), self._on_export)
        stack.canUndoChanged.connect(self.undo.setEnabled)
        stack.canRedoChanged.connect(self.redo.setEnabled)
        self.undo.setEnabled(False)
        self.redo.setEnabled(False)
        buttons = (self.undo, self.redo, self.reset, self.load, self.save, self.copy, self.export)
        found = row(None, self.show_box, self.search)
        found.setStretch(1, 1)
        by_letters(self.search, self.search.setMinimumWidth, _LEAST_SEARCH)
        self._tools = Beside(boxed(found), boxed(row(None, *buttons)), grows=True)
        self._tools.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def _show_page(self, place: int) -> None:
        self._pages.setCurrentIndex(place)
        (self._change_switch, self._takes_switch)[place].setChecked(True)
        if place and self._of is not None and self._explanation is not None:
            self.takes.show_entity(self._of, self._explanation)

    # Whose what-if.

    def clear(self) -> None:
        """Nobody's."""
        self._of = self._explanation = self._form = self._answer = self._problem = None
        for key in ("explain.what_if", "explain.what_if_form"):
            self._desk.jobs.supersede(key)
        self.edits.clear()
        self.takes.clear()

    def show_explanation(self, explanation: Explanation) -> None:
        """Another entity, or the same anew (another head, another state of the case), whose scenario stays."""
        as_of_us = None if explanation.as_of is None else parse_moment(explanation.as_of)
        of = what_if_calls.WhatIfOf(self._desk.session.folder, explanation.run_id, explanation.entity_id, as_of_us)
        self._explanation, self._scale = explanation, scale_of(explanation)
        if of != self._of or self._form is None:
            self.clear()
            self._of, self._explanation = of, explanation
            self._change_switch.setChecked(True)
            self._pages.setCurrentIndex(0)
            if self.isVisible():
                self._state.show_busy(tr("Opening {entity_id}", entity_id=shown(of.entity_id, 60)))
                self._read()
            return
        self._show_answer()
        self._fill()
        self._read()
        if self._pages.currentIndex():
            self.takes.show_entity(of, explanation)

    @property
    def _order(self) -> dict[str, int]:
        """Places in the explanation by what can be changed; thousands, so only made when somebody looks."""
        if self._explanation is not None and self._ordered[0] is not self._explanation:
            items = self._explanation.items
            self._ordered = self._explanation, {item_key(item): place for place, item in enumerate(items)}
        return self._ordered[1]

    def showEvent(self, event: QShowEvent) -> None:
        """Read what can be changed when somebody looks."""
        super().showEvent(event)
        if self._form is None and self._of is not None:
            self._state.show_busy(tr("Opening {entity_id}", entity_id=shown(self._of.entity_id, 60)))
            self._read()

    def _read(self) -> None:
        assert self._of is not None
        self._desk.jobs.submit(
            Lane.QUICK, what_if_calls.what_if_form, self._of, key="explain.what_if_form", owner=self,
            on_success=self._on_form, on_failure=self._on_form_failed,
        )  # fmt: skip

    def _on_form_failed(self, failure: Failure) -> None:
        self._state.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self._read)

    def _on_form(self, form: WhatIfForm) -> None:
        again, self._form = self._form is not None and form != self._form, form
        if again and self.edits:
            self._ask()
        self._show_answer()
        self._fill()
        self._state.show_content()

    # Asking.

    def _on_table_moved(self, current: QModelIndex, _previous: QModelIndex) -> None:
        place = self._order.get(self._keys[current.row()]) if 0 <= current.row() < len(self._keys) else None
        if place is not None:
            self.picked.emit(place)

    def _on_table_edited(self, place: int, which: int, value: object) -> None:
        if self._form is None or which != _WHAT_IF:
            return
        key = self._keys[place]
        attribute = next((one for one in self._form.attributes if one.name == key), None)
        if isinstance(value, bool):
            self.edits.set_there(key.removeprefix(ROWS), value)
        elif attribute is not None:
            self.edits.set_value(key, None if value == attribute.text else str(value))

    def _on_edits_changed(self) -> None:
        if self._form is None or self._of is None:
            return
        if self.edits:
            self._ask()
        else:
            self._desk.jobs.supersede("explain.what_if")
            self._answer, self._problem = None, None
            self._show_answer()
        self._refresh()

    def _ask(self) -> None:
        assert self._of is not None
        self._desk.jobs.submit(
            Lane.QUICK, what_if_calls.score_what_if, self._of, self._scenario(), key="explain.what_if", owner=self,
            on_success=self._on_answer, on_failure=self._on_answer_failed,
        )  # fmt: skip

    def _scenario(self) -> Scenario:
        from mmdesk.engine.explanation.scenario import Scenario

        assert self._of is not None
        as_of = self._form.as_of if self._form is not None else None
        return Scenario(dict(self.edits.values), tuple(self.edits.without), self._of.entity_id, as_of)

    def _on_answer(self, answer: what_if_calls.Answer) -> None:
        self._answer, self._problem = answer, None
        self._show_answer()
        self._refresh()

    def _on_answer_failed(self, failure: Failure) -> None:
        """A cell that cannot be read is marked while it is typed; the score waits for the next letter."""
        name = failure.facts.get("column")
        self._answer, self._problem = None, (str(name or ""), f"{failure.message} {failure.hint}".strip())
        self._show_answer()
        self._refresh()

    # Showing.

    def _show_answer(self) -> None:
        if self._form is None or self._explanation is None:
            return
        head, scale = self._explanation.head, self._scale
        found = self._answer.found if self._answer is not None else None
        before, after = self._form.said, found.after if found is not None else None
        field = FIELDS[head]
        old, new = getattr(before, field), getattr(after, field) if after is not None else None
        self._before.setText(scale.level(old))
        self._after.setText("?" if self._problem else scale.level(old if new is None else new))
        change = 0.0 if new is None else new - old
        change_words = scale.change(change)
        if head.value == "classification":
            change_words = tr("{change} points", change=change_words)
        self._difference.setText(change_words if found is not None else "")
        decision = became(before.decision, after.decision if after is not None else None)
        which = HEAD_NAMES[head] + (
            tr(" · decision {decision}", decision=decision) if decision and field == "probability" else ""
        )
        self._which.set_text(which + ("" if self.edits else tr(" · nothing changed yet")))
        self._others.set_text(other_heads(before, after, head))
        typed = [f"{name} = {text}" for name, text in self.edits.values.items()]
        notes = [translated(for_window(note), typed) for note in found.notes] if found is not None else []
        if self._problem:
            notes.insert(0, self._problem[1])
        self._notes.setText("\n".join(shown(note) for note in notes[:_NOTES]))
        self._notes.setToolTip(tool_tip("\n".join(notes)))
        self._notes.setVisible(bool(notes))
        said = (
            tr("{before} becomes {after}", before=self._before.text(), after=self._after.text())
            if self.edits
            else self._before.text()
        )
        self._head.setAccessibleName(said)
        self.save.setEnabled(bool(self.edits))
        self.reset.setEnabled(bool(self.edits))
        self.copy.setEnabled(found is not None)

    def _fill(self) -> None:
        """The rows that are to be shown."""
        if self._form is None:
            return
        which, text = self.show_box.value, self.search.text().strip().casefold()
        fields: list[AttributeField | EvidenceField] = [*self._form.attributes, *self._form.evidence]
        known = {key_of(field) for field in fields}
        keys = sorted((key_of(field) for field in fields), key=lambda key: self._order.get(key, len(self._order)))
        by_key = {key_of(field): field for field in fields}
        rows: dict[str, list[FieldCell]] = {key: row_cells(by_key[key]) for key in keys}
        rows |= {ROWS + word: word_cells(word) for word in self.edits.without if ROWS + word not in known}
        changed = {*self.edits.values, *(ROWS + word for word in self.edits.without)}
        self._keys = [
            key for key, cells in rows.items()
            if (which == "all" or (key in changed if which == "changed" else kind_of(by_key.get(key)) == which))
            and text in cells[0].text.casefold()
        ]  # fmt: skip
        self.table.set_rows([rows[key] for key in self._keys])
        self._refresh()

    def _refresh(self) -> None:
        """Every shown cell as it is now; the rows stay the same."""
        if self._form is None:
            return
        answered = self._answer is not None and self._explanation is not None
        effects = effects_of(self._answer.found, self._explanation.head) if answered else {}  # type: ignore[union-attr]
        self.table.bars.largest = max(map(abs, effects.values()), default=1.0) or 1.0
        self.table.bars.show_with(self._scale.change)
        texts = {one.name: one.text for one in self._form.attributes}
        for place, key in enumerate(self._keys):
            if key.startswith(ROWS):
                there = key.removeprefix(ROWS) not in self.edits.without
                said = "" if there else tr("left out")
                self.table.cells.set_cell(
                    place, _WHAT_IF, checked=there, text=said, empty=tr("there"), role="" if there else "accent",
                    strong=not there,
                )  # fmt: skip
                effect = effects.get(key.removeprefix(ROWS))
            else:
                text = self.edits.values.get(key)
                problem = self._problem[1] if self._problem is not None and self._problem[0] == key else ""
                role = "bad" if problem else ("accent" if text is not None else "")
                self.table.cells.set_cell(
                    place, _WHAT_IF, text=texts[key] if text is None else text, role=role, tip=problem,
                    strong=text is not None,
                )  # fmt: skip
                effect = effects.get(key)
            self.table.cells.set_cell(place, _ALONE, number=effect, text="" if effect is None else " ")

    # Keeping it.

    def _on_taken_over(self, changes: Mapping[str, str]) -> None:
        self.edits.replace({**self.edits.values, **changes}, self.edits.without)
        self._show_page(0)

    def _on_copy(self) -> None:
        if self._answer is not None:
            QGuiApplication.clipboard().setText(self._answer.text)
            self._desk.tell(tr("The what-if is on the clipboard"), "copy", "good")

    def _on_save(self) -> None:
        scenario = self._scenario()
        name = f"{safe_name(scenario.entity_id or 'entity')}.scenario.json"
        self._write(tr("Save the scenario"), name, what_if_calls.write_scenario, scenario)

    def _on_export(self) -> None:
        if self._answer is not None and self._of is not None:
            name = f"{safe_name(self._of.entity_id)}.what-if.json"
            self._write(tr("Save the answer"), name, what_if_calls.write_answer, self._answer)

    def _write(self, title: str, name: str, work: Callable[..., None], what: object) -> None:
        def write(path: Path) -> None:
            self._desk.jobs.submit(
                Lane.IO, work, what, path, owner=self, on_failure=self._desk.tell_failure,
                on_success=lambda _nothing: self._desk.tell(tr("Written: {path}", path=path), "done", "good"),
            )  # fmt: skip

        choosers.choose_new_file(self, self._desk.settings, title, name, write)

    def _on_load(self) -> None:
        def read(paths: list[Path]) -> None:
            self._desk.jobs.submit(
                Lane.IO, what_if_calls.read_scenario, paths[0], owner=self, on_success=self._on_loaded,
                on_failure=self._desk.tell_failure,
            )  # fmt: skip

        kinds = tr("Scenarios (*.json);;All files (*)")
        choosers.choose_files(self, self._desk.settings, tr("Open a scenario"), kinds, read)

    def _on_loaded(self, scenario: Scenario) -> None:
        if self._of is None or scenario.entity_id not in {None, self._of.entity_id}:
            whose = shown(scenario.entity_id or "", 60)
            self._desk.tell(
                tr("The scenario is about {whose}; choose that entity first.", whose=whose), "failed", "bad"
            )
            return
        self.edits.replace(scenario.values, dict.fromkeys(scenario.without))
        self._fill()
