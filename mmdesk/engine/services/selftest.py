"""The whole job on a tiny case in a temporary folder: does every part of this installation do its work."""

from __future__ import annotations

import csv
import gzip
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mmdesk.engine.core.errors import MmdeskError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobCancelled, JobContext
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import Verdict, current_actor

logger = logging.getLogger(__name__)

_ENTITIES = 50
_MADE_UP = 24
"""Of the made-up evidence files; they come sorted by kind, photos first."""
_SETTINGS = {"epochs": 2, "batch_size": 32}


@dataclass(frozen=True)
class SelfTestStep:
    """One step: whether it did what it has to, how long it took, and what came of it or what went wrong."""

    name: str
    passed: bool
    seconds: float
    text: str


@dataclass(frozen=True)
class SelfTestReport:
    """All steps up to the first that failed, since each needs the one before; ``passed`` when none did."""

    passed: bool
    seconds: float
    model_sha256: str | None
    steps: tuple[SelfTestStep, ...]


class _WrongError(Exception):
    """A step ended, but not with what it has to end with."""


@dataclass
class _Work:
    """What the steps hand on."""

    place: Path
    actor: str
    run_id: str = ""
    model_sha256: str | None = None
    kinds: dict[str, str] = field(default_factory=dict)
    """Name of an evidence file -> its Internet media type."""
    case_ids: list[str] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.place / "data"

    @property
    def case(self) -> Path:
        return self.place / "case"


Step = Callable[[_Work, JobContext], str]


def self_test(*, ctx: JobContext = NULL_CONTEXT) -> SelfTestReport:
    """Make a case, import, extract with every decoder, train, reproduce, explain, verify the audit log.

    Each step publishes a ``step`` event with its text. Nothing is left behind.

    Args:
        ctx: Progress and cancelling.
    """
    started = time.monotonic()
    done: list[SelfTestStep] = []
    with tempfile.TemporaryDirectory(prefix="mmdesk-selftest-", ignore_cleanup_errors=True) as place:
        work = _Work(Path(place), current_actor())
        try:
            for number, (name, step) in enumerate(_STEPS.items()):
                ctx.check_cancelled()
                ctx.progress(number, len(_STEPS), f"Self-test: {name}")
                done.append(_tried(name, step, work, ctx))
                if not done[-1].passed:
                    break
        finally:
            _forget(work)
    return SelfTestReport(
        all(step.passed for step in done), round(time.monotonic() - started, 1), work.model_sha256, tuple(done)
    )


def _tried(name: str, step: Step, work: _Work, ctx: JobContext) -> SelfTestStep:
    started = time.monotonic()
    passed = False
    try:
        text = step(work, ctx.part(0, 0))
        passed = True
    except JobCancelled:
        raise
    except MmdeskError as error:
        text = f"{error.message} {error.hint}"
    except _WrongError as error:
        text = str(error)
    except Exception as error:  # whatever a library raises is the finding; the log has where
        logger.exception("self-test: %s", name)
        text = f"{type(error).__name__}: {error}"
    seconds = round(time.monotonic() - started, 1)
    line = f"{'ok' if passed else 'fail':<5} {name:<10} {seconds:6.1f} s  {text}"
    ctx.publish({"event": "step", "step": name, "seconds": seconds, "text": line})
    return SelfTestStep(name, passed, seconds, text)


def _forget(work: _Work) -> None:
    from mmdesk.engine.security import anchor

    for case_id in work.case_ids:
        anchor.forget(case_id)


def _data(work: _Work, ctx: JobContext) -> str:
    """Made-up tables, each in another kind of file, and one evidence file for each decoder."""
    import pyarrow.csv
    import pyarrow.parquet

    from mmdesk.engine.dataset.synth_data import make_synth
    from mmdesk.engine.services.selftest_files import sample_files, workbook

    made = make_synth(work.data, _ENTITIES, ctx=ctx)
    with (work.data / "entities.csv").open(encoding="utf-8", newline="") as file:
        (work.data / "entities.xlsx").write_bytes(workbook(list(csv.reader(file))))
    (work.data / "events.csv.gz").write_bytes(gzip.compress((work.data / "events.csv").read_bytes()))
    rows = pyarrow.csv.read_csv(work.data / "interactions.csv")
    pyarrow.parquet.write_table(rows, work.data / "interactions.parquet")
    folder = work.data / "decoders"
    folder.mkdir()
    for sample in sample_files():
        (folder / sample.name).write_bytes(sample.data)
        work.kinds[sample.name] = sample.content_type
    return f"{counted(made.entities, 'entity', 'entities')}, {counted(len(work.kinds), 'format')} of evidence files"


def _new_case(work: _Work, _ctx: JobContext) -> str:
    from mmdesk.engine.services.cases import new_case

    info = new_case(work.case, name="Self-test", actor=work.actor)
    work.case_ids.append(info.case_id)
    return f"format {info.format_version}"


