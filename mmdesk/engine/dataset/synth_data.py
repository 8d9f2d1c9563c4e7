"""Made-up cases in which it is known what decides: tables, evidence files, and the planted causes beside them.

Each modality (attribute, event, neighbour, image, audio, video) holds one planted cause among more than twenty decoys.
An entity is positive if it has at least one cause before its as-of; 5 % of the labels are then turned over. Each cause
is rare, so that no modality alone can tell the positives, and all six must be found. Some entities show a cause only
after their as-of: whoever uses it is misled.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.files import as_resource_error
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.times import format_us
from mmdesk.engine.core.types import Split
from mmdesk.engine.dataset.ranks import auroc
from mmdesk.engine.dataset.synth_files import write_media
from mmdesk.engine.dataset.synth_plan import (
    CAUSE_COLUMN,
    CAUSE_COMPLAINTS,
    CAUSE_EVENT,
    CAUSE_NEIGHBOUR_COLUMN,
    EFFECTS,
    Modality,
    Plan,
    both_ends,
    make_plan,
)

RECEIPT = "synth.json"
"""What was made and how well one could do on it; tells a made-up case from any other folder."""
TABLES = ("entities", "events", "interactions", "targets", "artifacts", "causes")
SMALLEST = 50
LARGEST = 100_000
LABEL_NOISE = 0.05
_SPLIT_SHARES = {Split.TRAIN: 0.6, Split.VAL: 0.16, Split.TEST: 0.24}
_GROUP_SIZE = 25


@dataclass(frozen=True)
class SynthReport:
    """What :func:`make_synth` wrote and how well a perfect model could do on it.

    Attributes:
        folder: Where everything is.
        entities: Their number.
        seed: What everything was drawn from.
        media: Number of files under ``media/``.
        files: Table name -> path.
        best_auroc: AUROC of the planted score against the noisy labels, all labelled entities.
        best_auroc_test: The same on the test split alone, the one to compare a model's test AUROC with.
        single_modality_auroc: The same for each modality's own cause alone.
        causes: Modality -> number of entities that have its cause before their as-of.
    """

    folder: str
    entities: int
    seed: int
    media: int
    files: dict[str, str]
    best_auroc: float
    best_auroc_test: float
    single_modality_auroc: dict[str, float]
    causes: dict[str, int]


@dataclass(frozen=True)
class Cause:
    """One planted cause.

    Attributes:
        entity_id: Whose.
        modality: Where it lies.
        reference: Column, event type, id of the neighbour, or path of the file.
        locator: Value of the cell, moment of the event, ``column=value`` of the neighbour, tile (``r1c2``, row and
            column from 0), second (``3.0-4.0``) or moment of the frame in seconds (middle of its half second).
    """

    entity_id: str
    modality: Modality
    reference: str
    locator: str


def make_synth(out: Path, entities: int, seed: int = 1234, *, ctx: JobContext = NULL_CONTEXT) -> SynthReport:
    """Write a made-up case: ``entities, events, interactions, targets, artifacts, causes`` (.csv) and ``media/``.

    The same number and seed give the same bytes. The folder appears whole or not at all.

    Args:
        out: A folder that does not exist yet or is empty.
        entities: How many; 50 to 100,000.
        seed: Any non-negative number.
        ctx: Progress and cancellation.

    Raises:
        UsageError: ``out`` is not empty, or a number is out of range.
        ResourceError: The disk is full or the folder cannot be written.
    """
    if not SMALLEST <= entities <= LARGEST:
        raise UsageError(
            f"{entities} entities cannot be made.", f"Ask for {SMALLEST} to {LARGEST}.", code="synth.entities"
        )
    if seed < 0:
        raise UsageError(f"The seed {seed} is negative.", "Use 0 or more.", code="synth.seed")
    with _appearing(out) as folder:
        ctx.progress(0, entities, "drawing the population")
        plan = make_plan(entities, seed)
        split = _splits(entities, seed)
        artifacts, media_causes = write_media(folder, plan, split, seed, ctx)
        targets = _targets(plan, split, seed)
        tables = {
            "entities": plan.attributes,
            "events": _event_table(plan),
            "interactions": _link_table(plan),
            "targets": targets,
            "artifacts": artifacts,
            "causes": pd.concat([_table_causes(plan), media_causes], ignore_index=True),
        }
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        receipt = {"entities": entities, "seed": seed, "media": len(artifacts), **_possible(plan, targets)}
        (folder / RECEIPT).write_bytes(orjson.dumps(receipt, option=orjson.OPT_INDENT_2) + b"\n")
    return read_report(out)


def read_report(folder: Path) -> SynthReport:
    """The report of a case that :func:`make_synth` made earlier.

    Raises:
        UsageError: The folder holds no made-up case.
    """
    try:
        receipt = orjson.loads((folder / RECEIPT).read_bytes())
        return SynthReport(
            folder=str(folder),
            entities=receipt["entities"],
            seed=receipt["seed"],
            media=receipt["media"],
            files={name: str(folder / f"{name}.csv") for name in TABLES},
            best_auroc=receipt["best_auroc"],
            best_auroc_test=receipt["best_auroc_test"],
            single_modality_auroc=receipt["single_modality_auroc"],
            causes=receipt["causes"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{folder} holds no made-up case: its {RECEIPT} is missing or cannot be read.",
            "Choose another folder.",
            code="synth.none",
            details={"path": str(folder)},
        ) from error


def read_causes(folder: Path) -> tuple[Cause, ...]:
    """The causes planted in a made-up case, in the order of ``causes.csv``.

    Raises:
        UsageError: The folder holds no made-up case.
    """
    read_report(folder)
    rows = pd.read_csv(folder / "causes.csv", dtype=str, keep_default_na=False).to_dict("records")
    return tuple(
        Cause(str(row["entity_id"]), Modality(str(row["modality"])), str(row["reference"]), str(row["locator"]))
        for row in rows
    )


@contextmanager
def _appearing(out: Path) -> Iterator[Path]:
    """A folder that takes the name ``out`` when the block ends well and vanishes otherwise."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(
            f"{out} exists and is not an empty folder.",
            "Choose a new or an empty folder.",
            code="synth.folder_not_empty",
            details={"path": str(out)},
        )
    folder = out.parent / f".tmp-{out.name}-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True)
        yield folder
        if out.exists():
            out.rmdir()
        folder.rename(out)
    except OSError as error:
        raise as_resource_error(error, out) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _splits(entities: int, seed: int) -> npt.NDArray[np.object_]:
    order = np.random.default_rng([seed, entities, 1]).permutation(entities)
    split = np.full(entities, Split.TEST.value, object)
    start = 0
    for part in (Split.TRAIN, Split.VAL):
        end = start + round(_SPLIT_SHARES[part] * entities)
        split[order[start:end]] = part.value
        start = end
    return split


