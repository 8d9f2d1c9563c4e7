"""``make bench``: each figure is a ratio against a peer or a physical limit measured in the same run.

Usage: ``python -m tests.benchmarks [--only NAME] [--scale 0.05] [--rounds 3]``, where NAME is the part after ``bench_``
of a module here.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
import tempfile
import warnings
from pathlib import Path

import tests.benchmarks
from tests.benchmarks.figures import Extent, Figure, environment_line, format_table, load_line


def names() -> list[str]:
    """The benchmarks there are."""
    modules = (module.name for module in pkgutil.iter_modules(tests.benchmarks.__path__))
    return sorted(name.removeprefix("bench_") for name in modules if name.startswith("bench_"))


def run(name: str, extent: Extent) -> list[Figure]:
    """One benchmark in a folder of its own."""
    module = importlib.import_module(f"tests.benchmarks.bench_{name}")
    with tempfile.TemporaryDirectory(prefix="mmdesk-bench-") as folder, tempfile.TemporaryDirectory() as home:
        os.environ.update({"XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home})  # not the user's own keys and anchors
        figures: list[Figure] = module.measure(Path(folder), extent)
    print(f"\n{name}: {(module.__doc__ or name).splitlines()[0]}", f"[{load_line()}]", flush=True)
    print(format_table(figures), flush=True)
    return figures


def main(arguments: list[str]) -> int:
    """Run the benchmarks asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=names(), metavar="NAME", help=f"one of {', '.join(names())}")
    parser.add_argument("--scale", type=float, default=1.0, help="of the sizes that the goals name")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each; the best one counts")
    asked = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    print(environment_line(), flush=True)
    for name in asked.only or names():
        run(name, Extent(asked.scale, asked.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
