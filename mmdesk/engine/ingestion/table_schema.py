"""The columns that each table wants, the names they go by, and which table a header looks like."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mmdesk.engine.core.types import Table


class Content(StrEnum):
    """What the cells of a wanted column hold."""

    ID = "id"
    TEXT = "text"
    NUMBER = "number"
    CLASS = "class"
    TIME = "time"
    SPLIT = "split"


@dataclass(frozen=True)
class Field:
    """A column that a table wants.

    Attributes:
        name: Its name in our files and in the store.
        content: What its cells hold.
        required: The table cannot be imported without it.
        aliases: Other names that stand for it without asking.
        synonyms: Names that are proposed for it, and asked about.
    """

    name: str
    content: Content
    required: bool = False
    aliases: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()


_ENTITY = (
    "id", "entity", "customer", "customer id", "customer no", "client", "client id", "account", "account id",
    "account no", "account number", "acct", "user", "user id", "person", "person id", "member", "member id", "subject",
    "subject id", "case id", "device", "device id", "key", "uid", "kunde", "kundennr", "kundennummer", "konto",
    "kontonummer", "cliente", "cuenta", "compte",
    "name",
)  # fmt: skip
_TIME = (
    "time", "date", "datetime", "date time", "when", "ts", "at", "created", "created at", "event time", "event date",
    "transaction date", "transaction time", "booking date", "posted", "occurred at", "day",
    "datum", "buchungsdatum", "zeitpunkt", "fecha",
)  # fmt: skip
_VALUE = (
    "amount", "amt", "sum", "price", "score", "quantity", "qty", "val", "number", "total", "betrag", "wert", "importe",
    "monto", "montant", "importo", "valor",
)  # fmt: skip
_TYPE = (
    "kind", "category", "event", "action", "activity", "event name", "transaction type", "operation", "code", "art",
    "typ", "tipo", "vorgang",
)  # fmt: skip

FIELDS: dict[Table, tuple[Field, ...]] = {
    Table.ENTITIES: (
        Field("entity_id", Content.ID, required=True, synonyms=_ENTITY),
        Field("y_reg", Content.NUMBER),
        Field("y_class", Content.CLASS),
        Field("y_rank", Content.NUMBER),
    ),
    Table.EVENTS: (
        Field("entity_id", Content.ID, required=True, synonyms=_ENTITY),
        Field("event_type", Content.TEXT, required=True, aliases=("type",), synonyms=_TYPE),
        Field("value", Content.NUMBER, synonyms=_VALUE),
        Field("timestamp", Content.TIME, required=True, synonyms=_TIME),
        Field("event_id", Content.ID),
    ),
    Table.INTERACTIONS: (
        Field(
            "source_id", Content.ID, required=True,
            synonyms=("source", "from", "from id", "src", "sender", "sender id", "payer", "caller", "start", "a"),
        ),
        Field(
            "target_id", Content.ID, required=True,
            synonyms=("target", "to", "to id", "dst", "dest", "destination", "receiver", "receiver id", "recipient",
                      "payee", "callee", "end", "b"),
        ),
        Field(
            "interaction_type", Content.TEXT, aliases=("type",),
            synonyms=(*_TYPE, "relation", "relationship", "label", "edge type"),
        ),
        Field("weight", Content.NUMBER, synonyms=(*_VALUE, "strength", "value", "rating")),
        Field("timestamp", Content.TIME, synonyms=_TIME),
    ),
    Table.TARGETS: (
        Field("entity_id", Content.ID, required=True, synonyms=_ENTITY),
        Field("as_of", Content.TIME, synonyms=("cutoff", "as of date", "reference date", "timestamp", *_TIME)),
        Field("y_reg", Content.NUMBER, synonyms=("target", "y", "value", "amount")),
        Field("y_class", Content.CLASS, synonyms=("label", "class", "fraud", "is fraud", "flag", "outcome")),
        Field("y_rank", Content.NUMBER, synonyms=("rank", "relevance", "grade", "priority")),
        Field("rank_group", Content.TEXT, synonyms=("group", "query", "query id")),
        Field("split", Content.SPLIT, synonyms=("set", "part", "partition", "fold", "subset")),
    ),
}  # fmt: skip
"""The wanted columns of each table, in the order of our own files."""

TARGET_FIELDS = ("y_reg", "y_class", "y_rank")
"""The three kinds of target."""

_SEPARATORS = re.compile(r"[\s_\-.]+")


def plain(name: str) -> str:
    """A column name without case, blanks, underscores, hyphens and dots: how names are compared."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", name).casefold())


