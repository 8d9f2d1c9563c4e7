"""The form as it was left: kept for each case until a training with it has come to its end."""

from __future__ import annotations

import json
from contextlib import suppress

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from mmdesk.ui.drafts import Draft, Drafts
from mmdesk.ui.session import OpenCase
from mmdesk.ui.widgets.fields import SettingsForm

_KIND, _SUBJECT = "training", "form"
_AUTOSAVE_MS = 400


class FormDraft(QObject):
    """Puts away what is written into the form, and brings it back; also what is not possible, since it is unfinished.

    ``written``: somebody, not this, changed the form. ``brought`` tells whether what it shows was kept from before.

    Args:
        name: The field of the run's name.
        form: The settings.
        parent: As of any QObject.
    """

    written = Signal()
    brought = Signal(bool)

    def __init__(self, name: QLineEdit, form: SettingsForm, parent: QWidget) -> None:
        super().__init__(parent)
        self._name, self._form, self._drafts = name, form, Drafts()
        self._case: OpenCase | None = None
        self._finished = ""
        self._filling = False
        self._autosave = QTimer(self)
        self._autosave.setSingleShot(True)
        self._autosave.setInterval(_AUTOSAVE_MS)
        self._autosave.timeout.connect(self.keep)
        name.textChanged.connect(self._on_changed)
        form.changed.connect(self._on_changed)

    @property
    def text(self) -> str:
        """All that differs from an untouched form; empty if nothing does."""
        name, fields = self._name.text(), self._form.written()
        return json.dumps({"name": name, "fields": fields}) if name.strip() or fields else ""

    def follow(self, case: OpenCase | None) -> None:
        """Another case, or none: put away what was written for the one before, and bring back what was for this one."""
        self.keep()
        self._case, self._finished = case, ""
        self.bring_back()

    def bring_back(self) -> None:
        """Show what was kept of the case, else an untouched form."""
        draft = self._drafts.read(self._case.folder, _KIND, _SUBJECT) if self._case is not None else None
        name, fields = "", dict[str, str | float]()
        if draft is not None:
            with suppress(ValueError, KeyError, TypeError, AttributeError):
                kept = json.loads(draft.text)
                name = str(kept["name"])
                fields = {key: one if isinstance(one, float) else str(one) for key, one in kept["fields"].items()}
        self._filling = True
        self._name.setText(name)
        self._form.write(fields)
        self._filling = False
        self.brought.emit(bool(name or fields))

    def finished(self, text: str) -> None:
        """A training came to its end that was started when the form had this ``text``."""
        self._finished = text
        self.keep()

    def keep(self) -> None:
        """Put it away now."""
        self._autosave.stop()
        if self._case is not None and self._form.controls():
            text = self.text
            draft = Draft("" if text == self._finished else text)
            self._drafts.keep(self._case.folder, _KIND, _SUBJECT, draft, secret=self._case.encrypted)

    def _on_changed(self, _text: str = "") -> None:
        if not self._filling:
            self._autosave.start()
            self.written.emit()
            self.brought.emit(False)
