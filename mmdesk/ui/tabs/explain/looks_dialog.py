"""Which further looks explanations of a list are to have, and within what attributes may change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QWidget

from mmdesk.engine.explanation.looks import Perspective
from mmdesk.ui import choosers
from mmdesk.ui.language import tr
from mmdesk.ui.settings import Settings
from mmdesk.ui.widgets.basics import Button, ElidedLabel, Label, dialog_column, row

_NAMES = {
    Perspective.COURSE: tr("Over time"),
    Perspective.PEERS: tr("Peers"),
    Perspective.TAUGHT: tr("Taught by"),
    Perspective.CHANGES: tr("What it would take"),
}
_LIMITS = tr("Limits (*.json);;All files (*)")


class LooksDialog(QDialog):
    """Boxes to tick, none at first; ``on_done`` takes the looks, and a file of limits or None."""

    def __init__(
        self,
        title: str,
        settings: Settings,
        on_done: Callable[[tuple[Perspective, ...], Path | None], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self._settings, self._on_done = settings, on_done
        self._limits: Path | None = None
        self.boxes = {look: QCheckBox(name) for look, name in _NAMES.items()}
        self._file = ElidedLabel("", "small")
        self._choose = Button(tr("Limits…"), self._on_choose, help_text=tr("Within what attributes may change"))
        self.boxes[Perspective.CHANGES].toggled.connect(self._choose.setEnabled)
        self._choose.setEnabled(False)
        limits = row(None, self._choose, self._file)
        limits.setStretch(1, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.addButton(tr("Choose where to…"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.ok.setAccessibleName(tr("Choose where to…"))
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        said = tr("Every explanation has the evidence and the sentence. Each further look takes more time.")
        dialog_column(self, Label(said, wrap=True, snug=True), *self.boxes.values(), limits, buttons)

    def sizeHint(self) -> QSize:
        """Room for a sentence."""
        return super().sizeHint().expandedTo(QSize(380, 0))

    def _on_choose(self) -> None:
        choosers.choose_files(self, self._settings, tr("Limits"), _LIMITS, lambda paths: self._take(paths[0]))

    def _take(self, path: Path) -> None:
        self._limits = path
        self._file.set_text(path.name)

    def _on_accepted(self) -> None:
        looks = tuple(look for look, box in self.boxes.items() if box.isChecked())
        self.accept()
        self._on_done(looks, self._limits if Perspective.CHANGES in looks else None)
