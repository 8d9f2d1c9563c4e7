"""Extra extractors: more numbers for each segment, from a package or from a model, appended behind the built-in blocks.

A package announces one under the entry point group ``mmdesk.feature_extractors``; the entry point names an object (or a
class without arguments) with the attributes of :class:`Extractor`::

    [project.entry-points."mmdesk.feature_extractors"]
    plate = "plates:PlateExtractor"

It runs in the worker processes, within their limits: what it raises, and even what it crashes, costs one artifact.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, BinaryIO, Protocol

from mmdesk.engine.core.errors import ResourceError
from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.layout import Block, FeatureLayout, default_layout
from mmdesk.engine.features.limits import UnreadableError
from mmdesk.engine.features.segments import Segment

if TYPE_CHECKING:  # the names of features are told without loading libraries
    import numpy as np
    import numpy.typing as npt

    Picture = npt.NDArray[np.uint8]
    Vectors = npt.NDArray[np.float32]

GROUP = "mmdesk.feature_extractors"
MOST_FEATURES = 8192
"""Of one extractor: embeddings in use have 128 to 4,096 numbers; every segment of every artifact carries them."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FEATURE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True)
class Sample:
    """What an extractor is given: one artifact, cut into the segments that the built-in features have.

    Attributes:
        file: The whole file, seekable, at its beginning; it has no name.
        media_type: Which built-in extractor read it.
        content_type: Internet media type by content, ``"image/jpeg"``.
        segments: In the order of the feature array; the whole artifact first.
        pictures: One per segment: ``uint8 [height, width, 3]``, red, green, blue, upright, longest side at most 320;
            ``None`` where a segment is no picture (sound, other files, a video as a whole).
    """

    file: BinaryIO
    media_type: MediaType
    content_type: str
    segments: tuple[Segment, ...]
    pictures: tuple[Picture | None, ...]


class Extractor(Protocol):
    """An extra extractor; plain attributes will do for the properties."""

    @property
    def name(self) -> str:
        """Of its block: lower-case letters, digits and underscores; unlike the names of other blocks."""

    @property
    def version(self) -> str:
        """Any text; another one means that everything is extracted again."""

    @property
    def media_types(self) -> frozenset[MediaType]:
        """What it is asked about; all other artifacts get zeros."""

    @property
    def features(self) -> Sequence[str]:
        """The names of its numbers, without the block's."""

    def extract(self, sample: Sample) -> npt.ArrayLike:
        """``float32 [segments, features]``; not a number stands for *does not apply* and becomes 0."""


def is_block_name(name: str) -> bool:
    """Whether a block of extra features can be called ``name``."""
    return _NAME.fullmatch(name) is not None


def block_of(extractor: Extractor) -> Block:
    """The named run of features that an extractor appends to the layout."""
    return Block(extractor.name, tuple(f"{extractor.name}.{feature}" for feature in extractor.features))


def run_extractor(extractor: Extractor, sample: Sample) -> Vectors:
    """The extractor's numbers for each segment, checked.

    Returns:
        ``float32 [segments, features]``; not a number is still not a number.

    Raises:
        UnreadableError: It failed on this artifact, or gave something of another shape.
    """
    import numpy as np

    sample.file.seek(0)
    try:
        found = np.asarray(extractor.extract(sample), np.float32)
    except (UnreadableError, MemoryError):
        raise
    except Exception as error:
        raise UnreadableError(
            f"the extractor {extractor.name} failed: {type(error).__name__}", code="features.extractor_failed"
        ) from error
    if found.shape != (len(sample.segments), len(extractor.features)):
        raise UnreadableError(
            f"the extractor {extractor.name} gave an array of the shape {list(found.shape)} instead of "
            f"[{len(sample.segments)}, {len(extractor.features)}]",
            code="features.extractor_failed",
        )
    return found


@functools.cache
def installed_extractors() -> tuple[Extractor, ...]:
    """The extractors of installed packages, by name.

    Raises:
        ResourceError: One of them cannot be used (``features.extractor``): leaving it out in silence would change what
            every artifact's features are.
    """
    found: dict[str, Extractor] = {}
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        extractor = _load(point)
        if extractor.name in found:
            raise _unusable(point, f"another extractor is called {extractor.name} already")
        found[extractor.name] = extractor
    return tuple(found[name] for name in sorted(found))


def installed_layout() -> FeatureLayout:
    """The built-in blocks, then those of installed extractors: what every case here has.

    Raises:
        ResourceError: See :func:`installed_extractors`.
    """
    return default_layout().with_blocks(map(block_of, installed_extractors()))


def _load(point: metadata.EntryPoint) -> Extractor:
    try:
        loaded = point.load()
        extractor: Extractor = loaded() if isinstance(loaded, type) else loaded
        problem = problem_of(extractor)
    except Exception as error:
        raise _unusable(point, f"{type(error).__name__}: {error}") from error
    if problem is not None:
        raise _unusable(point, problem)
    return extractor


def problem_of(extractor: Extractor) -> str | None:
    """What is wrong with the attributes of an extractor; ``None`` if nothing is."""
    features = list(extractor.features)
    taken = {block.name for block in default_layout().blocks}
    checks: tuple[tuple[bool, str], ...] = (
        (not is_block_name(extractor.name), "its name is not made of lower-case letters, digits and underscores"),
        (extractor.name in taken, f"the name {extractor.name} is taken by a built-in block"),
        (not str(extractor.version), "it has no version"),
        (not set(extractor.media_types) <= set(MediaType), "its media types are not members of MediaType"),
        (not 0 < len(features) <= MOST_FEATURES, f"it has {len(features)} features; 1 to {MOST_FEATURES} are allowed"),
        (len(set(features)) != len(features), "its features' names are not unique"),
        (not all(map(_FEATURE.fullmatch, features)), "a feature's name holds more than letters, digits and _ . -"),
        (not callable(getattr(extractor, "extract", None)), "it has no method extract"),
    )
    return next((text for wrong, text in checks if wrong), None)


def _unusable(point: metadata.EntryPoint, reason: str) -> ResourceError:
    package = point.dist.name if point.dist is not None else point.value
    return ResourceError(
        f"The feature extractor {point.name} of the package {package} cannot be used: {reason}.",
        f"Mend or remove the package {package}, then start again.",
        code="features.extractor",
        details={"package": package, "extractor": point.name},
    )
