"""A picture embedding model in ONNX form as an extra extractor: each picture, tile and frame becomes its numbers.

The model has one input for a picture, ``[batch, 3, height, width]`` or ``[batch, height, width, 3]``, and its first
output is the embedding: ``[batch, numbers]``, or a map ``[batch, numbers, height, width]`` that is averaged over its
places. Pictures are scaled to the input's size (224 where the model leaves it open, as torchvision's reference models
do), values to 0 to 1, then standardised with ``mean`` and ``deviation`` of red, green and blue.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.errors import DataError, ResourceError
from mmdesk.engine.features.embedding_model import MODEL_MEDIA, EmbeddingModel
from mmdesk.engine.features.extractors import MOST_FEATURES, Sample
from mmdesk.engine.features.image_decoding import Picture
from mmdesk.engine.features.limits import UnreadableError

# ruff: isort: split
import cv2  # behind limits.py, which sets OpenCV's own pixel limit

OPEN_SIDE = 224
_NOWHERE = os.path.join(os.devnull, "nowhere")  # noqa: PTH118 - a path that no system can have


class OnnxExtractor:
    """Runs an :class:`EmbeddingModel`.

    Args:
        model: What it is.
        data: The ``.onnx`` file.

    Raises:
        ResourceError: onnxruntime is not installed (``features.no_onnxruntime``).
        DataError: No model of this kind (``features.model``).
    """

    media_types = frozenset(MODEL_MEDIA)

    def __init__(self, model: EmbeddingModel, data: bytes) -> None:
        self.name, self.version, self.features = model.name, model.sha256, model.features
        self._mean = np.asarray(model.mean, np.float32)
        self._deviation = np.asarray(model.deviation, np.float32)
        self._session = _session(data)
        self._input = _Input.of(self._session)

    def extract(self, sample: Sample) -> npt.NDArray[np.float32]:
        """``float32 [segments, size]``; not a number for segments that are no picture."""
        rows = np.full((len(sample.segments), len(self.features)), np.nan, np.float32)
        for row, picture in zip(rows, sample.pictures, strict=True):
            if picture is not None:
                row[:] = self.embed(picture)
        return rows

    def embed(self, picture: Picture) -> npt.NDArray[np.float32]:
        """The numbers of one picture, ``float32 [size]``.

        One at a time: the size of a batch changes the last bits.

        Raises:
            UnreadableError: The model gave something else than it did when it was added.
        """
        vector = _run(self._session, self._input, self._standardised(picture))
        if len(vector) != len(self.features):
            raise UnreadableError(f"the model {self.name} gave {len(vector)} numbers instead of {len(self.features)}")
        return vector

    def _standardised(self, picture: Picture) -> npt.NDArray[np.float32]:
        centred: npt.NDArray[np.float32] = self._input.fit(picture) - self._mean
        return centred / self._deviation


@dataclass(frozen=True)
class _Input:
    """How the model wants its pictures."""

    name: str
    height: int
    width: int
    channels_first: bool
    dtype: npt.DTypeLike

    @classmethod
    def of(cls, session: Any) -> _Input:
        inputs = session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in _DTYPES:
            raise no_embedding("it does not take one batch of pictures (a float array with four dimensions)")
        shape = [size if isinstance(size, int) and size > 0 else 0 for size in inputs[0].shape]
        if shape[0] not in {0, 1}:
            raise no_embedding(f"it takes {shape[0]} pictures at a time; export it with a batch of 1 or an open one")
        channels_first = shape[1] == 3 or (shape[3] != 3 and shape[1] == 0)
        if not channels_first and shape[3] != 3:
            raise no_embedding("its pictures do not have three channels")
        height, width = shape[2:] if channels_first else shape[1:3]
        return cls(inputs[0].name, height or OPEN_SIDE, width or OPEN_SIDE, channels_first, _DTYPES[inputs[0].type])

    def fit(self, picture: Picture) -> npt.NDArray[np.float32]:
        """``float32 [height, width, 3]``, 0 to 1."""
        smaller = picture.shape[0] > self.height or picture.shape[1] > self.width
        method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        fitted = np.asarray(cv2.resize(picture, (self.width, self.height), interpolation=method), np.float32)
        return fitted / np.float32(255)

    def arrange(self, values: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        """``[1, ...]`` as the model wants it."""
        ordered = values.transpose(2, 0, 1) if self.channels_first else values
        return np.ascontiguousarray(ordered[None], self.dtype)


_DTYPES: dict[str, npt.DTypeLike] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


def _run(session: Any, wanted: _Input, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    found = np.asarray(session.run(None, {wanted.name: wanted.arrange(values)})[0], np.float32)
    if found.ndim == 4:
        found = found.mean(axis=(2, 3))
    return found.reshape(-1)


def measure(name: str, sha256: str, data: bytes, mean: Sequence[float], deviation: Sequence[float]) -> EmbeddingModel:
    """Look at a model before it is taken into a case: load it and run it once.

    Args:
        name: Of its block.
        sha256: Of ``data``.
        data: The ``.onnx`` file.
        mean: Red, green, blue.
        deviation: Likewise.

    Raises:
        ResourceError: onnxruntime is not installed (``features.no_onnxruntime``).
        DataError: No model of this kind (``features.model``).
    """
    session = _session(data)
    wanted = _Input.of(session)
    try:
        vector = _run(session, wanted, np.full((wanted.height, wanted.width, 3), 0.5, np.float32))
    except MemoryError:
        raise
    except Exception as error:
        raise no_embedding(f"it does not run ({type(error).__name__})") from error
    if not 0 < len(vector) <= MOST_FEATURES:
        raise no_embedding(f"it makes {len(vector)} numbers of a picture; 1 to {MOST_FEATURES} are allowed")
    red, green, blue = map(float, mean)
    spread = tuple(map(float, deviation))
    if min(spread) <= 0:
        raise no_embedding("a deviation must be greater than 0")
    return EmbeddingModel(name, sha256, len(vector), (red, green, blue), (spread[0], spread[1], spread[2]))


def _session(data: bytes) -> Any:
    runtime = _runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.use_deterministic_compute = True
    # Weights in other files would be looked for in whatever folder the process is in.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", _NOWHERE)
    try:
        return runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise no_embedding(f"onnxruntime cannot load it ({type(error).__name__})") from error


@functools.cache
def runtime_version() -> str:
    """Of onnxruntime, which decides the last bits too; ``"missing"`` where it is not installed."""
    try:
        return metadata.version("onnxruntime")
    except metadata.PackageNotFoundError:
        return "missing"


@functools.cache
def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ResourceError(
            "This case uses an ONNX model, and onnxruntime is not installed here.",
            "Install it (pip install 'mmdesk[onnx]'), or remove the model from the case (mmdesk features remove).",
            code="features.no_onnxruntime",
        ) from error
    return onnxruntime


def no_embedding(reason: str) -> DataError:
    """The error of a file that cannot be used as an embedding model."""
    return DataError(
        f"The file is no picture embedding model: {reason}.",
        "Export the model with one picture input [1, 3, height, width], its weights inside the file, and the embedding"
        " as its first output.",
        code="features.model",
    )
