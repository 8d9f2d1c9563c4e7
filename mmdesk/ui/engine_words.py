"""Words that the engine keeps as keys (states, parts of the data, kinds), as the window says them.

The keys themselves stay as they are in settings, queries and files. The engine's sentences are in
:mod:`mmdesk.ui.engine_sentences`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mmdesk.ui.formatting import counted
from mmdesk.ui.language import tr, tr_in, tr_n

if TYPE_CHECKING:
    from mmdesk.engine.explanation.references import Custody

_WORDS = {
    # runs
    "running": tr("running"),
    "done": tr("done"),
    "cancelled": tr("cancelled"),
    "failed": tr("failed"),
    "interrupted": tr("interrupted"),
    # what a verification found
    "identical": tr("identical"),
    "different_environment": tr("different environment"),
    "diverged": tr("diverged"),
    "unverifiable": tr("unverifiable"),
    # media
    "pending": tr("pending"),
    "incomplete": tr("incomplete"),
    "warning": tr("warning"),
    "image": tr("image"),
    "audio": tr("audio"),
    "video": tr("video"),
    # parts of the data
    "train": tr_in("part", "train"),
    "val": tr_in("part", "validation"),
    "validation": tr_in("part", "validation"),
    "test": tr_in("part", "test"),
    "baseline": tr("baseline"),
    # what a run predicts
    "classification": tr("classification"),
    "regression": tr("regression"),
    "ranking": tr("ranking"),
    # what a case holds
    "entities": tr("entities"),
    "events": tr("events"),
    "interactions": tr("interactions"),
    "targets": tr("targets"),
    "artifacts": tr("media files"),
    "links": tr("links"),
    "runs": tr("runs"),
    "imports": tr("imports"),
    "tables": tr("tables"),
    "media": tr("media"),
    "entity_artifacts": tr("links to media files"),
    # what is said of entities
    "open": tr_in("disposition", "open"),
    "confirmed": tr("confirmed"),
    "dismissed": tr("dismissed"),
    "positive": tr("positive"),
    "negative": tr("negative"),
    "uncertain": tr("uncertain"),
    "decision": tr("decision"),
    "everyone": tr("everyone"),
    # what came of rows and files
    "read": tr("read"),
    "inserted": tr("new"),
    "unchanged": tr("unchanged"),
    "replaced": tr("replaced"),
    "rejected": tr("rejected"),
    "conflicts": tr("conflicts"),
    "duplicates": tr("duplicates"),
    "refused": tr("refused"),
    "files": tr("files"),
}

_COUNTED: dict[str, Callable[[int], str]] = {
    "entities": lambda n: tr_n("{n:,} entity", "{n:,} entities", n),
    "events": lambda n: tr_n("{n:,} event", "{n:,} events", n),
    "interactions": lambda n: tr_n("{n:,} interaction", "{n:,} interactions", n),
    "targets": lambda n: tr_n("{n:,} target", "{n:,} targets", n),
    "artifacts": lambda n: tr_n("{n:,} media file", "{n:,} media files", n),
    "entity_artifacts": lambda n: tr_n("{n:,} link to a media file", "{n:,} links to media files", n),
    "tags": lambda n: tr_n("{n:,} tag", "{n:,} tags", n),
    "notes": lambda n: tr_n("{n:,} note", "{n:,} notes", n),
}
"""What a case holds, counted."""


def in_words(key: str) -> str:
    """``key`` as the window says it inside a sentence; one that is not known, without its underscores."""
    return _WORDS.get(key) or key.replace("_", " ")


def counted_words(name: str, n: int) -> str:
    """So many of what a case holds."""
    count = _COUNTED.get(name)
    return f"{counted(n)} {in_words(name)}" if count is None else count(n)


def in_capitals(key: str) -> str:
    """The same at the beginning of a sentence or alone in a cell."""
    words = in_words(key)
    return f"{words[:1].upper()}{words[1:]}"


def custody_said(standing: Custody, *, imported: bool) -> str:
    """What a check of a file or a row found."""
    from mmdesk.engine.explanation.references import custody_words  # the window is seen the sooner

    words = custody_words(standing, imported=imported)
    return tr(words)
