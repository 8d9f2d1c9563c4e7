"""Files of explanations, one in a line: reading them back and checking them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.files import as_resource_error, require_file
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.plurals import counted

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Explanation

MAX_FAULTS = 1000
_SAID = 20


@dataclass(frozen=True)
class LineFault:
    """What is wrong in a file of explanations.

    Attributes:
        line: 1 = the first.
        field: Dotted, places in lists from 0; empty for the line as a whole.
        text: What is wrong.
    """

    line: int
    field: str
    text: str


@dataclass(frozen=True)
class CheckReport:
    """What a check of a file of explanations found.

    Attributes:
        explanations: How many lines hold something. ``valid``: how many of them are in order.
        faults: What is wrong, the first :data:`MAX_FAULTS`. ``found``: how many there are.
        schema_version: Which version they were checked against.
    """

    explanations: int
    valid: int
    faults: tuple[LineFault, ...]
    found: int
    schema_version: int


def check_file(path: Path, *, ctx: JobContext = NULL_CONTEXT) -> CheckReport:
    """Check every line of a file of explanations: form, sums and indexes.

    Args:
        path: One explanation in a line, as ``predict --explain`` writes them, or a single one.
        ctx: Progress and cancelling.

    Raises:
        UsageError: No such file.
        ResourceError: It cannot be read.
    """
    from mmdesk.engine.explanation.document import faults_of
    from mmdesk.engine.explanation.explanation import SCHEMA_VERSION

    faults: list[LineFault] = []
    count = valid = found = 0
    for line, data in _lines(path, ctx):
        wrong = faults_of(data)
        count += 1
        valid += not wrong
        found += len(wrong)
        faults += [LineFault(line, fault.field, fault.text) for fault in wrong[: MAX_FAULTS - len(faults)]]
    return CheckReport(count, valid, tuple(faults), found, SCHEMA_VERSION)


def _in_order(report: CheckReport) -> str:
    what = counted(report.explanations, "explanation")
    return f"{report.valid:,} of {what} {'is' if 1 in {report.valid, report.explanations} else 'are'} in order."


def check_lines(report: CheckReport) -> list[str]:
    """What a check found, line by line; texts of the file as they are."""
    lines = [_in_order(report)]
    lines += [
        f"  line {fault.line}: {f'{fault.field}: ' if fault.field else ''}{fault.text}"
        for fault in report.faults[:_SAID]
    ]
    if report.found > _SAID:
        lines.append(f"  and {report.found - _SAID:,} more")
    return lines


def read_explanations(path: Path, *, ctx: JobContext = NULL_CONTEXT) -> Iterator[tuple[int, Explanation]]:
    """The explanations of a file, each with its line.

    Args:
        path: As :func:`check_file`.
        ctx: Progress and cancelling.

    Raises:
        UsageError: No such file.
        DataError: A line is no explanation (``explanation.not_one``, ``explanation.newer``); those before were given.
        ResourceError: It cannot be read.
    """
    from mmdesk.engine.explanation.document import from_json

    for line, data in _lines(path, ctx):
        try:
            yield line, from_json(data)
        except DataError as error:
            raise DataError(
                f"{path.name}, line {line}: {error.message}",
                "See all that is wrong with: mmdesk explanations check FILE",
                code=error.code,
                details={"file": str(path), "line": line, **error.details},
            ) from error


def _lines(path: Path, ctx: JobContext) -> Iterator[tuple[int, bytes]]:
    """The lines that hold something; a single document laid out over several lines counts as one."""
    require_file(path, "The explanations")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            if _is_one_document(file.readline(), path):
                yield 1, path.read_bytes()
                return
            file.seek(0)
            done = 0
            for number, line in enumerate(file, 1):
                ctx.check_cancelled()
                ctx.progress(done, max(size, 1), "reading the explanations")
                done += len(line)
                if line.strip():
                    yield number, line
    except OSError as error:
        raise as_resource_error(error, path) from error


def _is_one_document(first: bytes, path: Path) -> bool:
    """Whether a file begins with an object that does not end in its first line, but with the file."""
    if first.strip() != b"{":
        return False
    try:
        orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        return False
    return True
