"""Where the pictures and the style sheet are, from source and in a packaged program."""

from __future__ import annotations

import sys
from pathlib import Path


def resource(relative: str) -> Path:
    """The file ``resources/<relative>``; a packaged program carries the folder beside its modules."""
    packed = getattr(sys, "_MEIPASS", None)
    root = Path(packed) if packed else Path(__file__).resolve().parents[2]
    return root / "resources" / relative
