from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mmdesk.engine.core.jobs import NULL_CONTEXT
from mmdesk.engine.services import media_imports
from mmdesk.engine.services.media_imports import ArtifactRow
from mmdesk.ui import media_calls
from mmdesk.ui.models.columns import ColumnsModel
from mmdesk.ui.tabs.importing.media_columns import _all_facts, _facts, media_columns
from mmdesk.ui.tabs.importing.media_files import MediaFiles
from mmdesk.ui.widgets.table import Table


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


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> MediaFiles:
    details: list[dict[str, object]] = [
        {"width": 1920, "height": 1080}, {"pages": 2}, {"duration_s": 75.0}, {"width": 640, "height": 480},
        {"width": 640, "height": 480, "duration_s": 2.0}, {"duration_s": 9.0},
    ]  # fmt: skip
    why = "the file ends in the middle of its header, so that nothing of it can be read"
    rows = tuple(
        ArtifactRow(
            artifact_id=n, sha256=f"{n:064x}", name=f"a file of some name {n}.bin", media_type="image",
            content_type="image/png", size_bytes=1_234_567, status="failed" if n == 1 else "done",
            error=why if n == 1 else None, incomplete=False, segments=1, entities=("M000001",), details=one,
        )
        for n, one in enumerate(details)
    )  # fmt: skip
    monkeypatch.setattr(media_imports, "list_artifacts", lambda _folder: rows)
    return MediaFiles(media_calls.list_artifacts(Path(), ctx=NULL_CONTEXT))


def test_facts_are_sorted_by_their_numbers_with_those_that_have_none_last(files: MediaFiles) -> None:
    facts = next(one for one in media_columns(files) if one.title == "Facts")
    model, found = ColumnsModel([facts]), []
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        model.sort(0, order)
        found.append([model.text(int(row), 0) for row in model.rows])
    lengths, pictures = ["9.0 s", "1 min 15 s"], ["640 × 480", "640 × 480, 2.0 s", "1920 × 1080"]
    assert found == [[*lengths, *pictures, ""], [*pictures[::-1], *lengths[::-1], ""]]


def test_a_long_reason_makes_room_for_the_other_columns(qtbot: QtBot, files: MediaFiles) -> None:
    table = Table("Files")
    qtbot.addWidget(table)
    table.spare = 2
    table.resize(660, 300)
    table.show()
    table.set_columns(media_columns(files))
    qtbot.waitUntil(lambda: table.horizontalScrollBar().maximum() == 0)
    assert sum(table.columnWidth(number) for number in range(8)) == table.viewport().width()
    assert table.columnWidth(7) < table.fontMetrics().horizontalAdvance(files.rows[1].error or "")
