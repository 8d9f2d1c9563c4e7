"""Fields for settings: one for each kind, with its range, and a wheel that scrolls the form instead of the value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QHelpEvent, QPaintEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QLineEdit,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QToolTip,
    QWidget,
)

from mmdesk.engine.core.times import parse_moment
from mmdesk.ui.formatting import marked, read_number, tool_tip
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.basics import Fold, Label, boxed, column, row
from mmdesk.ui.widgets.fit import by_letters

T = TypeVar("T")
Value = bool | int | float | tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """One setting as a form shows it.

    Attributes:
        name: As the service calls it.
        title: As people do.
        kind: ``int``, ``float``, ``bool`` or ``list`` (texts, comma separated).
        default: What it is if nobody changes it.
        low: Smallest value; None = no order. ``high``: largest.
        help: One sentence.
        advanced: Under the fold.
        automatic: What 0 means, if it means something else than zero.
    """

    name: str
    title: str
    kind: str
    default: Value
    low: float | None = None
    high: float | None = None
    help: str = ""
    advanced: bool = False
    automatic: str = ""


class _WheelGuard(QObject):
    """A field under the mouse takes the wheel only while it has the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def guard_wheel(field: QWidget) -> None:
    """Let the wheel scroll past ``field`` unless it has the focus."""
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    guard = _WheelGuard(field)
    field.installEventFilter(guard)


def clearable(field: QLineEdit) -> None:
    """Give a field a button that empties it, and that button a name."""
    field.setClearButtonEnabled(True)
    for button in field.findChildren(QToolButton):
        button.setAccessibleName(tr("Clear"))


def propose(field: QLineEdit, text: str) -> None:
    """Say in an empty field what is to be written there; where that is cut, the tool tip has the whole."""
    field.setPlaceholderText(text)
    field.setToolTip(tool_tip(text))


class MomentField(QWidget):
    """A day or a moment in UTC, or none.

    ``moment_changed`` carries it (int µs, or None) when Enter is pressed or the field is left and it is another one.

    Args:
        name: What is chosen, for screen readers.
        none: What it means that none is given.
    """

    moment_changed = Signal(object)

    def __init__(self, name: str, none: str) -> None:
        super().__init__()
        self.moment: int | None = None
        self.edit = QLineEdit()
        self.edit.setAccessibleName(name)
        self.edit.setPlaceholderText(none)
        clearable(self.edit)
        self.edit.editingFinished.connect(self._read)
        self.edit.textChanged.connect(self._on_text)
        self._problem = Label(tr("Write it like 2024-03-01 or 2024-03-01T12:00."), "bad", wrap=True)
        self._problem.hide()
        column(self, self.edit, self._problem, spacing=1)

    def clear(self) -> None:
        """None; nobody is told."""
        self.moment = None
        with QSignalBlocker(self.edit):
            self.edit.clear()
        self._problem.hide()

    def _on_text(self, text: str) -> None:
        if not text:
            self._read()

    def _read(self) -> None:
        text = self.edit.text().strip()
        try:
            moment = parse_moment(text) if text else None
        except ValueError:
            self._problem.show()
            return
        self._problem.hide()
        if moment != self.moment:
            self.moment = moment
            self.moment_changed.emit(moment)


