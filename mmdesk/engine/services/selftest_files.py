"""One small evidence file for every decoder that mmdesk comes with, made by the coders of the same libraries."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

_HEIGHT, _WIDTH, _FRAMES, _RATE_HZ = 96, 128, 12, 44_100
_WORDS = "The quick brown fox jumps over the lazy dog. "
_OOXML = "http://schemas.openxmlformats.org"


class Sample(NamedTuple):
    """A file: its name, the Internet media type that has to be told from its content, and its bytes."""

    name: str
    content_type: str
    data: bytes


def sample_files() -> Iterator[Sample]:
    """A file for each decoder: pictures, sound, films, documents and plain bytes.

    Raises:
        Exception: Whatever a library raises that cannot write its own format; that, too, is a finding.
    """
    yield from _pictures()
    yield from _sounds()
    yield from _films()
    yield from _documents()
    yield Sample("bytes.bin", "application/octet-stream", bytes(range(256)) * 8)


def _picture(step: int = 0) -> Picture:
    """Blue, green, red: slopes, waves and a bright box that moves with ``step``."""
    rows, columns = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    planes = [255 * rows / _HEIGHT, 255 * columns / _WIDTH, 127 + 100 * np.sin(columns / 9)]
    picture = np.stack(planes, axis=2).astype(np.uint8)
    picture[20:50, 10 + 4 * step : 40 + 4 * step] = (30, 240, 250)
    return picture


def _pictures() -> Iterator[Sample]:
    import cv2

    for suffix, kind in (
        ("jpg", "jpeg"), ("png", "png"), ("webp", "webp"), ("tif", "tiff"), ("bmp", "bmp"), ("gif", "gif"),
    ):  # fmt: skip
        done, data = cv2.imencode(f".{suffix}", _picture())
        assert done
        yield Sample(f"picture.{suffix}", f"image/{kind}", bytes(data.tobytes()))
    yield Sample("phone.heic", "image/heic", _heic())


def _tone(seconds: float) -> npt.NDArray[np.float32]:
    times = np.arange(int(seconds * _RATE_HZ)) / _RATE_HZ
    return (0.4 * np.sin(2 * np.pi * 440 * (1 + 0.2 * times) * times)).astype(np.float32)


def _sounds() -> Iterator[Sample]:
    import soundfile

    for suffix, kind in (("wav", "wav"), ("flac", "flac"), ("ogg", "ogg"), ("mp3", "mpeg")):
        buffer = io.BytesIO()
        soundfile.write(buffer, _tone(1.5), _RATE_HZ, format=suffix.upper())
        yield Sample(f"sound.{suffix}", f"audio/{kind}", buffer.getvalue())
    yield Sample("sound.m4a", "audio/mp4", _coded("ipod", None, "aac"))


def _films() -> Iterator[Sample]:
    yield Sample("film.mp4", "video/mp4", _coded("mp4", "libx264", "aac"))
    yield Sample("film.webm", "video/webm", _coded("webm", "libvpx-vp9", "libopus"))
    yield Sample("film.mkv", "video/x-matroska", _coded("matroska", "libx265", None))
    yield Sample("film.avi", "video/x-msvideo", _coded("avi", "mpeg4", None))


def _coded(form: str, picture_codec: str | None, sound_codec: str | None) -> bytes:
    """A film, or a recording where there is no codec for pictures.

    Args:
        form: Container, as FFmpeg's muxer is called.
        picture_codec: FFmpeg's encoder.
        sound_codec: The same of the sound.
    """
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        video: Any = None
        if picture_codec is not None:
            options = {"x265-params": "log-level=none"} if picture_codec == "libx265" else {}
            video = container.add_stream(picture_codec, rate=12, options=options)
            video.height, video.width, video.pix_fmt = _HEIGHT, _WIDTH, "yuv420p"
        audio: Any = None
        if sound_codec is not None:
            audio = container.add_stream(sound_codec, rate=48_000 if "opus" in sound_codec else _RATE_HZ, layout="mono")
        for number in range(_FRAMES if video is not None else 0):
            container.mux(video.encode(av.VideoFrame.from_ndarray(_picture(number), format="bgr24")))
        if video is not None:
            container.mux(video.encode())
        if audio is not None:
            wave = _tone(1.0)[None]
            for start in range(0, wave.shape[1], 1024):
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave[:, start : start + 1024]), "fltp", "mono")
                frame.rate, frame.pts = _RATE_HZ, start
                container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return buffer.getvalue()


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def _full_box(kind: bytes, *content: bytes, version: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24), *content)


def _hevc() -> tuple[bytes, bytes]:
    """The set-up record and the coded picture, as a phone's camera makes them."""
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx265", rate=1, options={"x265-params": "log-level=none"})
        stream.height, stream.width, stream.pix_fmt = _HEIGHT, _WIDTH, "yuv420p"
        for packet in (*stream.encode(av.VideoFrame.from_ndarray(_picture(), format="bgr24")), *stream.encode()):
            packet.pts = packet.dts = 0
            container.mux(packet)
    buffer.seek(0)
    with av.open(buffer, "r") as container:
        packet = next(packet for packet in container.demux(video=0) if packet.size)
        return bytes(container.streams.video[0].codec_context.extradata or b""), bytes(packet)


