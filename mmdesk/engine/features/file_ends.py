"""Archives, documents, programs and texts that end before their structure does.

Each function takes the file and its length in bytes. Source: PKWARE APPNOTE 6.3, RFC 1952 (gzip), bzip2 1.0.8, The .xz
File Format 1.2, 7zFormat, RAR 5.0 technical note, POSIX.1-2001 pax, SQLite database file format, [MS-CFB] 11.0, Adobe
Photoshop file format, ELF gABI 4.1, Microsoft PE format, ISO 32000-1, XML 1.0, HTML living standard, RFC 8259 (JSON).
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import BinaryIO

from mmdesk.engine.features.media_ends import read_at

_TAIL_BYTES = 1 << 16
_MOST_PARTS = 4096
_MOST_INFLATED = 256 << 20
"""Of a gzip file; whether a longer one is whole is not looked into."""


def _tail(file: BinaryIO, size: int, length: int = _TAIL_BYTES) -> bytes:
    return read_at(file, max(0, size - length), length)


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def zip_archive(file: BinaryIO, size: int) -> bool:
    """The directory stands at the end, and the end record, with its comment, behind it."""
    tail = _tail(file, size, _TAIL_BYTES + 22)
    at = tail.rfind(b"PK\x05\x06")
    return at < 0 or at + 22 > len(tail) or at + 22 + _number(tail[at + 20 : at + 22]) > len(tail)


def gzip(file: BinaryIO, _size: int) -> bool:
    """Only the data say where they end, so they are inflated and thrown away, up to a limit."""
    file.seek(0)
    inflater, made = zlib.decompressobj(31), 0
    while made < _MOST_INFLATED:
        data = inflater.unconsumed_tail or file.read(1 << 16)
        if inflater.eof:
            return False
        if not data:
            return True
        try:
            made += len(inflater.decompress(data, 1 << 20))
        except zlib.error:
            return True
    return False


def bzip2(file: BinaryIO, size: int) -> bool:
    """The last block's mark, at any bit, then a checksum of 32 bits and up to 7 bits of padding."""
    bits = int.from_bytes(_tail(file, size, 11), "big")
    return not any(bits >> 32 + padding & (1 << 48) - 1 == 0x177245385090 for padding in range(8))


def xz(file: BinaryIO, size: int) -> bool:
    """The footer's mark; zeros may follow."""
    return not _tail(file, size).rstrip(b"\x00").endswith(b"YZ")


def seven_zip(file: BinaryIO, size: int) -> bool:
    """The header at the end, whose place is said at the beginning."""
    head = read_at(file, 0, 32)
    return len(head) < 32 or 32 + _number(head[12:20]) + _number(head[20:28]) > size


def rar(file: BinaryIO, size: int) -> bool:
    """The block that ends an archive, of version 4 or 5."""
    tail = _tail(file, size, 64)
    return b"\xc4\x3d\x7b\x00\x40\x07\x00" not in tail and b"\x1d\x77\x56\x51\x03\x05\x04\x00" not in tail


