"""What the user has to decide before anything is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from mmdesk.engine.core.errors import DecisionNeededError
from mmdesk.engine.core.types import Table


@dataclass(frozen=True)
class Question:
    """One thing that the data alone do not tell.

    Attributes:
        table: Whose file.
        file: The file's name.
        column: The column in question, or None.
        code: Stable name of the kind of question.
        text: One sentence: what cannot be told, with an example.
        mapping: The part of the table's mapping that would answer it, as proposed.
        other: Another answer, in words.
        alternatives: The other parts of a mapping that would answer it, where they can be told.
    """

    table: Table
    file: str
    column: str | None
    code: str
    text: str
    mapping: Mapping[str, object]
    other: str = ""
    alternatives: Sequence[Mapping[str, object]] = ()


class UndecidedError(DecisionNeededError):
    """How a file is to be read cannot be told; which table's file it is, its reader does not know.

    Args:
        code: Stable name of the kind of question.
        text: One sentence: what cannot be told, with an example.
        answer: The part of a table's mapping that would answer it, as proposed.
        other: Another answer, in words.
        options: The texts among which the answer is one.
    """

    def __init__(
        self, code: str, text: str, answer: Mapping[str, object], other: str = "", options: Sequence[str] = ()
    ) -> None:
        said = ", ".join(f'"{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in answer.items())
        super().__init__(text, f"Say it in the mapping: {said}. {other}".strip(), code=code)
        self.answer, self.other, self.options = answer, other, options

    def question(self, table: Table, file: str) -> Question:
        """The same, about a table's file; the part that bears the table's name is proposed."""
        named = [option for option in self.options if PurePosixPath(option).stem.casefold() == table.value]
        answers = [dict.fromkeys(self.answer, option) for option in dict.fromkeys([*named[:1], *self.options])]
        proposed = answers[0] if named else self.answer
        others = [answer for answer in answers if answer != proposed]
        return Question(table, file, None, self.code, self.message, proposed, self.other, others)


def ask(questions: Sequence[Question]) -> DecisionNeededError:
    """All questions in one error; its hint is a mapping that would answer them, for the command line and the window."""
    mapping: dict[str, dict[str, object]] = {}
    for question in questions:
        _merge(mapping.setdefault(question.table.value, {}), question.mapping)
    others = " ".join(dict.fromkeys(question.other for question in questions if question.other))
    document = json.dumps(mapping, ensure_ascii=False)
    return DecisionNeededError(
        " ".join(dict.fromkeys(question.text for question in questions)),
        f"If this is right, import again with --mapping '{document}' (or that text in a file). {others}".strip(),
        code=questions[0].code,
        details={
            "mapping": mapping,
            "questions": [
                {
                    "table": question.table.value,
                    "file": question.file,
                    "column": question.column,
                    "code": question.code,
                    "text": question.text,
                    "answers": [question.mapping, *question.alternatives],
                }
                for question in questions
            ],
        },
    )


def _merge(into: dict[str, object], more: Mapping[str, object]) -> None:
    for key, value in more.items():
        present = into.get(key)
        if isinstance(present, dict) and isinstance(value, Mapping):
            _merge(present, value)
        else:
            into[key] = dict(value) if isinstance(value, Mapping) else value
