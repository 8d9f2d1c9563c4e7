"""The package for Debian, Ubuntu and their children: for the whole machine, with menu entry, file type and manual."""

from __future__ import annotations

import functools
import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

import manpage
from descriptions import package_of

HERE = Path(__file__).resolve().parent
_HOME = "usr/lib/mmdesk"
_MAINTAINER = "The mmdesk developers <mmdesk@invalid.invalid>"
_DESCRIPTION = """\
Investigate cases offline with tables and evidence files
 mmdesk learns from tables, events, links and evidence files (pictures, sound, films,
 documents) of a case, predicts with reasons that can be checked, and writes down who
 did what. Nothing leaves this computer.
"""


def package(folder: Path, work: Path, out: Path, version: str, epoch: int, *, quick: bool) -> Path:
    """Build the package with ``dpkg-deb``.

    No scripts of ours run when it is installed or removed: menus and file types follow by the triggers of the system,
    and cases and settings belong to the users and are never touched.

    Args:
        folder: The frozen program.
        work: For what is made on the way.
        out: Takes the package.
        version: Of the package.
        epoch: The date of every file, in seconds since 1970.
        quick: Pack loosely.
    """
    staged = work / "deb"
    shutil.rmtree(staged, ignore_errors=True)
    (staged / _HOME).parent.mkdir(parents=True)
    shutil.copytree(folder, staged / _HOME, symlinks=True, copy_function=os.link)
    (staged / "usr/bin").mkdir()
    for name in ("mmdesk", "mmdesk-cli"):
        (staged / "usr/bin" / name).symlink_to(f"../lib/mmdesk/{name}")
    _share(staged / "usr/share", version, epoch)
    size = sum(path.lstat().st_size for path in staged.rglob("*") if not path.is_dir())
    control = {
        "Package": "mmdesk",
        "Version": version,
        "Architecture": "amd64",
        "Maintainer": _MAINTAINER,
        "Installed-Size": str(-(-size // 1024)),
        "Depends": needs(folder),
        "Recommends": "shared-mime-info, desktop-file-utils, hicolor-icon-theme",
        "Section": "science",
        "Priority": "optional",
        "Description": _DESCRIPTION.rstrip(),
    }
    (staged / "DEBIAN").mkdir()
    text = "".join(f"{name}: {value}\n" for name, value in control.items())
    (staged / "DEBIAN/control").write_text(text, encoding="utf-8")
    # As they are read by everybody, whatever the one who builds keeps to himself.
    for path in [staged, *staged.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    for path in (staged / "usr/share").rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(0o644)
    target = out / f"mmdesk_{version}_amd64.deb"
    packing = ["-Zgzip", "-z1"] if quick else ["-Zxz", "-z6"]
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--threads-max=2", *packing, "--build", str(staged), str(target)],
        check=True, stdout=subprocess.DEVNULL, env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)},
    )  # fmt: skip
    shutil.rmtree(staged)
    return target


def _share(share: Path, version: str, epoch: int) -> None:
    """Menu entry, icon, file type, manual, and where the licences are."""
    files = {
        "applications/mmdesk.desktop": HERE / "linux" / "mmdesk.desktop",
        "mime/packages/mmdesk.xml": HERE / "linux" / "mmdesk.xml",
        "icons/hicolor/scalable/apps/mmdesk.svg": HERE.parent / "resources" / "icons" / "mmdesk.svg",
    }
    for place, source in files.items():
        (share / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, share / place)
        (share / place).chmod(0o644)
    manual = share / "man/man1"
    manual.mkdir(parents=True)
    with (manual / "mmdesk.1.gz").open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=epoch) as file:
        file.write(manpage.page(version, epoch).encode())
    (manual / "mmdesk-cli.1.gz").symlink_to("mmdesk.1.gz")
    documents = share / "doc/mmdesk"
    documents.mkdir(parents=True)
    with (documents / "changelog.gz").open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=epoch) as file:
        file.write((HERE / "CHANGELOG.md").read_bytes())
    (documents / "copyright").write_text(
        "Everything that mmdesk is made of, with the texts of the licences: About in the window, and the files\n"
        f"/{_HOME}/_internal/*.dist-info/licenses/, /{_HOME}/_internal/licences/ and\n"
        f"/{_HOME}/_internal/licences/sbom.cdx.json (CycloneDX).\n",
        encoding="utf-8",
    )


@functools.cache
def needs(folder: Path) -> str:
    """What the programs and libraries want from the system, in the words of a package: ``libc6 (>= 2.36), ...``.

    The least version of a package is asked for where its list of symbols tells it.

    Raises:
        RuntimeError: A library is wanted that is neither in the bundle nor on this system.
    """
    inside = {path.name for path in folder.rglob("*") if path.is_file()}  # not what links to nothing
    wanted: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and is_elf(path):
            for library, versions in _wanted_by(path).items():
                if library not in inside:
                    wanted.setdefault(library, set()).update(versions)
    places = _libraries()
    if missing := sorted(set(wanted) - set(places)):
        raise RuntimeError(f"wanted, but neither in the bundle nor on this system: {', '.join(missing)}")
    least: dict[str, list[str]] = {}
    for library, versions in wanted.items():
        package = package_of(places[library])
        known = _symbol_versions(package)
        least.setdefault(package, []).extend(known[version] for version in versions if version in known)
    least["xkb-data"] = []  # the keyboards' layouts, which the bundled libxkbcommon reads
    found = ((package, max(versions, key=_order)) if versions else (package, "") for package, versions in least.items())
    return ", ".join(f"{package} (>= {version})" if version else package for package, version in sorted(found))


def is_elf(path: Path) -> bool:
    """Whether this is a program or a library of Linux."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _wanted_by(path: Path) -> dict[str, set[str]]:
    """The libraries that a program or library names, each with the versions of symbols that it wants of it."""
    said = subprocess.run(
        ["readelf", "--dynamic", "--version-info", "--wide", str(path)], capture_output=True, text=True, check=True
    ).stdout
    wanted: dict[str, set[str]] = {name: set() for name in re.findall(r"\(NEEDED\).*\[(.+)\]", said)}
    library = ""
    for line in said.partition("Version needs section")[2].splitlines():
        if file := re.search(r"File: (\S+)", line):
            library = file[1]
        elif (name := re.search(r"Name: (\S+)", line)) and library in wanted:
            wanted[library].add(name[1])
    return wanted


def _libraries() -> dict[str, Path]:
    """Name -> where it is, of all libraries that this system's loader knows."""
    said = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^\s+(\S+) \(libc6,x86-64.*\) => (\S+)$", said, re.MULTILINE)
    loader = {"ld-linux-x86-64.so.2": Path("/lib64/ld-linux-x86-64.so.2")}
    return {name: Path(path) for name, path in reversed(found)} | loader


def _symbol_versions(package: str) -> dict[str, str]:
    """Version of symbols -> version of the package that has it first, as the package itself lists it."""
    list_of = Path("/var/lib/dpkg/info") / f"{package}:amd64.symbols"
    if not list_of.exists():
        return {}
    return dict(re.findall(r"^ (\S+)@\1 (\S+)", list_of.read_text(encoding="utf-8"), re.MULTILINE))


def _order(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
