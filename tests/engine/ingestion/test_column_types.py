"""The type of an attribute comes from its whole column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.ingestion.column_types import AttributeEvidence

NUMBER, CATEGORY, BOOLEAN, TIME = (
    ColumnKind.NUMBER, ColumnKind.CATEGORY, ColumnKind.BOOLEAN, ColumnKind.TIME,
)  # fmt: skip


def evidence(*batches: list[str]) -> AttributeEvidence:
    found = AttributeEvidence()
    line = 2
    for batch in batches:
        found.update(pa.array(batch, pa.string()), np.arange(line, line + len(batch)))
        line += len(batch)
    return found


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", ""], NUMBER),
        (["1", "NaN", "NA"], NUMBER),
        (["1", "inf"], NUMBER),
        (["0", "1"], NUMBER),
        (["007", "12"], CATEGORY),
        (["12345678901234567890"], CATEGORY),
        (["1", "x"], CATEGORY),
        (["inf", "infinity"], CATEGORY),
        (["NA", "n/a"], CATEGORY),
        (["true", "FALSE", ""], BOOLEAN),
        (["yes"], BOOLEAN),
        (["y", "n"], BOOLEAN),
        (["y", "y"], CATEGORY),
        (["t", "no"], CATEGORY),
        (["2000-01-01", "2000-01-02 10:00"], TIME),
        (["12/03/2000"], TIME),
        (["2000-01-01", "12/03/2000"], TIME),
        (["2000-01-01", "unknown"], CATEGORY),
        (["1577836800"], NUMBER),
        (["20000312"], NUMBER),
        (["1979", "1980"], NUMBER),
        (["", "  ".strip()], None),
    ],
)
def test_kinds(cells: list[str], kind: ColumnKind | None) -> None:
    assert evidence(cells).kind() == kind
    assert evidence(*[[cell] for cell in cells]).kind() == kind


def test_one_cell_at_the_end_decides_and_is_named() -> None:
    found = evidence(["1"] * 1000, ["2"] * 1000, ["3", "four"])
    assert found.kind() is CATEGORY
    assert found.remark() == "is kept as text because of 'four' in line 2003: 2001 of 2002 cells are numbers"
    times = evidence(["2000-01-01"] * 30, ["never"])
    assert times.kind() is CATEGORY
    assert "'never' in line 32: 30 of 31 cells are times" in times.remark()


def test_why_digits_are_kept_as_text() -> None:
    assert "leading zeros" in evidence(["01067", "10115"]).remark()
    assert "lose digits" in evidence(["12345678901234567890"]).remark()
    assert not evidence(["a", "b"]).remark()
