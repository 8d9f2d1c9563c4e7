"""Why a run says what it says: one additive account per entity, tied to its rows and files.

PyTorch and captum are loaded where they are used, never by importing this.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mmdesk.engine.explanation.made_by  # noqa: F401  notes the sources that this process runs
from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.files import safe_name
from mmdesk.engine.core.hashing import sha256_json
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.times import END_OF_TIME_US, parse_moment
from mmdesk.engine.core.types import Head, Split, current_actor
from mmdesk.engine.explanation.change_limits import (
    NO_LIMITS,
    ChangeLimits,
    check_limits,
    limits_document,
    limits_from,
    load_limits,
)
from mmdesk.engine.explanation.explanation import Baseline, Explanation, Source, to_document, to_json
from mmdesk.engine.explanation.looks import Perspective
from mmdesk.engine.store.case import Case

if TYPE_CHECKING:
    from mmdesk.engine.dataset.case_data import CaseData
    from mmdesk.engine.explanation.explainer import Explainer, Question
    from mmdesk.engine.explanation.perspectives import Perspectives
    from mmdesk.engine.model.ensemble import AnyModel
    from mmdesk.engine.services.custody import Custodian
    from mmdesk.engine.training.records import LoadedRun

__all__ = [
    "NO_LIMITS",
    "Baseline",
    "ChangeLimits",
    "Explanation",
    "Perspective",
    "explain",
    "explain_many",
    "limits_from",
    "load_limits",
    "look",
    "to_document",
    "to_json",
]

_PREFERRED = (Head.CLASSIFICATION, Head.REGRESSION, Head.RANKING)


def explain(
    folder: Path,
    run: str,
    entity_id: str,
    *,
    head: Head | None = None,
    as_of_us: int | None = None,
    perspectives: Collection[Perspective] = (),
    limits: ChangeLimits = NO_LIMITS,
    baseline: Baseline = Baseline.TYPICAL,
    cached: bool = False,
    actor: str | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> Explanation:
    """Explain one entity; parameters and errors as :func:`explain_many`."""
    found = explain_many(
        folder,
        run,
        [entity_id],
        head=head,
        as_of_us=as_of_us,
        perspectives=perspectives,
        limits=limits,
        baseline=baseline,
        cached=cached,
        actor=actor,
        ctx=ctx,
    )
    return next(found)


def explain_many(
    folder: Path,
    run: str,
    entities: Sequence[str] | None = None,
    *,
    targets_file: Path | None = None,
    moments_us: Sequence[int | None] | None = None,
    head: Head | None = None,
    as_of_us: int | None = None,
    perspectives: Collection[Perspective] = (),
    limits: ChangeLimits = NO_LIMITS,
    baseline: Baseline = Baseline.TYPICAL,
    cached: bool = False,
    actor: str | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> Iterator[Explanation]:
    """Explain entities, one explanation per asked row, same order, duplicates kept. The case is not changed.

    What is said of an entity does not depend on what else is asked. Reading and checking is done at once, the
    explaining as the result is read.

    Args:
        folder: The case.
        run: A unique beginning of its id, its name, or ``latest``.
        entities: Ids; all entities of the case if neither these nor a file are given.
        targets_file: CSV with ``entity_id`` and perhaps ``as_of``, which goes before ``as_of_us``.
        moments_us: An as-of for each of ``entities``, which goes before ``as_of_us``.
        head: Which output; the probability if the run learned one, else the regression, else the ranking.
        as_of_us: Only what lies strictly before it is used; None = everything known.
        perspectives: Further looks at each, which fill the fields of their names.
        limits: Within what attributes may change, for the perspective ``changes``.
        baseline: Where the accounts start.
        cached: Take what was made before and is still true, and keep what is made; the bytes are the same.
        actor: Who asks.
        ctx: Told the progress; asked for cancellation on the way.

    Raises:
        DataError: No such run, an entity that the case does not have (``predict.unknown_entity``), a head that the
            run has not learned (``explain.head_not_learned``), limits of an attribute that is not there, or too few
            entities to compare one with a group (``explain.no_group``).
        UsageError: A limit that its attribute cannot have (``usage.bad_limits``).
        ModelError: The run is not finished, its model was altered, or the snapshot is not there that the rows which
            taught it are read from.
    """
    import numpy as np

    from mmdesk.engine.dataset.live import live_data
    from mmdesk.engine.explanation.cache import ExplanationCache, drop_stale, last_change, through_cache
    from mmdesk.engine.explanation.comparable import require_comparable
    from mmdesk.engine.explanation.explainer import Question
    from mmdesk.engine.services.loaded_runs import loaded_run
    from mmdesk.engine.services.predictions import asked_rows

    who = actor or current_actor()
    with Case.open(folder, actor=who) as case:
        change = last_change(case)
        loaded = loaded_run(case, run)
        record = loaded.record
        chosen = _head(loaded, head)
        data = live_data(case, version=record.feature_version, data_sha256=record.data_sha256, ctx=ctx.part(0, 0.2))
    check_limits(limits, data)
    if baseline is Baseline.GROUP:
        require_comparable(data)
    _, rows, moments = asked_rows(data, entities, targets_file, as_of_us)
    if moments_us is not None:
        moments = np.array([m if own is None else own for m, own in zip(moments, moments_us, strict=True)], np.int64)
    questions = [Question(int(row), int(moment)) for row, moment in zip(rows, moments, strict=True)]

    def explained() -> Iterator[Explanation]:
        with Case.open(folder, actor=who) as case:
            anew = _Anew(case, loaded, data, _Wanted(chosen, baseline, frozenset(perspectives), limits))
            if not cached:
                yield from anew(questions, ctx=ctx.part(0.2, 1))
                return
            cache = ExplanationCache(case, change, data, _about(loaded, anew.wanted))
            drop_stale(case)
            try:
                yield from through_cache(
                    cache, lambda number: str(data.entity_ids[number]), anew, questions, ctx=ctx.part(0.2, 1)
                )
            finally:
                drop_stale(case)  # what was kept here, too, if the case was changed meanwhile

    return explained()


def look(
    folder: Path,
    explanation: Explanation,
    perspectives: Collection[Perspective],
    *,
    limits: ChangeLimits = NO_LIMITS,
    cached: bool = False,
    actor: str | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> Explanation:
    """A finished explanation with further looks: the same as if it had been asked with them.

    Args:
        folder: The case.
        explanation: Without looks, of an entity of the case as it is now.
        perspectives: Which looks.
        limits: Within what attributes may change, for the perspective ``changes``.
        cached: As :func:`explain_many`.
        actor: Who asks.
        ctx: Told the progress; asked for cancellation on the way.

    Raises:
        DataError: The run or the entity is not there any more.
        ModelError, UsageError: As :func:`explain_many`.
    """
    from mmdesk.engine.dataset.live import live_data
    from mmdesk.engine.explanation.cache import ExplanationCache, drop_stale, last_change
    from mmdesk.engine.services.loaded_runs import loaded_run
    from mmdesk.engine.services.predictions import asked_rows

    baseline = Baseline.TYPICAL if explanation.baseline_group is None else Baseline.GROUP
    wanted = _Wanted(explanation.head, baseline, frozenset(perspectives), limits)
    with Case.open(folder, actor=actor or current_actor()) as case:
        change = last_change(case)
        loaded = loaded_run(case, explanation.run_id)
        record = loaded.record
        data = live_data(case, version=record.feature_version, data_sha256=record.data_sha256, ctx=ctx.part(0, 0.2))
        check_limits(limits, data)
        asked_rows(data, [explanation.entity_id], None, None)

        def add() -> Explanation:
            explainer = _explainer(case, loaded, data, wanted)
            more = _perspectives(case, loaded, explainer, wanted, ctx=ctx.part(0.2, 0.9))
            return explanation if more is None else more.add(explanation, ctx=ctx.part(0.9, 1))

        moment = END_OF_TIME_US if explanation.as_of is None else parse_moment(explanation.as_of)
        plain, looked = (
            ExplanationCache(case, change, data, _about(loaded, one))
            for one in (replace(wanted, perspectives=frozenset()), wanted)
        )
        drop_stale(case)
        # What was explained before a change must not be kept as an answer of after it.
        if not cached or plain.get(explanation.entity_id, moment) != explanation:
            return add()
        return looked.get_or_make(explanation.entity_id, moment, add)


@dataclass(frozen=True)
class _Wanted:
    """What is to be said of each entity: the output, where its account starts, which further looks."""

    head: Head
    baseline: Baseline
    perspectives: frozenset[Perspective]
    limits: ChangeLimits


class _Anew:
    """Makes explanations as they are wanted; what that needs is only made when the first is asked for."""

    def __init__(self, case: Case, loaded: LoadedRun, data: CaseData, wanted: _Wanted) -> None:
        self.wanted = wanted
        self._case, self._loaded, self._data = case, loaded, data
        self._made: tuple[Explainer, Perspectives | None] | None = None

    def __call__(self, questions: Sequence[Question], *, ctx: JobContext) -> Iterator[Explanation]:
        first = 0.0
        if self._made is None:
            first = 0.2 if self.wanted.perspectives else 0.0
            explainer = _explainer(self._case, self._loaded, self._data, self.wanted)
            part = ctx.part(0, first)
            looks = _perspectives(self._case, self._loaded, explainer, self.wanted, ctx=part)
            self._made = explainer, looks
        explainer, more = self._made
        for explanation in explainer.explain(questions, ctx=ctx.part(first, 1)):
            yield explanation if more is None else more.add(explanation, ctx=ctx)


def _about(loaded: LoadedRun, wanted: _Wanted) -> dict[str, object]:
    """What decides explanations besides the case and the question."""
    record = loaded.record
    return {
        "run_id": record.run_id,
        "model_sha256": record.model_sha256,
        "metrics": sha256_json(record.metrics),
        "feature_version": record.feature_version,
        "head": str(wanted.head),
        "baseline": str(wanted.baseline),
        "perspectives": sorted(map(str, wanted.perspectives)),
        "limits": limits_document(wanted.limits) if Perspective.CHANGES in wanted.perspectives else None,
    }


def page(folder: Path, explanation: Explanation, custodian: Custodian | None = None) -> bytes:
    """An explanation as one self-contained page of HTML, with the files that it rests on, which are checked anew.

    Args:
        folder: The case.
        explanation: Of an entity of the case.
        custodian: Checks the files; for many pages, so that each is read once for all of them.

    Raises:
        StoreError: The case cannot be opened.
    """
    from mmdesk.engine.core.errors import MmdeskError
    from mmdesk.engine.explanation.page import explanation_page
    from mmdesk.engine.explanation.references import files_behind
    from mmdesk.engine.services.custody import Custodian
    from mmdesk.engine.services.previews import Preview, preview

    if custodian is None:
        with Case.open(folder, actor=current_actor()) as case:
            return page(folder, explanation, Custodian(case))

    def look(sha256: str) -> Preview | None:
        try:
            return preview(folder, sha256)
        except MmdeskError as error:
            if error.code == "store.file_missing":
                return None
            raise

    standings = {reference: custodian.check(reference).standing for reference in files_behind(explanation)}
    return explanation_page(explanation, look, standings)


def page_name(number: int, explanation: Explanation) -> str:
    """A file name for a page that any system takes: ``0001 M00017.html``."""
    return f"{number:04d} {safe_name(explanation.entity_id)}.html"


def _explainer(case: Case, loaded: LoadedRun, data: CaseData, wanted: _Wanted) -> Explainer:
    from mmdesk.engine.explanation.explainer import Explainer
    from mmdesk.engine.services.loaded_runs import batcher_of, exact_of

    trained, head = loaded.trained, wanted.head
    return Explainer(
        run_id=loaded.run_id,
        model=exact_of(trained),
        batcher=batcher_of(trained, data),
        heads=trained.heads,
        head=head,
        source_of=_Sources(case),
        scale=_scale(trained.model) if head is Head.REGRESSION else 1.0,
        skilled=is_skilled(loaded.record.metrics, head),
        threshold=trained.rule.threshold if head is Head.CLASSIFICATION else None,
        baseline=wanted.baseline,
    )


def _perspectives(
    case: Case,
    loaded: LoadedRun,
    explainer: Explainer,
    wanted: _Wanted,
    *,
    ctx: JobContext,
) -> Perspectives | None:
    """What adds the wanted looks; None if none is wanted."""
    if not wanted.perspectives:
        return None
    from mmdesk.engine.explanation.perspectives import Perspectives
    from mmdesk.engine.services.lessons import lessons_of, usual_in_training

    return Perspectives(
        wanted.perspectives,
        explainer.view,
        lambda: lessons_of(case, loaded, ctx=ctx),
        usual=lambda: usual_in_training(case, loaded, ctx=ctx),
        limits=wanted.limits,
    )


class _Sources:
    """Looks up where rows came from, in the case's own tables."""

    def __init__(self, case: Case) -> None:
        self._case = case

    def __call__(self, table: str, rows: Sequence[int]) -> Mapping[int, Source]:
        from mmdesk.engine.store import readers

        with self._case.read() as connection:
            found = readers.lineage(connection, table, rows)
        return {
            one.row: Source(
                table=one.table,
                row=one.row,
                file=one.file,
                line=one.line,
                import_id=one.import_id,
                import_sha256=one.import_sha256,
            )
            for one in found
        }


