"""The file that a decoder is given: no name, nothing to write to, and a place for every wild seek."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import BinaryIO


class MediaFile:
    """Reads from another file.

    Damaged headers send decoders to places where no file can be, which the system calls an error. Raised in the middle
    of a codec's code, that error would be printed or come up somewhere else; so such a seek leads to the end, where the
    decoder finds nothing.

    Args:
        file: Seekable.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.read = file.read
        self.readinto = file.readinto  # type: ignore[attr-defined]
        self.tell = file.tell

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, or to the end if there can be none; the place reached."""
        with suppress(OSError, ValueError, OverflowError):
            return self._file.seek(offset, whence)
        return self._file.seek(0, io.SEEK_END)

    def seekable(self) -> bool:
        """Always."""
        return True
