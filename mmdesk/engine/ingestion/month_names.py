"""Names of months in the languages that dates are most often exported in; no name means two months in them."""

from __future__ import annotations

import functools
import unicodedata

_FULL = (
    "january february march april may june july august september october november december",
    "januar februar marz april mai juni juli august september oktober november dezember",
    "janner feber marz april mai juni juli august september oktober november dezember",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "januar februar marts april maj juni juli august september oktober november december",
    "januar februar mars april mai juni juli august september oktober november desember",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia",
    "styczen luty marzec kwiecien maj czerwiec lipiec sierpien wrzesien pazdziernik listopad grudzien",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
)
"""English; German, Austrian; French; Spanish; Italian; Portuguese; Dutch; Swedish; Danish; Norwegian; Polish, of and as
a month; Russian likewise. Without accents. Source: Unicode CLDR, Gregorian month names."""

_SHORT = (
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "jan feb mrz apr mai jun jul aug sept okt nov dez",
    "janv fevr mars avr mai juin juil aout sept oct nov dec",
    "ene feb mar abr may jun jul ago set oct nov dic",
    "gen febb mar apr mag giu lug ago set ott nov dic",
    "jan fev mar abr mai jun jul ago set out nov dez",
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "jan feb mar apr maj jun jul aug sep okt nov des",
    "sty lut mar kwi maj cze lip sie wrz paz lis gru",
    "янв фев мар апр май июн июл авг сен окт ноя дек",
    "янв февр март апр мая июня июля авг сент окт нояб дек",
)


def _plain(name: str) -> str:
    parts = unicodedata.normalize("NFKD", name.casefold().replace("ł", "l"))
    return "".join(part for part in parts if not unicodedata.combining(part)).rstrip(".")


@functools.cache
def _months() -> dict[str, int]:
    lists = [names.split() for names in (*_FULL, *_SHORT)]
    return {_plain(name): number for names in lists for number, name in enumerate(names, 1)}


def month_number(name: str) -> int:
    """1 to 12 for the name of a month, in whatever case, with accents or without, 0 for any other text."""
    return _months().get(_plain(name), 0)
