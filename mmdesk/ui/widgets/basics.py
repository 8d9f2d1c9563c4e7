"""The small parts every screen is made of. Every text in them is plain, whoever wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSize, Qt, Slot
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mmdesk.ui.colours import SPACE_L, SPACE_M, SPACE_S
from mmdesk.ui.formatting import shown, tool_tip
from mmdesk.ui.icons import put_icon
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.fit import hold_height, icons_by_letters


class Label(QLabel):
    """A label that shows its text letter by letter.

    Args:
        text: What it says; imported strings as they are.
        kind: How it looks: ``title``, ``heading``, ``strong``, ``muted``, ``small``, ``good``, ``warn``, ``bad``,
            ``figure``, or empty.
        wrap: Break long texts into lines.
        snug: As high as these are, where what is around asks for it; else Qt reckons with a narrower place.
    """

    def __init__(self, text: str = "", kind: str = "", *, wrap: bool = False, snug: bool = False) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        if wrap and not snug:
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.setText(text)
        if kind:
            self.set_kind(kind)

    def set_kind(self, kind: str) -> None:
        """Look different from now on."""
        if self.property("kind") != kind:
            self.setProperty("kind", kind)
            if self.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):  # else its first polish is still to come
                self.style().unpolish(self)
                self.style().polish(self)


class ElidedLabel(QWidget):
    """One line that ends in an ellipsis where there is no room, with the whole in the tool tip."""

    def __init__(
        self,
        text: str = "",
        kind: str = "",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        minimum: int = 60,
        side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> None:
        super().__init__()
        self._label = Label("", kind)
        self._label.setAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._mode = mode
        self._full = ""
        column(self, self._label)
        self.setMinimumWidth(minimum)
        self.set_text(text)

    def text(self) -> str:
        """The whole text."""
        return self._full

    def set_text(self, text: str) -> None:
        """Show another text."""
        self._full = shown(text, 1000)
        self.setToolTip(tool_tip(text))
        self.setAccessibleName(self._full)
        self._elide()

    def set_kind(self, kind: str) -> None:
        """Look different from now on."""
        self._label.set_kind(kind)
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut anew."""
        super().resizeEvent(event)
        self._elide()

    def sizeHint(self) -> QSize:
        """As wide as the whole text, if there is room."""
        return QSize(self._label.fontMetrics().horizontalAdvance(self._full) + 4, self._height())

    def minimumSizeHint(self) -> QSize:
        """A few letters, but never half a line."""
        return QSize(self.minimumWidth(), self._height())

    def _height(self) -> int:
        return max(self._label.sizeHint().height(), self._label.fontMetrics().height() + 2)

    def _elide(self) -> None:
        self._label.setText(self._label.fontMetrics().elidedText(self._full, self._mode, max(self.width() - 2, 10)))


class Button(QPushButton):
    """A push button: text, perhaps an icon, and what happens."""

    def __init__(
        self,
        text: str,
        on_click: Callable[[], object] | None = None,
        *,
        icon: str = "",
        kind: str = "",
        help_text: str = "",
    ) -> None:
        # The style leaves no room between icon and text.
        super().__init__(f" {text}" if icon else text)
        self.setAccessibleName(text.replace("&", ""))
        if kind:
            self.setProperty("kind", kind)
        if icon:
            icons_by_letters(self)
            put_icon(self, icon, "on_accent" if kind == "primary" else "text")
        if help_text:
            self.setToolTip(tool_tip(help_text))
        if on_click is not None:
            # Without the lambda the handler would be handed the button's checked state.
            self.clicked.connect(lambda _checked=False: on_click())


class IconButton(QToolButton):
    """A button that is only an icon; its name is in the tool tip and for screen readers."""

    def __init__(self, icon: str, name: str, on_click: Callable[[], object] | None = None) -> None:
        super().__init__()
        icons_by_letters(self)
        put_icon(self, icon)
        self.setToolTip(tool_tip(name))
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if on_click is not None:
            self.clicked.connect(lambda _checked=False: on_click())


def switch(text: str, help_text: str, name: str = "") -> QToolButton:
    """A button that stays pressed; ``name`` is for screen readers, the help if there is none."""
    button = QToolButton()
    icons_by_letters(button, 16)
    button.setText(text)
    button.setCheckable(True)
    button.setToolTip(tool_tip(help_text))
    button.setAccessibleName(name or help_text)
    return button


