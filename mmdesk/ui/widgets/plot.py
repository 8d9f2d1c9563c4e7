"""pyqtgraph in our colours, quiet, with titles and units."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QResizeEvent

from mmdesk.ui.colours import Colours, current
from mmdesk.ui.formatting import marked, shown, tool_tip

pg.setConfigOptions(antialias=True)
_MARGIN = 16


def safe(text: str) -> str:
    """An imported string for pyqtgraph, which reads titles, labels and legends as markup."""
    return html.escape(shown(text, 80))


def _keep_height(label: Any) -> None:
    """Room for a title's height only: pyqtgraph would let a long one push the plot out of a narrow widget."""
    label.setMinimumHeight(label.itemRect().height())


class NumberAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Numbers along one side, with the marks of the window's language."""

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """As many digits as tell the ticks apart."""
        return [marked(text) for text in super().tickStrings(values, scale, spacing)]


class Plot(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """A plot whose items are drawn by ``redraw`` in the colours of the moment; no menus, no accidental zoom.

    Args:
        title: What it shows. ``remark``, set later, stands behind it where there is room for it.
        x: The horizontal axis's name, with its unit.
        y: The vertical axis's name, with its unit.
        axes: pyqtgraph axis items by side, where other than numbers are shown.
    """

    # On the class: Qt sends the first palette change before a constructor of ours has run.
    _drawn_for: Colours | None = None
    remark = ""

    def __init__(self, title: str, x: str = "", y: str = "", axes: dict[str, Any] | None = None) -> None:
        numbers = {side: NumberAxis(orientation=side) for side in ("left", "bottom")}
        super().__init__(axisItems=numbers | (axes or {}), enableMenu=False)
        self.title, self.x_name, self.y_name = title, x, y
        self.setAccessibleName(title)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(self.Shape.NoFrame)
        self.getPlotItem().layout.setContentsMargins(2, 2, 10, 2)
        label = self.getPlotItem().titleLabel
        label.updateMin = partial(_keep_height, label)

    @property
    def colours(self) -> Colours:
        """The palette it is shown in."""
        return current()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        told = event.type() in {QEvent.Type.PaletteChange, QEvent.Type.FontChange}
        if told and self._drawn_for is not None and self.plotItem is not None:  # it is gone once closed
            self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the title anew."""
        super().resizeEvent(event)
        if self._drawn_for is not None and self.title and self.plotItem is not None:
            self._write_title()

    def _write_title(self) -> None:
        """As much of the title as there is room for, and the remark if there is room for all of both."""
        bold = QFont(self.font())
        bold.setBold(True)
        item = self.getPlotItem()
        room = max(self.width() - int(item.getAxis("left").width()) - _MARGIN, 60)
        title, remark = shown(self.title, 80), f"\u2003{self.remark}" if self.remark else ""
        text = QFontMetrics(bold).elidedText(title, Qt.TextElideMode.ElideRight, room)
        taken = QFontMetrics(bold).horizontalAdvance(title) + QFontMetrics(self.font()).horizontalAdvance(remark)
        self.setToolTip("" if taken <= room else tool_tip(f"{self.title}{remark}"))
        said = f"<b>{html.escape(text)}</b>{html.escape(remark) if taken <= room else ''}"
        item.setTitle(said, color=self.colours.text, size=f"{self.font().pointSize()}pt")
        item.titleLabel.item.setTextWidth(-1)

    def refresh(self) -> None:
        """Draw everything anew."""
        self._dress()
        self.redraw()

    def redraw(self) -> None:
        """Remove and draw the items."""
        raise NotImplementedError

    def set_title(self, title: str) -> None:
        """Another title."""
        self.title = title
        self.setAccessibleName(title)
        self._dress()

    def _dress(self) -> None:
        colours = self._drawn_for = self.colours
        self.setBackground(QColor(colours.base))
        points = self.font().pointSize()
        item = self.getPlotItem()
        if self.title:
            self._write_title()
        for side, name in (("bottom", self.x_name), ("left", self.y_name)):
            axis = item.getAxis(side)
            # The grid belongs to the axes; behind the items it does not cut through them.
            axis.setZValue(-1)
            # Switching prefixes off alone leaves the axis with the scale of its range at that moment.
            axis.setSIPrefixEnableRanges(())
            axis.enableAutoSIPrefix(False)
            axis.setPen(QColor(colours.control if colours.high else colours.line))  # the grid is a tint of it
            axis.setTextPen(QColor(colours.muted))
            axis.setTickPen(QColor(colours.line))
            axis.setStyle(tickFont=self.font(), tickLength=4, autoExpandTextSpace=True)
            axis.setLabel(safe(name) if name else None, **{"color": colours.muted, "font-size": f"{points}pt"})
        item.showGrid(x=False, y=True, alpha=0.18)
