"""An overview as one page of HTML that needs nothing else: bars, the strongest input first, for each group."""

from __future__ import annotations

from collections.abc import Iterator

from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.account import amount_text, change_text
from mmdesk.engine.explanation.explanation import ItemKind
from mmdesk.engine.explanation.overview import GroupFigures, InputFigure, Overview
from mmdesk.engine.explanation.sheet import beginning, shown_text

SHOWN = 20
KIND_NAMES = {
    ItemKind.ATTRIBUTE: "attribute",
    ItemKind.EVENT: "event",
    ItemKind.NEIGHBOUR: "link",
    ItemKind.ARTIFACT: "file",
}


def overview_page(overview: Overview) -> bytes:
    """The page, UTF-8; the same overview, the same bytes."""
    largest = max((one.mean_absolute for group in overview.groups for one in group.inputs), default=0.0) or 1.0
    parts = (
        beginning("What moves the scores", _STYLE),
        f"<header><div><h1>What moves the scores</h1><p class='muted'>{shown_text(scope_text(overview))}</p>",
        f"<p>{shown_text(MEANING)}</p></div></header>",
        *(line for group in overview.groups for line in _group(overview.head, group, largest)),
        f"<footer>Run {shown_text(overview.run_id)}. Associations that a model has learned, not proof.</footer>",
        "</body></html>",
    )
    return "\n".join(parts).encode("utf-8", "replace")


MEANING = (
    "The length of a bar is how far an input moves the output on average, up or down; an entity that has no such "
    "evidence counts with nothing."
)


def scope_text(overview: Overview) -> str:
    """What the figures rest on, in words."""
    drawn = "" if overview.explained == overview.asked else f", drawn at random from {overview.asked:,}"
    return f"{overview.head} in {overview.unit}; {counted(overview.explained, 'entity', 'entities')}{drawn}"


def figure_text(head: Head, one: InputFigure) -> str:
    """The mean size of a contribution; without a sign, since it has none."""
    return change_text(head, one.mean_absolute).lstrip("+")


def _group(head: Head, group: GroupFigures, largest: float) -> Iterator[str]:
    trusted = f"{group.trusted_share:.0%} with grade A or B"
    yield (
        f"<section><h2>{shown_text(group.name)}</h2><p "
        f"class='muted'>{counted(group.entities, 'entity', 'entities')}, {trusted}, "
        f"on average {shown_text(amount_text(head, group.mean_output))}</p><table class='bars'>"
    )
    for one in group.inputs[:SHOWN]:
        width = 380 * one.mean_absolute / largest
        side = "raises" if one.mean >= 0 else "lowers"
        said = (
            f"on the whole {change_text(head, one.mean)}; "
            f"{counted(one.entities, 'entity', 'entities')}, {one.trusted_share:.0%} A or B"
        )
        yield (
            f"<tr><td>{shown_text(one.name)}<br><span class='muted'>{KIND_NAMES[one.kind]}</span></td>"
            f"<td><svg viewBox='0 0 384 20' width='384' height='20'><rect class='{side}' x='0' y='3' "
            f"width='{max(width, 1):.1f}' height='14'/></svg><br><span class='muted'>{shown_text(said)}</span></td>"
            f"<td class='number'>{shown_text(figure_text(head, one))}</td></tr>"
        )
    yield "</table>"
    if len(group.inputs) > SHOWN:
        yield f"<p class='muted'>and {len(group.inputs) - SHOWN:,} weaker inputs</p>"
    yield "</section>"


_STYLE = ".bars td{padding-bottom:8px}.bars tr{break-inside:avoid}"
