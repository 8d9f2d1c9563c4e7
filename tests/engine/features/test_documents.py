from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features import documents
from mmdesk.engine.features.content_type import sniff
from mmdesk.engine.features.documents import Document, read_document
from mmdesk.engine.features.feature_extraction import Extraction, extract_bytes
from mmdesk.engine.features.layout import default_layout
from tests.engine.features import document_samples as samples

Make = Callable[[Sequence[str]], bytes]
TEXTS = ["Payment of 12 & more", "second <line>"]


def read(data: bytes) -> Document | None:
    file = io.BytesIO(data)
    return read_document(file, sniff(file).name)


def extract(data: bytes) -> Extraction:
    return extract_bytes(io.BytesIO(data), MediaType.OTHER)


def value(found: Extraction, name: str, segment: int = 0) -> float:
    return float(found.vectors[segment, default_layout().index(f"other.{name}")])


@pytest.mark.parametrize("make", [samples.docx, samples.xlsx, samples.odt])
def test_the_text_of_office_files_is_read_paragraph_by_paragraph(make: Make) -> None:
    document = read(make(TEXTS))
    assert document is not None
    assert [part.text for part in document.parts] == ["\n".join(TEXTS)]
    assert not document.incomplete


@pytest.mark.parametrize("make", [samples.pdf, samples.pptx])
def test_pages_and_slides_are_read_in_order(make: Make) -> None:
    pages = [f"this is page {number} of them" for number in range(1, 12)]
    document = read(make(pages))
    assert document is not None
    assert [part.text.strip() for part in document.parts] == pages
    assert [(part.first, part.last) for part in document.parts] == [(n, n) for n in range(1, 12)]
    assert document.details["pages"] == 11


def test_many_pages_share_segments_that_say_which_they_are() -> None:
    found = extract(samples.pdf([f"page {number} says {number * 7}" for number in range(1, 36)]))
    described = [segment.describe() for segment in found.segments]
    assert described[:3] == ["whole file", "pages 1 to 3", "pages 4 to 6"]
    assert described[-1] == "pages 34 to 35"
    assert value(found, "text.is_text") == 1
    assert value(found, "text.log_words") == pytest.approx(np.log1p(35 * 4))
    assert all(value(found, "text.is_text", number) == 1 for number in range(len(found.segments)))


def test_long_texts_without_pages_are_cut_into_pieces() -> None:
    found = extract(samples.docx(["some words of a long letter. " * 40] * 10))
    assert 2 <= len(found.segments) - 1 <= 16
    assert found.segments[1].describe() == f"characters 1 to {found.segments[1].end_char} of the text"


def test_a_document_differs_by_its_words_and_not_by_its_form() -> None:
    first = range(*slice_of("word."))
    letter = extract(samples.docx(TEXTS)).vectors[0, first]
    assert letter.any()
    assert letter.tobytes() == extract(samples.odt(TEXTS)).vectors[0, first].tobytes()
    assert letter.tobytes() != extract(samples.docx(["other words"])).vectors[0, first].tobytes()


def slice_of(prefix: str) -> tuple[int, int]:
    places = [at for at, name in enumerate(default_layout().names) if name.startswith(f"other.{prefix}")]
    return places[0], places[-1] + 1


def test_a_protected_pdf_keeps_its_text_and_is_no_failure() -> None:
    found = extract(samples.pdf(TEXTS, encrypted=True))
    assert found.details["protected"] is True
    assert value(found, "text.is_text") in {0, 1}
    assert not found.incomplete


@pytest.mark.parametrize("make", [samples.docx, samples.pdf])
def test_a_cut_document_is_marked_incomplete(make: Make) -> None:
    whole = make([f"paragraph {number} of many" for number in range(200)])
    assert not extract(whole).incomplete
    assert extract(whole[: len(whole) * 2 // 3]).incomplete


def test_entities_do_not_grow_and_lead_nowhere() -> None:
    body = '<w:document xmlns:w="w"><w:t>&b;</w:t></w:document>'
    bomb = f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>{body}'
    file = f'<!DOCTYPE x [<!ENTITY b SYSTEM "file:///etc/passwd">]>{body}'
    for content in (bomb, file, bomb.encode("utf-16")):
        document = read(samples.archive({"[Content_Types].xml": "<Types/>", "word/document.xml": content}))
        assert document is not None
        assert document.parts == ()


def test_an_entry_that_grows_beyond_all_measure_is_read_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_LARGEST_ARCHIVE", 1 << 20)
    content = b"<w:document xmlns:w='w'><w:t>" + b" a" * (8 << 20) + b"</w:t></w:document>"
    document = read(samples.archive({"[Content_Types].xml": "<Types/>", "word/document.xml": content}))
    assert document is not None
    assert 1_000_000 < sum(len(part.text) for part in document.parts) <= 1 << 20


@pytest.mark.parametrize("seed", range(4))
def test_damaged_documents_end_in_a_stated_state(seed: int) -> None:
    draw = random.Random(seed)
    for whole in (samples.pdf(TEXTS * 9), samples.docx(TEXTS * 99), samples.pptx(TEXTS * 9), samples.odt(TEXTS)):
        data = bytearray(whole)
        for _ in range(draw.randrange(1, 30)):
            data[draw.randrange(8, len(data))] = draw.randrange(256)
        assert np.isfinite(extract(bytes(data)).vectors).all()


def test_kinds_are_told_apart_by_content() -> None:
    kinds = {
        "wordprocessingml.document": samples.docx(TEXTS),
        "presentationml.presentation": samples.pptx(TEXTS),
        "spreadsheetml.sheet": samples.xlsx(TEXTS),
        "opendocument.text": samples.odt(TEXTS),
        "application/zip": samples.archive({"notes.txt": "word/", "word/document.xml": "<x/>"}),
        "application/pdf": samples.pdf(TEXTS),
    }
    for name, data in kinds.items():
        assert sniff(io.BytesIO(data)).name.endswith(name)


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("broken", ["docProps/core.xml", "word/document.xml"])
def test_an_entry_in_broken_packing_costs_only_itself(packing: int, broken: str) -> None:
    whole = zipfile.ZipFile(io.BytesIO(samples.docx(["the words of the page"], core="<a>told</a>")))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in whole.namelist():
            archive.writestr(name, whole.read(name), packing if name == broken else zipfile.ZIP_DEFLATED)
    data = bytearray(made.getvalue())
    start = data.index(broken.encode()) + len(broken) + (9 if packing == zipfile.ZIP_LZMA else 0)
    data[start : start + 8] = b"\xff" * 8
    found = read(bytes(data))
    assert found is not None
    words = "\n".join(part.text for part in found.parts)
    assert ("the words of the page" in words) == (broken != "word/document.xml")
    assert found.incomplete == (broken == "word/document.xml")
