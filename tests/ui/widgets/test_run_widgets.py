"""The parts of a run's page: the card, the plots, the curves of several runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyqtgraph import InfLineLabel
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mmdesk.ui.widgets.card_view import CardView
from mmdesk.ui.widgets.curves import DASHES, Chart, CurvePlot, Line, _free_corner
from mmdesk.ui.widgets.outcome_plots import ConfusionMatrix, ReliabilityPlot
from mmdesk.ui.widgets.run_curves import RunCurve, RunCurves, overlaid

CARD = """# Model card

Predicts <b>y</b>, from
its attributes.

## Data

| part | rows |
| --- | --- |
| train | 1\\|2 |

- one
  that goes on
- two <img src=x>
"""


def test_a_card_has_tables_and_lists_and_its_words_stay_words(qtbot: QtBot) -> None:
    view = CardView("Model card")
    qtbot.addWidget(view)
    view.show_card(CARD)
    text = view.toPlainText()
    assert "Predicts <b>y</b>, from its attributes." in text
    assert "1|2" in text
    assert "one that goes on\ntwo <img src=x>" in text
    assert "---" not in text
    assert "# " not in text
    assert view.document().rootFrame().childFrames()  # the table


@given(st.text(st.sampled_from("#|- \n\\<>ab"), max_size=60))
def test_no_text_is_too_odd_for_the_card(text: str) -> None:
    view = CardView("Model card")
    view.show_card(text)
    view.deleteLater()


def history(*values: float) -> list[dict[str, object]]:
    return [{"epoch": n + 1, "train": {"loss": 1.0}, "val": {"classification_auroc": v}} for n, v in enumerate(values)]


def test_curves_of_runs_lie_over_each_other_in_their_colours(qtbot: QtBot) -> None:
    runs = [RunCurve("a", 1, history(0.5, 0.6)), RunCurve("b", 9, history(0.4, 0.5, 0.7)), RunCurve("c", 3, [])]
    auroc, loss = overlaid(runs)
    assert [(line.name, line.series, len(line.values)) for line in auroc.lines] == [("a", 1, 2), ("b", 9, 3)]
    assert loss.title.startswith("Loss, training")
    assert DASHES[1 // 8] is not DASHES[9 // 8]  # of one colour, told apart by their dashes
    widget = RunCurves()
    qtbot.addWidget(widget)
    widget.show()
    widget.show_runs(runs)
    assert widget.plots[0].viewRange()[0][1] == 3.5
    widget.show_runs([])
    assert not any(plot.isVisible() for plot in widget.plots)


def test_a_plot_that_is_fed_again_names_its_baseline_once(qtbot: QtBot) -> None:
    plot = CurvePlot()
    qtbot.addWidget(plot)
    for values in ((0.5,), (0.5, 0.6), (0.5, 0.6, 0.4)):
        plot.show_chart(Chart("AUROC", (Line("validation", values, 1),), baseline=0.45))
    labels = [item for item in plot.scene().items() if isinstance(item, InfLineLabel)]
    assert [label.textItem.toPlainText() for label in labels] == ["baseline 0.450"]


@pytest.mark.parametrize(
    ("values", "best", "corner"),
    [
        ((0.3, 0.4, 0.4, 0.9, 0.9, 0.9), 6, (0, 1)),  # all of it is below on the left
        ((0.6, 0.8, 0.9, 0.9, 0.9, 0.9), None, (0, 0)),  # and here above
        ((0.5, 0.7, 0.4, 0.7, 0.9, 0.9), 1, (1, 1)),  # to and fro on the left
    ],
)
def test_the_text_at_a_baseline_stands_where_it_hides_no_curve(
    values: tuple[float, ...], best: int | None, corner: tuple[int, int]
) -> None:
    assert _free_corner(Chart("AUROC", (Line("validation", values, 1),), best, 0.55), 0.55, 0.1) == corner


def test_calibration_and_confusion_say_what_they_draw(qtbot: QtBot) -> None:
    plot, matrix = ReliabilityPlot(), ConfusionMatrix()
    for widget in (plot, matrix):
        qtbot.addWidget(widget)
    bins = [{"predicted": 0.2, "observed": 0.25, "rows": 8, "low": 0.1, "high": 0.5}]
    plot.show_bins(bins, share=True, part="test")
    assert plot.title == "Calibration, test part (8 rows in 1 bin)"
    assert plot.accessibleDescription() == "0.200 predicted, 0.250 observed"
    counts = {"true_positive": 3, "false_negative": 1, "false_positive": 0, "true_negative": 0}
    matrix.show_counts(counts, 0.4)
    matrix.resize(400, 200)
    assert not matrix.grab().isNull()
    assert "false negative: 1" in matrix.accessibleDescription()
    plot.show_bins([{"predicted": 10.0, "observed": 12.0, "rows": 5}], share=False, part="val")
    assert "Predicted and observed" in plot.title
    assert plot.focusPolicy() is Qt.FocusPolicy.NoFocus
