from __future__ import annotations

import pytest

from mmdesk.engine.features.layout import Block, default_layout


def test_names_are_unique_and_the_blueprints_examples_are_there() -> None:
    layout = default_layout()
    assert len(set(layout.names)) == layout.size
    assert 400 <= layout.size <= 700
    for name in ("image.hog.r1c2.o4", "audio.mfcc03.mean", "audio.slice1.mfcc01", "modality.video"):
        assert layout.names[layout.index(name)] == name


def test_blocks_cover_the_vector_in_order() -> None:
    layout = default_layout()
    stop = 0
    for block in layout.blocks:
        part = layout.block_slice(block.name)
        assert part.start == stop
        assert layout.names[part] == block.names
        assert layout.block_of(part.start) == layout.block_of(part.stop - 1) == block.name
        stop = part.stop
    assert stop == layout.size
    with pytest.raises(KeyError):
        layout.block_slice("nothing")


def test_extra_blocks_append_and_never_move() -> None:
    layout = default_layout()
    wider = layout.with_blocks([Block("mine", ("mine.a", "mine.b"))])
    assert wider.names[: layout.size] == layout.names
    assert wider.block_slice("mine") == slice(layout.size, layout.size + 2)
    with pytest.raises(ValueError, match="unique"):
        wider.with_blocks([Block("mine", ("mine.c",))])
    with pytest.raises(ValueError, match="named"):
        layout.with_blocks([Block("mine", ("yours.a",))])
