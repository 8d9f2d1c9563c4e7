"""``mmdesk train``, ``runs``, ``reproduce`` and ``evaluate``."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from mmdesk.cli.console import Console
from mmdesk.engine.core.errors import DataError, ExitStatus, UsageError
from mmdesk.engine.core.files import require_file
from mmdesk.engine.core.plain import as_plain, flattened
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.times import format_us
from mmdesk.engine.core.types import Split, Verdict, current_actor

if TYPE_CHECKING:
    from mmdesk.engine.services.runs import Comparison, RunPage, RunRow

_RUN_HELP = "a unique beginning of its id, its name, or latest"
_WIDTH = 28


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``train``, ``runs``, ``reproduce`` and ``evaluate``."""
    train = commands.add_parser(
        "train",
        help="train a run on the case as it is now",
        description="Train a run. The same settings on the same data are the same run: one that is done is returned"
        " as it is, one that was interrupted goes on.",
    )
    train.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    train.add_argument("--config", metavar="F", type=Path, help="settings as JSON, nested or dotted")
    train.add_argument(
        "--set",
        metavar="key=value",
        action="append",
        default=[],
        dest="settings",
        help="one setting, e.g. epochs=40, ensemble=3, drop_columns=name,phone; may be repeated",
    )
    train.add_argument("--name", metavar="N", help="a name for people (default: run 1, run 2, ...)")
    train.add_argument("--force", action="store_true", help="train a finished run anew, beside itself")
    train.set_defaults(run=_train)
    _add_runs(commands)

    reproduce = commands.add_parser("reproduce", help="train a run again and compare, to the bit")
    reproduce.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    reproduce.add_argument("name", metavar="RUN", help=_RUN_HELP)
    reproduce.add_argument("--certificate", metavar="F", type=Path, help="write what was compared as .json or .html")
    reproduce.set_defaults(run=_reproduce)

    evaluate = commands.add_parser("evaluate", help="how well a run does on the labels that the case has now")
    evaluate.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    evaluate.add_argument("name", metavar="RUN", help=_RUN_HELP)
    evaluate.add_argument(
        "--split", choices=[str(part) for part in Split], default=str(Split.TEST), help="which part (default: test)"
    )
    evaluate.set_defaults(run=_evaluate)


