"""Sentences that the engine says, for the catalogue; one that is not known stays English.

Numbers stand apart in them, as ``{a}``, ``{b}`` and so on in the order in which they come, so that one sentence of the
catalogue does for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from mmdesk.ui.formatting import NUMBER, in_numbers, marked
from mmdesk.ui.language import tr, tr_later

_NAMES = "abcdefgh"
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
    # which rows support an output
    tr_later("the outcome {a}, as the output is at or above {b} %"),
    tr_later("the outcome {a}, as the output is below {b} %"),
    tr_later("an outcome within {a} (half a deviation) of {b}"),
    tr_later("an outcome in the lowest third, as the output is"),
    tr_later("an outcome in the middle third, as the output is"),
    tr_later("an outcome in the highest third, as the output is"),
    # what was left out of scores
    tr_later("{a} file has no features and was left out; extract them under Import, Media"),
    tr_later("{a} files have no features and were left out; extract them under Import, Media"),
    tr_later("{a} file has features of another version than the run's and was left out; train anew to use them."),
    tr_later("{a} files have features of another version than the run's and were left out; train anew to use them."),
    tr_later("The run was trained without files, so the case's files were not used; train anew to use them."),
    # what is known before a training
    tr_later("The case has no labels, so there is nothing to learn."),
    tr_later("Import a targets file with y_class, y_reg or y_rank under Import, Tables."),
    tr_later("No labelled row is in the training part."),
    tr_later("Set the split of some rows to train, or leave the column split out."),
    tr_later("y_rank never differs within a rank_group of the training part, so the ranking head learns nothing."),
    tr_later("Put rows that are to be ranked among each other into one rank_group."),
    tr_later("Every label of the training part is the same, so there is nothing to tell apart."),
    tr_later("Label rows of the other kind, or change the split."),
    tr_later("Change the split if that head matters."),
    tr_later("Only {a} rows train; what is learned from so few is worth little."),
    tr_later("Label more rows."),
    tr_later(
        "y_reg has {a} values in the training part that lie more than {b} deviations from the rest; "
        "they count as that far while training."
    ),
    tr_later("Look for slips in them; if they are right, give y_reg as its logarithm."),
    tr_later(
        "The validation part ({a} rows) is too small, or its labels too alike, to stop on: all epochs "
        "are run and the last one is kept."
    ),
    tr_later("Label more rows, or raise the Validation share under Advanced."),
    tr_later("The validation part is empty: there is nothing to stop on and to calibrate with."),
    tr_later("The test part is empty: there is nothing to measure with."),
    tr_later("The validation part has no positives: no AUROC there."),
    tr_later("The validation part has no negatives: no AUROC there."),
    tr_later("The test part has no positives: no AUROC there."),
    tr_later("The test part has no negatives: no AUROC there."),
    tr_later("{a} file has no features (not extracted yet, or failed) and is left out."),
    tr_later("{a} files have no features (not extracted yet, or failed) and are left out."),
    tr_later("Extract them under Import, Media."),
    tr_later(
        "{a} files belong to an entity of the training part and to another of another part, so scores may flatter."
    ),
    tr_later("Put entities that share files into the same part."),
    tr_later("{a} interactions have no time and count as always known, also before an as-of."),
    tr_later("{a} files have no time and count as always known, also before an as-of."),
    tr_later("{a} attributes have no time and count as always known, also before an as-of."),
    tr_later("Name under Leave out attributes what was written down only later, or import it as events with a time."),
    tr_later("Give them times if they may have come later."),
    # how complete the data are
    tr_later("There are no targets: nothing can be trained until some are imported."),
    tr_later("All labels are the same: a classification cannot be trained."),
    tr_later("More than half of the entities have no events."),
    tr_later("Files that wait for their features to be extracted: {a}."),
    tr_later("Files that gave no features: {a}."),
    # why rows are rejected
    tr_later("unknown entity"),
    tr_later("not a number"),
    tr_later("not a time"),
    tr_later("no time"),
    tr_later("not 0 or 1"),
    tr_later("not train, val or test"),
    tr_later("neither true nor false"),
    tr_later("infinite or too large for a number"),
    # how far a job is
    tr_later("starting"),
    tr_later("checking"),
    tr_later("reading the tables"),
    tr_later("reading the features"),
    tr_later("reading the attributes"),
    tr_later("looking at the attributes"),
    tr_later("looking for copies"),
    tr_later("freezing the data"),
    tr_later("training the plain baseline"),
    tr_later("epoch {a}"),
    tr_later("{a} of {b} files"),
    tr_later("{a} files"),
    tr_later("{a} of {b} predicted"),
    tr_later("explaining"),
    tr_later("making evidence files"),
    tr_later("drawing the population"),
    tr_later("reading the explanations"),
    tr_later("arranging"),
    # what else it says in a word or two
    tr_later("whole file"),
    tr_later("sound track"),
    tr_later("tile row {a}, column {b}"),
    tr_later("second {a} to {b}"),
    tr_later("frame at {a} s"),
    tr_later("bytes {a} to {b}"),
    tr_later("page {a}"),
    tr_later("pages {a} to {b}"),
    tr_later("characters {a} to {b} of the text"),
    tr_later("{a} event"),
    tr_later("{a} events"),
    tr_later("{a} link"),
    tr_later("{a} links"),
    tr_later("{a} file"),
    tr_later("all other entities"),
    tr_later("Trained again from the run's own snapshot, the model is the same to the last bit."),
)
_KNOWN = frozenset(ENGINE_SENTENCES)


def translated(text: str, kept: Iterable[str] = ()) -> str:
    """A sentence of the engine in the window's language, else its numbers at least as the window writes them.

    Args:
        text: English, as the engine says it.
        kept: See :func:`~mmdesk.ui.formatting.in_numbers`.
    """
    numbers = NUMBER.findall(text)
    if len(numbers) <= len(_NAMES):
        names = iter(_NAMES)
        sentence = NUMBER.sub(lambda _number: f"{{{next(names)}}}", text)
        if sentence in _KNOWN:
            return tr(sentence, **dict(zip(_NAMES, map(marked, numbers), strict=False)))
    return in_numbers(text, kept)
