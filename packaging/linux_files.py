"""The relocatable archive for Linux: one folder that may lie anywhere and needs no administrator."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import debian

HERE = Path(__file__).resolve().parent


def archive(folder: Path, work: Path, out: Path, version: str, epoch: int, *, quick: bool) -> Path:
    """Pack the frozen folder with what puts it into a menu.

    Args:
        folder: The frozen program.
        work: For what is made on the way.
        out: Takes the archive.
        version: In its name.
        epoch: The date of every file, in seconds since 1970.
        quick: Pack loosely.
    """
    needs = debian.needs(folder)
    staged = work / "archive" / f"mmdesk-{version}"
    shutil.rmtree(staged.parent, ignore_errors=True)
    shutil.copytree(folder, staged, symlinks=True, copy_function=os.link)
    share = staged / "share"
    share.mkdir()
    for path in (HERE / "linux" / "mmdesk.desktop", HERE / "linux" / "mmdesk.xml"):
        shutil.copyfile(path, share / path.name)
    shutil.copyfile(HERE.parent / "resources" / "icons" / "mmdesk.svg", share / "mmdesk.svg")
    shutil.copyfile(HERE / "linux" / "add-to-menu.sh", staged / "add-to-menu.sh")
    (staged / "add-to-menu.sh").chmod(0o755)
    glibc = re.search(r"libc6 \(>= ([0-9.]+)\)", needs)
    text = (HERE / "linux" / "README.txt").read_text(encoding="utf-8")
    names = ", ".join(re.sub(r" \(.*?\)", "", one) for one in needs.split(", ") if not one.startswith("libc6 "))
    for word, value in (("@VERSION@", version), ("@GLIBC@", glibc[1] if glibc else "2.36"), ("@NEEDS@", names)):
        text = text.replace(word, value)
    (staged / "README.txt").write_text(text, encoding="utf-8")
    target = out / f"mmdesk-{version}-linux-x86_64.tar.zst"
    target.unlink(missing_ok=True)
    level = "-3" if quick else "-10"
    subprocess.run(
        ["tar", "--create", "--file", str(target), f"--use-compress-program=zstd {level} --long=27 -T1 -q",
         "--sort=name", "--owner=0", "--group=0", "--numeric-owner", f"--mtime=@{epoch}", "--format=gnu",
         "--directory", str(staged.parent), staged.name],
        check=True,
    )  # fmt: skip
    shutil.rmtree(staged.parent)
    return target
