from __future__ import annotations

import pickle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.ui.models.texts import Texts

TEXTS = ["Zoë", "abc", "ABD", "", "a.c"]


def test_it_is_the_list_it_was_made_of() -> None:
    made = pickle.loads(pickle.dumps(Texts(TEXTS)))
    assert list(made) == TEXTS
    assert list(made[1:3]) == ["abc", "ABD"]
    assert (made.find("ABD"), made.find("abd")) == (2, None)
    assert made.take([2, 0]).to_pylist() == ["ABD", "Zoë"]
    assert made.order().tolist() == [3, 4, 1, 2, 0]
    assert len(Texts()) == 0


@settings(max_examples=30)
@given(st.lists(st.text(max_size=6), max_size=20), st.text(min_size=1, max_size=3))
def test_what_is_found_is_what_is_there(texts: list[str], part: str) -> None:
    made = Texts(texts)
    folded = [text.lower() for text in texts]
    if all(len(text.lower()) == len(text) for text in [*texts, part]):  # Arrow folds letter by letter
        assert made.having(part).tolist() == [part.lower() in text for text in folded]


def test_a_part_is_a_text_and_no_pattern() -> None:
    assert Texts(TEXTS).having("A.").tolist() == [False, False, False, False, True]
    assert np.asarray(Texts(TEXTS).having("ZOË")).tolist() == [True, False, False, False, False]