def _moments(times_us: npt.NDArray[np.int64]) -> list[str]:
    return [format_us(int(time)) for time in times_us]


def _event_table(plan: Plan) -> pd.DataFrame:
    events = plan.events.sort_values(["entity", "time_us", "event_type"], kind="stable")
    return pd.DataFrame(
        {
            "entity_id": plan.entity_ids[events["entity"].to_numpy()],
            "event_type": events["event_type"].to_numpy(),
            "value": events["value"].to_numpy(),
            "timestamp": _moments(events["time_us"].to_numpy()),
        }
    )


def _link_table(plan: Plan) -> pd.DataFrame:
    links = plan.links.sort_values(["time_us", "source", "target"], kind="stable")
    return pd.DataFrame(
        {
            "source_id": plan.entity_ids[links["source"].to_numpy()],
            "target_id": plan.entity_ids[links["target"].to_numpy()],
            "interaction_type": links["interaction_type"].to_numpy(),
            "weight": links["weight"].to_numpy(),
            "timestamp": _moments(links["time_us"].to_numpy()),
        }
    )


def _causes(
    plan: Plan, entity: npt.NDArray[np.int64], modality: Modality, reference: object, locator: object
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "entity_id": plan.entity_ids[entity],
            "modality": modality.value,
            "reference": reference,
            "locator": locator,
        }
    )


