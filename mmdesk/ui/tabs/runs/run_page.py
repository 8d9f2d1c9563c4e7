"""Everything that is kept of one run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QPlainTextEdit, QTabWidget, QWidget

from mmdesk.ui.colours import SPACE_M, SPACE_S
from mmdesk.ui.formatting import duration, exact_time, number, score, shown
from mmdesk.ui.measures import MEASURES, baseline_curves, baseline_of, figures_of, flattened, plain_value, value_of
from mmdesk.ui.models.columns import Column
from mmdesk.ui.widgets.basics import ElidedLabel, boxed, column, scrolled
from mmdesk.ui.widgets.curves import CurveGrid, charts_of
from mmdesk.ui.widgets.figures import FigureRow
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity
from mmdesk.ui.widgets.notice import Stateful
from mmdesk.ui.widgets.table import Table

if TYPE_CHECKING:
    from mmdesk.engine.services.runs import Reproduction, RunPage

_VERDICTS = {
    "identical": (Severity.GOOD, "Identical: training it again gave the same model, bit for bit."),
    "different_environment": (Severity.WARNING, "Trained in a different environment, so the bits may differ."),
    "diverged": (Severity.ERROR, "Diverged: training it again gave another model."),
    "unverifiable": (Severity.WARNING, "Cannot be verified."),
}
_PARTS = ("train", "val", "test")


class RunDetails(QWidget):
    """Heading, figures, verdict; below them tabs for measures, curves, card, settings, environment and log."""

    def __init__(self) -> None:
        super().__init__()
        self._run_id: str | None = None
        self._verdicts: dict[str, Sentence] = {}
        self._name = ElidedLabel("", "heading")
        self._facts = ElidedLabel("", "muted")
        self._figures = FigureRow("Result on the test part")
        self._verdict = SentenceList()
        self._measures = Table("Measures")
        self._curves = CurveGrid()
        self._settings = Table("Settings")
        self._environment = Table("Environment and data")
        self._log = Table("Training log")
        self._card = QPlainTextEdit()  # never rich text: it names attributes and categories of the analyst's files
        self._card.setReadOnly(True)
        self._card.setAccessibleName("Model card")
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setAccessibleName("Run")
        for widget, title in (
            (self._measures, "Measures"),
            (scrolled(self._curves), "Curves"),
            (self._card, "Model card"),
            (self._settings, "Settings"),
            (self._environment, "Environment"),
            (self._log, "Log"),
        ):
            self.tabs.addTab(boxed(column(None, widget, margin=(0, SPACE_S, 0, 0))), title)
        content = column(None, self._name, self._facts, self._figures, self._verdict, self.tabs, spacing=SPACE_S)
        content.setStretch(4, 1)
        self._state = Stateful(boxed(content))
        column(self, self._state, margin=(SPACE_M, 0, 0, 0))
        self.setMinimumWidth(380)

    def clear(self) -> None:
        """No case, or another one."""
        self._run_id = None
        self._verdicts.clear()
        self.show_nothing("Choose a run to see everything that is kept of it.")

    def show_nothing(self, text: str) -> None:
        """No run is chosen."""
        self._run_id = None
        self._state.show_empty("runs", text, "")

    def show_busy(self, name: str) -> None:
        """A run is being read; what is shown stays if it is the same one."""
        if self._name.text() != shown(name):
            self._state.show_busy(f"Reading {shown(name, 80)}")

    def show_failure(self, message: str, hint: str, details: str) -> None:
        """The run cannot be read."""
        self._run_id = None
        self._state.show_error(message, hint, details)

    def show_run(self, page: RunPage) -> None:
        """Show everything of a run."""
        run = page.row
        self._run_id = run.run_id
        self._name.set_text(run.name)
        facts = [str(run.status).capitalize(), f"started {exact_time(run.created_us)}", f"by {run.actor}"]
        if run.finished_us is not None:
            facts.insert(2, f"took {duration((run.finished_us - run.created_us) / 1e6)}")
        self._facts.set_text(" · ".join(facts))
        self._figures.show_figures(figures_of(run.metrics))
        sentences = [Sentence(Severity.ERROR, run.error)] if run.error else []
        if run.run_id in self._verdicts:
            sentences.append(self._verdicts[run.run_id])
        self._verdict.show_sentences(sentences)
        self._measures.set_columns(_measure_columns(run.metrics))
        self._curves.show_charts(charts_of(page.history, baseline_curves(run.metrics)))
        self._card.setPlainText(page.card or "The model card is written when the training ends.")
        self._settings.set_columns(_pairs(flattened(run.config)))
        hashes = {
            "run_id": run.run_id,
            "model_sha256": run.model_sha256,
            "data_sha256": run.data_sha256,
        }
        self._environment.set_columns(
            _pairs(flattened(hashes) + flattened(page.environment) + flattened({"data": page.manifest}))
        )
        self._log.set_columns(_log_columns(page.history))
        self._state.show_content()

    # Verification.

    def show_verifying(self, run_id: str) -> None:
        """A verification of this run is under way."""
        self._put(run_id, Sentence(Severity.NOTE, "Verifying: the run is being trained again from its own data."))

    def show_verdict(self, verdict: Reproduction) -> None:
        """How the verification ended."""
        severity, text = _VERDICTS.get(str(verdict.verdict), (Severity.NOTE, str(verdict.verdict)))
        hashes = ""
        if verdict.reproduced_sha256:
            hashes = f"Model now {verdict.reproduced_sha256[:16]}…, model then {str(verdict.model_sha256)[:16]}…"
        self._put(verdict.run_id, Sentence(severity, text, f"{verdict.text} {hashes}".strip()))

    def forget_verdict(self, run_id: str) -> None:
        """The verification did not end."""
        self._verdicts.pop(run_id, None)
        if run_id == self._run_id:
            self._verdict.show_sentences([])

    def _put(self, run_id: str, sentence: Sentence) -> None:
        self._verdicts[run_id] = sentence
        if run_id == self._run_id:
            self._verdict.show_sentences([sentence])


def _measure_columns(metrics: Mapping[str, object] | None) -> list[Column]:
    parts = [part for part in _PARTS if any(value_of(metrics, part, measure) is not None for measure in MEASURES)]
    known = [m for m in MEASURES if any(value_of(metrics, part, m) is not None for part in parts)]
    columns = [Column("Measure", [measure.name for measure in known])]
    columns += [
        Column(part, [value_of(metrics, part, measure) for measure in known], show=score, numeric=True)
        for part in parts
    ]
    baseline = baseline_of(metrics)
    if baseline is not None:
        values = [value_of(baseline, "test", measure) for measure in known]
        columns.append(Column("baseline, test", values, show=score, numeric=True))
    ways = ["higher is better" if measure.higher_is_better else "lower is better" for measure in known]
    return [*columns, Column("", ways, role=lambda _way: "muted")]


def _pairs(pairs: list[tuple[str, object]]) -> list[Column]:
    return [
        Column("Name", [name for name, _ in pairs]),
        Column("Value", [plain_value(value) for _, value in pairs], tip=str),
    ]


def _log_columns(history: tuple[Mapping[str, object], ...]) -> list[Column]:
    flat = [dict(flattened(epoch)) for epoch in history]
    names: list[str] = []
    for epoch in flat:
        names += [name for name in epoch if name not in names]
    kept = [name for name in names if name not in {"event", "text"}]
    return [
        Column(
            name.replace(".", " ").replace("_", " "),
            [epoch.get(name) for epoch in flat],
            show=_log_value,
            numeric=all(isinstance(epoch.get(name, 0), (int, float)) for epoch in flat),
        )
        for name in kept
    ]


def _log_value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return number(value, 4) if isinstance(value, (int, float)) else plain_value(value)
