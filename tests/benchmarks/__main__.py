"""``make bench``: each figure is a ratio against a peer or a physical limit measured in the same run.

Usage: ``python -m tests.benchmarks [NAME...]``, where NAME is the part after ``bench_`` of a module here.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import tempfile
from pathlib import Path

import tests.benchmarks
from tests.benchmarks.figures import Figure, environment_line, format_table


def main(wanted: list[str]) -> int:
    """Run the benchmarks named, or all; 2 where a name is unknown."""
    known = sorted(
        module.name.removeprefix("bench_")
        for module in pkgutil.iter_modules(tests.benchmarks.__path__)
        if module.name.startswith("bench_")
    )
    unknown = set(wanted) - set(known)
    if unknown:
        print(f"No such benchmark: {', '.join(sorted(unknown))}. There are: {', '.join(known)}.", file=sys.stderr)
        return 2
    print(environment_line(), flush=True)
    for name in wanted or known:
        module = importlib.import_module(f"tests.benchmarks.bench_{name}")
        with tempfile.TemporaryDirectory(prefix="mmdesk-bench-") as folder:
            figures: list[Figure] = module.measure(Path(folder))
        print(f"\n{name}: {(module.__doc__ or name).splitlines()[0]}\n{format_table(figures)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
