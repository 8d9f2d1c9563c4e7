"""References between tables, checked in columns where SQLite was told not to look them up row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Table, select
from sqlalchemy.engine import Connection


@dataclass(frozen=True)
class References:
    """What the rows of a table may refer to.

    Attributes:
        table: The table's name.
        known: Column -> the values that are there to be referred to.
    """

    table: str
    known: Mapping[str, pa.Array]

    @classmethod
    def unchecked(cls, connection: Connection, table: Table) -> Self:
        """Those that the database does not check in this transaction; see :meth:`Case.write`."""
        if connection.dialect.name != "sqlite" or connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one():
            return cls(table.name, {})
        known = {
            key.parent.name: pa.array(connection.execute(select(key.column)).scalars().all())
            for key in table.foreign_keys
        }
        return cls(table.name, known)

    def require(self, batch: pa.RecordBatch) -> None:
        """Refuse rows that refer to nothing; they would be a fault of ours, since the import checks its keys.

        Raises:
            RuntimeError: With the column and the first such value.
        """
        for name, known in self.known.items():
            if name not in batch.schema.names:
                continue
            column = batch.column(name)
            there = pc.or_(pc.is_in(column, value_set=known.cast(column.type)), pc.is_null(column))
            missing = np.flatnonzero(~np.asarray(there))
            if len(missing):
                value = column[int(missing[0])].as_py()
                raise RuntimeError(f"{self.table}.{name} refers to {value!r}, which is not there")
