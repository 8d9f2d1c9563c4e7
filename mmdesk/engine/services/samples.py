"""Made-up cases, and the demonstration that takes one through the whole job."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.plurals import counted, counted_of
from mmdesk.engine.core.types import Split, Verdict

if TYPE_CHECKING:
    from mmdesk.engine.dataset.synth_data import Cause, SynthReport
    from mmdesk.engine.explanation.explanation import Explanation
    from mmdesk.engine.explanation.planted import Found

DEFAULT_SEED = 1234
DEMO_ENTITIES = 1200
_EXPLAINED = 24
_SHOWN = 4
_TOP = 3


def synth(out: Path, entities: int, seed: int = DEFAULT_SEED, *, ctx: JobContext = NULL_CONTEXT) -> SynthReport:
    """Write a made-up case with planted causes; see :func:`mmdesk.engine.dataset.synth_data.make_synth`.

    Raises:
        UsageError: ``out`` is not empty, or a number is out of range.
        ResourceError: The disk is full or the folder cannot be written.
    """
    from mmdesk.engine.dataset.synth_data import make_synth

    return make_synth(out, entities, seed, ctx=ctx)


@dataclass(frozen=True)
class DemoStep:
    """One step of the demonstration: ``text`` says what came of it, ``seconds`` how long it took."""

    name: str
    seconds: float
    text: str


@dataclass(frozen=True)
class DemoFinding:
    """One explained entity, and whether its planted cause was found.

    Attributes:
        entity_id: Whose. ``sentence``: the explanation's.
        modality: Of the planted cause. ``reference``: its column, type, neighbour or file.
        rank: Place of the cause among what raises the output, from 1; None if it does not.
        pointed: For files: whether tile, second or frame is the right one; None for all others.
    """

    entity_id: str
    sentence: str
    modality: str
    reference: str
    rank: int | None
    pointed: bool | None


@dataclass(frozen=True)
class DemoReport:
    """What the demonstration did and found.

    Attributes:
        case: The case folder. ``data``: the made-up files it was filled from.
        steps: In order. ``seconds``: all of them.
        run_id: Of the run. ``model_sha256``: of its model. ``existing``: the run was there already.
        best_auroc: The best possible on the test part. ``test_auroc``: the model's.
        baseline_auroc: Of the plain baseline on the same rows; None if it was not trained.
        explained: Entities explained: the highest scores of the test part that one planted cause decides.
        found: Of them, those whose cause is among the top three. ``placed``: files among these.
        pointed: Of ``placed``, those whose strongest tile, second or frame is the right one.
        findings: A few of them, one per modality first.
        verdict: Of training again.
    """

    case: str
    data: str
    steps: tuple[DemoStep, ...]
    seconds: float
    run_id: str
    model_sha256: str
    existing: bool
    best_auroc: float
    test_auroc: float
    baseline_auroc: float | None
    explained: int
    found: int
    placed: int
    pointed: int
    findings: tuple[DemoFinding, ...]
    verdict: Verdict


def default_demo_case() -> Path:
    """``mmdesk/sample-case`` in the user's documents."""
    import platformdirs

    return platformdirs.user_documents_path() / "mmdesk" / "sample-case"


def demo_data_folder(case: Path) -> Path:
    """Where the files are that a demonstration case is filled from: beside it, ``-data`` after its name."""
    return case.with_name(f"{case.name}-data")


class _Steps:
    """Times the steps and tells each as it ends."""

    def __init__(self, ctx: JobContext) -> None:
        self._ctx = ctx
        self._started = time.monotonic()
        self.done: list[DemoStep] = []

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """A step; its block puts what came of it into the list it is given."""
        self._ctx.check_cancelled()
        started = time.monotonic()
        said: list[str] = []
        yield said
        step = DemoStep(name, round(time.monotonic() - started, 1), " ".join(said))
        self.done.append(step)
        self._ctx.publish(
            {
                "event": "step",
                "step": name,
                "seconds": step.seconds,
                "text": f"{name:9} {step.seconds:6.1f} s  {step.text}",
            }
        )

    @property
    def seconds(self) -> float:
        """Since the first step began."""
        return round(time.monotonic() - self._started, 1)


