"""``mmdesk synth`` and ``mmdesk demo``: made-up cases."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.cli.console import Console, format_duration
from mmdesk.engine.core.errors import ExitStatus
from mmdesk.engine.core.jobs import JobContext, PartContext
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import Verdict, current_actor

if TYPE_CHECKING:
    from mmdesk.engine.dataset.synth_data import SynthReport
    from mmdesk.engine.services.samples import DemoReport


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``demo`` and ``synth``."""
    demo = commands.add_parser(
        "demo",
        help="make a sample case and do everything on it",
        description="Make a sample case, take it through the whole job, say what was found, then open the window.",
    )
    demo.add_argument("--case", metavar="DIR", type=Path, help="the case folder; its data go beside it")
    demo.add_argument("--no-window", action="store_true", help="do not open the window afterwards")
    demo.set_defaults(run=_demo)
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
    lines = [
        (
            f"{counted(report.entities, 'entity', 'entities')} and "
            f"{counted(report.media, 'evidence file')} in {report.folder}"
        )
    ]
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


class _StepsAloud:
    """A console's context that prints each step as a line of its own, terminal or not, and no epochs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def progress(self, done: float, total: float, text: str = "") -> None:
        """As the console does."""
        self._console.context.progress(done, total, text)

    def publish(self, event: Mapping[str, object]) -> None:
        """Steps become lines; everything else is for windows."""
        if event.get("event") == "step":
            self._console.say(str(event["text"]))

    def check_cancelled(self) -> None:
        """As the console does."""
        self._console.context.check_cancelled()

    def part(self, start: float, end: float) -> JobContext:
        """A step of the whole."""
        return PartContext(self, start, end)


def _demo(args: argparse.Namespace, console: Console) -> int:
    from mmdesk.engine.services.samples import default_demo_case, run_demo

    case = (args.case or default_demo_case()).absolute()
    console.say(f"The sample case is made in {case}; this takes a few minutes.")
    report = run_demo(case, actor=current_actor(), ctx=_StepsAloud(console))
    console.result(report, describe_demo(report))
    if not args.no_window and _has_screen():
        console.case_to_open = case
    return ExitStatus.DONE if report.verdict is Verdict.IDENTICAL else ExitStatus.DATA


def _has_screen() -> bool:
    """Whether a window could be seen; on Linux that takes a display server."""
    return not sys.platform.startswith("linux") or any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY"))


def describe_demo(report: DemoReport) -> str:
    """The report in lines: what was found, and where things are."""
    baseline = f" (gradient boosting on plain columns: {report.baseline_auroc:.3f})" if report.baseline_auroc else ""
    score = f"Test AUROC {report.test_auroc:.3f}{baseline}"
    named = (
        f"The planted cause is among the top three reasons for {report.found} of "
        f"{counted(report.explained, 'entity', 'entities')}"
    )
    lines = [
        "",
        f"{score}; the best possible on these noisy labels is {report.best_auroc:.3f}.",
        (
            f"{named}, and {report.pointed} of {counted(report.placed, 'file')} "
            f"{'points' if report.pointed == 1 else 'point'} at the right tile, second or frame."
        ),
        f"Trained again: {report.verdict}.",
        "",
    ]
    for finding in report.findings:
        place = "not found" if finding.rank is None else f"found at place {finding.rank}"
        lines += [finding.sentence, f"  planted: {finding.modality} {finding.reference}, {place}"]
    lines += [
        "",
        f"case   {report.case}",
        f"data   {report.data}",
        f"run    {report.run_id[:12]} in {Path(report.case) / 'models' / report.run_id}",
        f"Done in {format_duration(report.seconds)}.",
    ]
    return "\n".join(lines)
