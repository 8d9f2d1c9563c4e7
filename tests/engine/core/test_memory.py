"""Freed memory goes back to the system where it can."""

from __future__ import annotations

import sys

import numpy as np
import psutil
import pytest

from mmdesk.engine.core.memory import give_back


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' allocators give it back themselves")
def test_what_lies_between_other_things_is_given_back() -> None:
    pieces = [np.ones(8000, np.uint8) for _ in range(8000)]  # 64 MB in pieces too small to be mapped one by one
    kept = pieces[::50]
    del pieces
    before = psutil.Process().memory_info().rss
    give_back()
    assert psutil.Process().memory_info().rss < before - (30 << 20)
    assert len(kept) == 160
