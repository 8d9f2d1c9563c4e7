"""The columns of the table of runs: how values look, and which are shown unless told otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mmdesk.engine.core.query.fields import Kind
from mmdesk.ui.engine_words import in_capitals, in_words
from mmdesk.ui.formatting import LONG_AGO, duration, exact_time, number, relative_time, score
from mmdesk.ui.language import tr, tr_in
from mmdesk.ui.measures import MEASURES, Measure, plain_value
from mmdesk.ui.models.columns import Column
from mmdesk.ui.widgets.column_chooser import Choosable
from mmdesk.ui.widgets.pinned_table import Arrangement

if TYPE_CHECKING:
    from mmdesk.engine.services.run_table import RunColumn, RunTable

STATUS = {
    "running": ("running", "accent"),
    "done": ("done", "good"),
    "cancelled": ("cancelled", "muted"),
    "failed": ("failed", "bad"),
    "interrupted": ("interrupted", "warn"),
}
VERDICT = {
    "identical": ("verify", "good"),
    "different_environment": ("warning", "warn"),
    "diverged": ("failed", "bad"),
    "unverifiable": ("warning", "warn"),
}
_TITLES = {
    "name": tr("Run"),
    "id": tr("Run id"),
    "model": tr("Model"),
    "data": tr("Data"),
    "actor": tr("By"),
    "tag": tr("Tags"),
    "note": tr("Notes"),
    "status": tr("Status"),
    "created": tr("Created"),
    "finished": tr("Finished"),
    "age": tr("Age"),
    "duration": tr("Duration"),
    "verified": tr("Verified"),
    "error": tr("Error"),
    "star": tr("Star"),
}
_GROUPS = {
    "Attributes": tr_in("run", "Attributes"),
    "Params": tr("Params"),
    "Metrics": tr("Metrics"),
    "Tags": tr("Tags"),
}
_HASHES = {"id", "model", "data"}
_ALWAYS = ("name", "status", "created")
_LEADING = ("auroc", "average_precision", "mae", "spearman")
_MANY = 6
_PARTS = ("val", "test", "train", "baseline")


class NamedRun(NamedTuple):
    """A run's name with its place among all runs, which tells its colour."""

    name: str
    number: int


def swatch(number: int) -> tuple[str, str]:
    """Icon and colour role of a run."""
    return "swatch", f"series {number}"


def columns_of(table: RunTable) -> list[Column]:
    """All columns, for the model; the arrangement says which are seen."""
    return [_column(one, table) for one in table.columns]


def _column(one: RunColumn, table: RunTable) -> Column:
    name, kind = one.field.name, one.field.kind
    common: dict[str, Any] = {"key": name, "group": _GROUPS[one.group], "help": _help(one)}
    title = title_of(name)
    if name == "name":
        # Rows by their places, so that no object is made for each: this runs on the window's thread.
        names, numbers = one.values, table.numbers
        return Column(
            title, range(len(names)), show=lambda row: names[row], tip=lambda row: names[row],
            icon=lambda row: swatch(numbers[row]), room=tr("another short look"), **common,
        )  # fmt: skip
    if name in {"status", "verified"}:
        signs = STATUS if name == "status" else VERDICT
        return Column(title, one.values, show=_capital, icon=lambda value: signs.get(str(value)), **common)
    if name == "star":
        return Column(
            title, one.values, show=lambda _value: "", icon=lambda v: ("star", "warn") if v == "yes" else None,
            tip=lambda value: tr("starred") if value == "yes" else tr("no star"),
            keys=np.array([value != "yes" for value in one.values], dtype=np.float64), **common,
        )  # fmt: skip
    if kind is Kind.TIME:
        return Column(
            title, one.values, show=relative_time, tip=exact_time, room=LONG_AGO,
            keys=table.rows.numbers[name], **common,
        )  # fmt: skip
    if kind is Kind.DURATION:
        return Column(
            title, one.values, show=lambda s: number(None) if s is None else duration(s), numeric=True, **common
        )
    if kind is Kind.NUMBER:
        digits = score if measure_of(name) is not None else plain_value
        keys = table.rows.numbers[name]
        return Column(title, one.values, show=digits, numeric=True, keys=keys, **common)
    show = _digits if name in _HASHES else _texts
    return Column(title, one.values, show=show, tip=_tip, **common)


def _capital(value: object) -> str:
    return "" if value is None else in_capitals(str(value))


def _digits(value: object) -> str:
    return "" if value is None else str(value)[:12]


def _texts(value: object) -> str:
    return "" if value is None else "; ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _tip(value: object) -> str:
    return "" if value is None else "\n\n".join(map(str, value)) if isinstance(value, tuple) else str(value)


def measure_of(name: str) -> Measure | None:
    """The measure that a metric's column (``test.classification.auroc``) shows."""
    _, _, rest = name.partition(".")
    return next((measure for measure in MEASURES if rest == f"{measure.head}.{measure.key}"), None)


def title_of(name: str) -> str:
    """A column's title by its name in a query."""
    measure = measure_of(name)
    part = name.partition(".")[0]
    if measure is not None and part in _PARTS:
        short = {"average_precision": tr("Avg. precision"), "f1": "F1", "mae": "MAE", "rmse": "RMSE"}
        said = short.get(measure.key, measure.name)
        return said if part == "test" else f"{said}, {in_words(part)}"
    return _TITLES.get(name, name.replace(".", " ").replace("_", " ").capitalize())


def _help(one: RunColumn) -> str:
    measure = measure_of(one.field.name)
    way = "" if measure is None else tr("; higher is better") if measure.higher_is_better else tr("; lower is better")
    names = tr("In a query: {names}", names=", ".join((one.field.name, *one.field.aliases)))
    return f"{one.field.help[:1].upper()}{one.field.help[1:]}{way}\n{names}"


def default_arrangement(table: RunTable) -> Arrangement:
    """Few columns: name, status, time, the leading measures there are, tags and notes."""
    there = {column.field.name for column in table.columns if any(value is not None for value in column.values)}
    measures = [f"test.{m.head}.{m.key}" for m in MEASURES if m.key in _LEADING]
    wanted = [*_ALWAYS, *(name for name in measures if name in there), *(name for name in ("tag", "note"))]
    present = {column.field.name for column in table.columns}
    return Arrangement(shown=tuple(name for name in wanted if name in present), pinned=1)


def choosable(table: RunTable) -> list[Choosable]:
    """The columns as the chooser lists them."""
    return [Choosable(c.field.name, title_of(c.field.name), _GROUPS[c.group], _help(c)) for c in table.columns]
