"""An explanation on paper: everything that the page says, nothing beyond the edges, on both sizes of sheets."""

from __future__ import annotations

import dataclasses
import html
import re
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PySide6.QtWidgets import QApplication

from mmdesk.ui.printing import Paper, write_pdf
from tests.engine.explanation.small_model import explainer, random_model, small_batcher

PIXELS = np.full((60, 90, 3), 128, np.uint8)
MARGIN_POINTS = 15 / 25.4 * 72


def page_of_everything() -> bytes:
    """Of an entity with events, links and files, whose sentence tries to break out."""
    from mmdesk.engine.core.types import MediaType
    from mmdesk.engine.explanation.explainer import Question
    from mmdesk.engine.explanation.explanation import ItemKind
    from mmdesk.engine.explanation.page import explanation_page
    from mmdesk.engine.services.previews import Preview

    batcher = small_batcher()
    maker = explainer(batcher, random_model(batcher, sharpness=4.0), threshold=0.5)
    found = list(maker.explain([Question(entity) for entity in range(20)]))
    one = next(one for one in found if {item.kind for item in one.items} == set(ItemKind))
    one = dataclasses.replace(one, sentence=f"{one.sentence} <b>{'long' * 60}</b> & more</td></table>")
    return explanation_page(one, lambda _: Preview("a" * 64, MediaType.IMAGE, "image/png", 1, True, pixels=PIXELS))


def words_of(page: bytes) -> list[str]:
    """The plain words that the page shows."""
    text = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<title>.*?</title>", " ", page.decode(), flags=re.DOTALL)
    text = html.unescape(re.sub(r"<[^>]*>", " ", text))
    return [word for word in text.split() if word.isascii() and word.isalnum()]


def printed(folder: Path, page: bytes, paper: Paper) -> pypdfium2.PdfDocument:
    write_pdf(page, folder / "why.pdf", paper)
    return pypdfium2.PdfDocument((folder / "why.pdf").read_bytes())


def letters(text: str) -> str:
    """Without what a line's end or a font may change."""
    return re.sub(r"[\s\u00ad\ufffe\ufffd\x00-\x1f-]", "", text)


@pytest.mark.parametrize(("paper", "size"), [(Paper.A4, (595, 842)), (Paper.LETTER, (612, 792))])
def test_all_words_are_on_the_sheets_and_nothing_beyond_their_margins(
    qapp: QApplication, tmp_path: Path, paper: Paper, size: tuple[int, int]
) -> None:
    page = page_of_everything()
    document = printed(tmp_path, page, paper)
    said = ""
    for sheet in document:
        assert sheet.get_size() == pytest.approx(size, abs=1)
        said += re.sub(r"\S+: \S+ (% )?· \d+ of \d+\s*$", "", sheet.get_textpage().get_text_bounded())
        pixels = np.asarray(sheet.render(scale=2).to_pil().convert("L"))
        edge = round(2 * MARGIN_POINTS) - 3
        frame = np.ones(pixels.shape, bool)
        frame[edge:-edge, edge:-edge] = False
        assert pixels[frame].min() > 250
        sheet.close()
    words = words_of(page)
    missing = [word for word in words if word not in letters(said)]
    assert len(words) > 150
    assert not missing, missing[:10]
    document.close()


def test_a_picture_is_whole_on_one_sheet(qapp: QApplication, tmp_path: Path) -> None:
    """Each of many tall pictures in its full height, wherever the sheets break."""
    square = "<rect class='raises' x='0' y='0' width='90' height='90'/>"
    drawing = f"<svg viewBox='0 0 90 90' width='420' height='420'>{square}</svg>"
    figures = "".join(f"<figure><figcaption><b>p{n}.png</b></figcaption>{drawing}</figure>" for n in range(7))
    document = printed(tmp_path, f"<html><body>{figures}</body></html>".encode(), Paper.A4)
    heights: list[int] = []
    for sheet in document:
        red = np.asarray(sheet.render(scale=1).to_pil().convert("RGB")).astype(int)
        rows = ((red[:, :, 0] - red[:, :, 2]) > 80).any(axis=1)
        edges = np.flatnonzero(np.diff(np.r_[0, rows.astype(int), 0]))
        heights += np.diff(edges)[::2].tolist()
        sheet.close()
    assert len(heights) == 7
    assert min(heights) >= max(heights) - 2
    document.close()
