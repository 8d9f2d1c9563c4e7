"""What a training's bytes depend on besides code, data and configuration."""

from __future__ import annotations

import importlib
import os
import platform
import random
import sys
from importlib import metadata
from typing import Any

import numpy as np
import torch

from mmdesk.engine.core.code_manifest import code_hash
from mmdesk.engine.core.hashing import sha256_json
from mmdesk.engine.core.processes import PINNED_ENVIRONMENT
from mmdesk.version import __version__

_PACKAGES = ("numpy", "scipy", "scikit-learn", "pyarrow", "torch")


def settle(seed: int) -> None:
    """One thread, deterministic algorithms, and every generator at ``seed``; for the training process only."""
    torch.set_num_threads(1)
    # What use_deterministic_algorithms(True) says too, after loading a compiler that nothing here uses: two seconds.
    torch.set_deterministic_debug_mode("error")
    # Which also fills every new tensor before it is written: a twelfth of the time, and nothing here reads unwritten.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # Subnormal numbers are kept or flushed by the CPU's mood on some builds; flushed always is the same everywhere.
    torch.set_flush_denormal(True)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - libraries that still use the global generator
    torch.manual_seed(seed)


def fingerprint() -> dict[str, Any]:
    """What bit-exactness is promised within: another value of any of these is another environment."""
    return {
        "torch": str(torch.__version__),
        "torch_build": sha256_json(torch.__config__.show()),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "machine": platform.machine(),
        "numpy": metadata.version("numpy"),
        "numpy_instructions": _numpy_instructions(),
        "scipy": metadata.version("scipy"),
        "pins": {name: os.environ.get(name, "") for name in sorted(PINNED_ENVIRONMENT) if name not in {"TZ", "LC_ALL"}},
    }


def _numpy_instructions() -> list[str]:
    """The groups of instructions beyond NumPy's least that it chooses among and finds here."""
    core: Any = importlib.import_module("numpy._core._multiarray_umath")
    return [name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name)]


def environment() -> dict[str, Any]:
    """The document environment.json: the fingerprint, and what is good to know beside it."""
    return {
        "fingerprint": fingerprint(),
        "code_sha256": code_hash("training"),
        "mmdesk": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "frozen": bool(getattr(sys, "frozen", False)),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
    }
