"""How complete the data are, before a model has to live with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from mmdesk.ui import calls
from mmdesk.ui.colours import SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.engine_words import in_words
from mmdesk.ui.formatting import counted, data_time, number, percent, shown
from mmdesk.ui.jobs.job import Failure, Lane
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.tabs.importing.attributes_view import HEIGHT as ATTRIBUTES_HEIGHT
from mmdesk.ui.tabs.importing.attributes_view import AttributesView
from mmdesk.ui.tabs.importing.quality_words import quality_sentences
from mmdesk.ui.widgets.bars import Bar, BarList
from mmdesk.ui.widgets.basics import Card, Label, boxed, column, scrolled
from mmdesk.ui.widgets.figures import Abreast, Figure, FigureRow
from mmdesk.ui.widgets.findings import Sentence, SentenceList, Severity
from mmdesk.ui.widgets.fit import by_letters
from mmdesk.ui.widgets.histogram import TimeHistogram
from mmdesk.ui.widgets.notice import Stateful

if TYPE_CHECKING:
    from mmdesk.engine.services.cases import DataHealth
    from mmdesk.engine.services.data_quality import DataQuality

_MOST_BARS = 8


class HealthPage(QWidget):
    """Counts, warnings, ranges, and small plots: labels, parts, events over time, missing values, what entities lack.

    The counts come from the database and are there first; the attributes are looked at in another process.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._figures = FigureRow(tr("Counts"))
        self._warnings, self._copies = SentenceList(), SentenceList()
        self._labels = BarList(tr("Labels"), tr("No target has a class."))
        self._label_text = Label("", "small", wrap=True)
        self._splits = BarList(tr("Parts"), tr("No targets."))
        self._missing = BarList(tr("Missing values"), tr("No attribute has missing values."))
        self._lacking = BarList(tr("Entities without"), tr("No entities."))
        self._types = BarList(tr("Event types"), tr("No events."))
        self._span = TimeHistogram("", tr("events"))
        self._span_text = Label("", "small", wrap=True)
        cards = Abreast(3)
        cards.show_boxes((
            Card(tr("Labels (y_class)"), self._labels, self._label_text, None),
            Card(tr("Events over time"), self._span, self._span_text, None),
            Card(tr("Entities without…"), self._lacking, None),
            Card(tr("Missing values by attribute"), self._missing, None),
            Card(tr("Event types"), self._types, None),
            Card(tr("Given parts of the targets"), self._splits, None),
        ))  # fmt: skip
        self.attributes = AttributesView()
        self._quality = Stateful(self.attributes)
        by_letters(self._quality, self._quality.setFixedHeight, ATTRIBUTES_HEIGHT)
        self._attributes = Card(tr("Attributes of the entities"), self._quality)
        parts = (self._figures, self._warnings, self._copies, self._attributes, cards, None)
        page = boxed(column(None, *parts, spacing=SPACE_S, margin=(0, 0, SPACE_S, 0)))
        self._state = Stateful(scrolled(page, is_read=True))
        column(self, self._state)
        self.clear()

    def clear(self) -> None:
        """No case, or another one."""
        for key in ("health", "health.quality", "health.span"):
            self.desk.jobs.supersede(key)
        self._attributes.show()
        self._quality.show_busy(tr("Looking at every attribute"))
        self._copies.show_sentences([])
        self._show_span(None)
        self._state.show_empty("health", tr("No case is open"), "")

    def load(self) -> None:
        """Count and look anew."""
        if not self._state.showing_content:
            self._state.show_busy(tr("Counting"))
        self._look_closer()
        self.desk.jobs.submit(
            Lane.DB, calls.data_health, self.desk.session.folder, key="health", owner=self,
            on_success=self._on_counted, on_failure=self._on_failed,
        )  # fmt: skip

    def _on_failed(self, failure: Failure) -> None:
        self._state.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self.load)

    def _on_counted(self, health: DataHealth) -> None:
        if not health.counts.get("entities"):
            self._state.show_empty(
                "health", tr("No data yet"), tr("Import tables first; then this page says how they are.")
            )
            return
        self._show_counts(health)
        self._show_labels(health)
        self._show_gaps(health)
        self._show_events(health)
        self._warnings.show_sentences([Sentence(Severity.WARNING, translated(text)) for text in health.warnings])
        self._state.show_content()

    # The ranges of the attributes, and copies across the split.

    def _look_closer(self) -> None:
        if not self._quality.showing_content:
            self._quality.show_busy(tr("Looking at every attribute"))
        self.desk.jobs.submit(
            Lane.QUICK, calls.data_quality, self.desk.session.folder, key="health.quality", owner=self,
            on_success=self._on_looked, on_failure=self._on_not_looked,
        )  # fmt: skip

    def _on_not_looked(self, failure: Failure) -> None:
        self._copies.show_sentences([])
        self._attributes.show()
        self._quality.show_error(failure.message, failure.hint, failure.details, tr("Try again"), self._look_closer)

    def _on_looked(self, quality: DataQuality) -> None:
        self._copies.show_sentences(quality_sentences(quality))
        self._attributes.setVisible(bool(quality.attributes))  # that there are none stands among the counts
        self.attributes.show_ranges(quality.attributes)
        self._quality.show_content()

    def _show_counts(self, health: DataHealth) -> None:
        counts, status = health.counts, health.artifact_status
        remark = ", ".join(
            f"{counted(status[name])} {in_words(name)}"
            for name in ("pending", "failed", "incomplete")
            if status.get(name)
        )
        self._figures.show_figures(
            [
                Figure(
                    tr("Entities"),
                    counted(counts["entities"]),
                    tr_n("{n:,} attribute", "{n:,} attributes", len(health.attributes)),
                ),
                Figure(tr("Events"), counted(counts["events"]), _events_text(health)),
                Figure(tr("Interactions"), counted(counts["interactions"]), _undated(health.undated_interactions)),
                Figure(tr("Targets"), counted(counts["targets"]), _targets_text(health)),
                Figure(tr("Media files"), counted(counts["artifacts"]), remark or _undated(health.undated_media)),
            ]
        )

    def _show_labels(self, health: DataHealth) -> None:
        known = health.positive + health.negative
        bars = []
        if known:
            bars = [
                Bar(tr("positive (1)"), health.positive, counted(health.positive), "raises"),
                Bar(tr("negative (0)"), health.negative, counted(health.negative), "lowers"),
            ]
            if health.unlabelled:
                bars.append(Bar(tr("no class"), health.unlabelled, counted(health.unlabelled), "control"))
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
        splits = [Bar(in_words(name), value, counted(value)) for name, value in health.splits.items() if value]
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
            [Bar(in_words(name), value, counted(value), "warn") for name, value in lacking], float(total)
        )

    def _show_events(self, health: DataHealth) -> None:
        bars = [Bar(shown(name, 40), value, counted(value)) for name, value in health.event_types[:_MOST_BARS]]
        self._types.set_bars(bars)
        first, last = health.first_event_us, health.last_event_us
        if first is None or last is None:
            self._show_span(None)
            self._span_text.setText(tr("No events."))
            return
        self._span_text.setText(tr("{first} to {last} (UTC)", first=data_time(first), last=data_time(last)))
        self.desk.jobs.submit(
            Lane.QUICK, calls.events_over_time, self.desk.session.folder, (first, last), key="health.span", owner=self,
            on_success=self._show_span, on_failure=self._on_no_span,
        )  # fmt: skip

    def _on_no_span(self, failure: Failure) -> None:
        self._show_span(None)
        self.desk.tell_failure(failure)

    def _show_span(self, span: calls.Spread | None) -> None:
        self._span.setVisible(span is not None)
        if span is not None:
            self._span.show_counts(*span)


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
