"""An explanation's page as PDF: the same page of HTML, its drawings painted, broken into sheets of paper.

Runs in a worker process, where nothing waits for it. The page is our own (:mod:`mmdesk.engine.explanation.page`), so
only what stands on it has to be understood here: flexible boxes become tables, drawings become pictures.
"""

from __future__ import annotations

import os
import re
import sys
from enum import StrEnum
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtGui import QTextDocument

_DPI = 300
_POINTS = 72.0
_PIXEL = 0.55
"""Points of a pixel of the page: its 860 pixels fill the width that both sizes of paper leave."""
_MARGIN_MM = 15.0
_COLOURS = {"text": "#1a1f29", "muted": "#535d6d", "line": "#d7dce4", "raises": "#b4460f", "lowers": "#0b6b83"}


class Paper(StrEnum):
    """Sizes of paper."""

    A4 = "A4"
    LETTER = "Letter"


def usual_paper() -> Paper:
    """What printers hold where this system is at home."""
    from PySide6.QtCore import QLocale

    metric = QLocale.system().measurementSystem() is not QLocale.MeasurementSystem.ImperialUSSystem
    return Paper.A4 if metric else Paper.LETTER


def write_pdf(html: bytes, path: Path, paper: Paper) -> None:
    """Write a page of ours as PDF.

    Args:
        html: As :func:`mmdesk.engine.services.explanations.page` made it.
        path: The file to write, whole or not at all.
        paper: Size of the sheets.

    Raises:
        ResourceError: It cannot be written.
    """
    from mmdesk.engine.core.files import write_atomic

    write_atomic(path, _printed(html.decode("utf-8"), paper))


def _printed(html: str, paper: Paper) -> bytes:
    _application()
    from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QSizeF
    from PySide6.QtGui import QPageLayout, QPageSize, QPainter, QPdfWriter

    sheet = _Sheet()
    sheet.feed(html)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    size = QPageSize(QPageSize.PageSizeId.A4 if paper is Paper.A4 else QPageSize.PageSizeId.Letter)
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    writer.setPageLayout(QPageLayout(size, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter))
    writer.setResolution(_DPI)
    writer.setTitle(sheet.title)
    writer.setCreator("mmdesk")
    room = writer.pageLayout().paintRectPoints().size()
    footer = 16.0
    document = _document(sheet, float(room.width()))
    document.setPageSize(QSizeF(room.width(), room.height() - footer))
    painter = QPainter(writer)
    painter.scale(_DPI / _POINTS, _DPI / _POINTS)
    pages = document.pageCount()
    for number in range(pages):
        if number:
            writer.newPage()
        _draw_page(painter, document, number, f"{sheet.title} · {number + 1} of {pages}", footer)
    painter.end()
    return bytes(buffer.data().data())


def _application() -> object:
    """Fonts need one; it shows nothing."""
    if sys.platform == "linux":
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QGuiApplication

    return QGuiApplication.instance() or _kept.setdefault("application", QGuiApplication([]))


_kept: dict[str, object] = {}


def _document(sheet: _Sheet, width: float) -> QTextDocument:
    from PySide6.QtCore import QUrl
    from PySide6.QtGui import QFont, QTextDocument

    document = QTextDocument()
    document.setDocumentMargin(0)
    font = QFont()
    font.setPixelSize(9)  # a document counts points by the screen's dots, pixels as they are
    document.setDefaultFont(font)
    document.setDefaultStyleSheet(
        f"h1{{font-size:17px;margin:0}} h2{{font-size:12px;margin-top:14px;margin-bottom:4px}} h3{{font-size:9px}}"
        f".muted{{color:{_COLOURS['muted']};font-size:8px}} .raises{{color:{_COLOURS['raises']}}}"
        f".lowers{{color:{_COLOURS['lowers']}}} th{{color:{_COLOURS['muted']};font-size:8px}}"
        ".figure{font-size:17px} .nowrap{white-space:nowrap}"
        "p{margin-top:2px;margin-bottom:3px} pre{font-size:8px;white-space:pre-wrap}"
    )
    for number, drawing in enumerate(sheet.drawings):
        document.addResource(
            QTextDocument.ResourceType.ImageResource.value, QUrl(f"drawing:{number}"), drawing.painted(width)
        )
    document.setHtml("".join(sheet.parts))
    document.setTextWidth(width)
    return document


