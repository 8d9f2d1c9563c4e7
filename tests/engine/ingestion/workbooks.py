"""Workbooks as Excel writes them, reduced to what matters, for tests."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

Cell = str | float | bool | dt.datetime | None

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
_DATE_STYLE = 1


def write_workbook(
    path: Path,
    sheets: Mapping[str, Sequence[Sequence[Cell]]],
    *,
    first_cell: tuple[int, int] = (1, 1),
    hidden: Sequence[str] = (),
) -> Path:
    """An ``.xlsx`` file.

    Args:
        path: Where.
        sheets: Rows by name; None is no cell at all.
        first_cell: Row and column of the first cell, from 1.
        hidden: Sheets that are not shown.
    """
    names = list(sheets)
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="r{number}"{_state(name in hidden)}/>'
        for number, name in enumerate(names, 1)
    )
    related = "".join(
        f'<Relationship Id="r{number}" Type="{_OFFICE}/worksheet" Target="worksheets/s{number}.xml"/>'
        for number in range(1, len(names) + 1)
    )
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships {_RELATIONS}><Relationship Id="r1" Type="{_OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships {_RELATIONS}>{related}<Relationship Id="st" '
        f'Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet {_MAIN}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
    }
    for number, name in enumerate(names, 1):
        rows = "".join(_row(row, cells, first_cell[1]) for row, cells in enumerate(sheets[name], first_cell[0]))
        parts[f"xl/worksheets/s{number}.xml"] = f"<worksheet {_MAIN}><sheetData>{rows}</sheetData></worksheet>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in parts.items():
            archive.writestr(part, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return path


def _state(hidden: bool) -> str:
    return ' state="hidden"' if hidden else ""


def _row(row: int, cells: Sequence[Cell], first_column: int) -> str:
    written = "".join(_cell(row, column, cell) for column, cell in enumerate(cells, first_column))
    return f'<row r="{row}">{written}</row>'


def _cell(row: int, column: int, cell: Cell) -> str:
    if cell is None:
        return ""
    place = f'r="{chr(64 + column)}{row}"'
    if isinstance(cell, bool):
        return f'<c {place} t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, str):
        return f'<c {place} t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    if isinstance(cell, dt.datetime):
        days = (cell - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)
        return f'<c {place} s="{_DATE_STYLE}"><v>{days!r}</v></c>'
    return f"<c {place}><v>{cell!r}</v></c>"
