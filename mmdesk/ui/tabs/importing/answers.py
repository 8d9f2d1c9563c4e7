"""mmdesk's questions and the answers there are to each, in words on buttons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mmdesk.ui.language import tr

_FORMS = {
    "day_first": tr("Day first (31/12/2024)"),
    "month_first": tr("Month first (12/31/2024)"),
    "iso": tr("Year first (2024-12-31)"),
    "month_name": tr("Names of months (Dec 31, 2024)"),
    "ctime": tr("As programs print it (Tue Dec 31 2024)"),
    "epoch_s": tr("Seconds since 1970"),
    "epoch_ms": tr("Milliseconds since 1970"),
    "epoch_us": tr("Microseconds since 1970"),
    "epoch_ns": tr("Nanoseconds since 1970"),
    "excel": tr("Days as Excel counts them"),
    "excel_1904": tr("Days as Excel on old Macs counts them, from 1904"),
}
_LETTERS = {
    "%Y": tr("YYYY"),
    "%y": tr("YY"),
    "%m": tr("MM"),
    "%d": tr("DD"),
    "%b": tr("Mon"),
    "%B": tr("Month"),
    "%H": tr("HH"),
    "%I": tr("HH"),
    "%M": tr("MM"),
    "%S": tr("SS"),
    "%f": tr("fraction"),
    "%p": tr("AM/PM"),
    "%z": tr("zone"),
}
_UNITS = {"ignore": tr("The number as it is written: 5% is 5"), "fraction": tr("As a fraction: 5% is 0.05")}


@dataclass(frozen=True)
class Answer:
    """What a button says, and the part of the table's mapping that it stands for."""

    text: str
    mapping: Mapping[str, object]


@dataclass(frozen=True)
class AskedQuestion:
    """What cannot be told of a file, and the answers, the proposed one first."""

    table: str
    text: str
    answers: tuple[Answer, ...]


def questions_of(facts: Mapping[str, object]) -> list[AskedQuestion]:
    """The questions in the facts of a failure; empty if it asks nothing that can be answered.

    Args:
        facts: With ``questions`` as :func:`mmdesk.engine.ingestion.questions.ask` writes them.
    """
    found = facts.get("questions")
    asked = []
    for question in found if isinstance(found, (list, tuple)) else ():
        answers = tuple(Answer(in_words(mapping, question), mapping) for mapping in question["answers"])
        asked.append(AskedQuestion(question["table"], question["text"], answers))
    return asked


def in_words(mapping: Mapping[str, object], question: Mapping[str, object]) -> str:
    """What choosing ``mapping`` means.

    Args:
        mapping: A part of one table's mapping.
        question: With the ``column`` and the ``code`` of the question.
    """
    for key in ("sheet", "member", "encoding"):
        if key in mapping:
            return str(mapping[key])
    if "units" in mapping:
        return _UNITS[str(mapping["units"])]
    if "decimal" in mapping:
        comma = mapping["decimal"] == ","
        return tr("The comma is the decimal mark (1,5)") if comma else tr("The comma parts thousands (1,234)")
    if mapping.get("ignore"):
        return tr("Leave the column '{name}' out", name=question["column"])
    forms = mapping.get("formats")
    if isinstance(forms, Mapping):
        return _forms_in_words(next(iter(forms.values())))
    columns = mapping.get("columns")
    parts = [_source_in_words(name, source) for name, source in columns.items()] if isinstance(columns, Mapping) else []
    return ", ".join(parts) or tr("Yes, as proposed")


def _source_in_words(name: str, source: object) -> str:
    if source is None:
        return tr("Leave '{name}' out", name=name)
    if isinstance(source, Mapping):
        if isinstance(values := source.get("values"), Mapping):
            return ", ".join(
                tr("'{word}' is {meaning}", word=word, meaning=meaning) for word, meaning in values.items()
            )
        if "format" in source:
            return _forms_in_words(source["format"])
        if isinstance(joined := source.get("join"), Sequence):
            columns = tr(" and ").join(f"'{one}'" for one in joined)
            return tr("'{name}' is {columns} together", name=name, columns=columns)
    return tr("'{name}' is '{source}'", name=name, source=source)


def _forms_in_words(form: object) -> str:
    forms = form if isinstance(form, (list, tuple)) else [form]
    words = [_FORMS.get(str(one)) or "".join(_pieces(str(one))) for one in forms]
    return words[0] if len(words) == 1 else tr("Each cell by the first that fits: {words}", words="; ".join(words))


def _pieces(form: str) -> Iterator[str]:
    """``%d.%m.%y`` as DD.MM.YY."""
    place = 0
    while place < len(form):
        width = 2 if form[place] == "%" else 1
        piece = form[place : place + width]
        yield _LETTERS.get(piece, piece)
        place += width
