"""On a page: without which evidence the output would turn, and what change of attributes would turn it."""

from __future__ import annotations

from collections.abc import Iterator

from mmdesk.engine.explanation.account import amount_text, change_text, item_text, reference_text
from mmdesk.engine.explanation.explanation import Changes, Explanation
from mmdesk.engine.explanation.sheet import shown_text as _text

_LISTED = 12


def turning_lines(one: Explanation) -> Iterator[str]:
    """A smallest set of evidence without which it would be on the other side; nothing where there is no threshold."""
    turning = one.turning
    if turning is None:
        return
    threshold = _text(amount_text(one.head, turning.threshold))
    side = "below" if one.output >= turning.threshold else "at or above"
    if turning.output is None:
        yield f"<p>No small set of evidence was found without which it would be {side} {threshold}.</p>"
        return
    output = _text(amount_text(one.head, turning.output))
    yield f"<p>Without all of these it would be {output}, {side} {threshold}.</p><table>"
    for index in turning.items[:_LISTED]:
        item = one.items[index]
        yield (
            f"<tr><td>{_text(item_text(item))}<br><span class='muted'>{_text(reference_text(item))}</span></td>"
            f"<td class='number'>{_text(change_text(one.head, item.contribution))}</td></tr>"
        )
    yield "</table>"
    if len(turning.items) > _LISTED:
        yield f"<p class='muted'>and {len(turning.items) - _LISTED} more</p>"


def changes_lines(one: Explanation) -> Iterator[str]:
    """The smallest change of attributes that was found; nothing where nobody asked for it."""
    changes: Changes | None = one.changes
    if changes is None:
        return
    target = _text(amount_text(one.head, changes.target))
    side = "below" if one.output >= changes.target else "at or above"
    if changes.output is None:
        yield f"<p>Within the limits no change of attributes was found with which it would be {side} {target}.</p>"
    else:
        output = _text(amount_text(one.head, changes.output))
        yield f"<p>With these together it would be {output}, {side} {target}.</p>"
        yield "<table class='narrow'><tr><th>Attribute</th><th>Is</th><th>Would be</th></tr>"
        for change in changes.changes:
            yield (
                f"<tr><td>{_text(change.column)}</td><td>{_text(change.before)}</td><td>{_text(change.after)}</td></tr>"
            )
        yield "</table>"
    tried = "all" if changes.complete else "the most promising"
    yield f"<p class='muted'>{tried.capitalize()} combinations of quantiles within the limits: {changes.trials:,}.</p>"
