"""Items made ahead: the same ones, and nothing left behind however it ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from mmdesk.engine.core.ahead import ahead
from mmdesk.engine.core.jobs import JobCancelled


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_the_next_item_is_made_while_the_last_one_is_worked_on() -> None:
    made = [threading.Event() for _ in range(4)]

    def items() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    seen = []
    for item in ahead(items()):
        if item + 1 < len(made):
            assert made[item + 1].wait(10)
        seen.append(item)
    assert seen == [0, 1, 2, 3]
    assert not _threads()


@pytest.mark.parametrize("error", [ValueError, JobCancelled])
def test_an_error_comes_where_its_item_would_have_come(error: type[BaseException]) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise error

    source = ahead(items())
    assert next(source) == 1
    with pytest.raises(error):
        next(source)
    assert not _threads()


def test_stopping_early_leaves_no_thread() -> None:
    source = ahead(iter(range(1000)))
    assert next(source) == 0
    source.close()  # type: ignore[attr-defined]
    assert not _threads()
