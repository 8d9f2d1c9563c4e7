# ruff: noqa: RUF001 - letters of all kinds are what this is about
"""Texts in the encodings of the world read as the words they are, or are asked about."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.ingestion import csv_encoding
from mmdesk.engine.ingestion.csv_dialect import Layout
from mmdesk.engine.ingestion.csv_reading import CsvFile
from mmdesk.engine.ingestion.encoding_guess import looks_damaged
from mmdesk.engine.ingestion.questions import UndecidedError
from mmdesk.engine.ingestion.table_file import TableFile

MIXED = ("Sébastien Bourdais", "Gastón Mazzacane", "Mika Häkkinen", "Antônio Pizzonia", "Marc Gené")
NAMES = {
    "cs": ("Jiří Dvořák", "Tomáš Novák", "Věra Šťastná", "Zdeněk Růžička"),
    "pl": ("Łukasz Wójcik", "Agnieszka Zielińska", "Paweł Dąbrowski"),
    "hu": ("Őri György", "Kovács Tűnde", "Szűcs Zoltán"),
    "de": ("Jürgen Müller", "Käthe Groß", "Björn Schröder"),
    "fr": ("François Lefèvre", "Hélène Gâtineau", "Noël Saint-Ouën"),
    "es": ("José García", "Muñoz López", "Iñaki Peña"),
    "tr": ("Ayşe Yılmaz", "İbrahim Çelik", "Gülşen Şahin", "Uğur Doğan"),
    "lv": ("Jānis Bērziņš", "Līga Kļaviņa", "Rūta Žukauskaitė"),
    "is": ("Þórður Guðmundsson", "Sigríður Jónsdóttir"),
    "ru": ("Иван Петров", "Ольга Смирнова", "Дмитрий Кузнецов"),
    "el": ("Γιώργος Παπαδόπουλος", "Μαρία Ιωάννου"),
    "he": ("דוד כהן", "שרה לוי"),
    "ar": ("محمد أحمد", "فاطمة علي"),
    "th": ("สมชาย ใจดี", "สมหญิง รักไทย"),
    "zh": ("王小明", "李美麗", "張國華", "陳怡君"),
    "zhs": ("王小明", "李丽", "张国华", "赵志刚"),
    "ja": ("山田太郎", "高橋さくら", "田中ケンジ", "表示ソ能"),
    "ko": ("김철수", "이영희", "박민수"),
}


def table(names: tuple[str, ...], encoding: str, rows: int = 30) -> bytes:
    """A table most of whose rows are ASCII."""
    lines = [
        f"{number:05d},{names[number // 3 % len(names)] if number % 3 == 0 else 'John Smith'},1.5"
        for number in range(rows)
    ]
    return ("entity_id,name,value\n" + "\n".join(lines) + "\n").encode(encoding)


def names_in(path: Path, **layout: str) -> list[str]:
    file = TableFile.open(path, Layout(**layout))  # type: ignore[arg-type]
    found = [name for batch in file.batches() for name in batch.columns[1].to_pylist()]
    return list(dict.fromkeys(name for name in found if name != "John Smith"))


@pytest.mark.parametrize(
    ("names", "encodings"),
    [
        (MIXED, "cp1252 latin-1 iso8859-15 mac-roman cp850 cp437 cp1250"),
        (NAMES["cs"], "cp1250 iso8859-2 mac-latin2"),
        (NAMES["pl"], "cp1250 iso8859-2"),
        (NAMES["hu"], "cp1250 iso8859-2"),
        (NAMES["de"], "cp1252 mac-roman cp850"),
        (NAMES["fr"], "cp1252 mac-roman"),
        (NAMES["es"], "cp1252 mac-roman cp850"),
        (NAMES["tr"], "cp1254 iso8859-9"),
        (NAMES["lv"], "cp1257"),
        (NAMES["is"], "cp1252"),
        (NAMES["ru"], "cp1251 koi8-r iso8859-5 cp866 mac-cyrillic"),
        (NAMES["el"], "cp1253 iso8859-7"),
        (NAMES["he"], "cp1255 iso8859-8"),
        (NAMES["ar"], "cp1256 iso8859-6"),
        (NAMES["th"], "cp874"),
        (NAMES["zh"], "big5 gb18030"),
        (NAMES["zhs"], "gb18030"),
        (NAMES["ja"], "shift_jis euc-jp iso2022_jp"),
        (NAMES["ko"], "euc-kr cp949"),
        (NAMES["ru"], "utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be utf-8 utf-8-sig"),
        (NAMES["ja"], "utf-16-le utf-16-be"),
    ],
)  # fmt: skip
def test_the_encoding_is_found(tmp_path: Path, names: tuple[str, ...], encodings: str) -> None:
    for encoding in encodings.split():
        path = tmp_path / f"{encoding}.csv"
        path.write_bytes(table(names, encoding))
        assert names_in(path) == list(names), encoding
        file = TableFile.open(path)
        unicode = encoding in {"utf-8", "utf-8-sig", "utf-16", "utf-32"}
        assert ("was read as" in "".join(file.notes) or "byte order mark" in "".join(file.notes)) != unicode
        assert [record.cells[1] for record in TableFile.open(path, whole=False).head(1)] == [names[0]]


def test_a_cell_at_the_very_end_of_a_large_file_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = b"1,John Smith,1.5\n" * 400
    for chunk in (100, 1 << 20):
        monkeypatch.setattr(csv_encoding, "CHUNK_BYTES", chunk)
        monkeypatch.setattr(csv_encoding, "SAMPLE_BYTES", chunk)
        for end in (b"", b"\n", b",x"):
            path = tmp_path / "t.csv"
            path.write_bytes(b"entity_id,name,value\n" + rows + b"9,J\xf6rg M\xfcller,2" + end)
            if end != b",x":
                assert names_in(path) == ["Jörg Müller"]
            assert "line 402" in "".join(TableFile.open(path).notes)


def test_what_could_be_two_encodings_is_asked_and_previewed_as_the_likelier(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(table(("山田太郎", "佐藤花子", "鈴木一郎"), "euc-jp"))
    with pytest.raises(UndecidedError, match=r"t\.csv is not UTF-8.*line 2.*gb18030 \('.*euc_jp \('") as caught:
        TableFile.open(path)
    assert caught.value.code == "import.encoding_unclear"
    assert set(caught.value.answer) == {"encoding"}
    assert TableFile.open(path, whole=False).header == ("entity_id", "name", "value")
    assert names_in(path, encoding="euc-jp") == ["山田太郎", "佐藤花子", "鈴木一郎"]


@pytest.mark.parametrize("line", [b"3,fin\xff\xfeish,1", b"3,fin\x81\x8dish,1", b"3,M\x9fller,1"])
def test_a_few_bytes_that_are_no_words_cost_their_rows(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(table(("John",), "ascii") + line + b"\n4,John Smith,1\n")
    file = TableFile.open(path)
    broken = [record for batch in file.batches() for record in batch.broken]
    assert [record.line for record in broken] == [32]
    assert broken[0].rule.startswith("the byte 0x")
    assert sum(batch.rows for batch in file.batches()) == 31
    assert "the first in line 32" in file.notes[0]


def test_a_file_in_two_encodings_or_none_is_refused_with_the_line(tmp_path: Path) -> None:
    half = table(MIXED, "utf-8").splitlines(keepends=True)
    other = table(MIXED, "cp1252").splitlines(keepends=True)
    path = tmp_path / "t.csv"
    path.write_bytes(b"".join(half[:5] + other[5:]))
    with pytest.raises(DataError, match=r"t\.csv, line 8") as caught:
        TableFile.open(path)
    assert caught.value.code == "import.undecodable"
    path.write_bytes(random.Random(3).randbytes(20_000))
    with pytest.raises(DataError, match=r"t\.csv, line 1"):
        TableFile.open(path)


@pytest.mark.parametrize(
    ("text", "damaged"),
    [
        ("Räikkönen", False), ("RŠikkšnen", True), ("»ванов", True), ("«Аврора»", False), ("20 °C", False),
        ("5 µg", False), ("it’s", False), ("Tomá¨ Enge", True), ("Lukáš–Petr", False), ("ДьшЄЁшщ", True),
        ("МГУ", False), ("MÜLLER", False), ("MCÜa", True), ("Иванov", True), ("price €5", False), ("£Ûdü", True),
        ("渡辺さん", False), ("a\x81b", True), ("McDonald", False), ("“so”", False), ("ªb", False), ("n˙t", True),
    ],
)  # fmt: skip
def test_words_that_look_damaged(text: str, damaged: bool) -> None:
    assert looks_damaged(text) == damaged


def test_a_declared_encoding_is_obeyed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(table(NAMES["ru"], "cp1251"))
    assert names_in(path, encoding="koi8-r") != list(NAMES["ru"])
    file = TableFile.open(path, Layout(encoding="cp1251"))
    assert isinstance(file, CsvFile)
    assert (file.layout["encoding"], file.notes) == ("cp1251", ())
