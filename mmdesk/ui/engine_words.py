"""Words that the engine keeps as keys (states, parts of the data, kinds), as the window says them.

The keys themselves stay as they are in settings, queries and files. Of the engine's sentences those that never change
are here, too, for the catalogue: the window gives them to :func:`tr` as they come, and one that is not known stays
English.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mmdesk.ui.formatting import counted
from mmdesk.ui.language import tr, tr_in, tr_later, tr_n

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

ENGINE_SENTENCES = (
    # what settings of a training mean
    tr_later("Start of all random numbers; another seed is another run."),
    tr_later("Most passes over the training rows; 0 = as many as their number needs."),
    tr_later("Rows per step; 0 = as fits their number."),
    tr_later("Step size of Adam at its highest."),
    tr_later("Models trained from different seeds and averaged."),
    tr_later("Attributes that the model must not see, comma separated."),
    tr_later("Share of the epochs without a smaller validation loss (smoothed, all heads) after which to stop."),
    tr_later("Train the plain baseline (gradient boosting) beside it."),
    tr_later("Share of rows that validate where no split is given."),
    tr_later("Share of rows that test where no split is given."),
    tr_later("Decoupled weight decay."),
    tr_later("Share of activations dropped while training."),
    tr_later("Largest norm of a step's gradient."),
    tr_later("Decay of the weights' moving average."),
    tr_later("Weight of the regression loss."),
    tr_later("Weight of the classification loss."),
    tr_later("Weight of the ranking loss."),
    tr_later("Newest events taken one by one."),
    tr_later("Newest interactions likewise."),
    tr_later("Newest files likewise."),
    tr_later("Segments per file."),
    # what a check of a file or a row found
    tr_later("checked: it is what was imported"),
    tr_later("ALTERED: it is not what was imported any more"),
    tr_later("NOT FOUND: it is not where it was imported from, so it could not be checked"),
    tr_later("NOT FOUND: it is not on this machine, so it could not be checked"),
    tr_later("UNKNOWN: the case has no record of it"),
    tr_later("WITHDRAWN: it is not current in the case any more"),
    # where an account starts
    tr_later("Typical case"),
    tr_later("Typical of its group"),
)


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
