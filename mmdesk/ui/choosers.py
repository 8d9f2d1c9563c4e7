"""File dialogs that do not stop the window: they open, and answer when the user has chosen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QPushButton, QWidget

from mmdesk.ui.colours import current
from mmdesk.ui.icons import pixmap
from mmdesk.ui.language import tr
from mmdesk.ui.settings import Settings
from mmdesk.ui.widgets.fit import letters

_ICON = 36
TABLE_FILES = tr("Tables (*.csv *.tsv *.tab *.txt *.gz *.zip *.xlsx *.parquet);;All files (*)")


def choose_files(
    parent: QWidget, settings: Settings, title: str, name_filter: str, on_chosen: Callable[[list[Path]], None]
) -> None:
    """Ask for files that exist."""
    dialog = _dialog(parent, settings, title, name_filter)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    _open(dialog, settings, on_chosen)


def choose_folder(parent: QWidget, settings: Settings, title: str, on_chosen: Callable[[Path], None]) -> None:
    """Ask for a folder."""
    dialog = _dialog(parent, settings, title, "")
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    _open(dialog, settings, lambda paths: on_chosen(paths[0]))


def choose_new_file(
    parent: QWidget,
    settings: Settings,
    title: str,
    name: str,
    on_chosen: Callable[[Path], None],
    *,
    kinds: str = "",
    replaces: bool = True,
) -> None:
    """Ask for the name of a file to be written; the dialog itself asks before one is replaced.

    ``kinds`` are filters with one ending each; a name without an ending gets that of the chosen one. Where nothing is
    ``replaces``-d whoever writes the file refuses, and nobody is asked.
    """
    dialog = _dialog(parent, settings, title, kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.setOption(QFileDialog.Option.DontConfirmOverwrite, not replaces)
    if kinds:
        dialog.setDefaultSuffix(Path(name).suffix)
        dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix(kind.rpartition("*")[2].rstrip(")")))
    dialog.selectFile(name)
    _open(dialog, settings, lambda paths: on_chosen(paths[0]))


def _dialog(parent: QWidget, settings: Settings, title: str, name_filter: str) -> QFileDialog:
    dialog = QFileDialog(parent, title, settings.last_folder, name_filter)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return dialog


def _open(dialog: QFileDialog, settings: Settings, on_chosen: Callable[[list[Path]], None]) -> None:
    def accepted() -> None:
        paths = [Path(name) for name in dialog.selectedFiles()]
        if paths:
            settings.last_folder = str(paths[0].parent)
            on_chosen(paths)

    dialog.accepted.connect(accepted)
    dialog.open()


def ask(
    parent: QWidget,
    question: str,
    text: str,
    button: str,
    on_yes: Callable[[], None],
    *,
    other: str = tr("Cancel"),
) -> QMessageBox:
    """A question with one way ahead and one way back, which is the default. Plain text."""
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    _show_icon(box, "question")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(question)
    box.setInformativeText(text)
    yes: QPushButton = box.addButton(button, QMessageBox.ButtonRole.AcceptRole)
    no = box.addButton(other, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(no)
    box.setEscapeButton(no)
    yes.clicked.connect(lambda _checked=False: on_yes())
    box.open()
    return box


def ask_text(
    parent: QWidget, title: str, label: str, text: str, on_text: Callable[[str], None], *, button: str = tr("Save")
) -> QInputDialog:
    """Ask for one line of text, with ``text`` to begin with."""
    dialog = QInputDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setInputMode(QInputDialog.InputMode.TextInput)
    dialog.setWindowTitle(title)
    dialog.setLabelText(label)
    dialog.setTextValue(text)
    dialog.setOkButtonText(button)
    dialog.resize(380, dialog.sizeHint().height())
    dialog.textValueSelected.connect(lambda said: on_text(said.strip()))
    dialog.open()
    return dialog


def show_error(
    parent: QWidget,
    message: str,
    hint: str,
    details: str = "",
    *,
    button: str = "",
    on_button: Callable[[], object] | None = None,
) -> QMessageBox:
    """What happened, what to do, the details folded, and perhaps a button that does it. Plain text."""
    box = _tell(parent, "warning", message, hint, details)
    if on_button is not None:
        wayout: QPushButton = box.addButton(button, QMessageBox.ButtonRole.AcceptRole)
        wayout.clicked.connect(lambda _checked=False: on_button())
    return box


def show_result(parent: QWidget, message: str, more: str, details: str = "") -> QMessageBox:
    """What was found, more about it, and the details folded. Plain text."""
    return _tell(parent, "info", message, more, details)


def _tell(parent: QWidget, icon: str, message: str, hint: str, details: str) -> QMessageBox:
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    _show_icon(box, icon)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(message)
    box.setInformativeText(hint)
    if details:
        box.setDetailedText(details)
    box.setStandardButtons(QMessageBox.StandardButton.Close)
    box.open()
    return box


def _show_icon(box: QMessageBox, name: str) -> None:
    """One of our own icons, as large as its letters ask for."""
    size = round(_ICON * letters(box))
    box.setIconPixmap(
        pixmap(name, current().warn if name == "warning" else current().accent, size, box.devicePixelRatioF())
    )
