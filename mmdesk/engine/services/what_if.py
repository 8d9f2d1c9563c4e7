"""What a run would say of an entity if the file read otherwise; the case itself is only read.

A :class:`WhatIf` keeps model and case at hand, so that each further question takes milliseconds. The answer comes from
the same code as a prediction, on the part of the case that a prediction looks at: with nothing edited it is the
prediction, to the bit, and with a row left out it is that of a case that never had the row.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmdesk.engine.core.errors import DataError
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.times import END_OF_TIME_US, format_us
from mmdesk.engine.core.types import current_actor
from mmdesk.engine.explanation.neighbourhood import NO_EDITS, Edits, neighbourhood
from mmdesk.engine.explanation.rescored import Difference, Effect, Rescored, Said, difference, rescored_text
from mmdesk.engine.explanation.resolving import Edit, edits_of, resolve
from mmdesk.engine.explanation.scenario import Scenario, load_scenario, save_scenario
from mmdesk.engine.explanation.scenario_words import Words, attribute_fields, evidence_fields
from mmdesk.engine.explanation.what_if_form import AttributeField, EvidenceField, LimitField, WhatIfForm
from mmdesk.engine.store.case import Case

if TYPE_CHECKING:
    from mmdesk.engine.dataset.case_data import CaseData
    from mmdesk.engine.training.records import LoadedRun

__all__ = [
    "AttributeField",
    "Difference",
    "Effect",
    "EvidenceField",
    "LimitField",
    "Rescored",
    "Said",
    "Scenario",
    "WhatIf",
    "WhatIfForm",
    "limit_fields",
    "load_scenario",
    "open_what_if",
    "rescored_text",
    "save_scenario",
]

_REMEMBERED = 512
"""Answers that are kept: while one edit is typed, those of the others need no second look."""


class WhatIf:
    """One entity of one case before one run, as of one moment.

    Args:
        loaded: The run.
        data: The case.
        entity: Number of the entity.
        as_of_us: Only what lies strictly before it is used; ``END_OF_TIME_US`` = everything known.
    """

    def __init__(self, loaded: LoadedRun, data: CaseData, entity: int, as_of_us: int = END_OF_TIME_US) -> None:
        self.loaded, self.data, self.entity, self.as_of_us = loaded, data, entity, as_of_us
        self._words = Words(data, loaded.trained.encoder, entity, as_of_us)
        self._rows: dict[str, Edit] = {}
        self._answers: OrderedDict[object, tuple[Said, tuple[str, ...]]] = OrderedDict()

    @property
    def entity_id(self) -> str:
        """Whom."""
        return str(self.data.entity_ids[self.entity])

    @property
    def as_of(self) -> str | None:
        """ISO 8601; None = everything known."""
        return None if self.as_of_us == END_OF_TIME_US else format_us(self.as_of_us)

    def form(self) -> WhatIfForm:
        """What can be edited."""
        from mmdesk.engine.dataset.batches import Batcher

        trained = self.loaded.trained
        limits = trained.limits
        part = neighbourhood(self.data, self.entity, self.as_of_us, limits.neighbours)
        batcher = Batcher(part.data, trained.encoder, limits)
        return WhatIfForm(
            entity_id=self.entity_id,
            as_of=self.as_of,
            said=self._said(NO_EDITS)[0],
            attributes=attribute_fields(part.data, trained.encoder, part.entity),
            evidence=evidence_fields(batcher, part.entity, self.as_of_us),
        )

    def score(self, scenario: Scenario, *, ctx: JobContext = NULL_CONTEXT) -> Rescored:
        """What the run would say.

        Args:
            scenario: What is to be otherwise; with nothing in it the answer is the prediction.
            ctx: Asked for cancellation between the edits.

        Raises:
            DataError: The scenario is of another entity (``scenario.other_entity``), or as
                :func:`~mmdesk.engine.explanation.scenario.resolve`.
            UsageError: A word of it names no row.
        """
        if scenario.entity_id not in {None, self.entity_id}:
            raise DataError(
                f"The scenario is about {scenario.entity_id}, not about {self.entity_id}.",
                "Rows and cells of one entity mean nothing for another; choose the entity that it was made for.",
                code="scenario.other_entity",
            )
        edits = resolve(scenario, self.data, self.entity, self._rows)
        before, notes = self._said(NO_EDITS)
        after, _ = self._said(edits_of(edits))
        effects = []
        for edit in edits:
            ctx.check_cancelled()
            alone, _ = self._said(edits_of([edit]))
            effects.append(Effect(edit.name, self._words.edit(edit), alone, difference(before, alone)))
        return Rescored(
            run_id=self.loaded.run_id,
            entity_id=self.entity_id,
            as_of=self.as_of,
            scenario=replace(scenario, entity_id=self.entity_id, as_of=self.as_of),
            before=before,
            after=after,
            difference=difference(before, after),
            effects=tuple(effects),
            notes=(*dict.fromkeys(note for edit in edits for note in self._words.notes(edit)), *notes),
        )

    def _said(self, edits: Edits) -> tuple[Said, tuple[str, ...]]:
        """The prediction of the case with these edits, and its notes."""
        from mmdesk.engine.services.predictions import predict_rows

        key = edits.key()
        found = self._answers.get(key)
        if found is None:
            part = neighbourhood(self.data, self.entity, self.as_of_us, self.loaded.trained.limits.neighbours, edits)
            moment = np.array([self.as_of_us], np.int64)
            who = np.array([part.entity], np.int64)
            predictions = predict_rows(self.loaded, part.data, (self.entity_id,), who, moment, ctx=NULL_CONTEXT)
            row = predictions.rows()[0]
            said = Said(
                probability=row.probability,
                decision=row.decision,
                regression=row.regression,
                regression_low=row.regression_low,
                regression_high=row.regression_high,
                ranking_score=row.ranking_score,
            )
            found = said, predictions.notes
            while len(self._answers) >= _REMEMBERED:
                self._answers.popitem(last=False)
            self._answers[key] = found
        return found


_kept: tuple[object, WhatIf] | None = None
_guard = threading.Lock()


def open_what_if(
    folder: Path,
    run: str,
    entity_id: str,
    *,
    as_of_us: int | None = None,
    actor: str | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> WhatIf:
    """Model and case of one entity, ready for questions.

    The last one opened is kept and handed out again for as long as nothing in the case changes.

    Args:
        folder: The case.
        run: A unique beginning of its id, its name, or ``latest``.
        entity_id: Whom.
        as_of_us: Only what lies strictly before it is used; None = everything known.
        actor: Who asks.
        ctx: Told the progress of reading.

    Raises:
        DataError: No such run, or no such entity (``predict.unknown_entity``).
        ModelError: The run is not finished, or its model was altered.
    """
    from mmdesk.engine.dataset.live import live_data
    from mmdesk.engine.services.predictions import asked_rows
    from mmdesk.engine.store import history
    from mmdesk.engine.training.records import load_run

    global _kept  # noqa: PLW0603  # one at a time, as long as the process lives
    with Case.open(folder, actor=actor or current_actor()) as case:
        with case.read() as connection:
            key = (os.path.realpath(case.folder), history.last_hash(connection), run, entity_id, as_of_us)
        with _guard:
            if _kept is not None and _kept[0] == key:
                return _kept[1]
        loaded = load_run(case, run)
        record = loaded.record
        data = live_data(case, version=record.feature_version, data_sha256=record.data_sha256, ctx=ctx)
    _, rows, moments = asked_rows(data, [entity_id], None, as_of_us)
    made = WhatIf(loaded, data, int(rows[0]), int(moments[0]))
    with _guard:
        _kept = key, made
    return made


def limit_fields(
    folder: Path,
    run: str,
    entity_id: str,
    *,
    as_of_us: int | None = None,
    actor: str | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> tuple[LimitField, ...]:
    """Within what the attributes of an entity may change as long as nothing is declared.

    Parameters and errors as :func:`open_what_if`, and

    Raises:
        ModelError: The run's snapshot is missing or altered (``model.snapshot_missing``, ``model.snapshot_altered``).
    """
    from mmdesk.engine.explanation.change_limits import usual_ends
    from mmdesk.engine.services.lessons import usual_in_training

    at_hand = open_what_if(folder, run, entity_id, as_of_us=as_of_us, actor=actor, ctx=ctx.part(0, 0.5))
    with Case.open(folder, actor=actor or current_actor()) as case:
        usual = usual_in_training(case, at_hand.loaded, ctx=ctx.part(0.5, 1))
    fields = []
    for one in at_hand.form().attributes:
        if one.used:
            low, high = "", ""
            options: tuple[str, ...] = ()
            if usual is not None:
                low, high = usual_ends(one.name, one.kind, usual, at_hand.as_of_us)
                options = usual.options.get(one.name, ())
            fields.append(LimitField(one.name, one.kind, one.text, low, high, options))
    return tuple(fields)
