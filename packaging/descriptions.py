"""The descriptions and licences of what is bundled: they come along, so that About can show them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from trimming import is_from_system

_NOT_SHIPPED = {"direct_url.json", "INSTALLER", "REQUESTED", "RECORD"}
"""What says only where and how it was installed here; RECORD is written anew."""


_FREEZER = "pyinstaller"
"""Both programs begin with its bootloader."""
_TEXTS = Path(__file__).resolve().parent / "licences"
_LESSER = ("LGPL-3.0.txt", "GPL-3.0.txt")
"""The texts of the LGPL, version 3: of what is under it and brings none (Qt for Python)."""


def descriptions(collected: Iterable[str], work: Path) -> Iterator[tuple[str, str]]:
    """Where each description goes and where it is, for every distribution of which at least one file is bundled.

    Args:
        collected: The files that are bundled, where they come from.
        work: Holds mmdesk's own description, and takes the lists of files that are written here.
    """
    owners = _owners()
    used = {owners[path] for path in collected if path in owners} | {_FREEZER}
    used.discard("mmdesk")  # described by what was just made, not by what an installation left among the sources
    for one in sorted(metadata.distributions(), key=lambda one: one.metadata["Name"]):
        if one.metadata["Name"] in used:
            yield from _described(Path(str(one.locate_file(_folder(one)))), work)
    own = next(work.glob("mmdesk-*.dist-info"))
    yield from _described(own, work)
    # Beside the standard library; where Python comes with an installer, beside the program.
    for place in (Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix)):
        if (licence := place / "LICENSE.txt").exists():
            yield "LICENSE.txt", str(licence)
            break


def _folder(one: metadata.Distribution) -> str:
    files = one.files or []
    return next(str(file).partition(".dist-info/")[0] + ".dist-info" for file in files if ".dist-info/" in str(file))


def _owners() -> dict[str, str]:
    """File -> name of the distribution that brought it."""
    return {
        str(one.locate_file(file)): one.metadata["Name"]
        for one in metadata.distributions()
        for file in one.files or []
        if ".dist-info/" not in str(file)
    }


def _described(folder: Path, work: Path) -> Iterator[tuple[str, str]]:
    files = sorted(
        path for path in folder.rglob("*")
        if path.is_file() and path.name not in _NOT_SHIPPED and "__pycache__" not in path.parts
    )  # fmt: skip
    names = [f"{folder.name}/{path.relative_to(folder).as_posix()}" for path in files]
    if "LGPL-3.0-only" in (folder / "METADATA").read_text(encoding="utf-8", errors="replace") and not any(
        "licen" in name.lower() or "copying" in name.lower() for name in names
    ):
        files += [_TEXTS / name for name in _LESSER]
        names += [f"{folder.name}/licenses/{name}" for name in _LESSER]
    yield from zip(names, map(str, files), strict=True)
    record = work / "records" / folder.name / "RECORD"
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text("".join(f"{name},,\n" for name in [*names, f"{folder.name}/RECORD"]), encoding="utf-8")
    yield f"{folder.name}/RECORD", str(record)


def system_licences(binaries: Iterable[tuple[str, str, str]], work: Path) -> Iterator[tuple[str, str]]:
    """The licences of the build machine's libraries that come along, with a list of them (Debian and its children)."""
    if sys.platform != "linux" or shutil.which("dpkg-query") is None:
        return
    parts: dict[str, dict[str, object]] = {}
    for target, source, _ in binaries:
        if not is_from_system(source):
            continue
        package = package_of(Path(source))
        part = parts.setdefault(package, {**_package(package), "files": []})
        files = part["files"]
        assert isinstance(files, list)
        files.append(target)
    for package in sorted(parts):
        text = Path("/usr/share/doc") / package / "copyright"
        if text.exists():
            yield f"licences/{package}.txt", str(text.resolve())
    index = work / "parts.json"
    found = [{**part, "files": sorted(part["files"])} for _, part in sorted(parts.items())]  # type: ignore[call-overload]
    index.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    yield "licences/parts.json", str(index)


def package_of(path: Path) -> str:
    """The Debian package of a file of this system; those of before /lib became /usr/lib are known by that path."""
    for name in (str(path.resolve()), str(path.resolve()).removeprefix("/usr"), str(path)):
        asked = subprocess.run(["dpkg-query", "--search", name], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            return asked.stdout.partition(":")[0]
    raise RuntimeError(f"no package owns {path}")


def _package(name: str) -> dict[str, object]:
    form = "${Version}\t${Homepage}\t${source:Package}\n"
    asked = subprocess.run(["dpkg-query", "--show", "-f", form, name], capture_output=True, text=True, check=True)
    version, home, source = asked.stdout.splitlines()[0].split("\t")
    return {"name": name, "version": version, "home": home, "source": source}
