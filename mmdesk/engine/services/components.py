"""What mmdesk is made of: every distribution that comes with it, its version and its licence."""

from __future__ import annotations

import json
import platform
import re
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mmdesk.engine.core.errors import UsageError

_SELF, _PYTHON = "mmdesk", "Python"
_LICENCE_FILE = re.compile(r"(?i)(^|/)(licen[cs]es?|copying|notice|authors)[^/]*$|/licenses?/")
_LONGEST = 4_000_000
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


@dataclass(frozen=True)
class Component:
    """A part of mmdesk.

    Args:
        name: As its makers write it.
        version: Installed.
        licence: In a few words, mostly an SPDX expression; empty if it says nothing.
        home: Where it comes from; empty if it says nothing.
        has_text: Whether the text of its licence is at hand, see :func:`licence_text`.
    """

    name: str
    version: str
    licence: str
    home: str
    has_text: bool


def components() -> tuple[Component, ...]:
    """Python and every distribution that mmdesk needs to run, by name; those only for development are left out.

    A packaged program has the libraries besides that it brings along from the system it was made on.
    """
    found = [*(_described(one) for one in _shipped()), *_from_system()]
    python = Component(
        _PYTHON, platform.python_version(), "PSF-2.0", "https://www.python.org", _python_text() is not None
    )
    return (python, *sorted(found, key=lambda one: one.name.casefold()))


def licence_text(name: str) -> str:
    """The licence of a component with its notices, as its distribution brings it.

    Raises:
        UsageError: No such component, or it brings no text.
    """
    if name == _PYTHON:
        path = _python_text()
        text = "" if path is None else path.read_text(encoding="utf-8", errors="replace")
    elif path := _bundled(f"licences/{name}.txt"):
        text = path.read_text(encoding="utf-8", errors="replace")
    else:
        one = next((one for one in _shipped() if one.metadata["Name"] == name), None)
        text = "" if one is None else "\n\n".join(_texts(one))
    if not text:
        raise UsageError(
            f"{name} brings no text of its licence.",
            "Look at where it comes from, or ask whoever gave you mmdesk.",
            code="usage.no_licence_text",
        )
    return text[:_LONGEST]


def _shipped() -> Iterator[metadata.Distribution]:
    """The distributions that mmdesk requires, and those that they require."""
    if hasattr(sys, "_MEIPASS"):  # a packaged program carries the descriptions of just what is in it
        yield from (one for one in metadata.distributions() if one.metadata["Name"] != _SELF)
        return
    try:
        waiting: list[tuple[str, frozenset[str]]] = list(_required(metadata.distribution(_SELF), frozenset()))
    except metadata.PackageNotFoundError:  # run from a folder of sources that was never installed
        yield from metadata.distributions()
        return
    seen: set[tuple[str, frozenset[str]]] = set()
    given: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        try:
            one = metadata.distribution(wanted[0])
        except metadata.PackageNotFoundError:  # not needed on this system
            continue
        waiting += _required(one, wanted[1])
        if wanted[0] not in given:
            given.add(wanted[0])
            yield one


def _required(one: metadata.Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for requirement in one.requires or []:
        named, _, marker = requirement.partition(";")
        of_extras = set(_EXTRA.findall(marker))
        found = _REQUIREMENT.match(named)
        if found and (not of_extras or of_extras & extras):
            brackets = frozenset(extra.strip() for extra in (found[2] or "").split(",") if extra.strip())
            yield re.sub(r"[-_.]+", "-", found[1]).lower(), brackets


def _described(one: metadata.Distribution) -> Component:
    fields = one.metadata
    urls = dict(_pairs(fields.get_all("Project-URL") or []))
    home = _field(one, "Home-page") or next(
        (urls[key] for key in ("homepage", "source", "repository") if key in urls), ""
    )
    return Component(fields["Name"], one.version, _licence(one), home or "", any(True for _ in _licence_files(one)))


def _field(one: metadata.Distribution, name: str) -> str:
    return str(one.metadata[name]) if name in one.metadata else ""


def _pairs(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, _, url = line.partition(",")
        yield name.strip().lower(), url.strip()


def _licence(one: metadata.Distribution) -> str:
    """What the description says: an expression, a short text, or the classifiers."""
    fields = one.metadata
    short = _field(one, "License").strip()
    if expression := _field(one, "License-Expression"):
        return expression
    if short and "\n" not in short and len(short) <= 120:
        return short
    classes = [line.rpartition("::")[2].strip() for line in fields.get_all("Classifier") or [] if "License ::" in line]
    return ", ".join(classes) or short.partition("\n")[0][:120]


def _licence_files(one: metadata.Distribution) -> Iterator[metadata.PackagePath]:
    for file in one.files or []:
        if ".dist-info/" in str(file) and _LICENCE_FILE.search(str(file)):
            yield file


def _texts(one: metadata.Distribution) -> Iterator[str]:
    for file in _licence_files(one):
        path = Path(str(file.locate()))
        if path.is_file():
            title = str(file).partition(".dist-info/")[2]
            yield f"{title}\n{'=' * len(title)}\n\n{path.read_text(encoding='utf-8', errors='replace').strip()}"


def _bundled(relative: str) -> Path | None:
    """A file that the packaged program carries; None if it does not, and from source."""
    root = getattr(sys, "_MEIPASS", None)
    path = Path(root) / relative if root else None
    return path if path is not None and path.is_file() else None


def _from_system() -> Iterator[Component]:
    path = _bundled("licences/parts.json")
    for part in json.loads(path.read_text(encoding="utf-8")) if path is not None else ():
        has_text = _bundled(f"licences/{part['name']}.txt") is not None
        yield Component(part["name"], part["version"], "", part["home"], has_text)


def _python_text() -> Path | None:
    places = (Path(sysconfig.get_path("stdlib")) / "LICENSE.txt", Path(sys.base_prefix) / "LICENSE.txt")
    return next((path for path in places if path.is_file()), None)
