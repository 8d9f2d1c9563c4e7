"""What kind of file a table comes in, told by its content and held against its name."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

from mmdesk.engine.core.errors import DataError


class FileKind(StrEnum):
    """How the rows are to be got at."""

    TEXT = "text"
    GZIP = "gzip"
    ZIP = "zip"
    WORKBOOK = "workbook"
    PARQUET = "parquet"


_ENDINGS = {
    FileKind.GZIP: (".gz", ".gzip"),
    FileKind.ZIP: (".zip",),
    FileKind.WORKBOOK: (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
    FileKind.PARQUET: (".parquet", ".pq"),
}

_PACKED = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook", ".zip", FileKind.ZIP),
    (b"PK\x05\x06", "an empty zip archive", ".zip", FileKind.ZIP),
    (b"PAR1", "a Parquet file", ".parquet", FileKind.PARQUET),
    (b"\x1f\x8b", "a gzip archive", ".gz", FileKind.GZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook or another Office file", ".xls", FileKind.WORKBOOK),
)

_OTHERS = (
    (b"ARROW1", "an Arrow file"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"%PDF-", "a PDF"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x7fELF", "a program"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
)

_TEXTS = (
    (re.compile(rb"\{\\rtf"), "a rich text document"),
    (re.compile(rb"<\?xml|<Workbook", re.IGNORECASE), "an XML document"),
    (re.compile(rb"<!doctype html|<(html|head|body|table|meta|div)\b", re.IGNORECASE), "an HTML page"),
    (re.compile(rb'\{\s*"[^"]*"\s*:|\[\s*[\[{]\s*["\]}\d-]'), "a JSON document"),
    (
        re.compile(
            rb"(--[^\n]*\n|/\*[^\n]*\*/;?|\s)*"
            rb"(create\s+(temp\w*\s+)?(table|database|schema)|insert\s+into|drop\s+table|pragma\s+foreign_keys|"
            rb"begin\s+transaction|copy\s+\S+\s*\([^)]*\)\s+from\s+stdin)\b",
            re.IGNORECASE,
        ),
        "an SQL script",
    ),
)


def file_kind(path: Path, head: bytes) -> FileKind:
    """The kind of a file.

    A file that is not what its name says is refused: what a workbook or an archive holds is not what the person who
    named it a CSV file looked at.

    Args:
        path: Its name.
        head: Its first bytes.

    Raises:
        DataError: Empty (``import.empty``), not a file with a table, or under a wrong name (``import.not_text``).
    """
    if not head:
        raise DataError(
            f"{path.name} is empty.", "Choose another file.", code="import.empty", details={"file": path.name}
        )
    for magic, name, ending, kind in _PACKED:
        if head.startswith(magic):
            return _packed(path, head, name, ending, kind)
    for magic, name in _OTHERS:
        if head.startswith(magic):
            raise _not_a_table(path, name)
    start = head[:4096].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    for pattern, name in _TEXTS:
        if pattern.match(start):
            raise _not_a_table(path, name)
    return FileKind.TEXT


def _packed(path: Path, head: bytes, name: str, ending: str, kind: FileKind) -> FileKind:
    suffix = path.suffix.lower()
    workbook = suffix in _ENDINGS[FileKind.WORKBOOK]
    if kind is FileKind.WORKBOOK and suffix in {".xlsx", ".xlsm", ".xlsb"}:
        raise DataError(
            f"{path.name} is protected by a password, or it is an old Excel workbook under a new name.",
            "Save it in Excel without a password, then import that file.",
            code="import.password",
            details={"file": path.name},
        )
    if kind is FileKind.ZIP and workbook:
        return FileKind.WORKBOOK
    if suffix in _ENDINGS[kind]:
        return kind
    if kind is FileKind.ZIP and (b"[Content_Types].xml" in head or b"xl/" in head):
        name, ending = "an Excel workbook", ".xlsx"
    elif kind is FileKind.ZIP and b"opendocument.spreadsheet" in head:
        name, ending = "an OpenDocument spreadsheet", ".ods"
    raise DataError(
        f"{path.name} is not a CSV file but {name}.",
        f"If it holds the table, give it its right name ({path.stem}{ending}), or save the table as CSV (UTF-8). "
        "Then import that file.",
        code="import.not_text",
        details={"file": path.name, "found": name},
    )


def _not_a_table(path: Path, name: str) -> DataError:
    return DataError(
        f"{path.name} is not a CSV file but {name}.",
        "Open it in the program it comes from and save the table as CSV (UTF-8), then import that file.",
        code="import.not_text",
        details={"file": path.name, "found": name},
    )
