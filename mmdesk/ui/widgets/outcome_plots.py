"""How well probabilities and numbers are met by what came out, and how often a call is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter

from mmdesk.ui.colours import current
from mmdesk.ui.engine_words import in_words
from mmdesk.ui.formatting import counted, percent, score
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.widgets.basics import Painted
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.plot import Plot

Bins = Sequence[Mapping[str, float]]


class ReliabilityPlot(Plot):
    """Means of what was predicted against means of what was observed, bin by bin; on the line both agree."""

    def __init__(self) -> None:
        super().__init__("", tr("predicted"), tr("observed"))
        self._bins: Bins = ()
        self._share = True
        self._least = 0
        by_letters(self, self._hold_height, 200)

    def _hold_height(self, least: int) -> None:
        """Never lower than that, nor than the name that stands beside it."""
        self._least, metrics = least, self.fontMetrics()
        self.setMinimumHeight(max(least, metrics.horizontalAdvance(self.y_name) + 5 * metrics.height()))

    def show_bins(self, bins: Bins, *, share: bool, part: str) -> None:
        """Show the bins of a part; ``share``: of probabilities, so that both axes go from 0 to 1."""
        self._bins, self._share = bins, share
        rows = sum(int(one["rows"]) for one in bins)
        what = tr("Calibration") if share else tr("Predicted and observed values")
        self.x_name = tr("mean predicted probability") if share else tr("mean predicted value")
        self.y_name = tr("share of positives") if share else tr("mean observed value")
        self._hold_height(self._least)
        self.title = tr(
            "{what}, {part} part ({rows} in {bins})",
            what=what,
            part=in_words(part),
            rows=tr_n("{n:,} row", "{n:,} rows", rows),
            bins=tr_n("{n:,} bin", "{n:,} bins", len(bins)),
        )
        self.setAccessibleName(self.title)
        said = (
            tr(
                "{predicted} predicted, {observed} observed",
                predicted=score(one["predicted"]),
                observed=score(one["observed"]),
            )
            for one in bins
        )
        self.setAccessibleDescription("; ".join(said))
        self.refresh()

    def redraw(self) -> None:
        """The line of agreement, the bins, and how far chance alone moves them."""
        self.clear()
        if not self._bins:
            return
        predicted = np.array([one["predicted"] for one in self._bins])
        observed = np.array([one["observed"] for one in self._bins])
        ends = (
            (0.0, 1.0) if self._share else (min(predicted.min(), observed.min()), max(predicted.max(), observed.max()))
        )
        muted, accent = QColor(self.colours.muted), QColor(self.colours.series[0])
        self.plot(list(ends), list(ends), pen=pg.mkPen(muted, width=1.5, style=Qt.PenStyle.DashLine))
        if "low" in self._bins[0]:
            low = np.array([one["low"] for one in self._bins])
            high = np.array([one["high"] for one in self._bins])
            bars = pg.ErrorBarItem(
                x=predicted, y=(low + high) / 2, height=high - low, beam=0.015, pen=pg.mkPen(accent, width=1.2)
            )
            self.addItem(bars)
        self.plot(
            predicted, observed, pen=pg.mkPen(accent, width=2), symbol="o", symbolBrush=accent, symbolPen=None,
            symbolSize=8,
        )  # fmt: skip
        if self._share:
            self.setXRange(0, 1, padding=0.02)
            self.setYRange(0, 1, padding=0.06)  # a bin at either end is a whole dot
        else:
            self.autoRange()


_CELLS = (
    (("true_positive", tr("true positive")), ("false_negative", tr("false negative"))),
    (("false_positive", tr("false positive")), ("true_negative", tr("true negative"))),
)
"""By truth, then by what they were called: the key and the name of each."""
_TRUTHS = (tr("truly positive"), tr("truly negative"))


_WRAP = int(Qt.TextFlag.TextWordWrap)


def _lines(metrics: QFontMetrics, text: str, width: int) -> int:
    """How high a text is that is broken into lines, in pixels."""
    return metrics.boundingRect(QRect(0, 0, width, 1 << 20), _WRAP, text).height()


class ConfusionMatrix(Painted):
    """Rows by truth, columns by what they were called; darker where there are more."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: Mapping[str, int] = {}
        self._threshold = 0.5
        self.setAccessibleName(tr("Confusion matrix"))

    def show_counts(self, counts: Mapping[str, int], threshold: float) -> None:
        """Show other counts; ``threshold``: the probability from which on a row is called positive."""
        self._counts, self._threshold = counts, threshold
        said = [f"{words}: {counts[name]}" for name, words in (*_CELLS[0], *_CELLS[1]) if name in counts]
        self.setAccessibleDescription("; ".join(said))
        self.update()

    def sizeHint(self) -> QSize:
        """Room for two rows of figures and their names."""
        line = self.fontMetrics().height()
        return QSize(300, 9 * line + 30)

    def minimumSizeHint(self) -> QSize:
        """Never squeezed together."""
        return QSize(260, self.sizeHint().height())

    def draw(self, painter: QPainter) -> None:
        """Names, cells, counts, and shares of their row."""
        if not self._counts:
            return
        colours = current()
        left = max(map(self.fontMetrics().horizontalAdvance, _TRUTHS)) + 12
        width = (self.width() - left - 4) / 2
        bold = QFont(self.font())
        bold.setBold(True)
        title = tr("Called positive from a probability of {threshold} on", threshold=score(self._threshold))
        called = (tr("called positive"), tr("called negative"))
        above = _lines(QFontMetrics(bold), title, self.width()) + 2
        top = above + max(_lines(self.fontMetrics(), name, int(width)) for name in called) + 6
        height = (self.height() - top - 4) / 2
        painter.setFont(bold)
        painter.setPen(QColor(colours.text))
        painter.drawText(QRectF(0, 0, self.width(), above), int(Qt.AlignmentFlag.AlignLeft) | _WRAP, title)
        painter.setFont(self.font())
        painter.setPen(QColor(colours.muted))
        for place, name in enumerate(called):
            room = QRectF(left + place * width, above, width, top - above)
            painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter) | _WRAP, name)
        for row, (names, said) in enumerate(zip(_CELLS, _TRUTHS, strict=True)):
            side = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            painter.setPen(QColor(colours.muted))
            painter.drawText(QRectF(0, top + row * height, left, height), side, said)
            total = sum(self._counts[name] for name, _ in names)
            for place, cell in enumerate(names):
                self._cell(painter, QRectF(left + place * width, top + row * height, width, height), cell, total, bold)

    def _cell(self, painter: QPainter, room: QRectF, cell: tuple[str, str], total: int, bold: QFont) -> None:
        name, called = cell
        colours, number = current(), self._counts[name]
        share = number / total if total else 0.0
        tint = QColor(colours.good if name.startswith("true") else colours.warn)
        tint.setAlphaF(0.08 + 0.3 * share)
        inner = room.adjusted(2, 2, -2, -2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawRoundedRect(inner, 6, 6)
        painter.setPen(QColor(colours.text))
        painter.setFont(bold)
        half = inner.height() / 2
        below = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom)
        above = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        painter.drawText(QRectF(inner.x(), inner.y(), inner.width(), half), below, counted(number))
        painter.setFont(self.font())
        said = f"{called}, {percent(share)}"
        text = painter.fontMetrics().elidedText(said, Qt.TextElideMode.ElideRight, int(inner.width()) - 6)
        painter.drawText(QRectF(inner.x(), inner.y() + half, inner.width(), half), above, text)
