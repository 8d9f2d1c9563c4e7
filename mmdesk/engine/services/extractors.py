"""Extra extractors of a case's features: what there is, adding an embedding model, removing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.files import as_resource_error
from mmdesk.engine.core.types import MediaType, current_actor
from mmdesk.engine.features.embedding_model import IMAGENET_DEVIATION, IMAGENET_MEAN, MODEL_MEDIA, EmbeddingModel


@dataclass(frozen=True)
class ExtractorInfo:
    """An extra extractor.

    Attributes:
        name: Of its block of features.
        kind: ``"installed"`` (a package announces it, for every case) or ``"model"`` (an ONNX file kept with the case).
        version: Of the package's extractor; the SHA-256 of a model.
        media_types: What it reads.
        features: How many numbers it makes of each segment.
    """

    name: str
    kind: str
    version: str
    media_types: tuple[MediaType, ...]
    features: int


def list_extractors(folder: Path) -> tuple[ExtractorInfo, ...]:
    """The extra extractors of a case, in the order of their blocks.

    Raises:
        StoreError: The case cannot be read.
        ResourceError: An installed extractor cannot be used (``features.extractor``).
    """
    from mmdesk.engine.features import feature_set
    from mmdesk.engine.features.extractors import installed_extractors
    from mmdesk.engine.store.case import Case

    with Case.open(folder, actor=current_actor()) as case:
        models = feature_set.case_features(case).models
    installed = [
        ExtractorInfo(one.name, "installed", one.version, tuple(sorted(one.media_types)), len(one.features))
        for one in installed_extractors()
    ]
    return (*installed, *(_info(model) for model in models))


def _info(model: EmbeddingModel) -> ExtractorInfo:
    return ExtractorInfo(model.name, "model", model.sha256, MODEL_MEDIA, model.size)


def add_model(
    folder: Path,
    path: Path,
    *,
    name: str | None = None,
    mean: Sequence[float] = IMAGENET_MEAN,
    deviation: Sequence[float] = IMAGENET_DEVIATION,
    actor: str,
) -> ExtractorInfo:
    """Keep a copy of a picture embedding model with a case; its numbers become features of pictures and films.

    Args:
        folder: The case.
        path: An ``.onnx`` file.
        name: Of its block of features; made of the file's name if not given.
        mean: Of red, green and blue, on the scale 0 to 1.
        deviation: Likewise; positive.
        actor: Who.

    Raises:
        UsageError: There is no such file, or the name is taken or no name.
        DataError: It is no such model (``features.model``).
        ResourceError: onnxruntime is not installed (``features.no_onnxruntime``), or the disk is full.
        StoreError: The case cannot be written.
    """
    from mmdesk.engine.features import feature_set
    from mmdesk.engine.store.case import Case

    try:
        data = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError(f"There is no file {path}.", "Check the path.", code="usage.no_file") from error
    except OSError as error:
        raise as_resource_error(error, path) from error
    with Case.open(folder, write=True, actor=actor) as case:
        chosen = name or feature_set.name_for(path.stem)
        return _info(feature_set.add_model(case, chosen, data, mean=mean, deviation=deviation))


def remove_model(folder: Path, name: str, *, actor: str) -> None:
    """Take a model out of the case's features; runs that used it keep what they need.

    Raises:
        UsageError: The case has no such model (``usage.no_extractor``).
        StoreError: The case cannot be written.
    """
    from mmdesk.engine.features import feature_set
    from mmdesk.engine.store.case import Case

    with Case.open(folder, write=True, actor=actor) as case:
        feature_set.remove_model(case, name)
