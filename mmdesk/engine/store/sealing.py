"""Files of encrypted cases: encrypted and authenticated in chunks, so that a large array is never in memory twice.

A file is a mark, a random salt, and its content in chunks of 1 MiB, each encrypted with AES-256-GCM under a key that
the salt makes the file's own. A chunk's nonce is its number and whether it is the last one, so none can be left out,
repeated, moved or cut off; the file's name in its case is authenticated with each, so no file can stand for another.

Source: Hoang, Reyhanitabar, Rogaway, Vizar, "Online authenticated-encryption and its nonce-reuse misuse-resistance",
CRYPTO 2015, section 7 (STREAM), for the nonces.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mmdesk.engine.core.errors import StoreError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = b"mmdesk\x00\x01"
CHUNK_BYTES = 1 << 20
_SALT_BYTES, _TAG_BYTES, _COUNTER_BYTES = 32, 16, 11
_HEADER_BYTES = len(MARK) + _SALT_BYTES
_PURPOSE = b"mmdesk file 1\x00"


def is_sealed(file: BinaryIO) -> bool:
    """Whether a file, open at its beginning, was written by :class:`SealedWriter`; it is at its beginning again."""
    found = file.read(len(MARK))
    file.seek(0)
    return found == MARK


def _cipher(secret: bytes, salt: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(hmac.new(secret, _PURPOSE + salt, hashlib.sha256).digest())


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_COUNTER_BYTES, "big") + bytes([last])


class SealedWriter(io.BufferedIOBase):
    """Encrypts what is written, in order; the file is whole after :meth:`finish` only.

    Args:
        file: Where it goes; stays open.
        secret: 32 bytes.
        name: Of the file in its case.
    """

    def __init__(self, file: BinaryIO, secret: bytes, name: str) -> None:
        salt = os.urandom(_SALT_BYTES)
        self._file, self._cipher, self._name = file, _cipher(secret, salt), name.encode()
        self._pending, self._number = bytearray(), 0
        file.write(MARK + salt)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, content: ReadableBuffer, /) -> int:
        """Add to the file."""
        view = memoryview(content)
        if not view.nbytes:
            return 0  # a view without anything in it cannot be cast
        view = view.cast("B")
        size = len(view)
        while len(view):
            if len(self._pending) == CHUNK_BYTES:
                self._put(last=False)
            room = CHUNK_BYTES - len(self._pending)
            self._pending += view[:room]
            view = view[room:]
        return size

    def finish(self) -> None:
        """Write the last chunk."""
        self._put(last=True)

    def _put(self, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), self._pending, self._name))
        self._pending.clear()
        self._number += 1


def sealed_reader(file: BinaryIO, secret: bytes, name: str, path: Path) -> BinaryIO:
    """The content of a sealed file, which is closed with it. Reading raises what :class:`_Chunks` does.

    Args:
        file: At its beginning.
        secret: What it was written with.
        name: What it was written as.
        path: For messages.
    """
    return io.BufferedReader(_Chunks(file, secret, name, path), CHUNK_BYTES)


class _Chunks(io.RawIOBase):
    """Reads chunk by chunk.

    Raises:
        StoreError: A chunk is not what was written under this name with this key (``store.altered``).
    """

    def __init__(self, file: BinaryIO, secret: bytes, name: str, path: Path) -> None:
        self._file, self._name, self._path = file, name.encode(), path
        header = file.read(_HEADER_BYTES)
        self._cipher = _cipher(secret, header[len(MARK) :])
        body = file.seek(0, os.SEEK_END) - _HEADER_BYTES
        self._count = max(1, -(-body // (CHUNK_BYTES + _TAG_BYTES)))
        self._size = body - self._count * _TAG_BYTES
        self._place = 0
        self._chunk, self._number = b"", -1

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go somewhere in the content."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read up to the end of a chunk."""
        view = memoryview(buffer).cast("B")
        if self._size > 0 and self._place >= self._size:
            return 0
        number, start = divmod(self._place, CHUNK_BYTES)
        if number != self._number:
            # Also where nothing is left to read: an empty file has a chunk, and one that was cut has none.
            self._chunk, self._number = self._opened(number), number
        piece = memoryview(self._chunk)[start : start + len(view)]
        view[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def _opened(self, number: int) -> bytes:
        from cryptography.exceptions import InvalidTag

        self._file.seek(_HEADER_BYTES + number * (CHUNK_BYTES + _TAG_BYTES))
        content = self._file.read(CHUNK_BYTES + _TAG_BYTES)
        try:
            return self._cipher.decrypt(_nonce(number, last=number == self._count - 1), content, self._name)
        except InvalidTag as error:
            raise StoreError(
                f"{self._path} was altered: it is not what this case wrote under that name.",
                "Restore the case folder from a copy; what trainings and explanations left there can be made anew.",
                code="store.altered",
                details={"path": str(self._path)},
            ) from error

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()
