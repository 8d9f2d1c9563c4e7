"""Who wrote a document, when and with what."""

from __future__ import annotations

import io

import pytest

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.document_facts import _iso
from mmdesk.engine.features.facts import MOST_CHARACTERS, moment_of
from mmdesk.engine.features.feature_extraction import extract_bytes
from tests.engine.features import document_samples as samples


def facts(data: bytes) -> dict[str, object]:
    return extract_bytes(io.BytesIO(data), MediaType.OTHER).details


def core(**elements: str) -> str:
    return "<p:coreProperties xmlns:p='p' xmlns:d='d'>{}</p:coreProperties>".format(
        "".join(f"<d:{name}>{text}</d:{name}>" for name, text in elements.items())
    )


def test_a_pdf_tells_its_author_its_programs_and_its_times() -> None:
    told = {
        "Title": "Žádost", "Author": "Ann", "Subject": "about\nthe door", "Keywords": "door, key", "Creator": "Writer",
        "Producer": "LibreOffice 7", "CreationDate": "D:20210506070809+02'00'", "ModDate": "D:20210601100000Z",
    }  # fmt: skip
    found = facts(samples.pdf(["one", "two"], told=told))
    assert found == {
        "pages": 2, "characters": 6, "title": "Žádost", "author": "Ann", "description": "about the door",
        "keywords": "door, key", "software": "Writer", "producer": "LibreOffice 7",
        "created": "2021-05-06T07:08:09+02:00", "changed": "2021-06-01T10:00:00Z",
    }  # fmt: skip
    assert facts(samples.pdf(["one"])) == {"pages": 1, "characters": 3}


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("D:20210506070809+02'00'", "2021-05-06T07:08:09+02:00"),
        ("D:20210506070809-0330", "2021-05-06T07:08:09-03:30"),
        ("20210506070809", "2021-05-06T07:08:09"),
        ("D:202105060708", "2021-05-06T07:08:00"),
        ("D:20210506", None),
        ("D:20211306070809", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_of_a_pdf(told: str, kept: str | None) -> None:
    assert moment_of(_iso(told)) == kept


def test_an_office_file_tells_who_saved_it_last() -> None:
    told = core(
        title="The door", creator="Ann &amp; Bob", lastModifiedBy="Žofie", created="2021-05-06T07:08:09Z",
        modified="soon", description="c", creator2="not this",
    )  # fmt: skip
    found = facts(samples.docx(["text"], core=told, app="<P><Application>Word</Application><Company> </Company></P>"))
    assert found == {
        "characters": 4, "title": "The door", "author": "Ann & Bob", "editor": "Žofie",
        "created": "2021-05-06T07:08:09Z", "comment": "c", "software": "Word",
    }  # fmt: skip


def test_an_open_document_tells_both_its_writers() -> None:
    meta = (
        "<o:m xmlns:o='o' xmlns:m='m' xmlns:d='d'><o:meta><m:initial-creator>Ann</m:initial-creator>"
        "<d:creator>Bob</d:creator><m:creation-date>2021-05-06T07:08:09.123456789</m:creation-date>"
        "<m:generator>LibreOffice/7</m:generator></o:meta></o:m>"
    )
    assert facts(samples.odt(["text"], meta)) == {
        "characters": 4, "author": "Ann", "editor": "Bob", "created": "2021-05-06T07:08:09",
        "software": "LibreOffice/7",
    }  # fmt: skip


def test_hostile_properties_cost_nothing_else() -> None:
    bomb = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;'>]><x><title>&b;</title></x>"
    foreign = "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x><title>&a;</title></x>"
    for told in (bomb, foreign, "<x><title>cut", "no xml", "", "\x00" * 50):
        found = facts(samples.docx(["text"], core=told))
        assert found.get("title") in {None, "cut"}
        assert found["characters"] == 4
    long = facts(samples.docx(["text"], core=core(title="x" * 5_000_000, creator="Ann")))
    assert len(str(long.get("title", ""))) <= MOST_CHARACTERS
