"""The environment that makes numbers repeatable, and workers started inside it."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping

_X86 = platform.machine().lower() in {"x86_64", "amd64"}
PORTABLE_PINS: Mapping[str, str] = (
    {
        "MKL_CBWR": "COMPATIBLE",
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        # NumPy's exp() and its kin differ in the last bits between AVX-512 and AVX2, and so do OpenBLAS's products.
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
        "OPENBLAS_CORETYPE": "Haswell",
    }
    if _X86
    else {}
)
"""The same instructions on every x86 CPU; the first three measured across Haswell, Rome and AVX-512 machines."""
_TELLING = ("OMP_", "MKL_", "KMP_", "NPY_", "OPENBLAS_", "GOTO_", "ONEDNN_", "DNNL_", "ATEN_", "TORCH_", "PYTORCH_")
"""Beginnings of variables that tell the libraries how to reckon."""

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
    environment = {key: value for key, value in os.environ.items() if not key.startswith(_TELLING)}
    environment.update(PINNED_ENVIRONMENT)
    return environment
