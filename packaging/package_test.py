"""Try the packages in a clean root without Python and without network: ``make package-test``, as root on Debian.

Made of a minimal system by debootstrap. The window is looked at from outside, on a virtual screen whose socket is the
only thing that reaches in. What is measured is printed and written beside the packages; nothing passes or fails by it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSION: str = runpy.run_path(str(ROOT / "mmdesk" / "version.py"))["__version__"]
USER, HOME = "analyst", "/home/analyst"
_ENTITIES = "60"
_TRAINING = ("--set", "epochs=3", "--set", "baseline=false")
_STARTS = 3
_OWN_MOUNTS = "MMDESK_PACKAGE_TEST_MOUNTS"
_ONLY_OLDER = "only-in-the-older-package.txt"


class Trial:
    """What one trial has and has found.

    Args:
        root: The clean root.
        out: Where the packages are.
        python: Of an environment with mmdesk's libraries, for what is done from source.
    """

    def __init__(self, root: Path, out: Path, python: Path) -> None:
        self.root, self.out, self.python = root, out, python
        self.found: dict[str, object] = {}
        self.display = ""

    def note(self, name: str, value: object) -> None:
        """Say and keep a finding."""
        self.found[name] = value
        print(f"{name:<44} {value}", flush=True)

    def admin(self, *words: str) -> None:
        """Run something as root in the clean root, with the network (for its packages)."""
        done = subprocess.run(
            ["chroot", str(self.root), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
             "DEBIAN_FRONTEND=noninteractive", *words], capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    def command(self, *words: str, program: str = "/usr/bin/mmdesk-cli") -> list[str]:
        """The command line that runs a program in the clean root as a plain user in a network of its own: none."""
        display = (f"DISPLAY={self.display}",) if self.display else ()
        inner = [
            "chroot", f"--userspec={USER}:{USER}", str(self.root), "env", "-i", f"HOME={HOME}", "LANG=C.UTF-8",
            "PATH=/usr/bin:/bin", f"USER={USER}", f"LOGNAME={USER}", *display, program, *words,
        ]  # fmt: skip
        return ["unshare", "--net", "--ipc", "--", *inner]

    def run(self, *words: str, program: str = "/usr/bin/mmdesk-cli") -> str:
        """Its output; an error if it fails."""
        done = subprocess.run(self.command(*words, program=program), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{words}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout

    def json(self, *words: str) -> dict[str, object]:
        """The JSON document that a command prints."""
        document: dict[str, object] = json.loads(self.run(*words, "--json"))
        return document

    def check(self, name: str, program: str) -> None:
        """Let a program look at itself, and note what it finds."""
        command = self.command("doctor", "--selftest", "--json", program=program)
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        report = json.loads(said.stdout)
        bad = [f"{one['name']}: {one['text']}" for one in report["checks"] if one["status"] == "fail"]
        steps = report["selftest"]["steps"]
        bad += [f"{one['name']}: {one['text']}" for one in steps if not one["passed"]]
        took = f"passed in {report['selftest']['seconds']} s, model {report['selftest']['model_sha256'][:12]}"
        self.note(name, f"FAIL {bad}" if bad else took)
        for step in steps:
            self.note(f"  {step['name']}", f"{step['seconds']} s  {step['text']}")

    def source(self, *words: str) -> dict[str, object]:
        """The same from source."""
        home = self.root / HOME.lstrip("/") / "of-source"
        home.mkdir(exist_ok=True)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(home)}
        done = subprocess.run(
            [str(self.python), "-m", "mmdesk", *words, "--json"],
            env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"source {words}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
        document: dict[str, object] = json.loads(done.stdout)
        return document

    def outside(self, path: str) -> Path:
        """Where a path of the clean root is for us."""
        return self.root / path.lstrip("/")


def make_root(base: Path, root: Path, mirror: str | None) -> None:
    """A fresh copy of a minimal Debian; made with debootstrap where there is none yet."""
    if not (base / "etc/debian_version").exists():
        release = subprocess.run(
            ["sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME"], capture_output=True, text=True, check=True
        ).stdout.strip()
        sites = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", f"Codename: {release}"],
            capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
        mirror = mirror or next((site for site in sites if site.startswith(("http://", "https://"))), None)
        if mirror is None:
            raise RuntimeError("apt's sources name no address that debootstrap takes; give one with --mirror")
        subprocess.run(["debootstrap", "--variant=minbase", release, str(base), mirror], check=True, stdout=2)
    if held := [line.split()[1] for line in mounts() if line.split()[1].startswith(f"{root}/")]:
        raise RuntimeError(f"still mounted, so nothing below is removed: umount --recursive {' '.join(held)}")
    if root.exists():
        shutil.rmtree(root)
    subprocess.run(["cp", "-a", str(base), str(root)], check=True)


def mounts() -> list[str]:
    """What is mounted where, a line each."""
    return Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()


@contextlib.contextmanager
def mounted(root: Path) -> Iterator[None]:
    """What the kernel gives every process, while it lasts."""
    places = [("proc", "proc", []), ("dev", "/dev", ["--rbind"])]
    done: list[Path] = []
    try:
        for place, source, options in places:
            target = root / place
            kind = [] if options else ["-t", "proc"]
            subprocess.run(["mount", *options, *kind, source, str(target)], check=True)
            done.append(target)
        yield
    finally:
        for target in reversed(done):
            subprocess.run(["umount", "--recursive", "--lazy", str(target)], check=False)


@contextlib.contextmanager
def screen(trial: Trial) -> Iterator[None]:
    """A virtual screen; its socket is bound into the clean root."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x720x24", "-nolisten", "tcp", "-ac",
         "-noreset"],  # else a client that comes just when the last one goes is sent away
        pass_fds=[writer], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writer)
    with os.fdopen(reader) as said:
        trial.display = f":{said.readline().strip()}"
    sockets = trial.outside("/tmp/.X11-unix")
    sockets.mkdir(exist_ok=True)
    subprocess.run(["mount", "--bind", "/tmp/.X11-unix", str(sockets)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(sockets)], check=False)
        server.terminate()
        server.wait()
        trial.display = ""


