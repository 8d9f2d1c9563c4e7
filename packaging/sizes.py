"""What the bundle's size is made of: its largest files with what they are for, and its parts. ``sizes.py FOLDER``."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from pathlib import Path

SMALL_TWIN = 4096
"""Files below may be there twice: empty ones, licences."""
_LARGEST = 30

PURPOSES = {
    "libtorch_cpu": "PyTorch: the network's kernels",
    "libtorch_python": "PyTorch: its Python side",
    "libtorch": "PyTorch",
    "cv2.abi3": "OpenCV: pictures in, features of pictures",
    "libarrow_compute": "Arrow: its functions, which Parquet and datasets need",
    "libarrow.so": "Arrow: columns of snapshots",
    "libparquet": "Parquet: snapshots, imports, exports",
    "libopenblasp": "OpenCV's linear algebra (linked by cv2, cannot be left out)",
    "libscipy_openblas64": "NumPy's linear algebra",
    "libscipy_openblas": "SciPy's linear algebra (other integers than NumPy's)",
    "libx265": "PyAV's FFmpeg: HEVC (phones' pictures and films)",
    "libSvtAv1Enc": "PyAV's FFmpeg: linked by libavcodec",
    "libavcodec": "FFmpeg: codecs",
    "libavformat": "FFmpeg: containers",
    "libavfilter": "FFmpeg: filters, linked by PyAV",
    "libaom": "OpenCV's FFmpeg: AV1, linked by libavcodec",
    "libvpx": "FFmpeg: VP8 and VP9",
    "libx264": "PyAV's FFmpeg: H.264",
    "libicudata": "Qt: characters of all languages",
    "libicui18n": "Qt: sorting and dates of all languages",
    "libQt6": "Qt: the window",
    "libqt6": "Qt: the window",
    "_sqlite3": "SQLCipher: local cases",
    "libpython": "Python",
    "libpdfium": "PDFium: text of PDF files",
    "_rust": "cryptography: signatures of the audit log",
    "libcrypto": "OpenSSL",
    "mmdesk": "Python modules of all libraries, packed (the programs of window and console are one file)",
    "libgfortran": "Fortran's library, of OpenBLAS",
}


def table(folder: Path) -> str:
    """The report as text; sizes in MB of 1,000,000 bytes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    sizes = {path: path.stat().st_size for path in files}
    lines = [f"{sum(sizes.values()) / 1e6:.0f} MB in {len(files)} files", "", "The largest files"]
    for path in sorted(files, key=lambda path: (-sizes[path], path))[:_LARGEST]:
        name = path.relative_to(folder).as_posix()
        lines.append(f"  {sizes[path] / 1e6:7.1f} MB  {name:<66} {_purpose(path.name)}")
    parts: Counter[str] = Counter()
    for path, size in sizes.items():
        parts[_part(path.relative_to(folder))] += size
    lines += ["", "The parts"]
    lines += [f"  {size / 1e6:7.1f} MB  {name}" for name, size in parts.most_common() if size >= 1_000_000]
    lines.append(f"  {sum(size for size in parts.values() if size < 1_000_000) / 1e6:7.1f} MB  all others")
    lines += ["", f"There twice with the same bytes, and of {SMALL_TWIN} bytes or more", *_twins(files, sizes, folder)]
    return "\n".join(lines) + "\n"


def _purpose(name: str) -> str:
    return next((text for start, text in PURPOSES.items() if name.startswith(start)), "")


def _part(path: Path) -> str:
    parts = path.parts[1:] if path.parts[0] == "_internal" else path.parts
    if len(parts) == 1:
        return "the programs, with all Python modules" if path.parts[0] != "_internal" else "Python and its libraries"
    return parts[0].partition(".libs")[0].replace("opencv_python_headless", "cv2")


def _twins(files: list[Path], sizes: dict[Path, int], folder: Path) -> list[str]:
    by_size: dict[int, list[Path]] = {}
    for path in files:
        if sizes[path] >= SMALL_TWIN:
            by_size.setdefault(sizes[path], []).append(path)
    found: dict[str, list[Path]] = {}
    for same in by_size.values():
        for path in same if len(same) > 1 else ():
            found.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), []).append(path)
    twins = [paths for paths in found.values() if len(paths) > 1]
    names = [" = ".join(path.relative_to(folder).as_posix() for path in paths) for paths in twins]
    return [f"  {name}" for name in names] or ["  none"]


if __name__ == "__main__":
    print(table(Path(sys.argv[1])))