def _add_runs(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    group = commands.add_parser("runs", help="the trainings of a case")
    kinds = group.add_subparsers(title="what", metavar="WHAT", required=True)
    listing = kinds.add_parser("list", help="all runs, newest first")
    listing.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    listing.add_argument("--deleted", action="store_true", help="those in the trash")
    listing.add_argument(
        "--where", metavar="QUERY", default="", help="only these, e.g. 'auc > .9 and status = done and age < 7d'"
    )
    listing.set_defaults(run=_list)
    rename = kinds.add_parser("rename", help="call a run something else")
    rename.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    rename.add_argument("name", metavar="RUN", help=_RUN_HELP)
    rename.add_argument("to", metavar="NAME", help="its new name")
    rename.set_defaults(run=_rename)
    show = kinds.add_parser("show", help="everything about a run")
    show.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    show.add_argument("name", metavar="RUN", nargs="?", default="latest", help=f"{_RUN_HELP} (default: latest)")
    show.set_defaults(run=_show)
    card = kinds.add_parser("card", help="the model card: data, results by group, what may be decided, limits")
    card.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    card.add_argument("name", metavar="RUN", nargs="?", default="latest", help=f"{_RUN_HELP} (default: latest)")
    card.set_defaults(run=_card)
    compare = kinds.add_parser("compare", help="settings and measures of runs side by side")
    compare.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    compare.add_argument("names", metavar="RUN", nargs="+", help=_RUN_HELP)
    compare.add_argument("--all", action="store_true", help="also what is the same in all of them")
    compare.add_argument("--out", metavar="F", type=Path, help="write it as .csv, .html or .json, too")
    compare.set_defaults(run=_compare)
    for word, what in (("delete", "put runs into the trash"), ("restore", "take runs out of the trash")):
        parser = kinds.add_parser(word, help=what)
        parser.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
        parser.add_argument("names", metavar="RUN", nargs="+", help=_RUN_HELP)
        parser.set_defaults(run=_delete if word == "delete" else _restore)
    purge = kinds.add_parser("purge", help="remove runs that are in the trash for good, with their files")
    purge.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    purge.add_argument("names", metavar="RUN", nargs="+", help=_RUN_HELP)
    purge.add_argument("--dry-run", action="store_true", help="only say what would go and what depends on it")
    purge.set_defaults(run=_purge)


def read_settings(config: Path | None, settings: Sequence[str]) -> dict[str, object]:
    """The settings of ``--config`` and ``--set``; the latter go before.

    Raises:
        UsageError: The file is no JSON object, or a setting is not ``key=value``.
    """
    given: dict[str, object] = {}
    if config is not None:
        try:
            document = orjson.loads(require_file(config, "The configuration").read_bytes())
        except orjson.JSONDecodeError as error:
            raise UsageError(
                f"{config} is not JSON: {error}.", 'Write it like {"epochs": 40}.', code="usage.bad_config"
            ) from error
        if not isinstance(document, dict):
            raise UsageError(f"{config} is no JSON object.", 'Write it like {"epochs": 40}.', code="usage.bad_config")
        # A run's config.json may be given as it is; the hash in it says what code it was, and is not ours to set.
        document.pop("code_sha256", None)
        given = flattened(document)
    for setting in settings:
        key, separator, value = setting.partition("=")
        if not separator or not key.strip():
            raise UsageError(f"--set {setting}: it must be key=value.", "For instance: --set epochs=40")
        given[key.strip()] = value.strip()
    return given


def _train(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.runs import train

    settings = read_settings(args.config, args.settings)
    result = train(args.folder, settings, name=args.name, force=args.force, actor=current_actor(), ctx=console.context)
    lines = [
        f"{result.name}: {'was there already, untouched' if result.existing else 'done'}",
        f"  run      {result.run_id}",
        f"  model    {result.model_sha256}",
        f"  files    {result.folder}",
        *describe_measures(result.metrics),
    ]
    comparison = result.metrics.get("comparison") or {}
    if comparison.get("heads"):
        lines.append(f"  {comparison['text']}")
    for note in result.notes:
        console.say(f"Note: {note}")
    console.result(result, "\n".join(lines))
    return ExitStatus.DONE


def describe_measures(metrics: Mapping[str, Any]) -> list[str]:
    """One line per part and head of a run's metrics."""
    lines = []
    for part in ("val", "test"):
        for head, figures in (metrics.get(part) or {}).items():
            lines.append(f"  {part:4}  {head:15} {describe_figures(figures)}")
    return lines


def describe_figures(figures: Mapping[str, Any]) -> str:
    """``auroc 0.941  average_precision 0.950 ...``; measures that are not defined are left out."""
    shown = [(name, value) for name, value in figures.items() if value is not None]
    return "  ".join(f"{name} {value}" if isinstance(value, int) else f"{name} {value:.3f}" for name, value in shown)


def _list(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.run_table import run_table

    table = run_table(args.folder, args.deleted)
    rows = tuple(run for run, chosen in zip(table.runs, table.chosen(args.where), strict=True) if chosen)
    if not rows:
        nothing = "The trash is empty." if args.deleted else "No runs yet. Next: mmdesk train DIR"
        console.result([], "No run is like that." if table.runs else nothing)
        return ExitStatus.DONE
    console.result(rows, "\n".join(_line(row) for row in rows))
    return ExitStatus.DONE


def _rename(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.runs import rename_run

    row = rename_run(args.folder, args.name, args.to, actor=current_actor())
    console.result(row, f"The run {row.run_id[:12]} is called {row.name} now.")
    return ExitStatus.DONE


def _line(row: RunRow) -> str:
    figures = row.metrics.get("test") or row.metrics.get("val") or {}
    names = {"classification": "auroc", "regression": "mae", "ranking": "spearman"}
    shown = [
        f"{name} {figures[head][name]:.3f}"
        for head, name in names.items()
        if figures.get(head, {}).get(name) is not None
    ]
    name = row.name if len(row.name) <= _WIDTH else row.name[: _WIDTH - 3] + "..."
    return f"{row.run_id[:12]}  {name:{_WIDTH}}  {row.status:11}  {format_us(row.created_us)[:19]}  {'  '.join(shown)}"


def _show(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.runs import show_run

    page = show_run(args.folder, args.name)
    row = as_plain(page.row)
    assert isinstance(row, dict)
    parts = ("history", "environment", "manifest", "card")
    rest = {part: getattr(page, part) for part in parts}
    console.result({**row, **rest}, _describe_page(page))
    return ExitStatus.DONE


def _describe_page(page: RunPage) -> str:
    row = page.row
    lines = [
        f"{row.name}: {row.status}",
        f"  run      {row.run_id}",
        f"  model    {row.model_sha256 or '-'}",
        f"  data     {row.data_sha256}",
        f"  made     {format_us(row.created_us)} by {row.actor}",
    ]
    if row.error:
        lines.append(f"  error    {row.error}")
    split = page.manifest.get("split", {})
    if split:
        parts = ", ".join(f"{part} {figures['rows']}" for part, figures in split["parts"].items())
        lines.append(f"  rows     {parts} (split {split['how']})")
    lines.append(f"  epochs   {len(page.history)}")
    lines += describe_measures(row.metrics)
    comparison = row.metrics.get("comparison") or {}
    if comparison.get("text"):
        lines.append(f"  {comparison['text']}")
    return "\n".join(lines)


def _card(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.runs import show_run

    page = show_run(args.folder, args.name)
    if not page.card:
        raise DataError(
            f"The run {page.row.name} has no model card.",
            "It is written when a training ends; runs of older versions have none. Train it anew with --force.",
            code="run.no_card",
        )
    console.result({"run_id": page.row.run_id, "card": page.card}, page.card.rstrip())
    return ExitStatus.DONE


def _compare(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.runs import compare_runs

    comparison = compare_runs(args.folder, args.names)
    if args.out is not None:
        from mmdesk.engine.services.comparison_files import write_comparison

        write_comparison(comparison, args.out, everything=args.all)
    comparison = dataclasses.replace(comparison, histories=())  # runs show has them
    console.result(comparison, _describe_comparison(comparison, everything=args.all))
    return ExitStatus.DONE


def _describe_comparison(comparison: Comparison, *, everything: bool) -> str:
    rows = [row for row in comparison.rows if everything or row.differs]
    if not rows:
        return "The runs do not differ."
    width = max(len(row.key) for row in rows)
    head = " " * width + "".join(f"  {run.name[:20]:>20}" for run in comparison.runs)
    return "\n".join([head, *(f"{row.key:{width}}" + "".join(f"  {_cell(v):>20}" for v in row.values) for row in rows)])


def _cell(value: object) -> str:
    if value is None:
        return "-"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 20 else text[:17] + "..."


def _delete(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.runs import delete_run

    rows = [delete_run(args.folder, name, actor=current_actor()) for name in args.names]
    console.result(rows, "\n".join(f"{row.name} is in the trash; restore it with: runs restore" for row in rows))
    return ExitStatus.DONE


def _restore(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.runs import restore_run

    rows = [restore_run(args.folder, name, actor=current_actor()) for name in args.names]
    console.result(rows, "\n".join(f"{row.name} is back." for row in rows))
    return ExitStatus.DONE


def _purge(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.run_purges import purge_runs

    report = purge_runs(args.folder, args.names, dry_run=args.dry_run, actor=current_actor(), ctx=console.context)
    lines = [
        f"  {run.name} ({run.run_id[:12]}): {counted(run.size_bytes, 'byte')}, "
        f"{counted(run.certificates, 'certificate')}, "
        f"{counted(run.predictions, 'stored prediction')}, {counted(run.tags, 'tag')}, {counted(run.notes, 'note')}"
        for run in report.runs
    ]
    lines.append(
        f"  snapshots that no other run needs: {len(report.snapshots)}, {counted(report.snapshot_bytes, 'byte')}"
    )
    verb = "Would remove" if args.dry_run else "Removed"
    console.result(report, "\n".join([f"{verb} for good, {counted(report.size_bytes, 'byte')}:", *lines]))
    return ExitStatus.DONE


def _reproduce(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.runs import reproduce

    result = reproduce(args.folder, args.name, actor=current_actor(), ctx=console.context)
    if args.certificate is not None:
        from mmdesk.engine.services.certificates import write_certificate

        write_certificate(result.certificate, args.certificate)
    console.result(result, f"{result.verdict}: {result.text}")
    return ExitStatus.DONE if result.verdict is Verdict.IDENTICAL else ExitStatus.DATA


def _evaluate(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.predictions import evaluate

    document = evaluate(args.folder, args.name, Split(args.split), ctx=console.context)
    lines = [f"{head:15} {describe_figures(figures)}" for head, figures in document.items() if head != "split"]
    console.result(document, "\n".join([f"{document['split']}:", *lines]))
    return ExitStatus.DONE