def _encrypted(work: _Work, _ctx: JobContext) -> str:
    """A case of its own whose database is nothing to read without its key."""
    import secrets

    from mmdesk.engine.store import keys
    from mmdesk.engine.store.case import Case

    folder, key = work.place / "encrypted", secrets.token_bytes(32)
    with Case.create(folder, actor=work.actor, key=key) as case:
        case_id = case.file.case_id
        work.case_ids.append(case_id)
    keys.forget(case_id)
    if any(path.read_bytes()[:15] == b"SQLite format 3" for path in folder.glob("case.db*")):
        raise _WrongError("The database of an encrypted case can be read without its key.")
    with Case.open(folder, actor=work.actor, key=key) as case, case.read() as connection:
        cipher = connection.exec_driver_sql("PRAGMA cipher_version").scalar()
    if not cipher:
        raise _WrongError("SQLCipher is not what opened the database.")
    return f"SQLCipher {cipher}"


def _tables(work: _Work, ctx: JobContext) -> str:
    from mmdesk.engine.services.table_imports import TableFiles, import_tables

    names = ("entities.xlsx", "events.csv.gz", "interactions.parquet", "targets.csv")
    files = TableFiles(*(work.data / name for name in names))
    report = import_tables(work.case, files, actor=work.actor, ctx=ctx)
    for table in report.tables:
        with (work.data / f"{table.table}.csv").open(encoding="utf-8", newline="") as file:
            wanted = sum(1 for _ in csv.reader(file)) - 1
        if table.inserted != wanted:
            raise _WrongError(f"{table.inserted} of {wanted} rows of {table.file} were imported.")
    return ", ".join(f"{counted(table.inserted, 'row')} of {table.file}" for table in report.tables)


def _media(work: _Work, ctx: JobContext) -> str:
    """Some of the made-up files by their list, and those for the decoders as the first entity's."""
    from mmdesk.engine.services.media_imports import import_media

    with (work.data / "entities.csv").open(encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))["entity_id"]
    lines = (work.data / "artifacts.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    added = [f"{first},decoders/{name},\n" for name in work.kinds]
    manifest = work.data / "some_artifacts.csv"
    manifest.write_text("".join(lines[: _MADE_UP + 1] + added), encoding="utf-8")
    report = import_media(work.case, manifest=manifest, actor=work.actor, ctx=ctx)
    return f"{counted(report.files, 'file')}: {report.artifacts} new, {report.duplicates} shared"


def _extract(work: _Work, ctx: JobContext) -> str:
    from mmdesk.engine.services.media_imports import extract, list_artifacts

    report = extract(work.case, actor=work.actor, ctx=ctx)
    if report.problems:
        raise _WrongError("; ".join(f"{problem.name}: {problem.reason}" for problem in report.problems))
    found = {Path(row.name).name: row for row in list_artifacts(work.case)}
    for name, kind in work.kinds.items():
        row = found[name]
        if row.content_type != kind or row.incomplete or not row.segments:
            raise _WrongError(f"{name} was read as {row.content_type} with {row.segments} parts instead of as {kind}.")
    return f"{counted(report.done, 'file has', 'files have')} features, among them one of each format"


def _train(work: _Work, ctx: JobContext) -> str:
    from mmdesk.engine.services.runs import train

    trained = train(work.case, _SETTINGS, actor=work.actor, ctx=ctx)
    work.run_id, work.model_sha256 = trained.run_id, trained.model_sha256
    return f"model {trained.model_sha256[:12]}"


def _reproduce(work: _Work, ctx: JobContext) -> str:
    from mmdesk.engine.services.runs import reproduce

    again = reproduce(work.case, work.run_id, actor=work.actor, ctx=ctx)
    if again.verdict is not Verdict.IDENTICAL or again.reproduced_sha256 != work.model_sha256:
        raise _WrongError(f"{again.verdict}: {again.text}")
    return f"{again.verdict}: {again.text}"


def _explain(work: _Work, ctx: JobContext) -> str:
    from mmdesk.engine.services.explanations import explain, page

    with (work.data / "targets.csv").open(encoding="utf-8", newline="") as file:
        entity = next(csv.DictReader(file))["entity_id"]
    explanation = explain(work.case, work.run_id, entity, actor=work.actor, ctx=ctx)
    size = len(page(work.case, explanation))
    return f"{entity}: {explanation.sentence} (a page of {size >> 10} KB)"


def _audit(work: _Work, ctx: JobContext) -> str:
    from mmdesk.engine.services.audit import verify_audit

    report = verify_audit(work.case, ctx=ctx)
    if not report.verified:
        raise _WrongError("; ".join(problem.text for problem in report.problems))
    return f"{counted(report.entries, 'entry', 'entries')}, unbroken"


def _backup(work: _Work, ctx: JobContext) -> str:
    """A backup, the case's database gone, and the case back again."""
    from mmdesk.engine.services.cases import backup_case, case_info, restore_case

    before = case_info(work.case)
    backup_case(work.case, ctx=ctx)
    for path in work.case.glob("case.db*"):
        path.unlink()
    restore_case(work.case, actor=work.actor, ctx=ctx)
    after = case_info(work.case)
    if before.counts != after.counts:
        raise _WrongError(f"The backup gave back {after.counts} instead of {before.counts}.")
    return "restored after the database was gone"


_STEPS: dict[str, Step] = {
    "data": _data,
    "case": _new_case,
    "encrypted": _encrypted,
    "tables": _tables,
    "media": _media,
    "extract": _extract,
    "train": _train,
    "reproduce": _reproduce,
    "explain": _explain,
    "audit": _audit,
    "backup": _backup,
}
