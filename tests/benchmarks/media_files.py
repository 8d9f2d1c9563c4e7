"""Evidence files of the sizes that the goals name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import soundfile

PICTURE_SIZE = (1280, 1920)
SOUND_S = 30
FILM_S = 30
FILM_SIZE = (720, 1280)
FILM_RATE_HZ = 30
_KEYFRAME_EVERY = 48
_SOUND_RATE_HZ = 44_100


def _scene(draw: np.random.Generator, size: tuple[int, int], grain: float) -> np.ndarray:
    """Soft shapes with some grain, which compresses like a photograph: about a bit and a half a pixel."""
    height, width = size
    few = draw.integers(0, 256, (12, 18, 3), dtype=np.uint8)
    shapes = cv2.resize(few, (width, height), interpolation=cv2.INTER_CUBIC)
    coarse = cv2.resize(draw.normal(0, grain, (height // 4, width // 4, 3)).astype(np.float32), (width, height))
    return np.asarray(np.clip(shapes + coarse, 0, 255), np.uint8)


def pictures(folder: Path, count: int) -> list[Path]:
    """JPEG files of 1920 x 1280 pixels."""
    draw = np.random.default_rng(1)
    found = []
    for number in range(count):
        path = folder / f"{number}.jpg"
        cv2.imwrite(str(path), _scene(draw, PICTURE_SIZE, 20.0), [cv2.IMWRITE_JPEG_QUALITY, 90])
        found.append(path)
    return found


def sounds(folder: Path, count: int) -> list[Path]:
    """WAV files of half a minute, 44.1 kHz, mono, 16 bits: gliding tones in noise."""
    draw = np.random.default_rng(2)
    moments = np.arange(SOUND_S * _SOUND_RATE_HZ) / _SOUND_RATE_HZ
    found = []
    for number in range(count):
        wave = 0.3 * np.sin(2 * np.pi * (200 + 20 * number + 15 * moments) * moments)
        path = folder / f"{number}.wav"
        soundfile.write(path, wave + draw.normal(0, 0.05, len(wave)), _SOUND_RATE_HZ, subtype="PCM_16")
        found.append(path)
    return found


def films(folder: Path, count: int) -> list[Path]:
    """H.264 files of half a minute, 1280 x 720, 30 frames a second, a keyframe every 48: a pan over a scene."""
    draw = np.random.default_rng(3)
    height, width = FILM_SIZE
    found = []
    for number in range(count):
        scene = _scene(draw, (height, 2 * width), 8.0)
        path = folder / f"{number}.mp4"
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream("libx264", rate=FILM_RATE_HZ, options={"preset": "veryfast"})
            stream.width, stream.height, stream.pix_fmt, stream.gop_size = width, height, "yuv420p", _KEYFRAME_EVERY
            for moment in range(FILM_S * FILM_RATE_HZ):
                view = np.ascontiguousarray(scene[:, moment : moment + width])
                container.mux(stream.encode(av.VideoFrame.from_ndarray(view, format="bgr24")))
            container.mux(stream.encode())
        found.append(path)
    return found


def small_files(folder: Path, count: int, entities: int) -> list[str]:
    """Texts of some hundred bytes, all different, in a folder for each entity; returns the entities."""
    names = [f"e{number:04d}" for number in range(entities)]
    for name in names:
        (folder / name).mkdir(parents=True)
    for number in range(count):
        (folder / names[number % entities] / f"{number}.txt").write_bytes(b"note %d of many\n" % number * 20)
    return names
