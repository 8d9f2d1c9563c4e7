from __future__ import annotations

import io

import numpy as np
import pytest

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.feature_extraction import Extraction, extract_bytes
from mmdesk.engine.features.layout import default_layout
from mmdesk.engine.features.limits import UnreadableError
from mmdesk.engine.features.segments import SegmentKind
from mmdesk.engine.features.video_decoding import read_film
from tests.engine.features import media_samples as samples

LAYOUT = default_layout()
CONTAINERS = [
    ("mp4", "libx264", "aac"), ("mp4", "libx265", "aac"), ("mp4", "libsvtav1", "libopus"), ("mp4", "mpeg4", "mp3"),
    ("mov", "libx264", "aac"), ("mov", "mjpeg", "pcm_s16le"), ("mov", "prores_ks", "pcm_s24le"),
    ("matroska", "libx264", "aac"), ("matroska", "ffv1", "flac"), ("webm", "libvpx-vp9", None),
    ("webm", "libvpx", "libopus"), ("avi", "mpeg4", "mp3"), ("avi", "mjpeg", "pcm_s16le"), ("avi", "rawvideo", None),
    ("flv", "libx264", "aac"), ("flv", "flv", "mp3"), ("mpegts", "libx264", "aac"), ("mpegts", "mpeg2video", "mp2"),
    ("mpeg", "mpeg1video", "mp2"), ("dvd", "mpeg2video", "ac3"), ("mpeg2video", "mpeg2video", None),
    ("ivf", "libvpx", None), ("nut", "libx264", "aac"), ("wtv", "mpeg2video", "mp2"), ("m4v", "mpeg4", None),
    ("yuv4mpegpipe", "rawvideo", None),
    ("ogg", "libvpx", "libopus"), ("asf", "wmv2", "wmav2"), ("asf", "wmv1", None), ("3gp", "mpeg4", "aac"),
]  # fmt: skip


def extract(data: bytes) -> Extraction:
    return extract_bytes(io.BytesIO(data), MediaType.VIDEO)


def column(found: Extraction, name: str, kind: SegmentKind) -> list[float]:
    rows = [number for number, segment in enumerate(found.segments) if segment.kind is kind]
    return [float(number) for number in found.vectors[rows, LAYOUT.index(name)]]


@pytest.mark.parametrize(("form", "codec", "sound_codec"), CONTAINERS)
def test_frames_with_their_times_and_the_sound_track(form: str, codec: str, sound_codec: str | None) -> None:
    found = extract(samples.film(45, (160, 120), form, codec, sound_codec))
    assert not found.incomplete
    assert found.details["duration_s"] == pytest.approx(1.5, abs=0.05)
    assert found.details["frames_per_second"] == pytest.approx(30, abs=1)
    assert (found.details["width"], found.details["height"]) == (160, 120)
    times = [segment.time_s or 0.0 for segment in found.segments if segment.kind is SegmentKind.FRAME]
    assert 6 <= len(times) <= 16
    assert times == sorted(times)
    # The red rises by 3 of 255 from frame to frame, so it tells which frame was taken.
    expected = [time * 30 * 3 / 255 for time in times]
    dark_red = np.array(column(found, "image.red.mean", SegmentKind.FRAME))
    assert np.corrcoef(dark_red, expected)[0, 1] > 0.99
    kinds = [segment.kind for segment in found.segments]
    assert kinds[0] is SegmentKind.WHOLE
    assert (SegmentKind.TRACK in kinds) == (sound_codec is not None)
    assert (kinds.count(SegmentKind.WINDOW) == 5) == (sound_codec is not None)
    assert set(column(found, "video.has_sound", SegmentKind.FRAME)) == {float(sound_codec is not None)}


