"""What Train says: the titles of settings, and what came of a training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mmdesk.ui.language import tr
from mmdesk.ui.measures import MEASURES, flattened
from mmdesk.ui.widgets.fields import Setting
from mmdesk.ui.widgets.findings import Sentence, Severity

if TYPE_CHECKING:
    from mmdesk.engine.services.runs import RunPage, TrainResult
    from mmdesk.engine.training.config import ConfigField

_TITLES = {
    "batch_size": tr("Batch size"),
    "learning_rate": tr("Learning rate"),
    "drop_columns": tr("Leave out attributes"),
    "val_fraction": tr("Validation share"),
    "test_fraction": tr("Test share"),
    "gradient_clip": tr("Gradient limit"),
    "averaging": tr("Weight averaging"),
    "weight_decay": tr("Weight decay"),
    "baseline": tr("Train the baseline too"),
    "seed": tr("Seed"),
    "epochs": tr("Epochs"),
    "ensemble": tr("Ensemble"),
    "patience": tr("Patience"),
    "dropout": tr("Dropout"),
    "loss.regression": tr("Loss: regression"),
    "loss.classification": tr("Loss: classification"),
    "loss.ranking": tr("Loss: ranking"),
    "limits.events": tr("Limits: events"),
    "limits.neighbours": tr("Limits: neighbours"),
    "limits.artifacts": tr("Limits: artifacts"),
    "limits.segments": tr("Limits: segments"),
}


def setting_of(field: ConfigField) -> Setting:
    """A setting as the form shows it."""
    inner = field.name.rpartition(".")
    title = _TITLES.get(field.name)
    if title is None:
        words = inner[2].replace("_", " ")
        title = f"{inner[0].capitalize()}: {words}" if inner[0] else words.capitalize()
    default = tuple(field.default) if isinstance(field.default, (list, tuple)) else field.default
    return Setting(
        field.name, title, field.kind, default, field.low, field.high, tr(field.help),
        advanced=field.advanced, automatic=tr("automatic") if field.name in {"epochs", "batch_size"} else "",
    )  # fmt: skip


def values_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a run by the names of the form; JSON has lists where the form has tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in flattened(config)}


def came_anew(result: TrainResult, page: RunPage) -> Sentence:
    """Whether a training anew came to the same."""
    if result.model_sha256 == page.row.model_sha256:
        return Sentence(Severity.GOOD, tr("Trained anew: the same model, bit for bit."))
    return Sentence(
        Severity.WARNING,
        tr("Trained anew: another model came of it. It is kept beside the run."),
        tr("It is in {folder}; Verify in Runs says what differs.", folder=result.folder),
    )


def against_baseline(metrics: Mapping[str, Any]) -> list[Sentence]:
    """Whether the run clearly beats the plain baseline, for its figures stand above; none was trained: nothing."""
    comparison = metrics.get("comparison") or {}
    heads = comparison.get("heads") or {}
    if not heads:
        return []
    names = {(measure.head, measure.key): measure.name for measure in MEASURES}
    better, worse, open_ = (
        ", ".join(names[head, one["measure"]] for head, one in heads.items() if _standing(one) == standing)
        for standing in ("better", "worse", "open")
    )
    if better and worse:
        said = tr("The model beats gradient boosting in {better}, but not in {worse}.", better=better, worse=worse)
    elif better and open_:
        said = tr("The model beats gradient boosting in {better}.", better=better)
    elif worse and open_:
        said = tr("The model does not beat gradient boosting in {worse}.", worse=worse)
    elif better:
        said = tr("The model beats gradient boosting, the plain baseline.")
    elif worse:
        said = tr("The model does not beat gradient boosting, the plain baseline.")
    else:
        said = tr("The model does not clearly differ from gradient boosting, the plain baseline.")
    if open_ and (better or worse):
        said += " " + tr("In {open} they do not clearly differ.", open=open_)
    baseline = metrics["baseline"]
    rows, whole = baseline["rows"], baseline["all_rows"]
    hint = tr("Gradient boosting saw {rows:,} of {all:,} training rows.", rows=rows, all=whole) if rows < whole else ""
    good = Severity.NOTE if open_ else Severity.GOOD
    return [Sentence(Severity.WARNING if worse else good, said, hint)]


def _standing(head: Mapping[str, Any]) -> str:
    """The engine's verdict on one head; runs of older versions say only which figure is better."""
    if not head.get("clear", True):
        return "open"
    return "better" if head["beats"] else "worse"
