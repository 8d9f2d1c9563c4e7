"""Everything that is kept of one run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.engine_words import in_capitals, in_words
from mmdesk.ui.formatting import duration, exact_time, number, score, shown
from mmdesk.ui.language import tr
from mmdesk.ui.measures import (
    MEASURES,
    baseline_curves,
    baseline_of,
    figures_of,
    flattened,
    plain_value,
    rows_of,
    value_of,
)
from mmdesk.ui.models.columns import Column
from mmdesk.ui.tabs.runs.notes_page import NotesPage
from mmdesk.ui.tabs.runs.outcomes_page import OutcomesPage
from mmdesk.ui.widgets.basics import Button, ElidedLabel, boxed, column, scrolled
from mmdesk.ui.widgets.beside import Beside
from mmdesk.ui.widgets.card_view import CardView
from mmdesk.ui.widgets.curves import CurveGrid, charts_of
from mmdesk.ui.widgets.figures import FigureRow
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.splitter import Splitter
from mmdesk.ui.widgets.table import Table
from mmdesk.ui.widgets.training_log import log_columns
from mmdesk.ui.widgets.when_shown import FilledTabs, WhenShown

if TYPE_CHECKING:
    from mmdesk.engine.services.certificates import Certificate
    from mmdesk.engine.services.runs import Reproduction, RunPage
    from mmdesk.ui.run_calls import SaidOfRun

_VERDICTS = {
    "identical": (Severity.GOOD, tr("Identical: training it again gave the same model, bit for bit.")),
    "different_environment": (Severity.WARNING, tr("Trained in a different environment, so the bits may differ.")),
    "diverged": (Severity.ERROR, tr("Diverged: training it again gave another model.")),
    "unverifiable": (Severity.WARNING, tr("Cannot be verified.")),
}
_LEAST_SENTENCE = 260
_PARTS = ("train", "val", "test")
_SHORT = {
    "average_precision": tr("Avg. precision"),
    "mae": "MAE",
    "rmse": "RMSE",
    "ece": tr("Cal. error"),
    "brier": tr("Brier"),
}


class RunDetails(QWidget):
    """Heading, figures, verdict; below them tabs for all that is kept; ``certificate_asked``: one is to be saved."""

    certificate_asked = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._run_id: str | None = None
        self._verdicts: dict[str, Sentence] = {}
        self._name = ElidedLabel("", "heading")
        self._facts = ElidedLabel("", "muted")
        self._figures = FigureRow(tr("Result on the test part"))
        self._verdict = SentenceList()
        self._measures = Table(tr("Measures"))
        self._curves = CurveGrid()
        self._settings = Table(tr("Settings"))
        self._environment = Table(tr("Environment and data"))
        self._log = Table(tr("Training log"))
        self._card = CardView(tr("Model card"))
        self._segments = Table(tr("Segments"))
        self._outcomes = WhenShown(lambda: OutcomesPage(desk))
        self.notes = NotesPage(desk)
        self._certificate: Certificate | None = None
        self.card = ""
        self._save = Button(
            tr("Save certificate…"), lambda: self.certificate_asked.emit(self._certificate), icon="save"
        )
        self._compared = Table(tr("What was compared"))
        self._compared_page = boxed(column(None, self._compared, margin=(0, SPACE_S, 0, 0)))
        measures = Splitter(
            "runs.measures", (self._measures, self._segments), (300, 140), orientation=Qt.Orientation.Vertical
        )
        self._curves_page = scrolled(self._curves, is_read=True)
        self.tabs = FilledTabs(tr("Run"))
        for widget, title in (
            (measures, tr("Measures")),
            (self._outcomes, tr("Calibration")),
            (self._curves_page, tr("Curves")),
            (self._card, tr("Model card")),
            (self._settings, tr("Settings")),
            (self._environment, tr("Data")),
            (self._log, tr("Log")),
            (self.notes, tr("Notes")),
        ):
            self.tabs.add(widget, title)
        by_letters(self._verdict, self._verdict.setMinimumWidth, _LEAST_SENTENCE)
        verdict = Beside(self._verdict, self._save, grows=True)
        content = column(None, self._name, self._facts, self._figures, verdict, self.tabs, spacing=SPACE_S)
        content.setStretch(4, 1)
        self._state = Stateful(boxed(content))
        column(self, self._state, margin=(SPACE_M, 0, 0, 0))
        by_letters(self, self.setMinimumWidth, 380)

    def clear(self) -> None:
        """No case, or another one."""
        self._run_id = None
        self._verdicts.clear()
        self.notes.clear()
        self.show_nothing(tr("Choose a run to see everything that is kept of it."))

    def show_nothing(self, text: str) -> None:
        """No run is chosen."""
        self._run_id = None
        self._state.show_empty("runs", text, "")

    def show_busy(self, name: str) -> None:
        """A run is being read; what is shown stays if it is the same one."""
        if self._name.text() != shown(name):
            self._state.show_busy(tr("Reading {name}", name=shown(name, 80)))

    def show_failure(self, message: str, hint: str, details: str) -> None:
        """The run cannot be read."""
        self._run_id = None
        self._state.show_error(message, hint, details)

    def show_run(self, said: SaidOfRun) -> None:
        """Show everything of a run."""
        page, run = said.page, said.page.row
        self._run_id, self.card = run.run_id, page.card
        self._name.set_text(run.name)
        facts = [
            in_capitals(str(run.status)),
            tr("started {moment}", moment=exact_time(run.created_us)),
            tr("by {actor}", actor=run.actor),
        ]
        if run.finished_us is not None:
            facts.insert(2, tr("took {time}", time=duration((run.finished_us - run.created_us) / 1e6)))
        self._facts.set_text(" · ".join(facts))
        self._figures.show_figures(figures_of(run.metrics))
        self._measures.set_columns(_measure_columns(run.metrics))
        self._segments.set_columns(_segment_columns(run.metrics))
        self._segments.setVisible(self._segments.columns.size > 1)
        self._fill_tabs(page)
        self.notes.show_said(said)
        many = len(said.notes)
        self.tabs.setTabText(self.tabs.count() - 1, tr("Notes ({many})", many=many) if many else tr("Notes"))
        if page.certificates and not self._is_verifying(run.run_id):
            self._verdicts[run.run_id] = _verdict_of(page.certificates[0])
        self._certificate = page.certificates[0] if page.certificates else None
        self._show_sentences(run.error)
        self._state.show_content()

    def _fill_tabs(self, page: RunPage) -> None:
        run = page.row
        hashes = {"run_id": run.run_id, "model_sha256": run.model_sha256, "data_sha256": run.data_sha256}
        facts = {"data": page.manifest}
        for widget, fill in (
            (self._outcomes, lambda: self._outcomes.page.show_run(page)),
            (
                self._curves_page,
                lambda: self._curves.show_charts(charts_of(page.history, baseline_curves(run.metrics))),
            ),
            (
                self._card,
                lambda: self._card.show_card(page.card or tr("The model card is written when the training ends.")),
            ),
            (self._settings, lambda: self._settings.set_columns(_pairs(flattened(run.config)))),
            (
                self._environment,
                lambda: self._environment.set_columns(
                    _pairs(flattened(hashes) + flattened(facts) + flattened(page.environment))
                ),
            ),
            (self._log, lambda: self._log.set_columns(log_columns(page.history))),
        ):
            self.tabs.fill(widget, fill)

    @property
    def run_id(self) -> str | None:
        """Which run is shown."""
        return self._run_id

    # Verification.

    def _is_verifying(self, run_id: str) -> bool:
        return run_id in self._verdicts and self._verdicts[run_id].severity is Severity.NOTE

    def show_verifying(self, run_id: str) -> None:
        """A verification of this run is under way."""
        self._put(run_id, Sentence(Severity.NOTE, tr("Verifying: the run is being trained again from its own data.")))

    def show_verdict(self, verdict: Reproduction) -> None:
        """How the verification ended."""
        if verdict.run_id == self._run_id:
            self._certificate = verdict.certificate
        self._put(verdict.run_id, _verdict_of(verdict.certificate))

    def forget_verdict(self, run_id: str) -> None:
        """The verification did not end."""
        self._verdicts.pop(run_id, None)
        if run_id == self._run_id:
            if self._certificate is not None:
                self._verdicts[run_id] = _verdict_of(self._certificate)
            self._show_sentences(None)

    def _put(self, run_id: str, sentence: Sentence) -> None:
        self._verdicts[run_id] = sentence
        if run_id == self._run_id:
            self._show_sentences(None)

    def _show_sentences(self, error: str | None) -> None:
        sentences = [Sentence(Severity.ERROR, error)] if error else []
        if self._run_id in self._verdicts:
            sentences.append(self._verdicts[self._run_id])
        self._verdict.show_sentences(sentences)
        certificate = self._certificate
        known = certificate is not None and not self._is_verifying(certificate.run_id)
        self._save.setVisible(known)
        place = self.tabs.indexOf(self._compared_page)
        if known and certificate is not None:
            self._compared.set_columns(_compared_columns(certificate))
            if place < 0:
                self.tabs.insertTab(1, self._compared_page, tr("Verified"))
        elif place >= 0:
            self.tabs.removeTab(place)


def _verdict_of(certificate: Certificate) -> Sentence:
    """One sentence, and what it rests on."""
    severity, text = _VERDICTS.get(certificate.verdict, (Severity.NOTE, certificate.verdict))
    same = sum(one.same is True for one in certificate.compared)
    judged = sum(one.same is not None for one in certificate.compared)
    when = tr(
        "{same} of {judged} things compared are the same. By {actor}", same=same, judged=judged, actor=certificate.actor
    )
    return Sentence(severity, text, f"{translated(certificate.text)} {when}, {exact_time(certificate.verified_us)}.")


def _compared_columns(certificate: Certificate) -> list[Column]:
    signs = {True: ("done", "good"), False: ("failed", "bad"), None: ("info", "muted")}
    said = {True: tr("same"), False: tr("different"), None: tr("not compared")}
    rows = certificate.compared
    return [
        Column(tr("Compared"), [one.what for one in rows], tip=str),
        Column(tr("Result"), [one.same for one in rows], show=lambda same: said[same], icon=lambda same: signs[same]),
        Column(tr("Then"), [one.then for one in rows], show=plain_value, tip=str),
        Column(tr("Now"), [one.now for one in rows], show=plain_value, tip=str),
    ]


def _segment_columns(metrics: Mapping[str, object] | None) -> list[Column]:
    """One row a group of rows, with the same figures of all rows first."""
    groups = metrics.get("groups") if metrics is not None else None
    decided = metrics.get("decisions") if metrics is not None else None
    part = str(decided.get("part", "test")) if isinstance(decided, Mapping) else "test"
    found = {tr("all rows"): metrics.get(part) if metrics is not None else None}
    found |= dict(groups) if isinstance(groups, Mapping) else {}
    documents = list(found.values())
    rows = [document.get("rows") if isinstance(document, Mapping) else None for document in documents]
    # Of the whole part, those of the head that has most of them labelled.
    rows[0] = max((rows_of(metrics, part, head) or 0 for head in {m.head for m in MEASURES}), default=0) or None
    columns = [
        Column(tr("Segment ({part} part)", part=in_words(part)), list(found), tip=str),
        Column(tr("Rows"), rows, show=number, numeric=True),
    ]
    for measure in MEASURES:
        values = [value_of({"": document}, "", measure) for document in documents]
        if any(value is not None for value in values[1:]):
            columns.append(Column(_SHORT.get(measure.key, measure.name), values, show=score, numeric=True))
    return columns


def _measure_columns(metrics: Mapping[str, object] | None) -> list[Column]:
    parts = [part for part in _PARTS if any(value_of(metrics, part, measure) is not None for measure in MEASURES)]
    known = [m for m in MEASURES if any(value_of(metrics, part, m) is not None for part in parts)]
    columns = [Column(tr("Measure"), [measure.name for measure in known])]
    columns += [
        Column(in_capitals(part), [value_of(metrics, part, measure) for measure in known], show=score, numeric=True)
        for part in parts
    ]
    baseline = baseline_of(metrics)
    if baseline is not None:
        values = [value_of(baseline, "test", measure) for measure in known]
        columns.append(Column(tr("Baseline, test"), values, show=score, numeric=True))
    ways = [tr("↑ higher") if measure.higher_is_better else tr("↓ lower") for measure in known]
    return [*columns, Column(tr("Better"), ways, role=lambda _way: "muted")]


def _pairs(pairs: list[tuple[str, object]]) -> list[Column]:
    return [
        Column(tr("Name"), [name for name, _ in pairs]),
        Column(tr("Value"), [plain_value(value) for _, value in pairs], tip=str),
    ]