def forget_pages(*folders: Path) -> None:
    """Let the system forget what it keeps of these files in memory, as after a start of the computer."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                descriptor = os.open(path, os.O_RDONLY)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(descriptor)


def window_up(trial: Trial, command: Sequence[str], environment: dict[str, str], shot: Path | None = None) -> float:
    """Start a window, wait until it shows, end it; returns the seconds from start to show."""
    looking = {**os.environ, "DISPLAY": trial.display}
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        find = ["xdotool", "search", "--onlyvisible", "--class", "mmdesk"]
        while not subprocess.run(find, env=looking, capture_output=True, check=False).stdout:
            if process.poll() is not None or time.monotonic() - started > 120:
                said = process.stderr.read().decode() if process.poll() is not None and process.stderr else "no window"
                raise RuntimeError(f"{command}: {said}")
            time.sleep(0.02)
        taken = time.monotonic() - started
        if shot is not None:
            time.sleep(6)
            subprocess.run(["import", "-window", "root", str(shot)], env=looking, check=True)
        return taken
    finally:
        subprocess.run(
            ["xdotool", "search", "--class", "mmdesk", "windowkill"], env=looking, capture_output=True, check=False
        )
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        process.wait()
        if process.stderr:
            process.stderr.close()


def digest(folder: Path) -> str:
    """Of the names and bytes of all files of a folder."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(f"{path.relative_to(folder)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def timed(action: Callable[[], object]) -> float:
    """Seconds that something takes."""
    started = time.monotonic()
    action()
    return round(time.monotonic() - started, 2)


def install(trial: Trial, package: Path) -> None:
    """Install a package with what it declares, and nothing else."""
    shutil.copyfile(package, trial.outside(f"/tmp/{package.name}"))
    trial.admin("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", f"/tmp/{package.name}")
    trial.outside(f"/tmp/{package.name}").unlink()


def made_older(new: Path, work: Path) -> Path:
    """The package again as one of before: under a smaller version, with a file that the new one does not have."""
    folder, target = work / "older", work / "mmdesk_0.0.1~older_amd64.deb"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["dpkg-deb", "--raw-extract", str(new), str(folder)], check=True)
    control = folder / "DEBIAN/control"
    text = control.read_text(encoding="utf-8")
    control.write_text(text.replace(f"Version: {VERSION}\n", "Version: 0.0.1~older\n"), encoding="utf-8")
    (folder / "usr/lib/mmdesk/_internal" / _ONLY_OLDER).write_text("of before\n", encoding="utf-8")
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(folder), str(target)],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    shutil.rmtree(folder)
    return target


def try_installed(trial: Trial, old: Path) -> None:
    """Install, look for Python and network, and do the whole job."""
    trial.admin("useradd", "--create-home", USER)
    trial.admin("apt-get", "update", "--quiet")
    before = _used(trial.root)
    install(trial, old)
    after = _used(trial.root)
    trial.note("package with its dependencies, MiB", after - before)
    trial.note("installed files, MB", round(_bytes(trial.outside("/usr/lib/mmdesk")) / 1e6))
    pythons = [str(path.relative_to(trial.root)) for path in trial.outside("/usr/bin").glob("python*")]
    trial.note("Python in the clean root", pythons or "none")
    net = trial.run("-c", "cat /proc/self/net/dev | tail -n +3", program="/bin/sh")
    trial.note(
        "network interfaces of the trial", ", ".join(sorted(line.split(":")[0].strip() for line in net.splitlines()))
    )
    trial.check("self-test in the clean root", "/usr/bin/mmdesk-cli")


