"""What the data alone do not tell: one card a question, one button an answer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QRadioButton, QWidget

from mmdesk.ui.colours import SPACE_L, SPACE_M, SPACE_S, SPACE_XS
from mmdesk.ui.formatting import shown
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.tabs.importing.answers import AskedQuestion
from mmdesk.ui.widgets.basics import Button, Label, boxed, column, frame, in_tab_order, row, scrolled
from mmdesk.ui.widgets.notice import Picture


class QuestionsView(QWidget):
    """``answered`` carries the table and the part of its mapping for each question, ``back`` leaves them open.

    Nothing is chosen beforehand where there is a choice: mmdesk proposes by the order, the analyst decides.
    """

    answered = Signal(object)
    back = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._questions: Sequence[AskedQuestion] = ()
        self._groups: list[QButtonGroup] = []
        self._cards = column(None, spacing=SPACE_S)
        self._title = Label("", "heading")
        words = column(
            None, self._title, Label(tr("The files alone do not tell. Nothing was written."), "muted"), spacing=1
        )
        head = row(None, Picture("info", "warn", 28), words)
        head.setStretch(1, 1)
        self.go = Button(tr("Check with these answers"), self._on_go, icon="check", kind="primary")
        self._leave = Button(tr("Back to the files"), self.back.emit)
        buttons = row(None, self.go, self._leave, None)
        layout = column(self, head, scrolled(boxed(column(None, self._cards, None))), buttons, spacing=SPACE_S)
        layout.setStretch(1, 1)

    def show_questions(self, questions: Sequence[AskedQuestion]) -> None:
        """Ask these."""
        self._questions = questions
        self._title.setText(
            tr_n("mmdesk has to ask: {n:,} question", "mmdesk has to ask: {n:,} questions", len(questions))
        )
        while (item := self._cards.takeAt(0)) is not None:
            gone = item.widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        self._groups = []
        for question in questions:
            self._cards.addWidget(self._card(question))
        self._enable()
        choices = [button for group in self._groups for button in group.buttons()]
        in_tab_order([*choices, self.go, self._leave])
        choices[0].setFocus()

    def _card(self, question: AskedQuestion) -> QWidget:
        group = QButtonGroup(self)
        self._groups.append(group)
        card = frame("card")
        layout = column(card, Label(question.text, wrap=True), spacing=SPACE_XS, margin=(SPACE_L, SPACE_M) * 2)
        for number, answer in enumerate(question.answers):
            choice = QRadioButton(shown(answer.text, 200).replace("&", "&&"))
            choice.setAccessibleName(answer.text)
            choice.setAccessibleDescription(question.text)
            group.addButton(choice, number)
            layout.addWidget(choice, 0, Qt.AlignmentFlag.AlignLeft)
        if len(question.answers) == 1:
            group.buttons()[0].setChecked(True)
        group.idClicked.connect(lambda _number: self._enable())
        group.idToggled.connect(lambda _number, _on: self._enable())
        return card

    def _enable(self) -> None:
        self.go.setEnabled(all(group.checkedId() >= 0 for group in self._groups))

    def _on_go(self) -> None:
        chosen = zip(self._questions, self._groups, strict=True)
        self.answered.emit([(one.table, one.answers[group.checkedId()].mapping) for one, group in chosen])
