"""Evidence files for made-up cases: photos, recordings and clips, with or without a planted cause.

Every function is pure: the same generator state gives the same bytes (on the same build of the codecs). Each kind of
file has one planted pattern and more than twenty decoys that look, sound or flash as loudly; only the planted one
decides anything.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Picture: TypeAlias = npt.NDArray[np.uint8]
Sound: TypeAlias = npt.NDArray[np.float32]

GRID = 3
TILE_PX = 64
RATE_HZ = 8000
SECONDS = 5
FRAMES_PER_SECOND = 8
SLOTS = 8
SLOT_S = 0.5
_SLOT_FRAMES = 4
_CLIP_HEIGHT, _CLIP_WIDTH = 96, 128

# Hues in OpenCV's half degrees. The planted photo patch is magenta, the planted flash cyan; decoys use the rest.
_PHOTO_HUES = (0, 14, 28, 45, 62, 118)
_PHOTO_CAUSE_HUE = 150
_CLIP_HUES = (0, 20, 60, 120, 150, 168)
_CLIP_CAUSE_HUE = 90


Grid: TypeAlias = npt.NDArray[np.float64]
Texture: TypeAlias = Callable[[Grid, Grid], npt.NDArray[np.bool_]]


def _checker(x: Grid, y: Grid) -> npt.NDArray[np.bool_]:
    return np.asarray((x // 4 + y // 4) % 2 == 0)


# Textures over pixel coordinates x (right) and y (down): True where it is light.
_TEXTURES: tuple[Texture, ...] = (
    lambda _, y: np.sin(y * 0.8) > 0,  # stripes
    lambda x, _: np.sin(x * 0.8) > 0,  # bars
    lambda x, y: np.sin((x + y) * 0.6) > 0,  # diagonals
    lambda x, y: np.sin(np.hypot(x - 32, y - 32) * 0.9) > 0,  # rings
    lambda x, y: np.sin(x * 0.5) * np.sin(y * 0.5) > 0.55,  # dots
    lambda x, _: np.ones(x.shape, bool),  # solid
)
PHOTO_DECOYS = len(_TEXTURES) * len(_PHOTO_HUES)
CLIP_DECOYS = 4 * len(_CLIP_HUES)


def _colour(hue: float, saturation: float, value: float) -> npt.NDArray[np.float64]:
    """An RGB colour from hue [0, 180), saturation and value [0, 255]."""
    sextant, rest = divmod((hue % 180) / 30.0, 1.0)
    low, falling = value * (1 - saturation / 255), value * (1 - saturation / 255 * rest)
    rising = value * (1 - saturation / 255 * (1 - rest))
    choices = (
        (value, rising, low),
        (falling, value, low),
        (low, value, rising),
        (low, falling, value),
        (rising, low, value),
        (value, low, falling),
    )
    return np.array(choices[int(sextant)])


def _patch(rng: np.random.Generator, texture: Texture, hue: float) -> npt.NDArray[np.float64]:
    """One textured tile [TILE_PX, TILE_PX, 3], phase, hue and tone varied a little."""
    y, x = np.mgrid[0:TILE_PX, 0:TILE_PX].astype(np.float64)
    mask = texture(x + rng.integers(0, 8), y + rng.integers(0, 8))
    light = _colour(hue + rng.normal(0, 2), rng.uniform(170, 220), rng.uniform(190, 235))
    return np.where(mask[..., None], light, light * rng.uniform(0.35, 0.5))


def make_photo(rng: np.random.Generator, cause_tile: tuple[int, int] | None) -> bytes:
    """A JPEG of 3 x 3 tiles: a grey scene in which two to four tiles carry a coloured texture.

    Args:
        rng: The file's own generator.
        cause_tile: Row and column (0-2) of the planted magenta checker; None = decoys only.
    """
    import cv2

    size = GRID * TILE_PX
    y, x = np.mgrid[0:size, 0:size] / size
    slope = rng.uniform(-60, 60, 2)
    scene = rng.uniform(90, 150) + slope[0] * (x - 0.5) + slope[1] * (y - 0.5)
    picture = np.repeat(scene[..., None], 3, axis=2) + rng.normal(0, 6, 3)
    tiles = rng.permutation(GRID * GRID)[: int(rng.integers(2, 5))]
    for tile in tiles:
        texture = _TEXTURES[int(rng.integers(len(_TEXTURES)))]
        hue = _PHOTO_HUES[int(rng.integers(len(_PHOTO_HUES)))]
        row, column = divmod(int(tile), GRID)
        _paste(picture, row, column, _patch(rng, texture, hue))
    if cause_tile is not None:
        _paste(picture, *cause_tile, _patch(rng, _checker, _PHOTO_CAUSE_HUE))
    picture += rng.normal(0, 5, picture.shape)
    bgr = np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8)[..., ::-1])
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 92])
    assert done
    return bytes(data.tobytes())


def _paste(picture: npt.NDArray[np.float64], row: int, column: int, patch: npt.NDArray[np.float64]) -> None:
    picture[row * TILE_PX : (row + 1) * TILE_PX, column * TILE_PX : (column + 1) * TILE_PX] = patch


# Decoy pitches keep a good distance from the planted 2 kHz.
_PITCHES_HZ = (240, 330, 440, 560, 700, 860, 1040, 1250, 2800, 3200)
_CAUSE_PITCH_HZ = 2000
SOUND_DECOYS = 2 * len(_PITCHES_HZ) + 4


def _decoy_sound(rng: np.random.Generator, kind: int, t: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """One of the decoys over the times ``t``: steady and pulsed tones, a chirp, clicks, two bands of noise."""
    if kind < 2 * len(_PITCHES_HZ):
        return _tone(rng, _PITCHES_HZ[kind % len(_PITCHES_HZ)], t, pulsed=kind >= len(_PITCHES_HZ))
    kind -= 2 * len(_PITCHES_HZ)
    if kind == 0:
        return np.sin(2 * np.pi * (200 * t + 450 * t * t))
    if kind == 1:
        clicks = np.zeros_like(t)
        clicks[rng.integers(0, len(t), 30)] = 6.0
        return clicks
    noise = np.asarray(rng.normal(0, 1, len(t)))
    smooth = np.convolve(noise, np.ones(12) / 12, mode="same")
    return 2.5 * smooth if kind == 2 else 0.5 * (noise - smooth)


def _tone(
    rng: np.random.Generator, pitch_hz: float, t: npt.NDArray[np.float64], *, pulsed: bool
) -> npt.NDArray[np.float64]:
    wave = np.sin(2 * np.pi * pitch_hz * rng.uniform(0.985, 1.015) * t + rng.uniform(0, 2 * np.pi))
    return wave * (np.sin(2 * np.pi * 8 * t) > 0) * 1.3 if pulsed else wave


def make_recording(rng: np.random.Generator, cause_second: int | None) -> tuple[bytes, str]:
    """Five seconds of a telephone line at 8 kHz with one sound in some of its seconds.

    Args:
        rng: The file's own generator.
        cause_second: Second (0-4) of the planted pulsed 2 kHz tone; None = decoys only.

    Returns:
        The file's bytes and its suffix (``.wav`` or ``.flac``).
    """
    import soundfile

    samples = rng.normal(0, 1, RATE_HZ * SECONDS)
    line = 0.012 * (samples + 2 * np.convolve(samples, np.ones(8) / 8, mode="same"))
    t = np.arange(int(0.8 * RATE_HZ)) / RATE_HZ
    for second in range(SECONDS):
        kind, loud, present = int(rng.integers(SOUND_DECOYS)), rng.uniform(0.1, 0.25), rng.random() < 0.55
        start = int((second + 0.1) * RATE_HZ)
        if second == cause_second:
            line[start : start + len(t)] += 0.2 * _tone(rng, _CAUSE_PITCH_HZ, t, pulsed=True)
        elif present:
            line[start : start + len(t)] += loud * _decoy_sound(rng, kind, t)
    suffix = ".flac" if rng.random() < 0.5 else ".wav"
    file = io.BytesIO()
    soundfile.write(file, np.clip(line, -1, 1), RATE_HZ, format=suffix[1:].upper(), subtype="PCM_16")
    return file.getvalue(), suffix


@functools.cache
def _flash_shapes() -> npt.NDArray[np.bool_]:
    """A bar, a column, a disc and a frame around the edge, over the pictures of a clip [4, height, width]."""
    height, width = _CLIP_HEIGHT, _CLIP_WIDTH
    y, x = np.mgrid[0:height, 0:width]
    return np.stack(
        [
            (y > height * 0.3) & (y < height * 0.7),
            (x > width * 0.3) & (x < width * 0.7),
            np.hypot(x - width / 2, y - height / 2) < height * 0.4,
            (x < width * 0.16) | (x > width * 0.84) | (y < height * 0.16) | (y > height * 0.84),
        ]
    )


def make_clip(rng: np.random.Generator, cause_slot: int | None) -> bytes:
    """Four seconds of a camera at 8 frames a second (MPEG-4 part 2 in MP4) with flashes in some half seconds.

    Args:
        rng: The file's own generator.
        cause_slot: Half second (0-7) of the planted cyan checker flash; None = decoys only.
    """
    y, x = np.mgrid[0:_CLIP_HEIGHT, 0:_CLIP_WIDTH].astype(np.float32)
    drift, tone = rng.uniform(-0.25, 0.25), rng.uniform(80, 150)
    waves = x / 22 + y / 37 + np.float32(rng.uniform(0, 6))
    checker = ((x // 16 + y // 16) % 2 == 0)[..., None]
    frames = []
    for slot in range(SLOTS):
        present, shape = rng.random() < 0.4, int(rng.integers(4))
        hue = _CLIP_HUES[int(rng.integers(len(_CLIP_HUES)))] + rng.normal(0, 2)
        for step in range(_SLOT_FRAMES):
            strength = 1.0 if step % 2 == 0 else 0.75
            scene = tone + 30 * np.sin(waves + np.float32(drift * (slot * _SLOT_FRAMES + step)))
            frame = np.repeat(scene[..., None], 3, axis=2)
            if slot == cause_slot:
                light = _colour(_CLIP_CAUSE_HUE, 200, 215) * strength
                frame[:] = np.where(checker, light, light * 0.5)
            elif present:
                frame[_flash_shapes()[shape]] = _colour(hue, 200, 215) * strength
            frame += 3 * rng.standard_normal(frame.shape[:2], dtype=np.float32)[..., None]
            frames.append(np.clip(frame, 0, 255).astype(np.uint8))
    return _encode_clip(frames)


def _encode_clip(frames: list[Picture]) -> bytes:
    import av
    from av.video.stream import VideoStream

    file = io.BytesIO()
    # "bitexact" keeps the muxer's version and the time of writing out of the file.
    with av.open(file, "w", format="mp4", options={"fflags": "bitexact"}) as container:
        stream = container.add_stream("mpeg4", rate=FRAMES_PER_SECOND)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 2_000_000
        # A key frame at the start of each half second, so that seeking finds every flash.
        stream.gop_size = _SLOT_FRAMES
        stream.codec_context.thread_count = 1
        stream.codec_context.flags |= 1 << 23  # AV_CODEC_FLAG_BITEXACT
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()
