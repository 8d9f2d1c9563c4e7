"""Rows that an import leaves out, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mmdesk.engine.core.types import Table


@dataclass(frozen=True)
class Rejected:
    """One rule that one row breaks.

    Attributes:
        table: The table.
        file: The file's name.
        line: Where the row starts, 1 = the file's first line.
        column: The file's column, or None if the row as a whole is at fault.
        value: The cell as it is in the file; None for the row as a whole.
        rule: What is wrong, in a few words.
    """

    table: str
    file: str
    line: int
    column: str | None
    value: str | None
    rule: str


@dataclass
class _Group:
    lines: npt.NDArray[np.int64]
    column: str | None
    values: Sequence[str | None]
    rules: Sequence[str]


@dataclass
class Rejections:
    """All rules broken by the rows of one file.

    Attributes:
        table: The table.
        file: The file's name.
    """

    table: Table
    file: str
    _groups: list[_Group] = field(default_factory=list)

    def add(
        self,
        lines: npt.NDArray[np.int64],
        column: str | None,
        values: pa.Array | Sequence[str | None],
        rule: str | Sequence[str],
    ) -> None:
        """Record broken rules.

        Args:
            lines: Of the rows.
            column: The file's column.
            values: The cells, as long as ``lines``.
            rule: One for all or one for each.
        """
        if not len(lines):
            return
        cells = values.to_pylist() if isinstance(values, pa.Array) else list(values)
        rules = [rule] * len(lines) if isinstance(rule, str) else list(rule)
        self._groups.append(_Group(lines, column, cells, rules))

    @property
    def rows(self) -> int:
        """How many rows break at least one rule."""
        return len(self.lines())

    def lines(self) -> npt.NDArray[np.int64]:
        """The rows' lines, each once, ascending."""
        if not self._groups:
            return np.empty(0, np.int64)
        return np.unique(np.concatenate([group.lines for group in self._groups]))

    def __iter__(self) -> Iterator[Rejected]:
        """By line; of one line in the order in which they were found."""
        if not self._groups:
            return
        lines = np.concatenate([group.lines for group in self._groups])
        owners = np.concatenate([np.full(len(group.lines), index) for index, group in enumerate(self._groups)])
        places = np.concatenate([np.arange(len(group.lines)) for group in self._groups])
        for index in np.argsort(lines, kind="stable").tolist():
            group, place = self._groups[int(owners[index])], int(places[index])
            yield Rejected(
                self.table.value, self.file, int(lines[index]), group.column, group.values[place], group.rules[place]
            )

    def summary(self) -> dict[str, int]:
        """Rule -> how often it was broken, most often first; cells' own texts are not part of it."""
        counts: dict[str, int] = {}
        for group in self._groups:
            for rule in group.rules:
                counts[rule] = counts.get(rule, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: -item[1]))
