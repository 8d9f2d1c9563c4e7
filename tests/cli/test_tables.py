"""The commands on tables: exit status, one JSON document, texts that a terminal can bear."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mmdesk.cli.main import run_command
from mmdesk.engine.store.case import Case

ENTITIES = "entity_id,age\na,1\nb,2\n"
EVENTS = "entity_id,event_type,value,timestamp\na,pay,1,2020-01-01\nzz,pay,1,2020-01-01\n"

# Rejected rows of entities, events and interactions, or the code of the error.
EXPECTED: Mapping[str, tuple[int, int, int] | str] = {
    "base": (0, 0, 0),
    "utf8_bom": (0, 0, 0),
    "utf16le_bom": (0, 0, 0),
    "cp1252": (0, 0, 0),
    "tab": (0, 0, 0),
    "semicolon_decimal_comma": (0, 0, 0),
    "cr_only": (0, 0, 0),
    "newline_in_cell": (0, 0, 0),
    "quotes_in_cell": (0, 0, 0),
    "formula_injection": (0, 0, 0),
    "header_synonyms": "import.columns_proposed",
    "header_duplicate": "import.duplicate_columns",
    "column_missing": "import.column_missing",
    "ragged": (0, 16, 0),
    "nul_bytes": (0, 3, 0),
    "leading_zero_ids": (0, 0, 0),
    "ids_look_missing": (0, 0, 0),
    "date_dmy_slash": (0, 0, 0),
    "date_iso_offset": (0, 0, 0),
    "date_mixed": "import.time_ambiguous",
    "date_ambiguous": "import.time_ambiguous",
    "number_inf_nan": (0, 56, 0),
    "dangling_ids": (0, 25, 7),
    "duplicate_entities": "import.duplicate_entities",
    "swapped_files": "import.column_missing",
    "not_csv_xlsx": "import.not_text",
}


@pytest.fixture
def case(tmp_path: Path) -> Path:
    Case.create(tmp_path / "case", actor="tester").close()
    return tmp_path / "case"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit status and both streams of a command."""
    capsys.readouterr()
    status = run_command([str(word) for word in words])
    got = capsys.readouterr()
    return status, got.out, got.err


def ask(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, Any]:
    """Exit status and the one document of a command with ``--json``."""
    status, out, _ = run(capsys, *words, "--json")
    assert out.count("\n") == 1
    return status, json.loads(out)


