from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from skimage import data as pictures
from skimage.feature import hog as oracle_hog

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.feature_extraction import Extraction, extract_bytes
from mmdesk.engine.features.image_decoding import decode_picture
from mmdesk.engine.features.image_features import hog, image_features, tile_boxes
from mmdesk.engine.features.layout import default_layout
from mmdesk.engine.features.limits import UnreadableError
from tests.engine.features import media_samples as samples

LAYOUT = default_layout()
IMAGE = LAYOUT.block_slice("image")


def extract(data: bytes) -> Extraction:
    return extract_bytes(io.BytesIO(data), MediaType.IMAGE)


def column(name: str) -> int:
    return LAYOUT.index(f"image.{name}") - int(IMAGE.start)


def test_hog_agrees_with_scikit_image() -> None:
    patches = np.stack(
        [np.asarray(Image.fromarray(picture).convert("L").resize((64, 64)))
         for picture in (pictures.camera(), pictures.coins(), samples.picture())]
    )  # fmt: skip
    expected = [oracle_hog(patch, 9, (16, 16), (4, 4), "L2-Hys") for patch in patches]
    np.testing.assert_allclose(hog(patches), expected, atol=1e-6)


def test_hog_names_point_at_cell_and_orientation() -> None:
    patch = np.zeros((1, 64, 64), np.uint8)
    patch[0, 16:32, 40:] = 200  # a vertical edge inside the cell in row 1, column 2
    values = hog(patch)[0].reshape(4, 4, 9)
    assert np.unravel_index(values[1].argmax(), (4, 9)) == (2, 0)
    assert LAYOUT.names[IMAGE][column("hog.r1c2.o0")] == "image.hog.r1c2.o0"


def test_the_whole_and_nine_tiles_that_cover_it() -> None:
    found = extract(samples.encode(samples.picture()))
    assert found.vectors.shape == (10, LAYOUT.size)
    assert found.vectors.dtype == np.float32
    assert [segment.describe() for segment in found.segments[:3]] == [
        "whole file", "tile row 1, column 1", "tile row 1, column 2"
    ]  # fmt: skip
    assert sum((right - left) * (bottom - top) for left, top, right, bottom in tile_boxes()) == pytest.approx(1)
    assert found.details == {"width": 320, "height": 240}
    # Means over the tiles are those of the whole where the tiles are equal in size.
    means = [column(f"{channel}.mean") + IMAGE.start for channel in ("red", "green", "blue")]
    equal = extract(samples.encode(samples.picture(300, 300)))
    np.testing.assert_allclose(equal.vectors[1:, means].mean(axis=0), equal.vectors[0, means], atol=1e-4)


def test_values_are_what_they_are_called() -> None:
    image = np.zeros((90, 90, 3), np.uint8)
    image[:, :, 2] = 255  # blue, green, red: pure red
    image[:45] = 0
    found = image_features(image, 90, 90)
    whole = found[0]
    assert whole[column("red.mean")] == pytest.approx(0.5)
    assert whole[column("red.bin7")] == pytest.approx(0.5)
    assert whole[column("red.bin0")] == pytest.approx(0.5)
    assert whole[column("hue.bin0")] == pytest.approx(1)
    assert whole[column("blue.mean")] == 0
    assert whole[column("brightness.dark")] == pytest.approx(0.5)
    assert whole[column("aspect")] == 0
    assert found[1][column("red.mean")] == 0  # the upper left tile
    assert found[9][column("red.mean")] == 1  # the lower right one


def test_a_blurred_picture_is_less_sharp() -> None:
    sharp = np.ascontiguousarray(np.stack([pictures.camera()] * 3, axis=2))
    blurred = np.asarray(Image.fromarray(sharp).resize((64, 64)).resize((512, 512)))
    for name in ("sharpness.laplacian", "sharpness.tenengrad", "sharpness.edges", "spectrum.band7"):
        values = [image_features(image, 512, 512)[0][column(name)] for image in (sharp, blurred)]
        assert values[0] > values[1], name


