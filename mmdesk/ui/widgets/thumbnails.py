"""A table whose first column shows small pictures as they arrive; only those in view are asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QPainter, QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from mmdesk.ui.colours import current
from mmdesk.ui.icons import pixmap
from mmdesk.ui.language import tr
from mmdesk.ui.models.columns import Column, ColumnsModel
from mmdesk.ui.widgets.media import Pixels, image_of
from mmdesk.ui.widgets.table import Table

SIDE = 40
_LOOK_AFTER_MS = 120
_MEDIA_ICONS = {"image": "image", "audio": "audio", "video": "video"}


class _ThumbnailDelegate(QStyledItemDelegate):
    def __init__(self, owner: ThumbnailTable) -> None:
        super().__init__(owner)
        self._owner = owner

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        self.initStyleOption(option, index)
        option.text = ""
        widget = option.widget
        widget.style().drawControl(widget.style().ControlElement.CE_ItemViewItem, option, painter, widget)
        picture = self._owner.picture(index)
        size = picture.deviceIndependentSize().toSize()
        place = QRect(0, 0, size.width(), size.height())
        place.moveCenter(option.rect.center())
        painter.drawPixmap(place.topLeft(), picture)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: ARG002
        return QSize(SIDE + 12, SIDE + 6)


class ThumbnailTable(Table):
    """``wanted`` carries the keys of the rows in view that have no picture yet.

    Args:
        name: For screen readers.
        many: Several rows can be chosen.
    """

    wanted = Signal(object)

    def __init__(self, name: str, *, many: bool = False) -> None:
        super().__init__(name, many=many)
        self._keys: Sequence[str] = ()
        self._kinds: Sequence[str] = ()
        self._pictures: dict[str, QPixmap] = {}
        self._asked: set[str] = set()
        self._delegate = _ThumbnailDelegate(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_LOOK_AFTER_MS)
        self._timer.timeout.connect(self._on_timer_timeout)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._look_soon())
        self.columns.modelReset.connect(self._look_soon)
        self.columns.layoutChanged.connect(lambda *_: self._look_soon())

    def show_files(self, keys: Sequence[str], kinds: Sequence[str], columns: Sequence[Column]) -> None:
        """Show a row for each key; ``kinds`` are media types."""
        self._keys, self._kinds = keys, kinds
        self.set_columns([Column("", kinds, help=tr("Picture")), *columns])
        self.setItemDelegateForColumn(0, self._delegate)
        self.setColumnWidth(0, SIDE + 16)
        self.verticalHeader().setDefaultSectionSize(SIDE + 6)

    def renew_files(self, columns: Sequence[Column], mask: NDArray[np.bool_] | None) -> None:
        """Other values of the same files; what is chosen stays so."""
        self.renew([self.columns.columns[0], *columns], mask)

    def put_picture(self, key: str, pixels: Pixels) -> None:
        """A picture has arrived."""
        picture = QPixmap.fromImage(image_of(pixels))
        ratio = self.devicePixelRatioF()
        side = round(SIDE * ratio)
        mode = Qt.AspectRatioMode.KeepAspectRatio
        picture = picture.scaled(side, side, mode, Qt.TransformationMode.SmoothTransformation)
        picture.setDevicePixelRatio(ratio)
        self._pictures[key] = picture
        self.viewport().update()

    def forget(self) -> None:
        """Another case: no picture is known any more."""
        self._timer.stop()
        self._pictures.clear()
        self._asked.clear()

    def picture(self, index: QModelIndex | QPersistentModelIndex) -> QPixmap:
        """The row's picture, or the icon of its kind."""
        model = index.model()
        assert isinstance(model, ColumnsModel)
        row = model.source_row(index)
        known = self._pictures.get(self._keys[row])
        if known is not None:
            return known
        colour = current().muted
        return pixmap(_MEDIA_ICONS.get(self._kinds[row], "file"), colour, 22, self.devicePixelRatioF())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or fewer rows are in view."""
        super().resizeEvent(event)
        self._look_soon()

    def _look_soon(self) -> None:
        if self.isVisible() and self.columns.rowCount():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Rows may have come while nobody looked."""
        super().showEvent(event)
        self._look_soon()

    def _on_timer_timeout(self) -> None:
        if not self.isVisible():
            return
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        last = self.columns.rowCount() - 1 if last < 0 else last
        if first < 0:
            return
        rows: list[int] = [int(row) for row in self.columns.rows[first : last + 1]]
        seen = [row for row in rows if self._kinds[row] in {"image", "video"}]
        keys = [self._keys[row] for row in seen if self._keys[row] not in self._asked]
        if keys:
            self._asked.update(keys)
            self.wanted.emit(keys)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing is asked for behind the scenes."""
        self._timer.stop()
        super().hideEvent(event)
