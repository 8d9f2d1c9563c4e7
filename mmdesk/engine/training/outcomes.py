"""How predictions of a part and what came out lie beside each other, as the plots of a run show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmdesk.engine.core.types import Split
from mmdesk.engine.dataset.case_data import Float64, TargetRows
from mmdesk.engine.training.evaluation import Said
from mmdesk.engine.training.sources import RowSource

_BINS = 10
"""As many as the calibration error is a mean of (:func:`~mmdesk.engine.training.measures.calibration_error`)."""


def outcomes(found: Mapping[Split, Said], sources: Mapping[Split, RowSource], threshold: float) -> dict[str, Any]:
    """The document evaluation.json.

    Returns:
        Part -> ``classification`` (``threshold``; ``confusion``: rows by truth and call, ``true_positive`` and so on;
        ``reliability``: bins) and ``regression`` (``reliability``), each only where the part has such targets.
        A bin has ``predicted`` and ``observed``, the means, and ``rows``; of probabilities also ``low`` and ``high``,
        the 95 % interval of what was observed.
    """
    return {str(part): _of(sources[part].targets, said, threshold) for part, said in found.items()}


def _of(targets: TargetRows, said: Said, threshold: float) -> dict[str, Any]:
    document: dict[str, Any] = {}
    known = ~np.isnan(targets.y_class)
    if known.any():
        label, probability = targets.y_class[known] > 0.5, said.probability[known]
        called = probability >= threshold
        document["classification"] = {
            "threshold": threshold,
            "confusion": {
                "true_positive": int((label & called).sum()),
                "false_negative": int((label & ~called).sum()),
                "false_positive": int((~label & called).sum()),
                "true_negative": int((~label & ~called).sum()),
            },
            "reliability": [bin_ | _wilson(bin_) for bin_ in _bins(probability, label.astype(np.float64))],
        }
    known = ~np.isnan(targets.y_reg)
    if known.any():
        document["regression"] = {"reliability": _bins(said.regression[known], targets.y_reg[known])}
    return document


def _bins(predicted: Float64, observed: Float64) -> list[dict[str, float]]:
    """Means over equally filled bins, in the order of what was predicted."""
    order = np.argsort(predicted, kind="stable")
    groups = [rows for rows in np.array_split(order, min(_BINS, len(order))) if len(rows)]
    return [
        {"predicted": float(predicted[rows].mean()), "observed": float(observed[rows].mean()), "rows": len(rows)}
        for rows in groups
    ]


def _wilson(of: Mapping[str, float]) -> dict[str, float]:
    """Ends of the 95 % interval of an observed share.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
    """
    share, rows, z = of["observed"], of["rows"], 1.959964
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * float(np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)))
    return {"low": max(0.0, middle - half), "high": min(1.0, middle + half)}
