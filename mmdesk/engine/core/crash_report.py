"""A report of a fault of ours that can be given away: what went wrong and where, and nothing of anybody's case.

Nothing is blanked out afterwards: the report is put together of what can hold no path, name or value of a user, which
are the places in our own code, the kinds of errors, versions and counts.
"""

from __future__ import annotations

import platform
import sys
import sysconfig
import traceback
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from mmdesk.engine.core.errors import MmdeskError
from mmdesk.engine.core.times import format_us, now_us
from mmdesk.version import __version__

_ROOT = Path(__file__).resolve().parents[3]
_PLACES = {"packages": "purelib", "platform packages": "platlib", "python": "stdlib"}
_LIBRARIES = ("PySide6_Essentials", "numpy", "torch", "SQLAlchemy", "psycopg", "sqlcipher3", "pyarrow")
_LONGEST_CHAIN = 8


def crash_report(error: BaseException, facts: Mapping[str, str], jobs: Iterable[str] = ()) -> str:
    """The report as text.

    Args:
        error: The fault; its message is left out, since it may quote a value.
        facts: More to say, by name; of the program and the screen only.
        jobs: What ran before, oldest first: names of functions and codes.
    """
    lines = ["Crash report of mmdesk", f"Written {format_us(now_us())[:19]}Z", ""]
    lines += [f"{name}: {value}" for name, value in (*_versions(), *facts.items())]
    lines += ["", "What went wrong", *_chain(error)]
    ran = list(jobs)
    if ran:
        lines += ["", "What ran before, the latest last", *(f"  {job}" for job in ran)]
    return "\n".join(lines) + "\n"


def _versions() -> Iterable[tuple[str, str]]:
    yield "mmdesk", __version__
    yield "Python", platform.python_version()
    yield "System", f"{platform.system()} {platform.release()} {platform.machine()}"
    for name in _LIBRARIES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue


def _chain(error: BaseException) -> Iterable[str]:
    """The fault and what it came from, the innermost first."""
    chain: list[BaseException] = [error]
    while len(chain) < _LONGEST_CHAIN:
        last = chain[-1]
        cause = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        if cause is None or cause in chain:
            break
        chain.append(cause)
    for number, one in enumerate(reversed(chain)):
        if number:
            yield "which led to"
        yield f"{_kind(one)}{_said(one)}"
        yield from _frames(one)


def _kind(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _said(error: BaseException) -> str:
    if isinstance(error, MmdeskError):
        return f" (code {error.code})"
    return f" (its message of {len(str(error))} characters is left out)"


def _frames(error: BaseException) -> Iterable[str]:
    for frame in traceback.extract_tb(error.__traceback__):
        place, is_ours = _place(frame.filename)
        yield f"  {place}:{frame.lineno} in {frame.name}"
        if is_ours and frame.line:
            yield f"    {frame.line}"


def _place(filename: str) -> tuple[str, bool]:
    """A file without where it lies, and whether it is one of our own."""
    path = Path(filename)
    if path.is_relative_to(_ROOT / "mmdesk"):
        return path.relative_to(_ROOT).as_posix(), True
    if getattr(sys, "frozen", False) and not path.is_absolute():  # a packaged program keeps only these names
        return path.as_posix(), path.parts[:1] == ("mmdesk",)
    for name, key in _PLACES.items():
        base = Path(sysconfig.get_path(key))
        if path.is_relative_to(base):
            return f"<{name}>/{path.relative_to(base).as_posix()}", False
    return "<elsewhere>", False
