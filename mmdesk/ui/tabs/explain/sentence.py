"""The account in one sentence, in the window's language; in English it is the engine's, with the window's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.account import NAMED_SHORT, amount_text, change_text, leading_part, smallest_named
from mmdesk.engine.explanation.evidence import moment_text
from mmdesk.ui.engine_sentences import translated
from mmdesk.ui.engine_words import in_words
from mmdesk.ui.formatting import marked
from mmdesk.ui.language import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmdesk.engine.explanation.explanation import Explanation, Item

_OUTPUTS = {
    Head.CLASSIFICATION: tr("a probability of {output}"),
    Head.REGRESSION: tr("a value of {output}"),
    Head.RANKING: tr("a ranking score of {output}"),
}
_DOUBTS = {
    "level": tr("it hardly differs from the base value"),
    "chance": tr("on data that it had not seen, the model did no better than chance"),
    "removal": tr("taking away the strongest evidence does not bear them out"),
}


def sentence_of(explanation: Explanation) -> str:
    """What the model gives, how far that is from where the account starts, and what it is associated with most."""
    opening = _opening(explanation)
    faithfulness = explanation.faithfulness
    if faithfulness.grade.value == "D":
        doubt = _DOUBTS[str(faithfulness.doubt or "removal")]
        return tr("{opening}; no reasons are named: {doubt} (grade D).", opening=opening, doubt=doubt)
    reasons = [f"{_item(item)} ({_weight(explanation.head, item)})" for item in _named(explanation)]
    if not reasons:
        return tr("{opening}; no single piece of evidence stands out.", opening=opening)
    return tr("{opening}, associated with {reasons}.", opening=opening, reasons=_listed(reasons))


def _opening(explanation: Explanation) -> str:
    head, difference = explanation.head, explanation.output - explanation.base
    whom = explanation.entity_id
    if explanation.as_of:
        whom = tr("{entity} as of {as_of}", entity=whom, as_of=explanation.as_of)
    said = {
        "entity": whom,
        "output": _OUTPUTS[head].format(output=marked(amount_text(head, explanation.output))),
        "distance": _change(head, abs(difference)).lstrip("+"),
        "base": marked(amount_text(head, explanation.base)),
    }
    if difference >= 0:
        return tr("For {entity} the model gives {output}, {distance} above the base value of {base}", **said)
    return tr("For {entity} the model gives {output}, {distance} below the base value of {base}", **said)


def _change(head: Head, value: float) -> str:
    text = marked(change_text(head, value).removesuffix(" points"))
    return tr("{change} points", change=text) if head is Head.CLASSIFICATION else text


def _weight(head: Head, item: Item) -> str:
    """What it contributes as a whole, and the part of a file that most of it comes from."""
    change, where = _change(head, item.contribution), leading_part(item)
    return tr("{change}, above all {part}", change=change, part=translated(where)) if where else change


def _named(explanation: Explanation) -> list[Item]:
    """The strongest pieces of evidence on the side to which the output went, but for those that hardly count."""
    difference = explanation.output - explanation.base
    leading = explanation.for_ if difference >= 0 else explanation.against
    least = smallest_named(explanation.items, difference)
    items = [explanation.items[place] for place in leading]
    return [item for item in items if abs(item.contribution) >= least][:NAMED_SHORT]


def _item(item: Item) -> str:
    kind = item.kind.value
    if kind == "attribute":
        return f"{item.label} = {item.value}" if item.value != "missing" else tr("{label} missing", label=item.label)
    when = tr(" on {moment}", moment=moment_text(item.time_us)) if item.time_us is not None else ""
    if kind == "event":
        return tr("the event {label}{when} ({value})", label=item.label, when=when, value=item.value)
    if kind == "artifact":
        return tr("the {kind} file {label}", kind=in_words(item.value), label=item.label)
    return tr("the link {label}{when} ({value})", label=item.label, when=when, value=item.value)


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else tr("{most} and {last}", most=", ".join(parts[:-1]), last=parts[-1])