def tar(file: BinaryIO, size: int) -> bool:
    """Entries up to a block of zeros."""
    position = 0
    for _ in range(_MOST_PARTS):
        header = read_at(file, position, 512)
        if not header.strip(b"\x00"):
            return len(header) < 512
        length = re.match(rb" *([0-7]+)", header[124:136])
        if len(header) < 512 or length is None:
            return len(header) < 512
        position += 512 + -(-int(length[1], 8) // 512) * 512
        if position > size:
            return True
    return False


def sqlite(file: BinaryIO, size: int) -> bool:
    """Pages, where their number is up to date."""
    head = read_at(file, 0, 100)
    if len(head) < 100:
        return True
    page, pages = struct.unpack_from(">H", head, 16)[0], struct.unpack_from(">I", head, 28)[0]
    return bool(head[24:28] == head[92:96] and pages * (65536 if page == 1 else page) > size)


def compound(file: BinaryIO, size: int) -> bool:
    """OLE: the last sector that the allocation tables call used has to begin within the file."""
    head = read_at(file, 0, 512)
    if len(head) < 512:
        return True
    shift = struct.unpack_from("<H", head, 30)[0]
    if not 7 <= shift <= 16:
        return False
    sector = 1 << shift
    last = -1
    for number, place in enumerate(struct.unpack_from("<109I", head, 76)):
        if place >= 0xFFFFFFFA:
            break
        table = read_at(file, (place + 1) << shift, sector)
        if len(table) < sector:
            return True
        used = table.rstrip(b"\xff")
        if used:
            last = number * sector // 4 + (len(used) - 1) // 4
    return bool((last + 1) << shift >= size)


def photoshop(file: BinaryIO, size: int) -> bool:
    """Three sections with their lengths, then the picture, plain or with the lengths of its rows."""
    head = read_at(file, 0, 26)
    if len(head) < 26:
        return True
    channels, height, width, depth = struct.unpack_from(">HIIH", head, 12)
    position = 26
    for _ in range(3):
        position += 4 + int.from_bytes(read_at(file, position, 4), "big")
    packed = read_at(file, position, 2)
    rows = channels * height
    if len(packed) < 2 or position + 2 > size:
        return True
    if packed == b"\x00\x01":
        table = file.read(2 * rows) if 2 * rows <= size else b""
        return len(table) < 2 * rows or bool(position + 2 + 2 * rows + sum(struct.unpack(f">{rows}H", table)) > size)
    return packed == b"\x00\x00" and bool(position + 2 + rows * ((width * depth + 7) // 8) > size)


def icon(file: BinaryIO, size: int) -> bool:
    """Pictures where the directory says."""
    count = _number(read_at(file, 4, 2))
    table = file.read(16 * count)
    entries = (table[at : at + 16] for at in range(0, 16 * count, 16))
    return any(len(one) < 16 or _number(one[8:12]) + _number(one[12:16]) > size for one in entries)


def elf(file: BinaryIO, size: int) -> bool:
    """The table of sections, which linkers write last, or of segments."""
    head = read_at(file, 0, 64)
    if len(head) < 64:
        return True
    order, wide = "<" if head[5] == 1 else ">", head[4] == 2
    place = struct.unpack_from(order + ("Q" if wide else "I"), head, 40 if wide else 32)[0]
    length, count = struct.unpack_from(order + "HH", head, 58 if wide else 46)
    return bool(place + length * count > size)


def portable_executable(file: BinaryIO, size: int) -> bool:
    """The sections' content."""
    start = _number(read_at(file, 60, 4))
    head = read_at(file, start, 24)
    if head[:4] != b"PE\x00\x00" or len(head) < 24:
        return False
    table = read_at(file, start + 24 + _number(head[20:22]), 40 * _number(head[6:8]))
    entries = (table[at : at + 40] for at in range(0, 40 * _number(head[6:8]), 40))
    return any(len(one) < 40 or _number(one[16:20]) + _number(one[20:24]) > size for one in entries)


def pdf(file: BinaryIO, size: int) -> bool:
    """The mark of the end, behind which some programs leave a little."""
    return b"%%EOF" not in _tail(file, size, 2048)


_ROOT = re.compile(rb"\s*(?:<[?!][^>]*>\s*)*<([A-Za-z_][\w:.-]*)[^>]*>")


def markup(file: BinaryIO, size: int) -> bool:
    """XML and HTML end with what closes their outermost element, JSON and RTF with the bracket that opens them."""
    head = read_at(file, 0, 4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    tail = _tail(file, size).rstrip(b" \t\r\n\x00")
    if head[:1] in {b"{", b"["}:
        return _brackets(read_at(file, 0, _MOST_COUNTED) if size <= _MOST_COUNTED else b"", head, tail)
    start, root = head[:64].lower(), _ROOT.match(head)
    if root is None or not start.startswith((b"<?xml", b"<!doctype", b"<html", b"<svg")):
        return False
    name = root[1].lower()
    if start.startswith(b"<!doctype html") and name != b"html":  # whose tags may all be left out
        return False
    closed = re.search(rb"</" + re.escape(name) + rb"\s*>", tail.lower())
    return closed is None and not root[0].endswith(b"/>")


_JSON = re.compile(rb'\s*(\{\s*"|\[\s*[\[{"])')
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)
_MOST_COUNTED = 1 << 20


def _brackets(whole: bytes, head: bytes, tail: bytes) -> bool:
    """Of a short text all brackets outside strings are counted, of a long one the last character has to fit."""
    if head.startswith(b"{\\rtf"):
        return not tail.endswith(b"}")
    opened = _JSON.match(head)
    if opened is None:
        return False
    plain = _STRING.sub(b"", whole)
    balanced = all(plain.count(left) == plain.count(right) for left, right in ((b"{", b"}"), (b"[", b"]")))
    return not balanced or not tail.endswith(b"}" if opened[1][:1] == b"{" else b"]")
