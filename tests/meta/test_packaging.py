"""What the packages are put together with: the parts of it that need no build. The packages: ``make package-test``."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmdesk.version import __version__

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGING = _ROOT / "packaging"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A module of packaging/, as the build runs it."""
    monkeypatch.syspath_prepend(str(_PACKAGING))
    return importlib.import_module


@pytest.mark.parametrize(
    ("target", "source", "left_out"),
    [
        ("libxcb-cursor.so.0", "/usr/lib/x86_64-linux-gnu/libxcb-cursor.so.0", False),
        ("libssl.so.3", "/usr/lib/x86_64-linux-gnu/libssl.so.3", False),
        ("libstdc++.so.6", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", True),
        ("libGL.so.1", "/usr/lib/x86_64-linux-gnu/libGL.so.1", True),
        ("libxcb.so.1", "/usr/lib/x86_64-linux-gnu/libxcb.so.1", True),
        ("PySide6/Qt/plugins/platforms/libqxcb.so", "venv/libqxcb.so", False),
        ("PySide6/Qt/plugins/platforms/libqeglfs.so", "venv/libqeglfs.so", True),
        ("PySide6/Qt/plugins/multimedia/libffmpegmediaplugin.so", "venv/x.so", False),
        ("PySide6/Qt/lib/libQt6Quick.so.6", "venv/libQt6Quick.so.6", False),  # linked by what plays
        ("PySide6/Qt/lib/libQt6QmlModels.so.6", "venv/libQt6QmlModels.so.6", False),
        ("PySide6/Qt/lib/libQt6QuickControls2.so.6", "venv/libQt6QuickControls2.so.6", True),
        ("PySide6/Qt/lib/libQt6QmlCore.so.6", "venv/libQt6QmlCore.so.6", True),
        ("PySide6/Qt/lib/libQt6OpenGL.so.6", "venv/libQt6OpenGL.so.6", False),
        (r"PySide6\plugins\platforms\qwindows.dll", "venv/qwindows.dll", False),
        (r"PySide6\plugins\sqldrivers\qsqlite.dll", "venv/qsqlite.dll", True),
        ("PySide6/Qt/translations/qtbase_de.qm", "venv/qtbase_de.qm", False),
        ("PySide6/Qt/translations/qtbase_fr.qm", "venv/qtbase_fr.qm", True),
        ("torch/lib/libtorch_cpu.so", "venv/libtorch_cpu.so", False),
        ("torch/bin/torch_shm_manager", "venv/torch_shm_manager", False),
        ("torch/bin/protoc", "venv/protoc", True),
        ("pyarrow/libarrow_flight.so.2600", "venv/libarrow_flight.so.2600", True),
        ("pyarrow/libarrow_substrait.so.2600", "venv/libarrow_substrait.so.2600", False),
        ("mmdesk/engine/store/migrations/env.py", "env.py", False),
    ],
)
def test_what_is_left_out(script: Callable[[str], Any], target: str, source: str, left_out: bool) -> None:
    assert script("trimming").is_left_out(target, source) is left_out


def test_a_link_to_what_is_left_out_is_left_out_too(script: Callable[[str], Any]) -> None:
    left_out, lib = script("trimming").is_left_out, "PySide6/Qt/lib"
    assert left_out("libQt6VirtualKeyboard.so.6", f"{lib}/libQt6VirtualKeyboard.so.6", "SYMLINK")
    assert not left_out("libQt6Quick.so.6", f"{lib}/libQt6Quick.so.6", "SYMLINK")
    assert left_out("pyarrow/libarrow_flight.so", "libarrow_flight.so.2600", "SYMLINK")


def test_the_version_stands_in_one_place() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=_ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    texts = {".py", ".spec", ".iss", ".sh", ".desktop", ".xml", ".toml", ".yml", ".plist"}
    named = re.compile(rf"(?<![0-9.]){re.escape(__version__)}(?![0-9.])")
    holders = [
        name
        for name in listed
        if Path(name).suffix in texts and not name.startswith("tests/") and (_ROOT / name).is_file()
        if any(named.search(line) for line in (_ROOT / name).read_text(encoding="utf-8").splitlines())
    ]
    assert holders == ["mmdesk/version.py"]


def test_the_manual_knows_every_command(script: Callable[[str], Any]) -> None:
    page = script("manpage").page("1.2.3", 1_700_000_000)
    assert '.TH MMDESK 1 "2023-11-14" "mmdesk 1.2.3"' in page
    for command in ("doctor", "case new", "import tables", "explanations overview"):
        assert f"\n.B {command}\n" in page


@pytest.mark.skipif(shutil.which("man") is None, reason="nothing here reads manual pages")
def test_the_manual_is_read_without_a_warning(script: Callable[[str], Any], tmp_path: Path) -> None:
    page = script("manpage").page("1.2.3", 1_700_000_000)
    (tmp_path / "mmdesk.1").write_text(page, encoding="utf-8")
    read = subprocess.run(
        ["man", "--warnings", "-l", str(tmp_path / "mmdesk.1")],
        capture_output=True, text=True, check=True, env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert not read.stderr
    assert "mmdesk-cli" in read.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="the archive is Linux's")
def test_a_menu_entry_for_a_folder_with_any_name(tmp_path: Path) -> None:
    place = tmp_path / 'my "tools" $5 a\\b 50%'
    (place / "share").mkdir(parents=True)
    for name in ("mmdesk.desktop", "mmdesk.xml"):
        shutil.copy(_PACKAGING / "linux" / name, place / "share" / name)
    (place / "share" / "mmdesk.svg").write_text("<svg/>", encoding="utf-8")
    script = shutil.copy(_PACKAGING / "linux" / "add-to-menu.sh", place)
    home = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    subprocess.run(["sh", script], env=home, check=True, capture_output=True)
    entry = tmp_path / "home/.local/share/applications/mmdesk.desktop"
    line = next(line for line in entry.read_text(encoding="utf-8").splitlines() if line.startswith("Exec="))
    assert line == f'Exec="{tmp_path}/my \\\\"tools\\\\" \\\\$5 a\\\\\\\\b 50%%/mmdesk" %f'
    assert (tmp_path / "home/.local/share/mime/packages/mmdesk.xml").exists()
    subprocess.run(["sh", script, "--remove"], env=home, check=True, capture_output=True)
    assert not entry.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="ELF is Linux's")
