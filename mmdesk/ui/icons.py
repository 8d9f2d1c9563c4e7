"""One set of line icons, tinted in the colours of the moment."""

from __future__ import annotations

import functools

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QWidget

from mmdesk.ui.colours import current
from mmdesk.ui.resources import resource

_SIZES = (16, 18)
USUAL_POINTS = 10
"""The letters that sizes in pixels are meant for."""
_PROPERTY = "mmdesk_icon"
_PROPERTY_ROLE = "mmdesk_icon_role"


def pixmap(name: str, colour: str, size: int, ratio: float = 1.0) -> QPixmap:
    """The icon drawn at ``size`` device-independent pixels in ``colour``."""
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
    picture = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    renderer.render(painter, QRectF(0, 0, picture.width(), picture.height()))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture


@functools.cache
def _source(name: str) -> str:
    return resource(f"icons/{name}.svg").read_text(encoding="utf-8")


@functools.cache
def _tinted(name: str, colour: str, disabled: str, ratio: float, points: float) -> QIcon:
    """The icon at the sizes of menus and buttons, and at those that they have beside letters of other sizes."""
    made = QIcon()
    for size in sorted({*_SIZES, *(round(size * points / USUAL_POINTS) for size in _SIZES)}):
        drawn = pixmap(name, colour, size, ratio)
        made.addPixmap(drawn)
        # Qt would tint it, and a run's colour must stay the one of its curves.
        made.addPixmap(drawn, QIcon.Mode.Selected)
        made.addPixmap(pixmap(name, disabled, size, ratio), QIcon.Mode.Disabled)
    return made


def icon(name: str, role: str = "text") -> QIcon:
    """The icon in the colour that ``role`` (see :meth:`~mmdesk.ui.colours.Colours.role`) has now."""
    colours = current()
    ratio, points = QGuiApplication.primaryScreen().devicePixelRatio(), QGuiApplication.font().pointSizeF()
    disabled = colours.line if colours.high else colours.control  # which is as dark as any there
    return _tinted(name, colours.role(role), disabled, ratio, points)


def put_icon(target: QAbstractButton | QAction, name: str, role: str = "text") -> None:
    """Give ``target`` an icon that follows the theme."""
    target.setProperty(_PROPERTY, name)
    target.setProperty(_PROPERTY_ROLE, role)
    target.setIcon(icon(name, role))


def retint(root: QWidget) -> None:
    """Draw the icons of ``root`` and everything in it in the colours of the moment."""
    items: list[QObject] = [*root.findChildren(QAbstractButton), *root.findChildren(QAction)]
    for item in items:
        name = item.property(_PROPERTY)
        if name and isinstance(item, (QAbstractButton, QAction)):
            item.setIcon(icon(name, item.property(_PROPERTY_ROLE)))


def application_icon() -> QIcon:
    """The program's mark."""
    return QIcon(str(resource("icons/mmdesk.svg")))