def field_named(table: Table, name: str) -> Field | None:
    """The wanted column of that exact name, or None."""
    return next((field for field in FIELDS[table] if field.name == name), None)


def exact_names() -> frozenset[str]:
    """The names and aliases, without synonyms, of all tables' wanted columns, compared as :func:`plain` does."""
    return _EXACT_NAMES


def known_names(table: Table | None = None) -> frozenset[str]:
    """All names, aliases and synonyms of one table or of all, compared as :func:`plain` does."""
    tables = [table] if table is not None else list(Table)
    return frozenset(
        plain(name) for one in tables for field in FIELDS[one] for name in (field.name, *field.aliases, *field.synonyms)
    )


_EXACT_NAMES = frozenset(
    plain(name) for fields in FIELDS.values() for field in fields for name in (field.name, *field.aliases)
)

IDENTIFIERS = frozenset(map(plain, ("entity_id", "source_id", "target_id")))
"""Names of columns that only a header has as cells, compared as :func:`plain` does."""


def propose_table(header: Iterable[str], stem: str = "") -> Table | None:
    """Which table a header looks like.

    A table whose required columns are all there by name or alias comes first, then one that they can be proposed for;
    the file's name decides what the header leaves open.

    Args:
        header: Column names.
        stem: The file's name without its ending.
    """
    names = {plain(name) for name in header}
    by_stem = _by_stem(plain(stem))
    sure = certain_tables(header)
    if by_stem in sure:
        return by_stem
    # Every file with an entity_id could be entities, so that alone is weak.
    strong = [table for table in sure if table is not Table.ENTITIES]
    likely = [table for table in _SPECIFIC_FIRST if _fits(table, names, synonyms=True)]
    nearly = [table for table in likely if _named(table, names) >= _NEARLY]
    candidates = [*strong, *([by_stem] if by_stem is not None else []), *nearly, *sure, *likely]
    return candidates[0] if candidates else None


def certain_tables(header: Iterable[str]) -> list[Table]:
    """The tables whose required columns are all there by name or alias, those with the most of them first."""
    names = {plain(name) for name in header}
    return [table for table in _SPECIFIC_FIRST if _fits(table, names, synonyms=False)]


_NEARLY = 2
"""Required columns that must be there by name before the others are believed by synonym."""


def _named(table: Table, names: set[str]) -> int:
    required = (field for field in FIELDS[table] if field.required)
    return sum(any(plain(name) in names for name in (field.name, *field.aliases)) for field in required)


_SPECIFIC_FIRST = (Table.INTERACTIONS, Table.EVENTS, Table.TARGETS, Table.ENTITIES)

_STEMS = {
    Table.ENTITIES: ("entit", "customer", "account", "person", "people", "user", "member", "client"),
    Table.EVENTS: ("event", "transaction", "activity", "log"),
    Table.INTERACTIONS: ("interaction", "edge", "link", "relation"),
    Table.TARGETS: ("target", "label", "outcome"),
}


def _by_stem(stem: str) -> Table | None:
    return next((table for table, words in _STEMS.items() if any(word in stem for word in words)), None)


def _fits(table: Table, names: set[str], *, synonyms: bool) -> bool:
    def there(field: Field) -> bool:
        more = field.synonyms if synonyms else ()
        return any(plain(name) in names for name in (field.name, *field.aliases, *more))

    if not all(there(field) for field in FIELDS[table] if field.required):
        return False
    if table is Table.TARGETS:
        own = [field for field in FIELDS[table] if field.name in {"split", "as_of", "rank_group"}]
        labels = [field for field in FIELDS[table] if field.name in TARGET_FIELDS]
        nothing_else = names <= {plain(name) for name in ("entity_id", *TARGET_FIELDS)}
        return any(map(there, labels)) and (any(map(there, own)) or nothing_else)
    return True
