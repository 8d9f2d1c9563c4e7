"""Training and prediction on one thread, against the network alone on batches made beforehand."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from mmdesk.engine.services.table_imports import TableFiles, import_tables
from tests.benchmarks import imports, peak, training_turns
from tests.benchmarks.figures import Extent, Figure, turns_of
from tests.benchmarks.table_files import Sizes, write_tables, write_targets

_ENTITIES, _EVENTS = 6_000, 32
_LONGER = 4
_PINS_COST = 1.5
"""What the portable pins may cost, end to end, to be the default."""
_LARGE = Sizes(entities=100_000, events=2_000_000, interactions=200_000)
_MIDDLE = Sizes(entities=40_000, events=800_000, interactions=80_000)
_MINUTES, _LIMIT_MIB = 10.0, 3e9 / (1 << 20)
_QUOTED_TRAINED, _QUOTED_ASKED = 4_500, 23_000
"""Entities a second of the bare network. Source: the project's issues, measured on this kind of machine."""


def measure(folder: Path, extent: Extent) -> list[Figure]:
    """Entities a second of ours and of the bare network, in turns; then four times the events, and a large case."""
    entities = max(600, round(_ENTITIES * extent.scale))
    rows: dict[str, int] = {}

    def turn(name: str, events: int, *, pinned: bool = True) -> float:
        found = training_turns.turn(name, entities, events, pinned=pinned)
        rows[name] = found.rows
        return found.seconds

    names = ("train", "train-unkept", "bare", "predict", "forward")
    free = {f"{name} free": partial(turn, name, _EVENTS, pinned=False) for name in ("train", "bare", "forward")}
    turns = turns_of({**{name: partial(turn, name, _EVENTS) for name in names}, **free}, extent.rounds)
    turns |= turns_of({"longer": partial(turn, "train-unkept", _EVENTS * _LONGER)}, extent.rounds)
    rates = {name: rows[name] / turns[name].best for name in names}

    def figure(what: str, name: str, peer: str, peer_name: str, goal: float) -> Figure:
        spread = (turns[name].spread, turns[peer].spread)
        return Figure(what, "entities/s", rates[name], rates[peer], peer_name, goal, spread=spread)

    def sanity(what: str, name: str, quoted: float) -> Figure:
        return Figure(
            f"sanity: {what}", "entities/s", rows[name] / turns[f"{name} free"].best, quoted, "the quoted rate"
        )

    return [
        figure("training, batches kept", "train", "bare", "forward, backward, step", 0.85),
        figure("training, batches made on the way", "train-unkept", "bare", "forward, backward, step", 0.85),
        figure("batch prediction", "predict", "forward", "forward", 0.8),
        Figure(
            f"{_LONGER} times the events", "s", turns["longer"].best, turns["train-unkept"].best, "once",
            _LONGER, lower=True, spread=(turns["longer"].spread, turns["train-unkept"].spread),
        ),
        Figure(
            "the loop alone with portable pins", "s", turns["train"].best, turns["train free"].best, "the CPU's own",
            lower=True, spread=(turns["train"].spread, turns["train free"].spread),
        ),
        _pins(folder / "middle", extent),
        *_large(folder / "large", extent),
        sanity("the bare network trained, unpinned", "bare", _QUOTED_TRAINED),
        sanity("the bare network asked, unpinned", "forward", _QUOTED_ASKED),
    ]  # fmt: skip


def _case(folder: Path, sizes: Sizes) -> Path:
    folder.mkdir()
    files = write_tables(folder, sizes)
    write_targets(folder / "targets.csv", sizes.entities)
    case = folder / "case"
    imports.make(case)
    imports.bring(case, files)
    import_tables(case, TableFiles(targets=folder / "targets.csv"), actor="bench")
    return case


def _pins(folder: Path, extent: Extent) -> Figure:
    """From a stored case to a trained model, with the portable pins and without; once each."""
    sizes = _MIDDLE.scaled(extent.scale)
    case = _case(folder, sizes)
    found = {work: peak.measure(work, case).seconds for work in ("train", "train-free")}
    what = f"{sizes.entities:,} entities, end to end with portable pins"
    return Figure(what, "s", found["train"], found["train-free"], "the CPU's own", _PINS_COST, lower=True)


def _large(folder: Path, extent: Extent) -> list[Figure]:
    """From a stored case to a trained model with default settings, baseline and snapshot included; once."""
    sizes = _LARGE.scaled(extent.scale)
    found = peak.measure("train", _case(folder, sizes))
    what = f"{sizes.entities:,} entities, {sizes.events:,} events: snapshot to model"
    return [
        Figure(what, "min", found.seconds / 60, _MINUTES, "minutes", 1.0, lower=True),
        Figure("memory for it", "MiB", found.peak_mib, _LIMIT_MIB, "the limit of 3 GB", 1.0, lower=True),
    ]
