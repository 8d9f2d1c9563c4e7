"""Memory that very long histories take, in a process of its own; most of it is what PyTorch takes to be there."""

from __future__ import annotations

import pytest

from tests.benchmarks import peak

MOST_MIB = 2048


def test_an_entity_with_twenty_thousand_events() -> None:
    assert peak.measure("explain", 1, 20_000, 64).peak_mib < MOST_MIB / 3


@pytest.mark.soak
@pytest.mark.parametrize(("entities", "limit"), [(32, 64), (8, 1024), (1, 4096), (3, 4096)])
def test_most_events_one_by_one_and_several_entities_at_once(entities: int, limit: int) -> None:
    """4096 is the most that the settings allow."""
    found = peak.measure("explain", entities, 20_000, limit)
    print(entities, limit, found)
    assert found.peak_mib < MOST_MIB
