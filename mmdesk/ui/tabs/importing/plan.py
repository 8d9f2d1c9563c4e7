"""What is to be imported and how, as the analyst has put it together so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.types import Table
from mmdesk.ui.calls import Proposal, WantedColumn

if TYPE_CHECKING:
    from mmdesk.engine.services.table_imports import Preview

_TIMES: dict[Table | None, tuple[str, ...]] = {
    Table.EVENTS: ("timestamp",),
    Table.INTERACTIONS: ("timestamp",),
    Table.TARGETS: ("as_of",),
}


@dataclass(eq=False)
class FilePlan:
    """One file on its way in.

    Attributes:
        path: The file.
        table: What it is; None until somebody knows.
        columns: Wanted column -> the file's column as chosen by hand; None = not in this file.
        reading: ``encoding``, ``delimiter``, ``decimal``, ``thousands``, ``timezone`` as chosen by hand.
        time_format: How times are written, as chosen by hand.
        answers: What was answered to mmdesk's questions, in the form of a mapping.
        proposal: The last look at the file.
        error: Why it cannot be looked at.
    """

    path: Path
    table: Table | None = None
    columns: dict[str, str | None] = field(default_factory=dict)
    reading: dict[str, str] = field(default_factory=dict)
    time_format: str = ""
    answers: dict[str, object] = field(default_factory=dict)
    proposal: Proposal | None = None
    error: str = ""

    @property
    def preview(self) -> Preview | None:
        """The look at the file's beginning."""
        return self.proposal.preview if self.proposal is not None else None

    @property
    def wanted(self) -> tuple[WantedColumn, ...]:
        """The columns that its table takes."""
        return self.proposal.wanted if self.proposal is not None else ()

    def document(self) -> dict[str, object]:
        """Its part of the mapping; empty while nothing was chosen by hand."""
        document: dict[str, object] = {}
        merge(document, self.answers)
        merge(document, dict(self.reading))
        if self.columns:
            merge(document, {"columns": dict(self.columns)})
        if self.time_format:
            merge(document, {"formats": dict.fromkeys(_TIMES.get(self.table, ()), self.time_format)})
        return document

    def chosen(self, wanted: str) -> tuple[str | None, str]:
        """The file's column for a wanted one, and how it came: ``chosen``, ``found``, ``proposed`` or empty."""
        if wanted in self.columns:
            return self.columns[wanted], "chosen"
        if self.preview is not None:
            if wanted in self.preview.mapping:
                return self.preview.mapping[wanted], "found"
            if wanted in self.preview.proposals:
                return self.preview.proposals[wanted], "proposed"
        return None, ""

    def accept_proposals(self) -> None:
        """The proposed columns are right."""
        for column in self.wanted:
            source, how = self.chosen(column.name)
            if how == "proposed":
                self.columns[column.name] = source

    def problem(self) -> str:
        """Why it cannot be imported yet; empty if it can."""
        name = self.path.name
        if self.error:
            return self.error
        if self.proposal is None:
            return f"{name} is being read."
        if self.table is None:
            return f"Say which table {name} is."
        lacking = [c.name for c in self.wanted if c.required and self.chosen(c.name)[0] is None]
        if lacking:
            return f"{name} lacks {', '.join(lacking)}: choose which of its columns that is."
        proposed = [c.name for c in self.wanted if self.chosen(c.name)[1] == "proposed"]
        if proposed:
            return f"Confirm the proposed columns of {name}: {', '.join(proposed)}."
        return ""


def problem_of(plans: Sequence[FilePlan]) -> str:
    """Why the files cannot be imported yet; empty if they can."""
    if not plans:
        return "Choose or drop the files to import."
    for plan in plans:
        problem = plan.problem()
        if problem:
            return problem
    tables = [plan.table for plan in plans]
    for table in Table:
        if tables.count(table) > 1:
            return f"Two files are given as {table}; import one after the other."
    return ""


def mapping_of(plans: Sequence[FilePlan]) -> dict[str, object] | None:
    """The whole mapping; None while nothing was chosen by hand, so that earlier choices hold."""
    documents: dict[str, object] = {plan.table.value: plan.document() for plan in plans if plan.table is not None}
    kept = {table: document for table, document in documents.items() if document}
    return kept or None


def merge(into: dict[str, object], more: Mapping[str, object]) -> None:
    """Put ``more`` over ``into``, objects key by key."""
    for key, value in more.items():
        present = into.get(key)
        if isinstance(present, dict) and isinstance(value, Mapping):
            merge(present, value)
        else:
            into[key] = dict(value) if isinstance(value, Mapping) else value
