"""The tour of pictures, in every appearance, size of letters and length of texts: nothing is cut, faint or nameless."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_LIMIT_S = 1800


@pytest.mark.soak
@pytest.mark.parametrize("points", [10, 15, 20])
@pytest.mark.parametrize("language", ["en", "long", "de"])
def test_the_tour_finds_nothing_wrong(tmp_path: Path, points: int, language: str) -> None:
    command = [sys.executable, "-m", "tests.ui.screenshots", str(tmp_path), "--points", str(points)]
    looks = ["--in", "light", "dark", "high contrast"] if (points, language) == (10, "en") else ["--in", "light"]
    subprocess.run([*command, "--language", language, *looks], check=True, timeout=_LIMIT_S, capture_output=True)
    assert (tmp_path / "findings.txt").read_text(encoding="utf-8").splitlines() == []
    assert len(list(tmp_path.glob("*.png"))) > 100
