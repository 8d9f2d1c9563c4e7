"""A video's bytes to a few small upright frames with their times, within limits.

Frames are taken at the keyframes nearest to 16 moments spread over the length, since those decode alone; they are kept
while the packets pass by, so that nothing is looked for or decoded twice. Where there are too few keyframes and the
video is short, everything in between is decoded too.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

from mmdesk.engine.features.completeness import ends_early
from mmdesk.engine.features.containers import DECODER_OPTIONS, open_container
from mmdesk.engine.features.image_decoding import WORKING_SIDE, Picture, shrink
from mmdesk.engine.features.limits import MAX_PIXELS, MAX_VIDEO_MEGAPIXELS, UnreadableError

# ruff: isort: split
import cv2  # behind limits.py, which sets OpenCV's own pixel limit

FRAMES = 16
_FEW = 8
_MOST_PACKETS = 2_000_000
_MOST_KEYS = 8 * FRAMES
_MOST_KEY_BYTES = 256 << 20
_RATES_HZ = (0.1, 240.0)
"""Frame rates outside are lies of the header (.00195 was seen); they are not used."""
_BELIEVABLE_HZ = (0.01, 2000.0)
"""From pictures two minutes apart to the fastest phones; what is outside is marked as damaged."""


@dataclass(frozen=True)
class Frame:
    """A decoded frame.

    Attributes:
        time_s: From the beginning of the video, never negative.
        picture: ``uint8 [height, width, 3]``, blue, green, red; upright; longest side at most ``WORKING_SIDE``.
    """

    time_s: float
    picture: Picture


@dataclass
class Film:
    """What was read of a video.

    Attributes:
        frames: In time order, at most 16; none if no picture could be decoded.
        width: Of the upright original, pixels.
        height: Of the upright original, pixels.
        duration_s: From the packets, not from the header; 0 if unknown.
        rate_hz: Frames a second, from the packets; 0 if unknown.
        incomplete: Packets were damaged or the file ends early.
        codec: FFmpeg's name of it.
        sound_tracks: How many there are beside the pictures, whether they can be decoded or not.
        tags: What the container and the track of pictures say of themselves, as FFmpeg names it.
    """

    frames: list[Frame] = field(default_factory=list)
    width: int = 0
    height: int = 0
    duration_s: float = 0.0
    rate_hz: float = 0.0
    incomplete: bool = False
    codec: str = ""
    sound_tracks: int = 0
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Packets:
    """What one pass over the packets of the pictures finds, without decoding any.

    Attributes:
        times: Of all frames in seconds, sorted.
        keys: Times and packets of keyframes, sorted; of very many only some, spread evenly.
        cut: Packets were damaged, or there are far fewer than the header promises.
    """

    times: list[float]
    keys: list[tuple[float, Any]]
    cut: bool


def read_film(file: BinaryIO, content_type: str) -> Film:
    """Read the frames of a video.

    Args:
        file: Seekable.
        content_type: ``"video/..."`` as sniffed.

    Returns:
        The frames; none if there is only cover art, or no picture that can be decoded.

    Raises:
        UnreadableError: Not the container it begins like, or frames beyond the limits.
    """
    film = Film(incomplete=ends_early(file))
    tracks = _read_frames(file, content_type, film)
    # Pictures that are there and cannot be decoded: the film is not whole, whatever can be heard of it.
    film.incomplete = film.incomplete or (tracks > 0 and not film.frames)
    return film


def _read_frames(file: BinaryIO, content_type: str, film: Film) -> int:
    """Fill ``film``; how many tracks of moving pictures there are."""
    with closing(open_container(file, content_type)) as container:
        film.sound_tracks = len(container.streams.audio)
        tracks = sum(not _is_cover(one) for one in container.streams.video)
        stream = _picture_stream(container)
        film.tags = {**(stream.metadata if stream is not None else {}), **container.metadata}
        if stream is None:
            return tracks
        _check_size(stream.codec_context)
        packets = _scan(container, stream)
        if not packets.times:
            return tracks
        film.codec = str(stream.codec_context.name)
        film.incomplete = film.incomplete or packets.cut
        film.duration_s, film.rate_hz = _duration(packets.times), _rate(packets.times)
        wanted = _moments(packets.times[0], film.duration_s, FRAMES)
        if not _all_are_needed(packets, stream.codec_context):
            keys = [packets.keys[number] for number in _nearest([time for time, _ in packets.keys], wanted)]
            _take(_decode_keys(stream, keys, film), packets.times[0], film)
            return tracks
    # Opened anew, because a damaged file may refuse to go back to its beginning.
    with closing(open_container(file, content_type)) as container:
        stream = _picture_stream(container)
        if stream is not None:
            moments = [packets.times[number] for number in _nearest(packets.times, wanted)]
            _take(_decode_all(container, stream, moments, film), packets.times[0], film)
    return tracks


def _check_size(context: Any) -> None:
    if context.width * context.height > MAX_PIXELS:
        raise UnreadableError(
            f"the video claims frames of {context.width} x {context.height} pixels; "
            f"the limit is {MAX_PIXELS // 10**6} million",
            code="features.too_many_pixels",
        )


def _picture_stream(container: Any) -> Any | None:
    """The first stream of moving pictures; cover art is none."""
    for stream in container.streams.video:
        if stream.codec_context is not None and not _is_cover(stream):
            stream.codec_context.thread_count = 1
            stream.codec_context.options = DECODER_OPTIONS
            return stream
    return None


def _is_cover(stream: Any) -> bool:
    import av

    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _step_of_untimed(container: Any, stream: Any) -> float:
    """Seconds from frame to frame of a bare stream, which tells no times; 0 for all others."""
    import av

    if not container.format.flags & av.format.Flags.no_timestamps.value:
        return 0.0
    rate = float(stream.average_rate or stream.base_rate or 0)
    return 1 / rate if _RATES_HZ[0] <= rate <= _RATES_HZ[1] else 1 / 25


def _scan(container: Any, stream: Any) -> _Packets:
    """The times of all frames and the keyframes, by reading packets without decoding them."""
    import av

    times: list[float] = []
    keys: list[tuple[float, Any]] = []
    cut, held, base, step = False, 0, stream.time_base, _step_of_untimed(container, stream)
    try:
        for number, packet in enumerate(container.demux(stream)):
            ticks = packet.pts if packet.pts is not None else packet.dts
            if ticks is not None:
                times.append(ticks * base.numerator / base.denominator)
            elif step and packet.size:
                times.append(len(times) * step)
            else:
                continue
            cut = cut or bool(packet.is_corrupt)
            if packet.is_keyframe:
                keys.append((times[-1], packet))
                held += packet.size
                while len(keys) > 2 and (len(keys) > _MOST_KEYS or held > _MOST_KEY_BYTES):
                    keys = _thinned(keys)
                    held = sum(key.size for _, key in keys)
            if number > _MOST_PACKETS:
                break
    except (av.error.FFmpegError, OSError):
        cut = True
    claimed = container.duration / av.time_base if container.duration else 0.0
    times.sort()
    return _Packets(times, sorted(keys, key=_time), cut or _lies(times, claimed))


def _lies(times: Sequence[float], claimed: float) -> bool:
    """Whether the header promises much more or much less than there is, or the frames' clock cannot be right."""
    if len(times) < 2:
        return False
    span = times[-1] - times[0]
    if 0 < claimed < 1e7 and not 0.8 * claimed - 2.0 <= span <= 2 * claimed + 10.0:
        return True
    return not _BELIEVABLE_HZ[0] * span <= len(times) - 1 <= _BELIEVABLE_HZ[1] * span


