"""Training, and what a case knows of its trainings. PyTorch is loaded where it is used, never by importing this."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdesk.engine.core.errors import DataError, ModelError, UsageError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.plain import flattened
from mmdesk.engine.core.times import now_us
from mmdesk.engine.core.types import RunStatus, Verdict, current_actor
from mmdesk.engine.store.case import Case

if TYPE_CHECKING:
    from mmdesk.engine.services.certificates import Certificate
    from mmdesk.engine.training.checks import Finding
    from mmdesk.engine.training.config import ConfigField
    from mmdesk.engine.training.expected_time import Estimate
    from mmdesk.engine.training.records import RunRecord

_READING = 0.04
"""Share of the progress that reading and freezing the data takes."""
_LONGEST_NAME = 200


@dataclass(frozen=True)
class TrainResult:
    """How a training ended.

    Attributes:
        run_id: Of the run. ``name``: for people. ``folder``: where its files are.
        model_sha256: Of ``model.pt``; of the new attempt with ``force``.
        status: Always done; everything else is an exception.
        existing: The run was there already and was left as it was.
        metrics: As in metrics.json.
        notes: What is worth knowing of the data, each with what to do about it; files left out, for instance.
    """

    run_id: str
    model_sha256: str
    status: RunStatus
    existing: bool
    metrics: dict[str, Any]
    name: str
    folder: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunRow:
    """A run in the list; times in microseconds since 1970 UTC."""

    run_id: str
    name: str
    status: RunStatus
    created_us: int
    finished_us: int | None
    metrics: dict[str, Any]
    config: dict[str, Any]
    model_sha256: str | None
    data_sha256: str
    deleted_us: int | None
    error: str | None
    actor: str


@dataclass(frozen=True)
class RunPage:
    """Everything about one run.

    Attributes:
        row: Its row in the list. ``history``: one document per epoch.
        environment: environment.json. ``manifest``: data_manifest.json; empty where the file is not here.
        card: The model card, Markdown; empty while it is being trained and for runs of versions without cards.
        evaluation: evaluation.json; empty likewise. ``certificates``: of its verifications, newest first.
    """

    row: RunRow
    history: tuple[dict[str, Any], ...]
    environment: dict[str, Any]
    manifest: dict[str, Any]
    card: str = ""
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    certificates: tuple[Certificate, ...] = ()


@dataclass(frozen=True)
class ComparedRow:
    """One setting or measure of several runs; ``differs``: not the same in all of them."""

    key: str
    values: tuple[Any, ...]
    differs: bool


@dataclass(frozen=True)
class Comparison:
    """Runs side by side, in the order asked; ``histories``: of each, one document per epoch, as far as it is here."""

    runs: tuple[RunRow, ...]
    rows: tuple[ComparedRow, ...]
    histories: tuple[tuple[dict[str, Any], ...], ...] = ()


@dataclass(frozen=True)
class Reproduction:
    """The verdict on a run: ``text`` says it in words, ``details`` hold what it rests on, the certificate all of it."""

    verdict: Verdict
    run_id: str
    model_sha256: str | None
    reproduced_sha256: str | None
    details: dict[str, Any]
    text: str
    certificate: Certificate


def default_config() -> dict[str, Any]:
    """Every setting at its default, nested as in config.json."""
    from mmdesk.engine.training.config import TrainingConfig

    return TrainingConfig().document()


def config_fields() -> tuple[ConfigField, ...]:
    """Every setting with its meaning, range and default."""
    from mmdesk.engine.training.config import FIELDS

    return FIELDS


def check_training(
    folder: Path,
    config: Mapping[str, object] | None = None,
    *,
    actor: str | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> tuple[Finding, ...]:
    """What is to be known before training, errors first; nothing is written.

    Raises:
        UsageError: A setting is not possible.
    """
    from mmdesk.engine.dataset.reading import read_case
    from mmdesk.engine.training.checks import find_problems
    from mmdesk.engine.training.config import TrainingConfig

    settings = TrainingConfig(config)
    with Case.open(folder, actor=actor or current_actor()) as case:
        return find_problems(read_case(case, ctx=ctx), settings)


def estimate_training(
    folder: Path,
    config: Mapping[str, object] | None = None,
    *,
    actor: str | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> Estimate | None:
    """How long a training will take here, from a few steps of it that are timed; None where nothing can be trained.

    Raises:
        UsageError: A setting is not possible.
    """
    from mmdesk.engine.dataset.reading import read_case
    from mmdesk.engine.training.checks import ERROR, find_problems
    from mmdesk.engine.training.config import TrainingConfig
    from mmdesk.engine.training.estimate import estimate

    settings = TrainingConfig(config)
    with Case.open(folder, actor=actor or current_actor()) as case:
        data = read_case(case, ctx=ctx.part(0, 0.5))
        if any(finding.severity == ERROR for finding in find_problems(data, settings)):
            return None
        return estimate(data, settings, ctx=ctx.part(0.5, 1))


def train(
    folder: Path,
    config: Mapping[str, object] | None = None,
    *,
    name: str | None = None,
    force: bool = False,
    actor: str,
    ctx: JobContext = NULL_CONTEXT,
) -> TrainResult:
    """Train a run on the case as it is now.

    The same settings, data, features and code are the same run: one that is done is returned untouched (taken out of
    the trash if it was there), one that was interrupted, cancelled or failed goes on where it stood. Other people may
    work on the case while the epochs run; it is only written to at the start and at the end.

    Args:
        folder: The case.
        config: Settings that differ from the defaults, nested or dotted; see :func:`config_fields`.
        name: For people; ``run 1``, ``run 2``, ... if not given.
        force: Train a finished run anew, under ``attempts/``; its record stays as it is, and so do its files, but for
            files that are gone or altered: they are put back if the new model is the same.
        actor: Who.
        ctx: Told the progress, every epoch and the baseline; asked for cancellation after every step.

    Raises:
        UsageError: A setting is not possible.
        DataError: Nothing to learn from (``train.no_labels``, ...), or being trained already (``train.running``).
        JobCancelled: As asked; the state is kept, training again goes on from it.
    """
    from mmdesk.engine.core.memory import give_back
    from mmdesk.engine.dataset.reading import read_case
    from mmdesk.engine.dataset.snapshot import take_snapshot
    from mmdesk.engine.training import records
    from mmdesk.engine.training.checks import find_problems, require_trainable
    from mmdesk.engine.training.config import TrainingConfig
    from mmdesk.engine.training.sessions import train_record

    settings = TrainingConfig(config)
    with Case.open(folder, actor=actor) as case:
        data = read_case(case, ctx=ctx.part(0, _READING / 2))
        findings = find_problems(data, settings)
        require_trainable(findings)
        notes = tuple(f"{finding.text} {finding.hint}".strip() for finding in findings)
        for finding, note in zip(findings, notes, strict=True):
            ctx.publish({"event": "finding", "severity": finding.severity, "text": f"Note: {note}"})
        case.files.encrypt_older()
        snapshot = take_snapshot(case.files, data, ctx=ctx.part(_READING / 2, _READING))
        document = records.config_document(settings)
        run_id = records.run_id_of(document, snapshot.data_sha256, data.feature_version, data.feature_names)
        known = records.find(case, run_id)
        title = name or (known.name if known else _next_name(case))
    if known is not None and known.status is RunStatus.DONE:
        found = _existing(folder, known, force=force, actor=actor, ctx=ctx)
        return replace(found, notes=notes)
    record = records.RunRecord(
        run_id=run_id,
        name=title,
        status=RunStatus.RUNNING,
        config=document,
        metrics={},
        data_sha256=snapshot.data_sha256,
        feature_version=data.feature_version,
        model_sha256=None,
        error=None,
        actor=actor,
        created_us=known.created_us if known else now_us(),
        finished_us=None,
        deleted_us=None,
    )
    del data
    give_back()  # the process that trains reads the snapshot itself
    metrics, path = train_record(folder, record, actor=actor, ctx=ctx.part(_READING, 1))
    return replace(_result(record, str(metrics["model_sha256"]), metrics, path, existing=False), notes=notes)


def _next_name(case: Case) -> str:
    from mmdesk.engine.training import records

    taken = {run.name for deleted in (False, True) for run in records.all_runs(case, deleted=deleted)}
    number = len(taken) + 1
    while f"run {number}" in taken:
        number += 1
    return f"run {number}"


def _existing(folder: Path, record: RunRecord, *, force: bool, actor: str, ctx: JobContext) -> TrainResult:
    """A run that is done already: as it is, or trained anew beside itself."""
    from mmdesk.engine.training import records
    from mmdesk.engine.training.sessions import train_attempt

    if record.deleted_us is not None:
        with records.writing(folder, actor) as case:
            records.set_deleted(case, record.run_id, deleted=False)
    if force:
        metrics, path = train_attempt(folder, record, actor=actor, ctx=ctx)
        records.repair(folder, record, f"{record.folder}/attempts/{Path(path).name}", actor=actor)
        return _result(record, str(metrics["model_sha256"]), metrics, path, existing=False)
    with Case.open(folder, actor=actor) as case:
        path = str(case.files.path(record.folder))
        if records.whole(case, record.run_id) is None:
            raise ModelError(
                f"The run {record.name} is done, but its model is not here or not what was trained.",
                "Restore the case folder from a backup, or train it anew with --force.",
                code="model.altered",
                details={"run": record.run_id},
            )
    return _result(record, record.model_sha256, record.metrics, path, existing=True)


def _result(
    record: RunRecord, model_sha256: str | None, metrics: dict[str, Any], path: str, *, existing: bool
) -> TrainResult:
    return TrainResult(
        run_id=record.run_id,
        model_sha256=model_sha256 or "",
        status=RunStatus.DONE,
        existing=existing,
        metrics=metrics,
        name=record.name,
        folder=path,
    )


def as_row(record: RunRecord) -> RunRow:
    """A run as it stands in a list."""
    return RunRow(**{name: getattr(record, name) for name in RunRow.__dataclass_fields__})


def list_runs(folder: Path, deleted: bool = False, *, actor: str | None = None) -> tuple[RunRow, ...]:
    """The runs of a case, newest first; those in the trash with ``deleted``."""
    from mmdesk.engine.training import records

    with Case.open(folder, actor=actor or current_actor()) as case:
        return tuple(as_row(record) for record in records.all_runs(case, deleted=deleted))


def resolve_run(folder: Path, text: str, *, deleted: bool = False, actor: str | None = None) -> str:
    """The id of the run that ``text`` means: a unique beginning of it, a name, or ``latest``.

    Raises:
        DataError: None such (``run.unknown``), or several (``run.ambiguous``).
    """
    from mmdesk.engine.training import records

    with Case.open(folder, actor=actor or current_actor()) as case:
        return records.resolve(case, text, deleted=deleted).run_id


def show_run(folder: Path, run: str, *, deleted: bool = False, actor: str | None = None) -> RunPage:
    """Everything about one run, or with ``deleted`` one in the trash; works while it is being trained too.

    Raises:
        DataError: No such run.
    """
    from mmdesk.engine.services import certificates
    from mmdesk.engine.training import records

    with Case.open(folder, actor=actor or current_actor()) as case:
        record = records.resolve(case, run, deleted=deleted)

        files = case.files
        return RunPage(
            row=as_row(record),
            history=_history(case, record.folder),
            environment=files.document(f"{record.folder}/environment.json"),
            manifest=files.document(f"{record.folder}/data_manifest.json"),
            card=files.text(f"{record.folder}/model_card.md"),
            evaluation=files.document(f"{record.folder}/evaluation.json"),
            certificates=certificates.kept(files, record.folder),
        )


def compare_runs(folder: Path, runs: Sequence[str], *, actor: str | None = None) -> Comparison:
    """Settings and measures of several runs side by side.

    Raises:
        DataError: One of them does not exist.
    """
    from mmdesk.engine.training import records

    with Case.open(folder, actor=actor or current_actor()) as case:
        found = [records.resolve(case, run) for run in runs]
        histories = tuple(_history(case, record.folder) for record in found)
    tables = [
        {
            "status": str(record.status),
            "data_sha256": record.data_sha256,
            "feature_version": record.feature_version,
            "model_sha256": record.model_sha256,
            **flattened({"config": record.config, "metrics": record.metrics}),
        }
        for record in found
    ]
    keys = list(dict.fromkeys(key for table in tables for key in table))
    rows = []
    for key in keys:
        values = tuple(table.get(key) for table in tables)
        rows.append(ComparedRow(key, values, any(value != values[0] for value in values[1:])))
    return Comparison(tuple(as_row(record) for record in found), tuple(rows), histories)


def _history(case: Case, folder: str) -> tuple[dict[str, Any], ...]:
    return tuple(case.files.lines(f"{folder}/training_log.jsonl"))


def delete_run(folder: Path, run: str, *, actor: str) -> RunRow:
    """Put a run into the trash; its files stay until the trash is emptied.

    Raises:
        DataError: No such run, or it is being trained (``train.running``).
    """
    return _move(folder, run, deleted=True, actor=actor)


def restore_run(folder: Path, run: str, *, actor: str) -> RunRow:
    """Take a run out of the trash.

    Raises:
        DataError: No such run in the trash.
    """
    return _move(folder, run, deleted=False, actor=actor)


def rename_run(folder: Path, run: str, name: str, *, actor: str) -> RunRow:
    """Call a run something else; its identity and files stay as they are.

    Args:
        folder: The case.
        run: Which, as :func:`resolve_run`.
        name: The new name; white space at its ends is dropped.
        actor: Who.

    Raises:
        UsageError: No name, one longer than 200 letters, or another run's (``run.bad_name``).
        DataError: No such run.
    """
    from mmdesk.engine.store import run_rows
    from mmdesk.engine.training import records

    wanted = " ".join(name.split())
    if not wanted or len(wanted) > _LONGEST_NAME:
        raise UsageError(
            "A run needs a name." if not wanted else f"The name is longer than {_LONGEST_NAME} letters.",
            "Choose a short one that says what is special about the run.",
            code="run.bad_name",
        )
    with records.writing(folder, actor) as case:
        record = records.resolve(case, run)
        if wanted == record.name:
            return as_row(record)
        with case.write("run.rename", record.run_id, {"name": wanted, "before": record.name}) as connection:
            if wanted in run_rows.names(connection):
                raise UsageError(
                    f"Another run is called {wanted} already.",
                    "Choose another name; also runs in the trash keep theirs.",
                    code="run.bad_name",
                    details={"name": wanted},
                )
            run_rows.rename(connection, record.run_id, wanted)
    return as_row(replace(record, name=wanted))


def _move(folder: Path, run: str, *, deleted: bool, actor: str) -> RunRow:
    from mmdesk.engine.training import records

    with Case.open(folder, actor=actor) as case:
        record = records.resolve(case, run, deleted=not deleted)
    if deleted and record.status is RunStatus.RUNNING:
        raise DataError(f"The run {record.name} is being trained.", "Cancel the training first.", code="train.running")
    with records.writing(folder, actor) as case:
        records.set_deleted(case, record.run_id, deleted=deleted)
        changed = records.find(case, record.run_id)
    assert changed is not None
    return as_row(changed)


def reproduce(folder: Path, run: str, *, actor: str, ctx: JobContext = NULL_CONTEXT) -> Reproduction:
    """Train a run again from its own snapshot and compare, to the bit. The certificate is kept beside the run.

    Raises:
        DataError: No such run.
        JobCancelled: As asked; nothing is kept.
    """
    from mmdesk.engine.services import certificates
    from mmdesk.engine.store import run_rows
    from mmdesk.engine.training import records

    with Case.open(folder, actor=actor) as case:
        record = records.resolve(case, run)
        files = case.files
    from mmdesk.engine.training import reproduction, sessions

    judgement = reproduction.obstacles(files, record)
    reproduced, attempt = None, None
    if judgement is None:
        attempt = sessions.new_attempt(files.path(record.folder), record.folder)
        try:
            reproduced = str(sessions.run_process(files, attempt, record, keep=False, ctx=ctx)["model_sha256"])
        except BaseException:
            shutil.rmtree(files.path(attempt), ignore_errors=True)
            raise
        judgement = reproduction.judge(files, record, attempt, reproduced)
    certificate = certificates.certify(files, record, judgement, attempt, reproduced, actor=actor)
    if attempt is not None and reproduced == record.model_sha256:
        files.delete(f"{attempt}/model.pt")  # the same bytes are there already
    details = {
        "verdict": certificate.verdict, "model_sha256": record.model_sha256, "reproduced_sha256": reproduced
    }  # fmt: skip
    with records.writing(folder, actor) as case, case.write(run_rows.REPRODUCED, record.run_id, details):
        if files.path(record.folder).is_dir():  # else the run's files are not here, and nothing is kept beside them
            certificates.keep(files, record.folder, certificate)
    return Reproduction(
        verdict=judgement.verdict,
        run_id=record.run_id,
        model_sha256=record.model_sha256,
        reproduced_sha256=reproduced,
        details=judgement.details,
        text=judgement.text,
        certificate=certificate,
    )
