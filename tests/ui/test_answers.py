"""What the window hears from its lanes loads nothing heavy into its process."""

from __future__ import annotations

import ast

from tests.ui.fresh import ROOT, printed_by


def _answer_modules() -> set[str]:
    """Where the types of all answers are defined: to open an answer, its module is loaded."""
    return {
        node.module
        for path in (ROOT / "mmdesk" / "ui").glob("*calls.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and any(name.name[0].isupper() for name in node.names)
    }


def test_answers_of_the_lanes_load_neither_torch_nor_pandas() -> None:
    modules = sorted(name for name in _answer_modules() if name.startswith("mmdesk.engine"))
    assert len(modules) > 20
    script = f"""
import importlib, sys
from mmdesk.engine.core.arrow import spare_pandas
spare_pandas()
for name in {modules!r}:
    importlib.import_module(name)
import pyarrow as pa
pa.array(["a", None])
print([name for name in ("torch", "pandas", "sklearn", "cv2", "captum") if name in sys.modules])
import pandas
"""
    assert printed_by(script) == "[]"  # and whoever needs pandas has it
