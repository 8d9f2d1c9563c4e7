"""Comparing a run with the same training done again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mmdesk.engine.core.code_manifest import code_hash
from mmdesk.engine.core.errors import ModelError
from mmdesk.engine.core.types import Verdict
from mmdesk.engine.dataset.snapshot import read_snapshot
from mmdesk.engine.model.ensemble import AnyModel
from mmdesk.engine.store.case_files import CaseFiles
from mmdesk.engine.training.checkpoint import load_model
from mmdesk.engine.training.execution import DIGESTS
from mmdesk.engine.training.records import RunRecord


@dataclass(frozen=True)
class Judgement:
    """A verdict with what it rests on; ``text`` is one or two sentences."""

    verdict: Verdict
    text: str
    details: dict[str, Any]


def obstacles(files: CaseFiles, record: RunRecord) -> Judgement | None:
    """Why the run cannot be verified at all; None if it can."""
    if record.model_sha256 is None:
        return Judgement(Verdict.UNVERIFIABLE, f"The run is {record.status}, so there is no model to verify.", {})
    recorded = record.config.get("code_sha256")
    if recorded != code_hash("training"):
        return Judgement(
            Verdict.UNVERIFIABLE,
            "The run was trained by another version of the training code; only that version can train it again.",
            {"code_sha256": recorded, "code_sha256_now": code_hash("training")},
        )
    if not files.document(f"{record.folder}/environment.json").get("fingerprint"):
        return Judgement(
            Verdict.UNVERIFIABLE,
            "The run's environment.json is gone or damaged, so nobody can say whether this environment is the run's.",
            {},
        )
    try:
        load_model(files, f"{record.folder}/model.pt", record.model_sha256)
        read_snapshot(files, record.data_sha256)
    except ModelError as error:
        return Judgement(Verdict.UNVERIFIABLE, error.message, {"code": error.code, **error.details})
    return None


def judge(files: CaseFiles, record: RunRecord, attempt: str, model_sha256: str) -> Judgement:
    """The verdict on a run from a second training of it.

    Args:
        files: Of the case.
        record: The run; its model and snapshot were found in order.
        attempt: Folder of the second training, relative to the case folder.
        model_sha256: Of the second training's model.
    """
    differences = _environment_differences(files, record.folder, attempt)
    same = model_sha256 == record.model_sha256
    if differences:
        distance = _distance(files, record, attempt, model_sha256)
        names = ", ".join(sorted(differences))
        text = f"This environment is not the run's ({names}), so equal bytes are not promised; " + (
            "the model came out the same all the same."
            if same
            else f"the weights differ by at most {distance['largest_weight_difference']:.3g}."
        )
        return Judgement(
            Verdict.DIFFERENT_ENVIRONMENT, text, {"environment": differences, "same_bytes": same, **distance}
        )
    if same:
        return Judgement(
            Verdict.IDENTICAL, "Trained again from the run's own snapshot, the model is the same to the last bit.", {}
        )
    first = _first_difference(files, record.folder, attempt)
    distance = _distance(files, record, attempt, model_sha256)
    where = f" first in epoch {first['epoch']}, tensor {first['tensor']}" if first else ""
    return Judgement(
        Verdict.DIVERGED,
        f"Trained again in the same environment, the model came out differently{where}.",
        {"first": first, **distance},
    )


def _environment_differences(files: CaseFiles, run: str, attempt: str) -> dict[str, Any]:
    """What of the fingerprint differs: name -> the run's and this one's."""
    before = files.document(f"{run}/environment.json").get("fingerprint", {})
    now = files.document(f"{attempt}/environment.json").get("fingerprint", {})
    return {
        name: {"run": before.get(name), "now": now.get(name)}
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    }


def _first_difference(files: CaseFiles, run: str, attempt: str) -> dict[str, Any] | None:
    """The first epoch, and in it the first tensor, whose digests differ; None where the logs agree or are gone."""
    logs = [files.lines(f"{folder}/{DIGESTS}") for folder in (run, attempt)]
    for before, now in zip(*logs, strict=False):
        for tensor, digest in before["weights"].items():
            if now["weights"].get(tensor) != digest:
                return {"member": before["member"], "epoch": before["epoch"], "tensor": tensor}
    if len(logs[0]) != len(logs[1]):
        return {"member": None, "epoch": min(map(len, logs)) + 1, "tensor": "(one training stopped earlier)"}
    return None


def _distance(files: CaseFiles, record: RunRecord, attempt: str, model_sha256: str) -> dict[str, Any]:
    """How far apart two models are: the largest difference of a weight, and of each measure."""
    first = load_model(files, f"{record.folder}/model.pt", record.model_sha256).model
    second = load_model(files, f"{attempt}/model.pt", model_sha256).model
    metrics = files.document(f"{attempt}/metrics.json")
    return {
        "largest_weight_difference": _largest(first, second),
        "metrics": {"run": record.metrics.get("test"), "now": metrics.get("test")},
    }


def _largest(first: AnyModel, second: AnyModel) -> float:
    before, now = first.state_dict(), second.state_dict()
    if before.keys() != now.keys() or any(before[name].shape != now[name].shape for name in before):
        return float("inf")
    return max(
        float((before[name].double() - now[name].double()).abs().max()) for name in before if before[name].numel()
    )