def run_demo(
    case: Path | None = None,
    *,
    entities: int = DEMO_ENTITIES,
    seed: int = DEFAULT_SEED,
    settings: Mapping[str, object] | None = None,
    actor: str,
    ctx: JobContext = NULL_CONTEXT,
) -> DemoReport:
    """Make a sample case and do the whole job on it: import, extract, train, evaluate, explain, train again.

    On a case that an earlier demonstration made, what is there is used again and only what is missing is done; the
    training is repeated in any case, since that is what the verdict is about. Each step publishes a ``step`` event.

    Args:
        case: The case folder; :func:`default_demo_case` if None.
        entities: How many, where the data are not there yet.
        seed: What they are drawn from, likewise.
        settings: Of the training, where they differ from the defaults.
        actor: Who.
        ctx: Progress and cancellation.

    Raises:
        UsageError: The folder holds another case, or its data folder other files.
        MmdeskError: As the single steps do.
    """
    from mmdesk.engine.services import runs

    folder = (case or default_demo_case()).absolute()
    data = demo_data_folder(folder)
    steps = _Steps(ctx)
    made = _prepare(folder, data, entities, seed, steps, actor=actor, ctx=ctx.part(0, 0.35))
    with steps.step("train") as said:
        trained = runs.train(folder, settings, actor=actor, ctx=ctx.part(0.35, 0.62))
        said.append(_training_text(trained))
    with steps.step("evaluate") as said:
        test_auroc, baseline = _test_auroc(
            folder, trained.run_id, trained.metrics, actor=actor, ctx=ctx.part(0.62, 0.64)
        )
        said.append(f"AUROC on the test part {test_auroc:.3f}; the best possible is {made.best_auroc_test:.3f}.")
    with steps.step("explain") as said:
        explained = _explained(folder, data, trained.run_id, actor=actor, ctx=ctx.part(0.64, 0.7))
        top = [found for _, found in explained if found.rank is not None and found.rank <= _TOP]
        placed = [found for found in top if found.pointed is not None]
        said.append(_explained_text(len(explained), len(top), len(placed), sum(bool(one.pointed) for one in placed)))
    with steps.step("reproduce") as said:
        again = runs.reproduce(folder, trained.run_id, actor=actor, ctx=ctx.part(0.7, 1))
        said.append(f"{again.verdict}: {again.text}")
    return DemoReport(
        case=str(folder),
        data=str(data),
        steps=tuple(steps.done),
        seconds=steps.seconds,
        run_id=trained.run_id,
        model_sha256=trained.model_sha256,
        existing=trained.existing,
        best_auroc=made.best_auroc_test,
        test_auroc=test_auroc,
        baseline_auroc=baseline,
        explained=len(explained),
        found=len(top),
        placed=len(placed),
        pointed=sum(bool(one.pointed) for one in placed),
        findings=_shown(explained),
        verdict=again.verdict,
    )


def _prepare(
    folder: Path, data: Path, entities: int, seed: int, steps: _Steps, *, actor: str, ctx: JobContext
) -> SynthReport:
    """Data, case, tables, media and features, as far as they are not there."""
    from mmdesk.engine.dataset.synth_data import read_report
    from mmdesk.engine.services import cases, media_imports, table_imports

    exists = (folder / "case.mmcase").exists()
    if exists and not data.exists():
        raise UsageError(
            f"{folder} holds a case that is not the demonstration's: {data} is missing.",
            "Choose another folder: mmdesk demo --case DIR",
            code="demo.other_case",
            details={"case": str(folder), "data": str(data)},
        )
    with steps.step("data") as said:
        made = read_report(data) if data.exists() else synth(data, entities, seed, ctx=ctx.part(0, 0.45))
        said.append(f"{counted(made.entities, 'entity', 'entities')}, {counted(made.media, 'evidence file')} in {data}")
    with steps.step("case") as said:
        info = cases.case_info(folder) if exists else cases.new_case(folder, name="Sample case", actor=actor)
        said.append(info.folder)
    with steps.step("tables") as said:
        files = table_imports.TableFiles(*(data / f"{name}.csv" for name in table_imports.TableFiles.__annotations__))
        report = table_imports.import_tables(folder, files, actor=actor, ctx=ctx.part(0.45, 0.5))
        said.append(", ".join(_table_text(table) for table in report.tables))
    with steps.step("media") as said:
        media = media_imports.import_media(
            folder, manifest=data / "artifacts.csv", actor=actor, ctx=ctx.part(0.5, 0.65)
        )
        said.append(
            f"{counted(media.files, 'file')}: {media.artifacts} new, "
            f"{media.duplicates} shared, {media.unchanged} unchanged"
        )
    with steps.step("extract") as said:
        features = media_imports.extract(folder, actor=actor, ctx=ctx.part(0.65, 1))
        said.append(f"{counted(features.done, 'file has', 'files have')} features, {features.failed} failed")
    return made


