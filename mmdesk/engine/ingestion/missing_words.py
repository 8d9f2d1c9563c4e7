"""Texts that stand for a missing number or time in what statistics programs, databases and spreadsheets export."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

NOT_GIVEN = (
    "nan", "nat", "na", "n/a", "#n/a", "n.a.", "n/d", "k.a.", "<na>", "null", "(null)", "none", "nil", "-", "--",
    "\u2013", "\u2014", "?", ".", "...", "\u2026", "\\n", "missing", "undefined", "1.#qnan", "1.#ind", "-1.#ind",
    "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "#spill!", "#calc!", "#getting_data", "#error!",
)  # fmt: skip
"""Lower case."""

_WORDS = pa.array(NOT_GIVEN)


def stand_for_missing(texts: pa.Array) -> pa.Array:
    """Which cells are such words, in whatever case; bool."""
    return pc.is_in(pc.utf8_lower(texts), value_set=_WORDS)
