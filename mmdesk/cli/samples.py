"""``mmdesk synth`` and ``mmdesk demo``: made-up cases."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.cli.console import Console
from mmdesk.engine.core.errors import ExitStatus

if TYPE_CHECKING:
    from mmdesk.engine.dataset.synth_data import SynthReport


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``synth`` and ``demo``."""
    synth = commands.add_parser(
        "synth",
        help="write a made-up case with planted causes",
        description="Write tables, evidence files and the causes planted in them; nothing else decides the labels.",
    )
    synth.add_argument("out", metavar="OUT", type=Path, help="a new or empty folder")
    synth.add_argument("--entities", metavar="N", type=int, required=True, help="how many entities (50 to 100,000)")
    synth.add_argument("--seed", metavar="S", type=int, default=1234, help="the same seed gives the same files")
    synth.set_defaults(run=_synth)


def _synth(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.samples import synth

    report = synth(args.out, args.entities, args.seed, ctx=console.context)
    console.result(report, describe_synth(report))
    return ExitStatus.DONE


def describe_synth(report: SynthReport) -> str:
    """The report in lines: where things are, how many causes, how well a perfect model could do."""
    lines = [f"{report.entities} entities and {report.media} evidence files in {report.folder}"]
    lines += [f"  {name:13} {path}" for name, path in report.files.items()]
    lines.append(f"  {'media':13} {Path(report.folder) / 'media'}")
    lines.append("Planted causes (entities that have one before their as-of; AUROC of that cause alone):")
    lines += [
        f"  {kind:10} {number:5}   {report.single_modality_auroc[kind]:.3f}" for kind, number in report.causes.items()
    ]
    lines.append(
        f"Best AUROC possible with 5 % of the labels turned over: {report.best_auroc:.3f} "
        f"(test split alone: {report.best_auroc_test:.3f})"
    )
    return "\n".join(lines)