@pytest.mark.parametrize(("form", "codec"), [("h264", "libx264"), ("hevc", "libx265")])
@pytest.mark.parametrize("gop", [3, 60])
def test_bare_streams_without_times(form: str, codec: str, gop: int) -> None:
    """Frames are counted at the rate that the stream names, or 25 a second."""
    found = extract(samples.film(45, form=form, codec=codec, sound_codec=None, gop=gop))
    assert not found.incomplete
    rate = found.details["frames_per_second"]
    assert rate in {25, 30}
    assert found.details["duration_s"] == pytest.approx(45 / rate, abs=0.01)
    times = np.array([segment.time_s for segment in found.segments if segment.kind is SegmentKind.FRAME])
    assert times[0] >= 0
    assert 0 < np.diff([0, *times, 45 / rate]).max() < 0.25
    assert np.corrcoef(column(found, "image.red.mean", SegmentKind.FRAME), times)[0, 1] > 0.99


@pytest.mark.parametrize(("form", "codec"), [("dv", "dvvideo"), ("mxf", "mpeg2video")])
def test_containers_of_television(form: str, codec: str) -> None:
    found = extract(samples.film(20, (720, 576), form, codec, None))
    assert not found.incomplete
    assert (found.details["width"], found.details["height"]) == (720, 576)
    assert sum(segment.kind is SegmentKind.FRAME for segment in found.segments) == 16


def test_the_whole_is_the_mean_of_its_frames() -> None:
    found = extract(samples.film())
    frames = column(found, "image.green.mean", SegmentKind.FRAME)
    assert column(found, "image.green.mean", SegmentKind.WHOLE) == pytest.approx([np.mean(frames)], abs=1e-5)


def test_a_still_film_does_not_move_and_a_moving_one_does() -> None:
    moving = extract(samples.film(sound_codec=None))
    still = extract(samples.film(1, sound_codec=None))
    assert min(column(moving, "video.motion.mean", SegmentKind.FRAME)) > 0.005
    assert column(still, "video.motion.mean", SegmentKind.FRAME) == [0]
    # The box moves in the upper half only.
    assert np.mean(column(moving, "video.motion.r0c0", SegmentKind.FRAME)) > 0.01
    assert np.mean(column(moving, "video.motion.r2c1", SegmentKind.FRAME)) < 0.02


def test_long_videos_are_read_at_keyframes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from mmdesk.engine.features import video_decoding

    monkeypatch.setattr(video_decoding, "MAX_VIDEO_MEGAPIXELS", 0.1)
    film = read_film(io.BytesIO(samples.film(90, gop=15)), "video/mp4")
    assert [round(frame.time_s * 30) % 15 for frame in film.frames] == [0] * len(film.frames)
    assert len(film.frames) == 6


def test_of_very_many_keyframes_some_are_kept_that_are_spread_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    from mmdesk.engine.features import video_decoding

    data = samples.film(900, sound_codec=None, gop=1)  # seven times as many as are kept
    times = [frame.time_s for frame in read_film(io.BytesIO(data), "video/mp4").frames]
    assert times == pytest.approx(30 * (np.arange(16) + 0.5) / 16, abs=0.5)
    monkeypatch.setattr(video_decoding, "_MOST_KEY_BYTES", 1)
    monkeypatch.setattr(video_decoding, "MAX_VIDEO_MEGAPIXELS", 0.1)
    assert 1 <= len(read_film(io.BytesIO(data), "video/mp4").frames) <= 2


@pytest.mark.parametrize("form", ["mp4", "matroska"])
@pytest.mark.parametrize("gop", [1, 60])
def test_frames_are_spread_over_the_time_where_the_rate_varies(form: str, gop: int) -> None:
    """Forty frames within the first 1.3 seconds, then one a second: by number, ten of 16 would show the beginning."""
    moments = [*range(40), *range(40, 640, 30)]
    found = extract(samples.film(60, form=form, sound_codec=None, gop=gop, moments=moments))
    times = [segment.time_s or 0.0 for segment in found.segments if segment.kind is SegmentKind.FRAME]
    assert len(times) == 16
    assert times == pytest.approx(20.7 * (np.arange(16) + 0.5) / 16, abs=0.55)
    assert found.details["duration_s"] == pytest.approx(20.7, abs=0.1)
    assert found.details["frames_per_second"] == pytest.approx(59 / 20.3, abs=0.05)
    shown = [moments.index(round(time * 30)) * 3 / 255 for time in times]
    red = column(found, "image.red.mean", SegmentKind.FRAME)
    assert np.corrcoef(red, shown)[0, 1] > 0.99