def test_a_library_that_the_loader_would_not_take(script: Callable[[str], Any], tmp_path: Path) -> None:
    build = script("build")
    assert build.can_be_mapped(Path("/proc/self/exe").resolve())
    head = bytearray(64 + 56)
    head[:4] = b"\x7fELF"
    struct.pack_into("<Q", head, 32, 64)
    struct.pack_into("<HH", head, 54, 56, 1)
    struct.pack_into("<IIQQQQQQ", head, 64, 1, 5, 0x3000, 0x403000, 0, 0x100, 0x100, 0x1000)
    (tmp_path / "good.so").write_bytes(head)
    assert build.can_be_mapped(tmp_path / "good.so")
    struct.pack_into("<IIQQQQQQ", head, 64, 1, 5, 0x3008, 0x403000, 0, 0x100, 0x100, 0x1000)
    (tmp_path / "moved.so").write_bytes(head)
    assert not build.can_be_mapped(tmp_path / "moved.so")


def test_files_with_the_same_bytes_become_one(script: Callable[[str], Any], tmp_path: Path) -> None:
    for place in ("a/libone.so", "b/c/libone.so"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_bytes(b"\x7fELF" + bytes(9000))
    (tmp_path / "small").write_bytes(b"x")
    (tmp_path / "small too").write_bytes(b"x")
    script("build").link_twins(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_symlink()] == ["libone.so"]
    assert (tmp_path / "b/c/libone.so").readlink() == Path("../../a/libone.so")
    assert (tmp_path / "b/c/libone.so").read_bytes() == (tmp_path / "a/libone.so").read_bytes()


def test_the_bill_of_materials(script: Callable[[str], Any], tmp_path: Path) -> None:
    bundle = tmp_path / "_internal"
    described = bundle / "numpy-9.8.7+cpu.dist-info"
    described.mkdir(parents=True)
    described.joinpath("METADATA").write_text(
        "Metadata-Version: 2.4\nName: numpy\nVersion: 9.8.7+cpu\nLicense-Expression: BSD-3-Clause AND MIT\n", "utf-8"
    )
    for place in ("numpy.libs/libgfortran-040039e1.so.5.0.0", "numpy/core.cpython-311-x86_64-linux-gnu.so"):
        (bundle / place).parent.mkdir(exist_ok=True)
        (bundle / place).write_bytes(b"library")
    (bundle / "licences").mkdir()
    parts = [{"name": "libssl3", "version": "3.0.17-1~deb12u2", "home": "", "files": ["libssl.so.3"]}]
    (bundle / "licences/parts.json").write_text(json.dumps(parts), "utf-8")
    target = script("sbom").write(bundle, tmp_path / "bill.json", "1.2.3", 1_700_000_000)
    bill = json.loads(target.read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["version"] == "1.2.3"
    found = {one["name"]: one for one in bill["components"]}
    assert set(found) == {"libssl3", "numpy", "Python"}
    assert found["numpy"]["purl"] == "pkg:pypi/numpy@9.8.7%2Bcpu"
    assert found["numpy"]["licenses"] == [{"expression": "BSD-3-Clause AND MIT"}]
    inside = found["numpy"]["components"]
    assert [(one["name"], one["version"]) for one in inside] == [("libgfortran", "5.0.0")]
    assert len(inside[0]["hashes"][0]["content"]) == 64
    assert found["libssl3"]["purl"] == "pkg:deb/debian/libssl3@3.0.17-1~deb12u2"
    again = script("sbom").write(bundle, tmp_path / "again.json", "1.2.3", 1_700_000_000)
    assert again.read_bytes() == target.read_bytes()
