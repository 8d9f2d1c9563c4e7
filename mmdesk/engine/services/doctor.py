"""Is everything on this machine in working order: versions, libraries, memory, disk, database."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from types import ModuleType

import psutil

from mmdesk.engine.core.errors import MmdeskError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.logs import log_folder
from mmdesk.engine.core.types import CheckStatus, current_actor
from mmdesk.engine.services.selftest import SelfTestReport
from mmdesk.version import __version__

LIBRARIES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "pandas": "pandas",
    "pyarrow": "pyarrow",
    "python-calamine": "python_calamine",
    "chardet": "chardet",
    "scikit-learn": "sklearn",
    "torch": "torch",
    "captum": "captum.attr",
    "opencv-python-headless": "cv2",
    "av": "av",
    "soundfile": "soundfile",
    "soxr": "soxr",
    "SQLAlchemy": "sqlalchemy",
    "alembic": "alembic",
    "sqlcipher3": "sqlcipher3.dbapi2",
    "psycopg": "psycopg",
    "orjson": "orjson",
    "pydantic": "pydantic",
    "pebble": "pebble",
}
"""Distribution -> the module that has to load."""
_PLAYING = "PySide6.QtMultimedia"
WINDOW_LIBRARIES = {"PySide6-Essentials": "PySide6.QtWidgets", "pyqtgraph": "pyqtgraph", "PySide6-Addons": _PLAYING}
"""As :data:`LIBRARIES`, needed by the window only."""

_ANEW = "Install mmdesk anew." if getattr(sys, "frozen", False) else "Install it anew: make setup."
_PROBE_TIMEOUT_S = 120.0
_LOW_DISK_BYTES, _NO_DISK_BYTES = 5 * 10**9, 5 * 10**8
_LOW_MEMORY_BYTES = 10**9
_PYTHON = (3, 11)


@dataclass(frozen=True)
class Check:
    """One line of the doctor: what was looked at, how it is, what was found, and what to do about it."""

    name: str
    status: CheckStatus
    text: str
    hint: str = ""


@dataclass(frozen=True)
class DoctorReport:
    """All checks, and the self-test if it was asked for; ``healthy`` when nothing failed."""

    healthy: bool
    checks: tuple[Check, ...]
    selftest: SelfTestReport | None = None


def examine(
    folder: Path | None = None,
    *,
    database_url: str | None = None,
    selftest: SelfTestReport | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> DoctorReport:
    """Look at everything the program needs.

    Args:
        folder: Also at this case: does it open, is its database sound.
        database_url: Also at this PostgreSQL server: can it be reached, may a case be made there.
        selftest: What :func:`mmdesk.engine.services.selftest.self_test` found, to be judged with the rest.
        ctx: Progress and cancelling.
    """
    steps: list[tuple[str, Callable[[], Iterator[Check]]]] = [
        ("system", _system),
        ("disk", lambda: _disk(folder)),
        ("libraries", _libraries),
        ("database", _local_database),
    ]
    if database_url is not None:
        steps.append(("server", lambda: _server(database_url)))
    if folder is not None:
        steps.append(("case", lambda: _case(folder)))
    checks: list[Check] = []
    for done, (name, step) in enumerate(steps):
        ctx.check_cancelled()
        ctx.progress(done, len(steps), f"Looking at the {name}")
        checks.extend(step())
    healthy = all(check.status is not CheckStatus.FAIL for check in checks)
    return DoctorReport(healthy and (selftest is None or selftest.passed), tuple(checks), selftest)


def _system() -> Iterator[Check]:
    yield Check("mmdesk", CheckStatus.OK, f"{__version__} on {platform.platform()}")
    version = platform.python_version()
    if sys.version_info[:2] >= _PYTHON:
        yield Check("Python", CheckStatus.OK, version)
    else:
        yield Check("Python", CheckStatus.FAIL, version, "Install Python 3.11 or newer.")
    memory = psutil.virtual_memory()
    text = f"{memory.available / 1e9:.1f} GB free of {memory.total / 1e9:.1f} GB, {psutil.cpu_count() or 1} processors"
    if memory.available < _LOW_MEMORY_BYTES:
        yield Check("memory", CheckStatus.WARN, text, "Close other programs before working on a large case.")
    else:
        yield Check("memory", CheckStatus.OK, text)


def _disk(folder: Path | None) -> Iterator[Check]:
    places = {"disk (case)": folder or Path.cwd(), "disk (temporary files)": Path(tempfile.gettempdir())}
    for name, place in places.items():
        try:
            free = shutil.disk_usage(place).free
        except OSError as error:
            yield Check(name, CheckStatus.FAIL, f"{place}: {error.strerror}", "Check that the disk is connected.")
            continue
        text = f"{free / 1e9:.1f} GB free at {place}"
        if free < _NO_DISK_BYTES:
            yield Check(name, CheckStatus.FAIL, text, "Free some space or choose another disk.")
        elif free < _LOW_DISK_BYTES:
            yield Check(name, CheckStatus.WARN, text, "A case with media can need more; free some space.")
        else:
            yield Check(name, CheckStatus.OK, text)
    yield _log_check()


def _log_check() -> Check:
    place = log_folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return Check("log", CheckStatus.OK, str(place))
    except OSError as error:
        return Check("log", CheckStatus.WARN, f"{place}: {error.strerror}", "Without it a crash leaves no trace.")


def _libraries() -> Iterator[Check]:
    """Load every library in a process of its own: a broken one can crash, and none should stay in this one."""
    answers = _probe({**LIBRARIES, **WINDOW_LIBRARIES})
    for name in LIBRARIES:
        yield _library_check(name, answers.get(name, "its process ended"), _ANEW)
    hint = (
        "The command line works without it. For the window install the system's libraries (on Debian: libegl1 libgl1"
        " libxkbcommon0 libdbus-1-3 libfontconfig1 libxcb-cursor0), or run make setup again."
    )
    for name in WINDOW_LIBRARIES:
        yield _library_check(name, answers.get(name, "its process ended"), hint)


def _library_check(name: str, problem: str | None, hint: str) -> Check:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:  # in a frozen program
        version = "bundled"
    if problem is not None:
        return Check(name, CheckStatus.FAIL, f"{version} does not load: {problem}", hint)
    return Check(name, CheckStatus.OK, version)


def _probe(modules: dict[str, str]) -> dict[str, str | None]:
    """Distribution -> ``None`` if its module loads, else why not; missing where the process died before."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_load_all, args=(modules, sender), daemon=True)
    process.start()
    sender.close()
    answers: dict[str, str | None] = {}
    try:
        while len(answers) < len(modules) and receiver.poll(_PROBE_TIMEOUT_S):
            name, problem = receiver.recv()
            answers[name] = problem
    except EOFError:
        pass  # the process died; what it did not answer for is reported as that
    finally:
        receiver.close()
        process.join(5)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()
    return answers


