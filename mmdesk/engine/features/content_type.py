"""What kind of file it is, told by its bytes and never by its name.

Only the families that the extractors read are told apart, plus a few that help an analyst recognise the rest. The
answer decides which single demuxer is allowed to open the file, so it is strict: a signature that short texts could
begin with is checked further.

Source: the signatures are those of the formats' own specifications (RFC 3533 Ogg, RFC 9639 FLAC, ISO/IEC 14496-12
boxes, ISO/IEC 11172-3 frame headers, Matroska RFC 9559, TIFF 6.0, PNG third edition, and so on).
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from mmdesk.engine.core.types import MediaType

HEAD_BYTES = 1 << 16


@dataclass(frozen=True)
class ContentType:
    """What a file is.

    Attributes:
        media_type: Which extractor reads it.
        name: The Internet media type, ``"image/jpeg"``.
    """

    media_type: MediaType
    name: str


def sniff(file: BinaryIO) -> ContentType:
    """Tell a file's type from its content; never fails, unknown bytes are ``other``.

    Args:
        file: Seekable; its position is changed. At most a few hundred kilobytes are read.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    name = _by_signature(head, file) or _by_structure(head) or _text(head)
    family = name.split("/", 1)[0]
    media = MediaType(family) if family in {"image", "audio", "video"} and name not in _NOT_DECODED else MediaType.OTHER
    return ContentType(media, name)


_NOT_DECODED = frozenset({"image/svg+xml", "image/vnd.adobe.photoshop", "image/vnd.microsoft.icon", "audio/midi"})

_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2"),
    (b"#?RADIANCE\n", "image/vnd.radiance"),
    (b"\x59\xa6\x6a\x95", "image/x-sun-raster"),
    (b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR\n", "audio/amr"),
    (b"#!AMR-WB\n", "audio/amr-wb"),
    (b"caff\x00\x01", "audio/x-caf"),
    (b".snd\x00\x00\x00", "audio/basic"),
    (b"Creative Voice File\x1a", "audio/x-voc"),
    (b"riff\x2e\x91\xcf\x11", "audio/x-w64"),
    (b"wvpk", "audio/x-wavpack"),
    (b"MAC \x96\x0f", "audio/x-ape"),
    (b"TTA1", "audio/x-tta"),
    (b"MThd\x00\x00\x00\x06", "audio/midi"),
    (b"FLV\x01", "video/x-flv"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video/mpv"),
    (b"\x00\x00\x01\xb0", "video/mp4v-es"),
    (b"DKIF\x00\x00\x20\x00", "video/x-ivf"),
    (b"nut/multimedia container\x00", "video/x-nut"),
    (b"YUV4MPEG2 ", "video/x-yuv4mpeg"),
    (bytes.fromhex("b7d800203749da11a64e0007e95ead8d"), "video/x-ms-wtv"),
    (bytes.fromhex("060e2b34020501010d0102"), "video/mxf"),
    (b"\x1f\x07\x00", "video/x-dv"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"\x7fELF", "application/x-elf"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"{\\rtf", "application/rtf"),
)

_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}
_OGG_PICTURES = (b"\x80theora", b"BBCD\x00", b"OVP80\x01")  # Theora, Dirac, VP8
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_VIDEO = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")


def _by_signature(head: bytes, file: BinaryIO) -> str | None:
    if head[:4] in {b"RIFF", b"RF64", b"RIFX"} and len(head) >= 12:
        return _RIFF.get(head[8:12])
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return "audio/aiff"
    if head[4:8] == b"ftyp" or (head[4:8] in {b"moov", b"mdat", b"wide", b"free", b"skip"} and len(head) >= 16):
        return _iso_media(head, file)
    if head[:4] == b"OggS":
        return "video/ogg" if any(mark in head[:4096] for mark in _OGG_PICTURES) else "audio/ogg"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _matroska(head)
    if head[:16] == _ASF:
        return "video/x-ms-asf" if _ASF_VIDEO in head else "audio/x-ms-wma"
    for prefix, name in _PREFIXES:
        if head.startswith(prefix):
            return _zip(head) if name == "application/zip" else name
    return None


