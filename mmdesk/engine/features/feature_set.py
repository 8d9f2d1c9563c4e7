"""Which features a case has: the built-in ones, those of installed extractors, and those of the models kept with it."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import orjson

from mmdesk.engine.core.errors import DataError, ResourceError, UsageError
from mmdesk.engine.core.files import as_resource_error
from mmdesk.engine.core.hashing import sha256_bytes
from mmdesk.engine.features.embedding_model import FOLDER, IMAGENET_DEVIATION, IMAGENET_MEAN, EmbeddingModel
from mmdesk.engine.features.extractors import Extractor, installed_extractors, installed_layout, is_block_name
from mmdesk.engine.features.feature_version import feature_version
from mmdesk.engine.features.layout import Block, FeatureLayout
from mmdesk.engine.features.limits import UnreadableError

if TYPE_CHECKING:  # the workers that read files need no database
    from sqlalchemy.engine import Connection

    from mmdesk.engine.store.case import Case
    from mmdesk.engine.store.case_files import CaseFiles

_KEY = "embedding_models"
LARGEST_MODEL = 2 << 30
"""Bytes; a larger ONNX model cannot be one file, since protobuf messages end at 2 GiB."""


@dataclass(frozen=True)
class FeatureSet:
    """What every artifact's features are.

    Attributes:
        models: Picture embedding models kept with the case, by name.
    """

    models: tuple[EmbeddingModel, ...] = ()

    @functools.cached_property
    def layout(self) -> FeatureLayout:
        """The built-in blocks, then those of installed extractors, then those of the models, each by name."""
        return installed_layout().with_blocks(
            Block(model.name, tuple(f"{model.name}.{name}" for name in model.features)) for model in self.models
        )

    @functools.cached_property
    def version(self) -> str:
        """SHA-256, 64 hexadecimal digits; changes when, and only when, the vectors could."""
        extra: list[object] = [[one.name, one.version, list(one.features)] for one in installed_extractors()]
        if self.models:
            from mmdesk.engine.features.onnx_extractor import runtime_version

            extra += [runtime_version(), *(asdict(model) for model in self.models)]
        return feature_version(extra)

    def extractors(self, files: CaseFiles) -> tuple[Extractor, ...]:
        """The extra extractors, in the order of the layout, their models loaded.

        Raises:
            ResourceError: One cannot be used here (``features.extractor``, ``features.no_onnxruntime``), or a model's
                file is not the one that was added (``features.model_altered``).
            StoreError: A model's file is not on this machine.
        """
        from mmdesk.engine.features.onnx_extractor import OnnxExtractor

        return (*installed_extractors(), *(OnnxExtractor(model, _read(files, model)) for model in self.models))


def _read(files: CaseFiles, model: EmbeddingModel) -> bytes:
    with files.open(model.path) as file:
        data = file.read()
    if sha256_bytes(data) != model.sha256:
        raise ResourceError(
            f"The file of the model {model.name} is not the one that was added to the case.",
            "Remove the model (mmdesk features remove) and add it again from its original file.",
            code="features.model_altered",
        )
    return data


def features_of(connection: Connection) -> FeatureSet:
    """The features of the case that ``connection`` reads.

    Raises:
        ResourceError: An installed extractor cannot be used (when the layout or the version is asked for).
    """
    from sqlalchemy import select

    from mmdesk.engine.store.tables import Meta

    text = connection.execute(select(Meta.value).where(Meta.key == _KEY)).scalar()
    return FeatureSet(tuple(_model(plain) for plain in orjson.loads(text)) if text else ())


def _model(plain: dict[str, object]) -> EmbeddingModel:
    known = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    return EmbeddingModel(**known)  # type: ignore[arg-type]


def case_features(case: Case) -> FeatureSet:
    """:func:`features_of` in a read transaction of its own."""
    with case.read() as connection:
        return features_of(connection)


def measure_alone(
    name: str, sha256: str, data: bytes, mean: Sequence[float], deviation: Sequence[float]
) -> EmbeddingModel:
    """What a model makes of a trial, in a process of its own: somebody else's program may crash, hang or swell.

    Raises:
        ResourceError: onnxruntime is not installed (``features.no_onnxruntime``).
        DataError: No model of this kind, or trying it took too much (``features.model``).
    """
    from mmdesk.engine.features.extraction_pool import run_alone
    from mmdesk.engine.features.onnx_extractor import measure, no_embedding

    try:
        found: EmbeddingModel = run_alone(measure, name, sha256, data, mean, deviation)
    except UnreadableError as error:
        raise no_embedding(f"trying it failed, for {error.message}") from error
    return found


def add_model(
    case: Case,
    name: str,
    data: bytes,
    *,
    mean: Sequence[float] = IMAGENET_MEAN,
    deviation: Sequence[float] = IMAGENET_DEVIATION,
) -> EmbeddingModel:
    """Keep a picture embedding model with the case; every artifact is then extracted anew.

    Args:
        case: Open for writing.
        name: Of its block of features: lower-case letters, digits and underscores.
        data: The ``.onnx`` file.
        mean: Of red, green and blue, on the scale 0 to 1.
        deviation: Likewise; positive.

    Raises:
        UsageError: The name is taken or no name (``usage.extractor_name``).
        DataError: It is no such model (``features.model``).
        ResourceError: onnxruntime is not installed, or the disk is full.
    """
    if len(data) > LARGEST_MODEL:
        raise DataError(
            "The model is larger than 2 GiB.", "Export it with fewer or smaller weights.", code="features.model"
        )
    problem = _problem(name, case_features(case))
    if problem:
        raise UsageError(
            f"{name} cannot name the model: {problem}.", "Choose another name (--name).", code="usage.extractor_name"
        )
    model = measure_alone(name, sha256_bytes(data), data, mean, deviation)
    folder = case.files.path(FOLDER)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise as_resource_error(error, folder) from error
    with case.files.writer(model.path) as file:
        file.write(data)
    details = {"sha256": model.sha256, "features": model.size}
    with case.write("features.add", name, details) as connection:
        _store(connection, (*features_of(connection).models, model))
    return model


def remove_model(case: Case, name: str) -> None:
    """Take a model out of the case's features; its file stays for the runs that used it.

    Raises:
        UsageError: The case has no such model (``usage.no_extractor``).
    """
    models = case_features(case).models
    if name not in {model.name for model in models}:
        known = ", ".join(model.name for model in models) or "none"
        raise UsageError(f"The case has no model called {name}.", f"It has: {known}.", code="usage.no_extractor")
    with case.write("features.remove", name) as connection:
        _store(connection, tuple(model for model in features_of(connection).models if model.name != name))


def name_for(text: str) -> str:
    """A block's name made of any text, such as a file's name."""
    letters = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40]
    return letters if is_block_name(letters) else f"model_{letters}".rstrip("_")


def _problem(name: str, features: FeatureSet) -> str | None:
    """Why a block cannot be called ``name``; ``None`` if it can."""
    if not is_block_name(name):
        return "a name is made of lower-case letters, digits and underscores, and begins with a letter"
    taken = name in {block.name for block in features.layout.blocks}
    return "other features have this name already" if taken else None


def _store(connection: Connection, models: tuple[EmbeddingModel, ...]) -> None:
    from sqlalchemy import delete, insert

    from mmdesk.engine.store.tables import Meta

    connection.execute(delete(Meta).where(Meta.key == _KEY))
    ordered = sorted(models, key=lambda model: model.name)
    value = orjson.dumps([asdict(model) for model in ordered]).decode()
    connection.execute(insert(Meta).values(key=_KEY, value=value))
