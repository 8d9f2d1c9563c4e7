"""Memory that was freed: given back to the system, or kept at hand."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """Hand freed memory back before something else needs much; takes milliseconds.

    What one thread freed, glibc keeps for that thread, where another cannot use it. Other systems' allocators do not.
    Source: glibc's manual, malloc_trim
    """
    import pyarrow as pa  # not for workers, which read files and need no tables

    pa.default_memory_pool().release_unused()
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 32 << 20
_KEPT_BLOCK_BYTES = 8 << 20


def keep_at_hand() -> None:
    """Let this process keep what it frees, up to 32 MB, instead of asking the system for it again and again.

    For processes that fill arrays of some hundred kilobytes for one file after the other: glibc hands such arrays back
    at once, and the system clears every page anew. Other systems' allocators do not.
    Source: glibc's manual, mallopt
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _KEPT_BLOCK_BYTES)
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)


@cache
def _of_glibc(name: str) -> Callable[..., int] | None:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), name, None)
