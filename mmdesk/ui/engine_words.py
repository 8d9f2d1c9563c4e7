"""Words that the engine keeps as keys (states, parts of the data, kinds), as the window says them.

The keys themselves stay as they are in settings, queries and files.
"""

from __future__ import annotations

from mmdesk.ui.language import tr, tr_in

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
    # what a case holds
    "entities": tr("entities"),
    "events": tr("events"),
    "interactions": tr("interactions"),
    "targets": tr("targets"),
    "artifacts": tr("media files"),
    "tables": tr("tables"),
    "media": tr("media"),
    # what is said of entities
    "open": tr_in("disposition", "open"),
    "confirmed": tr("confirmed"),
    "dismissed": tr("dismissed"),
    "positive": tr("positive"),
    "negative": tr("negative"),
    "uncertain": tr("uncertain"),
}


def in_words(key: str) -> str:
    """``key`` as the window says it inside a sentence; one that is not known, without its underscores."""
    return _WORDS.get(key) or key.replace("_", " ")


def in_capitals(key: str) -> str:
    """The same at the beginning of a sentence or alone in a cell."""
    words = in_words(key)
    return f"{words[:1].upper()}{words[1:]}"
