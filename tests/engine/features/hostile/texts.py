"""Documents, archives, databases and texts that swell, loop, lead elsewhere, or are none."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable

from tests.engine.features import document_samples as documents
from tests.engine.features.hostile.bases import base
from tests.engine.features.hostile.pictures import laughs

Archive = dict[str, str | bytes]
_WORD = "word/document.xml"


def docx(document: bytes | str, **others: bytes) -> bytes:
    entries: Archive = {"[Content_Types].xml": "<Types/>", _WORD: document}
    return documents.archive({**entries, **others})


def _zeros(size: int, head: bytes = b"", tail: bytes = b"") -> bytes:
    """A zip archive with a Word document of ``size`` blanks, written in pieces."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open(_WORD, "w", force_zip64=True) as entry:
            entry.write(head)
            for _ in range(size >> 20):
                entry.write(b" " * (1 << 20))
            entry.write(tail)
    return buffer.getvalue()


def nested_tags(megabytes: int) -> bytes:
    count = (megabytes << 20) // 3
    return docx(b"<a>" * count)


def many_entries(count: int) -> bytes:
    """An office file whose directory lists the same small entry again and again."""
    whole = documents.docx(["word"])
    start = whole.index(b"PK\x01\x02")
    end = whole.index(b"PK\x05\x06")
    first = whole[start : whole.index(b"PK\x01\x02", start + 4)]
    directory = whole[start:end] + first * count
    total = min(count + 2, 0xFFFF)
    return (
        whole[:start] + directory + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, total, total, len(directory), start, 0)
    )


def encrypted_entry() -> bytes:
    """The flag of encryption on every entry."""
    data = bytearray(documents.docx(["secret"]))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place >= 0:
            data[place + at] |= 1
            place = data.find(mark, place + 4)
    return bytes(data)


def encrypted_office() -> bytes:
    """An OLE file with the streams that Office writes with a password."""
    stream = "EncryptedPackage".encode("utf-16-le").ljust(64, b"\0") + struct.pack("<HBB", 34, 2, 1)
    return base("ole")[:1152] + stream + base("ole")[1152 + len(stream) :]


def unknown_method() -> bytes:
    data = bytearray(documents.docx(["word"]))
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = data.find(mark)
        while place >= 0:
            data[place + at] = 99
            place = data.find(mark, place + 4)
    return bytes(data)


def nested_archives(depth: int) -> bytes:
    data = b"the end"
    for level in range(depth):
        data = documents.archive({f"level{level}.zip": data})
    return data


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """Numbered objects with a cross-reference table."""
    body, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, len(body))
    return body + table + tail


def stream(data: bytes, extra: bytes = b"/Filter /FlateDecode", length: int | None = None) -> bytes:
    size = len(data) if length is None else length
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (size, extra, data)


_CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
_PAGES = b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>"
_PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R %s >>"


def deflated(megabytes: int, head: bytes = b"") -> bytes:
    """Blanks, packed without a header: blocks that stand on their own can be repeated."""
    packer = zlib.compressobj(9, wbits=-15)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + (packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)) * megabytes + b"\x03\x00"


def swelling_pdf(megabytes: int, layers: int = 1) -> bytes:
    data = b"\x78\xda" + deflated(megabytes) + bytes(4)
    for _ in range(layers - 1):
        data = zlib.compress(data, 9)
    filters = b"/Filter [" + b"/FlateDecode " * layers + b"]"
    return pdf(_CATALOG, _PAGES, _PAGE % b"", stream(data, filters))


