"""Wrong words on the command line are answered with the right ones."""

from __future__ import annotations

import argparse

import pytest

from mmdesk.cli.main import build_parser
from mmdesk.cli.parser import whole_number
from mmdesk.engine.core.errors import UsageError


def wrong(*words: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        build_parser().parse_args(words)
    assert caught.value.exit_status == 2
    return caught.value


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ("exrtact DIR", "no command exrtact", "Did you mean extract? See: mmdesk --help"),
        ("case inf DIR", "no command inf", "Did you mean info? See: mmdesk case --help"),
        ("case", "required: WHAT", "See: mmdesk case --help"),
        ("case new", "required: DIR", "See: mmdesk case new --help"),
        ("import tables DIR --entity F", "no option --entity here", "Did you mean --entities? See: mmdesk import"),
        ("import tables DIR --entity=F", "no option --entity=F here", "Did you mean --entities?"),
        ("import tables DIR --zzz", "no option --zzz here", "See: mmdesk import tables --help"),
        ("import tables DIR --entities", "expected one argument", "See: mmdesk import tables --help"),
        ("import tables DIR --on-conflict repalce", "repalce is not possible; it may be abort, skip", "mean replace?"),
        ("extract DIR --workers two", "--workers: two is no whole number from 1 up", "See: mmdesk extract"),
        ("extract DIR --workers 0", "0 is no whole number from 1 up", "See: mmdesk extract"),
        ("imports undo DIR last", "ID: last is no whole number", "See: mmdesk imports undo"),
        ("predict DIR RUN more", "more is one word too many", "See: mmdesk predict"),
        ("predict DIR RUN --head rank", "rank is not possible", "Did you mean ranking?"),
        ("evaluate DIR RUN --split tset", "it may be train, val, test", "Did you mean test?"),
        ("predict DIR RUN --entities a --targets f", "not allowed with argument", "See: mmdesk predict"),
        ("--verbose", "no option --verbose", "See: mmdesk --help"),
    ],
)
def test_what_is_wrong_is_named_and_the_right_word_proposed(words: str, message: str, hint: str) -> None:
    error = wrong(*words.split())
    assert message in error.message
    assert hint in error.hint


def test_an_option_given_twice_is_no_silent_choice() -> None:
    """Two files of entities are two imports; the first must not be forgotten without a word."""
    error = wrong("import", "tables", "DIR", "--entities", "a.csv", "--events", "b.csv", "--entities", "c.csv")
    assert error.message == "--entities was given twice."
    settings = build_parser().parse_args(["train", "DIR", "--set", "epochs=1", "--set", "seed=2"]).settings
    assert settings == ["epochs=1", "seed=2"]


def test_options_are_not_abbreviated_in_any_command() -> None:
    def parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
        nested = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        return [parser, *(p for action in nested for child in action.choices.values() for p in parsers(child))]

    found = parsers(build_parser())
    assert len(found) > 25
    for parser in found:
        assert not parser.allow_abbrev
        leaf = not any(isinstance(action, argparse._SubParsersAction) for action in parser._actions)
        assert ("--json" in parser._option_string_actions) is leaf
        if leaf:
            assert callable(parser.get_default("run")), parser.prog
            undescribed = [a.dest for a in parser._actions if not a.help]
            assert undescribed == [], parser.prog


def test_whole_numbers() -> None:
    convert = whole_number(0)
    assert (convert("0"), convert(" 12 ")) == (0, 12)
    for text in ("-1", "1.5", "", "x"):
        with pytest.raises(argparse.ArgumentTypeError):
            convert(text)
