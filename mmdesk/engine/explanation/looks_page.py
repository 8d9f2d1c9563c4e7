"""The further looks on an explanation's page: the course as a line, peers as places on a scale, lessons as tables."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence

from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.times import from_us
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.account import amount_text, change_text, item_text, reference_text, source_text
from mmdesk.engine.explanation.evidence import moment_text, number_text
from mmdesk.engine.explanation.explanation import Course, Explanation, Item, Lesson, Moment, Peers, Placing, Taught
from mmdesk.engine.explanation.looks import UNDATED_LABELS
from mmdesk.engine.explanation.sheet import shown_text as _text

LOOKS_STYLE = """
th{font-weight:600;text-align:left;padding:3px 8px 3px 0;font-size:13px;color:var(--muted)}th.number{text-align:right}
.course polyline{fill:none;stroke:var(--text);stroke-width:1.6}.course .jump{stroke-width:3;stroke:currentColor}
.grid{stroke:var(--line)}.threshold{stroke:var(--muted);stroke-dasharray:4 3}
.course text.raises{fill:var(--raises);font-weight:600}.course text.lowers{fill:var(--lowers);font-weight:600}
.when,.place-text{white-space:nowrap}.narrow+.two{margin-top:12px}.scale{fill:var(--line)}.middle{stroke:var(--muted)}.place{fill:var(--text)}
"""
_WIDTH, _HEIGHT = 860, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 16, 24
_QUIET = 3.0
"""How much of a quiet end is drawn, as a share of the time in which things happened."""
_APART = 14
_TALL = 40


def course_lines(one: Explanation) -> Iterator[str]:
    """The output over time; nothing where nobody asked for it."""
    course = one.course
    if course is None:
        return
    if not course.moments:
        yield "<p class='muted'>Nothing of it has a time, so there is no course over time.</p>"
        return
    yield _drawn_course(one, course)
    yield f"<p class='muted'>{_text(_course_note(one, course))}</p>"
    if course.jumps:
        yield "<table><tr><th>#</th><th>When (UTC)</th><th class='number'>From</th><th class='number'>To</th>"
        yield "<th class='number'>Change</th><th>What arrived</th></tr>"
        for number, jump in enumerate(course.jumps, 1):
            moment = course.moments[jump.moment]
            change = moment.after - moment.before
            yield (
                f"<tr><td>{number}</td><td class='when'>{_text(moment_text(moment.time_us))}</td>"
                f"<td class='number'>{_text(amount_text(one.head, moment.before))}</td>"
                f"<td class='number'>{_text(amount_text(one.head, moment.after))}</td>"
                f"<td class='number {_side(change)}'>{_text(change_text(one.head, change))}</td>"
                f"<td>{_arrived(jump.items, moment.arrived)}</td></tr>"
            )
        yield "</table>"


def _arrived(items: Sequence[Item], arrived: int) -> str:
    if not items:
        return f"{arrived:,} together"
    more = f" and {arrived - 1:,} more" if arrived > 1 else ""
    return f"{_text(item_text(items[0]))}{more}<br><span class='muted'>{_text(reference_text(items[0]))}</span>"


def _course_note(one: Explanation, course: Course) -> str:
    last = max((one for one in course.moments if one.arrived), key=lambda one: one.time_us)
    quiet = ""
    if course.end_us > _shown_end(course):
        quiet = f"Nothing happened after {moment_text(last.time_us)}; at the end it stands at "
        quiet += f"{amount_text(one.head, one.output)}. "
    number = sum(one.arrived > 0 for one in course.moments)
    shown = f", {number:,} of them shown" if number < course.happened else ""
    found = " that were found" if course.asked < course.happened else ""
    caution = f" Caution: {UNDATED_LABELS}." if course.undated_labels else ""
    return (
        f"{quiet}Something happened at {_moments(course.happened)}{shown}; "
        f"the largest jumps{found} are numbered.{caution}"
    )


def _moments(number: int) -> str:
    return "one moment" if number == 1 else f"{number:,} moments"


def _shown_end(course: Course) -> int:
    busy = [one.time_us for one in course.moments if one.arrived]
    first, last = busy[0], busy[-1]
    return min(course.end_us, last + max(round(_QUIET * (last - first)), 1_000_000))


class _Chart:
    """Where moments and outputs lie on the drawing."""

    def __init__(self, one: Explanation, course: Course) -> None:
        self.first, self.last = course.moments[0].time_us, max(_shown_end(course), course.moments[0].time_us + 1)
        values = [one.output, *(value for moment in course.moments for value in (moment.before, moment.after))]
        if one.turning is not None:
            values.append(one.turning.threshold)
        self.low, self.high = min(values), max(values)
        if self.high <= self.low:
            self.low, self.high = self.low - 1, self.high + 1

    def x(self, time_us: int) -> float:
        share = (min(time_us, self.last) - self.first) / (self.last - self.first)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _TOP + (self.high - value) / (self.high - self.low) * (_HEIGHT - _TOP - _BOTTOM)


def _drawn_course(one: Explanation, course: Course) -> str:
    chart = _Chart(one, course)
    line = " ".join(f"{chart.x(time):.1f},{chart.y(value):.1f}" for time, value in _corners(one, course, chart.last))
    parts = [*_levels(one, chart), *_dates(chart)]
    if one.turning is not None:
        y = chart.y(one.turning.threshold)
        parts.append(f"<line class='threshold' x1='{_LEFT}' x2='{_WIDTH - _RIGHT}' y1='{y:.1f}' y2='{y:.1f}'/>")
        first, level = course.moments[0].after, one.turning.threshold
        # On the side where the line is farther away.
        right = abs(one.output - level) >= abs(first - level)
        x, anchor = (_WIDTH - _RIGHT, "end") if right else (_LEFT + 4, "start")
        parts.append(f"<text x='{x}' y='{y - 4:.1f}' text-anchor='{anchor}'>threshold</text>")
    parts.append(f"<polyline points='{line}'/>")
    parts += _jumps(chart, [course.moments[jump.moment] for jump in course.jumps])
    size = f"viewBox='0 0 {_WIDTH} {_HEIGHT}' width='{_WIDTH}' height='{_HEIGHT}'"
    return f"<svg class='course' {size}>{''.join(parts)}</svg>"


def _corners(one: Explanation, course: Course, until_us: int) -> list[tuple[int, float]]:
    """Of the line, up to a moment; where that lies between two corners, on the straight line between them."""
    corners = [(m.time_us, value) for m in course.moments for value in (m.before, m.after)]
    corners.append((course.end_us, one.output))
    kept = [corner for corner in corners if corner[0] <= until_us]
    if len(kept) < len(corners):
        (start_us, start), (end_us, end) = kept[-1], corners[len(kept)]
        kept.append((until_us, start + (end - start) * (until_us - start_us) / (end_us - start_us)))
    return kept


def _jumps(chart: _Chart, moments: Sequence[Moment]) -> Iterator[str]:
    """The largest first; a number that would lie over that of a larger one is left out."""
    numbered: list[float] = []
    for number, moment in enumerate(moments, 1):
        side, x = _side(moment.after - moment.before), chart.x(moment.time_us)
        before, after = chart.y(moment.before), chart.y(moment.after)
        yield f"<line class='jump {side}' x1='{x:.1f}' x2='{x:.1f}' y1='{before:.1f}' y2='{after:.1f}'/>"
        if all(abs(x - other) >= _APART for other in numbered):
            numbered.append(x)
            if abs(after - before) > _TALL:
                y, edge = (after + before) / 2, x < _LEFT + _APART
                x, anchor = (x + 6, "start") if edge else (x - 6, "end")
            else:
                y, anchor = after - 4 if after <= before else after + 13, "middle"
            yield f"<text class='{side}' x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'>{number}</text>"


def _levels(one: Explanation, chart: _Chart) -> Iterator[str]:
    for level in _round_levels(chart.low, chart.high):
        y = chart.y(level)
        text = f"{100 * level:.6g} %" if one.head is Head.CLASSIFICATION else number_text(level)
        yield f"<line class='grid' x1='{_LEFT}' x2='{_WIDTH - _RIGHT}' y1='{y:.1f}' y2='{y:.1f}'/>"
        yield f"<text x='{_LEFT - 8}' y='{y + 4:.1f}' text-anchor='end'>{text}</text>"


def _round_levels(low: float, high: float) -> list[float]:
    """About four levels at 1, 2 or 5 times a power of ten."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= rough)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _dates(chart: _Chart) -> Iterator[str]:
    """Five moments, evenly spread; with the time of day where they are less than a day apart."""
    apart = (chart.last - chart.first) / 4
    for number in range(5):
        at = chart.first + round(number * apart)
        anchor = ("start", "middle", "middle", "middle", "end")[number]
        text = _date(from_us(at), daily=apart >= 86_400_000_000)
        yield f"<text x='{chart.x(at):.1f}' y='{_HEIGHT - 6}' text-anchor='{anchor}'>{text}</text>"


