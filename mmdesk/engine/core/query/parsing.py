"""From a query's text to what it means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mmdesk.engine.core.query.fields import Field, Kind, named
from mmdesk.engine.core.query.nodes import All, Any, Compare, Has, Missing, Not, Operator, Query, SameText, Words
from mmdesk.engine.core.query.tokens import QuerySyntaxError, Token, quoted, tokens_of
from mmdesk.engine.core.query.values import EXAMPLES, READERS

_MOST_LETTERS = 2000
_DEEPEST = 40


def parse(text: str, fields: Iterable[Field]) -> Query:
    """The query that a text means; an empty one chooses every row.

    Raises:
        QuerySyntaxError: It means nothing; the error says where and what could be meant.
    """
    if len(text) > _MOST_LETTERS:
        raise QuerySyntaxError("The query is too long", f"At most {_MOST_LETTERS} letters.", _MOST_LETTERS, len(text))
    tokens = tokens_of(text)
    for token in tokens:
        if not token.closed:
            raise QuerySyntaxError("The quotes are not closed", 'Add a ".', token.start, token.end)
    parser = _Parser(text, tokens, named(fields))
    return parser.whole()


@dataclass
class _Parser:
    text: str
    tokens: list[Token]
    fields: Mapping[str, Field]
    at: int = 0
    depth: int = 0

    def whole(self) -> Query:
        if not self.tokens:
            return All()
        found = self._any()
        token = self._next()
        if token is not None:
            raise self._error(token, f"{token.text} is one too many", "Take it out, or open a ( before.")
        return found

    def _next(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def _error(self, token: Token | None, what: str, hint: str, code: str = "query.syntax") -> QuerySyntaxError:
        if token is None:
            return QuerySyntaxError(what, hint, len(self.text.rstrip()), len(self.text), code=code)
        return QuerySyntaxError(what, hint, token.start, token.end, code=code)

    @property
    def _example(self) -> str:
        """A test of a field that there is."""
        known = (test for test in ("status = done", "star = yes") if test.split()[0] in self.fields)
        return next(known, f"{next(iter(self.fields), 'name')} is missing")

    def _any(self) -> Query:
        parts = [self._all()]
        while (token := self._next()) is not None and token.is_word("or"):
            self.at += 1
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def _all(self) -> Query:
        parts = [self._one()]
        while (token := self._next()) is not None and not token.is_word("or") and token.text != ")":
            if token.is_word("and"):
                self.at += 1
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self) -> Query:
        token = self._next()
        if token is None:
            raise self._error(None, "Something is missing at the end", f"Write a test, for instance {self._example}.")
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._error(token, "Too many brackets within each other", f"At most {_DEEPEST}.")
        try:
            if token.is_word("not"):
                self.at += 1
                return Not(self._one())
            if token.kind == "paren" and token.text == "(":
                return self._bracket(token)
            return self._test(token)
        finally:
            self.depth -= 1

    def _bracket(self, opened: Token) -> Query:
        self.at += 1
        found = self._any()
        token = self._next()
        if token is None or token.text != ")" or token.kind != "paren":
            raise self._error(opened, "The bracket is not closed", "Add a ).")
        self.at += 1
        return found

    def _test(self, token: Token) -> Query:
        if token.kind in {"operator", "paren"} or token.is_word("and", "or", "has", "is"):
            hint = (
                f"Write a field before it, for instance {self._example.split()[0]}."
                if token.kind != "paren"
                else "Take it out."
            )
            raise self._error(token, f"{token.text} cannot stand here", hint)
        self.at += 1
        following = self._next()
        if following is None or not (following.kind == "operator" or following.is_word("has", "is")):
            return Words(token.text)
        self.at += 1
        asked = self._field(token)
        if following.is_word("is"):
            return self._missing(asked)
        value = self._value(following)
        if following.is_word("has"):
            if asked.kind is not Kind.TEXT:
                raise self._error(following, f"{asked.name} is a {asked.kind}, not a text", "Compare it with = < or >.")
            return Has(asked.name, value.text)
        return self._compared(asked, following, value)

    def _field(self, token: Token) -> Field:
        found = self.fields.get(token.text.casefold())
        if found is None:
            close = difflib.get_close_matches(token.text.casefold(), list(self.fields), n=1)
            hint = f"Did you mean {self.fields[close[0]].name}?" if close else "Ctrl+Space lists the fields."
            raise self._error(token, f"There is no field {token.text}", hint, "query.unknown_field")
        return found

    def _missing(self, asked: Field) -> Query:
        negated = (token := self._next()) is not None and token.is_word("not")
        self.at += negated
        token = self._next()
        if token is None or not token.is_word("missing"):
            raise self._error(token, "is must be followed by missing", f"{asked.name} is missing, or is not missing.")
        self.at += 1
        return Not(Missing(asked.name)) if negated else Missing(asked.name)

    def _value(self, before: Token) -> Token:
        token = self._next()
        if token is None or token.kind not in {"word", "text"} or token.is_word("and", "or"):
            raise self._error(token, f"A value is missing after {before.text}", "A word, a number or a text in quotes.")
        self.at += 1
        return token

    def _compared(self, asked: Field, operator: Token, value: Token) -> Query:
        wanted = Operator(operator.text)
        if asked.kind is Kind.TEXT:
            if wanted not in {Operator.EQUAL, Operator.UNEQUAL}:
                raise self._error(operator, f"{asked.name} is a text and has no order", "Use =, != or has.")
            same = SameText(asked.name, value.text)
            return same if wanted is Operator.EQUAL else Not(same)
        span = READERS[asked.kind](value.text)
        if span is None:
            raise self._error(value, f"{value.text} is no {asked.kind}", EXAMPLES[asked.kind], "query.bad_value")
        written = value.text if value.kind == "word" else quoted(value.text)
        return Compare(asked.name, wanted, written, *span)
