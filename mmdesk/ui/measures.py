"""The measures of a run in words: their names, which way is better, and the verdict against the baseline.

Metrics come as ``part -> head -> figures`` (``{"test": {"classification": {"n", "auroc", ...}}}``), as in
``metrics.json``; the baseline's lie under ``baseline`` in the same form.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mmdesk.ui.engine_words import in_words
from mmdesk.ui.formatting import number, score, shown, to_figures
from mmdesk.ui.language import tr
from mmdesk.ui.widgets.figures import Figure

_SHA256_DIGITS = 64
Metrics = Mapping[str, object]


@dataclass(frozen=True)
class Measure:
    """One measure of one head."""

    head: str
    key: str
    name: str
    higher_is_better: bool
    digits: int = 3

    @property
    def curve(self) -> str:
        """Its name in the training history."""
        return f"{self.head}_{self.key}"


MEASURES = (
    Measure("classification", "auroc", "AUROC", higher_is_better=True),
    Measure("classification", "average_precision", tr("Average precision"), higher_is_better=True),
    Measure("classification", "brier", tr("Brier score"), higher_is_better=False),
    Measure("classification", "ece", tr("Calibration error"), higher_is_better=False),
    Measure("classification", "f1", tr("F1 at the threshold"), higher_is_better=True),
    Measure("regression", "mae", tr("Mean absolute error"), higher_is_better=False),
    Measure("regression", "rmse", tr("Root mean squared error"), higher_is_better=False),
    Measure("regression", "r2", "R²", higher_is_better=True),
    Measure("ranking", "ndcg", "NDCG", higher_is_better=True),
    Measure("ranking", "spearman", tr("Spearman correlation"), higher_is_better=True),
    Measure("ranking", "kendall", tr("Kendall's tau"), higher_is_better=True),
)
LEADING = ("auroc", "mae", "spearman")
"""The one measure of each head that is shown large."""


def value_of(metrics: Metrics | None, part: str, measure: Measure) -> float | None:
    """The figure, or None where the part, the head or the figure is missing."""
    return _figure(metrics, part, measure.head, measure.key)


def _at(metrics: Metrics | None, *keys: str) -> object:
    """What stands there, or None where any of the way is missing: runs of older versions have less."""
    found: object = metrics
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _figure(metrics: Metrics | None, *keys: str) -> float | None:
    found = _at(metrics, *keys)
    return float(found) if isinstance(found, (int, float)) and math.isfinite(found) else None


def interval_of(metrics: Metrics | None, part: str, measure: Measure) -> tuple[float, float] | None:
    """Between what the figure lies in 95 of 100 samples of these rows; None where it was not reckoned."""
    low, high = (_figure(metrics, part, measure.head, f"{measure.key}_{end}") for end in ("low", "high"))
    return None if low is None or high is None else (low, high)


def _compared(metrics: Metrics | None, part: str, measure: Measure) -> Mapping[str, object]:
    """What the engine says of the difference to the baseline; empty where it compared another part or measure."""
    if _at(metrics, "comparison", "part") != part:
        return {}
    found = _at(metrics, "comparison", "heads", measure.head)
    return found if isinstance(found, Mapping) and found.get("measure") == measure.key else {}


def baseline_of(metrics: Metrics | None) -> Metrics | None:
    """The baseline's metrics, in the same form."""
    found = metrics.get("baseline") if metrics is not None else None
    if isinstance(found, Mapping):
        inner = found.get("measures", found)
        return inner if isinstance(inner, Mapping) else None
    return None


def baseline_curves(metrics: Metrics | None, part: str = "val") -> dict[str, float]:
    """What the baseline reached on a part, by the names of the training history."""
    found = {measure.curve: value_of(baseline_of(metrics), part, measure) for measure in MEASURES}
    return {name: value for name, value in found.items() if value is not None}


def rows_of(metrics: Metrics | None, part: str, head: str) -> int | None:
    """How many rows a head's figures rest on."""
    found = _at(metrics, part, head, "n")
    return found if isinstance(found, int) else None


def figures_of(metrics: Metrics | None, part: str = "test") -> list[Figure]:
    """The leading measure of each head with its verdict against the baseline."""
    figures = []
    for measure in MEASURES:
        value = value_of(metrics, part, measure)
        if measure.key not in LEADING or value is None:
            continue
        level = value_of(baseline_of(metrics), part, measure)
        compared = _compared(metrics, part, measure)
        # Runs of older versions say only which figure is better.
        remark, kind = _verdict(measure, value, level, clear=bool(compared.get("clear", True)))
        rows = rows_of(metrics, part, measure.head)
        words = in_words(part)
        tip = (
            tr("{name} on the {part} part", name=measure.name, part=words)
            if rows is None
            else tr("{name} on the {part} part, {rows:,} rows", name=measure.name, part=words, rows=rows)
        )
        interval = interval_of(metrics, part, measure)
        if interval is not None:
            low, high = (score(end, measure.digits) for end in interval)
            tip += "\n" + tr("95 % interval: {low} to {high}", low=low, high=high)
        lead = [_figure(compared, f"better_by_{end}") for end in ("low", "high")]
        if None not in lead:
            low, high = (score(end, measure.digits) for end in lead)
            tip += "\n" + tr("Better than the baseline by, 95 % interval: {low} to {high}", low=low, high=high)
        figures.append(Figure(f"{measure.name}, {words}", score(value, measure.digits), remark, kind, tip))
    return figures


def _verdict(measure: Measure, value: float, baseline: float | None, *, clear: bool) -> tuple[str, str]:
    if baseline is None:
        return tr("no baseline"), "small"
    difference = value - baseline if measure.higher_is_better else baseline - value
    level = score(baseline, measure.digits)
    if not clear:
        return tr("no clear difference to the baseline {level}", level=level), "small"
    if difference > 0:
        return tr("beats the baseline {level}", level=level), "good"
    return tr("does not beat the baseline {level}", level=level), "warn"


def plain_value(value: object) -> str:
    """A value of a configuration or an environment as one line of text."""
    if value is None:
        return number(None)
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, (int, float)):
        return to_figures(value) if isinstance(value, float) else str(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(plain_value(item) for item in value) or number(None)
    if isinstance(value, Mapping):
        named = [plain_value(inner) for key, inner in value.items() if key != "name"]
        others = ", ".join(named) if "name" in value else ", ".join(f"{k}: {plain_value(v)}" for k, v in value.items())
        return f"{plain_value(value['name'])} ({others})" if "name" in value and others else others or number(None)
    text = str(value)
    if len(text) == _SHA256_DIGITS and set(text) <= set("0123456789abcdef"):
        return f"{text[:16]}…"
    return shown(text)


def flattened(document: object, prefix: str = "") -> list[tuple[str, object]]:
    """A nested document as dotted names and values, in its own order."""
    if not isinstance(document, Mapping):
        return [(prefix, document)]
    pairs: list[tuple[str, object]] = []
    for key, value in document.items():
        pairs += flattened(value, f"{prefix}.{key}" if prefix else str(key))
    return pairs
