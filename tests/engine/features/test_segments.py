from __future__ import annotations

import pytest

from mmdesk.engine.features.segments import Segment, SegmentKind, dump_segments, load_segments

EXAMPLES = [
    (Segment(SegmentKind.WHOLE), "whole file"),
    (Segment(SegmentKind.TILE, box=(0.0, 0.25, 0.5, 1.0), row=1, column=2), "tile row 2, column 3"),
    (Segment(SegmentKind.WINDOW, start_s=1.5, end_s=2.5), "second 1.5 to 2.5"),
    (Segment(SegmentKind.WINDOW, start_s=0.1, end_s=0.2), "second 0.10 to 0.20"),
    (Segment(SegmentKind.FRAME, time_s=3.2), "frame at 3.2 s"),
    (Segment(SegmentKind.TRACK, start_s=0.0, end_s=4.0), "sound track"),
    (Segment(SegmentKind.CHUNK, start_byte=0, end_byte=4096), "bytes 0 to 4095"),
    (Segment(SegmentKind.CHUNK, page=3, last_page=3), "page 3"),
    (Segment(SegmentKind.CHUNK, page=3, last_page=5), "pages 3 to 5"),
    (Segment(SegmentKind.CHUNK, start_char=0, end_char=2000), "characters 1 to 2000 of the text"),
]


@pytest.mark.parametrize(("segment", "words"), EXAMPLES)
def test_describe_counts_from_one(segment: Segment, words: str) -> None:
    assert segment.describe() == words


def test_segments_survive_the_table() -> None:
    segments = tuple(segment for segment, _ in EXAMPLES)
    assert load_segments(dump_segments(segments)) == segments
    assert load_segments(None) == ()
