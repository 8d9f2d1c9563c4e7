"""The command line, the window's call and the service say the same of an entity, byte by byte, on either database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmdesk.cli.main import run_command
from mmdesk.engine.core.jobs import NULL_CONTEXT
from mmdesk.engine.core.times import parse_moment
from mmdesk.engine.core.types import Head
from mmdesk.engine.services import explanations
from mmdesk.engine.services.what_if import Scenario, limit_fields, open_what_if
from mmdesk.engine.store.case import Case
from mmdesk.ui import explain_calls
from tests.engine.conftest import drop_schema
from tests.engine.dataset.cases import small_tables
from tests.engine.dataset.filled_cases import layout_media, store
from tests.engine.services.trained_cases import ACTOR, ENTITIES, quick, trained_copy

ASKED = ("e0003", "e0001", f"e{ENTITIES:04d}", "e0003")
"""With files, without events, twice."""
AS_OF = "2020-12-05"


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case with all kinds of evidence and a run of it, in a local file."""
    return trained_copy(tmp_path_factory.mktemp("local") / "case")[0]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Path]:
    """The same on a server."""
    folder = tmp_path_factory.mktemp("served") / "case"
    with Case.create(folder, name="A case", database_url=postgres_url, actor=ACTOR) as case:
        store(case, small_tables(ENTITIES), layout_media(ENTITIES))
        schema = case.file.schema
    quick(folder, name="first")
    yield folder
    drop_schema(postgres_url, schema)


def _said(folder: Path, head: Head, as_of_us: int | None = None) -> list[bytes]:
    many = explanations.explain_many(folder, "latest", ASKED, head=head, as_of_us=as_of_us)
    return [explanations.to_json(one) for one in many]


def _written(folder: Path, out: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[bytes]:
    """The lines that the command writes; what it prints is the same once more."""
    command = ["predict", str(folder), "latest", "--explain", "--entities", ",".join(ASKED), *words]
    assert run_command([*command, "--out", str(out)]) == 0, capsys.readouterr()
    lines = out.with_name(f"{out.name}.explanations.jsonl").read_bytes().splitlines()
    capsys.readouterr()
    assert run_command([*command, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [row["explanation"] for row in printed] == [json.loads(line) for line in lines]
    return lines


@pytest.mark.parametrize("database", ["local", "served"])
def test_the_same_bytes_wherever_one_asks(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str], database: str
) -> None:
    folder: Path = request.getfixturevalue(database)
    for head in Head:
        lines = _written(folder, tmp_path / f"{head}.csv", capsys, "--no-cache", "--head", str(head))
        assert lines[0] == lines[3] != lines[1]
        assert lines == _said(folder, head)
        for entity, line in list(zip(ASKED, lines, strict=True))[1:3]:
            saved = tmp_path / "saved.json"
            explain_calls.write_explanation(
                explain_calls.explain(folder, "first", entity, explain_calls.Account(head), ctx=NULL_CONTEXT),
                saved,
                ctx=NULL_CONTEXT,
            )
            assert saved.read_bytes() == line
    # The last ones are half kept by the window's calls, half made anew.
    assert _written(folder, tmp_path / "kept.csv", capsys, "--head", str(head)) == lines
    earlier = _written(folder, tmp_path / "earlier.csv", capsys, "--as-of", AS_OF, "--head", "regression")
    assert earlier == _said(folder, Head.REGRESSION, parse_moment(AS_OF))
    assert earlier != _said(folder, Head.REGRESSION)


@pytest.mark.parametrize("head", list(Head))
def test_both_databases_say_the_same(local: Path, served: Path, head: Head) -> None:
    assert _said(local, head) == _said(served, head)


def test_a_what_if_says_the_same_on_both(local: Path, served: Path) -> None:
    answers = []
    for folder in (local, served):
        at_hand = open_what_if(folder, "latest", "e0003")
        form = at_hand.form()
        dropped = tuple(row.word for row in form.evidence[:2])
        scenario = Scenario({"income": "40.25", "colour": "red"}, dropped)
        answers.append((form, at_hand.score(scenario), limit_fields(folder, "latest", "e0003")))
    one, other = answers
    assert one == other
    assert one[1].difference.probability != 0
