"""What codecs print while they read a file.

libjpeg fills what is missing with grey and returns a whole picture; that it did it says on the standard error stream
alone. Worker processes, whose stream nobody reads, listen to it; elsewhere nothing is heard.
"""

from __future__ import annotations

import os

_MOST_BYTES = 4096
_heard: int | None = None


def listen() -> None:
    """Keep what this process prints on its error stream from now on; where the system cannot, it is thrown away."""
    global _heard  # noqa: PLW0603 - a process has one error stream
    if hasattr(os, "memfd_create"):
        stream = _heard = os.memfd_create("codec-messages")
    else:
        stream = os.open(os.devnull, os.O_WRONLY)
    os.dup2(stream, 2)


def take() -> bytes:
    """What was printed since the last call; empty if nothing was, or nobody listens."""
    if _heard is None or not os.lseek(_heard, 0, os.SEEK_CUR):
        return b""
    said = os.pread(_heard, _MOST_BYTES, 0)
    os.ftruncate(_heard, 0)
    os.lseek(_heard, 0, os.SEEK_SET)
    return said
