"""One training from a snapshot to the files of its run; runs inside the pinned process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from mmdesk.engine.core.hashing import sha256_bytes
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.core.times import END_OF_TIME_US, NO_TIME_US, format_us
from mmdesk.engine.core.types import Head, Split
from mmdesk.engine.dataset.batches import Batcher, Encoder
from mmdesk.engine.dataset.case_data import CaseData, Int64, TargetRows
from mmdesk.engine.dataset.fitting import fit_encoder
from mmdesk.engine.dataset.snapshot import read_snapshot
from mmdesk.engine.dataset.splits import Parts, split_rows
from mmdesk.engine.model.model import FullModel
from mmdesk.engine.store.case_files import CaseFiles
from mmdesk.engine.training import evaluation
from mmdesk.engine.training.baseline import Baseline, train_baseline
from mmdesk.engine.training.calibration import platt
from mmdesk.engine.training.checkpoint import (
    Halfway,
    TrainedModel,
    dump_model,
    joined,
    load_halfway,
    new_model,
    save_halfway,
)
from mmdesk.engine.training.checks import undated_counts
from mmdesk.engine.training.config import TrainingConfig
from mmdesk.engine.training.decisions import DecisionRule
from mmdesk.engine.training.environment import environment
from mmdesk.engine.training.model_card import EVIDENCE, model_card
from mmdesk.engine.training.outcomes import outcomes
from mmdesk.engine.training.running_lock import HALFWAY
from mmdesk.engine.training.sources import RowSource, to_numpy
from mmdesk.engine.training.target_encoding import can_stop_on, regression_scale
from mmdesk.engine.training.train import Epoch, Progress, Trainer, positive_weight, predict

DIGESTS = "weights.jsonl"
CARD = "model_card.md"
EVALUATION = "evaluation.json"
_SAVE_EVERY_S = 2.0


@dataclass(frozen=True)
class Job:
    """What the training process is asked to do.

    Attributes:
        folder: Of the run, relative to the case folder.
        data_sha256: The snapshot. ``config``: as in config.json.
    """

    folder: str
    data_sha256: str
    config: Mapping[str, Any]


@dataclass(frozen=True)
class Finished:
    """What came out of a training."""

    model_sha256: str
    metrics: dict[str, Any]


class RunFiles:
    """Writes the files of one run."""

    def __init__(self, files: CaseFiles, folder: str) -> None:
        self.files, self.folder = files, folder

    def name(self, file: str) -> str:
        """Relative to the case folder."""
        return f"{self.folder}/{file}"

    def write(self, file: str, content: bytes, *, durable: bool = True) -> None:
        """Write the whole of a file."""
        with self.files.writer(self.name(file), durable=durable) as target:
            target.write(content)

    def write_json(self, file: str, document: object) -> None:
        """Write a document, readable for people."""
        options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
        self.write(file, orjson.dumps(as_plain(document), option=options) + b"\n")

    def write_lines(self, file: str, documents: list[Any], *, durable: bool) -> None:
        """Write one document per line."""
        content = b"".join(orjson.dumps(as_plain(document)) + b"\n" for document in documents)
        self.write(file, content, durable=durable)


def execute(files: CaseFiles, job: Job, *, ctx: JobContext = NULL_CONTEXT) -> Finished:
    """Train and write the run's files; picks up where an interrupted training of the same folder stood.

    ``metrics.json`` is written last: where it is, the run is whole.

    Raises:
        ModelError: The snapshot is missing or altered.
        ResourceError: The disk is full.
        JobCancelled: The state so far is kept for going on later.
    """
    config = TrainingConfig({name: value for name, value in job.config.items() if name != "code_sha256"})
    run = RunFiles(files, job.folder)
    data = read_snapshot(files, job.data_sha256, ctx=ctx.part(0, 0.02))
    parts = split_rows(data, config.number("val_fraction"), config.number("test_fraction"))
    train = parts.of(data, Split.TRAIN)
    encoder = fit_encoder(data, train, config.names("drop_columns"))
    batcher = Batcher(data, encoder, config.limits)
    scale = regression_scale(train)
    sources = {part: RowSource(batcher, parts.of(data, part), scale) for part in Split}
    run.write_json("config.json", job.config)
    run.write_json("environment.json", environment())
    manifest = _manifest(job, data, parts, encoder, sources)
    run.write_json("data_manifest.json", manifest)
    baseline = None
    if config.flag("baseline"):
        ctx.progress(3, 100, "training the plain baseline")
        baseline = train_baseline(sources, ctx=ctx)
        ctx.publish(_baseline_event(baseline))
    members = _Members(run, encoder, config, scale, sources)
    trained = _calibrated(members.train(ctx.part(0.05, 0.97)), encoder, config, sources)
    return _close(run, trained, sources, members, baseline, data=data, manifest=manifest)


class _Members:
    """Trains the ensemble's members one after the other, keeping the half-way state."""

    def __init__(
        self,
        run: RunFiles,
        encoder: Encoder,
        config: TrainingConfig,
        scale: tuple[float, float],
        sources: Mapping[Split, RowSource],
    ) -> None:
        self._run, self._encoder, self._config, self._scale, self._sources = run, encoder, config, scale, sources
        self._state = load_halfway(run.files, run.name(HALFWAY))
        self._saved_s = time.monotonic()

    @property
    def progress(self) -> list[Progress]:
        """Of each member."""
        return [*self._state.done, *([self._state.current] if self._state.current else [])]

    def train(self, ctx: JobContext) -> list[FullModel]:
        """All members, the ones done before an interruption rebuilt from their best weights."""
        count = self._config.integer("ensemble")
        models = []
        for number in range(count):
            seed = member_seed(self._config.integer("seed"), number)
            model = new_model(self._encoder, self._config, seed, self._scale)
            if number < len(self._state.done):
                model.load_state_dict(self._state.done[number].best)
            else:
                self._train_one(model, number, seed, ctx.part(number / count, (number + 1) / count))
            model.events.settle_unseen_types()
            models.append(model.eval())
        self._save(force=True)
        return models

    def _train_one(self, model: FullModel, number: int, seed: int, ctx: JobContext) -> None:
        trainer = Trainer(
            model,
            self._sources[Split.TRAIN],
            self._sources[Split.VAL],
            self._config,
            seed=seed,
            progress=self._state.current,
        )
        self._state.current = trainer.progress
        for document in trainer.progress.history:
            ctx.publish(epoch_event(document, number))

        def save(_: Progress) -> None:
            self._save(force=False)

        def on_epoch(document: Epoch) -> None:
            ctx.publish(epoch_event(document, number))

        try:
            trainer.run(on_epoch=on_epoch, save=save, ctx=ctx)
        except BaseException:
            # Cancelled between two steps: the last whole epoch is kept, so that going on ends with the same bytes.
            self._save(force=True)
            raise
        self._state = Halfway([*self._state.done, trainer.progress], None)
        self._save(force=True)

    def _save(self, *, force: bool) -> None:
        now_s = time.monotonic()
        if not force and now_s - self._saved_s < _SAVE_EVERY_S:
            return
        self._saved_s = now_s
        self.write_log(durable=False)
        state = self._state
        if state.current is not None and not state.current.weights:
            state = Halfway(state.done, None)  # not one whole epoch yet
        save_halfway(self._run.files, self._run.name(HALFWAY), state)

    def write_log(self, *, durable: bool) -> None:
        """The log and the digests of the weights, one line per epoch."""
        log, digests = [], []
        for number, progress in enumerate(self.progress):
            log += [{"member": number, **document} for document in progress.history]
            digests += [
                {"member": number, "epoch": epoch + 1, "weights": found} for epoch, found in enumerate(progress.digests)
            ]
        self._run.write_lines("training_log.jsonl", log, durable=durable)
        self._run.write_lines(DIGESTS, digests, durable=durable)


