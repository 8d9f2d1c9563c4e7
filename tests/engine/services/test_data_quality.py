"""What a look at the ranges and across the split finds in real cases, and that it is what a slow look finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.jobs import JobCancelled, NullContext
from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.core.times import NO_TIME_US, parse_moment
from mmdesk.engine.core.types import ColumnKind
from mmdesk.engine.dataset import assembly
from mmdesk.engine.dataset.case_data import AttributeColumn
from mmdesk.engine.services import media_imports, table_imports
from mmdesk.engine.services.attribute_ranges import Oddity, range_of
from mmdesk.engine.services.cases import data_health, new_case
from mmdesk.engine.services.data_quality import _Sides, _twins, data_quality
from mmdesk.engine.store import readers

NOW_US = parse_moment("2024-06-01")
NUMBERS = st.lists(st.one_of(st.floats(allow_infinity=False), st.integers(-50, 50).map(float)), max_size=60)


def odd_of(name: str, kind: ColumnKind, values: Any, categories: tuple[str, ...] = ()) -> dict[str, tuple[int, Any]]:
    found = range_of(name, AttributeColumn(kind, np.asarray(values), categories), NOW_US)
    return {str(one.what): (one.entities, one.value) for one in found.odd}


@settings(deadline=None)
@given(NUMBERS)
def test_a_range_is_what_a_slow_look_finds(values: list[float]) -> None:
    found = range_of("x", AttributeColumn(ColumnKind.NUMBER, np.array(values, np.float64)), NOW_US)
    present = sorted(value for value in values if not np.isnan(value))
    assert found.missing == len(values) - len(present)
    assert found.distinct == len(set(present))
    assert sum(found.counts) == len(present)
    if present:
        assert (found.low, found.high) == (present[0], present[-1])
        assert found.low <= found.median <= found.high  # type: ignore[operator]
        assert found.edges[0] <= present[0] <= present[-1] <= found.edges[-1]
        for low, high, count in zip(found.edges, found.edges[1:-1], found.counts, strict=False):
            assert count == sum(low <= value < high for value in present)


def test_what_looks_like_a_slip_is_named() -> None:
    ages = [float(age) for age in range(20, 60)]
    number, time, text = ColumnKind.NUMBER, ColumnKind.TIME, ColumnKind.CATEGORY
    assert odd_of("age", number, ages) == {}
    assert odd_of("age", number, [*ages, 9999.0, 9999.0]) == {"far_high": (2, 9999.0)}
    assert odd_of("age", number, [*ages, -999.0]) == {"far_low": (1, -999.0)}
    assert odd_of("age", number, [7.0, 7.0, np.nan]) == {"constant": (2, None)}
    assert odd_of("age", number, [np.nan, np.nan]) == {"empty": (2, None)}
    assert odd_of("age", number, [7.0]) == {}  # one entity has nothing to differ from
    day_us = 86_400_000_000
    assert odd_of("seen", time, [NOW_US - day_us, NOW_US, NOW_US + 1, -1, NO_TIME_US]) == {
        "future": (1, None), "before_1970": (1, None),
    }  # fmt: skip
    names = tuple(f"n{place:02}" for place in range(12))
    assert odd_of("name", text, np.arange(12, dtype=np.int32), names) == {"each_different": (12, None)}
    assert odd_of("kind", text, np.zeros(12, np.int32), ("a",)) == {"constant": (12, None)}
    assert odd_of("flag", ColumnKind.BOOLEAN, np.ones(3, np.int8)) == {"constant": (3, None)}
    huge = odd_of("huge", number, [*np.linspace(1, 2, 20), -1.7e308, 1.7e308])
    assert set(huge) == set()  # each end is as far as the other


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=25), st.lists(st.booleans(), min_size=14))
def test_copies_are_what_a_slow_look_finds(members: list[tuple[int, int]], flags: list[bool]) -> None:
    members = sorted(members, key=lambda one: one[1])
    group = np.array([one for one, _ in members], np.int64)
    owner = np.array([one for _, one in members], np.int64)
    sides = _Sides(np.array(flags[:7]), np.array(flags[7:14]))
    for place, twin in enumerate(_twins(group, owner, sides, 5)):
        could = {
            int(other)
            for other in owner[group == group[place]]
            if sides.trains[other] and sides.measures[owner[place]] and other != owner[place]
        }
        assert (twin in could) if could else twin == -1


@pytest.fixture
def folder(tmp_path: Path, database_url: str | None) -> Path:
    """Twelve entities, of which some in the test part are copies of some in the training part."""
    rows = [f"e{number:02},{number * 3},city {number % 5},2020-01-{number + 1:02}" for number in range(12)]
    rows[11] = "e11,6,city 2,2020-01-03"  # as e02
    rows[10] = "e10,,,"  # nothing known, which is no copy of the next one
    rows[9] = "e09,,,"
    rows[1] = "e01,3,city 1,2099-01-01"
    (tmp_path / "entities.csv").write_text("\n".join(["entity_id,age,city,joined", *rows]))
    parts = ["train"] * 6 + ["val", "test", "test", "train", "test", "test"]
    targets = [f"e{number:02},{number % 2},{part}" for number, part in enumerate(parts)]
    (tmp_path / "targets.csv").write_text("\n".join(["entity_id,y_class,split", *targets]))
    (tmp_path / "events.csv").write_text("entity_id,event_type,value,timestamp\ne01,a,1,1969-05-01\ne01,a,1,2099-01-01")
    for entity, said in (
        ("e00", "same"),
        ("e07", "same"),
        ("e01", "mine"),
        ("e02", "both train"),
        ("e03", "both train"),
    ):
        (tmp_path / f"{entity}.txt").write_text(said)
    (tmp_path / "manifest.csv").write_text(
        "entity_id,path\n" + "".join(f"e{number:02},e{number:02}.txt\n" for number in (0, 7, 1, 2, 3))
    )
    case = tmp_path / "case"
    new_case(case, database_url=database_url, actor="tester")
    files = table_imports.TableFiles(
        entities=tmp_path / "entities.csv", events=tmp_path / "events.csv", targets=tmp_path / "targets.csv"
    )
    assert table_imports.import_tables(case, files, actor="tester").rejected == 0
    media_imports.import_media(case, manifest=tmp_path / "manifest.csv", actor="tester")
    return case


def test_a_case_with_copies_across_its_split(folder: Path) -> None:
    found = data_quality(folder, now=NOW_US)
    assert [(one.name, one.missing, one.distinct) for one in found.attributes] == [
        ("age", 2, 9), ("city", 2, 5), ("joined", 2, 9),
    ]  # fmt: skip
    age, city, joined = found.attributes
    assert (age.low, age.median, age.high) == (0, 10.5, 24)
    assert (city.common[0], city.low, joined.edges != ()) == (("city 2", 3), None, True)
    assert [(one.what, one.entities) for one in joined.odd] == [(Oddity.FUTURE, 1)]
    assert found.how_split == "as given"
    files, rows = found.files, found.rows
    assert (files.found, files.of) == (1, 3)
    assert [(one.trains, one.measures) for one in files.examples] == [("e00", "e07")]
    assert files.examples[0].name in {"e00.txt", "e07.txt"}
    assert (rows.found, rows.of, rows.telling) == (1, 4, True)
    assert [(one.trains, one.measures) for one in rows.examples] == [("e02", "e11")]
    as_plain(found)
    warnings = " ".join(data_health(folder).warnings)
    assert "in the future: 2099-01-01T00:00:00Z" in warnings
    assert "before 1970: 1969-05-01T00:00:00Z" in warnings


def test_a_look_is_stopped_while_it_reads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(NullContext):
        def check_cancelled(self) -> None:
            raise JobCancelled

    parsed: list[object] = []
    monkeypatch.setattr(readers, "attribute_array", lambda *given: parsed.append(given))
    with pytest.raises(JobCancelled):
        data_quality(folder, now=NOW_US, ctx=Stopped())
    assert not parsed


def test_a_look_is_stopped_while_it_arranges_what_it_has_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(NullContext):
        arranging = False

        def check_cancelled(self) -> None:
            if self.arranging:
                raise JobCancelled

    stopped, real = Stopped(), assembly.texts

    def sorted_ids(given: list[str]) -> npt.NDArray[np.object_]:
        stopped.arranging = len(given) > 1
        return real(given)

    monkeypatch.setattr(assembly, "texts", sorted_ids)
    monkeypatch.setattr(assembly, "_attributes", lambda *_given: pytest.fail("not stopped before the attributes"))
    with pytest.raises(JobCancelled):
        data_quality(folder, now=NOW_US, ctx=stopped)


def test_a_look_is_stopped_while_it_searches_for_copies(folder: Path) -> None:
    class Stopped(NullContext):
        def __init__(self, after: int) -> None:
            self.left, self.searching = after, False

        def progress(self, done: float, total: float, text: str = "") -> None:
            self.searching = done == 2

        def check_cancelled(self) -> None:
            self.left -= self.searching
            if self.left < 0:
                raise JobCancelled

    # Before files, at each of three attributes, and before the copies of one are named.
    for checks in range(5):
        with pytest.raises(JobCancelled):
            data_quality(folder, now=NOW_US, ctx=Stopped(checks))


def test_an_empty_case(tmp_path: Path) -> None:
    new_case(tmp_path / "case", actor="tester")
    found = data_quality(tmp_path / "case")
    assert (found.attributes, found.how_split, found.files.found, found.rows.of) == ((), "", 0, 0)