@pytest.mark.parametrize("name", EXPECTED)
def test_all_messy_tables(
    case: Path, shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    folder, expected = shared_data / "messy_tables" / name, EXPECTED[name]
    rejects = tmp_path / "rejects.csv"
    files = [word for one in ("entities", "events", "interactions") for word in (f"--{one}", folder / f"{one}.csv")]
    status, document = ask(capsys, "import", "tables", case, *files, "--rejects", rejects)
    if isinstance(expected, str):
        assert status == 3
        assert document["error"]["code"] == expected
        assert document["error"]["hint"]
        assert not rejects.exists()
        assert ask(capsys, "imports", "list", case)[1]["imports"] == []
        return
    assert status == 0
    read = (71, 3643 + (25 if name == "dangling_ids" else 0), 1820 + (7 if name == "dangling_ids" else 0))
    for table, count, rejected in zip(("entities", "events", "interactions"), read, expected, strict=True):
        found = {key: document[table][key] for key in ("read", "inserted", "unchanged", "replaced", "rejected")}
        assert found == {
            "read": count, "inserted": count - rejected, "unchanged": 0, "replaced": 0, "rejected": rejected,
        }  # fmt: skip
    with rejects.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(expected)
    assert all(row["line"].isdigit() and row["rule"] for row in rows)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_exit_statuses(case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entities, events = write(tmp_path / "e.csv", ENTITIES), write(tmp_path / "v.csv", EVENTS)
    words = ("import", "tables", case, "--entities", entities, "--events", events)
    assert ask(capsys, *words, "--dry-run")[1]["events"]["dry_run"] is True
    assert ask(capsys, *words, "--strict")[0] == 3
    status, document = ask(capsys, *words)
    assert status == 0
    assert document["events"]["problems"][0]["value"] == "zz"
    changed = write(tmp_path / "c.csv", ENTITIES.replace("a,1", "a,9"))
    status, document = ask(capsys, "import", "tables", case, "--entities", changed)
    assert (status, document["error"]["code"]) == (3, "import.conflicts")
    status, document = ask(capsys, "import", "tables", case, "--entities", changed, "--on-conflict", "replace")
    assert document["entities"]["replaced"] == 1
    assert ask(capsys, "import", "tables", case)[0] == 2
    assert ask(capsys, "import", "tables", case, "--entities", tmp_path / "none.csv")[0] == 2
    assert ask(capsys, "import", "tables", case, "--entities", entities, "--mapping", '{"entitis": {}}')[0] == 2
    assert ask(capsys, "import", "tables", case, "--entities", entities, "--on-conflict", "guess")[0] == 2
    assert ask(capsys, "import", "tables", tmp_path, "--entities", entities)[0] in {2, 3}


def test_a_mapping_by_file_and_by_text(case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = write(tmp_path / "people.csv", "Account No;age\n007;5,5\n")
    mapping = {"entities": {"columns": {"entity_id": "Account No"}}}
    status, document = ask(capsys, "import", "tables", case, "--entities", people)
    assert (status, document["error"]["code"]) == (3, "import.columns_proposed")
    path = write(tmp_path / "m.json", json.dumps(mapping))
    assert ask(capsys, "import", "tables", case, "--entities", people, "--mapping", path)[0] == 0
    text = json.dumps(document["error"]["details"]["mapping"])
    status, document = ask(capsys, "import", "tables", case, "--entities", people, "--mapping", text)
    assert (status, document["entities"]["unchanged"]) == (0, 1)


def test_how_a_file_was_read_is_said(case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "e.csv"
    path.write_bytes("entity_id;name\na;Müller\nb;Jörg\n".encode("cp1252"))
    status, document = ask(capsys, "import", "tables", case, "--entities", path, "--dry-run")
    assert (status, document["entities"]["layout"]) == (0, {"encoding": "cp1252", "delimiter": ";"})
    status, out, _ = run(capsys, "import", "tables", case, "--entities", path, "--dry-run")
    assert "(e.csv, encoding cp1252, delimiter ;)" in out
    assert "so it was read as cp1252 ('Müller')" in out
    turned = '{"entities": {"encoding": "cp1251"}}'
    status, document = ask(capsys, "import", "tables", case, "--entities", path, "--dry-run", "--mapping", turned)
    assert (status, document["entities"]["layout"]["encoding"]) == (0, "cp1251")


def test_texts_for_people(case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entities = write(tmp_path / "e.csv", ENTITIES)
    bad = "".join(f"z\x1b[31m{number},pay,1,2020-01-01\n" for number in range(30))
    events = write(tmp_path / "v.csv", EVENTS + bad)
    status, out, _ = run(capsys, "import", "tables", case, "--entities", entities, "--events", events)
    assert status == 0
    assert "entities: 2 read, 2 inserted, 0 unchanged, 0 replaced, 0 rejected (e.csv)" in out
    assert "rejected, 31 times: unknown entity" in out
    assert "v.csv, line 3: entity_id = zz: unknown entity" in out
    assert "and more" in out
    assert "\x1b" not in out
    status, out, _ = run(capsys, "import", "tables", case, "--entities", entities)
    assert "nothing changed" in out
    status, out, _ = run(capsys, "imports", "list", case)
    assert [line.split()[2] for line in out.splitlines()] == ["entities", "events"]
    status, out, _ = run(capsys, "imports", "undo", case)
    assert out == "Import 2 (events) was taken back: 1 row removed, 0 restored.\n"
    status, out, _ = run(capsys, "imports", "show", case, 2)
    assert "taken back" in out
    assert "left out, line 3: entity_id = zz: unknown entity" in out
    assert "and 11 more" in out
    assert "\x1b" not in out
    status, out, _ = run(capsys, "imports", "redo", case)
    assert out == "Import 2 (events) is in the case again: 1 row, 0 of them in place of others.\n"
    status, document = ask(capsys, "imports", "show", case, 2)
    assert (document["record"]["undone_us"], document["current"]["events"], document["rejections"]) == (None, 1, 31)
    assert document["record"]["recipe"]["mapping"]["events"]["columns"]["entity_id"] == "entity_id"
    status, document = ask(capsys, "imports", "redo", case)
    assert (status, document["error"]["code"]) == (3, "import.nothing_to_redo")
    run(capsys, "imports", "undo", case)
    assert "(taken back)" in run(capsys, "imports", "list", case)[1]
    assert ask(capsys, "imports", "undo", case, 1)[1] == {
        "import_id": 1, "kind": "entities", "removed": 2, "restored": 0,
    }  # fmt: skip
    status, _, err = run(capsys, "imports", "undo", case)
    assert status == 3
    assert "no import to take back" in err
    assert run(capsys, "imports", "undo", case, 77)[0] == 2


def test_what_was_expected_of_a_case_somebody_else_changed(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entities = write(tmp_path / "e.csv", ENTITIES)
    status, tried = ask(capsys, "import", "tables", case, "--entities", entities, "--dry-run")
    state = tried["entities"]["state"]
    assert (status, tried["entities"]["inserted"]) == (0, 2)
    run(capsys, "import", "tables", case, "--entities", write(tmp_path / "other.csv", "entity_id\nz\n"))
    status, document = ask(capsys, "import", "tables", case, "--entities", entities, "--expect", state)
    assert (status, document["error"]["code"]) == (3, "store.changed")
    assert "imported other.csv at" in document["error"]["message"]
    listed = ask(capsys, "imports", "list", case)[1]
    assert ask(capsys, "imports", "undo", case, "--expect", listed["state"])[0] == 0
    assert ask(capsys, "imports", "redo", case, "--expect", listed["state"])[1]["error"]["code"] == "store.changed"
    tried = ask(capsys, "imports", "list", case)[1]
    assert ask(capsys, "imports", "redo", case, "--expect", tried["state"])[0] == 0
    status, tried = ask(capsys, "entities", "delete", case, "z", "--dry-run")
    assert (status, tried["changed"]) == (0, ["z"])
    assert "Nothing was done" in run(capsys, "entities", "delete", case, "z", "--dry-run")[1]
    assert ask(capsys, "entities", "delete", case, "z", "--expect", tried["state"])[0] == 0
    assert ask(capsys, "entities", "restore", case, "z", "--expect", tried["state"])[0] == 3
    assert run(capsys, "entities", "restore", case, "z", "--expect", "now")[0] == 2


def test_as_a_process_of_its_own(case: Path, shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "messy_tables" / "date_mixed"

    def start(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mmdesk", *map(str, words)], capture_output=True, text=True, check=False, timeout=60
        )

    entities, events = folder / "entities.csv", folder / "events.csv"
    refused = start("import", "tables", case, "--entities", entities, "--events", events, "--json")
    assert refused.returncode == 3
    assert "Traceback" not in refused.stderr
    error = json.loads(refused.stdout)["error"]
    mapping = write(tmp_path / "m.json", json.dumps(error["details"]["mapping"]))
    done = start("import", "tables", case, "--entities", entities, "--events", events, "--mapping", mapping, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["events"]["inserted"] == 3643
