"""What is known of a picture embedding model without loading it."""

from __future__ import annotations

from dataclasses import dataclass

from mmdesk.engine.core.types import MediaType

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
"""Of red, green and blue, 0 to 1. Source: the transforms of torchvision's reference models."""
FOLDER = "extractors"
MODEL_MEDIA = (MediaType.IMAGE, MediaType.VIDEO)
"""What embedding models are asked about."""


@dataclass(frozen=True)
class EmbeddingModel:
    """A model that is kept with a case.

    Attributes:
        name: Of its block of features.
        sha256: Of the ``.onnx`` file.
        size: How many numbers it makes of a picture.
        mean: Red, green, blue, on the scale 0 to 1.
        deviation: Likewise; positive.
    """

    name: str
    sha256: str
    size: int
    mean: tuple[float, float, float] = IMAGENET_MEAN
    deviation: tuple[float, float, float] = IMAGENET_DEVIATION

    @property
    def path(self) -> str:
        """Of the file, relative to the case folder."""
        return f"{FOLDER}/{self.sha256}.onnx"

    @property
    def features(self) -> tuple[str, ...]:
        """The names of its numbers, without the block's."""
        return tuple(f"e{number:04d}" for number in range(self.size))
