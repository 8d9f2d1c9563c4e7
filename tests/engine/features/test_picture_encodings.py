"""One picture in every encoding that is read: the pixels come out as they went in."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from mmdesk.engine.features.content_type import sniff
from mmdesk.engine.features.image_decoding import decode_picture
from tests.engine.features import media_samples as samples

Array = npt.NDArray[np.generic]
Made = tuple[bytes, Array]
"""A file, and what is to be seen of it: red, green, blue, or grey."""

PICTURE = samples.picture(120, 160)
SOURCE = Image.fromarray(PICTURE)
GREY = np.asarray(SOURCE.convert("L"))
OTHER = Image.fromarray(255 - PICTURE)  # a second frame or page, which is not to be seen
DEEP = PICTURE.astype(np.uint16) * 257
HALF_CLEAR = np.dstack([PICTURE, np.full(GREY.shape, 255, np.uint8)])
HALF_CLEAR[:60, :, 3] = 0


def pillow(mode: str, form: str, **options: object) -> Callable[[], Made]:
    """Stored in a mode of Pillow's; what a viewer would show of that mode is expected."""

    def make() -> Made:
        stored = SOURCE.quantize(64) if mode == "P" else SOURCE.convert(mode)
        return samples.encode(stored, form, **options), np.asarray(stored.convert("RGB"))

    return make


def array(values: Array, form: str, seen: Array, **options: object) -> Callable[[], Made]:
    return lambda: (samples.encode(Image.fromarray(values), form, **options), seen)


def opencv(values: Array, ending: str, *options: int) -> Callable[[], Made]:
    """Red, green, blue as OpenCV writes them."""

    def make() -> Made:
        order = [2, 1, 0, 3][: values.shape[2]]
        return cv2.imencode(ending, values[:, :, order], options)[1].tobytes(), PICTURE

    return make


def stretched(values: Array) -> Array:
    """From the smallest to the largest, as numbers that are no colours are shown."""
    numbers = values.astype(float)
    return np.asarray(np.interp(numbers, [numbers.min(), numbers.max()], [0.0, 255.0]))


