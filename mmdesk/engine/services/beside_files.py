"""Two explanations side by side as a file: a table, or one document."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import orjson

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.files import write_atomic
from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.explanation.beside import Beside, Share
from mmdesk.engine.explanation.explanation import Explanation

_HEADER = (
    "kind", "input", "first", "first_contribution", "second", "second_contribution", "difference", "not_alike", "turned"
)  # fmt: skip


def write_beside(first: Explanation, second: Explanation, beside: Beside, out: Path) -> None:
    """Write what differs between two explanations as ``.csv`` or ``.json``, by the name's ending; whole or not at all.

    Args:
        first: One of them. ``second``: the other.
        second: The other.
        beside: Of these two.
        out: The file. Contributions are in the explanations' unit; an input that one has not is empty, or null.

    Raises:
        UsageError: Another ending (``usage.unknown_format``).
        ResourceError: It cannot be written.
    """
    match out.suffix.lower():
        case ".csv":
            content = _csv(beside)
        case ".json":
            sides = {"first": _side(first), "second": _side(second)}
            content = orjson.dumps({**sides, "beside": as_plain(beside)}, option=orjson.OPT_INDENT_2) + b"\n"
        case _:
            raise UsageError(
                f"{out.name}: two explanations side by side are written as .csv or .json.",
                "Choose one of these endings.",
                code="usage.unknown_format",
            )
    write_atomic(out, content)


def _side(one: Explanation) -> dict[str, object]:
    names = ("entity_id", "run_id", "as_of", "output", "base", "sentence")
    return {name: as_plain(getattr(one, name)) for name in names}


def _csv(beside: Beside) -> bytes:
    from mmdesk.engine.services.predictions import harmless

    def cells(share: Share | None) -> tuple[object, object]:
        return ("", "") if share is None else (harmless(share.value), share.contribution)

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEADER)
    for pair in beside.pairs:
        told = (pair.difference, "yes" if pair.otherwise else "no", "yes" if pair.turned else "no")
        writer.writerow([pair.kind.value, harmless(pair.name), *cells(pair.first), *cells(pair.second), *told])
    return text.getvalue().encode("utf-8", "surrogatepass")
