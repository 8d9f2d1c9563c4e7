"""The program's icon in the forms that Windows and macOS want, drawn from the one SVG: ``icons.py FOLDER``."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

_SVG = Path(__file__).resolve().parent.parent / "resources" / "icons" / "mmdesk.svg"
_ICO_SIDES = (16, 24, 32, 48, 64, 128, 256)
_ICNS_KINDS = {b"icp4": 16, b"icp5": 32, b"icp6": 64, b"ic07": 128, b"ic08": 256, b"ic09": 512, b"ic10": 1024}


def png(side: int) -> bytes:
    """The icon as PNG, ``side`` pixels wide and high."""
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(side, side, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(_SVG)).render(painter)
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(data.data())


def ico() -> bytes:
    """All sizes in one file for Windows.

    Source: Microsoft's description of ICO; pictures as PNG since Windows Vista
    """
    pictures = [png(side) for side in _ICO_SIDES]
    place = 6 + 16 * len(pictures)
    entries = b""
    for side, data in zip(_ICO_SIDES, pictures, strict=True):
        entries += struct.pack("<BBBBHHII", side % 256, side % 256, 0, 0, 1, 32, len(data), place)
        place += len(data)
    return struct.pack("<HHH", 0, 1, len(pictures)) + entries + b"".join(pictures)


def icns() -> bytes:
    """All sizes in one file for macOS, as PNG."""
    parts = b"".join(
        kind + struct.pack(">I", 8 + len(data)) + data
        for kind, data in ((k, png(side)) for k, side in _ICNS_KINDS.items())
    )
    return b"icns" + struct.pack(">I", 8 + len(parts)) + parts


def write(folder: Path) -> None:
    """Write ``mmdesk.ico`` and ``mmdesk.icns``."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QGuiApplication

    _app = QGuiApplication.instance() or QGuiApplication([])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mmdesk.ico").write_bytes(ico())
    (folder / "mmdesk.icns").write_bytes(icns())


if __name__ == "__main__":
    write(Path(sys.argv[1]))
