"""The one layout of feature vectors: named blocks that any segment of any artifact fits.

A vector holds the blocks below one after the other; a block that does not apply to a segment is all zeros, and the
flags of the first block say which ones apply. Names are stable: a run records its layout and finds its columns again
by name. Extra extractors append blocks; they never move what is there.

==========  =======================================================================================================
block       what is in it
==========  =======================================================================================================
modality    which kind of file and which kind of segment it is, where in the file the segment lies
image       colour histograms and means, brightness, sharpness, texture, histograms of oriented gradients
audio       MFCC (mean, deviation, and means of five equal time slices), mel bands, spectral shape, loudness
video       motion between neighbouring frames, facts of the container
other       size, entropy, bytes, and statistics and hashed words of texts
==========  =======================================================================================================

Units, value ranges and sources stand where the numbers are made: ``image_features.py``, ``audio_features.py``,
``video_features.py`` and ``other_features.py``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

HOG_CELLS = 4
HOG_ORIENTATIONS = 9
COLOUR_BINS = 8
PATTERN_BINS = 10
SPECTRUM_BANDS = 8
MFCC_COUNT = 20
SLICES = 5
MEL_GROUPS = 32
MOTION_CELLS = 3
BYTE_BINS = 16
WORD_BUCKETS = 32

IMAGE_TONE = ("mean", "deviation", "p05", "p50", "p95", "entropy", "colourfulness", "saturation", "dark", "bright")
IMAGE_SHARPNESS = ("laplacian", "tenengrad", "edges")
SPECTRAL = ("centroid", "bandwidth", "rolloff", "flatness", "zero_crossings", "loudness", "flux")
SOUND_LEVEL = ("peak", "loudness_range", "silence")
MOTION = ("mean", "deviation", "changed", "cut", "brightness_change")
TEXT = (
    "is_text", "letters", "upper", "digits", "spaces", "punctuation", "non_ascii",
    "log_words", "word_length", "distinct_words", "log_lines", "line_length", "separators", "quotes",
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """A named run of features.

    Attributes:
        name: ``"modality"``, ``"image"``, ..., or the name of an extra extractor.
        names: The full names of its features, in order.
    """

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class FeatureLayout:
    """Which number stands where in a feature vector.

    Attributes:
        blocks: In the order of the vector; names of blocks and features are unique.
    """

    blocks: tuple[Block, ...]

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all features, in order; ``len(names) == size``."""
        return tuple(name for block in self.blocks for name in block.names)

    @property
    def size(self) -> int:
        """Length of a vector."""
        return len(self.names)

    @functools.cached_property
    def _positions(self) -> dict[str, int]:
        return {name: position for position, name in enumerate(self.names)}

    def index(self, name: str) -> int:
        """The position of the feature ``name``.

        Raises:
            KeyError: There is no such feature.
        """
        return self._positions[name]

    def block_slice(self, name: str) -> slice:
        """Where the block ``name`` stands.

        Raises:
            KeyError: There is no such block.
        """
        start = 0
        for block in self.blocks:
            if block.name == name:
                return slice(start, start + len(block.names))
            start += len(block.names)
        raise KeyError(name)

    def block_of(self, position: int) -> str:
        """The name of the block that the feature at ``position`` belongs to.

        Raises:
            IndexError: Outside the vector.
        """
        return self.names[position].split(".", 1)[0]

    def with_blocks(self, blocks: Iterable[Block]) -> FeatureLayout:
        """This layout with ``blocks`` appended.

        Raises:
            ValueError: A name is taken already, or a feature's name does not begin with its block's.
        """
        added = tuple(blocks)
        if not added:
            return self  # asked for with every file
        layout = FeatureLayout(self.blocks + added)
        if len(set(layout.names)) != layout.size or len({block.name for block in layout.blocks}) != len(layout.blocks):
            raise ValueError("the names of blocks and features must be unique")
        for block in layout.blocks:
            if not all(name.startswith(block.name + ".") for name in block.names):
                raise ValueError(f"the features of the block {block.name} must be named {block.name}.*")
        return layout


def _modality() -> Iterable[str]:
    yield from ("image", "audio", "video", "other")
    yield from ("whole", "tile", "window", "frame", "track", "chunk")
    yield from ("centre_x", "centre_y", "centre_t", "log_seconds")


def _image() -> Iterable[str]:
    for channel in ("red", "green", "blue", "hue"):
        yield from (f"{channel}.bin{number}" for number in range(COLOUR_BINS))
    for channel in ("red", "green", "blue"):
        yield from (f"{channel}.mean", f"{channel}.deviation")
    yield from (f"brightness.{name}" for name in IMAGE_TONE)
    yield from (f"sharpness.{name}" for name in IMAGE_SHARPNESS)
    yield from (f"pattern{scale}.bin{number}" for scale in (1, 2) for number in range(PATTERN_BINS))
    yield from (f"spectrum.band{number}" for number in range(SPECTRUM_BANDS))
    for row in range(HOG_CELLS):
        for column in range(HOG_CELLS):
            yield from (f"hog.r{row}c{column}.o{number}" for number in range(HOG_ORIENTATIONS))
    yield from ("aspect", "log_pixels")


def _audio() -> Iterable[str]:
    coefficients = [f"mfcc{number:02d}" for number in range(1, MFCC_COUNT + 1)]
    yield from (f"{name}.mean" for name in coefficients)
    yield from (f"{name}.deviation" for name in coefficients)
    for number in range(1, SLICES + 1):
        yield from (f"slice{number}.{name}" for name in coefficients)
    bands = [f"mel{number:02d}" for number in range(1, MEL_GROUPS + 1)]
    yield from (f"{name}.mean" for name in bands)
    yield from (f"{name}.deviation" for name in bands)
    yield from (f"{name}.mean" for name in SPECTRAL)
    yield from (f"{name}.deviation" for name in SPECTRAL)
    yield from SOUND_LEVEL


def _video() -> Iterable[str]:
    yield from (f"motion.{name}" for name in MOTION)
    yield from (f"motion.r{row}c{column}" for row in range(MOTION_CELLS) for column in range(MOTION_CELLS))
    yield from ("log_duration", "rate", "has_sound")


def _other() -> Iterable[str]:
    yield from ("log_size", "entropy", "pair_entropy", "distinct_bytes", "longest_run")
    yield from (f"byte.bin{number:02d}" for number in range(BYTE_BINS))
    yield from (f"text.{name}" for name in TEXT)
    yield from (f"word.bucket{number:02d}" for number in range(WORD_BUCKETS))


@functools.cache
def default_layout() -> FeatureLayout:
    """The layout of the built-in extractors: blocks ``modality``, ``image``, ``audio``, ``video``, ``other``."""
    parts = {"modality": _modality(), "image": _image(), "audio": _audio(), "video": _video(), "other": _other()}
    return FeatureLayout(()).with_blocks(
        Block(block, tuple(f"{block}.{name}" for name in names)) for block, names in parts.items()
    )
