"""Make the packages of this system from the sources: ``python packaging/build.py`` (see ``make package``).

The steps are those of PyInstaller, of the modules beside this one, and of ``dpkg-deb`` and ``tar``. Everything that is
made on the way lies in ``--work``, what is to be given away in ``--out``.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import runpy
import shutil
import struct
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import debian
import icons
import linux_files
import sbom
import sizes

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
VERSION: str = runpy.run_path(str(ROOT / "mmdesk" / "version.py"))["__version__"]


def main() -> int:
    """Build; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=Path, default=ROOT / "build", help="what is made on the way (default: build)")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="what is to be given away (default: dist)")
    parser.add_argument("--only-folder", action="store_true", help="stop before the packages")
    parser.add_argument("--frozen", type=Path, help="PyInstaller's folder, where it has been made already")
    parser.add_argument("--quick", action="store_true", help="pack loosely: larger and sooner, to try things")
    parser.add_argument("--requirements", action="store_true", help="say what has to be installed to build, and end")
    asked = parser.parse_args()
    if asked.requirements:
        print(*requirements(), sep="\n")
        return 0
    epoch = source_date()
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)
    asked.work.mkdir(parents=True, exist_ok=True)
    asked.out.mkdir(parents=True, exist_ok=True)
    folder = freeze(asked.work.resolve()) if asked.frozen is None else asked.frozen.resolve()
    strip(folder)
    if sys.platform == "linux":
        link_twins(folder)
    document = sbom.write(folder / "_internal", asked.out / f"mmdesk-{VERSION}.cdx.json", VERSION, epoch)
    for inside in (folder / "_internal", folder.with_suffix(".app") / "Contents" / "Resources"):
        if inside.is_dir():
            (inside / "licences").mkdir(exist_ok=True)
            shutil.copyfile(document, inside / "licences" / "sbom.cdx.json")
    settle(folder, epoch)
    table = sizes.table(folder)
    (asked.out / "sizes.txt").write_text(table, encoding="utf-8")
    print(table)
    if asked.only_folder or sys.platform != "linux":
        return 0
    made = [
        document,
        linux_files.archive(folder, asked.work, asked.out, VERSION, epoch, quick=asked.quick),
        debian.package(folder, asked.work, asked.out, VERSION, epoch, quick=asked.quick),
    ]
    sums(asked.out, made)
    return 0


def requirements() -> list[str]:
    """What mmdesk needs to run, and what freezes it; exact versions are in constraints.txt."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], "pyinstaller", "pyinstaller-hooks-contrib", "setuptools"]


def source_date() -> int:
    """The moment that every file is dated: as asked for, or that of the last commit, in seconds since 1970."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    asked = subprocess.run(
        ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False
    )
    return int(asked.stdout) if asked.returncode == 0 else int((ROOT / "mmdesk" / "version.py").stat().st_mtime)


def freeze(work: Path) -> Path:
    """Run PyInstaller; returns the folder with the two programs."""
    described = work / "metadata"
    shutil.rmtree(described, ignore_errors=True)
    described.mkdir()
    describe = "import sys; from setuptools import build_meta as b; b.prepare_metadata_for_build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", describe, str(described)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    if sys.platform != "linux":
        icons.write(described)
    environment = {**os.environ, "MMDESK_METADATA": str(described), "PYTHONHASHSEED": "1", "TZ": "UTC"}
    subprocess.run(
        [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "--distpath", str(work / "frozen"),
         "--workpath", str(work / "pyinstaller"), str(HERE / "mmdesk.spec")],
        env=environment, check=True,
    )  # fmt: skip
    return work / "frozen" / "mmdesk"


def files_of(folder: Path) -> Iterator[Path]:
    """Every plain file, in order."""
    yield from sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def can_be_mapped(path: Path) -> bool:
    """Whether the loader will take a library: strip moves parts of some that patchelf has been at to where it will not.

    Source: System V ABI, program header (offset and address agree, modulo the alignment)
    """
    with path.open("rb") as file:
        head = file.read(64)
        start, size, count = struct.unpack_from("<Q", head, 32)[0], *struct.unpack_from("<HH", head, 54)
        file.seek(start)
        table = file.read(size * count)
    for number in range(count):
        kind, _, offset, address, _, _, _, alignment = struct.unpack_from("<IIQQQQQQ", table, size * number)
        if kind == 1 and alignment > 1 and (offset - address) % alignment:
            return False
    return True


def strip(folder: Path) -> None:
    """Take symbols and debugging information out of the libraries (Linux); what gets no smaller stays as it is."""
    if sys.platform != "linux":
        return
    programs = {folder / "mmdesk", folder / "mmdesk-cli"}  # their archives are appended: strip would cut them off
    for path in files_of(folder):
        if path in programs or not debian.is_elf(path):
            continue
        slim = path.with_name(path.name + ".slim")
        done = subprocess.run(
            ["strip", "--strip-unneeded", "-o", str(slim), str(path)], capture_output=True, text=True, check=False
        )
        if (
            done.returncode == 0
            and not done.stderr
            and slim.stat().st_size < path.stat().st_size
            and can_be_mapped(slim)
        ):
            shutil.copymode(path, slim)
            slim.replace(path)
        else:
            slim.unlink(missing_ok=True)


def link_twins(folder: Path) -> None:
    """Make a symbolic link of each library that is there twice with the same bytes."""
    first: dict[tuple[int, str], Path] = {}
    for path in files_of(folder):
        size = path.stat().st_size
        if size < sizes.SMALL_TWIN:
            continue
        known = first.setdefault((size, hashlib.sha256(path.read_bytes()).hexdigest()), path)
        if known is not path:
            path.unlink()
            path.symlink_to(os.path.relpath(known, path.parent))


def settle(folder: Path, epoch: int) -> None:
    """The same dates and rights everywhere, whoever builds."""
    for path in [folder, *folder.rglob("*")]:
        if path.is_symlink():
            if os.utime in os.supports_follow_symlinks:
                os.utime(path, (epoch, epoch), follow_symlinks=False)
            continue
        runs = path.is_dir() or path in {folder / "mmdesk", folder / "mmdesk-cli"} or path.name == "torch_shm_manager"
        path.chmod(0o755 if runs else 0o644)
        os.utime(path, (epoch, epoch))


def sums(out: Path, made: list[Path]) -> None:
    """Write SHA256SUMS of what was made, as ``sha256sum --check`` reads it."""
    lines = []
    for path in sorted(made):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    (out / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    started = time.monotonic()
    status = main()
    print(f"{platform.machine()}: {time.monotonic() - started:.0f} s", file=sys.stderr)  # make reads what is printed
    sys.exit(status)
