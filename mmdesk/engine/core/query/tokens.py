"""From a query's text to its pieces, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mmdesk.engine.core.errors import UsageError

KEYWORDS = ("and", "or", "not", "has", "is", "missing")
_WORD = re.compile(r'[^\s()"=!<>]+')
_TOKEN = re.compile(r'\s*(?:(?P<operator><=|>=|!=|==|<|>|=)|(?P<paren>[()])|(?P<word>[^\s()"=!<>]+)|(?P<quote>"))')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


@dataclass(frozen=True)
class Token:
    """A piece of a query's text: ``kind`` is ``operator``, ``paren``, ``word`` or ``text`` (in quotes)."""

    kind: str
    text: str
    start: int
    end: int
    closed: bool = True

    def is_word(self, *words: str) -> bool:
        """It is one of these keywords, and not in quotes."""
        return self.kind == "word" and self.text.casefold() in words


def tokens_of(text: str) -> list[Token]:
    """The pieces of a query; a text whose quotes are not closed goes to the end.

    Raises:
        QuerySyntaxError: A lone ``!``.
    """
    found: list[Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise QuerySyntaxError("! means nothing alone", "Write != or not.", start, start + 1)
        kind = str(match.lastgroup)
        start, at = match.start(kind), match.end()
        if kind == "quote":
            whole = _QUOTED.match(text, start)
            inner = whole.group(1) if whole else text[start + 1 :]
            at = whole.end() if whole else len(text)
            inner = re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)
            found.append(Token("text", inner, start, at, closed=whole is not None))
        else:
            found.append(Token(kind, match.group(kind).replace("==", "="), start, at))
    return found


class QuerySyntaxError(UsageError):
    """A query that means nothing; ``start`` and ``end`` say where in its text, in letters from 0."""

    default_code = "query"

    def __init__(self, what: str, hint: str, start: int, end: int, *, code: str = "query.syntax") -> None:
        details = {"start": start, "end": end}
        super().__init__(f"{what} (at letter {start + 1})", hint, code=code, details=details)
        self.start, self.end = start, end

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process."""
        what = self.message.removesuffix(f" (at letter {self.start + 1})")
        return _rebuild, (what, self.hint, self.start, self.end, self.code)


def _rebuild(what: str, hint: str, start: int, end: int, code: str) -> QuerySyntaxError:
    return QuerySyntaxError(what, hint, start, end, code=code)


def quoted(text: str) -> str:
    """A text as it is written in a query."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def written(name: str) -> str:
    """A field's name as it is written in a query."""
    plain = _WORD.fullmatch(name) is not None and name.casefold() not in KEYWORDS
    return name if plain else quoted(name)
