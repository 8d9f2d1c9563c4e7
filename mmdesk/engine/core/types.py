"""The field's terms as enums, and the actor that every service call carries."""

from __future__ import annotations

import getpass
from enum import StrEnum


class Table(StrEnum):
    """The four tables an analyst brings."""

    ENTITIES = "entities"
    EVENTS = "events"
    INTERACTIONS = "interactions"
    TARGETS = "targets"


class MediaType(StrEnum):
    """What kind of file an artifact is, told by its content."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    OTHER = "other"


class FeatureStatus(StrEnum):
    """Where an artifact stands on its way to features."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class ColumnKind(StrEnum):
    """The semantic type of an attribute column; decides its encoding."""

    NUMBER = "number"
    CATEGORY = "category"
    BOOLEAN = "boolean"
    TIME = "time"


class Head(StrEnum):
    """The three tasks of the model."""

    REGRESSION = "regression"
    CLASSIFICATION = "classification"
    RANKING = "ranking"


class Split(StrEnum):
    """The part of the targets a row belongs to."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class RunStatus(StrEnum):
    """Where a training run stands."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Verdict(StrEnum):
    """The outcome of training a run again."""

    IDENTICAL = "identical"
    DIFFERENT_ENVIRONMENT = "different_environment"
    DIVERGED = "diverged"
    UNVERIFIABLE = "unverifiable"


class OnConflict(StrEnum):
    """What an import does with a row whose key is stored already with other values."""

    ABORT = "abort"
    SKIP = "skip"
    REPLACE = "replace"


class MissingEntities(StrEnum):
    """What an import does with rows of entities that nobody knows."""

    REJECT = "reject"
    CREATE = "create"


class CheckStatus(StrEnum):
    """How a check of the machine or of a server ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


def current_actor() -> str:
    """The name of the operating system's user, written beside each change; ``"unknown"`` where there is none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
