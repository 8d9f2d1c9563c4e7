"""One explanation, from the general to the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QSizePolicy, QWidget

from mmdesk.ui import explain_calls
from mmdesk.ui.colours import SPACE_L, SPACE_M, SPACE_S
from mmdesk.ui.desk import Desk
from mmdesk.ui.formatting import data_time, percent, tool_tip, unbroken
from mmdesk.ui.jobs.job import Lane
from mmdesk.ui.language import tr, tr_in
from mmdesk.ui.tabs.explain.grade_page import GradePage
from mmdesk.ui.tabs.explain.items import (
    EventsView,
    ForAndAgainst,
    ItemTable,
    LinksView,
    MaybeEmpty,
    numbered_by_kind,
)
from mmdesk.ui.tabs.explain.media_view import MediaView
from mmdesk.ui.tabs.explain.sentence import sentence_of
from mmdesk.ui.tabs.explain.source_page import SourcePage
from mmdesk.ui.tabs.explain.views import Views
from mmdesk.ui.tabs.explain.wording import (
    GRADES,
    HEAD_NAMES,
    clauses_of,
    custody_text,
    figures_text,
    group_account,
    item_account,
    scale_of,
    source_line,
)
from mmdesk.ui.widgets.basics import (
    ElidedLabel,
    IconButton,
    Label,
    boxed,
    column,
    frame,
    one_of,
    roomy,
    row,
    scrolled,
    switch,
)
from mmdesk.ui.widgets.beside import Beside
from mmdesk.ui.widgets.clauses import ClauseList
from mmdesk.ui.widgets.fit import by_letters, hold_height
from mmdesk.ui.widgets.notice import Picture
from mmdesk.ui.widgets.splitter import Splitter
from mmdesk.ui.widgets.waterfall import Waterfall
from mmdesk.ui.widgets.when_shown import FilledTabs, WhenShown

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Explanation, Item
    from mmdesk.engine.services.custody import CheckedFile

_LEAST_LINES = 20
_ANY_HEIGHT = 0xFFFFFF
V = TypeVar("V", ItemTable, EventsView, LinksView, MediaView, ForAndAgainst)
_KINDS = ("attribute", "event", "neighbour", "artifact")


class AccountPage(QWidget):
    """Sentence, waterfall, evidence, source; everything linked."""

    shown = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.explanation: Explanation | None = None
        self._item: Item | None = None
        self._proposed = 0
        self._desk = desk
        self._build_head()
        self._build_waterfall()
        self._build_evidence()
        self._source_icon = Picture("file", "muted", 16)
        self._source = ElidedLabel("", "muted", Qt.TextElideMode.ElideMiddle)
        show_line = IconButton("table", tr("Show the line in its file"), self.show_source_line)
        source = row(None, self._source_icon, self._source, show_line)
        source.setStretch(1, 1)
        self.splitter = Splitter("explain.account", (self._left, self.tabs), (320, 580), grows=1)
        self.views = Views(desk, self.splitter)
        self.views.looked.connect(self._on_looked)
        self.views.picked.connect(self._show_source)
        page = column(None, self._head, self.views, source, spacing=SPACE_S)
        page.setStretch(1, 1)
        # Where letters are large there is not room for all of it.
        column(self, roomy(page))
        self._give_room()

    def changeEvent(self, event: QEvent) -> None:
        """Larger letters need more room."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._give_room()

    def _give_room(self) -> None:
        self.views.setMinimumHeight(_LEAST_LINES * self.fontMetrics().height())

    # What is where.

    def _build_head(self) -> None:
        self._name = ElidedLabel("", "heading")
        self._facts = ElidedLabel("", "small")
        self.sentence = Label("", wrap=True)
        self.sentence.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.sentence.setAccessibleName(tr("Explanation in one sentence"))
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._tallest = ((0, 0, ""), 0)
        self._hold_sentence = hold_height(self.sentence, self._sentence_height)
        self._value = Label("", "figure")
        self._value_name = Label("", "small")
        self._grade = Label("", "figure")
        self._grade_name = Label(tr("Faithfulness"), "small")
        for label in (self._value, self._value_name, self._grade, self._grade_name):
            label.setAlignment(Qt.AlignmentFlag.AlignRight)
        value = column(None, self._value, self._value_name, None, spacing=0)
        grade = column(None, self._grade, self._grade_name, None, spacing=0)
        top = row(None, column(None, self._name, self._facts, None, spacing=2), value, grade, spacing=SPACE_L)
        top.setStretch(0, 1)
        self._head = frame("card")
        column(self._head, top, self.sentence, spacing=2, margin=(SPACE_L, SPACE_M, SPACE_L, SPACE_M))

    def _sentence_height(self, width: int) -> int:
        """Of the longest so far of this run: from one entity to the next, what is below stays where it is."""
        metrics = self.sentence.fontMetrics()
        room = QRect(0, 0, width, _ANY_HEIGHT)
        needed = metrics.boundingRect(room, Qt.TextFlag.TextWordWrap, self.sentence.text()).height()
        run_id = self.explanation.run_id if self.explanation is not None else ""
        like, (before, height) = (width, metrics.height(), run_id), self._tallest
        self._tallest = (like, max(needed, height) if before == like else needed)
        return self._tallest[1]

    def _build_waterfall(self) -> None:
        self.waterfall = Waterfall(str, str)
        self.waterfall.picked.connect(self._on_waterfall_picked)
        self._by_item = switch(tr("Evidence"), tr("The strongest pieces of evidence"))
        self._by_group = switch(tr("Kinds"), tr("Sums of the kinds of evidence"))
        for button in (self._by_item, self._by_group):
            button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self._by_item.setChecked(True)
        group = QButtonGroup(self)
        group.addButton(self._by_item)
        group.addButton(self._by_group)
        one_of(group)
        group.buttonClicked.connect(lambda _button: self._show_waterfall())
        self._waterfall_title = Label(tr("What moved it"), "strong")
        self._unit = Label("", "small", wrap=True)
        top = Beside(self._waterfall_title, boxed(row(None, self._by_item, self._by_group, spacing=2)))
        self._left = QFrame()
        self._left.setProperty("kind", "card")
        inner = column(
            self._left, top, self._unit, scrolled(self.waterfall),
            spacing=SPACE_S, margin=(SPACE_M, SPACE_S, SPACE_S, SPACE_S),
        )  # fmt: skip
        inner.setStretch(2, 1)

    def _build_evidence(self) -> None:
        self.attributes = self._linked(ItemTable(tr("Attributes")))
        self.events = self._linked(EventsView())
        self._links = WhenShown(self._make_links)
        self._media = WhenShown(lambda: self._linked(MediaView(self._desk)))
        self._sides = WhenShown(lambda: self._linked(ForAndAgainst()))
        self.clauses = ClauseList()
        self._graded = WhenShown(GradePage)
        self._lines = WhenShown(self._make_source)
        self._maybe = {
            "attribute": MaybeEmpty(self.attributes, "attribute", tr("No attributes")),
            "event": MaybeEmpty(self.events, "event", tr("No events before this moment")),
            "neighbour": MaybeEmpty(self._links, "link", tr("No links to other entities")),
            "artifact": MaybeEmpty(self._media, "media", tr("No media files")),
        }
        self.tabs = FilledTabs(tr("Evidence"))
        self.tabs.tabBar().setUsesScrollButtons(True)
        for widget, title in (
            (self._maybe["attribute"], tr("Attributes")),
            (self._maybe["event"], tr("Events")),
            (self._maybe["neighbour"], tr_in("tab", "Links")),
            (self._maybe["artifact"], tr("Media")),
            (self._sides, tr("For, against")),
            (self.clauses, tr_in("tab", "Account")),
            (self._graded, tr("Grade")),
            (self._lines, tr("Source")),
        ):
            self.tabs.add(widget, title)
        by_letters(self.tabs, self.tabs.setMinimumWidth, 220)

    def _linked(self, view: V) -> V:
        """What is picked in it shows its source."""
        view.picked.connect(self._show_source)
        return view

    def _make_links(self) -> LinksView:
        made = self._linked(LinksView())
        made.asked.connect(self.views.asked)
        return made

    def _make_source(self) -> SourcePage:
        page = SourcePage(self._desk)
        page.show_item(self._item)
        return page

    @property
    def links(self) -> LinksView:
        """The neighbours."""
        return self._links.page

    @property
    def media(self) -> MediaView:
        """The files."""
        return self._media.page

    @property
    def sides(self) -> ForAndAgainst:
        """All evidence by what it does."""
        return self._sides.page

    @property
    def source(self) -> SourcePage:
        """The lines that the chosen evidence came from."""
        return self._lines.page

    # Showing.

    def show_explanation(self, explanation: Explanation) -> None:
        """Another explanation."""
        self.explanation = explanation
        scale = scale_of(explanation)
        self._show_head(explanation)
        self._show_waterfall()
        by_kind = numbered_by_kind(explanation.items, _KINDS)
        largest = abs(explanation.items[0].contribution) if explanation.items else 1.0  # they come strongest first
        for kind, maybe in self._maybe.items():
            maybe.show_some(bool(by_kind[kind]))
        for widget, fill in (
            (self._maybe["attribute"], lambda: self.attributes.show_items(by_kind["attribute"], scale, largest)),
            (self._maybe["event"], lambda: self.events.show_items(by_kind["event"], scale, largest)),
            (
                self._maybe["neighbour"],
                lambda: self.links.show_links(explanation, by_kind["neighbour"], scale, largest),
            ),
            (self._maybe["artifact"], lambda: self.media.show_items(by_kind["artifact"], scale, largest)),
            (self._sides, lambda: self.sides.show_sides(explanation, scale, largest)),
            (self.clauses, lambda: self._show_clauses(explanation)),
            (self._graded, lambda: self._graded.page.show_grade(explanation)),
        ):
            self.tabs.fill(widget, fill)
        self.views.show_explanation(explanation)
        for number, (kind, title) in enumerate(
            zip(_KINDS, (tr("Attributes"), tr("Events"), tr_in("tab", "Links"), tr("Media")), strict=True)
        ):
            self.tabs.setTabText(number, f"{title} {len(by_kind[kind])}")
        self._propose_view(explanation)
        self._show_item(None)
        self._say_source(tr("Choose a piece of evidence to see the file and line it came from."))
        self.shown.emit()

    def _propose_view(self, explanation: Explanation) -> None:
        """Open where the strongest piece of evidence is, unless somebody went to another view."""
        if explanation.items and self.tabs.currentIndex() == self._proposed:
            self._proposed = _KINDS.index(explanation.items[0].kind.value)
            self.tabs.setCurrentIndex(self._proposed)

    def _show_clauses(self, explanation: Explanation) -> None:
        self.clauses.show_clauses(clauses_of(explanation))

    def _on_looked(self, explanation: Explanation) -> None:
        """The same explanation with more to say."""
        self.explanation = explanation
        self.tabs.fill(self.clauses, lambda: self._show_clauses(explanation))

    def _show_head(self, explanation: Explanation) -> None:
        scale = scale_of(explanation)
        self._name.set_text(explanation.entity_id)
        as_of = tr("everything known") if explanation.as_of is None else tr("as of {as_of}", as_of=explanation.as_of)
        self._facts.set_text(tr("{as_of} · run {run_id}", as_of=as_of, run_id=explanation.run_id[:12]))
        self.sentence.setText(unbroken(sentence_of(explanation)))
        self._hold_sentence()
        self._value.setText(scale.level(explanation.output))
        self._value_name.setText(HEAD_NAMES[explanation.head])
        grade = explanation.faithfulness.grade.value
        kind, meaning = GRADES[grade]
        self._grade.setText(grade)
        self._grade.setAccessibleName(tr("Faithfulness grade {grade}: {meaning}", grade=grade, meaning=meaning))
        self._grade_name.set_kind(kind)
        tip = tool_tip(f"{meaning}\n\n{figures_text(explanation)}")
        for label in (self._grade, self._grade_name):
            label.setToolTip(tip)

    def _show_waterfall(self) -> None:
        explanation = self.explanation
        if explanation is None:
            return
        scale = scale_of(explanation)
        self.waterfall.level, self.waterfall.change = scale.level, scale.change
        by_item = self._by_item.isChecked()
        account = item_account(explanation, scale) if by_item else group_account(explanation)
        self.waterfall.show_account(account)
        some_pale = any(step.faint for step in account.steps)
        said = (
            tr(
                "In {unit}; orange raises, blue lowers, pale may be noise. Association, not cause.",
                unit=scale.unit,
            )
            if some_pale
            else tr("In {unit}; orange raises, blue lowers. Association, not cause.", unit=scale.unit)
        )
        self._unit.setText(said)

    # Everything is linked.

    def _on_waterfall_picked(self, key: object) -> None:
        if isinstance(key, int):
            self.choose(key)
        elif isinstance(key, str):
            self.tabs.setCurrentIndex(("attributes", "events", "links", "media").index(key))

    def choose(self, place: int) -> None:
        """Show one piece of evidence where it belongs, and its source."""
        if self.explanation is None:
            return
        self.views.setCurrentIndex(0)
        item = self.explanation.items[place]
        number = _KINDS.index(item.kind.value)
        self.tabs.setCurrentIndex(number)
        (self.attributes, self.events, self.links, self.media)[number].choose(place)
        if self._sides.made is not None:
            self._sides.made.choose(place)
        self._show_source(place)

    def show_source_line(self) -> None:
        """The file around the line that the chosen evidence came from."""
        self.views.setCurrentIndex(0)
        self.tabs.setCurrentIndex(self.tabs.count() - 1)

    def _show_source(self, place: int) -> None:
        if self.explanation is None:
            return
        item = self.explanation.items[place]
        self._show_item(item)
        words = [source_line(item)]
        if item.time_us is not None:
            words.insert(0, data_time(item.time_us))
        if item.attention is not None:
            words.append(tr("attention {attention}", attention=percent(item.attention, 1)))
        said = " · ".join(words)
        self._say_source(said)
        # Imported files may be large and far away, so they are read beside whatever else is going on.
        self._desk.jobs.submit(
            Lane.IO,
            explain_calls.check_item,
            self._desk.session.folder,
            item,
            key="explain.source",
            owner=self,
            on_success=lambda checked: self._on_source_checked(said, checked),
            on_failure=lambda failure: self._say_source(
                tr("{said} · not checked: {message}", said=said, message=failure.message), holds=False
            ),
        )

    def _show_item(self, item: Item | None) -> None:
        """The chosen evidence, and its lines as soon as somebody looks at them; None: none is chosen."""
        self._item = item
        if self._lines.made is not None:
            self._lines.made.show_item(item)

    def _on_source_checked(self, said: str, checked: tuple[CheckedFile, ...]) -> None:
        """Beside where it came from, whether that still is what it was; what is not comes first."""
        wrong = [custody_text(one) for one in checked if one.standing.value != "matches"]
        if wrong:
            self._say_source(" · ".join([*wrong, said]), holds=False)
        elif checked:
            self._say_source(tr("{said} · checked: it is what was imported", said=said))

    def _say_source(self, text: str, *, holds: bool = True) -> None:
        self._desk.jobs.supersede("explain.source")
        self._source.set_text(text)
        self._source.set_kind("muted" if holds else "bad")
        self._source_icon.show_icon("file" if holds else "warning", "muted" if holds else "bad")
