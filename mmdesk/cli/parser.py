"""The parser of the command line: mistakes become errors with a hint, like everything else that a user can mend."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from mmdesk.engine.core.errors import UsageError


class Parser(argparse.ArgumentParser):
    """Raises :class:`~mmdesk.engine.core.errors.UsageError` where argparse would print and exit."""

    def __init__(self, *args: object, **options: object) -> None:
        options.setdefault("allow_abbrev", False)
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.register("action", None, _Once)
        self.register("action", "store", _Once)

    def error(self, message: str) -> NoReturn:
        """Wrong usage; the hint leads to this command's own help."""
        raise self._wrong(f"{message[:1].upper()}{message[1:]}.")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Refuse what nobody knows here, where the command's own options can be proposed."""
        found, unknown = super().parse_known_args(args, namespace)
        if not unknown:
            return found, unknown
        first = unknown[0]
        if not first.startswith("-"):
            raise self._wrong(f"{first} is one word too many.")
        near = _nearest(first.partition("=")[0], [o for o in self._option_string_actions if o.startswith("--")])
        raise self._wrong(f"There is no option {first} here.", near)

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """One of several words, or the nearest of them is proposed."""
        if action.choices is not None and value not in action.choices:
            raise self._no_choice(action, str(value))

    def _get_value(self, action: argparse.Action, arg_string: str) -> object:
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError:
            if action.choices is not None:  # an enum that does not know the word
                raise self._no_choice(action, arg_string) from None
            if action.type is int:
                raise self._wrong(f"{_name(action)}: {arg_string} is no whole number.") from None
            raise

    def _no_choice(self, action: argparse.Action, value: str) -> UsageError:
        known = [str(choice) for choice in action.choices or ()]
        command = isinstance(action, argparse._SubParsersAction)
        what = f"There is no command {value} here" if command else f"{_name(action)}: {value} is not possible"
        return self._wrong(f"{what}; it may be {', '.join(known)}.", _nearest(value, known))

    def _wrong(self, message: str, near: str | None = None) -> UsageError:
        hint = f"See: {self.prog} --help"
        return UsageError(message, f"Did you mean {near}? {hint}" if near else hint)


class _Once(argparse._StoreAction):
    """An option that takes one value; a second one would silently win over the first."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        if option_string is not None:
            given: set[str] = namespace.__dict__.setdefault("options_given", set())
            if self.dest in given:
                raise UsageError(f"{option_string} was given twice.", "Give it once; several files take several calls.")
            given.add(self.dest)
        super().__call__(parser, namespace, values, option_string)  # type: ignore[arg-type]


def whole_number(least: int) -> Callable[[str], int]:
    """For ``type=``: a whole number that is not below ``least``."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"{text} is no whole number from {least} up")
        return value

    return convert


def _name(action: argparse.Action) -> str:
    return "/".join(action.option_strings) or str(action.metavar or action.dest)


def _nearest(word: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def add_expect_option(command: argparse.ArgumentParser) -> None:
    """``--expect``, for changes that are decided on after a look at the case."""
    command.add_argument(
        "--expect",
        metavar="STATE",
        help="only if nobody has changed the same data since; STATE is what --dry-run or list printed with --json",
    )
