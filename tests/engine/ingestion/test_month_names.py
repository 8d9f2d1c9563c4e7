"""Dates with the names of months, as programs write them in several languages."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Literal

import numpy as np
import pyarrow as pa
import pytest

from mmdesk.engine.core.times import to_us
from mmdesk.engine.ingestion import month_names
from mmdesk.engine.ingestion.time_columns import TimeEvidence
from mmdesk.engine.ingestion.time_formats import convert_times

NAMES = {
    "{d}. {m} {y}": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "{d} {m} {y}": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "{d} de {m} de {y}": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "{d}-{m}-{y}": "gen feb mar apr mag giu lug ago set ott nov dic",
    "{d}/{m}/{y}": "jan fev mar abr mai jun jul ago set out nov dez",
    "{m} {d}, {y}": "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC",
    "{d} {m} {y} 00:00": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "Sun {m} {d} 00:00:00 UTC {y}": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
}


@pytest.mark.parametrize("written", NAMES)
@pytest.mark.parametrize("composed", ["NFC", "NFD"])
def test_months_by_name(written: str, composed: Literal["NFC", "NFD"]) -> None:
    cells = [written.format(d=20, m=name, y=2000 + place) for place, name in enumerate(NAMES[written].split())]
    texts = pa.array([unicodedata.normalize(composed, cell) for cell in cells])
    evidence = TimeEvidence()
    evidence.update(texts, np.arange(len(cells)))
    form = evidence.form()
    assert form in {"month_name", "ctime"}
    times = convert_times(texts, (form,), None)
    assert not times.bad.any()
    assert times.us.tolist() == [to_us(datetime(2000 + place, place + 1, 20)) for place in range(12)]


def test_no_name_means_two_months() -> None:
    meanings: dict[str, set[int]] = {}
    for names in (*month_names._FULL, *month_names._SHORT):
        for number, name in enumerate(names.split(), 1):
            meanings.setdefault(month_names._plain(name), set()).add(number)
            assert month_names.month_number(name.upper()) == number
    assert all(len(numbers) == 1 for numbers in meanings.values())
    assert month_names.month_number("Foo") == 0


def test_words_that_are_no_months_are_no_times() -> None:
    evidence = TimeEvidence()
    evidence.update(pa.array(["12 Foo 2000", "12-ABC-34", "Sun Bar 12 00:00:00 2000"]), np.arange(3))
    assert (evidence.seen, evidence.other) == (0, 3)
