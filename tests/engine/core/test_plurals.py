"""One thing is said of one, several of several."""

from __future__ import annotations

import doctest

from mmdesk.engine.core import plurals
from mmdesk.engine.core.plurals import counted, counted_of


def test_numbers_and_their_nouns_agree() -> None:
    assert doctest.testmod(plurals).attempted >= 2
    assert doctest.testmod(plurals).failed == 0
    assert [counted(n, "file has", "files have") for n in (0, 1, 2)] == ["0 files have", "1 file has", "2 files have"]
    assert [counted(n, "was so already", "were so already") for n in (1, 3)] == [
        "1 was so already",
        "3 were so already",
    ]
    names = ("entities", "events", "interactions", "targets", "entity artifacts", "media files")
    assert [counted_of(1, name) for name in names] == [
        "1 entity", "1 event", "1 interaction", "1 target", "1 entity artifact", "1 media file",
    ]  # fmt: skip