def _table_causes(plan: Plan) -> pd.DataFrame:
    """The causes that lie in tables: column and value, event type and time, neighbour and its attribute."""
    own = np.flatnonzero(plan.present[Modality.ATTRIBUTE])
    values = plan.attributes[CAUSE_COLUMN].to_numpy()[own].astype(str)
    events = plan.events[plan.events["event_type"] == CAUSE_EVENT]
    events = events[events["time_us"].to_numpy() < plan.as_of_us[events["entity"].to_numpy()]]
    events = events.sort_values(["entity", "time_us"])
    ends = both_ends(plan.links)
    ends = ends[ends["time_us"].to_numpy() < plan.as_of_us[ends["entity"].to_numpy()]]
    complaints = plan.attributes[CAUSE_NEIGHBOUR_COLUMN].to_numpy()
    ends = ends[complaints[ends["other"].to_numpy()] >= CAUSE_COMPLAINTS]
    ends = ends.drop_duplicates(["entity", "other"]).sort_values(["entity", "other"])
    return pd.concat(
        [
            _causes(plan, own, Modality.ATTRIBUTE, CAUSE_COLUMN, values),
            _causes(
                plan, events["entity"].to_numpy(), Modality.EVENT, CAUSE_EVENT, _moments(events["time_us"].to_numpy())
            ),
            _causes(
                plan,
                ends["entity"].to_numpy(),
                Modality.NEIGHBOUR,
                plan.entity_ids[ends["other"].to_numpy()],
                [f"{CAUSE_NEIGHBOUR_COLUMN}={count}" for count in complaints[ends["other"].to_numpy()]],
            ),
        ],
        ignore_index=True,
    )


def _targets(plan: Plan, split: npt.NDArray[np.object_], seed: int) -> pd.DataFrame:
    """One target row for all but 4 % of the entities; all three labels from the same causes, each missing at times."""
    n = len(plan.entity_ids)
    rng = np.random.default_rng([seed, n, 2])
    number = np.sum([plan.present[kind] for kind in Modality], axis=0)
    flipped = np.zeros(n, bool)
    flipped[rng.permutation(n)[: round(LABEL_NOISE * n)]] = True
    y_class = pd.Series(((number > 0) ^ flipped).astype(int)).astype(object)
    effect = np.sum([EFFECTS[kind] * plan.present[kind] for kind in Modality], axis=0)
    y_reg = np.round(20 + effect + rng.normal(0, 3, n), 2)
    y_rank = np.clip(np.minimum(number, 3) + (rng.random(n) < 0.05) * rng.integers(-1, 2, n), 0, 3)
    groups = np.full(n, "", object)
    for part in Split:
        members = np.flatnonzero(split == part.value)
        groups[members] = [f"{part.value}_{place // _GROUP_SIZE:03d}" for place in range(len(members))]
    table = pd.DataFrame(
        {
            "entity_id": plan.entity_ids,
            "as_of": _moments(plan.as_of_us),
            "y_reg": pd.Series(y_reg).astype(object).where(rng.random(n) >= 0.05, None),
            "y_class": y_class.where(rng.random(n) >= 0.03, None),
            "y_rank": pd.Series(y_rank).astype(object).where(rng.random(n) >= 0.1, None),
            "rank_group": groups,
            "split": split,
        }
    )
    return table[rng.random(n) >= 0.04]


def _possible(plan: Plan, targets: pd.DataFrame) -> dict[str, object]:
    """The planted score (any cause at all) and each single cause against the labels as written."""
    labelled = targets[targets["y_class"].notna()]
    rows = labelled.index.to_numpy()
    labels = labelled["y_class"].to_numpy().astype(np.float64)
    score = np.any([plan.present[kind] for kind in Modality], axis=0).astype(np.float64)[rows]
    test = (labelled["split"] == Split.TEST.value).to_numpy()
    return {
        "best_auroc": auroc(labels, score),
        "best_auroc_test": auroc(labels[test], score[test]),
        "single_modality_auroc": {
            kind.value: auroc(labels, plan.present[kind].astype(np.float64)[rows]) for kind in Modality
        },
        "causes": {kind.value: int(plan.present[kind].sum()) for kind in Modality},
    }
