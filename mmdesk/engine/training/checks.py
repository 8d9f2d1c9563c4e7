"""What is wrong with the data, said before a training starts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from mmdesk.engine.core.errors import DataError, UsageError
from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import ColumnKind, Split
from mmdesk.engine.dataset.case_data import LOST, NO_FEATURES, OUTDATED, CaseData, TargetRows
from mmdesk.engine.dataset.histories import undated
from mmdesk.engine.dataset.ragged import spread
from mmdesk.engine.dataset.splits import Parts, split_rows
from mmdesk.engine.training.config import TrainingConfig
from mmdesk.engine.training.leaks import telling
from mmdesk.engine.training.target_encoding import FARTHEST, can_stop_on, far_labels, regression_scale

ERROR, WARNING = "error", "warning"
_FEW_ROWS = 30
_LARGEST = 1e30
"""The model computes in float32 (up to 3.4e38), and a prediction may lie some deviations outside the labels."""
_NAMES = {Split.VAL: "validation", Split.TEST: "test"}
_HEADS = {"y_reg": "regression", "y_class": "classification", "y_rank": "ranking"}


@dataclass(frozen=True)
class Finding:
    """One thing to know before training.

    Attributes:
        severity: ``"error"``: it cannot start; ``"warning"``: it can.
        code: Stable, dotted. ``text``: one sentence. ``hint``: what to do.
    """

    severity: str
    code: str
    text: str
    hint: str


def find_problems(data: CaseData, config: TrainingConfig) -> tuple[Finding, ...]:
    """Everything worth saying, errors first.

    Raises:
        UsageError: ``drop_columns`` names an attribute that the case does not have (``usage.unknown_column``).
    """
    _check_columns(data, config)
    parts = split_rows(data, config.number("val_fraction"), config.number("test_fraction"))
    train = parts.of(data, Split.TRAIN)
    found = [*_labels(data, train, config), *_sizes(data.targets)]
    if not any(finding.severity == ERROR for finding in found):
        found += [*_parts(data, parts), *_media(data, parts), *_undated(data, config), *_leaks(data, train, config)]
    return tuple(sorted(found, key=lambda finding: finding.severity != ERROR))


def require_trainable(findings: tuple[Finding, ...]) -> None:
    """Raise the first error among ``findings``.

    Raises:
        DataError: With the finding's code, text and hint.
    """
    for finding in findings:
        if finding.severity == ERROR:
            raise DataError(finding.text, finding.hint, code=finding.code)


def _check_columns(data: CaseData, config: TrainingConfig) -> None:
    for name in config.names("drop_columns"):
        if name not in data.attributes:
            close = difflib.get_close_matches(name, list(data.attributes), n=1)
            raise UsageError(
                f"drop_columns: the case has no attribute {name}.",
                f"{f'Did you mean {close[0]}? ' if close else ''}Attributes: {', '.join(data.attributes) or 'none'}.",
                code="usage.unknown_column",
                details={"column": name, "columns": list(data.attributes)},
            )


def _labels(data: CaseData, train: TargetRows, config: TrainingConfig) -> Iterator[Finding]:
    targets = data.targets
    present = {name: ~np.isnan(getattr(targets, name)) for name in _HEADS}
    if not any(mask.any() for mask in present.values()):
        yield Finding(
            ERROR,
            "train.no_labels",
            "The case has no labels, so there is nothing to learn.",
            "Import a targets file with y_class, y_reg or y_rank: mmdesk import tables DIR --targets FILE",
        )
        return
    if not len(train):
        yield Finding(
            ERROR,
            "train.no_training_rows",
            "No labelled row is in the training part.",
            "Set the split of some rows to train, or leave the column split out.",
        )
        return
    learnable = []
    for name, head in _HEADS.items():
        labels = getattr(train, name)
        values = np.unique(labels[~np.isnan(labels)])
        pairs = name != "y_rank" or _differs_within_groups(train)
        learnable += [head] if len(values) > 1 and pairs else []
        if len(values) > 1 and not pairs:
            yield Finding(
                WARNING,
                "train.no_pairs",
                "y_rank never differs within a rank_group of the training part, so the ranking head learns nothing.",
                "Put rows that are to be ranked among each other into one rank_group.",
            )
        elif len(values) == 1:
            what = f"only one class ({values[0]:g})" if name == "y_class" else f"one value only ({values[0]:g})"
            yield Finding(
                WARNING,
                "train.one_value",
                f"{name} has {what} in the training part, so the {head} head learns nothing.",
                "Label rows of the other kind, or change the split.",
            )
        elif not len(values) and present[name].any():
            yield Finding(
                WARNING,
                "train.head_without_rows",
                f"{name} has labels, but none of them in the training part.",
                "Change the split if that head matters.",
            )
    if not learnable:
        yield Finding(
            ERROR,
            "train.one_class",
            "Every label of the training part is the same, so there is nothing to tell apart.",
            "Label rows of the other kind, or change the split.",
        )
    elif all(config.number(f"loss.{head}") == 0 for head in learnable):
        yield Finding(
            ERROR,
            "train.no_loss",
            f"What has labels is set to count for nothing (loss.{', loss.'.join(learnable)} = 0), so nothing would be "
            "learned.",
            f"Leave that setting out, or set it above 0: --set loss.{learnable[0]}=1",
        )


def _differs_within_groups(train: TargetRows) -> bool:
    known = ~np.isnan(train.y_rank)
    group, rank = train.rank_group[known], train.y_rank[known]
    order = np.lexsort((rank, group))
    group, rank = group[order], rank[order]
    return bool(((group[1:] == group[:-1]) & (rank[1:] != rank[:-1])).any())


def _sizes(targets: TargetRows) -> Iterator[Finding]:
    largest = np.nanmax(np.abs(targets.y_reg), initial=0.0)
    if largest > _LARGEST:
        yield Finding(
            ERROR,
            "train.too_large",
            f"y_reg has values as large as {largest:.3g}, but the model can only handle up to {_LARGEST:.0e}.",
            "Give y_reg in a larger unit, or as its logarithm, and mend or remove rows that are wrong.",
        )


def _parts(data: CaseData, parts: Parts) -> Iterator[Finding]:
    train = parts.of(data, Split.TRAIN)
    if len(train) < _FEW_ROWS:
        yield Finding(
            WARNING,
            "train.few_rows",
            f"Only {len(train)} rows train; what is learned from so few is worth little.",
            "Label more rows.",
        )
    if far := far_labels(train.y_reg, regression_scale(train)):
        yield Finding(
            WARNING,
            "train.far_labels",
            f"y_reg has {far} values in the training part that lie more than {FARTHEST:g} deviations from the rest; "
            "they count as that far while training.",
            "Look for slips in them; if they are right, give y_reg as its logarithm.",
        )
    val = parts.of(data, Split.VAL)
    if len(val) and not can_stop_on(val):
        yield Finding(
            WARNING,
            "train.small_validation",
            f"The validation part ({len(val)} rows) is too small, or its labels too alike, to stop on: all epochs are "
            "run and the last one is kept.",
            "Label more rows, or give the validation part more of them: --set val_fraction=0.2",
        )
    for part in (Split.VAL, Split.TEST):
        rows = parts.of(data, part)
        what = "to stop on and to calibrate with" if part is Split.VAL else "to measure with"
        if not len(rows):
            yield Finding(
                WARNING, f"train.no_{part}", f"The {_NAMES[part]} part is empty: there is nothing {what}.", ""
            )
            continue
        for name in _HEADS:
            labels = getattr(rows, name)
            known = labels[~np.isnan(labels)]
            if name == "y_class" and len(known) and len(np.unique(known)) < 2:
                missing = "positives" if known[0] < 0.5 else "negatives"
                yield Finding(
                    WARNING, "train.part_one_class", f"The {_NAMES[part]} part has no {missing}: no AUROC there.", ""
                )


def _media(data: CaseData, parts: Parts) -> Iterator[Finding]:
    texts = {
        NO_FEATURES: (
            "has no features (not extracted yet, or failed)",
            "have no features (not extracted yet, or failed)",
        ),
        OUTDATED: ("has features of another version", "have features of another version"),
        LOST: ("has lost its features", "have lost their features"),
    }
    for reason, (one, many) in texts.items():
        if count := data.notes.get(reason, 0):
            said = f"1 file {one} and is left out." if count == 1 else f"{count:,} files {many} and are left out."
            yield Finding(WARNING, "train.files_left_out", said, "Run: mmdesk extract DIR")
    shared = _shared_artifacts(data, parts)
    if shared:
        yield Finding(
            WARNING,
            "train.shared_files",
            f"{shared} files belong to an entity of the training part and to another of another part, so scores may "
            "flatter.",
            "Put entities that share files into the same part.",
        )


def _shared_artifacts(data: CaseData, parts: Parts) -> int:
    """Files of one entity that trains and of another that does not only train.

    Where the parts are cut by time an entity may be in several of them, with its files: that is no secret shared.
    """
    owners, _ = spread(np.diff(data.link_offsets))
    of_file = np.unique(np.stack([data.link_artifact.astype(np.int64), owners], axis=1), axis=0)
    files, owner = of_file.T
    trains, measures = (
        np.isin(owner, np.concatenate([parts.of(data, part).entity for part in chosen]))
        for chosen in ((Split.TRAIN,), (Split.VAL, Split.TEST))
    )
    size = len(data.artifact_sha256)
    training, measuring, owning = (
        np.bincount(files[rows], minlength=size) for rows in (trains, measures, trains | measures)
    )
    return int(((training > 0) & (measuring > 0) & (owning > 1)).sum())


def undated_counts(data: CaseData, attributes: Iterable[str]) -> dict[str, int]:
    """How much of what the model sees has no time and so counts as always known: interactions, files, attributes.

    Args:
        data: The case.
        attributes: Names of those that the model sees. One that *is* a time is known from then on.
    """
    return {
        "interactions": undated(data.edge_time_us[data.edge_outgoing]),
        "files": undated(data.link_time_us),
        "attributes": sum(data.attributes[name].kind is not ColumnKind.TIME for name in attributes),
    }


def _undated(data: CaseData, config: TrainingConfig) -> Iterator[Finding]:
    if (data.targets.as_of_us == END_OF_TIME_US).all():
        return
    kept = data.attributes.keys() - set(config.names("drop_columns"))
    for what, count in undated_counts(data, kept).items():
        if count:
            yield Finding(
                WARNING,
                "train.undated",
                f"{count} {what} have no time and count as always known, also before an as-of.",
                "Leave out (drop_columns) what was written down only later, or import it as events with a time."
                if what == "attributes"
                else "Give them times if they may have come later.",
            )


def _leaks(data: CaseData, train: TargetRows, config: TrainingConfig) -> Iterator[Finding]:
    for name, target in telling(data, train, config.names("drop_columns")):
        yield Finding(
            WARNING,
            "train.gives_away",
            f"The attribute {name} alone tells {target} almost perfectly; is it known before the outcome?",
            f"If not, leave it out: --set drop_columns={name}",
        )
