"""The population of a made-up case: attributes, events, links, and which planted causes each entity has.

Everything is drawn in columns from one generator, so a seed gives the same population whatever its size costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmdesk.engine.core.times import parse_moment

DAY_US = 86_400_000_000
START_US = parse_moment("2024-06-03")
SHARE = 0.105
"""Share of the entities that have a given cause; six causes at this share make about half of the labels positive."""
_LATE_SHARE = 0.05
"""Share of the entities that show a cause only after their as-of, where it must not be used."""


class Modality(StrEnum):
    """The six kinds of evidence that each hold one planted cause."""

    ATTRIBUTE = "attribute"
    EVENT = "event"
    NEIGHBOUR = "neighbour"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"


MEDIA = (Modality.IMAGE, Modality.AUDIO, Modality.VIDEO)
EFFECTS = {
    Modality.ATTRIBUTE: 11.0,
    Modality.EVENT: 12.0,
    Modality.NEIGHBOUR: 10.0,
    Modality.IMAGE: 12.0,
    Modality.AUDIO: 11.0,
    Modality.VIDEO: 10.0,
}
"""What each cause adds to ``y_reg``."""

CAUSE_COLUMN = "night_share"
CAUSE_EVENT = "payout_account_changed"
CAUSE_NEIGHBOUR_COLUMN = "complaint_count"
CAUSE_COMPLAINTS = 30
"""A neighbour with at least so many complaints is the planted cause; everyone else has about six."""

DECOY_EVENTS = (
    "payment_in", "payment_out", "refund", "payout", "login", "failed_login", "password_reset", "address_changed",
    "phone_changed", "price_changed", "product_added", "product_removed", "invoice_sent", "reminder_sent", "complaint",
    "support_call", "discount_given", "card_added", "card_removed", "device_added", "report_downloaded", "limit_raised",
    "terms_accepted", "review_received",
)  # fmt: skip
LINK_KINDS = (
    "transfer", "refund_to", "shared_device", "shared_address", "shared_phone", "referral", "invoice", "message",
    "same_bank", "supplier", "co_owner", "subcontract",
)  # fmt: skip
_CATEGORIES = {
    "sector": ("books", "clothing", "electronics", "furniture", "groceries", "restaurant", "travel"),
    "country": ("AT", "DE", "FR", "IT", "NL"),
    "channel": ("web", "shop", "phone"),
    "legal_form": ("sole", "partnership", "limited"),
}
_SHARES = ("refund_share", "discount_share", "foreign_share", "weekend_share", "card_share", "repeat_share")
_COUNTS = ("staff_count", "login_count", "device_count", "product_count", "delivery_days")
_AMOUNTS = ("monthly_turnover", "average_ticket", "credit_limit")
_FLAGS = ("newsletter", "verified_phone", "has_website", "has_shop", "two_banks")


@dataclass(frozen=True)
class Plan:
    """A population before anything is written.

    Attributes:
        entity_ids: Text ids [N].
        as_of_us: The moment of each entity's target [N].
        attributes: One row per entity, ``entity_id`` first; empty cells are missing values.
        events: ``entity`` (index), ``event_type``, ``value``, ``time_us``; in no order.
        links: ``source``, ``target`` (indexes), ``interaction_type``, ``weight`` (may be missing), ``time_us``.
        present: Modality -> bool [N]: the entity has the planted cause before its as-of.
        late: Event and media modalities -> bool [N]: the cause shows up only after the as-of.
        has_media: Media modality -> bool [N].
    """

    entity_ids: npt.NDArray[np.object_]
    as_of_us: npt.NDArray[np.int64]
    attributes: pd.DataFrame
    events: pd.DataFrame
    links: pd.DataFrame
    present: dict[Modality, npt.NDArray[np.bool_]]
    late: dict[Modality, npt.NDArray[np.bool_]]
    has_media: dict[Modality, npt.NDArray[np.bool_]]


def _choose(rng: np.random.Generator, share: float, among: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """A random set of ``share`` of all entities, taken from ``among`` only; exact in number, at least one."""
    candidates = np.flatnonzero(among)
    number = min(len(candidates), max(1, round(share * len(among))))
    chosen = np.zeros(len(among), bool)
    chosen[rng.permutation(candidates)[:number]] = True
    return chosen


def _drop(rng: np.random.Generator, column: pd.Series, share: float) -> pd.Series:
    """The column with a share of its cells missing."""
    return column.astype(object).where(rng.random(len(column)) >= share, None)


def _attributes(
    rng: np.random.Generator,
    ids: npt.NDArray[np.object_],
    cause: npt.NDArray[np.bool_],
    carrier: npt.NDArray[np.bool_],
) -> pd.DataFrame:
    """Twenty-two columns of which one, ``night_share`` above .8, decides for the entity itself.

    The complaints decide for those who are linked to the entity (``carrier``), not for the entity.
    """
    n = len(ids)
    night = np.where(cause, rng.uniform(0.82, 1.0, n), np.minimum(rng.beta(2, 5, n), 0.65))
    missing = (rng.random(n) < 0.05) & ~cause
    columns: dict[str, pd.Series] = {"entity_id": pd.Series(ids)}
    for name, values in _CATEGORIES.items():
        columns[name] = _drop(rng, pd.Series(rng.choice(np.array(values, object), n)), 0.03)
    for name in _SHARES:
        columns[name] = _drop(rng, pd.Series(np.round(rng.beta(2, 4, n), 3)), 0.05)
    columns[CAUSE_COLUMN] = pd.Series(np.round(night, 3)).astype(object).where(~missing, None)
    for name in _COUNTS:
        columns[name] = _drop(rng, pd.Series(rng.poisson(6, n)), 0.04)
    complaints = np.where(carrier, CAUSE_COMPLAINTS + rng.poisson(8, n), np.minimum(rng.poisson(6, n), 16))
    columns[CAUSE_NEIGHBOUR_COLUMN] = pd.Series(complaints)
    for name in _AMOUNTS:
        columns[name] = _drop(rng, pd.Series(np.round(rng.lognormal(7, 1, n), 2)), 0.05)
    for name in _FLAGS:
        columns[name] = _drop(rng, pd.Series(np.where(rng.random(n) < 0.5, "true", "false")), 0.02)
    opened = pd.to_datetime(START_US - rng.integers(200, 2000, n) * DAY_US, unit="us")
    columns["opened_on"] = pd.Series(opened.strftime("%Y-%m-%d"))
    return pd.DataFrame(columns)


def _times_before(rng: np.random.Generator, as_of_us: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Whole seconds in the 180 days before each as-of."""
    seconds = rng.integers(3600, 180 * 86_400, len(as_of_us))
    return np.asarray(as_of_us - seconds * 1_000_000, np.int64)