def make_case(do: Callable[..., dict[str, object]], data: str, case: str) -> dict[str, object]:
    """A made-up case with a trained run; returns what the training says."""
    do("synth", data, "--entities", _ENTITIES)
    do("case", "new", case)
    tables = [
        word
        for name in ("entities", "events", "interactions", "targets")
        for word in (f"--{name}", f"{data}/{name}.csv")
    ]
    do("import", "tables", case, *tables)
    do("import", "media", case, "--manifest", f"{data}/artifacts.csv")
    do("extract", case)
    return do("train", case, *_TRAINING)


def try_both_ways(trial: Trial) -> None:
    """A case of the package in the sources, and a case of the sources in the package."""
    packaged = make_case(trial.json, f"{HOME}/data", f"{HOME}/case")
    copied = trial.outside(f"{HOME}/case-for-source")
    shutil.copytree(trial.outside(f"{HOME}/case"), copied)
    again = trial.source("reproduce", str(copied), "latest")
    trial.note("run of the package, trained again from source", f"{again['verdict']}, {_same(packaged, again)}")
    place = trial.outside(f"{HOME}/source")
    place.mkdir()
    sourced = make_case(trial.source, str(place / "data"), str(place / "case"))
    subprocess.run(["chown", "-R", "1000:1000", str(place)], check=True)
    again = trial.json("reproduce", f"{HOME}/source/case", "latest")
    trial.note("run of the source, trained again by the package", f"{again['verdict']}, {_same(sourced, again)}")
    trial.note(
        "the same data, trained by both",
        "same model" if sourced["model_sha256"] == packaged["model_sha256"] else "other models",
    )


def _same(trained: dict[str, object], again: dict[str, object]) -> str:
    hashes = str(trained["model_sha256"]), str(again["reproduced_sha256"])
    return f"same hash {hashes[0][:12]}" if hashes[0] == hashes[1] else f"OTHER hash {hashes}"