def object_stream(megabytes: int) -> bytes:
    """Objects in a stream that swells, found through a cross-reference stream."""
    inside = b"\x78\xda" + deflated(megabytes, b"1 0 ") + bytes(4)
    body = b"%PDF-1.7\n"
    first = len(body)
    body += b"5 0 obj\n" + stream(inside, b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode") + b"\nendobj\n"
    second = len(body)
    rows = b"\x00\x00\x00\xff" + b"\x02\x00\x05\x00" + b"\x01" + first.to_bytes(2, "big") + b"\x00"
    table = b"/Type /XRef /W [1 2 1] /Index [0 2 5 1] /Size 6 /Root 1 0 R"
    return body + b"6 0 obj\n" + stream(rows, table) + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % second


def acting_pdf() -> bytes:
    """A PDF that would like to open addresses, files and programs."""
    actions = (
        b"/OpenAction << /S /URI /URI (http://127.0.0.1:{port}/open) >> /AA << /WC << /S /Launch /F (/bin/sh) >> >> "
        b"/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (app.launchURL('http://127.0.0.1:{port}/js')) "
        b">>] >> >>"
    )
    font = b"/Resources << /Font << /F << /Type /Font /Subtype /TrueType /BaseFont /../../etc/passwd >> >> >>"
    text = b"BT /F 9 Tf (hello) Tj ET"
    catalog = b"<< /Type /Catalog /Pages 2 0 R " + actions + b" >>"
    external = b"/F (http://127.0.0.1:{port}/stream) /FFilter /FlateDecode"
    return pdf(catalog, _PAGES, _PAGE % font, stream(text, external))


def deep_pdf(depth: int) -> bytes:
    return pdf(_CATALOG, _PAGES, _PAGE % b"", stream(b"[" * depth + b"]" * depth, b""), b"[" * depth + b"]" * depth)


def ring_of_pages() -> bytes:
    return pdf(
        _CATALOG,
        b"<< /Type /Pages /Count 2147483647 /Kids [3 0 R 2 0 R] /Parent 3 0 R >>",
        b"<< /Type /Pages /Count 99 /Kids [2 0 R 3 0 R] /Parent 2 0 R >>",
    )


def ole_ring() -> bytes:
    """Sectors that follow each other in a ring, and a directory that is its own child."""
    data = bytearray(base("ole"))
    data[512:520] = struct.pack("<II", 1, 0)
    data[1024 + 76 : 1024 + 80] = bytes(4)
    return bytes(data)


def swelling_gzip(gigabytes: int) -> bytes:
    return gzip.compress(b"")[:10] + deflated(gigabytes << 10) + bytes(8)


_SHEET = "<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>"

BOMBS: dict[str, Callable[[], bytes]] = {
    "pdf that swells to 1 GB": lambda: swelling_pdf(1024),
    "pdf that swells three times over": lambda: swelling_pdf(1024, 3),
    "pdf whose objects swell to 1 GB": lambda: object_stream(1024),
    "docx of 64 MB of tags in tags": lambda: nested_tags(64),
    "docx of 500,000 entries": lambda: many_entries(500_000),
}
"""To be refused, or flagged, in less than a second and 300 MB."""

ODD: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one byte": lambda: b"\x00",
    "one letter": lambda: b"a",
    "two bytes of a utf-16 mark": lambda: b"\xff\xfe",
    "half a character": lambda: b"\xff\xfea",
    "nothing but nulls": lambda: bytes(100_000),
    "a line of 20 MB": lambda: b"a" * (20 << 20),
    "20 million words": lambda: b"a " * (10 << 20),
    "utf-16 of lone surrogates": lambda: b"\xff\xfe" + b"\x00\xd8" * 10_000,
    "overlong utf-8": lambda: b"\xc0\x80" * 5_000 + b"text " * 500,
    "right-to-left overrides": lambda: "\u202e\u202d\u2066\u2069".encode() * 5_000,
    "quotes without end": lambda: b'{"a": "' + b'\\"' * 400_000,
    "json of 500,000 levels": lambda: b'[["' + b"[" * 500_000,
    "markup without end": lambda: b"<?xml version='1.0'?>" + b"<!-" * 20_000,
    "html that leads elsewhere": lambda: (
        b"<html><img src='http://127.0.0.1:{port}/a.png'><iframe src='file:///etc/passwd'></html>"
    ),
    "xml with a foreign entity": lambda: (
        b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r>&x;</r>"
    ),
    "docx of 100 MB of blanks": lambda: _zeros(100 << 20, b"<w:document><w:t>", b"</w:t></w:document>"),
    "docx of 64 MB of characters one by one": lambda: docx(b"<a><t>" + b"&lt;" * (15 << 20) + b"</t></a>"),
    "docx of 200,000 attributes": lambda: docx(b"<a " + b"".join(b"b%d='' " % n for n in range(200_000)) + b"/>"),
    "docx of a billion laughs": lambda: docx(
        laughs().replace("svg", "w:document") + "<w:document><w:t>&l9;</w:t></w:document>"
    ),
    "docx with a foreign entity": lambda: docx(
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a><t>&x;</t></a>"
    ),
    "docx with outside links": lambda: docx(
        "<w:document><w:t>words</w:t></w:document>",
        **{
            "word/_rels/document.xml.rels": b"<Relationship Target='http://127.0.0.1:{port}/t.dotm' "
            b"TargetMode='External'/>"
        },
    ),
    "docx with a password on its entries": encrypted_entry,
    "docx packed by an unknown method": unknown_method,
    "docx whose names lead out": lambda: docx("<a><t>x</t></a>", **{"../../../../tmp/evil": b"x", "/etc/evil": b"y"}),
    "docx without its document": lambda: documents.archive(
        {"[Content_Types].xml": "<Types/>", "word/other.xml": "<a/>"}
    ),
    "docx that is no xml": lambda: docx(bytes(range(256)) * 50),
    "pptx of 20,000 slides": lambda: documents.pptx(["word"] * 20_000),
    "xlsx that swells": lambda: documents.archive(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.xml": "<x/>",
            "xl/sharedStrings.xml": _SHEET + "<si><t>a</t></si>" * 1_500_000,
        }
    ),
    "office file with a password": encrypted_office,
    "ole whose sectors form a ring": ole_ring,
    "ole of sectors of 2^65535 bytes": lambda: base("ole")[:30] + b"\xff\xff" + base("ole")[32:],
    "archives in archives": lambda: nested_archives(50),
    "zip that begins within itself": lambda: base("zip")[:-6] + struct.pack("<I", 0xFFFFFFF0) + base("zip")[-2:],
    "gzip of 10 GB": lambda: swelling_gzip(10),
    "gzip in gzip": lambda: gzip.compress(gzip.compress(bytes(10 << 20))),
    "xz of 200 MB": lambda: lzma.compress(bytes(200 << 20), preset=0),
    "tar of a file of 8 GB": lambda: base("tar")[:124] + b"77777777777\0" + base("tar")[136:],
    "tar of a file of no length": lambda: base("tar")[:124] + b"\xff" * 12 + base("tar")[136:],
    "pdf that would act": acting_pdf,
    "pdf of 100,000 levels": lambda: deep_pdf(100_000),
    "pdf whose pages form a ring": ring_of_pages,
    "pdf of 2^31 pages": lambda: documents.pdf(["a"]).replace(b"/Count 1", b"/Count 2147483647"),
    "pdf whose table points to itself": lambda: pdf(
        _CATALOG, _PAGES, _PAGE % b"", stream(b"", b""), trailer=b"/Prev 9"
    ),
    "pdf whose stream claims 2^31 bytes": lambda: pdf(_CATALOG, _PAGES, _PAGE % b"", stream(b"BT ET", b"", 1 << 31)),
    "pdf with a password": lambda: documents.pdf(["a"], encrypted=True),
    "pdf that is also a zip": lambda: documents.pdf(["words"]) + base("zip"),
    "pdf of nothing": lambda: b"%PDF-1.4\n%%EOF",
    "database claiming 2^32 pages": lambda: base("sqlite")[:28] + b"\xff\xff\xff\xff" + base("sqlite")[32:],
    "program whose header is far away": lambda: b"MZ" + bytes(58) + b"\xff\xff\xff\x7f" + bytes(500),
    "elf of 65,535 sections": lambda: base("elf")[:58] + b"\xff\xff\xff\xff" + base("elf")[62:],
    "rtf without end": lambda: b"{\\rtf1" + b"{\\b" * 20_000,
    "every byte": lambda: bytes(range(256)) * 4,
}

