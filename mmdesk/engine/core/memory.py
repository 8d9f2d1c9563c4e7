"""Memory that was freed: given back to the system, or kept at hand; and how much a step may ask for."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache

TOO_MUCH_MEMORY = "reading it needs more memory than is allowed"
"""What is said of a file that asked for more."""


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


def address_space_with(extra_bytes: int) -> int | None:
    """The address space of this process with so much on top; None where the system cannot limit it."""
    if sys.platform != "linux":
        return None
    import psutil

    return int(psutil.Process().memory_info().vms) + extra_bytes


@contextmanager
def at_most(extra_bytes: int) -> Iterator[None]:
    """Let what is inside ask for so much memory at most, where the system can limit it (Linux).

    The limit is the whole process's, so it is for processes that do one thing at a time. More asked for is a
    :class:`MemoryError` inside.
    """
    limit = address_space_with(extra_bytes)
    if limit is None:
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    allowed = [limit, *(one for one in before if one != resource.RLIM_INFINITY)]
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (min(allowed), before[1]))
    try:
        yield
    finally:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, before)


@cache
def _of_glibc(name: str) -> Callable[..., int] | None:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), name, None)