def _time(key: tuple[float, Any]) -> float:
    return key[0]


def _thinned(keys: list[tuple[float, Any]]) -> list[tuple[float, Any]]:
    """A quarter to half of the keyframes: those that lie at least twice as far apart as all do on average."""
    keys.sort(key=_time)
    gap = 2 * (keys[-1][0] - keys[0][0]) / len(keys)
    kept = keys[:1]
    for key in keys[1:]:
        if key[0] > kept[-1][0] + gap:
            kept.append(key)
    return kept


def _moments(start: float, length: float, count: int) -> list[float]:
    """The middles of equal parts of a span, in seconds."""
    return [start + length * (number + 0.5) / count for number in range(count)]


def _nearest(times: Sequence[float], moments: Iterable[float]) -> list[int]:
    """Where in the sorted ``times`` those nearest to the moments stand, each once and in order."""
    found = set()
    for moment in moments:
        after = bisect_left(times, moment)
        around = [number for number in (after - 1, after) if 0 <= number < len(times)]
        found.update(sorted(around, key=lambda number: abs(times[number] - moment))[:1])
    return sorted(found)


def _duration(times: Sequence[float]) -> float:
    step = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0
    return max(0.0, times[-1] - times[0] + step)


def _rate(times: Sequence[float]) -> float:
    span = times[-1] - times[0]
    rate = (len(times) - 1) / span if span > 0 else 0.0
    return rate if _RATES_HZ[0] <= rate <= _RATES_HZ[1] else 0.0


