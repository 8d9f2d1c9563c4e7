"""Columns of few words with a fixed meaning: classes and splits; what other words stand for is proven or asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mmdesk.engine.core.types import Split, Table
from mmdesk.engine.ingestion.column_plan import ColumnPlan
from mmdesk.engine.ingestion.column_types import TRUTH
from mmdesk.engine.ingestion.missing_words import stand_for_missing
from mmdesk.engine.ingestion.number_columns import NumberForm, convert_numbers
from mmdesk.engine.ingestion.questions import Question

_MOST_WORDS = 1000

_POSITIVE = frozenset(
    ("1", "ja", "oui", "si", "sí", "sì", "sim", "tak", "да", "fraud", "fraudulent", "bad", "positive", "pos", "default")
)
"""Words for 1, should a class have two words; only ever proposed."""

_SPLITS = {
    "training": "train", "learn": "train", "fit": "train", "development": "val", "dev": "val", "valid": "val",
    "validate": "val", "validation": "val", "eval": "val", "testing": "test", "holdout": "test", "hold-out": "test",
}  # fmt: skip
"""Other names of splits; proposed."""


@dataclass
class WordEvidence:
    """The distinct words of a whole column, gathered batch by batch; blank cells and words for missing left out.

    Attributes:
        words: Word -> cells; of very many only the first.
        lines: Word -> the line where it stands first.
    """

    words: dict[str, int] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def update(self, texts: pa.Array, lines: npt.NDArray[np.int64]) -> None:
        """Take in a batch: strings without blanks around them, ``""`` = blank, and their lines."""
        keep = np.asarray(pc.not_equal(texts, "")) & ~np.asarray(stand_for_missing(texts))
        encoded = pc.dictionary_encode(texts.filter(pa.array(keep)))
        codes, there = np.asarray(encoded.indices), lines[keep]
        counts = np.bincount(codes, minlength=len(encoded.dictionary))
        first = np.unique(codes, return_index=True)[1]
        for code, word in enumerate(encoded.dictionary.to_pylist()):
            if word in self.words or len(self.words) < _MOST_WORDS:
                self.words[word] = self.words.get(word, 0) + int(counts[code])
                self.lines.setdefault(word, int(there[first[code]]))


@dataclass(frozen=True)
class WordsAsked:
    """What has to be asked about a column of words.

    Attributes:
        examples: Some of the words in question.
        values: Proposed meanings; empty if there is no telling.
    """

    examples: tuple[str, ...]
    values: Mapping[str, str]


def class_words(evidence: WordEvidence, form: NumberForm) -> tuple[dict[str, str], WordsAsked | None]:
    """What the cells of a class say.

    Cells other than 0 and 1, true and false, yes and no are rejected rows where both classes are there and most cells
    are one of them; else the column says something else, and it is asked what.

    Args:
        evidence: Of the whole column.
        form: How its numbers are written.

    Returns:
        Words (lower case) that stand for 0 and 1 beyond doubt, and what is to be asked, if anything.
    """
    words = list(evidence.words)
    numbers = convert_numbers(pa.array(words, pa.string()), form).values
    sure = {word.lower(): str(int(TRUTH[word.lower()])) for word in words if word.lower() in TRUTH}
    classes = [
        sure.get(word.lower(), f"{number:g}" if number in {0.0, 1.0} else "")
        for word, number in zip(words, numbers.tolist(), strict=True)
    ]
    odd = [word for word, meant in zip(words, classes, strict=True) if not meant]
    others = sum(evidence.words[word] for word in odd)
    if not odd or ({"0", "1"} <= set(classes) and others * 2 < sum(evidence.words.values())):
        return sure, None
    if len(words) != 2:
        return sure, WordsAsked(tuple(odd[:5]), {})
    low, high = _in_order(words, numbers.tolist(), evidence)
    return sure, WordsAsked(tuple(words), {low: "0", high: "1"})


def _in_order(words: list[str], numbers: list[float], evidence: WordEvidence) -> list[str]:
    """The likelier 0 first: the smaller number; the word that means no; the commoner word."""
    if not any(np.isnan(numbers)):
        return sorted(words, key=lambda word: numbers[words.index(word)])
    return sorted(words, key=lambda word: (word.lower() in _POSITIVE, -evidence.words[word], word))


def split_words(evidence: WordEvidence) -> WordsAsked | None:
    """What is to be asked about a column of splits: other names for them, or mostly words that are none."""
    odd = [word for word in evidence.words if word.lower() not in {split.value for split in Split}]
    meant = {word: _SPLITS[word.lower()] for word in odd if word.lower() in _SPLITS}
    others = sum(evidence.words[word] for word in odd if word not in meant)
    if meant or others * 2 > sum(evidence.words.values()):
        return WordsAsked(tuple(odd[:5]), meant)
    return None


def question_about_words(plan: ColumnPlan, file: str, name: str, asked: WordsAsked) -> Question:
    """What stands for what in a column of classes or splits.

    Args:
        plan: The file's columns.
        file: The file's name.
        name: The wanted column.
        asked: What is open.
    """
    source = plan.sources[name]
    shown = ", ".join(f"'{word}'" for word in asked.examples)
    meant = "0 and 1" if name == "y_class" else ", ".join(split.value for split in Split)
    text = f"{file}: column '{source.label}' has the words {shown} instead of {meant}."
    where: dict[str, object] = (
        {"column": source.label}
        if len(source.indices) == 1
        else {"join": [plan.header[index] for index in source.indices], "separator": source.separator}
    )
    if asked.values:
        other = "Exchange the meanings if it is the other way round." if name == "y_class" else ""
        meanings = [dict(asked.values)]
        if name == "y_class":
            meanings.append(dict(zip(asked.values, reversed(list(asked.values.values())), strict=True)))
        answers: list[dict[str, object]] = [{"columns": {name: where | {"values": values}}} for values in meanings]
    else:
        other = f'That leaves it out; to keep it, say what its words stand for: "{name}": {{"column": '
        other += f'"{source.label}", "values": {{"{asked.examples[0]}": "..."}}}} among the "columns".'
        leave_out = plan.table is Table.ENTITIES  # else it would become an attribute that tells the target
        answers = [{"ignore": [source.label]} if leave_out else {"columns": {name: None}}]
    return Question(plan.table, file, source.label, "import.words", text, answers[0], other, answers[1:])