def _draw_page(painter: object, document: QTextDocument, number: int, footer: str, footer_height: float) -> None:
    from PySide6.QtCore import QRectF, Qt
    from PySide6.QtGui import QAbstractTextDocumentLayout, QColor, QFont, QPainter, QPalette

    assert isinstance(painter, QPainter)
    size = document.pageSize()
    painter.save()
    painter.translate(0, -number * size.height())
    context = QAbstractTextDocumentLayout.PaintContext()
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Text, QColor(_COLOURS["text"]))
    context.palette = palette
    area = QRectF(0, number * size.height(), size.width(), size.height())
    context.clip = area
    painter.setClipRect(area)
    document.documentLayout().draw(painter, context)
    painter.restore()
    font = QFont()
    font.setPixelSize(7)
    painter.setFont(font)
    painter.setPen(QColor(_COLOURS["muted"]))
    painter.drawText(QRectF(0, size.height(), size.width(), footer_height), int(Qt.AlignmentFlag.AlignBottom), footer)


class _Drawing:
    """An SVG of the page."""

    def __init__(self, source: str, width: float, height: float) -> None:
        self._source, self.width, self.height = source, width, height

    def painted(self, most: float) -> object:
        """A picture of print quality, with the size that it is printed in, never wider than the sheet."""
        from PySide6.QtCore import QByteArray, QRectF, Qt
        from PySide6.QtGui import QImage, QPainter
        from PySide6.QtSvg import QSvgRenderer

        shrunk = min(1.0, most / max(self.width * _PIXEL, 1))
        wide, high = self.width * _PIXEL * shrunk, self.height * _PIXEL * shrunk
        dots = _DPI / _POINTS
        image = QImage(
            max(round(wide * dots), 1), max(round(high * dots), 1), QImage.Format.Format_ARGB32_Premultiplied
        )
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        QSvgRenderer(QByteArray(self._source.encode())).render(painter, QRectF(image.rect()))
        painter.end()
        return image

    def tag(self, number: int) -> str:
        """Where it stands."""
        return f'<img src="drawing:{number}" width="{self.width * _PIXEL:.1f}" height="{self.height * _PIXEL:.1f}">'


_STYLE = (
    "svg,text{font-family:sans-serif}text{font-size:12px;fill:#535d6d}"
    ".raises{fill:#b4460f;color:#b4460f}.lowers{fill:#0b6b83;color:#0b6b83}.mark{fill:#1a1f29}.axis{stroke:#d7dce4}"
    ".wave{fill:#535d6d}.grid{stroke:#d7dce4}.threshold{stroke:#535d6d;stroke-dasharray:4 3}.scale{fill:#d7dce4}"
    ".middle{stroke:#535d6d}.place{fill:#1a1f29}polyline{fill:none;stroke:#1a1f29;stroke-width:1.6}"
)
_VOID = {"img", "br", "meta", "link", "input", "hr"}
_IN_SVG = re.compile(r"class='([^']*)'")


