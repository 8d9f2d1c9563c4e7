"""Which program made an explanation: the engine's sources as they were when this process began, and its libraries."""

from __future__ import annotations

import functools
import sys
from importlib import metadata
from pathlib import Path

from mmdesk.engine.core.hashing import sha256_file, sha256_json
from mmdesk.engine.explanation.explanation import SCHEMA_VERSION
from mmdesk.version import __version__

_LIBRARIES = ("torch", "numpy", "captum")


def _sources() -> str:
    """Of all sources of the engine; the same for every frozen program, which has none."""
    engine = Path(__file__).resolve().parents[1]
    return sha256_json(
        [[path.relative_to(engine).as_posix(), sha256_file(path)] for path in sorted(engine.rglob("*.py"))]
    )


# When this is loaded, not when it is asked: sources that are replaced meanwhile are not what this process runs.
_LOADED = _sources()


@functools.cache
def made_by() -> str:
    """A digest of the code and the libraries that decide an explanation's bytes."""
    program = Path(sys.executable).stat() if getattr(sys, "frozen", False) else None
    return sha256_json(
        {
            "version": __version__,
            "sources": _LOADED,
            "program": None if program is None else [program.st_size, program.st_mtime_ns],
            "libraries": [_version(name) for name in _LIBRARIES],
            "schema": SCHEMA_VERSION,
        }
    )


def _version(library: str) -> str:
    """As installed; a frozen program may leave it out, and is known by its own file."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""