_OFFICE = {
    b"word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    b"xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MIME_ENTRY = re.compile(rb"mimetype(application/[a-z0-9.+-]+)PK")


def _zip(head: bytes) -> str:
    """Office files are zip archives: OpenDocument says its type in the first entry, the others name their folders."""
    said = _MIME_ENTRY.match(head, 30)
    if said is not None:
        return said.group(1).decode("ascii")
    names = {head[at + 30 :][:64] for at in _entries(head)}
    if not any(name.startswith((b"[Content_Types].xml", b"_rels/")) for name in names):
        return "application/zip"
    found = (kind for folder, kind in _OFFICE.items() if any(name.startswith(folder) for name in names))
    return next(found, "application/zip")


def _entries(head: bytes) -> Iterator[int]:
    """Where the headers of a zip archive's entries begin."""
    at = head.find(b"PK\x03\x04")
    while at >= 0:
        yield at
        at = head.find(b"PK\x03\x04", at + 4)


def _iso_media(head: bytes, file: BinaryIO) -> str | None:
    """MP4, QuickTime, 3GP, HEIF: by brand, and by whether any track holds pictures."""
    brand = head[8:12] if head[4:8] == b"ftyp" else b"qt  "
    brands = head[8 : min(int.from_bytes(head[:4], "big"), 256)] if head[4:8] == b"ftyp" else b""
    if brand in {b"avif", b"avis"} or (brand == b"mif1" and b"avif" in brands):
        return "image/avif"
    if brand in {b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"}:
        return "image/heic"
    handlers = _handlers(file)
    if head[4:8] != b"ftyp" and not handlers:
        return None
    if brand in {b"M4A ", b"M4B ", b"M4P "} or (handlers and b"vide" not in handlers):
        return "audio/mp4"
    if brand[:2] == b"qt":
        return "video/quicktime"
    return "video/3gpp" if brand[:2] == b"3g" else "video/mp4"


def iso_boxes(file: BinaryIO, start: int, end: int, most: int = 512) -> list[tuple[bytes, int, int]]:
    """The boxes between two offsets as type, start and end of the content; at most ``most``."""
    found: list[tuple[bytes, int, int]] = []
    while start + 8 <= end and len(found) < most:
        file.seek(start)
        header = file.read(16)
        if len(header) < 8:
            break
        size, skip = int.from_bytes(header[:4], "big"), 8
        if size == 1 and len(header) == 16:
            size, skip = int.from_bytes(header[8:], "big"), 16
        elif size == 0:
            size = end - start
        if size < skip:
            break
        found.append((header[4:8], start + skip, min(start + size, end)))
        start += size
    return found


_MOST_BOXES = 8192
"""That are looked at to find the tracks' handlers, however they are nested; a moment's work."""


def _handlers(file: BinaryIO) -> set[bytes]:
    """The handler types of the tracks (``vide``, ``soun``); empty where no movie box is found."""
    found = set()
    spans = [(0, file.seek(0, io.SEEK_END), 0)]
    looked = 0
    while spans and looked < _MOST_BOXES:
        start, end, depth = spans.pop()
        boxes = iso_boxes(file, start, end)
        looked += len(boxes)
        for kind, inside, after in boxes:
            if depth < 3 and kind == (b"moov", b"trak", b"mdia")[depth]:
                spans.append((inside, after, depth + 1))
            elif depth == 3 and kind == b"hdlr":
                file.seek(inside + 8)
                found.add(file.read(4))
    return found


def _matroska(head: bytes) -> str | None:
    """WebM or Matroska; a sound file if the tracks that are announced hold no video codec."""
    kind = "webm" if b"webm" in head[:64] else "x-matroska"
    if b"matroska" not in head[:64] and kind != "webm":
        return None
    # CodecID (0x86), a one-byte size, then a name that begins with its kind.
    codecs = set(re.findall(rb"\x86[\x81-\xbf]([VA])_", head))
    return f"audio/{kind}" if codecs == {b"A"} else f"video/{kind}"


def _by_structure(head: bytes) -> str | None:
    checks: tuple[tuple[Callable[[bytes], object], str], ...] = (
        (_is_bmp, "image/bmp"),
        (_is_pnm, "image/x-portable-anymap"),
        (_is_mp3, "audio/mpeg"),
        (_is_adts, "audio/aac"),
        (_is_transport_stream, "video/mp2t"),
        (_H264.match, "video/h264"),
        (_H265.match, "video/h265"),
        (_is_executable, "application/vnd.microsoft.portable-executable"),
        (_is_icon, "image/vnd.microsoft.icon"),
        (_is_tar, "application/x-tar"),
    )
    return next((name for check, name in checks if check(head)), None)


def _is_bmp(head: bytes) -> bool:
    return head[:2] == b"BM" and len(head) >= 26 and int.from_bytes(head[14:18], "little") in _BMP_HEADERS


def _is_pnm(head: bytes) -> bool:
    return re.match(rb"P(?:[1-6]\s+(?:#[^\n]*\n\s*)*\d+\s+\d+\s|7\nWIDTH |[Ff]\n\d+ \d+\n)", head) is not None


def _is_executable(head: bytes) -> bool:
    offset = int.from_bytes(head[60:64], "little")
    return head[:2] == b"MZ" and head[offset : offset + 4] == b"PE\x00\x00"


def _is_icon(head: bytes) -> bool:
    """Icons and cursors: a directory whose first entry is reserved where it must be and points behind itself."""
    count = int.from_bytes(head[4:6], "little")
    reserved = head[:4] in {b"\x00\x00\x01\x00", b"\x00\x00\x02\x00"} and head[9:10] == b"\x00"
    return reserved and 0 < count < 1024 and int.from_bytes(head[18:22], "little") == 6 + 16 * count


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


_BITRATES = {  # kbit/s by (MPEG-1?, layer), index 1 to 14
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def mp3_frame_bytes(header: bytes) -> int:
    """The length of the MPEG audio frame that begins with these four bytes; 0 if none does.

    Source: ISO/IEC 11172-3 2.4.1.3 and 13818-3, frame header.
    """
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bitrate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or bitrate in {0, 15} or rate == 3:
        return 0
    bits, hertz = _BITRATES[version == 3, layer][bitrate - 1] * 1000, _RATES_HZ[version][rate]
    if layer == 1:
        return (12 * bits // hertz + padding) * 4
    return (72 if layer == 3 and version != 3 else 144) * bits // hertz + padding


def _is_mp3(head: bytes) -> bool:
    if head[:3] == b"ID3" and len(head) > 10 and head[3] < 5 and max(head[6:10]) < 128:
        return True
    start = len(head) - len(head.lstrip(b"\x00"))  # some encoders pad the beginning
    length = mp3_frame_bytes(head[start : start + 4])
    after = head[start + length : start + length + 4]
    return length > 0 and mp3_frame_bytes(after) > 0  # four bytes alone happen to text in UTF-16 too


def adts_frame_bytes(header: bytes) -> int:
    """The length of the AAC frame that begins with these bytes; 0 if none does.

    Source: ISO/IEC 13818-7 6.2, adts_fixed_header and adts_variable_header.
    """
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length > 7 else 0


def _is_adts(head: bytes) -> bool:
    first = adts_frame_bytes(head[:7])
    return first > 0 and adts_frame_bytes(head[first : first + 7]) > 0


# A start code, an access unit delimiter if there is one, then the parameters of the sequence with a known profile
# (ITU-T H.264 annex B and table 7-1; H.265 annex B and table 7-1), as cameras write that know no container.
_H264 = re.compile(rb"\x00{2,3}\x01(?:\x09[\x10-\xf0]\x00{2,3}\x01)?[\x27\x47\x67][\x42\x4d\x58\x64\x6e\x7a\xf4]")
_H265 = re.compile(rb"\x00{2,3}\x01(?:\x46\x01[\x10-\x50]\x00{2,3}\x01)?\x40\x01\x0c")


def _is_transport_stream(head: bytes) -> bool:
    for packet, offset in ((188, 0), (192, 4)):
        marks = head[offset : offset + packet * 5 : packet]
        if len(marks) == 5 and set(marks) == {0x47}:
            return True
    return False


_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 12, 13, 27}) + b"\x7f"


def _text(head: bytes) -> str:
    if not head:
        return "application/x-empty"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text/plain"
    if len(head.translate(None, _CONTROLS)) < len(head):
        return "application/octet-stream"
    if not is_utf8(head) and sum(byte >= 128 for byte in head[:4096]) * 3 > min(len(head), 4096):
        return "application/octet-stream"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:256].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "text/html"
    if b"<svg" in start and start.startswith(b"<"):
        return "image/svg+xml"
    return "text/xml" if start.startswith(b"<?xml") else "text/plain"


def is_utf8(data: bytes) -> bool:
    """Whether ``data`` is UTF-8, a character cut at the end forgiven."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.end == len(data)
    return True
