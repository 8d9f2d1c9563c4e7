"""``import media``, ``extract`` and ``features``."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmdesk.cli.console import Console, printable
from mmdesk.cli.parser import whole_number
from mmdesk.engine.core.errors import ExitStatus
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import current_actor
from mmdesk.engine.features.embedding_model import IMAGENET_DEVIATION, IMAGENET_MEAN
from mmdesk.engine.services import extractors, media_imports

_SHOWN = 20

Commands = argparse._SubParsersAction  # the only name it has


def add_import_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    """``import media``."""
    media = commands.add_parser(
        "media",
        help="bring evidence files into a case",
        description="Copy evidence files into a case and link them to entities: by a manifest with the columns "
        "entity_id, path and, if known, captured_at (paths relative to it), or by folders named after entities.",
    )
    media.add_argument("case", type=Path, metavar="DIR", help="the case folder")
    media.add_argument("paths", type=Path, nargs="*", metavar="PATH", help="files, or folders with one per entity")
    media.add_argument("--manifest", type=Path, metavar="F", help="CSV: entity_id,path[,captured_at]")
    media.add_argument("--strict", action="store_true", help="exit with 3 if any file was refused")
    media.set_defaults(run=_import_media)


def add_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    """``extract`` and ``features``."""
    extract = commands.add_parser("extract", help="turn the evidence files of a case into features")
    extract.add_argument("case", type=Path, metavar="DIR", help="the case folder")
    extract.add_argument("--workers", type=whole_number(1), metavar="N", help="processes (as many as processor cores)")
    extract.add_argument("--retry-failed", action="store_true", help="try those again that could not be read before")
    extract.add_argument("--strict", action="store_true", help="exit with 3 if any file has no features")
    extract.set_defaults(run=_extract)
    features = commands.add_parser("features", help="what the features are")
    kinds = features.add_subparsers(title="what", metavar="WHAT", required=True)
    names = kinds.add_parser("names", help="the names of all features, in order")
    names.add_argument("case", type=Path, nargs="?", metavar="DIR", help="a case, whose own models are included")
    names.set_defaults(run=_feature_names)
    _add_extractor_commands(kinds)


def _add_extractor_commands(kinds: Commands[argparse.ArgumentParser]) -> None:
    listed = kinds.add_parser("extractors", help="the extra extractors of a case: installed packages and its models")
    listed.add_argument("case", type=Path, metavar="DIR", help="the case folder")
    listed.set_defaults(run=_list_extractors)
    add = kinds.add_parser(
        "add",
        help="let an ONNX embedding model see the pictures of a case",
        description="Keep a copy of a picture embedding model with the case. Every picture, tile and video frame gets "
        "its numbers as further features; all files are then extracted anew.",
    )
    add.add_argument("case", type=Path, metavar="DIR", help="the case folder")
    add.add_argument("model", type=Path, metavar="F.onnx", help="one input [1, 3, height, width], first output used")
    add.add_argument("--name", metavar="N", help="of its features (made of the file's name)")
    for option, standard in (("mean", IMAGENET_MEAN), ("deviation", IMAGENET_DEVIATION)):
        text = f"of red, green and blue, scale 0 to 1 (ImageNet's: {' '.join(map(str, standard))})"
        add.add_argument(f"--{option}", type=float, nargs=3, metavar=("R", "G", "B"), default=standard, help=text)
    add.set_defaults(run=_add_model)
    remove = kinds.add_parser("remove", help="take a model out of a case's features")
    remove.add_argument("case", type=Path, metavar="DIR", help="the case folder")
    remove.add_argument("name", metavar="NAME", help="as features extractors lists it")
    remove.set_defaults(run=_remove_model)


def _import_media(args: argparse.Namespace, console: Console) -> int:
    report = media_imports.import_media(
        args.case, args.paths, args.manifest, actor=current_actor(), ctx=console.context
    )
    summary = (
        f"{counted(report.files, 'file')}: {report.artifacts:,} new, {report.unchanged:,} unchanged, "
        f"{counted(report.duplicates, 'duplicate')}, {report.refused:,} refused"
    )
    lines = [summary]
    for problem in report.problems[:_SHOWN]:
        place = f"line {problem.line}: " if problem.line is not None else ""
        lines.append(f"  refused: {place}{printable(problem.path)}: {printable(problem.reason)}")
    lines += _more(len(report.problems))
    console.result(report, "\n".join(lines))
    return int(ExitStatus.DATA if args.strict and report.refused else ExitStatus.DONE)


def _extract(args: argparse.Namespace, console: Console) -> int:
    report = media_imports.extract(
        args.case, args.workers, retry_failed=args.retry_failed, actor=current_actor(), ctx=console.context
    )
    summary = (
        f"{counted(report.done, 'file')} with features ({report.incomplete:,} of them "
        f"incomplete), {report.failed:,} failed, "
        f"{report.pending:,} pending; {counted(report.extracted, 'was worked on now', 'were worked on now')}"
    )
    lines = [summary]
    lines += [
        f"  {problem.status}: {printable(problem.name)}: {printable(problem.reason)}"
        for problem in report.problems[:_SHOWN]
    ]
    lines += _more(len(report.problems))
    console.result(report, "\n".join(lines))
    return int(ExitStatus.DATA if args.strict and (report.failed or report.pending) else ExitStatus.DONE)


def _feature_names(args: argparse.Namespace, console: Console) -> int:
    names = media_imports.feature_names(args.case)
    console.result(names, "\n".join(names))
    return int(ExitStatus.DONE)


def _list_extractors(args: argparse.Namespace, console: Console) -> int:
    found = extractors.list_extractors(args.case)
    console.result(found, "\n".join(map(_described, found)) or "The built-in extractors alone.")
    return int(ExitStatus.DONE)


def _described(one: extractors.ExtractorInfo) -> str:
    media = ", ".join(one.media_types)
    return (
        f"{one.name}: {one.kind}, version {printable(one.version[:12])}, "
        f"{counted(one.features, 'feature')} of {media} files"
    )


def _add_model(args: argparse.Namespace, console: Console) -> int:
    added = extractors.add_model(
        args.case, args.model, name=args.name, mean=args.mean, deviation=args.deviation, actor=current_actor()
    )
    console.result(added, f"{_described(added)}. All files are extracted anew next time (mmdesk extract).")
    return int(ExitStatus.DONE)


def _remove_model(args: argparse.Namespace, console: Console) -> int:
    extractors.remove_model(args.case, args.name, actor=current_actor())
    console.result({"removed": args.name}, f"{args.name} is no feature of this case any more.")
    return int(ExitStatus.DONE)


def _more(count: int) -> list[str]:
    return [f"  and {count - _SHOWN} more (all of them with --json)"] if count > _SHOWN else []
