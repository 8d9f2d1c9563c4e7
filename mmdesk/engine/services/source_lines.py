"""The line of an imported file that a piece of evidence came from, among its neighbours, read and checked now."""

from __future__ import annotations

import codecs
import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import current_actor
from mmdesk.engine.explanation.items import Source
from mmdesk.engine.explanation.references import Custody, FileReference
from mmdesk.engine.store.case import Case

AROUND = 6
"""Lines before and after it."""
_LONGEST_BYTES = 4000
_CHUNK_BYTES = 1 << 20
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0")
"""gzip, zip and workbooks, Parquet, old workbooks: their lines are not lines of the file."""


@dataclass(frozen=True)
class SourceLines:
    """A file around one line.

    Attributes:
        name: As the explanation has it. ``path``: where it was read; None if it is not there.
        standing: What the check of its SHA-256 found.
        sha256: As it was imported. ``found_sha256``: of what was read.
        line: The line, 1 = the first. ``header``: the first line of the file.
        first: The number of ``lines[0]``. ``lines``: as text, very long ones cut.
        problem: Why no lines are shown; empty where they are.
    """

    name: str
    path: str | None
    standing: Custody
    sha256: str
    found_sha256: str | None
    line: int
    header: str = ""
    first: int = 0
    lines: tuple[str, ...] = ()
    problem: str = ""


def source_lines(
    folder: Path, source: Source, *, around: int = AROUND, actor: str | None = None, ctx: JobContext = NULL_CONTEXT
) -> SourceLines | None:
    """The lines around the one that a row came from; the file is read once, for its lines and its SHA-256 both.

    Args:
        folder: The case.
        source: Of a piece of evidence.
        around: So many lines before and after it.
        actor: Who asks.
        ctx: Cancelling.

    Returns:
        None where no file brought the row, or only a list of files that has no lines.

    Raises:
        StoreError: The case cannot be opened.
    """
    from mmdesk.engine.services.custody import Custodian

    if source.file is None or source.line is None or source.import_sha256 is None:
        return None
    reference = FileReference(source.import_sha256, source.file, source.import_id)
    with Case.open(folder, actor=actor or current_actor()) as case:
        checked = Custodian(case).check(reference, ctx=ctx)
    found = SourceLines(
        source.file, checked.path, checked.standing, source.import_sha256, checked.found_sha256, source.line
    )
    if checked.path is None:
        return replace(found, problem="The file is not where it was imported from.")
    try:
        return _read(found, Path(checked.path), around, ctx)
    except OSError as error:
        return replace(found, problem=f"The file cannot be read: {error.strerror or error}.")


def _read(found: SourceLines, path: Path, around: int, ctx: JobContext) -> SourceLines:
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(_PACKED):
        return replace(found, problem="Its rows are packed in the file, which has no lines to show.")
    mark, encoding = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), (b"", ""))
    digest = hashlib.sha256()
    header = b""
    kept: deque[tuple[int, bytes]] = deque(maxlen=2 * around + 1)
    for number, line in enumerate(_lines(path, encoding, digest, ctx), 1):
        if number == 1:
            header = line[len(mark) :]
        if number <= found.line + around:
            kept.append((number, line))
    lines = [(number, line) for number, line in kept if abs(number - found.line) <= around]
    changed = digest.hexdigest() != found.found_sha256
    if changed:  # between the check and the reading
        found = replace(found, standing=Custody.ALTERED, found_sha256=digest.hexdigest())
    if not any(number == found.line for number, _ in lines):
        return replace(found, problem=f"The file has no line {found.line:,} any more.")
    texts = tuple(_text(line, encoding) for _, line in lines)
    return replace(found, header=_text(header, encoding), first=lines[0][0], lines=texts)


def _lines(path: Path, encoding: str, digest: hashlib._Hash, ctx: JobContext) -> Iterator[bytes]:
    """Physical lines without their ends, cut where they are very long; ``digest`` sees every byte."""
    rest = b""
    with path.open("rb") as file:
        head = file.read(_CHUNK_BYTES)
        sign = "\n" if b"\n" in head or b"\r" not in head else "\r"  # as old Macintoshes ended lines
        end = sign.encode(encoding or "ascii")
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            ctx.check_cancelled()
            digest.update(chunk)
            pieces = _split(rest + chunk, end)
            yield from (piece[:_LONGEST_BYTES] for piece in pieces[:-1])
            # Of a line that never ends only the beginning is kept.
            rest = pieces[-1] if len(pieces[-1]) <= _CHUNK_BYTES else pieces[-1][:_LONGEST_BYTES]
    if rest:
        yield rest[:_LONGEST_BYTES]


def _split(data: bytes, end: bytes) -> list[bytes]:
    if len(end) == 1:
        return data.split(end)
    pieces, start, at = [], 0, data.find(end)
    while at >= 0:
        if at % len(end) == 0:
            pieces.append(data[start:at])
            start = at + len(end)
        at = data.find(end, at + 1)
    return [*pieces, data[start:]]


def _text(line: bytes, encoding: str) -> str:
    """In the file's encoding; bytes that are no UTF-8 are read as Western European, where each is a letter."""
    try:
        text = line.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        text = line.decode(encoding, "replace") if encoding else line.decode("cp1252", "replace")
    return text.removeprefix("\ufeff").rstrip("\r")
