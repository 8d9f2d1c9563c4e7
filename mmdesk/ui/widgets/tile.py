"""A large button: an icon, what it does, and a line about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel, QSizePolicy

from mmdesk.ui.colours import SPACE_M
from mmdesk.ui.widgets.basics import Button, Label, Part, column, row
from mmdesk.ui.widgets.fit import hold_height
from mmdesk.ui.widgets.notice import Picture


class Tile(Button):
    """A large button with widgets on it; it is as large as they are, and they let the mouse through."""

    def __init__(self, name: str, text: str, *parts: Part, stretch: int) -> None:
        super().__init__("", kind="tile")
        self.setAccessibleName(name)
        self.setAccessibleDescription(text)
        layout = row(self, *parts, spacing=SPACE_M, margin=(14, 10, 14, 10))
        layout.setStretch(stretch, 1)
        # No wider than there is room: of a button's own accord it is never narrower than all that is on it.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        hold_height(self, self._least)
        for label in self.findChildren(QLabel):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def _least(self, width: int) -> int:
        """Of what is inside; the style sheet's smallest height of all buttons would win over that."""
        layout = self.layout()
        if layout is None:
            return 0
        return layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.sizeHint().height()

    def sizeHint(self) -> QSize:
        """As large as what is inside."""
        layout = self.layout()
        return layout.sizeHint() if layout is not None else super().sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Never lower; long names and paths end in an ellipsis."""
        layout = self.layout()
        return QSize(layout.minimumSize().width() if layout is not None else 0, self.sizeHint().height())


def choice(icon: str, name: str, text: str, on_click: Callable[[], object]) -> Tile:
    """Icon, name, one line of what it does."""
    words = column(None, Label(name, "strong"), Label(text, "small", wrap=True), spacing=2)
    made = Tile(name, text, Picture(icon, "accent", 26), words, stretch=1)
    made.clicked.connect(on_click)
    return made
