"""Hostile names and contents through the import and the extraction that users run; nothing else is opened."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from mmdesk.engine.core.types import FeatureStatus
from mmdesk.engine.features import cache
from mmdesk.engine.features.extraction_pool import PoolLimits
from mmdesk.engine.features.layout import default_layout
from mmdesk.engine.services.media_imports import extract, import_media, list_artifacts
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import Artifact
from tests.engine.case_key import script
from tests.engine.features import media_samples as samples
from tests.engine.features.hostile import films, lists, pictures, texts
from tests.engine.features.hostile.bases import base
from tests.engine.services.media_cases import make_case, write

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def port() -> Iterator[int]:
    """Of a socket that must not be called."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server.getsockname()[1]
        with pytest.raises(TimeoutError):
            server.accept()


def picture(seed: int) -> bytes:
    return samples.encode(samples.picture(24, 32, seed), "PNG")


def test_names_mean_nothing(tmp_path: Path, port: int) -> None:
    folder = tmp_path / "evidence" / "a"
    folder.mkdir(parents=True)
    for number, name in enumerate(lists.NAMES):
        (Path(os.fsdecode(os.fsencode(folder) + b"/" + name))).write_bytes(picture(number))
    for number in range(3):
        write(folder / f"seq_00{number}.png", picture(100 + number))
    write(folder / "https:" / f"127.0.0.1:{port}" / "a.mp4", picture(200))
    case = make_case(tmp_path / "case", ["a"])
    report = import_media(case, [folder.parent], actor="tester")
    assert (report.artifacts, report.refused) == (len(lists.NAMES) + 4, 0)
    extracted = extract(case, 1, actor="tester")
    assert (extracted.done, extracted.failed, extracted.incomplete) == (len(lists.NAMES) + 4, 0, 0)
    rows = list_artifacts(case)
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        row.name.encode("utf-8")  # text for any database, report and screen
        assert row.content_type == "image/png"
        assert row.details["width"] == 32
    assert not list(tmp_path.rglob("owned"))


def test_a_name_of_a_megabyte_and_others_that_cannot_be(tmp_path: Path) -> None:
    write(tmp_path / "good.png", picture(0))
    names = ["x" * (1 << 20), "../good.png/", "nul\\0", "/dev/stdin", "/proc/self/mem", "/dev/zero", ".", ""]
    lines = ["entity_id,path", *(f'a,"{name}"' for name in names), "a,good.png"]
    manifest = write(tmp_path / "list.csv", "\n".join(lines).encode())
    case = make_case(tmp_path / "case", ["a"])
    report = import_media(case, manifest=manifest, actor="tester")
    assert (report.artifacts, report.refused) == (1, len(names))
    assert all(problem.reason and len(problem.path) <= 1_000 for problem in report.problems)


def test_every_hostile_kind_ends_in_a_stated_state(tmp_path: Path, port: int) -> None:
    """Through the store, with two workers: every row says what became of it, and all features are finite."""
    folder = tmp_path / "evidence" / "a"
    secret = write(tmp_path / "elsewhere" / "secret.mp4", base("mp4"))
    count = 0
    for name, text in lists.LISTS.items():
        for ending in lists.ENDINGS:
            data = lists.filled(text, port=port, file=str(secret)) + b"\n" + ending.encode()
            write(folder / f"{name}{ending}", data)
            count += 1
    chosen = {**pictures.BOMBS, **films.BOMBS, **{name: make for name, make in films.ODD.items() if "mov" in name}}
    chosen |= {name: make for name, make in texts.ODD.items() if "pdf" in name or "gzip" in name}
    for number, make in enumerate(chosen.values()):
        write(folder / f"{number}.bin", make().replace(b"{port}", str(port).encode()))
        count += 1
    case = make_case(tmp_path / "case", ["a"])
    report = import_media(case, [folder.parent], actor="tester")
    assert report.files == count
    assert report.refused == 0
    extract(case, 2, limits=PoolLimits(time_s=60), actor="tester")
    size = default_layout().size
    with Case.open(case, actor="tester") as opened, opened.read() as connection:
        for row in connection.execute(select(Artifact.__table__)):
            assert row.feature_status in {FeatureStatus.DONE, FeatureStatus.FAILED}
            assert (row.feature_status == FeatureStatus.FAILED) == bool(row.feature_error)
            if row.feature_status == FeatureStatus.DONE:
                segments = row.segments.count('"kind"')
                assert cache.load(opened.files, row.feature_key, segments, size) is not None  # all finite


ALLOWED = re.compile(
    r"/(usr|lib|lib64|etc/(ld\.so|localtime|mime|ssl/openssl\.cnf|nsswitch|passwd|fonts)|proc|sys|dev)\b"
)


_EXTRACT = """
import sys
from mmdesk.cli.main import run_command
sys.exit(run_command(["extract", sys.argv[1], "--workers", "1"]))
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_the_system_is_asked_for_no_other_file_and_no_connection(tmp_path: Path, port: int) -> None:
    folder = tmp_path / "evidence" / "a"
    secret = write(tmp_path / "elsewhere" / "secret.mp4", base("mp4"))
    for name, text in lists.LISTS.items():
        write(folder / f"{name}.mp4", lists.filled(text, port=port, file=str(secret)))
    leading = ["mov whose media are in a url", "mov whose media are in a file", "mov whose media are in an alias"]
    leading += ["mov whose media are in a resource", "mkv of linked segments", "mkv with an attachment of 20 MB"]
    made = [films.ODD[name]() for name in leading]
    made += [texts.ODD["pdf that would act"](), texts.ODD["docx with outside links"]()]
    made += [
        pictures.ODD["svg with references"](),
        base("mp4"),
        base("jpeg"),
        base("tiff"),
        base("ogg-opus"),
        base("wma"),
    ]
    for number, data in enumerate(made):
        write(folder / f"{number}.mp4", data.replace(b"{port}", str(port).encode()))
    write(folder / "seq_%03d.png", picture(1))
    case = make_case(tmp_path / "case", ["a"])
    import_media(case, [folder.parent], actor="tester")
    shutil.rmtree(folder)
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-e", "trace=open,openat,connect,execve", "-o", str(trace)]
    python, *code = script(_EXTRACT, case)
    command += [python, "-P", *code]  # else Python itself looks for modules in the working directory
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False)
    if "ptrace" in done.stderr:
        pytest.skip("this system does not let processes be traced")
    lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    assert done.returncode == 0, done.stderr
    assert not [line for line in lines if "connect(" in line and "AF_UNIX" not in line]
    assert len([line for line in lines if "execve(" in line and "python" not in line]) == 0
    own = (
        str(case),
        sys.prefix,
        sys.base_prefix,
        str(PROJECT),
        os.environ["HOME"],
        str(Path(sys.executable).resolve()),
    )
    opened = {match[1] for line in lines if (match := re.search(r'open(?:at)?\([^"]*"([^"]*)".* = \d+', line))}
    foreign = {name for name in opened if not name.startswith(own) and not ALLOWED.match(name)}
    assert not foreign
    assert str(secret) not in opened
    assert any("artifacts_store" in name for name in opened)
    assert list_artifacts(case)
