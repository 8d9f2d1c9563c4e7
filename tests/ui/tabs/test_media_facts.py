from __future__ import annotations

from mmdesk.ui.tabs.importing.media_columns import _all_facts, _facts


def test_the_list_tells_the_most_telling_facts_and_the_tool_tip_all() -> None:
    details = {
        "width": 640, "height": 480, "duration_s": 12.4, "created": "2021-05-06T07:08:09Z", "device": "Maker 3",
        "latitude": 52.5, "longitude": -13.26, "altitude_m": 34.0, "codec": "h264",
    }  # fmt: skip
    assert _facts(details) == "640 × 480, 12 s, 2021-05-06, Maker 3, with place"
    assert _all_facts(details) == (
        "picture: 640 × 480 · place: 52.5, -13.26, 34.0 m above the sea · file begun: 2021-05-06T07:08:09Z · "
        "device: Maker 3 · duration: 12.4 s · codec: h264"
    )
    assert _facts({}) == _all_facts({}) == ""
