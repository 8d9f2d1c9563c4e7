"""What a look at the attributes and across the split found, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmdesk.engine.core.types import ColumnKind
from mmdesk.ui.formatting import data_time, number, shown
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.widgets.findings import Sentence, Severity

if TYPE_CHECKING:
    from mmdesk.engine.services.data_quality import AttributeRange, Copies, DataQuality, Odd

_NAMED = 8


def quality_sentences(quality: DataQuality) -> list[Sentence]:
    """Odd attributes by name, and what stands on both sides of the split."""
    said = []
    odd = [one.name for one in quality.attributes if one.odd]
    if odd:
        names = ", ".join(shown(name, 40) for name in odd[:_NAMED])
        more = len(odd) - _NAMED
        text = (
            tr("Attributes to be looked at: {names}.", names=names)
            if more <= 0
            else tr("Attributes to be looked at: {names} and {number:,} more.", names=names, number=more)
        )
        said.append(Sentence(Severity.WARNING, text, tr("The table below says why.")))
    if quality.how_split:
        said += [*_files(quality.files), *_rows(quality.rows)]
    return said


def _files(files: Copies) -> list[Sentence]:
    if not files.of:
        return []
    if not files.found:
        return [Sentence(Severity.GOOD, tr("No file belongs to both the training part and another part."))]
    text = tr_n(
        "{n:,} file belongs to an entity of the training part and to one of another part.",
        "{n:,} files belong to an entity of the training part and to one of another part.",
        files.found,
    )
    return [Sentence(Severity.WARNING, text, _examples(files))]


def _rows(rows: Copies) -> list[Sentence]:
    if not rows.of:
        return []
    if not rows.found:
        text = tr("No entity of the validation and test parts has all attributes of one of the training part.")
        return [Sentence(Severity.GOOD, text)]
    text = tr_n(
        "{n:,} of {of:,} entities of the validation and test parts has all attributes of one of the training part.",
        "{n:,} of {of:,} entities of the validation and test parts have all attributes of one of the training part.",
        rows.found,
        of=rows.of,
    )
    if rows.telling:
        return [Sentence(Severity.WARNING, text, _examples(rows))]
    chance = tr("That says little here: the attributes of most entities are those of others, too.")
    return [Sentence(Severity.NOTE, text, chance)]


def _examples(copies: Copies) -> str:
    pairs = "; ".join(
        (f"{shown(one.name, 40)}: " if one.name else "")
        + tr("{measures} as {trains}", measures=shown(one.measures, 40), trains=shown(one.trains, 40))
        for one in copies.examples
    )
    return tr("Scores may flatter; put such entities into the same part. For instance: {pairs}.", pairs=pairs)


def odd_said(one: AttributeRange, odd: Odd) -> str:
    """One thing about an attribute that should be looked at."""
    from mmdesk.engine.services.attribute_ranges import Oddity

    n, value = odd.entities, number(odd.value) if odd.value is not None and one.kind is ColumnKind.NUMBER else ""
    if odd.value is not None and not value:
        value = data_time(int(odd.value))
    match odd.what:
        case Oddity.EMPTY:
            return tr("no entity has a value")
        case Oddity.CONSTANT:
            return tr("always the same")
        case Oddity.EACH_DIFFERENT:
            return tr("another text for nearly each entity, as with a name")
        case Oddity.FUTURE:
            return tr_n("{n:,} in the future", "{n:,} in the future", n)
        case Oddity.BEFORE_1970:
            return tr_n("{n:,} before 1970", "{n:,} before 1970", n)
        case Oddity.FAR_LOW:
            return tr_n(
                "{value} is far below all others", "{value} is far below all others ({n:,} times)", n, value=value
            )
        case Oddity.FAR_HIGH:
            return tr_n(
                "{value} is far above all others", "{value} is far above all others ({n:,} times)", n, value=value
            )