def member_seed(seed: int, number: int) -> int:
    """Seed of an ensemble's member; the first one's is the run's own."""
    return seed if number == 0 else int(np.random.default_rng([seed, number]).integers(2**31))


def epoch_event(document: Epoch, member: int) -> dict[str, Any]:
    """What is published of an epoch."""
    figures = "  ".join(f"{name} {value:.4g}" for name, value in _headline(document))
    text = f"epoch {document['epoch']}: loss {document['train']['loss']:.4f}  {figures}"
    return {"event": "epoch", "member": member, **document, "text": text}


def _headline(document: Epoch) -> list[tuple[str, float]]:
    val = document["val"]
    names = {
        "loss": "val loss",
        "classification_auroc": "AUROC",
        "regression_mae": "MAE",
        "ranking_spearman": "Spearman",
    }
    return [(shown, val[name]) for name, shown in names.items() if val.get(name) is not None]


def _baseline_event(baseline: Baseline | None) -> dict[str, Any]:
    return {"event": "baseline", "measures": None if baseline is None else baseline.measures}


def _manifest(
    job: Job, data: CaseData, parts: Parts, encoder: Encoder, sources: Mapping[Split, RowSource]
) -> dict[str, Any]:
    """The document data_manifest.json: what the training saw."""
    labelled = {
        str(part): {
            "rows": len(source),
            **{name: int((~np.isnan(getattr(source.targets, name))).sum()) for name in ("y_reg", "y_class", "y_rank")},
            "positives": int((source.targets.y_class > 0.5).sum()),
            "with": dict(zip(EVIDENCE, (source.counts > 0).sum(0).tolist(), strict=True)),
        }
        for part, source in sources.items()
    }
    return {
        "data_sha256": job.data_sha256,
        "counts": {
            "entities": len(data),
            "events": len(data.event_type),
            "interactions": int((data.edge_outgoing).sum()),
            "targets": len(data.targets),
            "artifacts": len(data.artifact_sha256),
            "segments": len(data.segments),
        },
        "span": {
            "events": _span(data.event_time_us),
            "interactions": _span(data.edge_time_us),
            "as-ofs": _span(data.targets.as_of_us),
        },
        "undated": undated_counts(data, (column.name for column in encoder.attributes.columns)),
        "split": {"how": parts.how, "parts": labelled},
        "as_of": int((data.targets.as_of_us != END_OF_TIME_US).sum()),
        "attributes": [{"name": column.name, "kind": str(column.kind)} for column in encoder.attributes.columns],
        "encoded_attributes": list(encoder.attributes.names),
        "event_types": list(encoder.events.values.types),
        "interaction_types": list(encoder.edges.values.types),
        "feature_version": encoder.feature_version,
        "feature_names": list(encoder.feature_names),
    }


