"""What is to be imported and how, as the analyst has put it together so far."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.types import Table
from mmdesk.ui.language import tr
from mmdesk.ui.table_calls import Proposal, WantedColumn

if TYPE_CHECKING:
    from mmdesk.engine.services.table_imports import Preview

NO_NAMES = "none"
"""Chosen as the line of the names: the file does not name its columns."""
_PARTS = ("sheet", "member")
_CUTS = frozenset({"delimiter", "quote", "escape", "encoding", "comment", *_PARTS})
"""What decides into how many columns a file falls."""
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
        columns: Wanted column -> where it comes from, as a mapping has it: a column's name, an object with ``column``,
            ``join`` or ``constant``, None = not in this file.
        reading: What else its mapping says: ``encoding``, ``delimiter``, ``decimal``, ``sheet``...
        time_format: How times are written, as chosen by hand.
        names: Of the columns, where the file does not name them; empty until they are counted, None = the file does.
        proposal: The last look at the file.
        error: Why it cannot be looked at. ``hint``: What to do then. ``read_otherwise``: Another choice of how it is
            read may mend it.
    """

    path: Path
    table: Table | None = None
    columns: dict[str, object] = field(default_factory=dict)
    reading: dict[str, object] = field(default_factory=dict)
    time_format: str = ""
    names: list[str] | None = None
    proposal: Proposal | None = None
    error: str = ""
    hint: str = ""
    read_otherwise: bool = False

    @property
    def preview(self) -> Preview | None:
        """The look at the file's beginning."""
        return self.proposal.preview if self.proposal is not None else None

    @property
    def part(self) -> str:
        """The sheet of a workbook or the file in an archive that it is; empty for a plain file."""
        told: Mapping[str, object] = self.preview.layout if self.preview is not None else {}
        return str(
            next((self.reading.get(key) or told.get(key) for key in _PARTS if key in {*self.reading, *told}), "")
        )

    @property
    def name(self) -> str:
        """The file's name, with its part where it has several."""
        several = "sheet" in self.reading or "member" in self.reading
        return f"{self.path.name}: {self.part}" if several else self.path.name

    @property
    def wanted(self) -> tuple[WantedColumn, ...]:
        """The columns that its table takes."""
        return self.proposal.wanted if self.proposal is not None else ()

    def document(self) -> dict[str, object]:
        """Its part of the mapping; empty while nothing was chosen by hand."""
        document = dict(self.reading)
        if self.names:
            document["header"] = list(self.names)
        if self.columns:
            document["columns"] = dict(self.columns)
        formats = dict.fromkeys(_TIMES.get(self.table, ()), self.time_format) if self.time_format else {}
        if formats:
            said = document.get("formats")
            document["formats"] = {**formats, **(said if isinstance(said, Mapping) else {})}
        return document

    def answer(self, part: Mapping[str, object]) -> None:
        """Take over what was answered to a question; of what was said before, only what it does not speak of stays.

        Args:
            part: A part of the table's mapping.
        """
        for key, value in part.items():
            present = self.reading.get(key)
            if key == "columns" and isinstance(value, Mapping):
                self.columns.update(value)
            elif isinstance(value, Mapping):
                self.reading[key] = {**(present if isinstance(present, Mapping) else {}), **value}
            elif isinstance(value, (list, tuple)) and isinstance(present, list):
                self.reading[key] = [*present, *value]
            else:
                self.reading[key] = list(value) if isinstance(value, tuple) else value

    def become(self, table: Table | None) -> None:
        """Be another table's file: how it is read stays, what its columns are does not."""
        self.table = table
        self.columns.clear()
        for key in ("formats", "ignore", "types"):
            self.reading.pop(key, None)

    def whole_document(self) -> dict[str, object]:
        """Its part of the mapping with what was found and proposed, too: what reads such a file without a question."""
        found = {one.name: source for one in self.wanted if (source := self._found(one.name)) is not None}
        document = self.document()
        said = document.get("columns")
        return {**document, "columns": {**found, **(said if isinstance(said, Mapping) else {})}}

    def _found(self, wanted: str) -> str | None:
        preview = self.preview
        source = None if preview is None else preview.mapping.get(wanted) or preview.proposals.get(wanted)
        return source if preview is not None and source in preview.columns else None

    def take_document(self, document: Mapping[str, object]) -> None:
        """Be read as this part of a mapping says, and not as was chosen before."""
        kept = {key: self.reading[key] for key in _PARTS if key in self.reading}
        self.reading = kept | {key: value for key, value in document.items() if key not in {"columns", "header"}}
        columns, header = document.get("columns"), document.get("header")
        self.columns = dict(columns) if isinstance(columns, Mapping) else {}
        self.names = [str(name) for name in header] if isinstance(header, (list, tuple)) else None
        self.time_format = ""

    def set_reading(self, key: str, value: object) -> None:
        """Choose how it is read; None = found out."""
        if key == "header_line":
            self.names = [] if value == NO_NAMES else None
            value = None if value == NO_NAMES else value
        elif key in _CUTS and self.names is not None:
            self.names = []
        if value is not None:
            self.reading[key] = value
        else:
            self.reading.pop(key, None)

    def number_columns(self) -> bool:
        """Give the columns of a file that does not name them names of their own; False if they have some."""
        if self.names != [] or self.preview is None or not self.preview.columns:
            return False
        self.names = [f"column_{number}" for number in range(1, len(self.preview.columns) + 1)]
        return True

    def name_column(self, place: int, name: str) -> None:
        """Call a column of a file that does not name its columns."""
        assert self.names is not None
        before, self.names[place] = self.names[place], name
        self.columns = {wanted: name if source == before else source for wanted, source in self.columns.items()}
        for key in ("types", "formats"):
            if isinstance(said := self.reading.get(key), Mapping):
                self.reading[key] = {name if column == before else column: value for column, value in said.items()}

    def takes_type(self, place: int) -> bool:
        """Whether a column of the file can be declared to be of a type: an attribute of entities can."""
        preview = self.preview
        if preview is None or self.table is not Table.ENTITIES or place not in preview.fit.kinds:
            return False
        return preview.columns[place] not in {*preview.mapping.values(), *preview.proposals.values()}

    def type_of(self, column: str) -> str | None:
        """What a column was declared to be; None = found out."""
        said = self.reading.get("types")
        return said.get(column) if isinstance(said, Mapping) else None

    def set_type(self, column: str, kind: str | None) -> None:
        """Declare what an attribute is; None = found out."""
        said = self.reading.get("types")
        types = {name: value for name, value in (said if isinstance(said, Mapping) else {}).items() if name != column}
        if kind is not None:
            types[column] = kind
        self.set_reading("types", types or None)

    def set_ignored(self, place: int, is_left_out: bool) -> None:
        """Leave a column of the file out, or take it in again; one of several of a name by its number."""
        preview = self.preview
        assert preview is not None
        name = preview.columns[place]
        said = self.reading.get("ignore")
        word = name if preview.columns.count(name) == 1 else f"{name} (column {place + 1})"
        ignore = [one for one in (said if isinstance(said, (list, tuple)) else ()) if one not in {name, word}]
        if is_left_out:
            ignore.append(word)
            self.columns = {wanted: source for wanted, source in self.columns.items() if source != name}
        self.set_reading("ignore", ignore or None)

    def times(self) -> str:
        """How times are written, as far as it was said; empty = found out."""
        answered = [self.columns.get(wanted) for wanted in _TIMES.get(self.table, ())]
        forms = [str(source["format"]) for source in answered if isinstance(source, Mapping) and "format" in source]
        return self.time_format or "".join(forms[:1])

    def said_part(self) -> dict[str, object]:
        """Which part it is, as a mapping says it."""
        told: Mapping[str, object] = self.preview.layout if self.preview is not None else {}
        return {key: told[key] for key in _PARTS if key in told}

    def next_part(self, taken: Collection[str]) -> FilePlan | None:
        """The first other part of the same file that is not ``taken`` yet; None if there is none left."""
        choices = self.preview.choices if self.preview is not None else ()
        key = "sheet" if self.preview is not None and "sheet" in self.preview.layout else "member"
        after = choices.index(self.part) + 1 if self.part in choices else 0
        left = [part for part in (*choices[after:], *choices[:after]) if part not in taken]
        return FilePlan(self.path, reading={key: left[0]}) if left else None

    def say_times(self, form: str) -> None:
        """How times are written, by hand: nothing that was answered about them holds any more; empty = found out."""
        self.time_format = form
        self.reading.pop("formats", None)
        for wanted, source in self.columns.items():
            if isinstance(source, Mapping) and "format" in source:
                self.columns[wanted] = source.get("column")

    def chosen(self, wanted: str) -> tuple[str | None, str]:
        """Where a wanted column comes from, in words, and how: ``chosen``, ``found``, ``proposed`` or empty."""
        if wanted in self.columns:
            return _in_words(self.columns[wanted]), "chosen"
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

    @property
    def unplanned(self) -> bool:
        """Its columns could not be told apart at all, so that none of them is known to be missing."""
        preview = self.preview
        return (
            preview is not None and bool(self.wanted) and not (preview.mapping or preview.proposals or preview.missing)
        )

    def problem(self) -> str:
        """Why it cannot be imported yet; empty if it can."""
        name = self.name
        if self.error:
            return self.error
        if self.proposal is None:
            return tr("{name} is being read.", name=name)
        if self.table is None:
            return tr("Say which table {name} is.", name=name)
        if self.unplanned and self.preview is not None and self.preview.problems:
            return self.preview.problems[-1]
        lacking = [c.name for c in self.wanted if c.required and self.chosen(c.name)[0] is None]
        if lacking:
            return tr(
                "{name} lacks {lacking}: choose which of its columns that is.", name=name, lacking=", ".join(lacking)
            )
        proposed = [c.name for c in self.wanted if self.chosen(c.name)[1] == "proposed"]
        if proposed:
            return tr("Confirm the proposed columns of {name}: {proposed}.", name=name, proposed=", ".join(proposed))
        return ""


def problem_of(plans: Sequence[FilePlan]) -> str:
    """Why the files cannot be imported yet; empty if they can."""
    if not plans:
        return tr("Choose or drop the files to import.")
    for plan in plans:
        problem = plan.problem()
        if problem:
            return problem
    tables = [plan.table for plan in plans]
    for table in Table:
        if tables.count(table) > 1:
            return tr("Two files are given as {table}; import one after the other.", table=table)
    return ""


def mapping_of(plans: Sequence[FilePlan]) -> dict[str, object] | None:
    """The whole mapping; None while nothing was chosen by hand, so that earlier choices hold."""
    documents: dict[str, object] = {plan.table.value: plan.document() for plan in plans if plan.table is not None}
    kept = {table: document for table, document in documents.items() if document}
    return kept or None


def _in_words(source: object) -> str | None:
    """A column of the file by its name, several joined, or the text that every row gets."""
    if not isinstance(source, Mapping):
        return None if source is None else str(source)
    if "constant" in source:
        return tr("always '{text}'", text=source["constant"])
    joined = source.get("join")
    if isinstance(joined, (list, tuple)):
        return " + ".join(map(str, joined))
    return str(source.get("column"))
