"""pyarrow without pandas."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder


class _NoPandas(MetaPathFinder):
    """Says that there is no pandas."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:  # noqa: ARG002
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def spare_pandas() -> None:
    """Let pyarrow never load pandas in this process; others may, and did if it is loaded already.

    Where pandas is installed, pyarrow loads it when it first makes an array of a list, in order to look whether that is
    one of pandas'. That takes half a second, in which no other thread of the process does anything, and 60 MB. It looks
    once; so it is let look while there is none.
    Source: ``_check_import`` in pyarrow/pandas-shim.pxi
    """
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    nothing = _NoPandas()
    sys.meta_path.insert(0, nothing)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(nothing)
