"""Sound of any format to mono samples at 22,050 Hz, in blocks, within limits.

libsndfile reads what it can (WAV, FLAC, Ogg, MP3, AIFF, ...); the rest goes to FFmpeg.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import soxr

from mmdesk.engine.features.completeness import ends_early
from mmdesk.engine.features.containers import FORMATS, open_container
from mmdesk.engine.features.limits import (
    MAX_CHANNELS,
    MAX_RATE_HZ,
    MAX_SOUND_S,
    MIN_RATE_HZ,
    UnreadableError,
)
from mmdesk.engine.features.media_file import MediaFile

Samples = npt.NDArray[np.float32]

RATE_HZ = 22_050
"""What everything is resampled to; speech and most other sound lies below 11 kHz."""
_BLOCK_S = 10.0
_BLOCK_VALUES = 1 << 24
"""Most values of a block, over all channels; ten seconds of 8 channels at 192 kHz."""
_PIECES = 60
_BELIEVABLE_FRAMES = 1 << 48
_FRAME_SAMPLES = 1152
"""Of MP3, the longest usual frame: by as much the length of coded sound is off. Of other sound the chunks tell."""
_UNKNOWN_FRAMES = (1 << 63) - 1
"""libsndfile's length of what does not say how long it is."""
_QUALITY = "HQ"

_BY_SNDFILE = frozenset(
    f"audio/{name}" for name in ("aiff", "basic", "flac", "mpeg", "ogg", "wav", "x-caf", "x-voc", "x-w64")
)


@dataclass(frozen=True)
class SoundHeader:
    """What a sound file claims, checked against the limits.

    Attributes:
        rate_hz: Samples a second.
        channels: At least 1.
        frames: Samples per channel; ``None`` if the file does not say.
    """

    rate_hz: int
    channels: int
    frames: int | None


@dataclass
class Sound:
    """Samples on their way.

    Attributes:
        header: What the file claims.
        pieces: What is read: start in seconds and mono ``float32`` blocks at ``RATE_HZ``, in [-1, 1] or a little
            beyond. One piece unless the recording is longer than ``MAX_SOUND_S``.
        incomplete: Set while reading: the file ends before its header says, or breaks on the way.
        codec: As the reader calls it.
        tags: What the file says of itself, as the reader names it.
    """

    header: SoundHeader
    pieces: Iterator[tuple[float, Iterator[Samples]]]
    incomplete: bool
    codec: str
    tags: dict[str, str] = field(default_factory=dict)


def open_sound(file: BinaryIO, content_type: str) -> Sound:
    """Open a recording.

    Args:
        file: Seekable; stays open until the last block is read.
        content_type: As sniffed.

    Raises:
        UnreadableError: No known sound, or a header beyond the limits; also raised while reading, when nothing at all
            can be decoded.
    """
    if content_type in _BY_SNDFILE:
        sound = _open_sndfile(file, content_type)
        if sound is not None:
            return sound
    return _open_ffmpeg(file, content_type)


