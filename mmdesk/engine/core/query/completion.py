"""What may stand at a place of a query that is being written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mmdesk.engine.core.query.fields import Field, Kind, named
from mmdesk.engine.core.query.tokens import QuerySyntaxError, Token, quoted, tokens_of, written
from mmdesk.engine.core.query.values import EXAMPLES


@dataclass(frozen=True)
class Option:
    """One proposal: ``text`` goes in, ``help`` says what it is."""

    text: str
    help: str


@dataclass(frozen=True)
class Completions:
    """Proposals for a query's letters from ``start`` to before ``end``."""

    start: int
    end: int
    options: tuple[Option, ...]


_JOINTS = (Option("and", "both"), Option("or", "one of them, or both"))
_NEGATION = Option("not", "the opposite of what follows")
_MISSING = (Option("missing", "there is no value"), Option("not missing", "there is a value"))
_ORDER = (
    Option(">", "more than, or later"),
    Option(">=", "at least, or from then on"),
    Option("<", "less than, or earlier"),
    Option("<=", "at most, or until then"),
)
_EQUALITY = (Option("=", "the same"), Option("!=", "not the same"))


def complete(text: str, at: int, fields: Iterable[Field]) -> Completions:
    """What may stand at a place; what is begun there is to be replaced.

    Args:
        text: The query so far.
        at: The place, in letters from 0.
        fields: What can be asked for.
    """
    listed = list(fields)
    known = named(listed)
    try:
        before = tokens_of(text[:at])
    except QuerySyntaxError:
        return Completions(at, at, ())
    begun = before.pop() if before and _is_begun(before[-1], at) else None
    start = begun.start if begun else at
    end = at + len(text[at:]) - len(text[at:].lstrip('"')) if begun and begun.kind == "text" else at
    options = _possible(before, listed, known)
    typed = begun.text.casefold() if begun else ""
    fitting = [option for option in options if typed in option.text.casefold()]
    # What begins like the letters typed goes before what only has them inside.
    fitting.sort(key=lambda option: not option.text.casefold().lstrip('"').startswith(typed))
    return Completions(start, end, tuple(fitting))


def _is_begun(token: Token, at: int) -> bool:
    return token.end == at and (token.kind == "word" or (token.kind == "text" and not token.closed))


def _possible(before: Sequence[Token], listed: Sequence[Field], known: dict[str, Field]) -> list[Option]:
    """Everything that may follow these pieces."""
    last = before[-1] if before else None
    operands = [*(Option(written(one.name), one.help) for one in listed), _NEGATION]
    if last is None or last.is_word("and", "or", "not") or last.text == "(":
        return [*operands, *(_MISSING if last and last.is_word("not") and _follows_is(before) else ())]
    asked = known.get(before[-2].text.casefold()) if len(before) > 1 else None
    if last.kind == "operator" or last.is_word("has"):
        return _values(asked)
    if last.is_word("is"):
        return list(_MISSING)
    field = known.get(last.text.casefold()) if last.kind in {"word", "text"} else None
    if field is not None and not _is_value(before):
        return _operators(field)
    return [*_JOINTS, *operands]


def _follows_is(before: Sequence[Token]) -> bool:
    return len(before) > 1 and before[-2].is_word("is")


def _is_value(before: Sequence[Token]) -> bool:
    return len(before) > 1 and (before[-2].kind == "operator" or before[-2].is_word("has", "is"))


def _operators(field: Field) -> list[Option]:
    there = Option("is missing", "there is no value")
    if field.kind is Kind.TEXT:
        return [Option("has", "a part of the text"), *_EQUALITY, there]
    return [*_ORDER, *_EQUALITY, there]


def _values(field: Field | None) -> list[Option]:
    if field is None:
        return []
    if field.kind is Kind.TEXT:
        return [Option(value if written(value) == value else quoted(value), field.name) for value in field.values]
    return [Option(value, EXAMPLES[field.kind]) for value in field.values]
