"""The media files in the list, kept up while their features are extracted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mmdesk.ui.media_calls import STATES, MediaList, state_of

if TYPE_CHECKING:
    from mmdesk.engine.services.media_imports import ArtifactRow

_FAILED_SO_FAR = 2
"""Among the reasons: before all that are known."""


class MediaFiles:
    """Files as they stand now.

    Args:
        listed: As they stood when they were read.
    """

    def __init__(self, listed: MediaList) -> None:
        self.rows = list(listed.rows)
        self.searched, self.several, self.ranked = listed.searched, listed.several, listed.ranked
        self.ids, self.sizes, self.pixels = listed.ids, listed.sizes, listed.pixels
        # What came from another process can only be read.
        self.states, self.parts, self.reasons = listed.states.copy(), listed.parts.copy(), listed.reasons.copy()

    @cached_property
    def _places(self) -> dict[int, int]:
        """By the ids of the files; of a hundred thousand it takes a while, and is seldom asked for."""
        return {number: place for place, number in enumerate(self.ids.tolist())}

    def count(self, state: str) -> int:
        """How many stand so, one of :data:`~mmdesk.ui.media_calls.STATES`."""
        return int((self.states == STATES.index(state)).sum())

    def places(self, items: Iterable[ArtifactRow]) -> list[int]:
        """Where these files are in this list, as far as they are."""
        return [self._places[item.artifact_id] for item in items if item.artifact_id in self._places]

    def mark(self, artifact_id: int, status: str, *, incomplete: bool, parts: int) -> None:
        """Somebody has extracted the features of this file, or could not; one that is not in the list is none."""
        place = self._places.get(artifact_id)
        if place is None:
            return
        now = dataclasses.replace(self.rows[place], status=status, incomplete=incomplete, segments=parts)
        self.rows[place] = now
        self.states[place] = STATES.index(state_of(now))
        self.parts[place] = np.nan if status == "pending" else parts
        self.reasons[place] = _FAILED_SO_FAR if status == "failed" else int(incomplete)

    def mask(self, words: Sequence[str], wanted: str) -> NDArray[np.bool_]:
        """Which files have all of the words in their name or entities, and stand as ``wanted``.

        Args:
            words: Whatever the capitals.
            wanted: One of the states (done ones may be incomplete), ``duplicates``, or empty for all.
        """
        if wanted == "duplicates":
            mask = self.several.copy()
        elif wanted == "done":
            mask = (self.states == STATES.index("done")) | (self.states == STATES.index("incomplete"))
        elif wanted:
            mask = self.states == STATES.index(wanted)
        else:
            mask = np.ones(len(self.rows), dtype=bool)
        for word in words:
            mask &= self.searched.having(word)
        return mask