def _date(moment: dt.datetime, *, daily: bool) -> str:
    return moment.strftime("%Y-%m-%d" if daily else "%m-%d %H:%M:%S")


def peers_lines(one: Explanation) -> Iterator[str]:
    """Where the strongest items stand among comparable entities; nothing where nobody asked for it."""
    peers: Peers | None = one.peers
    if peers is None:
        return
    few = "" if peers.placings else " They are too few to say where anything stands."
    others = counted(peers.members, "other")
    yield f"<p>Compared with {others} ({_text(peers.group)}) as they stood at the same moment.{few}</p>"
    if not peers.placings:
        return
    yield "<table><tr><th>Evidence</th><th>Percentile of its value</th><th>Percentile of its number</th></tr>"
    for placing in peers.placings:
        name = _text(item_text(one.items[placing.item]))
        yield (
            f"<tr><td>{name}<br><span class='muted'>{_text(placing.what)}</span></td>"
            f"<td>{_value_place(placing)}</td><td>{_number_place(placing)}</td></tr>"
        )
    yield "</table>"
    yield "<p class='muted'>A percentile is the share of the others' values that lie below, equal ones by half.</p>"


def _value_place(placing: Placing) -> str:
    if placing.share is not None:
        return _placed(
            _scale(placing.share, filled=True), f"{100 * placing.share:.1f} %", f"of {placing.values:,} alike"
        )
    if placing.percentile is None:
        return "<span class='muted'>-</span>"
    return _placed(_scale(placing.percentile), f"{100 * placing.percentile:.1f}", f"of {placing.values:,} values")


