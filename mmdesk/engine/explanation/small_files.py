"""Small JSON files that an analyst writes or keeps: what they look like, and what is said of one that does not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.files import require_file


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint at the closest known name; empty where none is close."""
    close = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f"Did you mean {close[0]}?" if close else ""


@dataclass(frozen=True)
class SmallFile:
    """One kind of such files.

    Attributes:
        kind: What it is, in a word; ``usage.bad_<kind>`` is the code of its errors.
        example: What it looks like.
    """

    kind: str
    example: str

    def load(self, path: Path) -> object:
        """The JSON values in a file.

        Raises:
            UsageError: No such file, or no JSON.
        """
        require_file(path, f"The {self.kind}")
        try:
            return orjson.loads(path.read_bytes())
        except orjson.JSONDecodeError as error:
            raise self.wrong(f"{path.name} is no JSON: {error}.") from error

    def members(self, value: object, where: str, known: Iterable[str] | None = None) -> dict[str, Any]:
        """The members of an object, all of them known.

        Raises:
            UsageError: No object, or a key that is not known; names the one that may have been meant.
        """
        if not isinstance(value, dict):
            raise self.wrong(f"{where} is no JSON object.")
        names = list(known) if known is not None else list(value)
        for key in value:
            if key not in names:
                raise self.wrong(f"{where} has no {key}.", did_you_mean(key, names) or f"Known: {', '.join(names)}.")
        return value

    def text(self, value: object, where: str) -> str | None:
        """A text, or None for null."""
        if value is not None and not isinstance(value, str):
            raise self.wrong(f"{where} is no text.")
        return value

    def texts(self, value: object, where: str) -> tuple[str, ...]:
        """A list of texts; nothing for null."""
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.wrong(f"{where} is no list of texts.")
        return tuple(value)

    def cell(self, value: object, where: str) -> str:
        """A cell as it would be written in a table; null is missing."""
        if value is None or isinstance(value, str):
            return value or ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, (int, float)):
            return repr(value)
        raise self.wrong(f"{where} is neither a text, a number, true, false nor null.")

    def wrong(self, message: str, hint: str = "") -> UsageError:
        """The error of a file that has another form."""
        return UsageError(message, hint or f"It looks like {self.example}", code=f"usage.bad_{self.kind}")