def _times_after(rng: np.random.Generator, as_of_us: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Whole seconds in the 30 days from each as-of on, the as-of itself included."""
    return np.asarray(as_of_us + rng.integers(0, 30 * 86_400, len(as_of_us)) * 1_000_000, np.int64)


def _events(
    rng: np.random.Generator,
    as_of_us: npt.NDArray[np.int64],
    has: npt.NDArray[np.bool_],
    cause: npt.NDArray[np.bool_],
    late: npt.NDArray[np.bool_],
) -> pd.DataFrame:
    """A dozen decoy events per entity, three more after the as-of, and the planted ones."""
    n = len(as_of_us)
    before = np.repeat(np.arange(n), np.where(has, 2 + rng.poisson(10, n), 0))
    after = np.repeat(np.arange(n), np.where(has, rng.poisson(3, n), 0))
    planted, trap = np.flatnonzero(cause), np.flatnonzero(late)
    entity = np.concatenate([before, planted, after, trap])
    times = np.concatenate(
        [_times_before(rng, as_of_us[before]), _times_before(rng, as_of_us[planted]),
         _times_after(rng, as_of_us[after]), _times_after(rng, as_of_us[trap])]
    )  # fmt: skip
    kinds = np.array(DECOY_EVENTS, object)[rng.integers(0, len(DECOY_EVENTS), len(entity))]
    kinds[len(before) : len(before) + len(planted)] = CAUSE_EVENT
    kinds[len(entity) - len(trap) :] = CAUSE_EVENT
    values = np.round(rng.lognormal(3.5, 1, len(entity)), 2)
    values[rng.random(len(entity)) < 0.08] = np.nan
    return pd.DataFrame({"entity": entity, "event_type": kinds, "value": values, "time_us": times})


def _links(rng: np.random.Generator, as_of_us: npt.NDArray[np.int64], alone: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """About two links started by each entity that is not alone; one in eight lies after the as-of season began."""
    n, social = len(as_of_us), np.flatnonzero(~alone)
    source = np.repeat(social, 1 + rng.poisson(0.9, len(social)))
    target = social[rng.integers(0, len(social), len(source))]
    keep = source != target
    source, target = source[keep], target[keep]
    times = START_US + rng.integers(-180 * 86_400, 40 * 86_400, len(source)) * 1_000_000
    kinds = np.array(LINK_KINDS, object)[rng.integers(0, len(LINK_KINDS), len(source))]
    weights = np.round(rng.lognormal(4, 1, len(source)), 2)
    weights[rng.random(len(source)) < 0.1] = np.nan
    assert n > social.max(initial=-1)
    return pd.DataFrame(
        {"source": source, "target": target, "interaction_type": kinds, "weight": weights, "time_us": times}
    )


def both_ends(links: pd.DataFrame) -> pd.DataFrame:
    """Each link as seen from either end: ``entity``, ``other``, ``interaction_type``, ``time_us``."""
    out = links.rename(columns={"source": "entity", "target": "other"})
    back = links.rename(columns={"target": "entity", "source": "other"})
    return pd.concat([out, back[out.columns]], ignore_index=True)


def _planted_carriers(
    rng: np.random.Generator, links: pd.DataFrame, as_of_us: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Make entities carriers of the neighbours' cause, one by one, until enough others are linked to one in time.

    Returns:
        Which entities are carriers [N], and which see one among their neighbours before their as-of [N].
    """
    n = len(as_of_us)
    ends = both_ends(links)
    seen = ends[ends["time_us"].to_numpy() < as_of_us[ends["entity"].to_numpy()]]
    watchers = {int(str(key)): group.to_numpy() for key, group in seen.groupby("other")["entity"]}
    carrier, watching = np.zeros(n, bool), np.zeros(n, bool)
    for candidate in rng.permutation(n):
        if watching.sum() >= max(1, round(SHARE * n)):
            break
        if 1 <= len(watchers.get(int(candidate), ())) <= 5:
            carrier[candidate] = True
            watching[watchers[int(candidate)]] = True
    return carrier, watching


def make_plan(entities: int, seed: int) -> Plan:
    """Draw a population of ``entities`` from ``seed``."""
    rng = np.random.default_rng([seed, entities])
    n = entities
    ids = np.array([f"M{number:0{max(5, len(str(n)))}d}" for number in range(1, n + 1)], object)
    as_of_us = np.asarray(START_US + rng.integers(0, 60, n) * DAY_US, np.int64)
    has_events, alone = rng.random(n) < 0.95, rng.random(n) < 0.05
    bare = _choose(rng, 0.03, np.ones(n, bool))
    has_media = {kind: (rng.random(n) < share) & ~bare for kind, share in zip(MEDIA, (0.8, 0.75, 0.7), strict=True)}
    everyone = np.ones(n, bool)
    present = {Modality.ATTRIBUTE: _choose(rng, SHARE, everyone), Modality.EVENT: _choose(rng, SHARE, has_events)}
    links = _links(rng, as_of_us, alone)
    carrier, present[Modality.NEIGHBOUR] = _planted_carriers(rng, links, as_of_us)
    late = {Modality.EVENT: _choose(rng, _LATE_SHARE, has_events & ~present[Modality.EVENT])}
    for kind in MEDIA:
        present[kind] = _choose(rng, SHARE, has_media[kind])
        late[kind] = _choose(rng, _LATE_SHARE, has_media[kind] & ~present[kind])
    attributes = _attributes(rng, ids, present[Modality.ATTRIBUTE], carrier)
    events = _events(rng, as_of_us, has_events, present[Modality.EVENT], late[Modality.EVENT])
    return Plan(ids, as_of_us, attributes, events, links, present, late, has_media)