def _number_place(placing: Placing) -> str:
    if placing.number is None or placing.number_percentile is None:
        return "<span class='muted'>-</span>"
    usual = number_text(placing.number_usual or 0.0)
    said = f"it has {placing.number:,}, the median is {usual}"
    return _placed(_scale(placing.number_percentile), f"{100 * placing.number_percentile:.1f}", said)


def _placed(scale: str, place: str, said: str) -> str:
    return f"<span class='place-text'>{scale} {place}</span><br><span class='muted'>{said}</span>"


def _scale(share: float, *, filled: bool = False) -> str:
    """A line from 0 to 1 with its middle and the place on it, or a bar from 0."""
    marks = (
        f"<rect class='place' x='4' y='5' width='{92 * share:.1f}' height='4'/>"
        if filled
        else "<line class='middle' x1='50' x2='50' y1='2' y2='12'/>"
        f"<circle class='place' cx='{4 + 92 * share:.1f}' cy='7' r='4'/>"
    )
    return (
        "<svg viewBox='0 0 100 14' width='100' height='14' aria-hidden='true'>"
        f"<rect class='scale' x='4' y='5' width='92' height='4'/>{marks}</svg>"
    )


def taught_lines(one: Explanation) -> Iterator[str]:
    """The most similar rows of the training; nothing where nobody asked for it."""
    taught: Taught | None = one.taught
    if taught is None:
        return
    yield f"<p>Supporting is {_text(taught.rule)}.</p><table class='narrow'>"
    for name, some, total in (
        (f"of the {taught.near} most similar entities", taught.near_supporting, taught.near),
        (f"of all {taught.trained:,} trained rows of others", taught.trained_supporting, taught.trained),
    ):
        share = some / total if total else 0.0
        yield (
            f"<tr><td>{name}</td><td>{_scale(share, filled=True)}</td>"
            f"<td class='number'>{100 * share:.1f} % ({some:,} of {total:,})</td></tr>"
        )
    yield "</table><div class='two'>"
    for title, lessons in (("Supporting", taught.supporting), ("Conflicting", taught.conflicting)):
        yield f"<div><h3>{title}</h3>"
        yield from _lessons(one.head, lessons)
        yield "</div>"
    yield "</div><p class='muted'>Likeness is the model's own, by the cosine of its embeddings. Only rows that the run "
    yield "was trained on, as it was taught them, are shown.</p>"


def _lessons(head: Head, lessons: Sequence[Lesson]) -> Iterator[str]:
    if not lessons:
        yield "<p class='muted'>None.</p>"
        return
    yield "<table><tr><th>Entity</th><th class='number'>Outcome</th><th class='number'>Similarity</th></tr>"
    for one in lessons:
        outcome = f"{one.outcome:.0f}" if head is Head.CLASSIFICATION else number_text(one.outcome)
        moment = f"{one.when}; " if one.when else ""
        source = source_text(one.source) or "not in the case any more"
        yield (
            f"<tr><td>{_text(one.entity_id)}<br><span class='muted'>{_text(moment + source)}</span></td>"
            f"<td class='number'>{_text(outcome)}</td><td class='number'>{one.similarity:.3f}</td></tr>"
        )
    yield "</table>"


def _side(change: float) -> str:
    return "raises" if change >= 0 else "lowers"
