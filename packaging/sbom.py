"""A bill of what is bundled, CycloneDX 1.6 in JSON: distributions, what they bring inside, Python, system libraries."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

_VENDORED = re.compile(
    r"^(?P<name>[A-Za-z_][A-Za-z0-9_+.-]*?)(-[0-9a-f]{8})*(?P<version>[-.][0-9][0-9.]*)?\.(so|dylib|dll)\b"
)
_LIBRARY = re.compile(r"\.(so(\.[0-9.]+)?|dylib|dll|pyd)$")
_SPDX = re.compile(r"^[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*$")


def write(bundle: Path, target: Path, version: str, epoch: int) -> Path:
    """Write the bill.

    Args:
        bundle: The folder ``_internal`` of the frozen program.
        target: The file to write.
        version: Of mmdesk.
        epoch: When it was made, in seconds since 1970.
    """
    components = sorted(
        [*_distributions(bundle), _python(), *_from_system(bundle)], key=lambda one: str(one["name"]).casefold()
    )
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(components, sort_keys=True))}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "application", "bom-ref": "mmdesk", "name": "mmdesk", "version": version},
        },
        "components": components,
        "dependencies": [{"ref": "mmdesk", "dependsOn": sorted(str(one["bom-ref"]) for one in components)}],
    }
    target.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return target


def _distributions(bundle: Path) -> Iterator[dict[str, Any]]:
    for one in metadata.distributions(path=[str(bundle)]):
        name = str(one.metadata["Name"])
        if name == "mmdesk":
            continue
        plain = re.sub(r"[-_.]+", "-", name).lower()
        part = _component(name, one.version, f"pkg:pypi/{plain}@{one.version.replace('+', '%2B')}")
        if licences := _licences(one):
            part["licenses"] = licences
        inside = [
            _library(path, bundle, part["bom-ref"])
            for folder in _folders(one, bundle)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and _is_vendored(path, folder)
        ]
        if inside:
            part["components"] = inside
        yield part


def _folders(one: metadata.Distribution, bundle: Path) -> list[Path]:
    """Where its libraries lie: ``NAME.libs`` as auditwheel makes them, and the folders of its modules."""
    stem = re.sub(r"[-.]+", "_", str(one.metadata["Name"]))
    tops = (one.read_text("top_level.txt") or stem).split()
    names = dict.fromkeys([f"{stem}.libs", *(f"{top}.libs" for top in tops), *tops])
    if stem.startswith("PySide6"):
        names = dict.fromkeys(["PySide6"] if stem == "PySide6_Essentials" else [])
    return [bundle / name for name in names if (bundle / name).is_dir()]


def _is_vendored(path: Path, folder: Path) -> bool:
    """Whether this is a library on its own, not a module of Python."""
    if not _LIBRARY.search(path.name) or re.search(r"\.(cpython-|abi3)", path.name):
        return False
    return folder.suffix == ".libs" or path.name.startswith("lib")


def _library(path: Path, bundle: Path, owner: str) -> dict[str, Any]:
    place = path.relative_to(bundle).as_posix()
    found = _VENDORED.match(path.name)
    part: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"{owner}#{place}",
        "name": found["name"] if found else path.name,
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}],
        "properties": [{"name": "mmdesk:path", "value": place}],
    }
    number = path.name.partition(".so.")[2]
    if number:
        part["version"] = number
    return part


def _component(name: str, version: str, purl: str) -> dict[str, Any]:
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _licences(one: metadata.Distribution) -> list[dict[str, Any]]:
    said = str(one.metadata["License-Expression"] or "") or str(one.metadata["License"] or "").strip()
    if _SPDX.match(said):
        return [{"expression": said}]
    classes = [
        line.rpartition("::")[2].strip()
        for line in one.metadata.get_all("Classifier") or []
        if line.startswith("License ::")
    ]
    names = classes or ([said.partition("\n")[0][:120]] if said else [])
    return [{"license": {"name": name}} for name in names]


def _python() -> dict[str, Any]:
    version = platform.python_version()
    part = _component("Python", version, f"pkg:generic/python@{version}")
    return {**part, "licenses": [{"license": {"id": "PSF-2.0"}}]}


def _from_system(bundle: Path) -> Iterator[dict[str, Any]]:
    index = bundle / "licences" / "parts.json"
    for part in json.loads(index.read_text(encoding="utf-8")) if index.exists() else ():
        purl = f"pkg:deb/debian/{part['name']}@{part['version'].replace('+', '%2B')}"
        yield {
            **_component(part["name"], part["version"], purl),
            "licenses": [{"license": {"name": f"see licences/{part['name']}.txt"}}],
            "properties": [{"name": "mmdesk:path", "value": file} for file in part["files"]],
        }