def _span(times_us: Int64) -> list[str] | None:
    """The first and the last of these moments; None where there is none."""
    known = times_us[(times_us != NO_TIME_US) & (times_us != END_OF_TIME_US)]
    return [format_us(int(known.min())), format_us(int(known.max()))] if len(known) else None


def _calibrated(
    members: list[FullModel], encoder: Encoder, config: TrainingConfig, sources: Mapping[Split, RowSource]
) -> TrainedModel:
    plain = joined(members, (1.0, 0.0))
    val = sources[Split.VAL]
    logit = to_numpy(predict(plain, val).logit).astype(np.float64) if len(val) else np.zeros(0)
    known = ~np.isnan(val.targets.y_class)
    weight = positive_weight(sources[Split.TRAIN].targets.y_class)
    calibration = platt(logit[known], val.targets.y_class[known], weight)
    model, rule = joined(members, calibration), DecisionRule()
    if len(val):
        said = evaluation.said(model, val)
        rule = DecisionRule.fit(val.targets, said.regression, said.probability)
    return TrainedModel(model, encoder, config, learned_heads(sources[Split.TRAIN].targets, config), rule)


def learned_heads(train: TargetRows, config: TrainingConfig) -> tuple[Head, ...]:
    """The heads that have something to learn from, a target that is not the same everywhere, and a loss that counts."""
    labels = {Head.REGRESSION: train.y_reg, Head.CLASSIFICATION: train.y_class, Head.RANKING: train.y_rank}
    return tuple(
        head
        for head, label in labels.items()
        if len(np.unique(label[~np.isnan(label)])) > 1 and config.number(f"loss.{head}") > 0
    )


def _close(
    run: RunFiles,
    trained: TrainedModel,
    sources: Mapping[Split, RowSource],
    members: _Members,
    baseline: Baseline | None,
    *,
    data: CaseData,
    manifest: Mapping[str, Any],
) -> Finished:
    """Measure, and write what is left, metrics.json last."""
    said = {part: evaluation.said(trained.model, source) for part, source in sources.items() if len(source)}
    parts = {str(part): evaluation.measured(found, sources[part].targets, trained.rule) for part, found in said.items()}
    content = dump_model(trained)
    model_sha256 = sha256_bytes(content)
    metrics: dict[str, Any] = {
        **parts,
        "model_sha256": model_sha256,
        "heads": [str(head) for head in trained.heads],
        "epochs": [progress.epoch for progress in members.progress],
        "stopped_on": "validation" if can_stop_on(sources[Split.VAL].targets) else "the last epoch",
        "best_epoch": [progress.best_epoch for progress in members.progress],
        "calibration": [float(value) for value in trained.model.calibration],
        "baseline": None if baseline is None else baseline.document(),
        "comparison": evaluation.compare(parts, baseline, evaluation.leads(said, sources, baseline)),
        **evaluation.on_unseen(said, sources, trained.rule, data),
    }
    members.write_log(durable=True)
    run.write("model.pt", content)
    run.write(CARD, model_card(metrics, manifest, trained.config, environment()).encode())
    run.write_json(EVALUATION, outcomes(said, sources, trained.rule.threshold))
    run.write_json("metrics.json", metrics)
    run.files.delete(run.name(HALFWAY))
    return Finished(model_sha256, as_plain(metrics))  # type: ignore[arg-type]
