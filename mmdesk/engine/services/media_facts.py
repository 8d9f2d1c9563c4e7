"""What is known of an evidence file, in words: how large and long it is, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmdesk.engine.services.media_imports import ArtifactRow

_WORDS = {
    "captured": "captured, by its own clock",
    "digitized": "digitized",
    "created": "file begun",
    "changed": "changed",
    "gps_time": "time by satellite",
    "device": "device",
    "serial": "serial number",
    "lens": "lens",
    "software": "software",
    "producer": "PDF made with",
    "author": "author",
    "editor": "last saved by",
    "company": "company",
    "title": "title",
    "artist": "artist",
    "album": "album",
    "date": "date",
    "description": "description",
    "comment": "comment",
    "keywords": "keywords",
    "copyright": "copyright",
}


def fact_lines(details: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """The details of an artifact as pairs of words; imported text is as it came and may hold any character."""
    lines: list[tuple[str, str]] = []
    rest = dict(details)
    if (size := _pair(rest, "width", "height")) is not None:
        lines.append(("picture", f"{size[0]} × {size[1]}"))
    if (place := _pair(rest, "latitude", "longitude")) is not None:
        height = rest.pop("altitude_m", None)
        lines.append(
            ("place", f"{place[0]}, {place[1]}" + (f", {height} m above the sea" if height is not None else ""))
        )
    lines += [(word, str(rest.pop(name))) for name, word in _WORDS.items() if name in rest]
    return (*lines, *(_measured(name, value) for name, value in rest.items()))


_UNITS = {"_s": " s", "_hz": " Hz"}


def _measured(name: str, value: object) -> tuple[str, str]:
    """A detail whose name ends with its unit, or any other."""
    for ending, unit in _UNITS.items():
        if name.endswith(ending):
            return name.removesuffix(ending).replace("_", " "), f"{value}{unit}"
    return name.replace("_", " "), str(value)


def _pair(details: dict[str, object], first: str, second: str) -> tuple[object, object] | None:
    """Two details that belong together, taken out."""
    if first not in details or second not in details:
        return None
    return details.pop(first), details.pop(second)


def show_artifact(folder: Path, word: str) -> ArtifactRow:
    """One evidence file with everything that is known of it.

    Args:
        folder: The case.
        word: Its SHA-256, a unique beginning of it, or the analyst's name of it; it may be a deleted one.

    Raises:
        UsageError: No such file, or several (``usage.no_such_file``, ``usage.several_files``).
        StoreError: The case cannot be read.
    """
    from mmdesk.engine.core.types import current_actor
    from mmdesk.engine.services.media_imports import artifact_rows
    from mmdesk.engine.store import deletions
    from mmdesk.engine.store.case import Case

    with Case.open(folder, actor=current_actor()) as case, case.read() as connection:
        found = deletions.find_artifact(connection, word)
        return artifact_rows(connection, [found.key])[0]
