from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.content_type import sniff
from mmdesk.engine.features.feature_extraction import extract_bytes
from mmdesk.engine.features.image_decoding import Decoded, decode_picture
from mmdesk.engine.features.limits import UnreadableError
from tests.engine.features import heif_samples
from tests.engine.features import media_samples as samples


def decode(data: bytes) -> Decoded:
    assert sniff(io.BytesIO(data)).name == "image/heic"
    return decode_picture(data, "image/heic")


def test_a_picture_in_one_piece() -> None:
    picture = samples.picture(240, 320)
    found = decode(heif_samples.heic(picture))
    assert (found.width, found.height, found.incomplete) == (320, 240, False)
    assert np.abs(found.picture.astype(int) - picture[:, :, ::-1]).mean() < 3


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("tile", [(128, 128), (64, 96), (320, 240)])
def test_tiles_are_put_together(tile: tuple[int, int], wide: bool) -> None:
    picture = samples.picture(230, 310)  # the last tiles reach beyond the edges
    found = decode(heif_samples.heic(picture, tile, wide=wide))
    assert (found.width, found.height, found.incomplete) == (310, 230, False)
    assert found.picture.shape == (230, 310, 3)
    assert np.abs(found.picture.astype(int) - picture[:, :, ::-1]).mean() < 3


def test_large_pictures_of_tiles_are_put_together_small() -> None:
    picture = np.asarray(Image.fromarray(samples.picture()).resize((1400, 1050)))
    found = decode(heif_samples.heic(picture, (256, 256)))
    assert (found.width, found.height) == (1400, 1050)
    assert found.picture.shape == (240, 320, 3)
    small = np.asarray(Image.fromarray(picture).resize((320, 240), Image.Resampling.BOX)).astype(int)
    assert np.abs(found.picture - small[:, :, ::-1]).mean() < 4


@pytest.mark.parametrize("mirror", [None, 0, 1])
@pytest.mark.parametrize("turn", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("tile", [None, (64, 64)])
def test_turned_first_and_mirrored_then(turn: int | None, mirror: int | None, tile: tuple[int, int] | None) -> None:
    picture = samples.picture(60, 90)
    expected = np.rot90(picture, turn or 0)
    if mirror is not None:
        expected = np.flip(expected, mirror)
    found = decode(heif_samples.heic(picture, tile, turn=turn, mirror=mirror))
    assert (found.height, found.width) == expected.shape[:2]
    assert np.abs(found.picture.astype(int) - expected[:, :, ::-1]).mean() < 4


def test_what_the_camera_wrote() -> None:
    tags = Image.Exif()
    tags[0x010F], tags[0x0110], tags[0x0112] = "Maker", "Phone 5", 6  # which way is up says the picture itself
    found = decode(heif_samples.heic(samples.picture(64, 96), exif=tags.tobytes().removeprefix(b"Exif\0\0")))
    assert found.facts == {"device": "Maker Phone 5"}
    assert (found.width, found.height) == (96, 64)


def test_of_a_cut_file_the_tiles_that_are_there() -> None:
    picture = samples.picture(256, 256)
    data = heif_samples.heic(picture, (64, 64))
    found = decode(data[: len(data) * 2 // 3])
    assert found.incomplete
    assert np.abs(found.picture[:64].astype(int) - picture[:64, :, ::-1]).mean() < 4
    assert found.picture[-64:].max() == 0
    with pytest.raises(UnreadableError, match="not a readable picture"):
        decode(data[:1000])


def test_kinds_without_a_reader_are_named() -> None:
    with pytest.raises(UnreadableError, match="no reader for HEIF pictures of the kind 'unci'"):
        decode(heif_samples.heic(samples.picture(64, 64), kind=b"unci"))


def test_tiles_that_do_not_fit_are_refused() -> None:
    data = heif_samples.heic(samples.picture(96, 96), (64, 64))
    grid = data.rindex(bytes([0, 0, 1, 1, 0, 96, 0, 96]))
    for rows, columns in ((255, 255), (0, 1), (1, 0)):
        claim = bytes([0, 0, rows, columns, 0, 96, 0, 96])
        with pytest.raises(UnreadableError, match="do not fit"):
            decode(data[:grid] + claim + data[grid + 8 :])


def test_damaged_files_end_in_a_stated_state() -> None:
    whole, rng = heif_samples.heic(samples.picture(96, 96), (64, 64)), np.random.default_rng(4)
    for _ in range(150):
        data = bytearray(whole)
        for place in rng.integers(0, len(data) if rng.random() < 0.3 else 900, 3):
            data[place] = rng.integers(0, 256)
        try:
            found = extract_bytes(io.BytesIO(bytes(data)), MediaType.IMAGE)
        except UnreadableError as error:
            assert error.message  # noqa: PT017 - either outcome is fine, silence is not
        else:
            assert np.isfinite(found.vectors).all()
