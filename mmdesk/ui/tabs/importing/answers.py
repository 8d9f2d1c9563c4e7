"""mmdesk's questions and the answers there are to each, in words on buttons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_FORMS = {
    "day_first": "Day first (31/12/2024)",
    "month_first": "Month first (12/31/2024)",
    "iso": "Year first (2024-12-31)",
    "month_name": "Names of months (Dec 31, 2024)",
    "ctime": "As programs print it (Tue Dec 31 2024)",
    "epoch_s": "Seconds since 1970",
    "epoch_ms": "Milliseconds since 1970",
    "epoch_us": "Microseconds since 1970",
    "epoch_ns": "Nanoseconds since 1970",
    "excel": "Days as Excel counts them",
    "excel_1904": "Days as Excel on old Macs counts them, from 1904",
}
_LETTERS = {
    "%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%b": "Mon", "%B": "Month", "%H": "HH", "%I": "HH", "%M": "MM",
    "%S": "SS", "%f": "fraction", "%p": "AM/PM", "%z": "zone",
}  # fmt: skip
_UNITS = {"ignore": "The number as it is written: 5% is 5", "fraction": "As a fraction: 5% is 0.05"}


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
        return "The comma is the decimal mark (1,5)" if comma else "The comma parts thousands (1,234)"
    if mapping.get("ignore"):
        return f"Leave the column '{question['column']}' out"
    forms = mapping.get("formats")
    if isinstance(forms, Mapping):
        return _forms_in_words(next(iter(forms.values())))
    columns = mapping.get("columns")
    parts = [_source_in_words(name, source) for name, source in columns.items()] if isinstance(columns, Mapping) else []
    return ", ".join(parts) or "Yes, as proposed"


def _source_in_words(name: str, source: object) -> str:
    if source is None:
        return f"Leave '{name}' out"
    if isinstance(source, Mapping):
        if isinstance(values := source.get("values"), Mapping):
            return ", ".join(f"'{word}' is {meaning}" for word, meaning in values.items())
        if "format" in source:
            return _forms_in_words(source["format"])
        if isinstance(joined := source.get("join"), Sequence):
            return f"'{name}' is '" + "' and '".join(map(str, joined)) + "' together"
    return f"'{name}' is '{source}'"


def _forms_in_words(form: object) -> str:
    forms = form if isinstance(form, (list, tuple)) else [form]
    words = [_FORMS.get(str(one)) or "".join(_pieces(str(one))) for one in forms]
    return words[0] if len(words) == 1 else f"Each cell by the first that fits: {'; '.join(words)}"


def _pieces(form: str) -> Iterator[str]:
    """``%d.%m.%y`` as DD.MM.YY."""
    place = 0
    while place < len(form):
        width = 2 if form[place] == "%" else 1
        piece = form[place : place + width]
        yield _LETTERS.get(piece, piece)
        place += width
