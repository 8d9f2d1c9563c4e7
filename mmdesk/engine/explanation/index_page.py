"""The first page of a folder of explanations: everybody in a list that leads to their page.

The list can be put in another order without any script: each line carries its place in every order, and the style sheet
follows the choice above the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.account import amount_text
from mmdesk.engine.explanation.explanation import Explanation, Grade
from mmdesk.engine.explanation.sheet import beginning, shown_text

_ORDERS = (
    ("high", "highest first"),
    ("low", "lowest first"),
    ("name", "by entity"),
    ("grade", "by faithfulness"),
    ("asked", "as asked"),
)


@dataclass(frozen=True)
class IndexLine:
    """One explanation in the list.

    Attributes:
        file: Name of its page, beside the list.
        entity_id: Whom it is about. ``as_of``: ISO 8601, or None.
        head: Which output. ``output``: what the model says.
        grade: Of the explanation. ``sentence``: the account in one sentence.
    """

    file: str
    entity_id: str
    as_of: str | None
    head: Head
    output: float
    grade: Grade
    sentence: str

    @classmethod
    def of(cls, file: str, one: Explanation) -> IndexLine:
        """Of an explanation and the name of its page."""
        return cls(file, one.entity_id, one.as_of, one.head, one.output, one.faithfulness.grade, one.sentence)


def index_page(lines: Sequence[IndexLine], *, run_id: str, asked: int) -> bytes:
    """The page, UTF-8.

    Args:
        lines: In the order asked.
        run_id: Which run.
        asked: How many explanations there were to be; more than there are if it was stopped.
    """
    stopped = f"; {asked:,} were asked for, the rest was not made" if len(lines) < asked else ""
    said = f"{len(lines):,} of run {shown_text(run_id)}{stopped}"
    parts = (
        beginning("Explanations", _style()),
        f"<header><div><h1>Explanations</h1><p class='muted'>{said}</p></div></header>",
        *_choices(),
        "<ol>",
        *_lines(lines),
        "</ol>",
        "<footer>Associations that a model has learned, not proof.</footer></body></html>",
    )
    return "\n".join(parts).encode("utf-8", "replace")


def _choices() -> Iterator[str]:
    yield "<fieldset><legend>Order</legend>"
    for number, (name, said) in enumerate(_ORDERS):
        chosen = " checked" if number == 0 else ""
        yield f"<label><input type='radio' name='order' id='by-{name}'{chosen}> {said}</label>"
    yield "</fieldset>"


def _places(lines: Sequence[IndexLine]) -> list[dict[str, int]]:
    """The place of each line in every order; lines that are equal stay as asked."""
    numbers = range(len(lines))
    orders = {
        "high": sorted(numbers, key=lambda place: -lines[place].output),
        "low": sorted(numbers, key=lambda place: lines[place].output),
        "name": sorted(numbers, key=lambda place: lines[place].entity_id),
        "grade": sorted(numbers, key=lambda place: (lines[place].grade, -lines[place].output)),
        "asked": list(numbers),
    }
    found: list[dict[str, int]] = [{} for _ in lines]
    for name, order in orders.items():
        for place, number in enumerate(order):
            found[number][name] = place
    return found


def _lines(lines: Sequence[IndexLine]) -> Iterator[str]:
    places = _places(lines)
    # Where styles are not followed, as by a reader of the screen, the order is that of the first choice.
    for number in sorted(range(len(lines)), key=lambda number: places[number]["high"]):
        line = lines[number]
        orders = ";".join(f"--{name}:{places[number][name]}" for name, _ in _ORDERS)
        moment = f" <span class='muted'>as of {shown_text(line.as_of)}</span>" if line.as_of else ""
        yield (
            f"<li style='{orders}'><a href='{quote(line.file)}'>{shown_text(line.entity_id)}</a>{moment}"
            f"<b>{shown_text(amount_text(line.head, line.output))}</b><i title='Faithfulness'>{line.grade}</i>"
            f"<p class='muted'>{shown_text(line.sentence)}</p></li>"
        )


def _style() -> str:
    follow = "".join(f"body:has(#by-{name}:checked) li{{order:var(--{name})}}" for name, _ in _ORDERS)
    return f"""
ol{{display:flex;flex-direction:column;list-style:none;padding:0;margin:12px 0}}
li{{display:grid;grid-template-columns:1fr auto 28px;column-gap:16px;padding:8px 0;border-bottom:1px solid var(--line)}}
li .muted{{margin:0}}li p{{grid-column:1/-1}}li a{{color:var(--lowers);grid-column:1}}
li>span{{grid-column:1;grid-row:2}}li b{{grid-column:2;grid-row:1;text-align:right}}
li i{{grid-column:3;grid-row:1;text-align:center;font-style:normal;font-weight:600}}
fieldset{{border:1px solid var(--line);border-radius:6px;display:flex;flex-wrap:wrap;gap:4px 16px}}
@media print{{fieldset{{display:none}}li{{break-inside:avoid}}}}
{follow}
"""