def _load_all(modules: dict[str, str], sender: Pipe) -> None:
    os.environ["QT_LOGGING_RULES"] = "qt.multimedia.*=false"  # it tells of each accelerator that it goes without
    for name, module in modules.items():
        try:
            loaded = importlib.import_module(module)
            if module == _PLAYING:
                _require_player(loaded)
        except Exception as error:  # noqa: BLE001 - whatever a library's loading raises is the finding
            sender.send((name, f"{type(error).__name__}: {error}"))
        else:
            sender.send((name, None))
    sender.close()


def _require_player(multimedia: ModuleType) -> None:
    """What plays sound and film is a plugin with libraries of its own, and missed only once something is played."""
    if sys.platform == "linux":
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = importlib.import_module("PySide6.QtGui").QGuiApplication([])
    if not multimedia.QMediaPlayer().isAvailable():
        raise RuntimeError("nothing that plays sound and film")
    del application


def _local_database() -> Iterator[Check]:
    """Make a case in a temporary folder, write and read."""
    from mmdesk.engine.store.case import Case

    try:
        with (
            tempfile.TemporaryDirectory(prefix="mmdesk-") as place,
            Case.create(Path(place) / "case", actor=current_actor()) as case,
        ):
            with case.write("doctor.try", "case"):
                pass
            with case.read() as connection:
                version = connection.exec_driver_sql("SELECT sqlite_version()").scalar()
                mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        yield Check("local database", CheckStatus.OK, f"SQLite {version}, journal {mode}")
    except MmdeskError as error:
        yield Check("local database", CheckStatus.FAIL, error.message, error.hint)


def _server(address: str) -> Iterator[Check]:
    """One line for the server: the step that failed, or what it is."""
    from mmdesk.engine.store.server import Step, attempt

    found = {tried.step: tried for tried in attempt(address)}
    last = next(reversed(found.values()))
    if last.step is Step.RIGHTS:
        text = " ".join(found[step].text for step in (Step.VERSION, Step.ENCRYPTION, Step.RIGHTS))
        # Who may make no case can still work in those of others.
        status = CheckStatus.OK if last.status is CheckStatus.OK else CheckStatus.WARN
        yield Check("PostgreSQL", status, text, last.hint)
    else:
        yield Check("PostgreSQL", last.status, f"{last.step.value}: {last.text}", last.hint)


def _case(folder: Path) -> Iterator[Check]:
    from mmdesk.engine.store.case import Case

    try:
        with Case.open(folder, actor=current_actor()) as case, case.read() as connection:
            answer = "ok"
            if case.file.is_sqlite:
                answer = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
            text = f"{case.file.name}, format {case.file.format_version}"
            plain = list(case.files.unencrypted())
    except MmdeskError as error:
        yield Check("case", CheckStatus.FAIL, error.message, error.hint)
        return
    if answer == "ok":
        yield Check("case", CheckStatus.OK, text)
    else:
        hint = "Restore the newest backup: mmdesk case restore."
        yield Check("case", CheckStatus.FAIL, f"{text}: the database is damaged", hint)
    if plain:
        found = f"{len(plain):,} files of the encrypted case are not encrypted, the first {plain[0]}"
        hint = "An earlier version of mmdesk wrote them. The next training of the case encrypts them (mmdesk train)."
        yield Check("encryption", CheckStatus.WARN, found, hint)