def test_local_binary_patterns_agree_with_the_definition() -> None:
    image = samples.picture(24, 30)
    grey = np.asarray(0.114 * image[..., 0] + 0.587 * image[..., 1] + 0.299 * image[..., 2]).round().astype(int)
    framed = np.pad(grey, 1, mode="edge")
    counts = np.zeros(10)
    circle = [(-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1)]
    for row in range(24):
        for left in range(30):
            bits = [framed[row + 1 + dy, left + 1 + dx] >= grey[row, left] for dy, dx in circle]
            changes = sum(bits[index] != bits[index - 1] for index in range(8))
            counts[sum(bits) if changes <= 2 else 9] += 1
    found = image_features(image, 30, 24, tiles=False)[0]
    expected = counts / counts.sum()
    np.testing.assert_allclose(found[column("pattern1.bin0") :][:10], expected, atol=0.02)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_orientation_is_obeyed(form: str, orientation: int) -> None:
    upright = Image.fromarray(samples.picture())
    operation = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)  # fmt: skip
    stored = upright if operation is None else upright.transpose(operation)
    tags = Image.Exif()
    tags[0x0112] = orientation
    options = {"quality": 95} if form in {"JPEG", "AVIF"} else {"lossless": True} if form == "WEBP" else {}
    found = extract(samples.encode(stored, form, exif=tags, **options))
    assert found.details["width"] == 320
    assert found.details["height"] == 240
    expected = extract(samples.encode(upright, "PNG"))
    difference = np.abs(found.vectors - expected.vectors)[:, IMAGE]
    assert difference[:, column("red.mean")].max() < 0.01
    assert difference[:, column("hog.r0c0.o0") : column("aspect")].mean() < 0.015  # other ways up: from .033


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        ("RGB", "JPEG"), ("CMYK", "JPEG"), ("RGBA", "PNG"), ("P", "PNG"), ("RGB", "WEBP"), ("RGB", "AVIF"),
        ("RGB", "TIFF"), ("CMYK", "TIFF"), ("RGB", "BMP"), ("RGB", "PPM"), ("RGB", "JPEG2000"), ("P", "GIF"),
    ],
)  # fmt: skip
def test_the_same_picture_in_other_encodings(mode: str, form: str) -> None:
    image = Image.fromarray(samples.picture())
    expected = extract(samples.encode(image))
    found = extract(samples.encode(image.convert(mode), form))
    assert not found.incomplete
    light = slice(column("brightness.mean"), column("brightness.entropy"))
    np.testing.assert_allclose(found.vectors[:, IMAGE][:, light], expected.vectors[:, IMAGE][:, light], atol=0.06)


def test_sixteen_bits_grey_and_animations_are_fine() -> None:
    deep = Image.fromarray((np.arange(240 * 320).reshape(240, 320) * 65535 / 76800).astype(np.uint16))
    grey = extract(samples.encode(deep))
    assert grey.vectors[0, LAYOUT.index("image.brightness.mean")] == pytest.approx(0.5, abs=0.01)
    frames = [Image.fromarray(samples.picture(seed=number)) for number in range(3)]
    for form in ("GIF", "WEBP", "PNG"):
        animated = extract(samples.encode(frames[0], form, save_all=True, append_images=frames[1:]))
        assert animated.vectors.shape[0] == 10


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (2, 5), (7, 7)])
def test_odd_sizes(shape: tuple[int, int]) -> None:
    found = extract(samples.encode(samples.picture(*shape)))
    assert np.isfinite(found.vectors).all()
    assert (found.details["height"], found.details["width"]) == shape