def try_window(trial: Trial) -> None:
    """The window without and with a case, and how soon it is up, beside the one from source."""
    with screen(trial):
        packaged = trial.command(program="/usr/bin/mmdesk")
        source = [str(trial.python), "-m", "mmdesk"]
        environment = {
            **os.environ, "DISPLAY": trial.display, "PYTHONPATH": str(ROOT),
            "HOME": str(trial.outside(f"{HOME}/of-source")),
        }  # fmt: skip
        window_up(trial, packaged, dict(os.environ), trial.out / "window-start.png")
        shown = trial.command(f"{HOME}/case/case.mmcase", program="/usr/bin/mmdesk")
        window_up(trial, shown, dict(os.environ), trial.out / "window-case.png")
        window_up(trial, source, environment)
        both: dict[str, list[float]] = {"packaged": [], "source": []}
        for _ in range(_STARTS):  # by turns, so that what else the machine does meets both
            both["packaged"].append(window_up(trial, packaged, dict(os.environ)))
            both["source"].append(window_up(trial, source, environment))
        warm = {name: sorted(times)[_STARTS // 2] for name, times in both.items()}
        trial.note("window up, warm, package (median), s", round(warm["packaged"], 2))
        trial.note("window up, warm, source (median), s", round(warm["source"], 2))
        trial.note("window up, warm, package / source", round(warm["packaged"] / warm["source"], 2))
        cold = []
        for _ in range(_STARTS):
            forget_pages(trial.outside("/usr/lib"))
            cold.append(window_up(trial, packaged, dict(os.environ)))
        trial.note("window up, cold, package (median), s", round(sorted(cold)[_STARTS // 2], 2))


def try_menu(trial: Trial) -> None:
    """What a desktop makes of the menu entry and the type of files."""
    trial.admin(
        "apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "shared-mime-info", "desktop-file-utils"
    )
    trial.admin("desktop-file-validate", "/usr/share/applications/mmdesk.desktop")
    globs = trial.outside("/usr/share/mime/globs2").read_text(encoding="utf-8")
    trial.note("the type of case.mmcase", next((line for line in globs.splitlines() if "mmcase" in line), "FAIL: none"))
    opened = trial.outside("/usr/share/applications/mimeinfo.cache").read_text(encoding="utf-8")
    trial.note("what opens it", next((line for line in opened.splitlines() if "mmdesk" in line), "FAIL: nothing"))


def try_upgrade_and_removal(trial: Trial, new: Path) -> None:
    """Over the older package, and gone: cases and settings stay as they are."""
    mine = [trial.outside(f"{HOME}/{name}") for name in ("case", ".config", ".local")]
    before = [digest(folder) for folder in mine]
    install(trial, new)
    trial.note(
        "after the upgrade, cases and settings",
        "the same bytes" if before == [digest(one) for one in mine] else "CHANGED",
    )
    if trial.outside(f"/usr/lib/mmdesk/_internal/{_ONLY_OLDER}").exists():
        trial.note("the older package's files", "FAIL: still there")
    info = trial.json("case", "info", f"{HOME}/case")
    trial.note("the case after the upgrade", info["counts"])
    before = [digest(folder) for folder in mine]
    trial.admin("apt-get", "remove", "--purge", "--yes", "--quiet", "mmdesk")
    trial.note(
        "after the removal, cases and settings",
        "the same bytes" if before == [digest(one) for one in mine] else "CHANGED",
    )
    left = [
        place
        for place in ("/usr/lib/mmdesk", "/usr/bin/mmdesk", "/usr/share/doc/mmdesk")
        if trial.outside(place).exists()
    ]
    trial.note("left of the package", left or "nothing")


def try_archive(trial: Trial) -> None:
    """The archive, unpacked by a plain user into a folder with an inconvenient name."""
    name = f"mmdesk-{VERSION}-linux-x86_64.tar.zst"
    place = trial.outside(f"{HOME}/Eigene Programme (neu) 100%")
    place.mkdir()
    subprocess.run(
        ["tar", "--extract", "--use-compress-program=zstd --long=27 -d", "--file", str(trial.out / name),
         "--directory", str(place), "--no-same-owner"], check=True,
    )  # fmt: skip
    subprocess.run(["chown", "-R", "1000:1000", str(place)], check=True)
    inside = f"{HOME}/{place.name}/mmdesk-{VERSION}"
    trial.check("self-test of the archive, unpacked", f"{inside}/mmdesk-cli")
    trial.run(program=f"{inside}/add-to-menu.sh")
    entry = trial.outside(f"{HOME}/.local/share/applications/mmdesk.desktop").read_text(encoding="utf-8")
    trial.note("its menu entry", next(line for line in entry.splitlines() if line.startswith("Exec=")))
    with screen(trial):
        moved = f"{HOME}/{place.name}/moved"
        trial.run("-c", f"mv '{inside}' '{moved}'", program="/bin/sh")
        took = window_up(trial, trial.command(program=f"{moved}/mmdesk"), dict(os.environ))
        trial.note("window of the archive after it was moved, s", round(took, 2))


def _used(root: Path) -> int:
    """MiB on the disk, without what is mounted there."""
    said = subprocess.run(["du", "--one-file-system", "-sm", str(root)], capture_output=True, text=True, check=False)
    return int(said.stdout.split()[0])


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())


def main() -> int:
    """Try everything; returns 1 if a finding is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build", help="where the clean root is made (default: build)"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the packages are (default: dist)")
    parser.add_argument("--old", type=Path, help="an older package to upgrade from (default: this one, made older)")
    parser.add_argument(
        "--python", type=Path, default=Path(sys.executable), help="with mmdesk's libraries, for the sources"
    )
    parser.add_argument("--mirror", help="where debootstrap takes the clean root from (default: apt's first source)")
    asked = parser.parse_args()
    if os.environ.get(_OWN_MOUNTS) is None:
        # Whatever ends this, what it has mounted ends with it: nothing of the system hangs below the clean root then.
        own = ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv]
        return subprocess.run(own, env={**os.environ, _OWN_MOUNTS: "1"}, check=False).returncode
    new = asked.out / f"mmdesk_{VERSION}_amd64.deb"
    trial = Trial((asked.work / "root").resolve(), asked.out.resolve(), asked.python.absolute())
    trial.note("package, MB", round(new.stat().st_size / 1e6, 1))
    make_root(asked.work / "root-base", trial.root, asked.mirror)
    try:
        with mounted(trial.root):
            try_installed(trial, asked.old or made_older(new, asked.work))
            try_both_ways(trial)
            try_window(trial)
            try_archive(trial)
            try_menu(trial)
            try_upgrade_and_removal(trial, new)
    finally:
        (asked.out / "package-test.json").write_text(
            json.dumps(trial.found, indent=1, default=str) + "\n", encoding="utf-8"
        )
    said = json.dumps(trial.found, default=str)
    return int(any(word in said for word in ("OTHER", "CHANGED", "FAIL", "other models")))


if __name__ == "__main__":
    sys.exit(main())