def _scale(model: AnyModel) -> float:
    """The deviation of ``y_reg`` in the training part."""
    from mmdesk.engine.model.ensemble import Ensemble

    member = model.all()[0] if isinstance(model, Ensemble) else model
    return float(member.target_scale[1])


def is_skilled(metrics: Mapping[str, Any], head: Head) -> bool:
    """Whether a run beats chance on rows that it was not trained on; True where nothing was measured.

    Beating chance: the 95 % interval of the AUROC lies above a half; R2 exceeds 4 / n; the rank correlation exceeds
    1.64 standard errors, 1.64 / sqrt(n - 1). Measured in the test part, or in the validation part if the test part
    has no such figure.

    Source: the standard error of Spearman's coefficient without association, Kendall, Rank Correlation Methods (1948);
    for R2 our own choice, four times what one useless free parameter gains on average.

    Args:
        metrics: As in metrics.json.
        head: Which output.
    """
    name = {Head.CLASSIFICATION: "auroc_low", Head.REGRESSION: "r2", Head.RANKING: "spearman"}[head]
    for part in (Split.TEST, Split.VAL):
        figures = metrics.get(str(part), {}).get(str(head), {})
        if figures.get(name) is not None:
            number = max(int(figures.get("n") or 2), 2)
            chance = {
                Head.CLASSIFICATION: 0.5,
                Head.REGRESSION: 4 / number,
                Head.RANKING: 1.64 / (number - 1) ** 0.5,
            }[head]
            return bool(figures[name] > chance)
    return True


def _head(loaded: LoadedRun, asked: Head | None) -> Head:
    learned = loaded.trained.heads
    if asked is None:
        return next((head for head in _PREFERRED if head in learned), Head.CLASSIFICATION)
    if asked not in learned:
        raise DataError(
            f"The run {loaded.record.name} has not learned the {asked}: its targets had no such label.",
            f"Choose one of: {', '.join(learned)}.",
            code="explain.head_not_learned",
            details={"head": str(asked), "learned": [str(head) for head in learned]},
        )
    return asked
