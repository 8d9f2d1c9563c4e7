from __future__ import annotations

import io

import numpy as np
import pytest

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.content_type import sniff
from mmdesk.engine.features.feature_extraction import extract_bytes
from mmdesk.engine.features.layout import default_layout
from mmdesk.engine.features.limits import UnreadableError
from tests.engine.features import media_samples as samples

LAYOUT = default_layout()


def whole_files() -> dict[str, bytes]:
    picture, tone = samples.picture(60, 80), samples.tone(1.0)
    return {
        "jpeg": samples.encode(picture, "JPEG"),
        "png": samples.encode(picture, "PNG"),
        "gif": samples.encode(picture, "GIF"),
        "webp": samples.encode(picture, "WEBP"),
        "tiff": samples.encode(picture, "TIFF"),
        "bmp": samples.encode(picture, "BMP"),
        "avif": samples.encode(picture, "AVIF"),
        "wav": samples.sound(tone),
        "flac": samples.sound(tone, form="FLAC"),
        "ogg": samples.sound(tone, form="OGG"),
        "mp3": samples.sound(tone, form="MP3"),
        "m4a": samples.only_sound("mp4"),
        "mp4": samples.film(20, (96, 64)),
        "mkv": samples.film(20, (96, 64), "matroska"),
        "avi": samples.film(20, (96, 64), "avi", "mpeg4", "mp3"),
        "text": "Some words and a few more, ünd so weiter.\n".encode() * 300,
        "bytes": np.random.default_rng(5).bytes(30_000),
    }


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return whole_files()


NAMES = sorted(whole_files())


@pytest.mark.parametrize("name", NAMES)
def test_the_same_bytes_give_the_same_vectors(files: dict[str, bytes], name: str) -> None:
    media_type = sniff(io.BytesIO(files[name])).media_type
    first, second = (extract_bytes(io.BytesIO(files[name]), media_type) for _ in range(2))
    assert first.vectors.tobytes() == second.vectors.tobytes()
    assert first.segments == second.segments
    assert first.details == second.details
    assert first.vectors.dtype == np.float32
    assert len(first.segments) == len(first.vectors)
    flags = first.vectors[:, [LAYOUT.index(f"modality.{kind}") for kind in MediaType]]
    assert flags.sum(axis=1).tolist() == [1.0] * len(flags)
    assert flags[0].argmax() == list(MediaType).index(media_type)


@pytest.mark.parametrize("name", NAMES)
def test_mutated_files_end_in_a_stated_state(files: dict[str, bytes], name: str) -> None:
    """Bytes changed, cut, doubled and swapped at random: features that are finite, or a reason."""
    whole, rng = files[name], np.random.default_rng(len(name))
    for _ in range(12):
        data = bytearray(whole)
        for _ in range(int(rng.integers(1, 6))):
            place = int(rng.integers(0, len(data)))
            action = rng.integers(0, 4)
            if action == 0:
                data[place] = int(rng.integers(0, 256))
            elif action == 1:
                data[place : place + 8] = rng.bytes(8)
            elif action == 2 and len(data) > 64:
                del data[place : place + int(rng.integers(1, len(data) // 4))]
            else:
                data[place:place] = data[place : place + 200]
            if not data:
                break
        content = sniff(io.BytesIO(bytes(data)))
        try:
            found = extract_bytes(io.BytesIO(bytes(data)), content.media_type)
        except UnreadableError as error:
            assert error.message  # noqa: PT017 - either outcome is fine, silence is not
        else:
            assert np.isfinite(found.vectors).all()


def test_bytes_that_are_not_what_the_case_says() -> None:
    for media_type in (MediaType.IMAGE, MediaType.AUDIO, MediaType.VIDEO):
        with pytest.raises(UnreadableError):
            extract_bytes(io.BytesIO(b"just words\n" * 50), media_type)
    assert extract_bytes(io.BytesIO(samples.encode(samples.picture())), MediaType.OTHER).vectors.shape[0] > 1
