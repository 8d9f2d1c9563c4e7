"""Preferences: nothing changes before OK or Apply, and Cancel leaves everything as it was."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QDialog, QFormLayout, QLineEdit, QRadioButton, QTabWidget, QWidget

from mmdesk.ui.colours import SPACE_L, SPACE_M, SPACE_S, Appearance
from mmdesk.ui.language import LANGUAGES, tr
from mmdesk.ui.settings import MOST_PROCESSES, Preferences
from mmdesk.ui.theme import LARGEST_POINTS, SMALLEST_POINTS
from mmdesk.ui.widgets.basics import Button, Label, boxed, column, dialog_column, row
from mmdesk.ui.widgets.fields import Choice, propose
from mmdesk.ui.widgets.shortcuts_editor import ShortcutRow, ShortcutsEditor

_APPEARANCES = (
    (
        Appearance.SYSTEM,
        tr("As the system"),
        tr("Light, dark or high contrast as this computer is set, whenever that changes"),
    ),
    (Appearance.LIGHT, tr("Light"), ""),
    (Appearance.DARK, tr("Dark"), ""),
    (
        Appearance.HIGH_CONTRAST,
        tr("High contrast"),
        tr("Black and white with strong colours; light or dark as the system"),
    ),
)


class PreferencesDialog(QDialog):
    """``applied`` carries the :class:`Preferences` that count from now on; ``folder_asked`` wants one chosen.

    Args:
        preferences: Those that count now.
        commands: Whose shortcuts can be changed.
        system_points: The text size that the system wishes.
        places: Where mmdesk keeps what it keeps: what it is, and the path.
        parent: As of any dialog.
    """

    applied = Signal(object)
    folder_asked = Signal()

    def __init__(
        self,
        preferences: Preferences,
        commands: Sequence[ShortcutRow],
        system_points: int,
        places: Sequence[tuple[str, Path]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Preferences"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._applied = preferences
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setAccessibleName(tr("Kinds of preferences"))
        self.shortcuts = ShortcutsEditor(commands)
        self.tabs.addTab(self._appearance_page(system_points), tr("Appearance"))
        self.tabs.addTab(self._work_page(places), tr("Folders and work"))
        self.tabs.addTab(_page(self.shortcuts), tr("Shortcuts"))
        self.reason = Label("", "warn", wrap=True)
        self.ok = Button(tr("OK"), self._on_ok, kind="primary")
        self.ok.setDefault(True)
        self.apply = Button(tr("Apply"), self._on_apply)
        self.defaults = Button(tr("As mmdesk comes"), self._on_defaults)
        self.defaults.setToolTip(tr("Fill in everything as mmdesk comes; it counts with OK or Apply"))
        buttons = row(None, self.defaults, self.reason, None, self.ok, self.apply, Button(tr("Cancel"), self.reject))
        buttons.setStretch(1, 1)
        dialog_column(self, self.tabs, buttons).setStretch(0, 1)
        self._fill(preferences)
        self._group.idToggled.connect(lambda _id, _on: self._check())
        for choice in (self.points, self.language):
            choice.value_changed.connect(lambda _value: self._check())
        self.processes.value_changed.connect(lambda _value: self._check())
        self.cases_folder.textChanged.connect(lambda _text: self._check())
        self.shortcuts.changed.connect(self._check)
        self._check()
        self.resize(720, 520)

    def set_cases_folder(self, folder: Path) -> None:
        """The folder that was chosen for new cases."""
        self.cases_folder.setText(str(folder))

    def answers(self) -> Preferences:
        """What is filled in now."""
        chosen = Appearance.SYSTEM
        for (appearance, _title, _text), choice in zip(_APPEARANCES, self.appearances, strict=True):
            if choice.isChecked():
                chosen = appearance
        return Preferences(
            chosen,
            self.points.value,
            self.cases_folder.text().strip(),
            self.processes.value or 0,
            self.shortcuts.own(),
            self.language.value or "",
        )

    def _appearance_page(self, system_points: int) -> QWidget:
        self.appearances = [QRadioButton(title) for _appearance, title, _text in _APPEARANCES]
        self._group = QButtonGroup(self)
        parts = column(None, spacing=SPACE_S)
        for number, (choice, (_appearance, title, text)) in enumerate(zip(self.appearances, _APPEARANCES, strict=True)):
            self._group.addButton(choice, number)
            choice.setAccessibleName(tr("{title} appearance", title=title))
            choice.setAccessibleDescription(text)
            parts.addWidget(choice)
            if text:
                parts.addLayout(row(None, 26, Label(text, "small", wrap=True)))
                parts.setStretch(parts.count() - 1, 0)
        sizes: list[tuple[str, int | None]] = [
            (tr("As the system ({system_points} points)", system_points=system_points), None)
        ]
        sizes += [
            (tr("{points} points", points=points), points) for points in range(SMALLEST_POINTS, LARGEST_POINTS + 1)
        ]
        self.points: Choice[int | None] = Choice(tr("Text size"), sizes, letters=24)
        form = _form()
        form.addRow(tr("Colours"), boxed(parts))
        form.addRow(tr("Text size"), boxed(row(None, self.points, None)))
        languages = [(tr("As the system"), ""), *((name, key) for key, name in LANGUAGES.items())]
        self.language: Choice[str] = Choice(tr("Language"), languages, letters=24)
        said = Label(tr("Counts when mmdesk is started the next time."), "small", wrap=True)
        form.addRow(tr("Language"), boxed(column(None, row(None, self.language, None), said, spacing=2)))
        return _page(boxed(form), None)

    def _work_page(self, places: Sequence[tuple[str, Path]]) -> QWidget:
        self.cases_folder = QLineEdit()
        self.cases_folder.setAccessibleName(tr("Folder for new cases"))
        propose(self.cases_folder, tr("beside the last case"))
        amounts = [(tr("One for each processor core"), 0), *((f"{n}", n) for n in range(1, 17))]
        self.processes: Choice[int] = Choice(tr("Files read at once"), amounts, letters=24)
        form = _form()
        form.addRow(
            tr("New cases in"), boxed(row(None, self.cases_folder, Button(tr("Browse…"), self.folder_asked.emit)))
        )
        said = Label(
            tr("When features are extracted. Fewer leave more of this computer to others."), "small", wrap=True
        )
        form.addRow(tr("Files read at once"), boxed(column(None, row(None, self.processes, None), said, spacing=2)))
        for title, path in places:
            place = QLineEdit(str(path))
            place.setReadOnly(True)
            place.setAccessibleName(title)
            place.setCursorPosition(0)
            form.addRow(title, place)
        return _page(boxed(form), None)

    def _fill(self, preferences: Preferences) -> None:
        order = [appearance for appearance, _title, _text in _APPEARANCES]
        self.appearances[order.index(preferences.appearance)].setChecked(True)
        self.points.set_value(preferences.points)
        self.language.set_value(preferences.language if preferences.language in LANGUAGES else "")
        self.cases_folder.setText(preferences.cases_folder)
        self.processes.set_value(min(preferences.processes, MOST_PROCESSES))
        self.shortcuts.set_own(preferences.shortcuts)

    def _check(self) -> None:
        folder = self.cases_folder.text().strip()
        problem = (
            "" if not folder or Path(folder).is_absolute() else tr("Give the whole path of the folder for new cases.")
        )
        changed = self.answers() != self._applied
        self.reason.setText(problem)
        self.ok.setEnabled(not problem)
        self.apply.setEnabled(changed and not problem)

    def _on_defaults(self) -> None:
        self._fill(Preferences())
        self._check()

    def _on_apply(self) -> None:
        answers = dataclasses.replace(self.answers())
        if answers != self._applied:
            self._applied = answers
            self.applied.emit(answers)
        self._check()

    def _on_ok(self) -> None:
        self._on_apply()
        self.accept()


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
    form.setHorizontalSpacing(SPACE_L)
    form.setVerticalSpacing(SPACE_M)
    form.setContentsMargins(0, 0, 0, 0)
    return form


def _page(*parts: QWidget | None) -> QWidget:
    page = QWidget()
    layout = column(page, *parts, margin=(0, SPACE_M, 0, 0))
    if len(parts) == 1:
        layout.setStretch(0, 1)
    return page
