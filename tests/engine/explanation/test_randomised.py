"""An explanation is of the model: with its weights in random order it is another one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmdesk.engine.core.types import Head
from tests.engine.explanation import randomised
from tests.engine.sample_case import one_worker, sample

pytestmark = one_worker

ENTITIES = range(10)


@pytest.mark.parametrize("head", [Head.CLASSIFICATION, pytest.param(Head.REGRESSION, marks=pytest.mark.soak)])
def test_a_randomised_model_has_other_explanations(head: Head) -> None:
    report, _ = sample()
    case = Path(report.case)
    trained = randomised.explained(case, report.run_id, head, ENTITIES)
    again = randomised.explained(case, report.run_id, head, ENTITIES[:2])
    assert [randomised.agreement(*pair) for pair in zip(trained, again, strict=False)] == pytest.approx([1.0, 1.0])
    means, same = [], []
    for seed in (1, 2, 3):
        random = randomised.explained(case, report.run_id, head, ENTITIES, seed)
        pairs = list(zip(trained, random, strict=True))
        agreements = [randomised.agreement(*pair) for pair in pairs]
        assert np.max(np.abs(agreements)) < 0.9
        means.append(np.mean(agreements))
        same += [randomised.strongest(one) == randomised.strongest(other) for one, other in pairs]
    # Events of one type have one sign, so a random model is for or against many at once: no mean is exactly zero.
    assert np.max(np.abs(means)) < 0.5
    assert abs(np.mean(means)) < 0.3
    assert np.mean(same) <= 0.1
