"""The environment that makes numbers repeatable, and workers started inside it."""

from __future__ import annotations

import os
from collections.abc import Mapping

PORTABLE_PINS: Mapping[str, str] = {
    "MKL_CBWR": "COMPATIBLE",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
}
"""The same instructions on every x86 CPU; measured across Haswell, Rome and AVX-512 machines."""

PINNED_ENVIRONMENT: Mapping[str, str] = {
    # One thread everywhere: sums keep their order. Hash seed: no dependence on the order of sets.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    **PORTABLE_PINS,
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
}


def pinned_environment() -> dict[str, str]:
    """The caller's environment with everything that could change a number pinned."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "MKL_", "KMP_"))}
    environment.update(PINNED_ENVIRONMENT)
    return environment
