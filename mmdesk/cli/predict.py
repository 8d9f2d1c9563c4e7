"""``mmdesk predict``: scores, and with ``--explain`` the reasons."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.cli.console import Console
from mmdesk.cli.moments import AS_OF_HELP, as_of_option
from mmdesk.engine.core.errors import ExitStatus, UsageError
from mmdesk.engine.core.files import atomic_writer
from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.explanation import Baseline
from mmdesk.engine.explanation.looks import Perspective

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Explanation
    from mmdesk.engine.services.predictions import Predictions


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``predict``."""
    predict = commands.add_parser(
        "predict",
        help="what a run says of entities, and why",
        description="One row per asked row, in the same order; all entities if none are named.",
    )
    predict.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    predict.add_argument("name", metavar="RUN", help="a unique beginning of its id, its name, or latest")
    who = predict.add_mutually_exclusive_group()
    who.add_argument("--entities", metavar="ID,ID", help="ids, comma separated")
    who.add_argument("--targets", metavar="F", type=Path, help="a CSV file with entity_id and perhaps as_of")
    predict.add_argument("--as-of", metavar="TIME", help=AS_OF_HELP)
    predict.add_argument("--explain", action="store_true", help="say why, too")
    predict.add_argument(
        "--head",
        metavar="H",
        choices=[str(head) for head in Head],
        help="which output to explain: regression, classification or ranking",
    )
    predict.add_argument(
        "--perspectives",
        metavar="P,P",
        help=f"with --explain: further looks, {', '.join(Perspective)} or all",
    )
    predict.add_argument(
        "--baseline",
        choices=[str(baseline) for baseline in Baseline],
        help="with --explain: start from the typical case of the training part (the default), or from the typical "
        "member of the group of comparable entities",
    )
    predict.add_argument(
        "--limits",
        metavar="F",
        type=Path,
        help="with the look changes: a JSON file that says within what attributes may change",
    )
    predict.add_argument(
        "--out",
        metavar="F",
        type=Path,
        help="write .csv, .jsonl or .parquet; explanations go beside it into F.explanations.jsonl",
    )
    predict.add_argument(
        "--pages",
        metavar="DIR",
        type=Path,
        help="with --explain: a page of HTML for each row, to read, print or attach, and index.html that leads to them",
    )
    predict.add_argument("--no-cache", action="store_true", help="explain anew what was explained before")
    predict.set_defaults(run=_predict)


def asked_ids(text: str | None) -> list[str] | None:
    """The ids of ``--entities``."""
    if text is None:
        return None
    found = [part.strip() for part in text.split(",") if part.strip()]
    if not found:
        raise UsageError("--entities names nobody.", "Give ids, comma separated.")
    return found


def _perspectives(text: str | None) -> tuple[Perspective, ...]:
    if text is None:
        return ()
    names = [part.strip().lower() for part in text.split(",") if part.strip()]
    if names == ["all"]:
        return tuple(Perspective)
    unknown = next((name for name in names if name not in set(Perspective)), None)
    if unknown is not None or not names:
        raise UsageError(
            f"--perspectives {text}: there is no look called {unknown or 'nothing'}.",
            f"Choose from {', '.join(Perspective)}, comma separated, or all.",
            code="usage.unknown_perspective",
        )
    return tuple(Perspective(name) for name in names)


def _predict(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.explanations import to_json
    from mmdesk.engine.services.predictions import predict_columns, require_format, write_predictions

    moment = as_of_option(args.as_of)
    if args.head and not args.explain:
        raise UsageError("--head says which output to explain, so it needs --explain.", "Add --explain.")
    if args.pages is not None and not args.explain:
        raise UsageError("--pages writes explanations, so it needs --explain.", "Add --explain.")
    if args.baseline is not None and not args.explain:
        raise UsageError("--baseline says where explanations start, so it needs --explain.", "Add --explain.")
    if args.perspectives is not None and not args.explain:
        raise UsageError("--perspectives are looks at explanations, so they need --explain.", "Add --explain.")
    perspectives = _perspectives(args.perspectives)
    if args.limits is not None and Perspective.CHANGES not in perspectives:
        raise UsageError("--limits bound what may change, so they need that look.", "Add --perspectives changes.")
    if args.out is not None:
        require_format(args.out)
    share = 0.3 if args.explain else 1.0
    predictions = predict_columns(
        args.folder,
        args.name,
        entities=asked_ids(args.entities),
        targets_file=args.targets,
        as_of_us=moment,
        ctx=console.context.part(0, share),
    )
    for note in predictions.notes:
        console.say(f"Note: {note}")
    explanations = _explanations(args, predictions, perspectives, console) if args.explain else None
    if explanations is not None and args.pages is not None:
        explanations = _with_pages(args.folder, args.pages, explanations, len(predictions))
    if args.out is None:
        _print(predictions, explanations, console)
        return ExitStatus.DONE
    beside = args.out.with_name(args.out.name + ".explanations.jsonl")
    if explanations is not None:
        with atomic_writer(beside) as file:
            for explanation in explanations:
                file.write(to_json(explanation) + b"\n")
    write_predictions(predictions, args.out)
    written = {"rows": len(predictions), "run_id": predictions.run_id, "out": str(args.out)}
    if explanations is not None:
        written["explanations"] = str(beside)
    also = f", the reasons to {beside}" if explanations is not None else ""
    console.result(written, f"{counted(len(predictions), 'prediction')} written to {args.out}{also}")
    return ExitStatus.DONE


def _with_pages(folder: Path, pages: Path, explanations: Iterator[Explanation], asked: int) -> Iterator[Explanation]:
    """The same explanations, each written as a page when it comes by, and their list at the end."""
    from mmdesk.engine.services.explanation_batches import page_folder

    with page_folder(folder, pages, asked) as made:
        for explanation in explanations:
            made.add(explanation)
            yield explanation


def _explanations(
    args: argparse.Namespace, predictions: Predictions, perspectives: tuple[Perspective, ...], console: Console
) -> Iterator[Explanation]:
    from mmdesk.engine.services.explanations import NO_LIMITS, explain_many, load_limits

    return explain_many(
        args.folder,
        predictions.run_id,
        asked_ids(args.entities),
        targets_file=args.targets,
        as_of_us=as_of_option(args.as_of),
        head=Head(args.head) if args.head else None,
        perspectives=perspectives,
        limits=load_limits(args.limits) if args.limits is not None else NO_LIMITS,
        baseline=Baseline(args.baseline or Baseline.TYPICAL),
        cached=not args.no_cache,
        ctx=console.context.part(0.3, 1),
    )


def _print(predictions: Predictions, explanations: Iterator[Explanation] | None, console: Console) -> None:
    """Rows as JSON, or as CSV lines for people and pipes; with reasons, a sentence under each row."""
    from mmdesk.engine.services.explanations import to_document
    from mmdesk.engine.services.predictions import csv_cell

    rows = predictions.rows()
    reasons = list(explanations) if explanations is not None else None
    documents = [as_plain(row) for row in rows]
    lines = [] if reasons is not None else ["entity_id,as_of,regression,probability,ranking_score"]
    for number, row in enumerate(rows):
        numbers = (row.regression, row.probability, row.ranking_score)
        cells = [
            csv_cell(row.entity_id),
            row.as_of or "",
            *("" if value is None else f"{value:.6g}" for value in numbers),
        ]
        lines.append(",".join(cells))
        if reasons is not None:
            document = documents[number]
            assert isinstance(document, dict)
            document["explanation"] = to_document(reasons[number])
            lines.append(f"  {reasons[number].sentence}")
    console.result(documents, "\n".join(lines))
