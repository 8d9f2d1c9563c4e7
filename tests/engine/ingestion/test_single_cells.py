"""One cell reads as it would in an import."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.ingestion.single_cells import read_cell
from mmdesk.engine.services import cases, table_imports
from mmdesk.engine.store import readers
from mmdesk.engine.store.case import Case

CELLS: dict[ColumnKind, list[str]] = {
    ColumnKind.NUMBER: [
        "1", "-2.50", "1e3", " 7 ", "'12", "(3.5)", "4-", "n/a", "NaN", "-", "", "many", "1,5", "inf", "1e999", "$5",
    ],
    ColumnKind.TIME: [
        "2024-03-01", "2024-03-01T12:00:00Z", "2024-03-01 12:00", "2024-03-01T12:00:00+02:00", "", "null", "yesterday",
        "2024-13-01", "01/02/2024",
    ],
    ColumnKind.BOOLEAN: ["yes", "No", "TRUE", "f", "1", "0", " y ", "", "perhaps", "2"],
    ColumnKind.CATEGORY: ["red", " red ", "NaN", "1", "", "   ", "grün"],
}  # fmt: skip


@pytest.mark.parametrize("kind", list(CELLS))
def test_it_reads_as_an_import_reads_it(tmp_path: Path, kind: ColumnKind) -> None:
    folder = tmp_path / "case"
    cases.new_case(folder, name="x", actor="tester")
    path = tmp_path / "entities.csv"
    lines = [f'e{number:02d},"{text}"\n' for number, text in enumerate(CELLS[kind])]
    path.write_text("entity_id,a\n" + "".join(lines), encoding="utf-8")
    said: dict[str, object] = {"types": {"a": kind.value}, "decimal": ".", "units": "ignore"}
    if kind is ColumnKind.TIME:
        said["formats"] = {"a": "iso"}
    options = table_imports.ImportOptions(mapping={"entities": said})
    table_imports.import_tables(folder, table_imports.TableFiles(entities=path), options, actor="tester")
    with Case.open(folder, actor="tester") as case, case.read() as connection:
        ids = readers.entities(connection)["entity_id"].to_pylist()
        values = readers.attributes(connection)[0]["a"].to_pylist()
    imported = dict(zip(ids, values, strict=True))
    assert len(imported) > 2
    for number, text in enumerate(CELLS[kind]):
        name = f"e{number:02d}"
        if name in imported:
            found = read_cell(text, kind)
            assert (found, type(found)) == (imported[name], type(imported[name])), text
        else:
            with pytest.raises(ValueError, match=r".+"):
                read_cell(text, kind)
