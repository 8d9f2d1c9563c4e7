"""Documents with known text, written by hand: PDF, docx, pptx, xlsx, odt."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_OOXML = "http://schemas.openxmlformats.org"


def pdf(pages: Sequence[str], *, encrypted: bool = False, told: Mapping[str, str] | None = None) -> bytes:
    """A PDF with a line of text on each page; an encrypted one needs a password that nobody has.

    Args:
        pages: The lines.
        encrypted: Whether it is.
        told: Its information dictionary.
    """
    count = len(pages)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, b" ".join(b"%d 0 R" % (4 + 2 * n) for n in range(count))),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        stream = b"BT /F1 12 Tf 20 100 Td (%s) Tj ET" % text.encode("latin-1")
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 200] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * number)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    entries = "".join(f"/{name} <FEFF{text.encode('utf-16-be').hex()}> " for name, text in (told or {}).items())
    objects.append(b"<< %s>>" % entries.encode())
    body, places = io.BytesIO(b"%PDF-1.4\n"), []
    body.seek(0, io.SEEK_END)
    for number, content in enumerate(objects, start=1):
        places.append(body.tell())
        body.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    table = body.tell()
    body.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    body.writelines(b"%010d 00000 n \n" % place for place in places)
    secret = b" /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O (%s) /U (%s) >> /ID [(a) (a)]" % (b"x" * 32, b"y" * 32)
    body.write(
        b"trailer << /Size %d /Root 1 0 R /Info %d 0 R%s >>\n"
        % (len(objects) + 1, len(objects), secret if encrypted else b"")
    )
    body.write(b"startxref\n%d\n%%%%EOF\n" % table)
    return body.getvalue()


def archive(entries: Mapping[str, str | bytes]) -> bytes:
    """A zip archive; an entry ``mimetype`` is stored as it is."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return buffer.getvalue()


def docx(paragraphs: Sequence[str], **entries: str) -> bytes:
    """A text; ``entries`` are ``core`` and ``app`` in ``docProps``."""
    space = f"{_OOXML}/wordprocessingml/2006/main"
    body = "".join(f"<w:p><w:r><w:t>{escape(one)}</w:t></w:r></w:p>" for one in paragraphs)
    document = f'<?xml version="1.0"?><w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
    told = {f"docProps/{name}.xml": content for name, content in entries.items()}
    return archive({"[Content_Types].xml": "<Types/>", "word/document.xml": document, **told})


def pptx(slides: Sequence[str]) -> bytes:
    space = f'xmlns:a="{_OOXML}/drawingml/2006/main" xmlns:p="{_OOXML}/presentationml/2006/main"'
    entries: dict[str, str | bytes] = {"[Content_Types].xml": "<Types/>"}
    for number, text in reversed(list(enumerate(slides, start=1))):
        entries[f"ppt/slides/slide{number}.xml"] = (
            f"<p:sld {space}><a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p></p:sld>"
        )
    return archive(entries)


def xlsx(texts: Sequence[str]) -> bytes:
    items = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    shared = f'<sst xmlns="{_OOXML}/spreadsheetml/2006/main">{items}</sst>'
    return archive({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<x/>", "xl/sharedStrings.xml": shared})


def odt(paragraphs: Sequence[str], meta: str = "") -> bytes:
    """A text; ``meta`` is the content of ``meta.xml``."""
    names = "urn:oasis:names:tc:opendocument:xmlns"
    body = "".join(f"<text:p>{escape(one)}</text:p>" for one in paragraphs)
    content = (
        f'<office:document-content xmlns:office="{names}:office:1.0" xmlns:text="{names}:text:1.0">'
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    return archive({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content, "meta.xml": meta})
