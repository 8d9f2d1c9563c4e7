"""``model.pt``: the network, what it was fitted with, and how its probability is calibrated; and the half-way state."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import torch

from mmdesk.engine.core.errors import ModelError, StoreError
from mmdesk.engine.core.hashing import sha256_bytes, sha256_json
from mmdesk.engine.core.types import Head
from mmdesk.engine.dataset.batches import Encoder, Limits
from mmdesk.engine.model.ensemble import AnyModel, Ensemble
from mmdesk.engine.model.model import FullModel, ModelSizes
from mmdesk.engine.store.case_files import CaseFiles
from mmdesk.engine.training.config import TrainingConfig
from mmdesk.engine.training.decisions import DecisionRule
from mmdesk.engine.training.environment import fingerprint
from mmdesk.engine.training.train import Progress

_FORMAT = 1
_SEAL = 64


@dataclass(frozen=True)
class TrainedModel:
    """Everything a prediction needs.

    Attributes:
        model: In evaluation mode. ``encoder``: turns a case into batches.
        config: The settings it was trained with. ``heads``: the ones that had targets to learn from.
        rule: What may be decided from its outputs.
    """

    model: AnyModel
    encoder: Encoder
    config: TrainingConfig
    heads: tuple[Head, ...]
    rule: DecisionRule = field(default_factory=DecisionRule)

    @property
    def limits(self) -> Limits:
        """How much history becomes tokens."""
        return self.config.limits


def new_model(encoder: Encoder, config: TrainingConfig, seed: int, target_scale: tuple[float, float]) -> FullModel:
    """A fresh network for these inputs; the same seed gives the same weights."""
    torch.manual_seed(seed)
    model = FullModel(
        ModelSizes(
            attributes=len(encoder.attributes.names),
            event_types=encoder.events.values.size,
            event_features=len(encoder.events.names),
            neighbour_features=len(encoder.neighbour_names),
            segment_features=len(encoder.segments.mean),
            dropout=config.number("dropout"),
        )
    )
    model.target_scale.copy_(torch.tensor(target_scale, dtype=torch.float64))
    model.artifacts.mean.copy_(torch.from_numpy(encoder.segments.mean.copy()))
    model.artifacts.deviation.copy_(torch.from_numpy(encoder.segments.deviation.copy()))
    return model


def joined(members: Sequence[FullModel], calibration: tuple[float, float]) -> AnyModel:
    """One model of its members, calibrated, in evaluation mode."""
    model: AnyModel = members[0] if len(members) == 1 else Ensemble(members)
    model.calibration.copy_(torch.tensor(calibration))
    return model.eval()


def to_bytes(document: dict[str, Any]) -> bytes:
    """The bytes of ``torch.save``; through a buffer, since they would depend on a file's name."""
    buffer = io.BytesIO()
    torch.save(document, buffer)
    return buffer.getvalue()


def dump_model(trained: TrainedModel) -> bytes:
    """The content of ``model.pt``: the same model, the same bytes."""
    model = trained.model
    members = model.all() if isinstance(model, Ensemble) else [model]
    return to_bytes(
        {
            "format": _FORMAT,
            "sizes": members[0].sizes.state(),
            "members": [{name: t.detach().clone() for name, t in member.state_dict().items()} for member in members],
            "calibration": [float(value) for value in model.calibration],
            "encoder": trained.encoder.state(),
            "config": trained.config.document(),
            "heads": [str(head) for head in trained.heads],
            "rule": trained.rule.state(),
        }
    )


def load_model(files: CaseFiles, relative: str, expected_sha256: str | None) -> TrainedModel:
    """Read ``model.pt``; its SHA-256 is compared with the run's record before anything in it is believed.

    Raises:
        ModelError: Not the bytes that the training wrote (``model.altered``), not there (``model.missing``), or not a
            model of this program (``model.unreadable``).
    """
    if not files.exists(relative):
        raise ModelError(
            f"{relative} is not here.",
            "Restore the case folder from a backup, or train again: the same data give the same model.",
            code="model.missing",
        )
    try:
        with files.open(relative) as file:
            found = sha256_bytes(content := file.read())
    except StoreError:
        content, found = b"", "not readable: encrypted and altered"
    if expected_sha256 is None or found != expected_sha256:
        raise ModelError(
            f"{relative} is not the model that was trained: its SHA-256 differs from the run's record.",
            "Restore the case folder from a backup, or train again with --force.",
            code="model.altered",
            details={"expected": expected_sha256, "found": found},
        )
    try:
        return _rebuild(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"{relative} is not a model that this version of mmdesk can read.",
            "It was written by another version; train anew.",
            code="model.unreadable",
        ) from error


def _rebuild(document: dict[str, Any]) -> TrainedModel:
    if document["format"] != _FORMAT:
        raise ModelError(
            f"The model has the format {document['format']}; this version reads {_FORMAT}.",
            "Use the version of mmdesk that trained it, or train anew.",
            code="model.format",
        )
    sizes = ModelSizes.from_state(document["sizes"])
    members = []
    for weights in document["members"]:
        if not all(bool(torch.isfinite(tensor).all()) for tensor in weights.values()):
            raise ModelError("The model holds numbers that are not finite.", "Train anew.", code="model.not_finite")
        member = FullModel(sizes)
        member.load_state_dict(weights)
        members.append(member)
    slope, intercept = document["calibration"]
    return TrainedModel(
        model=joined(members, (slope, intercept)),
        encoder=Encoder.from_state(document["encoder"]),
        config=TrainingConfig(document["config"]),
        heads=tuple(Head(name) for name in document["heads"]),
        rule=DecisionRule.from_state(document.get("rule", {})),  # runs of the first version have none
    )


@dataclass
class Halfway:
    """Where an interrupted training stood: the members that are done, and the one under way."""

    done: list[Progress]
    current: Progress | None


def save_halfway(files: CaseFiles, relative: str, state: Halfway) -> None:
    """Write the half-way state, sealed with its own SHA-256."""
    current = _plain(state.current) if state.current is not None else None
    done = [_plain(progress) for progress in state.done]
    content = to_bytes({"fingerprint": sha256_json(fingerprint()), "done": done, "current": current})
    with files.writer(relative, durable=False) as file:
        file.write(sha256_bytes(content).encode() + content)


def load_halfway(files: CaseFiles, relative: str) -> Halfway:
    """The half-way state; nothing done where there is none, or it is damaged or of another environment.

    Half of a training here and half of it there would be nobody's: neither environment could do it again.
    """
    if not files.exists(relative):
        return Halfway([], None)
    try:
        with files.open(relative) as file:
            seal, content = file.read(_SEAL), file.read()
    except StoreError:
        return Halfway([], None)
    if seal != sha256_bytes(content).encode():
        return Halfway([], None)
    document = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    if document.get("fingerprint") != sha256_json(fingerprint()):
        return Halfway([], None)
    current = Progress(**document["current"]) if document["current"] is not None else None
    return Halfway([Progress(**plain) for plain in document["done"]], current)


def _plain(progress: Progress) -> dict[str, Any]:
    return {field.name: getattr(progress, field.name) for field in fields(progress)}
