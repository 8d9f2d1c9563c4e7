"""Whether a PDF holds streams that swell beyond all measure when they are unpacked.

PDFium unpacks whole streams and ends the process when memory runs out, so that is found out before it is asked.
"""

from __future__ import annotations

import re
import zlib

MOST_UNPACKED = 256 << 20
"""Of one stream: a page scanned at 600 dots per inch in colour takes 100 MB."""
_STREAM = re.compile(rb"stream\r?\n(?=[\x08\x18\x28\x38\x48\x58\x68\x78])")
_GLANCE_BYTES = 4096
_SUSPICIOUS = 100
_MOST_LAYERS = 4
_MOST_LAYER_BYTES = 16 << 20


def swells(data: bytes) -> bool:
    """Whether a stream that is packed with Flate, several times over perhaps, unpacks to more than the limit.

    Only streams whose first bytes grow a hundredfold, or hold packed bytes again, are unpacked to their end.
    """
    view = memoryview(data)
    return any(_swells(view[found.end() :], _MOST_LAYERS) for found in _STREAM.finditer(data))


def _swells(packed: memoryview | bytes, layers: int) -> bool:
    inflater = zlib.decompressobj()
    glance = bytes(packed[:_GLANCE_BYTES])
    try:
        first = inflater.decompress(glance, _SUSPICIOUS * _GLANCE_BYTES)
    except zlib.error:
        return False
    nested = layers > 1 and len(first) > 2 and first[0] & 0x8F == 8 and int.from_bytes(first[:2], "big") % 31 == 0
    if not nested and len(first) < _SUSPICIOUS * max(1, len(glance) - len(inflater.unconsumed_tail)):
        return False
    kept, made, position = [first], len(first), len(glance)
    while made <= MOST_UNPACKED and not inflater.eof:
        piece = inflater.unconsumed_tail or bytes(packed[position : position + (1 << 16)])
        position += 0 if inflater.unconsumed_tail else len(piece)
        try:
            part = inflater.decompress(piece, 1 << 20) if piece else b""
        except zlib.error:
            break
        if not piece:
            break
        made += len(part)
        if nested and made <= _MOST_LAYER_BYTES:
            kept.append(part)
    return made > MOST_UNPACKED or (nested and _swells(b"".join(kept), layers - 1))