def _table_text(table: Any) -> str:
    number = table.inserted or table.unchanged
    return f"{counted_of(number, table.table)}{'' if table.inserted else ' unchanged'}"


def _training_text(trained: Any) -> str:
    known = "the run was there already" if trained.existing else f"best epoch {trained.metrics['best_epoch'][0]}"
    return f"run {trained.run_id[:12]}, {known}, model {trained.model_sha256[:12]}"


def _explained_text(explained: int, found: int, placed: int, pointed: int) -> str:
    where = f"; in {pointed} of {placed} files the tile, second or frame is the right one" if placed else ""
    return f"the planted cause is among the top {_TOP} for {found} of {explained} entities{where}."


def _test_auroc(
    folder: Path, run: str, metrics: dict[str, Any], *, actor: str, ctx: JobContext
) -> tuple[float, float | None]:
    from mmdesk.engine.services import predictions

    measured = predictions.evaluate(folder, run, Split.TEST, actor=actor, ctx=ctx)
    baseline = (metrics.get("baseline") or {}).get("measures", {}).get(str(Split.TEST), {})
    return float(measured["classification"]["auroc"]), baseline.get("classification", {}).get("auroc")


def _explained(folder: Path, data: Path, run: str, *, actor: str, ctx: JobContext) -> list[tuple[Explanation, Found]]:
    """Explanations of the test part's highest scores among the entities that a single planted cause decides."""
    from mmdesk.engine.dataset.synth_data import read_causes
    from mmdesk.engine.explanation.planted import find_cause
    from mmdesk.engine.services import explanations, predictions

    causes = read_causes(data)
    rows = _test_rows(data, causes)
    said = predictions.predict_columns(
        folder, run, targets_file=data / "targets.csv", actor=actor, ctx=ctx.part(0, 0.1)
    )
    assert said.probability is not None
    scores = dict(zip(said.entity_ids, said.probability.tolist(), strict=True))
    chosen = sorted(rows, key=lambda entity: (-scores[entity], entity))[:_EXPLAINED]
    made = explanations.explain_many(
        folder, run, chosen, moments_us=[rows[entity] for entity in chosen], actor=actor, ctx=ctx.part(0.1, 1)
    )
    pairs = [(explanation, find_cause(explanation, causes)) for explanation in made]
    return [(explanation, found) for explanation, found in pairs if found is not None]


def _test_rows(data: Path, causes: tuple[Cause, ...]) -> dict[str, int]:
    """Entity -> as-of of its target, for entities of the test part with causes of one modality."""
    import csv

    from mmdesk.engine.core.times import parse_moment

    kinds: dict[str, set[str]] = {}
    for cause in causes:
        kinds.setdefault(cause.entity_id, set()).add(cause.modality)
    with (data / "targets.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["entity_id"]: parse_moment(row["as_of"])
            for row in csv.DictReader(file)
            if row["split"] == Split.TEST and len(kinds.get(row["entity_id"], ())) == 1
        }


def _shown(explained: list[tuple[Explanation, Found]]) -> tuple[DemoFinding, ...]:
    """A few findings, each modality once before any comes twice."""
    seen: dict[str, int] = {}
    order = []
    for place, (_, found) in enumerate(explained):
        seen[found.modality] = seen.get(found.modality, 0) + 1
        order.append((seen[found.modality], place))
    chosen = [explained[place] for _, place in sorted(order)[:_SHOWN]]
    return tuple(
        DemoFinding(
            entity_id=explanation.entity_id,
            sentence=explanation.sentence,
            modality=str(found.modality),
            reference=found.reference,
            rank=found.rank,
            pointed=found.pointed,
        )
        for explanation, found in chosen
    )
