"""What a training can be told, declared once: ranges, meanings, messages and the form in the window follow from it."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.dataset.batches import Limits

Value = bool | int | float | tuple[str, ...]


@dataclass(frozen=True)
class ConfigField:
    """One setting.

    Attributes:
        name: As in config.json, dotted.
        kind: ``"int"``, ``"float"``, ``"bool"`` or ``"list"`` (texts, comma separated).
        default: Used when it is not given.
        low: Smallest value allowed; None for kinds without order. ``high``: largest.
        help: One sentence.
        advanced: Seldom worth touching.
    """

    name: str
    kind: str
    default: Value
    low: float | None
    high: float | None
    help: str
    advanced: bool = False


FIELDS: tuple[ConfigField, ...] = (
    ConfigField("seed", "int", 1234, 0, 2**31 - 1, "Start of all random numbers; another seed is another run."),
    ConfigField(
        "epochs", "int", 0, 0, 10_000, "Most passes over the training rows; 0 = as many as their number needs."
    ),
    ConfigField("batch_size", "int", 0, 0, 8192, "Rows per step; 0 = as fits their number."),
    ConfigField("learning_rate", "float", 3e-3, 1e-6, 1.0, "Step size of Adam at its highest."),
    ConfigField("ensemble", "int", 1, 1, 32, "Models trained from different seeds and averaged."),
    ConfigField("drop_columns", "list", (), None, None, "Attributes that the model must not see, comma separated."),
    ConfigField(
        "patience",
        "float",
        0.2,
        0.01,
        1.0,
        "Share of the epochs without a smaller validation loss (smoothed, all heads) after which to stop.",
    ),
    ConfigField("baseline", "bool", True, None, None, "Train the plain baseline (gradient boosting) beside it."),
    ConfigField("val_fraction", "float", 0.15, 0.01, 0.5, "Share of rows that validate where no split is given."),
    ConfigField("test_fraction", "float", 0.15, 0.01, 0.5, "Share of rows that test where no split is given."),
    ConfigField("weight_decay", "float", 0.1, 0.0, 10.0, "Decoupled weight decay.", advanced=True),
    ConfigField("dropout", "float", 0.15, 0.0, 0.9, "Share of activations dropped while training.", advanced=True),
    ConfigField("gradient_clip", "float", 1.0, 0.001, 1e6, "Largest norm of a step's gradient.", advanced=True),
    ConfigField("averaging", "float", 0.99, 0.0, 0.99999, "Decay of the weights' moving average.", advanced=True),
    ConfigField("loss.regression", "float", 1.0, 0.0, 1e3, "Weight of the regression loss.", advanced=True),
    ConfigField("loss.classification", "float", 1.0, 0.0, 1e3, "Weight of the classification loss.", advanced=True),
    ConfigField("loss.ranking", "float", 1.0, 0.0, 1e3, "Weight of the ranking loss.", advanced=True),
    ConfigField("limits.events", "int", Limits.events, 1, 4096, "Newest events taken one by one.", advanced=True),
    ConfigField("limits.neighbours", "int", Limits.neighbours, 1, 4096, "Newest interactions likewise.", advanced=True),
    ConfigField("limits.artifacts", "int", Limits.artifacts, 1, 1024, "Newest files likewise.", advanced=True),
    ConfigField("limits.segments", "int", Limits.segments, 1, 4096, "Segments per file.", advanced=True),
)
_BY_NAME: Mapping[str, ConfigField] = {field.name: field for field in FIELDS}


class TrainingConfig:
    """A complete, checked configuration.

    Args:
        given: Settings that differ from the defaults; nested (``{"loss": {"ranking": 2}}``) or dotted names.

    Raises:
        UsageError: An unknown name (``usage.unknown_setting``), or a value of the wrong kind or outside its range
            (``usage.bad_setting``).
    """

    def __init__(self, given: Mapping[str, object] | None = None) -> None:
        self.values: dict[str, Value] = {field.name: field.default for field in FIELDS}
        for name, value in _flat(given or {}).items():
            self.values[name] = _checked(_field(name), value)

    def integer(self, name: str) -> int:
        """A setting of the kind ``int``."""
        value = self.values[name]
        assert isinstance(value, int)
        return value

    def number(self, name: str) -> float:
        """A setting of the kind ``float``."""
        value = self.values[name]
        assert isinstance(value, (int, float))
        return float(value)

    def flag(self, name: str) -> bool:
        """A setting of the kind ``bool``."""
        return bool(self.values[name])

    def names(self, name: str) -> tuple[str, ...]:
        """A setting of the kind ``list``."""
        value = self.values[name]
        assert isinstance(value, tuple)
        return value

    @property
    def limits(self) -> Limits:
        """How much history becomes tokens."""
        return Limits(**{part: self.integer(f"limits.{part}") for part in Limits.__dataclass_fields__})

    def document(self) -> dict[str, object]:
        """As in config.json, nested; ``TrainingConfig(document)`` gives the same configuration."""
        nested: dict[str, object] = {}
        for name, value in self.values.items():
            group, _, inner = name.rpartition(".")
            place = nested.setdefault(group, {}) if group else nested
            assert isinstance(place, dict)
            place[inner] = list(value) if isinstance(value, tuple) else value
        return nested


def _flat(given: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in given.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _field(name: str) -> ConfigField:
    if name in _BY_NAME:
        return _BY_NAME[name]
    inner = {known.rsplit(".", 1)[-1]: known for known in _BY_NAME}
    close = difflib.get_close_matches(name, [*_BY_NAME, *inner], n=1, cutoff=0.5)
    meant = f"Did you mean {inner.get(close[0], close[0])}? " if close else ""
    raise UsageError(
        f"There is no setting {name}.",
        f"{meant}Settings: {', '.join(_BY_NAME)}.",
        code="usage.unknown_setting",
        details={"name": name, "settings": list(_BY_NAME)},
    )


def _checked(field: ConfigField, value: object) -> Value:
    try:
        checked = _CONVERSIONS[field.kind](value)
    except (TypeError, ValueError) as error:
        raise _bad(field, value) from error
    if field.low is not None and field.high is not None:
        assert isinstance(checked, (int, float))
        if not field.low <= checked <= field.high:
            raise _bad(field, value)
    return checked


def _bad(field: ConfigField, value: object) -> UsageError:
    kinds = {"int": "a whole number", "float": "a number", "bool": "true or false", "list": "names, comma separated"}
    limits = f" from {field.low:g} to {field.high:g}" if field.low is not None else ""
    return UsageError(
        f"{field.name} = {value!r} is not possible: it takes {kinds[field.kind]}{limits}.",
        f"{field.help} Default: {field.default!r}.",
        code="usage.bad_setting",
        details={"name": field.name, "value": str(value), "low": field.low, "high": field.high},
    )


def _integer(value: object) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError("not a whole number")
    return int(value) if isinstance(value, (int, float)) else int(str(value))


def _number(value: object) -> float:
    if isinstance(value, bool):
        raise TypeError("not a number")
    number = float(str(value))
    if math.isnan(number):
        raise ValueError("not a number")
    return number


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if str(value).lower() not in known:
        raise ValueError("neither true nor false")
    return known[str(value).lower()]


def _list(value: object) -> tuple[str, ...]:
    parts = value if isinstance(value, (list, tuple)) else str(value).split(",")
    return tuple(sorted({str(part).strip() for part in parts} - {""}))


_CONVERSIONS: Mapping[str, Callable[[object], Value]] = {
    "int": _integer,
    "float": _number,
    "bool": _flag,
    "list": _list,
}