class _Sheet(HTMLParser):
    """Takes the page apart: its text as what a text document understands, its drawings for themselves."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.title = ""
        self.parts: list[str] = []
        self.drawings: list[_Drawing] = []
        self._svg: list[str] | None = None
        self._size = (1.0, 1.0)
        self._skipped = ""
        self._open: list[str] = []
        self._figure = self._in_figure = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Boxes become cells, drawings are collected."""
        said = {name: value or "" for name, value in attrs}
        if self._svg is not None:
            self._svg.append(self._drawn(tag, said))
        elif tag == "svg":
            self._size = float(said.get("width", 100)), float(said.get("height", 20))
            box = said.get("viewbox", f"0 0 {self._size[0]} {self._size[1]}")
            spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
            self._svg = [f'<svg {spaces} viewBox="{box}"><style>{_STYLE}</style>']
        elif tag in {"style", "title"}:
            self._skipped = tag
        elif tag == "header":
            self._enter("header", '<table width="100%"><tr>')
        elif tag == "div":
            self._start_div(said)
        elif tag in {"html", "head", "body", "meta", "section"}:
            return
        elif tag == "table":
            wide = "" if "narrow" in said.get("class", "") else ' width="100%"'
            self.parts.append(f'<table cellspacing="0" cellpadding="2"{wide}>')
        elif tag in {"figure", "figcaption", "footer"}:
            self._in_figure = self._in_figure or tag == "figure"
            self.parts.append('<p class="muted">' if tag == "footer" else "<div>")
        else:
            self.parts.append(self._plain(tag, said))

    def _start_div(self, said: dict[str, str]) -> None:
        inside = self._open[-1] if self._open else ""
        if said.get("class") in {"two", "frames"}:
            self._enter("table", '<table width="100%" cellspacing="6"><tr>' if said["class"] == "two" else "<p>")
            self._open[-1] = said["class"]
        elif inside in {"header", "two"}:
            figure = said.get("class") == "figure"
            wide = "50%" if inside == "two" else "16%" if figure else "68%"
            side = ' align="right" class="muted"' if figure else ""
            self._enter("cell", f'<td valign="top" width="{wide}"{side}>')
            self._figure = figure
        else:
            self._enter("span", "")

    def _enter(self, kind: str, start: str) -> None:
        self._open.append(kind)
        self.parts.append(start)

    def _plain(self, tag: str, said: dict[str, str]) -> str:
        if tag == "b" and self._figure:
            return '<b class="figure">'
        kept = "".join(
            f' {name}="{value}"'
            for name, value in said.items()
            if name in {"class", "src", "colspan"} and '"' not in value
        )
        if tag == "img":
            kept += f' width="{float(said.get("width", 120)) * _PIXEL:.0f}"'
        if tag in {"td", "th"} and "number" in said.get("class", "").split():
            kept += ' align="right"'
        return f"<{tag}{kept}>"

    def _drawn(self, tag: str, said: dict[str, str]) -> str:
        classes = said.get("class", "").split()
        if "pale" in classes:
            said["opacity"] = "0.4"
        if "jump" in classes:
            said |= {"stroke": _COLOURS["raises" if "raises" in classes else "lowers"], "stroke-width": "3"}
        if classes:  # one class is what Qt's drawings know
            said["class"] = next((one for one in classes if one not in {"pale", "jump"}), classes[0])
        words = "".join(
            f' {"xlink:href" if name == "href" else name}="{value}"' for name, value in said.items() if '"' not in value
        )
        return f"<{tag}{words}>"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Closed at once, which only drawings have."""
        said = {name: value or "" for name, value in attrs}
        if self._svg is not None:
            self._svg.append(self._drawn(tag, said)[:-1] + "/>")
        else:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """What was opened in other words is closed in them."""
        if self._svg is not None:
            self._svg.append(f"</{tag}>")
            if tag == "svg":
                drawing = _Drawing("".join(self._svg), *self._size)
                tag_text = drawing.tag(len(self.drawings))
                self.parts.append(f"<p>{tag_text}</p>" if self._in_figure else tag_text)
                self.drawings.append(drawing)
                self._svg = None
        elif tag in {"style", "title"}:
            self._skipped = ""
        elif tag in {"header", "div"} and self._open:
            ends = {"header": "</tr></table>", "two": "</tr></table>", "frames": "</p>", "cell": "</td>", "span": " "}
            self.parts.append(ends[self._open.pop()])
        elif tag in {"html", "head", "body", "section"} or tag in _VOID:
            return
        elif tag == "b" and self._figure:
            self.parts.append("</b><br>")
            self._figure = False
        elif tag in {"figure", "figcaption", "footer"}:
            self._in_figure = self._in_figure and tag != "figure"
            self.parts.append("</p>" if tag == "footer" else "</div>")
        else:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Text."""
        self._text(data)

    def handle_entityref(self, name: str) -> None:
        """Escaped as it was."""
        self._text(f"&{name};")

    def handle_charref(self, name: str) -> None:
        """Escaped as it was."""
        self._text(f"&#{name};")

    def _text(self, text: str) -> None:
        if self._skipped == "title":
            import html

            self.title += html.unescape(text)
        elif not self._skipped:
            (self.parts if self._svg is None else self._svg).append(text)
