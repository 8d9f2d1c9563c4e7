"""Which labelled rows train, which validate, which test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.hashing import sha256_bytes
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.times import END_OF_TIME_US
from mmdesk.engine.core.types import Split
from mmdesk.engine.dataset.case_data import SPLIT_CODES, SPLIT_NONE, CaseData, Int64, TargetRows

_HASHED_IDS = 1 << 16
"""Ids hashed in one go, for less than a tenth of a second."""
TRAIN, VAL, TEST = (SPLIT_CODES[part] for part in (Split.TRAIN, Split.VAL, Split.TEST))


@dataclass(frozen=True)
class Parts:
    """The labelled rows by part.

    Attributes:
        rows: int64 positions in ``CaseData.targets`` of each part, ascending.
        how: In words, how the parts came about.
    """

    rows: Mapping[Split, Int64]
    how: str

    def of(self, data: CaseData, part: Split) -> TargetRows:
        """The rows of one part."""
        return data.targets.take(self.rows[part])


def split_rows(data: CaseData, val_fraction: float, test_fraction: float, *, ctx: JobContext = NULL_CONTEXT) -> Parts:
    """Assign every labelled row to a part.

    Given splits stand; a missing validation part is carved from training by the hash of the entity, and test is never
    touched. Without given splits: by time where every row has an as-of and these differ (the newest are tested; where
    the moments are too few to validate on some of them, as with a missing part), else by the hash of the entity's id,
    so that all rows of an entity stay in one part.

    Args:
        data: The case.
        val_fraction: Share of the rows that validate, where the split is ours.
        test_fraction: Share of the rows that test, where the split is ours.
        ctx: Asked for cancellation while ids are hashed.
    """
    targets = data.targets
    labelled = ~(np.isnan(targets.y_reg) & np.isnan(targets.y_class) & np.isnan(targets.y_rank))
    if (targets.split[labelled] != SPLIT_NONE).any():
        part, how = _given(data, targets.split.astype(np.int64), labelled, val_fraction, ctx=ctx)
    elif _moments(targets.as_of_us[labelled]) > 1:
        part, how = _by_time(data, labelled, val_fraction, test_fraction, ctx=ctx)
    else:
        share = _shares(data, ctx)[targets.entity]
        part = np.where(share < test_fraction, TEST, np.where(share < test_fraction + val_fraction, VAL, TRAIN))
        how = "by the hash of the entity id"
    return Parts({name: np.flatnonzero(labelled & (part == code)) for name, code in SPLIT_CODES.items()}, how)


def _moments(as_of_us: Int64) -> int:
    """How many different as-ofs there are; 0 if a row has none."""
    return 0 if (as_of_us == END_OF_TIME_US).any() else len(np.unique(as_of_us))


def _given(
    data: CaseData, part: Int64, labelled: npt.NDArray[np.bool_], val_fraction: float, *, ctx: JobContext
) -> tuple[Int64, str]:
    if (labelled & (part == VAL)).any():
        return part, "as given"
    return _carved(data, part, labelled, val_fraction, "as given", ctx=ctx)


def _carved(
    data: CaseData, part: Int64, labelled: npt.NDArray[np.bool_], val_fraction: float, how: str, *, ctx: JobContext
) -> tuple[Int64, str]:
    """With a validation part taken from train."""
    # Of what is left without the test part, so that the share of all rows comes out roughly as asked.
    carved = (part == TRAIN) & (_shares(data, ctx)[data.targets.entity] < val_fraction)
    if not (labelled & (part == TRAIN) & ~carved).any():
        return part, how  # so few train that none would be left
    return np.where(carved, VAL, part), f"{how}; validation carved from train by the hash of the entity id"


def _by_time(
    data: CaseData, labelled: npt.NDArray[np.bool_], val_fraction: float, test_fraction: float, *, ctx: JobContext
) -> tuple[Int64, str]:
    """Rows with the same as-of stay together, so the cuts lie between moments."""
    as_of_us = data.targets.as_of_us
    moments, counts = np.unique(as_of_us[labelled], return_counts=True)
    # Share of the rows up to and including each moment.
    reached = np.cumsum(counts) / counts.sum()
    train_until = np.searchsorted(reached, 1 - val_fraction - test_fraction + 1e-9, side="right")
    val_until = np.searchsorted(reached, 1 - test_fraction + 1e-9, side="right")
    place = np.searchsorted(moments, as_of_us)
    train_end = max(int(train_until), 1)
    val_end = max(int(val_until), train_end)
    part = np.where(place < train_end, TRAIN, np.where(place < val_end, VAL, TEST))
    how = "by time of the as-of"
    return (part, how) if (part[labelled] == VAL).any() else _carved(data, part, labelled, val_fraction, how, ctx=ctx)


def _shares(data: CaseData, ctx: JobContext) -> npt.NDArray[np.float64]:
    """A number in [0, 1) per entity from the hash of its id: the same in every case and on every machine."""
    shares = np.empty(len(data.entity_ids))
    for start in range(0, len(shares), _HASHED_IDS):
        ctx.check_cancelled()
        names = data.entity_ids[start : start + _HASHED_IDS]
        shares[start : start + len(names)] = [
            int(sha256_bytes(str(name).encode("utf-8", "surrogatepass"))[:13], 16) / 16**13 for name in names
        ]
    return shares
