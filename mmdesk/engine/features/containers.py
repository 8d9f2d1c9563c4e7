"""Media containers opened by FFmpeg with exactly one demuxer allowed, no protocol, and no other file.

FFmpeg guesses formats, and some formats are lists of other files and addresses (``ffconcat``, HLS, SDP). So the
demuxer is chosen by the content type alone, and whatever a file asks to open is refused.
"""

from __future__ import annotations

from typing import Any, BinaryIO, NoReturn

from mmdesk.engine.features.completeness import ends_early
from mmdesk.engine.features.limits import MAX_PIXELS, UnreadableError
from mmdesk.engine.features.media_file import MediaFile

FORMATS: dict[str, str] = {
    "audio/aac": "aac",
    "audio/aiff": "aiff",
    "audio/amr": "amr",
    "audio/amr-wb": "amr",
    "audio/basic": "au",
    "audio/flac": "flac",
    "audio/mp4": "mov",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/webm": "matroska",
    "audio/x-ape": "ape",
    "audio/x-caf": "caf",
    "audio/x-matroska": "matroska",
    "audio/x-ms-wma": "asf",
    "audio/x-tta": "tta",
    "audio/x-voc": "voc",
    "audio/x-w64": "w64",
    "audio/x-wavpack": "wv",
    "video/3gpp": "mov",
    "video/h264": "h264",
    "video/h265": "hevc",
    "video/mp2t": "mpegts",
    "video/mp4": "mov",
    "video/mp4v-es": "m4v",
    "video/mpeg": "mpeg",
    "video/mpv": "mpegvideo",
    "video/mxf": "mxf",
    "video/ogg": "ogg",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/x-dv": "dv",
    "video/x-flv": "flv",
    "video/x-ivf": "ivf",
    "video/x-matroska": "matroska",
    "video/x-ms-asf": "asf",
    "video/x-ms-wtv": "wtv",
    "video/x-msvideo": "avi",
    "video/x-nut": "nut",
    "video/x-yuv4mpeg": "yuv4mpegpipe",
}
"""Content type -> the only demuxer that may open it."""


DECODER_OPTIONS = {"max_pixels": str(MAX_PIXELS)}
"""For every decoder: a frame may claim another size than its container does, and is allocated by its own claim."""


def open_container(file: BinaryIO, content_type: str) -> Any:
    """Open a media container with the one demuxer that its content type allows.

    Returns:
        A PyAV input container; the caller closes it.

    Raises:
        UnreadableError: No demuxer for this type, or the file is not what it begins like.
    """
    import av

    name = FORMATS.get(content_type)
    if name is None:
        raise UnreadableError(f"no reader for {content_type}", code="features.no_reader")
    file.seek(0)
    options = {"protocol_whitelist": "none", "format_whitelist": _whitelist(name), **DECODER_OPTIONS}
    try:
        return av.open(MediaFile(file), "r", format=name, options=options, metadata_errors="replace", io_open=_refuse)
    except av.error.InvalidDataError as error:
        cut = ", and it is cut short or its structure lies" if ends_early(file) else ""
        raise UnreadableError(
            f"the file begins like {content_type}, but what follows cannot be read as that{cut}",
            code="features.not_opened",
        ) from error
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise UnreadableError(
            f"the file cannot be opened as {content_type}: {_reason(error)}", code="features.not_opened"
        ) from error


def _whitelist(name: str) -> str:
    return {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}.get(name, name)


def _refuse(_url: str, _flags: int, _options: dict[str, str]) -> NoReturn:
    raise PermissionError("media files may not open other files")


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text)[:200]