@pytest.mark.parametrize(("turned", "corner"), [(0, 0), (90, 2), (180, 3), (-90, 1)])
@pytest.mark.parametrize("size", [(160, 120), (640, 480)])
def test_frames_are_turned_the_way_a_player_shows_them(size: tuple[int, int], turned: int, corner: int) -> None:
    """The white box lies in the upper left corner of what is stored."""
    film = read_film(io.BytesIO(samples.film(2, size, sound_codec=None, turned=turned)), "video/mp4")
    stored = size if turned % 180 == 0 else size[::-1]
    assert (film.width, film.height) == stored
    picture = film.frames[0].picture
    rows, columns = picture.shape[0] // 2, picture.shape[1] // 2
    assert (columns, rows) == tuple(min(side, round(side * 320 / max(stored))) // 2 for side in stored)
    quarters = [picture[top : top + rows, left : left + columns].mean() for top in (0, rows) for left in (0, columns)]
    assert int(np.argmax(quarters)) == corner


def test_cover_art_alone_is_no_film() -> None:
    cover = samples.encode(np.full((32, 32, 3), 200, np.uint8))
    data = samples.only_sound("mp4", cover=cover)
    assert read_film(io.BytesIO(data), "video/mp4").frames == []
    found = extract(data)
    assert found.segments[0].kind is SegmentKind.TRACK
    assert found.details["pictures"] == "no moving pictures, only sound"


@pytest.mark.parametrize("form", ["matroska", "avi", "mpegts"])
def test_a_cut_film_is_incomplete(form: str) -> None:
    data = samples.film(90, form=form, codec="mpeg4" if form == "avi" else "libx264", sound_codec="mp3")
    found = extract(data[: len(data) * 2 // 3 // 188 * 188 + 90])  # within a packet of the transport stream
    assert found.incomplete
    assert any(segment.kind is SegmentKind.FRAME for segment in found.segments)


def test_a_cut_mp4_has_lost_its_index_and_says_so() -> None:
    data = samples.film(90)
    with pytest.raises(UnreadableError, match="cut short"):
        extract(data[: len(data) // 2])


LISTS = [
    b"ffconcat version 1.0\nfile '{url}'\n",
    b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\n{url}\n#EXT-X-ENDLIST\n",
    b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n",
    b"<?xml version='1.0'?><MPD><Period><AdaptationSet><BaseURL>{url}</BaseURL></AdaptationSet></Period></MPD>",
    b"[playlist]\nFile1={url}\n",
]


@pytest.mark.parametrize("template", LISTS)
def test_lists_of_other_files_and_addresses_are_never_followed(template: bytes) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        port = server.getsockname()[1]
        text = template.replace(b"{url}", f"http://127.0.0.1:{port}/a.ts".encode()).replace(
            b"{port}", str(port).encode()
        )
        for media_type in (MediaType.VIDEO, MediaType.AUDIO):
            with pytest.raises(UnreadableError, match="no reader"):
                extract_bytes(io.BytesIO(text), media_type)
        for content_type in ("video/mp4", "video/x-matroska", "video/mpeg", "audio/mpeg", "video/mp2t"):
            with pytest.raises(UnreadableError):
                read_film(io.BytesIO(text), content_type)
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_movie_that_refers_to_another_file_does_not_get_it() -> None:
    """QuickTime data references point to other files; the reader is told not to open any."""
    data = bytearray(samples.film(20, form="mov"))
    start = data.index(b"url ") - 4
    data[start + 11] = 0  # the media is elsewhere, not in this file
    found = None
    try:
        found = extract(bytes(data))
    except UnreadableError:
        return
    assert np.isfinite(found.vectors).all()
