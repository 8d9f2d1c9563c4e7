"""Times in whole columns: the form is proven or asked, moments are exact, what is none is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.times import format_us, from_us, to_us
from mmdesk.engine.ingestion.time_columns import TimeEvidence
from mmdesk.engine.ingestion.time_formats import FIRST_US, LAST_US, check_format, convert_times
from mmdesk.engine.ingestion.time_zones import localise


def evidence(*batches: list[str]) -> TimeEvidence:
    found = TimeEvidence()
    line = 2
    for batch in batches:
        found.update(pa.array(batch, pa.string()), np.arange(line, line + len(batch)))
        line += len(batch)
    return found


def moments(cells: list[str], *forms: str, zone: str | None = None) -> list[str | None]:
    """ISO texts, None where there is none, the rule where one is broken."""
    times = convert_times(pa.array(cells, pa.string()), forms, zone)
    return [
        str(rule) if bad else format_us(us) if present else None
        for us, present, bad, rule in zip(times.us.tolist(), times.present, times.bad, times.problem, strict=True)
    ]


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["2000-03-12", "2000-03-12T10:11"], "iso"),
        (["2000-03-12T02:00:00+02:00", "2000-03-12"], "iso"),
        (["2000/3/1 10:00", ""], "iso"),
        (["12/03/2000", "13/03/2000"], "day_first"),
        (["12.03.2000 10:00", "31.12.2000 09:30"], "day_first"),
        (["03/12/2000", "03/13/2000 1:05 PM"], "month_first"),
        (["01/01/2000", "05/05/2001"], "day_first"),
        (["12 Mar 2000", "March 13, 2000"], "month_name"),
        (["1577836800", "1577836801.5"], "epoch_s"),
        (["1577836800123"], "epoch_ms"),
        (["1577836800123456"], "epoch_us"),
        (["1577836800123456789"], "epoch_ns"),
        (["20000312", "20191231"], "compact"),
        (["20000312101112"], "compact"),
        (["", ""], "iso"),
        (["2000-03-12", "rubbish", "-"], "iso"),
        (["2000-03-12", "NA", "NULL", "n/a"], "iso"),
        (
            ["2000-03-12t10:00:00z", "2000-03-12 10:00:00 GMT+0100 (CET)", "2000-03-12T10:00:00+01:00[Europe/Paris]"],
            "iso",
        ),
        (["2000-03-12T10:00:00\u221205:00"], "iso"),
        (["2000\u5e743\u670812\u65e5", "2000. 3. 12."], "iso"),
        (["3/13/2000, 1:05:00\u202fPM"], "month_first"),
        (["13. 3. 2000"], "day_first"),
        (["12/Mar/2000:10:11:12 +0100", "March 12, 2000 at 1:05 PM"], "month_name"),
        (["20000312T101112Z"], "compact"),
        (["2000-03-12 10:00:00 +0000 UTC"], "iso"),
        (["2000-03-12", "2000-03-14", "2000-04-15", "2000-13-01"], "iso"),
    ],
)
def test_the_form_is_proven_by_the_whole_column(cells: list[str], form: str) -> None:
    assert evidence(cells).form() == form
    assert evidence(*[[cell] for cell in cells]).form() == form


@pytest.mark.parametrize(
    ("cells", "said", "likely"),
    [
        (["12/03/2000", "11/03/2000"], "day first or month first", ["day_first", "month_first"]),
        (["13/03/2000", "03/13/2000"], "partly day first", ["day_first", "month_first"]),
        (["2000-03-12", "12/03/2000", "Mar 12, 2000"], "several ways", ["iso", "day_first", "month_name"]),
        (["12/03/00"], "two digits", ["%d/%m/%y", "%m/%d/%y"]),
        (["1", "2", "3"], "may count", ["epoch_s"]),
        (["1577836800", "1577836800123"], "may count", ["epoch_s"]),
        (["20001399"], "may count", ["epoch_s"]),
        (["soon", "later"], "cannot be read", ["%d/%m/%Y"]),
        (["soon", "later", "2000-03-12"], "in 2 of 3 cells", ["iso"]),
        (["03/31/00", "03/12/00"], "two digits", ["%m/%d/%y", "%d/%m/%y"]),
        (["31.03.00 10:15"], "two digits", ["%d.%m.%y %H:%M"]),
        (["99-12-31"], "two digits", ["%y-%m-%d"]),
        (["31-DEC-99", "12-MAR-00"], "two digits", ["%d-%b-%y"]),
        (["36597", "36598.5"], "may count", ["excel", "excel_1904"]),
        (["2000", "1999"], "may count", ["%Y"]),
        (["31032000", "12032000"], "may count", ["%d%m%Y"]),
        (["2000-03", "2000-04"], "cannot be read", ["%Y-%m"]),
        (["10:15", "11:15"], "times of day", []),
        (["9.5E+08", "1.52e9"], "a spreadsheet has rounded", ["epoch_s"]),
        (["1.52123E+12"], "a spreadsheet has rounded", ["epoch_ms"]),
        (["2000-31-03", "2000-12-03", "2000-14-03"], "day before the month", ["%Y-%d-%m"]),
        (["12.03.2000 10.15", "13.03.2000 10.15"], "cannot be read", ["%d.%m.%Y %H.%M"]),
        (["2000-03-12-10.15.00.000001"], "cannot be read", ["%Y-%m-%d-%H.%M.%S.%f"]),
    ],
)
def test_what_cannot_be_told_is_asked(cells: list[str], said: str, likely: list[str]) -> None:
    found = evidence(cells)
    assert found.form() is None
    why, forms = found.why()
    assert said in why
    assert forms == likely
    assert cells[0] in why
    assert "line 2" in why


def test_the_proof_may_come_last() -> None:
    assert evidence(["01/02/2000"] * 50, ["03/04/2001"], ["01/31/2000"]).form() == "month_first"


def test_cells_that_are_no_times() -> None:
    assert moments(["2000-02-30", "2000-13-01", "x", "", "2000-01-01T24:00", "2000-01-01T10:61"], "iso") == [
        *["not a time"] * 3,
        None,
        *["not a time"] * 2,
    ]
    assert moments(["1900-02-29", "2000-02-29", "1/2/2000"], "iso") == [
        "not a time",
        "2000-02-29T00:00:00Z",
        "not a time",
    ]
    assert moments(["NA", "NULL", "-", "2000-03-12"], "iso") == [None] * 3 + ["2000-03-12T00:00:00Z"]
    assert moments(["12/03/2000"], "%Y-%m-%d") == ["not a time like %Y-%m-%d"]


def test_years_end_where_the_calendar_does() -> None:
    cells = ["0000-12-31", "0001-01-01", "9999-12-31T23:59:59.999999", "9999-12-31T23:59:59-01:00", "10000-01-01"]
    outside = "a year outside 1 to 9999"
    assert moments(cells, "iso") == [
        outside, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", outside, "not a time",
    ]  # fmt: skip
    assert (to_us(datetime.min), to_us(datetime.max)) == (FIRST_US, LAST_US)


def test_several_forms_are_tried_in_their_order() -> None:
    cells = ["2000-03-12", "12/03/2000", "Mar 12, 2000", "12/13/2000"]
    assert moments(cells, "iso", "day_first", "month_name") == ["2000-03-12T00:00:00Z"] * 3 + ["not a time"]


@pytest.mark.parametrize(
    ("cell", "form", "moment"),
    [
        ("12/03/2000 14:05", "%d/%m/%Y %H:%M", "2000-03-12T14:05:00Z"),
        ("12/03/69", "%d/%m/%y", "1969-03-12T00:00:00Z"),
        ("12/03/68", "%d/%m/%y", "2068-03-12T00:00:00Z"),
        ("3.12.2000 02:05:09 pm", "%m.%d.%Y %I:%M:%S %p", "2000-03-12T14:05:09Z"),
        ("12 AM on 12Mar2000", "%I %p on %d%b%Y", "2000-03-12T00:00:00Z"),
        ("20000312T101112.5+0200", "%Y%m%dT%H%M%S.%f%z", "2000-03-12T08:11:12.500000Z"),
        ("Sun, 12 Mar 2000 10:00:00 GMT", "month_name", "2000-03-12T10:00:00Z"),
        ("Sept 2nd 2001", "month_name", "2001-09-02T00:00:00Z"),
        ("2000-03-12 10:00:00.1234567", "iso", "2000-03-12T10:00:00.123456Z"),
        ("43831.5", "excel", "2020-01-01T12:00:00Z"),
        ("42369.5", "excel_1904", "2020-01-01T12:00:00Z"),
        ("2000-03", "%Y-%m", "2000-03-01T00:00:00Z"),
        ("1999", "%Y", "1999-01-01T00:00:00Z"),
        ("Sun Mar 12 2000 10:00:00 GMT+0100 (CET)", "month_name", "2000-03-12T09:00:00Z"),
        ("2000-03-12T10:00:00\u22120530", "iso", "2000-03-12T15:30:00Z"),
        ("-1.5", "epoch_s", "1969-12-31T23:59:58.500000Z"),
        ("99999999999999999", "epoch_s", "a year outside 1 to 9999"),
    ],
)
def test_declared_formats(cell: str, form: str, moment: str) -> None:
    assert not check_format(form)
    assert moments([cell], form) == [moment]


@pytest.mark.parametrize("form", ["%q", "%d/%m", "tomorrow", "%d %d %m %Y", "%d %Y"])
def test_formats_that_are_none(form: str) -> None:
    assert check_format(form)


@given(
    st.lists(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), min_size=1, max_size=8),
    st.sampled_from(["T", " "]),
    st.integers(-14 * 60, 14 * 60),
)
@settings(deadline=None)
def test_iso_with_and_without_zone_agrees_with_python(times: list[datetime], between: str, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    aware = [time.replace(tzinfo=zone) for time in times]
    for given_times in (times, aware):
        got = convert_times(pa.array([time.isoformat(between) for time in given_times]), ("iso",), None)
        assert not got.bad.any()
        assert got.us.tolist() == [to_us(time) for time in given_times]


@given(st.lists(st.datetimes(min_value=datetime(1000, 1, 1)), min_size=1, max_size=8))  # %Y writes 956 without its 0
@settings(deadline=None, max_examples=40)
def test_written_dates_agree_with_python(times: list[datetime]) -> None:
    cases = {
        "%d/%m/%Y %H:%M:%S": "day_first",
        "%m-%d-%Y %H:%M:%S": "month_first",
        "%B %d, %Y %I:%M:%S %p": "month_name",
        "%Y%m%dT%H%M%S": "%Y%m%dT%H%M%S",
    }
    for written, form in cases.items():
        cells = [time.strftime(written) for time in times]
        expected = [to_us(time.replace(microsecond=0)) for time in times]
        assert convert_times(pa.array(cells), (form,), None).us.tolist() == expected


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
def test_local_times_agree_with_zoneinfo(zone: str) -> None:
    rng = np.random.default_rng(5)
    local = rng.integers(-2_000_000_000, 2_500_000_000, 3000) * 1_000_000 + 7
    got = localise(local, zone)
    info = ZoneInfo(zone)
    for us, result in zip(local.tolist(), got.us.tolist(), strict=True):
        aware = from_us(us).replace(tzinfo=info)
        assert result == to_us(aware.astimezone(UTC))


def test_changes_of_the_clocks_are_told() -> None:
    cells = ["2021-03-28T02:30:00", "2021-10-31T02:30:00", "2021-07-01T00:00:00"]
    times = convert_times(pa.array(cells), ("iso",), "Europe/Berlin")
    assert "does not exist in Europe/Berlin" in times.problem[0]
    assert times.ambiguous == 1
    assert [format_us(us) for us in times.us.tolist()[1:]] == ["2021-10-31T00:30:00Z", "2021-06-30T22:00:00Z"]
    mixed = ["2021-07-01T00:00:00", "2021-07-01T00:00:00Z"]
    assert moments(mixed, "iso", zone="Europe/Berlin") == ["2021-06-30T22:00:00Z", "2021-07-01T00:00:00Z"]