class ActionButton(Button):
    """A push button that does what a menu's action does, and is enabled when that is."""

    def __init__(self, action: QAction, text: str = "", *, kind: str = "") -> None:
        super().__init__(text or action.text().replace("…", "").replace("&", ""), action.trigger, kind=kind)
        self._action = action
        action.changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        self.setEnabled(self._action.isEnabled())
        self.setToolTip(self._action.toolTip())


def zoom_buttons(
    of: str, nearer: Callable[[], object], farther: Callable[[], object], whole: Callable[[], object]
) -> QWidget:
    """Three small buttons: nearer, farther, everything; ``of`` names what, for screen readers."""
    return boxed(
        row(
            None,
            IconButton("plus", tr("Zoom in on {of}", of=of), nearer),
            IconButton("minus", tr("Zoom out of {of}", of=of), farther),
            IconButton("fit", tr("Show all of {of}", of=of), whole),
            spacing=0,
        )
    )


def frame(kind: str) -> QFrame:
    """A frame of one of the style sheet's kinds: ``card``, ``strip``, ``bar``, ``line``, ``notice``."""
    made = QFrame()
    made.setProperty("kind", kind)
    return made


Part = QWidget | QLayout | int | None
"""A widget, a layout, a distance in pixels, or None for whatever room is left."""


def _fill(layout: QBoxLayout, parts: tuple[Part, ...], spacing: int, margin: int | tuple[int, int, int, int]) -> None:
    layout.setSpacing(spacing)
    sides = (margin, margin, margin, margin) if isinstance(margin, int) else margin
    layout.setContentsMargins(*sides)
    for part in parts:
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, int):
            layout.addSpacing(part)
        elif isinstance(part, QLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part)


def column(
    owner: QWidget | None, *parts: Part, spacing: int = SPACE_S, margin: int | tuple[int, int, int, int] = 0
) -> QVBoxLayout:
    """Lay parts out from top to bottom, in ``owner`` if there is one."""
    layout = QVBoxLayout(owner) if owner is not None else QVBoxLayout()
    _fill(layout, parts, spacing, margin)
    return layout


def row(
    owner: QWidget | None, *parts: Part, spacing: int = SPACE_S, margin: int | tuple[int, int, int, int] = 0
) -> QHBoxLayout:
    """Lay parts out from left to right, in ``owner`` if there is one."""
    layout = QHBoxLayout(owner) if owner is not None else QHBoxLayout()
    _fill(layout, parts, spacing, margin)
    return layout


def whole_if_it_fits(layout: QLayout, *, is_read: bool = False) -> QScrollArea:
    """``layout`` in full where the screen has room for it, else scrolled; for what a dialog's buttons stand under.

    ``is_read`` as for :func:`scrolled`.
    """
    return _scrolled(_RoomyPage() if is_read else _Roomy(), boxed(layout))


def dialog_column(dialog: QDialog, *parts: Part) -> QVBoxLayout:
    """Lay a dialog's parts out from top to bottom; it is never so low that one of its texts is cut."""
    layout = column(dialog, *parts, spacing=SPACE_M, margin=SPACE_L)

    def least(width: int) -> int:
        return layout.minimumHeightForWidth(width) if layout.hasHeightForWidth() else layout.minimumSize().height()

    hold_height(dialog, least)
    return layout


def boxed(layout: QLayout) -> QWidget:
    """A bare widget around a layout."""
    widget = QWidget()
    widget.setLayout(layout)
    return widget


def takes_keys(widget: QWidget) -> bool:
    """Whether the Tab key comes to it as it is now."""
    return widget.isVisible() and widget.isEnabled() and bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)


class _Tall(QScrollArea):
    """Scrolls up and down; it is never narrower than what is in it."""

    def showEvent(self, event: QShowEvent) -> None:
        """What has grown in it while it was not seen could not tell."""
        super().showEvent(event)
        QCoreApplication.sendEvent(self, QEvent(QEvent.Type.LayoutRequest))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tell what is around it when the content has become wider or narrower."""
        if event.type() is QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def minimumSizeHint(self) -> QSize:
        """As wide as the content at its narrowest, and the bar beside it."""
        hint, content = super().minimumSizeHint(), self.widget()
        if content is None:
            return hint
        least = content.minimumWidth() or content.minimumSizeHint().width()
        return QSize(max(hint.width(), least + self.verticalScrollBar().sizeHint().width()), hint.height())


class _Roomy(_Tall):
    """Asks for all the room that its content takes, and does with less."""

    def sizeHint(self) -> QSize:
        """As large as the content at its width, with the bar."""
        content = self.widget()
        layout = content.layout() if content is not None else None
        if content is None or layout is None:
            return super().sizeHint()
        bar = self.verticalScrollBar().sizeHint().width()
        width = max(content.sizeHint().width() + bar, self.width() if self.isVisible() else 0)
        tall = layout.hasHeightForWidth()
        return QSize(width, layout.totalHeightForWidth(width - bar) if tall else layout.totalSizeHint().height())


class _Page(_Tall):
    """Takes the keyboard, to be scrolled, while not all of it is seen."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("More than fits; the arrow keys scroll"))
        self.verticalScrollBar().rangeChanged.connect(self._on_range_changed)

    @Slot(int, int)  # known to Qt by name: it is still called when Python's part of the page is going
    def _on_range_changed(self, _least: int, most: int) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if most > 0 else Qt.FocusPolicy.NoFocus)