PAGES = {"save_all": True, "append_images": [OTHER]}
EXACT: dict[str, Callable[[], Made]] = {
    "png, 16 bits": opencv(DEEP, ".png"),
    "png, 16 bits, grey": array(GREY.astype(np.uint16) * 257, "PNG", GREY),
    "png, 16 bits, alpha": opencv(np.dstack([DEEP, np.full(GREY.shape, 65535, np.uint16)]), ".png"),
    "png, 1 bit": pillow("1", "PNG"),
    "png, palette": pillow("P", "PNG"),
    "png, palette of 4": lambda: (samples.encode(SOURCE.quantize(4)), np.asarray(SOURCE.quantize(4).convert("RGB"))),
    "png, palette with a clear colour": pillow("P", "PNG", transparency=5),
    "png, grey with alpha": pillow("LA", "PNG"),
    "png, half clear": array(HALF_CLEAR, "PNG", PICTURE),
    "png, animated": pillow("RGB", "PNG", **PAGES),
    "png, animated, with a picture for others": pillow("RGB", "PNG", default_image=True, **PAGES),
    "gif": pillow("P", "GIF"),
    "gif, animated": pillow("P", "GIF", **PAGES),
    "webp, animated": pillow("RGB", "WEBP", lossless=True, **PAGES),
    "webp, half clear": array(HALF_CLEAR, "WEBP", PICTURE, lossless=True, exact=True),
    **{
        f"tiff, {name}": pillow("RGB", "TIFF", compression=name)
        for name in ("raw", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits")
    },
    "tiff, fax group 3": pillow("1", "TIFF", compression="group3"),
    "tiff, fax group 4": pillow("1", "TIFF", compression="group4"),
    "tiff, palette": pillow("P", "TIFF"),
    "tiff, cmyk": pillow("CMYK", "TIFF"),
    "tiff, grey with alpha": pillow("LA", "TIFF"),
    "tiff, 16 bits": opencv(DEEP, ".tiff"),
    "tiff, 16 bits, grey": array(GREY.astype(np.uint16) * 257, "TIFF", GREY),
    "tiff, pages": pillow("RGB", "TIFF", **PAGES),
    "tiff, big": pillow("RGB", "TIFF", big_tiff=True),
    "tiff, floating point": array((GREY / 255).astype(np.float32), "TIFF", stretched(GREY)),
    "tiff, 32 bits": array(GREY.astype(np.int32) * 8_000_000, "TIFF", stretched(GREY)),
    "jpeg 2000": pillow("RGB", "JPEG2000"),
    "jpeg 2000, no container": pillow("RGB", "JPEG2000", no_jp2=True),
    "jpeg 2000, 16 bits": array(GREY.astype(np.uint16) * 257, "JPEG2000", GREY),
    "jpeg 2000, half clear": array(HALF_CLEAR, "JPEG2000", PICTURE),
    "bmp, 1 bit": pillow("1", "BMP"),
    "bmp, palette": pillow("P", "BMP"),
    "bmp, 32 bits": pillow("RGBA", "BMP"),
    "ppm": pillow("RGB", "PPM"),
    "pgm, 16 bits": array(GREY.astype(np.uint16) * 257, "PPM", GREY),
    "pbm": pillow("1", "PPM"),
    "pfm": array((GREY / 255).astype(np.float32), "PPM", stretched(GREY)),
    "pfm, colours": lambda: (
        b"PF\n160 120\n-1.0\n" + (PICTURE[::-1] / 255).astype("<f4").tobytes(),
        stretched(PICTURE),
    ),
    "pam": lambda: (
        b"P7\nWIDTH 160\nHEIGHT 120\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n" + PICTURE.tobytes(),
        PICTURE,
    ),
    "sun raster": opencv(PICTURE, ".sr"),
}
LOSSY: dict[str, Callable[[], Made]] = {
    "jpeg, progressive": pillow("RGB", "JPEG", quality=95, progressive=True),
    "jpeg, restart markers": pillow("RGB", "JPEG", quality=95, restart_marker_rows=1),
    "jpeg, red, green, blue": pillow("RGB", "JPEG", quality=95, keep_rgb=True),
    "jpeg, cmyk": pillow("CMYK", "JPEG", quality=95),
    "jpeg, grey": pillow("L", "JPEG", quality=95),
    "jpeg, several pictures": pillow("RGB", "MPO", quality=95, **PAGES),
    "tiff, jpeg": pillow("RGB", "TIFF", compression="jpeg", quality=95),
    "tiff, cmyk, jpeg": pillow("CMYK", "TIFF", compression="jpeg", quality=95),
    "tiff, ycbcr": pillow("YCbCr", "TIFF"),
    "webp": pillow("RGB", "WEBP", quality=95),
    "avif": pillow("RGB", "AVIF", quality=95),
    "avif, half clear": array(HALF_CLEAR, "AVIF", PICTURE, quality=95),
    "avif, grey": pillow("L", "AVIF", quality=95, subsampling="4:0:0"),
    "avif, animated": pillow("RGB", "AVIF", quality=95, **PAGES),
    "avif, 10 bits": opencv(
        PICTURE.astype(np.uint16) * 4, ".avif", cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 95
    ),
    "radiance": opencv((PICTURE / 255).astype(np.float32), ".hdr"),
}


def difference(made: Made) -> float:
    """Mean difference of the pixels in grey levels."""
    data, seen = made
    found = decode_picture(data, sniff(io.BytesIO(data)).name)
    assert not found.incomplete
    assert (found.width, found.height) == (160, 120)
    expected = seen.astype(float) if seen.ndim == 3 else np.dstack([seen.astype(float)] * 3)
    return float(np.abs(found.picture[:, :, ::-1] - expected).mean())


@pytest.mark.parametrize("name", EXACT)
def test_exact_encodings(name: str) -> None:
    assert difference(EXACT[name]()) < 0.51  # rounding, where numbers are stretched


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_encodings(name: str) -> None:
    """The picture's noise has a deviation of 6 grey levels; another frame or a colour in another place costs 50."""
    assert difference(LOSSY[name]()) < 6


def test_numbers_that_are_none_are_black() -> None:
    values = (GREY / 255).astype(np.float32)
    values[:10] = np.nan
    values[10:20] = np.inf
    found = decode_picture(samples.encode(Image.fromarray(values), "TIFF"), "image/tiff")
    assert found.picture[:20].max() == 0
    assert found.picture[20:].max() == 255