class Choice(QComboBox, Generic[T]):
    """A list to choose one of; ``value_changed`` carries the chosen value as it was given.

    Qt would hand an enum back as the text it derives from, so the values are kept here.

    Args:
        name: What is chosen, for screen readers.
        options: Text and value of each.
        letters: Room for so many letters at least.
    """

    value_changed = Signal(object)

    def __init__(self, name: str, options: Sequence[tuple[str, T]] = (), letters: int = 10) -> None:
        super().__init__()
        self._values: list[T] = []
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(letters)
        guard_wheel(self)
        self.set_options(options)
        self.currentIndexChanged.connect(lambda _index: self.value_changed.emit(self.value))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """What is chosen ends in an ellipsis where there is no room for it; then the tool tip has the whole."""
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        style, kind = self.style(), QStyle.ComplexControl.CC_ComboBox
        room = style.subControlRect(kind, option, QStyle.SubControl.SC_ComboBoxEditField, self).width()
        option.currentText = self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideRight, room)
        painter.drawComplexControl(kind, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def event(self, event: QEvent) -> bool:
        """The tool tip of what is chosen, unless there is one already."""
        if event.type() is QEvent.Type.ToolTip and not self.toolTip():
            QToolTip.showText(cast("QHelpEvent", event).globalPos(), tool_tip(self.currentText()), self)
            return True
        return super().event(event)

    @property
    def value(self) -> T | None:
        """The chosen value; None while there is nothing to choose."""
        return self._values[self.currentIndex()] if 0 <= self.currentIndex() < len(self._values) else None

    def set_options(self, options: Sequence[tuple[str, T]], value: T | None = None) -> None:
        """Other options, with ``value`` chosen if it is among them, else the first; nobody is told."""
        with QSignalBlocker(self):
            self.clear()
            self._values = [data for _, data in options]
            self.addItems([text for text, _ in options])
            if value in self._values:
                self.setCurrentIndex(self._values.index(value))

    def set_value(self, value: T) -> None:
        """Choose a value; one that is not offered yet is added."""
        if value not in self._values:
            self._values.append(value)
            self.addItem(str(value))
        self.setCurrentIndex(self._values.index(value))


class OpenChoice(Choice[object]):
    """A list to choose from, or to write something else into; what is written is the value as it stands."""

    def __init__(self, name: str, options: Sequence[tuple[str, object]] = (), letters: int = 10) -> None:
        super().__init__(name, options, letters)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        line, found = self.lineEdit(), self.completer()
        assert line is not None
        assert found is not None
        found.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        found.setFilterMode(Qt.MatchFlag.MatchContains)
        line.setAccessibleName(name)
        line.editingFinished.connect(self._on_written)

    def _on_written(self) -> None:
        text = self.currentText().strip()
        place = self.findText(text, Qt.MatchFlag.MatchFixedString)
        if not text:
            self.setCurrentIndex(0)
            self.setEditText(self.itemText(0))
        elif place >= 0:
            self.setCurrentIndex(place)
            self.setEditText(self.itemText(place))
        else:
            self.set_value(text)


class SettingField(QWidget):
    """The editor of one :class:`Setting`: title, field, meaning, and what is wrong with the value."""

    changed = Signal()

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.setting = setting
        self.editor: QCheckBox | QLineEdit = self._make()
        self.editor.setAccessibleName(setting.title)
        self.editor.setAccessibleDescription(setting.help)
        self.editor.setToolTip(tool_tip(f"{setting.help} {self._range()}".strip()))
        self._problem = Label("", "bad", wrap=True)
        self._problem.hide()
        title = Label(setting.title)
        title.setBuddy(self.editor)
        help_label = Label(setting.help, "small", wrap=True)
        if isinstance(self.editor, QCheckBox):
            column(self, self.editor, help_label, spacing=1)
        else:
            by_letters(self.editor, self.editor.setFixedWidth, 130)
            line = row(None, title, None, self.editor)
            column(self, line, help_label, self._problem, spacing=1)
            if setting.kind == "list":
                by_letters(self.editor, self.editor.setFixedWidth, 150)

    def value(self) -> Value | None:
        """What it is set to; None while that is no possible value."""
        editor = self.editor
        if isinstance(editor, QCheckBox):
            return editor.isChecked()
        assert isinstance(editor, QLineEdit)
        text = editor.text().strip()
        if self.setting.kind == "list":
            return tuple(part for part in (piece.strip() for piece in text.split(",")) if part)
        if not text and self.setting.automatic:
            return 0
        try:
            number = int(text) if self.setting.kind == "int" else read_number(text)
        except ValueError:
            return None
        low, high = self.setting.low, self.setting.high
        return number if (low is None or number >= low) and (high is None or number <= high) else None

    def set_value(self, value: Value) -> None:
        """Change it."""
        if isinstance(self.editor, QCheckBox):
            self.editor.setChecked(bool(value))
        elif isinstance(self.editor, QLineEdit):
            self.editor.setText(self._text(value))

    @property
    def written(self) -> str | float:
        """What is written in it, possible or not: of a tick ``1`` or ``0``; a possible fraction as the number it is.

        A fraction has other marks in another language.
        """
        editor = self.editor
        if isinstance(editor, QCheckBox):
            return str(int(editor.isChecked()))
        value = self.value()
        return value if isinstance(value, float) else editor.text()

    def write(self, written: str | float) -> None:
        """Write what :attr:`written` was."""
        if isinstance(self.editor, QCheckBox):
            self.editor.setChecked(written == "1")
        else:
            self.editor.setText(written if isinstance(written, str) else self._text(written))

    def _text(self, value: Value) -> str:
        if isinstance(value, tuple):
            return ", ".join(value)
        if value == 0 and self.setting.automatic:
            return ""
        if self.setting.kind == "int":
            return str(int(value))
        short = f"{value:g}"
        return marked(short if float(short) == value else repr(value))

    @property
    def is_default(self) -> bool:
        """Nobody changed it."""
        return self.value() == self.setting.default

    def _make(self) -> QCheckBox | QLineEdit:
        setting = self.setting
        if setting.kind == "bool":
            box = QCheckBox(setting.title)
            box.setChecked(bool(setting.default))
            box.toggled.connect(self._on_editor_changed)
            return box
        line = QLineEdit(self._text(setting.default))
        if setting.kind == "list":
            line.setPlaceholderText(tr("none"))
        else:
            line.setPlaceholderText(setting.automatic)
            line.setAlignment(Qt.AlignmentFlag.AlignRight)
        line.textChanged.connect(self._on_editor_changed)
        return line

    def _range(self) -> str:
        low, high = self.setting.low, self.setting.high
        return "" if low is None or high is None else tr("From {low:g} to {high:g}.", low=low, high=high)

    def _on_editor_changed(self, _value: object = None) -> None:
        wrong = self.value() is None
        kind = tr("A whole number") if self.setting.kind == "int" else tr("A number")
        self._problem.setText(f"{kind}. {self._range()}" if wrong else "")
        self._problem.setVisible(wrong)
        self.changed.emit()


class SettingsForm(QWidget):
    """Fields one under the other, the advanced ones under a fold."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._fields: list[SettingField] = []
        self._fold: Fold | None = None
        self._rows = column(self, spacing=10)

    def set_settings(self, settings: Sequence[Setting]) -> None:
        """Show these; everything is at its default."""
        while (item := self._rows.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        self._fields = [SettingField(setting) for setting in settings]
        for field in self._fields:
            field.changed.connect(self.changed)
            if not field.setting.advanced:
                self._rows.addWidget(field)
        advanced = [field for field in self._fields if field.setting.advanced]
        if advanced:
            self._fold = Fold(tr("Advanced"), boxed(column(None, *advanced, spacing=10, margin=(14, 0, 0, 0))))
            self._rows.addWidget(self._fold)
        self._rows.addStretch(1)

    def values(self) -> dict[str, Value]:
        """What differs from the defaults."""
        found = {field.setting.name: field.value() for field in self._fields if not field.is_default}
        return {name: value for name, value in found.items() if value is not None}

    def controls(self) -> list[QWidget]:
        """What takes the keyboard, in the order of the eye."""
        plain = [field.editor for field in self._fields if not field.setting.advanced]
        advanced = [field.editor for field in self._fields if field.setting.advanced]
        return [*plain, *([self._fold.head] if self._fold is not None else []), *advanced]

    def problems(self) -> list[str]:
        """The titles of the fields whose value is not possible."""
        return [field.setting.title for field in self._fields if field.value() is None]

    def set_values(self, values: Mapping[str, Value]) -> None:
        """Defaults, but for these."""
        for field in self._fields:
            field.set_value(values.get(field.setting.name, field.setting.default))

    def written(self) -> dict[str, str | float]:
        """What is written into the fields that are not at their defaults, possible or not."""
        return {field.setting.name: field.written for field in self._fields if not field.is_default}

    def write(self, written: Mapping[str, str | float]) -> None:
        """Defaults, but for this."""
        for field in self._fields:
            if field.setting.name in written:
                field.write(written[field.setting.name])
            else:
                field.set_value(field.setting.default)

    def field(self, name: str) -> SettingField:
        """The editor of one setting.

        Raises:
            KeyError: No such setting.
        """
        return next((field for field in self._fields if field.setting.name == name), None) or _missing(name)


def _missing(name: str) -> SettingField:
    raise KeyError(name)
