"""The first reading of a file: from the whole of each column to how it is written; what is open is asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmdesk.engine.core.types import ColumnKind, Table
from mmdesk.engine.ingestion.column_plan import ColumnPlan, Source
from mmdesk.engine.ingestion.column_types import AttributeEvidence
from mmdesk.engine.ingestion.mapping import TableMapping, Units
from mmdesk.engine.ingestion.number_columns import NumberEvidence, NumberForm
from mmdesk.engine.ingestion.number_dress import PERCENT
from mmdesk.engine.ingestion.questions import Question
from mmdesk.engine.ingestion.table_cells import cells, unmarked
from mmdesk.engine.ingestion.table_schema import FIELDS, Content
from mmdesk.engine.ingestion.text_batches import BrokenRecord, TextBatch
from mmdesk.engine.ingestion.time_columns import TimeEvidence
from mmdesk.engine.ingestion.word_columns import (
    WordEvidence,
    WordsAsked,
    class_words,
    question_about_words,
    split_words,
)


@dataclass(frozen=True)
class Forms:
    """How the columns of one file are written.

    Attributes:
        numbers: Wanted name or attribute -> marks.
        times: Wanted name or attribute -> time forms.
        kinds: Attribute -> type; attributes without a single cell are not among them.
        timezone: What times without a zone are in; None = UTC.
        classes: Wanted name -> word (lower case) -> ``"0"`` or ``"1"``, for columns of classes.
    """

    numbers: Mapping[str, NumberForm]
    times: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, ColumnKind]
    timezone: str | None
    classes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass
class Survey:
    """Gathers the evidence of all columns, batch by batch, and decides.

    Attributes:
        plan: The file's columns.
        file: Its name.
        delimiter: ``;`` speaks for decimal commas.
        mapping: What is declared.
        stored: Types of the attributes that the case has already; they stand.
        rows: Records seen.
        broken: Of them no rows.
        first_broken: The first of them.
        left_out: Comments and repeated headers.
    """

    plan: ColumnPlan
    file: str
    delimiter: str
    mapping: TableMapping
    stored: Mapping[str, ColumnKind]
    rows: int = 0
    broken: int = 0
    first_broken: BrokenRecord | None = None
    left_out: int = 0
    notes: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def __post_init__(self) -> None:
        wanted = {one.name: one for one in FIELDS[self.plan.table]}
        self._ids = [
            source
            for name, source in self.plan.sources.items()
            if wanted[name].content is Content.ID and wanted[name].required
        ]
        self._numbers: dict[str, tuple[Source, NumberEvidence]] = {}
        self._times: dict[str, tuple[Source, TimeEvidence]] = {}
        self._words: dict[str, tuple[Source, WordEvidence]] = {}
        for name, source in self.plan.sources.items():
            if wanted[name].content in {Content.NUMBER, Content.CLASS}:
                self._numbers[name] = (source, NumberEvidence())
            elif wanted[name].content is Content.TIME:
                self._times[name] = (source, TimeEvidence())
            if wanted[name].content in {Content.CLASS, Content.SPLIT}:
                self._words[name] = (source, WordEvidence())
        extras = self.plan.extras if self.plan.table is Table.ENTITIES else ()
        self._attributes = {name: (_extra_source(name, index), AttributeEvidence()) for name, index in extras}

    def look(self, batches: Iterable[TextBatch]) -> Forms:
        """Read everything and decide; what cannot be told is in ``questions``, with a guess in its place."""
        for batch in batches:
            self.rows += batch.rows + len(batch.broken)
            self.left_out += batch.left_out
            self.broken += len(batch.broken)
            if batch.broken and self.first_broken is None:
                self.first_broken = batch.broken[0]
            identified = self._identified(batch)
            for source, evidence in self._evidence():
                texts = cells(identified, source)
                if isinstance(evidence, (NumberEvidence, TimeEvidence)):
                    texts = unmarked(texts)
                evidence.update(texts, identified.lines)
        kinds = self._kinds()
        numbers, times = self._number_forms(kinds), self._time_forms(kinds)
        return Forms(numbers, times, kinds, self.mapping.timezone, self._classes(numbers))

    def _identified(self, batch: TextBatch) -> TextBatch:
        """The rows that say whose they are: a line of units or of totals must not decide how a column is written."""
        keep = np.ones(batch.rows, bool)
        for source in self._ids:
            keep &= np.asarray(pc.not_equal(cells(batch, source), ""))
        if keep.all():
            return batch
        columns = tuple(column.filter(pa.array(keep)) for column in batch.columns)
        return dataclasses.replace(batch, columns=columns, lines=batch.lines[keep])

    def _evidence(self) -> list[tuple[Source, NumberEvidence | TimeEvidence | WordEvidence | AttributeEvidence]]:
        times = [pair for pair in self._times.values() if not pair[0].formats]
        return [*self._numbers.values(), *times, *self._words.values(), *self._attributes.values()]

    def _classes(self, forms: Mapping[str, NumberForm]) -> dict[str, Mapping[str, str]]:
        """The words that stand for 0 and 1; other words than those of classes and splits are asked about."""
        classes: dict[str, Mapping[str, str]] = {}
        for name, (source, evidence) in self._words.items():
            asked: WordsAsked | None
            if name in self._numbers:
                sure, asked = class_words(evidence, forms[name])
                classes[name] = sure
                if sure:
                    said = ", ".join(f"{word} as {meant}" for word, meant in sorted(sure.items()))
                    self.notes.append(f"column '{source.label}': {said}")
            else:
                asked = split_words(evidence)
            if asked is not None and not source.values and not self.plan.rejects_file:
                self.questions.append(question_about_words(self.plan, self.file, name, asked))
        return classes

    def _kinds(self) -> dict[str, ColumnKind]:
        kinds = {}
        for name, (_, evidence) in self._attributes.items():
            declared = self.stored.get(name) or self.mapping.types.get(name)
            if declared is None and name in self.mapping.formats:
                declared = ColumnKind.TIME
            found = evidence.kind()
            if found is None:
                self.notes.append(f"column '{name}' is empty and was left out")
                continue
            kinds[name] = declared or found
            if declared is None and found is ColumnKind.CATEGORY and evidence.remark():
                self.notes.append(f"column '{name}' {evidence.remark()}")
        return kinds

    def _number_forms(self, kinds: Mapping[str, ColumnKind]) -> dict[str, NumberForm]:
        columns = {name: evidence for name, (_, evidence) in self._numbers.items()}
        columns |= {
            name: evidence.numbers
            for name, (_, evidence) in self._attributes.items()
            if kinds.get(name) is ColumnKind.NUMBER
        }
        declared = _declared_marks(self.mapping)
        forms = {}
        for name, evidence in columns.items():
            others = [other for key, other in columns.items() if key != name and not other.other]
            proven = {"," for other in others if other.comma} | {"." for other in others if other.point}
            form = evidence.form(
                declared, file_decimal=proven.pop() if len(proven) == 1 else "", semicolon=self.delimiter == ";"
            )
            if form is None:
                self.questions.append(self._about_marks(self._label(name), evidence))
            forms[name] = dataclasses.replace(form or NumberForm(), fraction=self.mapping.units is Units.FRACTION)
            self._look_at_signs(name, evidence)
            if evidence.words:
                self.notes.append(f"column '{self._label(name)}': {evidence.words} cells such as NA count as missing")
            if name in self._numbers and evidence.long_digits:
                self.notes.append(
                    f"column '{self._label(name)}' has numbers of more than 15 digits, which were rounded"
                )
            if declared is None and forms[name].decimal == "," and evidence.finite:
                self.notes.append(f"column '{self._label(name)}' has decimal commas")
        return forms

    def _look_at_signs(self, name: str, evidence: NumberEvidence) -> None:
        """Signs around the numbers: one currency is said, several of them and percents are asked about."""
        label, signs = self._label(name), sorted(evidence.signs - {""})
        if name in self._words or self.plan.rejects_file:
            return  # what is still not mended is rejected again
        few = evidence.numbers < evidence.other and name not in self.mapping.columns
        if (few or not evidence.numbers) and evidence.first_other is not None and name in self._numbers:
            cell, line = evidence.first_other
            some = (
                f"only {evidence.numbers} numbers among {evidence.other} other cells"
                if evidence.numbers
                else "no number"
            )
            text = f"{self.file}: column '{label}' holds {some} (for example '{cell}' in line {line})."
            other = "If another column holds the numbers, name it instead of null"
            other += f'; "{label}" itself makes the other cells rejected rows.' if evidence.numbers else "."
            answer: dict[str, object] = {"columns": {name: None}}
            taken: list[dict[str, object]] = [{"columns": {name: label}}] if evidence.numbers else []
            code = "import.no_numbers"
            self.questions.append(Question(self.plan.table, self.file, label, code, text, answer, other, taken))
        elif not signs:
            return
        elif self.mapping.units is not None or (len(signs) == 1 and PERCENT not in signs):
            self.notes.append(f"column '{label}': the numbers were taken without their sign ({', '.join(signs)})")
        else:
            text = f"{self.file}: the numbers in column '{label}' have the signs {', '.join(signs)}."
            other = f'To read 5% as 0.05 write "{Units.FRACTION}" instead.' if PERCENT in signs else ""
            answer = {"units": Units.IGNORE.value}
            parts = [{"units": Units.FRACTION.value}] if PERCENT in signs else []
            code = "import.units"
            self.questions.append(Question(self.plan.table, self.file, label, code, text, answer, other, parts))

    def _about_marks(self, label: str, evidence: NumberEvidence) -> Question:
        example = evidence.comma_example or evidence.point_example
        text = f"{self.file}: the numbers in column '{label}'"
        if evidence.comma and evidence.point:
            text += " have partly decimal commas, partly decimal points."
        elif evidence.comma_example:
            text += f" may have decimal or thousands commas ('{example}')."
        else:
            text += (
                f" may have decimal or thousands points ('{example}'): the rest of the file speaks for decimal commas."
            )
        other = 'For decimal points write {"decimal": ".", "thousands": ","} instead.'
        marks = {"decimal": ","} if evidence.comma_example else {"decimal": ",", "thousands": "."}
        points = [{"decimal": ".", "thousands": ","}]
        return Question(self.plan.table, self.file, label, "import.decimal_ambiguous", text, marks, other, points)

    def _time_forms(self, kinds: Mapping[str, ColumnKind]) -> dict[str, tuple[str, ...]]:
        columns = dict(self._times)
        columns |= {
            name: (source, evidence.times)
            for name, (source, evidence) in self._attributes.items()
            if kinds.get(name) is ColumnKind.TIME
        }
        forms = {}
        for name, (source, evidence) in columns.items():
            declared = source.formats or self.mapping.formats.get(name, ())
            found = evidence.form() if not declared else None
            forms[name] = declared or (found or "iso",)
            if not declared and found is None:
                self.questions.append(self._about_times(name, source, evidence))
            elif found not in {None, "iso"}:
                self.notes.append(f"column '{self._label(name)}' is read as {found}")
        return forms

    def _about_times(self, name: str, source: Source, evidence: TimeEvidence) -> Question:
        why, likely = evidence.why()
        text = f"{self.file}: the times in column '{source.label}' {why}."
        if not likely:
            return self._about_dates(name, source, text)
        several = len(evidence.families) > 1 or bool(evidence.families and evidence.other > evidence.seen)
        form: object = likely if len(likely) > 1 and several else likely[0]
        other = ""
        if not isinstance(form, list) and len(likely) > 1:
            other = f'Or write "{likely[1]}" instead of "{likely[0]}", whichever it is.'
        elif isinstance(form, list):
            other = "The forms are tried in that order, cell by cell."
        forms = [form, _other_forms(form)] if isinstance(form, list) else likely
        single = name in self._times and len(source.indices) == 1
        answers: list[dict[str, object]] = [
            {"columns": {name: {"column": source.label, "format": one}}} if single else {"formats": {name: one}}
            for one in forms
            if one
        ]
        code = "import.time_ambiguous"
        return Question(self.plan.table, self.file, source.label, code, text, answers[0], other, answers[1:])

    def _about_dates(self, name: str, source: Source, text: str) -> Question:
        """Times of day need a column of dates before them."""
        taken = {index for one in self.plan.sources.values() for index in one.indices}
        dates = [label for index, label in enumerate(self.plan.header) if index not in taken and "dat" in label.lower()]
        joined = {"join": [dates[0] if dates else "...", source.label]}
        other = "Put the column that holds the dates first."
        answer: dict[str, object] = {"columns": {name: joined}}
        return Question(self.plan.table, self.file, source.label, "import.time_ambiguous", text, answer, other)

    def declared(self, name: str) -> str:
        """What was declared of a column, in words; empty if its form was found out."""
        source = self.plan.sources.get(name)
        formats = (source.formats if source is not None else ()) or self.mapping.formats.get(name, ())
        if formats and (name in self._times or source is None):
            return f"times like {' or '.join(formats)}"
        marks = _declared_marks(self.mapping)
        kind = self.stored.get(name) or self.mapping.types.get(name)
        if marks is not None and (name in self._numbers or kind is ColumnKind.NUMBER):
            return f"numbers with '{marks.decimal}' as the decimal mark"
        if name in self._attributes and kind is not None:
            return f"{kind}, which the case has it as" if name in self.stored else f"{kind}, as the mapping says"
        return ""

    def _label(self, name: str) -> str:
        source = self.plan.sources.get(name)
        return source.label if source is not None else name


def _extra_source(name: str, index: int) -> Source:
    return Source((index,), None, " ", (), name)


_OTHER_FORM = {
    "day_first": "month_first", "month_first": "day_first", "excel": "excel_1904", "excel_1904": "excel",
}  # fmt: skip


def _other_forms(forms: Sequence[str]) -> list[str]:
    """The same with the other order of day and month and the other count of days; empty if there is none in it."""
    other = [_OTHER_FORM.get(form, form) for form in forms]
    return other if other != list(forms) else []


def _declared_marks(mapping: TableMapping) -> NumberForm | None:
    if mapping.decimal is None and mapping.thousands is None:
        return None
    decimal = mapping.decimal or ("." if mapping.thousands == "," else "," if mapping.thousands == "." else ".")
    return NumberForm(decimal, mapping.thousands or "")
