"""What the window asks of the services about a case's log and room, and about this installation.

The same rules as for :mod:`mmdesk.ui.calls`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.types import current_actor

if TYPE_CHECKING:
    from mmdesk.engine.services.audit import AuditRecord
    from mmdesk.engine.services.exports import ExportReport
    from mmdesk.engine.services.tidying import TidyReport

LOG_PAGE = 500


def list_log(folder: Path, offset: int, *, ctx: JobContext) -> tuple[AuditRecord, ...]:  # noqa: ARG001
    """One page of the log, newest first, after so many of the newest."""
    from mmdesk.engine.services import audit

    return audit.list_audit(folder, limit=LOG_PAGE, offset=offset)


def save_anchor(folder: Path, out: Path, *, ctx: JobContext) -> None:
    """Write a signed anchor of the log."""
    from mmdesk.engine.services import audit

    audit.export_anchor(folder, out, ctx=ctx)


def export_tables(folder: Path, out: Path, *, ctx: JobContext) -> ExportReport:
    """Write the tables as Parquet files."""
    from mmdesk.engine.services import exports

    return exports.export_tables(folder, out, ctx=ctx)


def share(folder: Path, role: str, read_only: bool, *, ctx: JobContext) -> None:  # noqa: ARG001
    """Let a colleague's role work on a case on a server."""
    from mmdesk.engine.services import cases

    cases.share_case(folder, role, read_only=read_only, actor=current_actor())


def tidy(folder: Path, dry_run: bool, *, ctx: JobContext) -> TidyReport:
    """Remove stored files that nothing needs, or only count them."""
    from mmdesk.engine.services import tidying

    return tidying.tidy_media(folder, dry_run=dry_run, actor=current_actor(), ctx=ctx)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: its name, ``ok``, ``warn`` or ``fail``, what was found, and what to do."""

    name: str
    status: str
    text: str
    hint: str = ""


def examine(folder: Path | None, thoroughly: bool, *, ctx: JobContext) -> tuple[Finding, ...]:
    """Is everything in working order, the case too; ``thoroughly`` does the whole job on a tiny case besides."""
    from mmdesk.engine.services.doctor import examine as look
    from mmdesk.engine.services.selftest import self_test

    report = look(folder, ctx=ctx.part(0.0, 0.3 if thoroughly else 1.0))
    found = [Finding(check.name, check.status.value, check.text, check.hint) for check in report.checks]
    if thoroughly:
        tested = self_test(ctx=ctx.part(0.3, 1.0))
        found += [Finding(step.name, "ok" if step.passed else "fail", step.text) for step in tested.steps]
    return tuple(found)