WHOLE = frozenset(
    {
        "empty",
        "one byte",
        "one letter",
        "two bytes of a utf-16 mark",
        "half a character",
        "nothing but nulls",
        "a line of 20 MB",
        "20 million words",
        "utf-16 of lone surrogates",
        "overlong utf-8",
        "right-to-left overrides",
        "markup without end",
        "html that leads elsewhere",
        "xml with a foreign entity",
        "docx of 100 MB of blanks",
        "docx of 64 MB of characters one by one",
        "docx of 200,000 attributes",
        "docx with outside links",
        "docx with a password on its entries",
        "docx whose names lead out",
        "docx without its document",
        "pptx of 20,000 slides",
        "office file with a password",
        "ole whose sectors form a ring",
        "ole of sectors of 2^65535 bytes",
        "archives in archives",
        "zip that begins within itself",
        "gzip of 10 GB",
        "gzip in gzip",
        "xz of 200 MB",
        "tar of a file of no length",
        "pdf that would act",
        "pdf of 100,000 levels",
        "pdf whose pages form a ring",
        "pdf of 2^31 pages",
        "pdf whose table points to itself",
        "pdf whose stream claims 2^31 bytes",
        "pdf with a password",
        "pdf that is also a zip",
        "pdf of nothing",
        "program whose header is far away",
        "every byte",
    }
)
"""Odd, but nothing is wrong with them: read as they are. All others are refused or marked incomplete."""
