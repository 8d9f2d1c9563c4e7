"""The model card of a run: what it was trained on, how well it does on whom, and what it must not be used for.

Source: Mitchell et al., "Model cards for model reporting", FAT* 2019, for what a card holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmdesk.engine.core.types import Split
from mmdesk.engine.training.config import TrainingConfig

_HEADS = {"classification": "y_class", "regression": "y_reg", "ranking": "y_rank"}
_MEASURES = {
    "classification": ("auroc", "average_precision", "brier", "ece"),
    "regression": ("mae", "rmse", "r2"),
    "ranking": ("spearman", "kendall", "ndcg"),
}
_COUNTED = ("entities", "events", "interactions", "targets", "artifacts", "segments")
EVIDENCE = ("events", "neighbours", "files")
"""What a row may have; in the order of the columns of ``RowSource.counts``."""
_DATED = ("events", "interactions", "as-ofs")
_FEW_POSITIVES = 30
_FEW_ROWS = 100
_MUCH_WORSE = 0.1
_OFTEN_UNCERTAIN = 0.3

Document = Mapping[str, Any]


def model_card(metrics: Document, manifest: Document, config: TrainingConfig, environment: Document) -> str:
    """The card as Markdown; the same run, the same text.

    Args:
        metrics: As in metrics.json.
        manifest: As in data_manifest.json.
        config: The settings.
        environment: As in environment.json.
    """
    parts = (
        ["# Model card", ""],
        _what(metrics),
        _data(manifest),
        _results(metrics),
        _groups(metrics),
        _decisions(metrics),
        _limits(metrics, manifest),
        _making(metrics, manifest, config, environment),
    )
    return "\n".join(line for part in parts for line in part)


def _what(metrics: Document) -> Iterator[str]:
    heads = [f"{head} ({_HEADS[head]})" for head in metrics["heads"]]
    yield f"Predicts {', '.join(heads) if heads else 'nothing: no target varies'}, for one entity at one moment, from"
    yield "its attributes, its events, its neighbours and its files. What it shows is association, never cause; it is"
    yield "made to help a person decide what to look at, and not to decide about a person."
    yield ""


def _data(manifest: Document) -> Iterator[str]:
    counts, split = manifest["counts"], manifest["split"]
    yield "## Data"
    yield ""
    yield ", ".join(f"{counts[what]:,} {what}" for what in _COUNTED) + "."
    dated = f"{manifest['as_of']:,} of the targets have an as-of" if manifest["as_of"] else "No target has an as-of"
    yield f"{dated}. Parts: {split['how']}."
    known = ((what, manifest["span"].get(what)) for what in _DATED)
    spans = [f"{what} from {span[0]} to {span[1]}" for what, span in known if span]
    if spans:
        yield f"Times: {'; '.join(spans)}."
    yield ""
    rows = [
        [part, *(str(split["parts"][part][name]) for name in ("rows", "y_class", "positives", "y_reg", "y_rank"))]
        for part in Split
    ]
    yield from _table(["part", "rows", "y_class", "of them positive", "y_reg", "y_rank"], rows)
    yield "How many rows have anything of a kind before their as-of, which is all that the model sees of them:"
    yield ""
    shares = [[part, *(_share(split["parts"][part], kind) for kind in EVIDENCE)] for part in Split]
    yield from _table(["part", *(f"with {kind}" for kind in EVIDENCE)], shares)


def _percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"


def _share(part: Document, kind: str) -> str:
    return _percent(part["with"][kind] / part["rows"]) if part["rows"] else "-"


def _results(metrics: Document) -> Iterator[str]:
    yield "## Results"
    yield ""
    yield "In brackets the middle 95 % of bootstrap samples of the entities."
    yield ""
    rows = []
    for part in ("val", "test"):
        for head, names in _MEASURES.items():
            figures = metrics.get(part, {}).get(head)
            if figures is not None:
                rows.append([part, head, str(figures["n"]), "; ".join(_figure(figures, name) for name in names)])
    yield from _table(["part", "target", "rows", "measures"], rows)
    yield metrics["comparison"]["text"]
    if metrics["comparison"]["heads"]:
        yield (
            "A difference is clear where the middle 95 % of it, both measured in the same samples, leave out 0; "
            "with too few rows for samples none is."
        )
    yield ""


def _figure(figures: Document, name: str) -> str:
    value = figures.get(name)
    if value is None:
        return f"{name} -"
    low, high = figures.get(f"{name}_low"), figures.get(f"{name}_high")
    return f"{name} {value:.3f}" + ("" if low is None else f" ({low:.3f} to {high:.3f})")


def _groups(metrics: Document) -> Iterator[str]:
    if not metrics["groups"]:
        return
    yield f"## Groups of rows ({metrics['decisions']['part']} part)"
    yield ""
    rows = []
    for name, found in metrics["groups"].items():
        main = [_figure(found[head], names[0]) for head, names in _MEASURES.items() if head in found]
        rows.append([name, str(found["rows"]), "; ".join(main)])
    yield from _table(["group", "rows", "measures"], rows)


def _decisions(metrics: Document) -> Iterator[str]:
    decided = metrics["decisions"]
    classes, numbers = decided.get("classification"), decided.get("regression")
    if not classes and not numbers:
        return
    yield "## What may be decided"
    yield ""
    if classes:
        called = metrics[decided["part"]]["classification"]
        yield (
            f"At the threshold {called['threshold']:.3f} (best F1 on the validation part): "
            f"{_figure(called, 'precision')}, {_figure(called, 'recall')}, {_figure(called, 'f1')}."
        )
        wrong = "" if classes["wrong"] is None else f"; of the decided ones {_percent(classes['wrong'])} are wrong"
        yield (
            f"Meant to rule out the truth in at most {_percent(1 - decided['coverage'], 0)} of the rows of each class: "
            f"it does in {_percent(1 - classes['covered'])}. {_percent(classes['uncertain'])} stay uncertain{wrong}."
        )
    if numbers:
        yield (
            f"A regression is within {numbers['error']:.4g} of the truth in {_percent(numbers['covered'])} of the rows "
            f"(meant: {_percent(decided['coverage'], 0)})."
        )
    yield ""


def _limits(metrics: Document, manifest: Document) -> Iterator[str]:
    yield "## Limits"
    yield ""
    for sentence in limits(metrics, manifest):
        yield f"- {sentence}"
    yield ""


def limits(metrics: Document, manifest: Document) -> Iterator[str]:
    """What to keep in mind when using the run, one sentence each, from its own figures."""
    parts = manifest["split"]["parts"]
    for head, target in _HEADS.items():
        if head not in metrics["heads"]:
            yield f"{target} was not learned: no labels in the training part, one value only, or a loss of 0."
    train = parts.get("train", {})
    if train.get("rows", 0) < _FEW_ROWS:
        yield f"Only {train.get('rows', 0)} rows trained it."
    if metrics.get("stopped_on", "validation") != "validation":
        yield "Too few rows validate to choose an epoch by them: the weights are those after the last one."
    test = parts.get("test", {})
    if "test" not in metrics:
        yield "There is no test part: the figures come from rows on which the training was stopped and calibrated."
    elif "classification" in metrics["test"] and test.get("positives", 0) < _FEW_POSITIVES:
        yield f"Only {test.get('positives', 0)} positives test it, so its AUROC may well be off; see the brackets."
    for what, count in manifest["undated"].items():
        if count and manifest["as_of"]:
            yield f"{count:,} {what} have no time and count as known at every as-of, even if they came later."
    if not manifest["as_of"]:
        yield "Nothing says what was known when: what came after the outcome may have been learned from."
    yield from _beside_the_baseline(metrics)
    yield from _uneven(metrics)
    classes = metrics["decisions"].get("classification")
    if classes and classes["uncertain"] > _OFTEN_UNCERTAIN:
        yield f"{_percent(classes['uncertain'], 0)} of the rows cannot be decided at the stated error rate."
    yield "Entities unlike those above (another place, another time, other sources) may be judged wrongly."


def _beside_the_baseline(metrics: Document) -> Iterator[str]:
    for head, found in metrics["comparison"]["heads"].items():
        if not found.get("clear", True):
            yield f"Gradient boosting on plain aggregates may do {head} as well: the difference is not clear."
        elif not found["beats"]:
            yield f"Gradient boosting on plain aggregates does {head} at least as well."


def _uneven(metrics: Document) -> Iterator[str]:
    """Groups on which the AUROC is much lower than on all rows."""
    part = metrics["decisions"].get("part")
    whole = metrics.get(part, {}).get("classification", {}).get("auroc") if part else None
    for name, found in metrics["groups"].items():
        own = found.get("classification", {}).get("auroc")
        if whole is not None and own is not None and own < whole - _MUCH_WORSE:
            yield f"It is much worse on rows {name}: AUROC {own:.3f} against {whole:.3f} on all."


def _making(metrics: Document, manifest: Document, config: TrainingConfig, environment: Document) -> Iterator[str]:
    default = TrainingConfig()
    changed = {name: value for name, value in config.values.items() if value != default.values[name]}
    settings = ", ".join(f"{name} = {value}" for name, value in changed.items())
    yield "## How it was made"
    yield ""
    yield f"- Settings: {settings or 'the defaults'}; seed {config.integer('seed')}."
    yield f"- Epochs: {', '.join(map(str, metrics['epochs']))}; best: {', '.join(map(str, metrics['best_epoch']))}, "
    yield "  by the validation loss of all heads together, weighted, smoothed over epochs; without validation the last."
    yield f"- Data SHA-256: {manifest['data_sha256']}"
    yield f"- Model SHA-256: {metrics['model_sha256']}"
    yield f"- mmdesk {environment['mmdesk']}, training code {environment['code_sha256'][:16]}."
    yield f"- PyTorch {environment['fingerprint']['torch']}, {environment['fingerprint']['cpu_capability']}."
    yield ""


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        return
    yield _row(header)
    yield _row(["---"] * len(header))
    for row in rows:
        yield _row([cell.replace("|", "\\|").replace("\n", " ") for cell in row])
    yield ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