def _heic() -> bytes:
    """A picture of one HEVC item.

    Source: ISO/IEC 23008-12 (HEIF), 14496-12 (the boxes)
    """
    setup, coded = _hevc()

    def meta(start: int) -> bytes:
        return _full_box(
            b"meta",
            _full_box(b"hdlr", b"\0\0\0\0pict", bytes(13)),
            _full_box(b"pitm", struct.pack(">H", 1)),
            _full_box(b"iloc", b"\x44\x00", struct.pack(">HHHHII", 1, 1, 0, 1, start, len(coded))),
            _full_box(b"iinf", struct.pack(">H", 1), _full_box(b"infe", b"\0\1\0\0hvc1\0", version=2)),
            _box(
                b"iprp",
                _box(b"ipco", _box(b"hvcC", setup), _full_box(b"ispe", struct.pack(">II", _WIDTH, _HEIGHT))),
                _full_box(b"ipma", struct.pack(">IHBBB", 1, 1, 2, 1, 2)),
            ),
        )

    head = _box(b"ftyp", b"heic\0\0\0\0mif1heic")
    return head + meta(len(head) + len(meta(0)) + 8) + _box(b"mdat", coded)


def _documents() -> Iterator[Sample]:
    yield Sample("paper.pdf", "application/pdf", _pdf())
    words = f"<w:body><w:p><w:r><w:t>{_WORDS * 9}</w:t></w:r></w:p></w:body>"
    text = f'<w:document xmlns:w="{_OOXML}/wordprocessingml/2006/main">{words}</w:document>'
    office = "application/vnd.openxmlformats-officedocument"
    yield Sample(
        "letter.docx",
        f"{office}.wordprocessingml.document",
        _zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": text}),
    )
    cells = [["a", "b"], ["1", "2"]]
    yield Sample("table.xlsx", f"{office}.spreadsheetml.sheet", workbook(cells))
    yield Sample("umlauts.txt", "text/plain", ("Größe, Maße und Übermaß der Straßen in Köln. " * 40).encode("cp1252"))


def _zipped(entries: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _pdf() -> bytes:
    """A page with a line of text.

    Source: ISO 32000-1, 7.5
    """
    stream = b"BT /F1 12 Tf 9 50 Td (%s) Tj ET" % _WORDS.strip().encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 99] /Contents 5 0 R /Resources <</Font <</F1 3 0 R>>>> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    )
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (count, table, count, len(body))
    )


def workbook(rows: list[list[str]]) -> bytes:
    """An Excel workbook with one sheet of texts, one list of cells per row.

    Source: ECMA-376, part 1, 18 (SpreadsheetML)
    """
    from xml.sax.saxutils import escape

    main = f'xmlns="{_OOXML}/spreadsheetml/2006/main"'
    relations = f'xmlns="{_OOXML}/package/2006/relationships"'
    office = f"{_OOXML}/officeDocument/2006/relationships"
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for cell in row) + "</row>"
        for row in rows
    )
    return _zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{_OOXML}/package/2006/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/></Types>',
            "_rels/.rels": f'<Relationships {relations}><Relationship Id="r1" Type="{office}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}"><sheets>'
            '<sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships {relations}><Relationship Id="r1" '
            f'Type="{office}/worksheet" Target="worksheets/s1.xml"/></Relationships>',
            "xl/sharedStrings.xml": f"<sst {main}/>",
            "xl/worksheets/s1.xml": f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>",
        }
    )
