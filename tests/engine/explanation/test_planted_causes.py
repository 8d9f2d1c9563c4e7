"""A made-up case of full size: are the planted causes named, and the right tile, second and frame pointed at?"""

from __future__ import annotations

from pathlib import Path

import pytest

from mmdesk.engine.core.types import Verdict
from mmdesk.engine.dataset.synth_data import read_causes
from mmdesk.engine.dataset.synth_plan import Modality
from mmdesk.engine.explanation.explanation import Explanation, Grade
from mmdesk.engine.explanation.planted import Found, find_cause
from mmdesk.engine.services import explanations, samples

pytestmark = pytest.mark.soak


def test_planted_causes_are_named_and_pointed_at(tmp_path: Path) -> None:
    report = samples.run_demo(tmp_path / "case", seed=99, actor="tester")
    assert report.verdict is Verdict.IDENTICAL
    assert report.test_auroc >= max(0.85, report.best_auroc - 0.05)
    data = Path(report.data)
    causes = read_causes(data)
    kinds: dict[str, set[Modality]] = {}
    for cause in causes:
        kinds.setdefault(cause.entity_id, set()).add(cause.modality)
    decided: list[tuple[Explanation, Found]] = []
    gaps = []
    for one in explanations.explain_many(Path(report.case), report.run_id, targets_file=data / "targets.csv"):
        gaps.append(abs(one.gap) <= 0.01 * max(abs(one.output - one.base), 1e-3))
        found = find_cause(one, causes)
        # Decided by a cause: it is the only one, and the model says yes.
        if found is not None and len(kinds[one.entity_id]) == 1 and one.output >= 0.5:
            decided.append((one, found))
    assert sum(gaps) >= 0.99 * len(gaps)
    assert {found.modality for _, found in decided} == set(Modality)
    top = [found for _, found in decided if found.rank is not None and found.rank <= 3]
    assert len(top) >= 0.95 * len(decided)
    placed = [found.pointed for found in top if found.pointed is not None]
    assert sum(placed) >= 0.9 * len(placed)
    assert sum(one.faithfulness.grade in {Grade.A, Grade.B} for one, _ in decided) >= 0.8 * len(decided)
