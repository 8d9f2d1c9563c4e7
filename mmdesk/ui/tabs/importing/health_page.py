"""How complete the data are, before a model has to live with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QWidget

from mmdesk.ui import calls
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_words import in_words
from mmdesk.ui.formatting import data_time, number, percent, shown
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.widgets.bars import Bar, BarList
from mmdesk.ui.widgets.basics import Card, Label, boxed, column, scrolled
from mmdesk.ui.widgets.figures import Figure, FigureRow
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity
from mmdesk.ui.widgets.histogram import Histogram
from mmdesk.ui.widgets.notice import Stateful

if TYPE_CHECKING:
    from mmdesk.engine.services.cases import DataHealth

_MOST_BARS = 8


class HealthPage(QWidget):
    """Counts, warnings, and small plots: labels, parts, events over time, missing values, what entities lack."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._figures = FigureRow(tr("Counts"))
        self._warnings = SentenceList()
        self._labels = BarList(tr("Labels"), tr("No target has a class."))
        self._label_text = Label("", "small", wrap=True)
        self._splits = BarList(tr("Parts"), tr("No targets."))
        self._missing = BarList(tr("Missing values"), tr("No attribute has missing values."))
        self._lacking = BarList(tr("Entities without"), tr("No entities."))
        self._types = BarList(tr("Event types"), tr("No events."))
        self._span = Histogram("", tr("events"))
        self._span_text = Label("", "small")
        grid = QGridLayout()
        grid.setSpacing(SPACE_S)
        cards = (
            Card(tr("Labels (y_class)"), self._labels, self._label_text, None),
            Card(tr("Events over time"), self._span, self._span_text),
            Card(tr("Entities without…"), self._lacking, None),
            Card(tr("Missing values by attribute"), self._missing, None),
            Card(tr("Event types"), self._types, None),
            Card(tr("Given parts of the targets"), self._splits, None),
        )
        for place, card in enumerate(cards):
            grid.addWidget(card, place // 3, place % 3)
        for place in range(3):
            grid.setColumnStretch(place, 1)
        page = boxed(
            column(None, self._figures, self._warnings, grid, None, spacing=SPACE_S, margin=(0, 0, SPACE_S, 0))
        )
        self._state = Stateful(scrolled(page, is_read=True))
        column(self, self._state)
        self.clear()

    def clear(self) -> None:
        """No case, or another one."""
        self.desk.jobs.supersede("health")
        self._state.show_empty("health", tr("No case is open"), "")

    def load(self) -> None:
        """Count anew."""
        if not self._state.showing_content:
            self._state.show_busy(tr("Counting"))
        self.desk.jobs.submit(
            Lane.DB, calls.data_health, self.desk.session.folder, key="health", owner=self,
            on_success=self._on_counted, on_failure=self._on_failed,
        )  # fmt: skip

    def _on_failed(self, failure: Failure) -> None:
        self._state.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self.load)

    def _on_counted(self, found: tuple[DataHealth, tuple[list[float], list[int]] | None]) -> None:
        health, span = found
        if not health.counts.get("entities"):
            self._state.show_empty(
                "health", tr("No data yet"), tr("Import tables first; then this page says how they are.")
            )
            return
        self._show_counts(health)
        self._show_labels(health)
        self._show_gaps(health)
        self._show_events(health, span)
        self._warnings.show_sentences([Sentence(Severity.WARNING, text) for text in health.warnings])
        self._state.show_content()

    def _show_counts(self, health: DataHealth) -> None:
        counts, status = health.counts, health.artifact_status
        remark = ", ".join(
            f"{status[name]:,} {in_words(name)}" for name in ("pending", "failed", "incomplete") if status.get(name)
        )
        self._figures.show_figures(
            [
                Figure(
                    tr("Entities"),
                    f"{counts['entities']:,}",
                    tr_n("{n:,} attribute", "{n:,} attributes", len(health.attributes)),
                ),
                Figure(tr("Events"), f"{counts['events']:,}", _events_text(health)),
                Figure(tr("Interactions"), f"{counts['interactions']:,}", _undated(health.undated_interactions)),
                Figure(tr("Targets"), f"{counts['targets']:,}", _targets_text(health)),
                Figure(tr("Media files"), f"{counts['artifacts']:,}", remark or _undated(health.undated_media)),
            ]
        )

    def _show_labels(self, health: DataHealth) -> None:
        known = health.positive + health.negative
        bars = []
        if known:
            bars = [
                Bar(tr("positive (1)"), health.positive, f"{health.positive:,}", "raises"),
                Bar(tr("negative (0)"), health.negative, f"{health.negative:,}", "lowers"),
            ]
            if health.unlabelled:
                bars.append(Bar(tr("no class"), health.unlabelled, f"{health.unlabelled:,}", "control"))
        self._labels.set_bars(bars)
        parts = [tr("{positive} positive", positive=percent(health.positive / known, 1))] if known else []
        for name, target in (("y_reg", health.y_reg), ("y_rank", health.y_rank)):
            if target.present:
                parts.append(
                    tr_n(
                        "{name}: {n:,} row, {low} to {high}",
                        "{name}: {n:,} rows, {low} to {high}",
                        target.present,
                        name=name,
                        low=number(target.low),
                        high=number(target.high),
                    )
                )
        self._label_text.setText("; ".join(parts))
        splits = [Bar(in_words(name), value, f"{value:,}") for name, value in health.splits.items() if value]
        self._splits.set_bars(splits)

    def _show_gaps(self, health: DataHealth) -> None:
        ranked = sorted((a for a in health.attributes if a.missing), key=lambda a: -a.missing)[:_MOST_BARS]
        self._missing.set_bars([Bar(a.name, a.missing_share, percent(a.missing_share, 1), "warn") for a in ranked], 1.0)
        total = health.counts["entities"]
        lacking = (
            ("events", health.entities_without_events),
            ("interactions", health.entities_without_interactions),
            ("media", health.entities_without_media),
            ("targets", health.entities_without_targets),
        )
        self._lacking.set_bars(
            [Bar(in_words(name), value, f"{value:,}", "warn") for name, value in lacking], float(total)
        )

    def _show_events(self, health: DataHealth, span: tuple[list[float], list[int]] | None) -> None:
        bars = [Bar(shown(name, 40), value, f"{value:,}") for name, value in health.event_types[:_MOST_BARS]]
        self._types.set_bars(bars)
        self._span.setVisible(span is not None)
        if span is None or health.first_event_us is None or health.last_event_us is None:
            self._span_text.setText(tr("No events."))
            return
        self._span.show_counts(*span)
        self._span_text.setText(
            tr(
                "{first} to {last} (UTC)",
                first=data_time(health.first_event_us),
                last=data_time(health.last_event_us),
            )
        )


def _events_text(health: DataHealth) -> str:
    types = len(health.event_types) + health.other_event_types
    said = tr_n("{n:,} type", "{n:,} types", types) if types else ""
    lacking = health.events_without_value
    return f"{said}, {tr('{number:,} without a value', number=lacking)}" if said and lacking else said


def _undated(undated: int) -> str:
    return tr("{undated:,} without a time", undated=undated) if undated else ""


def _targets_text(health: DataHealth) -> str:
    return (
        tr_n("{n:,} entity has none", "{n:,} entities have none", health.entities_without_targets)
        if health.entities_without_targets
        else ""
    )
