"""An extractor of one's own: how warm a picture, a tile or a frame looks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.extractors import Sample


class Warmth:
    name = "warmth"
    version = "1"
    media_types = frozenset({MediaType.IMAGE, MediaType.VIDEO})
    features = ("red_over_blue", "is_warm")

    def extract(self, sample: Sample) -> npt.ArrayLike:
        rows = np.full((len(sample.segments), 2), np.nan)
        for row, picture in zip(rows, sample.pictures, strict=True):
            if picture is not None:
                difference = float(picture[..., 0].mean() - picture[..., 2].mean()) / 255
                row[:] = difference, difference > 0
        return rows