class _RoomyPage(_Roomy, _Page):
    """Both."""


def scrolled(content: QWidget, *, is_read: bool = False) -> QScrollArea:
    """``content`` with a bar at the side when it does not fit.

    Args:
        content: What is scrolled; the Tab key brings its controls into sight.
        is_read: There are none, so the keyboard scrolls the area itself.
    """
    return _scrolled(_Page() if is_read else _Tall(), content)


def _scrolled(area: QScrollArea, content: QWidget) -> QScrollArea:
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    content.setObjectName("plain")
    area.setWidget(content)
    return area


def one_of(group: QButtonGroup) -> None:
    """Let the Tab key come to the chosen button of a group, whoever chose it; the arrow keys go to the others."""

    def follow() -> None:
        for button in group.buttons():
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus if button.isChecked() else Qt.FocusPolicy.NoFocus)

    group.buttonToggled.connect(lambda _button, _on: follow())
    follow()


def in_tab_order(widgets: Iterable[QWidget]) -> None:
    """Let the Tab key go from one to the next, also where some were made later than what follows them."""
    for first, second in pairwise(widgets):
        QWidget.setTabOrder(first, second)


class AtLeast(QWidget):
    """Says that its least height will do, where a scroll area would ask for the one it likes best."""

    def heightForWidth(self, width: int) -> int:
        """What it cannot do without."""
        layout = self.layout()
        return layout.minimumHeightForWidth(width) if layout is not None else 0

    def minimumSizeHint(self) -> QSize:
        """As narrow as it can be; how high, its width says: its texts would ask for the height of narrow ones."""
        hint, layout = super().minimumSizeHint(), self.layout()
        return QSize(hint.width(), 0) if layout is not None and layout.hasHeightForWidth() else hint


def roomy(layout: QLayout, *, is_read: bool = False) -> QScrollArea:
    """``layout`` as high as the room there is, with a bar at the side only where not even the least of it fits.

    ``is_read`` as for :func:`scrolled`.
    """
    widget = AtLeast()
    widget.setLayout(layout)
    return scrolled(widget, is_read=is_read)


class Fold(QWidget):
    """A heading that shows or hides what is under it."""

    def __init__(self, title: str, content: QWidget, *, is_open: bool = False) -> None:
        super().__init__()
        self.head = QToolButton()
        icons_by_letters(self.head, 16)
        self.head.setText(title)
        self.head.setAccessibleName(title)
        self.head.setProperty("kind", "fold")
        self.head.setCheckable(True)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._content = content
        column(self, self.head, content)
        self.head.toggled.connect(self._on_head_toggled)
        self.head.setChecked(is_open)
        self._on_head_toggled(is_open)

    @property
    def is_open(self) -> bool:
        """The content is shown."""
        return self.head.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Show or hide the content."""
        self.head.setChecked(is_open)

    def _on_head_toggled(self, checked: bool) -> None:
        put_icon(self.head, "chevron-down" if checked else "chevron-right")
        self._content.setVisible(checked)


class Card(QFrame):
    """A titled box."""

    def __init__(self, title: str, *parts: Part) -> None:
        super().__init__()
        self.setProperty("kind", "card")
        self.heading = Label(title, "strong")
        column(self, self.heading, *parts, margin=(SPACE_L, SPACE_L - 4, SPACE_L, SPACE_L))


class Painted(QWidget):
    """A widget that draws itself; subclasses write ``draw``."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """Draw with smooth edges."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        self.draw(painter)
        painter.end()

    def draw(self, painter: QPainter) -> None:
        """Draw everything."""
        raise NotImplementedError
