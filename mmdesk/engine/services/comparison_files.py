"""A comparison of runs as a file: a table, a page, or one document."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.files import write_atomic
from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.core.plurals import counted

if TYPE_CHECKING:
    from mmdesk.engine.services.runs import ComparedRow, Comparison


def write_comparison(comparison: Comparison, out: Path, *, everything: bool = False) -> None:
    """Write a comparison as ``.csv``, ``.html`` or ``.json``, by the name's ending; whole or not at all.

    Args:
        comparison: Of runs.
        out: The file.
        everything: Also what is the same in all of them.

    Raises:
        UsageError: Another ending (``usage.unknown_format``).
        ResourceError: It cannot be written.
    """
    rows = [row for row in comparison.rows if everything or row.differs]
    writers = {".csv": _csv, ".html": _html, ".json": _json}
    writer = writers.get(out.suffix.lower())
    if writer is None:
        raise UsageError(
            f"{out.name}: a comparison is written as .csv, .html or .json.",
            "Choose one of these endings.",
            code="usage.unknown_format",
        )
    write_atomic(out, writer(comparison, rows))


def _csv(comparison: Comparison, rows: list[ComparedRow]) -> bytes:
    from mmdesk.engine.services.predictions import harmless

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["entry", *(harmless(run.name) for run in comparison.runs)])
    writer.writerow(["run_id", *(run.run_id for run in comparison.runs)])
    for row in rows:
        writer.writerow([harmless(row.key), *(_cell(value) for value in row.values)])
    return text.getvalue().encode("utf-8", "surrogatepass")


def _cell(value: object) -> object:
    from mmdesk.engine.services.predictions import harmless

    if isinstance(value, str):
        return harmless(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return orjson.dumps(as_plain(value)).decode()


def _html(comparison: Comparison, rows: list[ComparedRow]) -> bytes:
    from mmdesk.engine.explanation.sheet import beginning, shown_text

    heads = "".join(f"<th>{shown_text(run.name)}<br><small>{run.run_id[:12]}</small>" for run in comparison.runs)
    lines = []
    for row in rows:
        cells = "".join(f"<td>{shown_text(str(_cell(value) if value is not None else '-'))}" for value in row.values)
        lines.append(f"<tr{' class=differs' if row.differs else ''}><td>{shown_text(row.key)}{cells}")
    style = "body{max-width:none}th{text-align:left;padding:3px 8px 3px 0}.differs td:first-child{font-weight:600}"
    differing = sum(row.differs for row in comparison.rows)
    page = "\n".join(
        (
            beginning(f"{len(comparison.runs)} runs compared", style),
            f"<h1>{len(comparison.runs)} runs compared</h1>",
            (
                f"<p>{differing:,} of {counted(len(comparison.rows), 'entry', 'entries')} "
                f"{'differs' if differing == 1 else 'differ'}.</p>"
            ),
            f"<table><tr><th>Entry{heads}{''.join(lines)}</table></body></html>",
        )
    )
    return page.encode()


def _json(comparison: Comparison, rows: list[ComparedRow]) -> bytes:
    runs = [{"run_id": run.run_id, "name": run.name} for run in comparison.runs]
    document = {"runs": runs, "rows": [as_plain(row) for row in rows]}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
