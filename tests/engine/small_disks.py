"""Filling a disk on purpose."""

from __future__ import annotations

import shutil
from pathlib import Path


def fill_up(place: Path, leave: int = 0) -> Path:
    """A file that leaves so many bytes of a small disk free."""
    filler = place / "filler"
    filler.write_bytes(bytes(max(0, shutil.disk_usage(place).free - leave)))
    return filler