def _all_are_needed(packets: _Packets, context: Any) -> bool:
    """Whether keyframes are too few, and the video short enough to decode what lies between them."""
    megapixels = len(packets.times) * context.width * context.height / 1e6
    return len(packets.keys) < min(_FEW, len(packets.times)) and megapixels <= MAX_VIDEO_MEGAPIXELS


def _take(decoded: Iterable[tuple[float, Any]], start: float, film: Film) -> None:
    from av.video.reformatter import VideoReformatter

    scaler = VideoReformatter()  # one for all frames, because preparing it takes longer than scaling
    for moment, raw in decoded:
        film.height, film.width = _upright_size(raw)
        film.frames.append(Frame(max(0.0, moment - start), _small(raw, scaler)))


def _decode_keys(stream: Any, keys: Iterable[tuple[float, Any]], film: Film) -> Iterator[tuple[float, Any]]:
    """Each keyframe on its own, so that damage to one costs no other."""
    import av

    context = stream.codec_context
    context.skip_frame = "NONKEY"
    last = -math.inf
    for moment, packet in keys:
        try:
            # Told that nothing follows, the decoder does not hold the frame back for reordering.
            frames = [*packet.decode(), *context.decode(None)]
        except av.error.FFmpegError:
            film.incomplete = True
            continue
        finally:
            context.flush_buffers()
        if frames and moment > last:
            last = moment
            yield moment, frames[0]


def _decode_all(container: Any, stream: Any, moments: Sequence[float], film: Film) -> Iterator[tuple[float, Any]]:
    """Every frame is decoded, those at ``moments`` are given."""
    import av

    left, count, step = list(moments), 0, _step_of_untimed(container, stream)
    packets = container.demux(stream)
    while left:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            frames = packet.decode()
        except (av.error.FFmpegError, OSError):
            film.incomplete = True
            if getattr(packets, "gi_frame", True) is None:
                return
            continue
        for frame in frames:
            moment = _time_of(frame, count * step if step or not left else left[0])
            count += 1
            if left and moment >= left[0] - 1e-6:
                while left and moment >= left[0] - 1e-6:
                    left.pop(0)
                yield moment, frame


def _time_of(frame: Any, default: float) -> float:
    return float(frame.time) if frame.time is not None and math.isfinite(frame.time) else default


def _turns(frame: Any) -> int:
    """Quarter turns to the left that make the frame upright (display matrix)."""
    return round((frame.rotation or 0) / 90) % 4


def _upright_size(frame: Any) -> tuple[int, int]:
    size = (int(frame.height), int(frame.width))
    return size[::-1] if _turns(frame) % 2 else size


def _small(frame: Any, scaler: Any) -> Picture:
    scale = min(1.0, WORKING_SIDE / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    if scale < 1 and min(width, height) >= 8:
        frame = scaler.reformat(frame, width, height, "bgr24", interpolation="AREA", threads=1)
    picture = shrink(np.ascontiguousarray(frame.to_ndarray(format="bgr24", threads=1), np.uint8))
    turns = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}.get(_turns(frame))
    return picture if turns is None else np.asarray(cv2.rotate(picture, turns), np.uint8)