def check_header(rate_hz: int, channels: int, frames: int | None) -> SoundHeader:
    """The header if it is believable.

    Raises:
        UnreadableError: Rate or number of channels outside the limits.
    """
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise UnreadableError(
            f"the header claims {rate_hz} samples a second; believable are {MIN_RATE_HZ} to {MAX_RATE_HZ}",
            code="features.sound_rate",
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise UnreadableError(
            f"the header's number of channels ({channels}) is not believable (1 to {MAX_CHANNELS})",
            code="features.sound_channels",
        )
    return SoundHeader(rate_hz, channels, frames if frames is not None and 0 < frames < _BELIEVABLE_FRAMES else None)


def _plan(header: SoundHeader) -> list[tuple[int, int | None]]:
    """First frame and number of frames (``None``: to the end) of each piece to read."""
    longest = int(MAX_SOUND_S * header.rate_hz)
    if header.frames is None or header.frames <= longest:
        return [(0, longest)]
    length = longest // _PIECES
    step = (header.frames - length) / (_PIECES - 1)
    return [(int(number * step), length) for number in range(_PIECES)]


def _mono(blocks: Iterator[Samples], rate_hz: int) -> Iterator[Samples]:
    """Channels averaged, values that are no numbers silenced, resampled."""
    mixed = (_mixed(block) for block in blocks)
    if rate_hz == RATE_HZ:
        yield from mixed
        return
    first, second = next(mixed, None), next(mixed, None)
    if first is None:
        return
    if second is None:  # a short recording: a stream costs more than its content
        yield soxr.resample(first, rate_hz, RATE_HZ, quality=_QUALITY)
        return
    stream = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32", quality=_QUALITY)
    for block in itertools.chain([first, second], mixed):
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _mixed(block: Samples) -> Samples:
    channels = block.shape[1]
    mono = block @ np.full(channels, 1 / channels, np.float32) if channels > 1 else block[:, 0]
    if not np.isfinite(mono).all():
        mono = np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(mono, -32.0, 32.0)  # float files may hold anything; beyond this only noise of damage


# --- libsndfile


def _open_sndfile(file: BinaryIO, content_type: str) -> Sound | None:
    import soundfile

    cut_short = ends_early(file)
    file.seek(0)  # from here on the reader alone moves the position
    try:
        reader = soundfile.SoundFile(MediaFile(file))
        header = check_header(reader.samplerate, reader.channels, reader.frames)
    except (soundfile.LibsndfileError, RuntimeError, TypeError, ValueError, OSError):
        return None
    if reader.frames == 0:
        return None  # a recorder that was switched off leaves a length of nought, behind which FFmpeg looks
    lies = _BELIEVABLE_FRAMES <= reader.frames < _UNKNOWN_FRAMES
    sound = Sound(header, iter(()), cut_short or lies, f"{reader.format} {reader.subtype}".lower())
    sound.tags = reader.copy_metadata()
    sound.pieces = _sndfile_pieces(reader, file, content_type, sound)
    return sound


def _sndfile_pieces(
    reader: Any, file: BinaryIO, content_type: str, sound: Sound
) -> Iterator[tuple[float, Iterator[Samples]]]:
    import soundfile

    header = sound.header

    def blocks(start: int, count: int | None) -> Iterator[Samples]:
        read = 0
        try:
            for block in _sndfile_blocks(reader, sound, start, count):
                read += len(block)
                yield block
        except (soundfile.LibsndfileError, RuntimeError, OSError):
            # It also trips over the end of a FLAC that was written to a pipe and so does not know its length.
            sound.incomplete = sound.incomplete or header.frames is not None
            if start == 0:  # of a cut FLAC libsndfile gives nothing, where FFmpeg gives what there is
                yield from _rest_by_ffmpeg(file, content_type, sound, read)

    for start, count in _plan(header):
        yield start / header.rate_hz, _mono(blocks(start, count), header.rate_hz)


def _sndfile_blocks(reader: Any, sound: Sound, start: int, count: int | None) -> Iterator[Samples]:
    left = count if count is not None else 1 << 62
    block = min(int(_BLOCK_S * sound.header.rate_hz), _BLOCK_VALUES // sound.header.channels)
    if start:
        reader.seek(start)
    while left > 0:
        samples: Samples = reader.read(min(block, left), dtype="float32", always_2d=True)
        if len(samples) == 0:
            break
        left -= len(samples)
        yield samples
    expected = sound.header.frames
    if expected is not None and start == 0 and left > 0 and (count or 0) - left < expected - _FRAME_SAMPLES:
        sound.incomplete = True


def _rest_by_ffmpeg(file: BinaryIO, content_type: str, sound: Sound, skip: int) -> Iterator[Samples]:
    """What comes after the first ``skip`` samples, by the other reader."""
    try:
        container = open_container(file, content_type)
    except UnreadableError:
        return
    try:
        stream = next(iter(container.streams.audio), None)
        if stream is None or stream.codec_context is None:
            return
        for block in _ffmpeg_blocks(container, stream, sound, None):
            if len(block) > skip:
                yield block[skip:]
            skip = max(0, skip - len(block))
    finally:
        container.close()


# --- FFmpeg


def _open_ffmpeg(file: BinaryIO, content_type: str) -> Sound:
    cut_short = ends_early(file)
    container = open_container(file, content_type)
    stream = next(iter(container.streams.audio), None)
    if stream is None:
        container.close()
        raise UnreadableError("the file holds no sound", code="features.no_sound")
    sound = _sound_of_stream(container, stream, believe_length=FORMATS[content_type] in _KNOW_THEIR_LENGTH)
    sound.incomplete = cut_short
    return sound


_KNOW_THEIR_LENGTH = frozenset({"flac", "mov", "matroska", "wav", "aiff", "caf", "tta", "ape", "wv"})
"""Other demuxers estimate it from the bit rate."""


def _sound_of_stream(container: Any, stream: Any, *, believe_length: bool) -> Sound:
    """The sound of an audio stream; the container is closed after the last block."""
    context = stream.codec_context
    if context is None:
        container.close()
        raise UnreadableError("the sound has an unknown codec", code="features.no_codec")
    duration = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None
    frames = int(duration * context.sample_rate) if duration and 0 < duration < 1e9 else None
    try:
        header = check_header(context.sample_rate, context.channels, frames)
    except UnreadableError:
        container.close()
        raise
    tags = {**stream.metadata, **container.metadata}
    sound = Sound(header, iter(()), incomplete=False, codec=str(context.name), tags=tags)
    sound.pieces = _ffmpeg_pieces(container, stream, sound, believe_length=believe_length)
    return sound


def _ffmpeg_pieces(
    container: Any, stream: Any, sound: Sound, *, believe_length: bool
) -> Iterator[tuple[float, Iterator[Samples]]]:
    rate, expected, read = sound.header.rate_hz, sound.header.frames, 0

    def counted(blocks: Iterator[Samples]) -> Iterator[Samples]:
        nonlocal read
        for block in blocks:
            read += len(block)
            yield block

    try:
        plan = _plan(sound.header)
        for start, count in plan:
            if start and not _seek(container, stream, start / rate, plan[1][0] / rate):
                sound.incomplete = True  # the length is a lie, or the index is damaged
                continue
            yield start / rate, _mono(counted(_ffmpeg_blocks(container, stream, sound, count)), rate)
        if believe_length and expected is not None and len(plan) == 1 and read < 0.98 * expected - 0.2 * rate:
            sound.incomplete = True
    finally:
        container.close()


def _seek(container: Any, stream: Any, moment_s: float, step_s: float) -> bool:
    """Go to a moment; whether a packet less than ``step_s`` away from it is there."""
    import av

    place = int(moment_s / stream.time_base)
    try:
        container.seek(place, stream=stream)
        packet = next(container.demux(stream), None)
        if packet is None or packet.pts is None or abs(float(packet.pts * stream.time_base) - moment_s) > step_s:
            return False
        container.seek(place, stream=stream)
    except (av.error.FFmpegError, OSError, OverflowError):
        return False
    return True


def _ffmpeg_blocks(container: Any, stream: Any, sound: Sound, count: int | None) -> Iterator[Samples]:
    """Decoded blocks ``[samples, channels]``; a packet that does not decode is left out and flagged."""
    import av

    left = count if count is not None else 1 << 62
    waiting: list[Samples] = []
    size = 0
    packets = container.demux(stream)
    while left > 0:
        try:
            packet = next(packets, None)
            frames = packet.decode() if packet is not None else []
        except (av.error.FFmpegError, OSError):
            sound.incomplete = True
            if isinstance(packets, Iterator) and _is_over(packets):
                break
            continue
        if packet is None:
            break
        for frame in frames:
            if frame.sample_rate != sound.header.rate_hz:
                sound.incomplete = True  # a stream that changes its rate on the way is damaged
                continue
            block = _frame_samples(frame)[:left]
            left -= len(block)
            size += len(block)
            waiting.append(block)
        if size >= _BLOCK_S * sound.header.rate_hz:
            yield from _joined(waiting)
            waiting, size = [], 0
    yield from _joined(waiting)


def _is_over(packets: Iterator[object]) -> bool:
    """A generator that has raised is finished for good."""
    return getattr(packets, "gi_frame", True) is None


def _joined(blocks: list[Samples]) -> Iterator[Samples]:
    """Neighbouring blocks with the same number of channels as one."""
    if blocks:
        narrowest = min(block.shape[1] for block in blocks)
        yield np.concatenate([block[:, :narrowest] for block in blocks])


def _frame_samples(frame: Any) -> Samples:
    """``float32 [samples, channels]`` in [-1, 1] of a PyAV audio frame, planar or packed, of any depth."""
    channels, planar = max(1, len(frame.layout.channels)), frame.format.is_planar
    if frame.format.name == "s64":  # of which PyAV makes no array
        data = np.frombuffer(frame.planes[0], np.int64)[: frame.samples * channels]
    else:
        data = frame.to_ndarray()
    data = data.T if planar else data.reshape(-1, channels)
    if data.dtype.kind == "f":
        return np.asarray(data, np.float32)
    scale = math.ldexp(1.0, 8 * data.dtype.itemsize - 1)
    offset = scale if data.dtype.kind == "u" else 0.0
    return np.asarray((data - offset) / scale, np.float32)