def test_a_large_jpeg_is_decoded_small_and_keeps_its_features() -> None:
    image = Image.fromarray(np.asarray(pictures.astronaut()))
    large = samples.encode(image.resize((2000, 2000), Image.Resampling.BICUBIC), "JPEG", quality=95)
    assert decode_picture(large, "image/jpeg").picture.shape == (320, 320, 3)
    small = extract(samples.encode(image.resize((320, 320), Image.Resampling.BICUBIC), "PNG"))
    gradient = slice(column("hog.r0c0.o0"), column("aspect"))
    found = extract(large).vectors[0, IMAGE][gradient]
    assert np.corrcoef(found, small.vectors[0, IMAGE][gradient])[0, 1] > 0.98


def reasons(data: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        extract(data)
    return caught.value.message


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "PPM"])
@pytest.mark.parametrize("share", [0.4, 0.7, 0.99])
def test_a_cut_picture_is_incomplete_and_keeps_its_top(form: str, share: float) -> None:
    whole = samples.encode(samples.picture(), form)
    found = extract(whole[: int(len(whole) * share)])
    assert found.incomplete
    top, expected = (item.vectors[1, LAYOUT.index("image.green.mean")] for item in (found, extract(whole)))
    if form != "BMP":  # stored from the bottom upwards
        assert top == pytest.approx(expected, abs=0.02)


def test_progressive_jpegs_too() -> None:
    whole = samples.encode(samples.picture(), "JPEG", progressive=True)
    assert not extract(whole).incomplete
    assert extract(whole[: len(whole) // 2]).incomplete


def test_a_damaged_png_keeps_what_comes_before_the_damage() -> None:
    data = bytearray(samples.encode(samples.picture()))
    data[len(data) // 2] ^= 0xFF
    assert extract(bytes(data)).incomplete


def test_pixel_bombs_are_refused_by_their_header() -> None:
    assert "50000 x 50000" in reasons(samples.png_claiming(50_000, 50_000))
    assert "no pixels" in reasons(samples.png_claiming(0, 10))
    jpeg = bytearray(samples.encode(samples.picture(), "JPEG"))
    start = jpeg.index(b"\xff\xc0")
    jpeg[start + 5 : start + 9] = b"\xff\xff\xff\xff"
    assert "65535 x 65535" in reasons(bytes(jpeg))


def test_broken_pictures_give_their_reason() -> None:
    assert "not a readable picture" in reasons(b"\xff\xd8\xff\xe0" + bytes(500))
    assert "cut short" in reasons(samples.encode(samples.picture(), "WEBP")[:400])


def test_camera_facts_are_kept() -> None:
    tags = Image.Exif()
    tags[0x010F], tags[0x0110] = "Maker", "Model 3"
    tags.get_ifd(0x8769)[0x9003] = "2021:05:06 07:08:09"
    place = tags.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (52.0, 30.0, 0.0), "W", (13.0, 15.0, 36.0)
    found = extract(samples.encode(samples.picture(), "JPEG", exif=tags))
    assert found.details == {
        "width": 320, "height": 240, "device": "Maker Model 3", "captured": "2021-05-06T07:08:09",
        "latitude": 52.5, "longitude": -13.26,
    }  # fmt: skip


def textures(seed: int) -> npt.NDArray[np.uint8]:
    """Random crops of two of scikit-image's textures, one after the other."""
    rng = np.random.default_rng(seed)
    crops = []
    for image in (pictures.brick(), pictures.grass()):
        for _ in range(20):
            top, left = rng.integers(0, 512 - 160, 2)
            crops.append(image[top : top + 160, left : left + 160])
    return np.stack(crops)


def test_textures_can_be_told_apart_by_a_plain_model() -> None:
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = [
        np.stack([image_features(np.stack([crop] * 3, axis=2), 160, 160, tiles=False)[0] for crop in textures(seed)])
        for seed in (0, 1)
    ]
    labels = np.repeat([0, 1], 20)
    model = make_pipeline(StandardScaler(), RidgeClassifier()).fit(features[0], labels)
    assert model.score(features[1], labels) == 1.0
