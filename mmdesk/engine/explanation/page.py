"""An explanation as one page of HTML that needs nothing else: no script, no network, no file beside it.

It can be opened, printed or attached to a report as it is. Whatever came from the analyst's files is text on it and
nothing else: no markup, no links, and characters that turn the direction of writing appear as their codes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.times import from_us
from mmdesk.engine.core.types import Head
from mmdesk.engine.explanation.account import amount_text, change_text, item_text, reference_text, start_name
from mmdesk.engine.explanation.changes_page import changes_lines, turning_lines
from mmdesk.engine.explanation.explanation import Clause, Explanation, Grade, Item, ItemKind, Part
from mmdesk.engine.explanation.looks_page import LOOKS_STYLE, course_lines, peers_lines, taught_lines
from mmdesk.engine.explanation.references import Custodies, Custody, custody_words, files_behind
from mmdesk.engine.explanation.sheet import beginning
from mmdesk.engine.explanation.sheet import shown_text as _text

_BARS = 10
_LISTED = 12
_FILES = 6
_OUTLINE = 600
_STRONGEST = 0.55
"""Opacity of the tile that counts most; weaker so that the picture stays to be seen."""

Pixels = npt.NDArray[np.uint8]


class Frame(Protocol):
    """A frame of a video."""

    @property
    def time_s(self) -> float:
        """Its moment."""

    @property
    def pixels(self) -> Pixels:
        """RGB ``uint8 [height, width, 3]``."""


class Seen(Protocol):
    """What can be looked at of a file; see :class:`mmdesk.engine.services.previews.Preview`."""

    @property
    def intact(self) -> bool:
        """The stored file still has its hash."""

    @property
    def pixels(self) -> Pixels | None:
        """RGB ``uint8 [height, width, 3]``."""

    @property
    def lows(self) -> npt.NDArray[np.float32] | None:
        """Least sample of each stretch."""

    @property
    def highs(self) -> npt.NDArray[np.float32] | None:
        """Largest sample of each stretch."""

    @property
    def length_s(self) -> float:
        """Of a recording or video."""

    @property
    def frames(self) -> Sequence[Frame]:
        """Of a video."""

    @property
    def text(self) -> str:
        """The beginning of a text."""


Look = Callable[[str], Seen | None]
"""From a file's SHA-256 to what can be seen of it; None where it is not here."""


def explanation_page(explanation: Explanation, look: Look, standings: Custodies | None = None) -> bytes:
    """The page, UTF-8; the same explanation and files, the same bytes.

    Args:
        explanation: What to show.
        look: Asked for each file that is shown.
        standings: What a check of the files that it rests on found just now; those that are left out were not checked.
    """
    one = explanation
    parts = (
        beginning(f"{one.entity_id}: {amount_text(one.head, one.output)}", LOOKS_STYLE),
        *_head(one),
        *_section("What moved it", _waterfall(one)),
        *_section("For and against", _for_and_against(one)),
        *_section("Over time", _timeline(one)),
        *_section("Files", _files(one, look)),
        *_section("What it rests on", _ledger(one)),
        *_section("Without which it would turn", turning_lines(one)),
        *_section("What it would take", changes_lines(one)),
        *_section("The output over time", course_lines(one)),
        *_section("Among its peers", peers_lines(one)),
        *_section("Who taught it", taught_lines(one)),
        *_section("The account", _account(one.clauses)),
        *_section("Where it came from", _sources(one, standings or {})),
        *_section("How far it can be trusted", _figures(one)),
        f"<footer>Run {_text(one.run_id)}. Associations that a model has learned, not proof.</footer></body></html>",
    )
    return "\n".join(parts).encode("utf-8", "replace")


def _section(title: str, content: Iterator[str]) -> Iterator[str]:
    lines = list(content)
    if lines:
        yield f"<section><h2>{title}</h2>"
        yield from lines
        yield "</section>"


_HEADS = {Head.CLASSIFICATION: "Probability", Head.REGRESSION: "Value", Head.RANKING: "Ranking score"}


def _head(one: Explanation) -> Iterator[str]:
    moment = f"as of {one.as_of}" if one.as_of else "everything known"
    yield "<header><div>"
    yield f"<h1>{_text(one.entity_id)}</h1><p class='muted'>{_text(moment)}</p><p>{_text(one.sentence)}</p></div>"
    yield f"<div class='figure'><b>{_text(amount_text(one.head, one.output))}</b>{_HEADS[one.head]}</div>"
    yield f"<div class='figure'><b>{one.faithfulness.grade}</b>Faithfulness</div></header>"
    if one.faithfulness.grade is Grade.D:
        yield "<p class='caution'>What follows shows what the model did; it bears no reasons out (grade D).</p>"


def _waterfall(one: Explanation) -> Iterator[str]:
    """From the base to the output, a bar for each of the strongest items."""
    shown = list(one.items[:_BARS])
    others = one.output - one.base - sum(item.contribution for item in shown)
    steps = [(item_text(item), item.contribution, bool(item.faint)) for item in shown]
    if len(one.items) > _BARS or abs(others) > 0:
        rest = max(len(one.items) - _BARS, 0)
        steps.append((f"{rest} other{'' if rest == 1 else 's'} together", others, False))
    edges = np.cumsum([one.base, *(change for _, change, _ in steps)])
    low, high = float(edges.min()), float(edges.max())
    scale = 560 / (high - low) if high > low else 0.0
    yield "<table class='bars'>"
    yield _bar(start_name(one), amount_text(one.head, one.base), (one.base - low) * scale, 0, "mark")
    for (name, change, pale), start in zip(steps, edges[:-1].tolist(), strict=True):
        left, width = (min(start, start + change) - low) * scale, abs(change) * scale
        yield _bar(name, change_text(one.head, change), left, width, _side(change) + (" pale" if pale else ""))
    yield _bar(_HEADS[one.head], amount_text(one.head, one.output), (one.output - low) * scale, 0, "mark")
    yield "</table>"
    if any(pale for _, _, pale in steps):
        yield "<p class='muted'>Paler: not told from noise, so the account does not name it.</p>"


def _bar(name: str, value: str, left: float, width: float, kind: str) -> str:
    shape = f"<rect class='{kind}' x='{left:.1f}' y='3' width='{max(width, 2):.1f}' height='14'/>"
    drawing = f"<svg viewBox='0 0 564 20' width='564' height='20'>{shape}</svg>"
    return f"<tr><td>{_text(name)}</td><td>{drawing}</td><td class='number'>{_text(value)}</td></tr>"


def _side(change: float) -> str:
    return "raises" if change >= 0 else "lowers"


def _for_and_against(one: Explanation) -> Iterator[str]:
    yield "<div class='two'>"
    for title, chosen in (("Raises it", one.for_), ("Lowers it", one.against)):
        yield f"<div><h3>{title}</h3>"
        if not chosen:
            yield "<p class='muted'>Nothing.</p>"
        else:
            yield "<table>"
            for index in chosen[:_LISTED]:
                item = one.items[index]
                yield (
                    f"<tr><td>{_text(item_text(item))}<br><span class='muted'>{_text(reference_text(item))}</span></td>"
                    f"<td class='number {_side(item.contribution)}'>{_text(change_text(one.head, item.contribution))}"
                    "</td></tr>"
                )
            yield "</table>"
        if len(chosen) > _LISTED:
            yield f"<p class='muted'>and {len(chosen) - _LISTED} more</p>"
        yield "</div>"
    yield "</div>"


def _timeline(one: Explanation) -> Iterator[str]:
    """What has a time, where it lies in time, as large as it counts."""
    dated = [(item.time_us, item) for item in one.items if item.time_us is not None]
    if len(dated) < 2:
        return
    first, last = min(time for time, _ in dated), max(time for time, _ in dated)
    span = max(last - first, 1)
    largest = max(abs(item.contribution) for _, item in dated) or 1.0
    yield "<svg viewBox='0 0 860 96' width='860' height='96'><line class='axis' x1='20' y1='48' x2='840' y2='48'/>"
    for time_us, item in sorted(dated, key=lambda pair: -abs(pair[1].contribution)):
        place, share = 20 + 820 * (time_us - first) / span, abs(item.contribution) / largest
        top = 48 - 40 * share if item.contribution >= 0 else 48
        said = f"{item_text(item)}: {change_text(one.head, item.contribution)}"
        yield (
            f"<rect class='{_side(item.contribution)}' x='{place - 2:.1f}' y='{top:.1f}' width='4' "
            f"height='{max(40 * share, 1):.1f}'><title>{_text(said)}</title></rect>"
        )
    for place, moment, anchor in ((20, first, "start"), (840, last, "end")):
        yield f"<text x='{place}' y='94' text-anchor='{anchor}'>{from_us(moment):%Y-%m-%d %H:%M}</text>"
    yield "</svg><p class='muted'>Above the line raises, below it lowers; in UTC.</p>"


def _files(one: Explanation, look: Look) -> Iterator[str]:
    for item in [item for item in one.items if item.kind is ItemKind.ARTIFACT][:_FILES]:
        sha256 = item.artifact_sha256 or ""
        seen = look(sha256)
        yield f"<figure><figcaption><b>{_text(item.label)}</b> {_text(change_text(one.head, item.contribution))}"
        state = (
            "it is not on this machine"
            if seen is None
            else ""
            if seen.intact
            else "it is not what was imported any more"
        )
        yield f"<br><span class='muted'>SHA-256 {_text(sha256)}{': ' + state if state else ''}</span></figcaption>"
        if seen is not None:
            yield from _drawn(seen, item)
        parts = [part for part in item.parts if part.kind not in {"whole", "track"}][:3]
        if parts:
            said = "; ".join(f"{part.description} {change_text(one.head, part.contribution)}" for part in parts)
            yield f"<p class='muted'>{_text(said)}</p>"
        yield "</figure>"


def _drawn(seen: Seen, item: Item) -> Iterator[str]:
    if seen.pixels is not None:
        yield _picture(seen.pixels, item.parts)
    elif seen.frames:
        by_time = {part.time_s: part.contribution for part in item.parts if part.time_s is not None}
        largest = max(map(abs, by_time.values()), default=0.0) or 1.0
        yield "<div class='frames'>"
        for frame in seen.frames:
            near = min(by_time, key=lambda time: abs(time - frame.time_s), default=None)
            change = by_time[near] if near is not None else 0.0
            yield (
                f"<div><img src='{_inline(frame.pixels)}' width='120' alt=''>"
                f"<div class='meter {_side(change)}' style='width:{round(120 * abs(change) / largest)}px'></div>"
                f"<span class='muted'>{frame.time_s:.1f} s</span></div>"
            )
        yield "</div>"
    elif seen.lows is not None and seen.highs is not None and seen.length_s > 0:
        yield _waveform(seen.lows, seen.highs, seen.length_s, item.parts)
    elif seen.text:
        yield f"<pre>{_text(seen.text[:600])}</pre>"


def _picture(pixels: Pixels, parts: Sequence[Part]) -> str:
    height, width = pixels.shape[:2]
    largest = max((abs(part.contribution) for part in parts if part.box is not None), default=0.0) or 1.0
    tiles = "".join(
        f"<rect class='{_side(part.contribution)}' x='{part.box[0] * width:.1f}' y='{part.box[1] * height:.1f}' "
        f"width='{(part.box[2] - part.box[0]) * width:.1f}' height='{(part.box[3] - part.box[1]) * height:.1f}' "
        f"fill-opacity='{_STRONGEST * abs(part.contribution) / largest:.3f}'/>"
        for part in parts
        if part.box is not None
    )
    shown = min(width, 420)
    return (
        f"<svg viewBox='0 0 {width} {height}' width='{shown}' height='{round(shown * height / width)}'>"
        f"<image href='{_inline(pixels)}' width='{width}' height='{height}'/>{tiles}</svg>"
    )


def _waveform(
    lows: npt.NDArray[np.float32], highs: npt.NDArray[np.float32], length_s: float, parts: Sequence[Part]
) -> str:
    step = max(1, -(-len(lows) // _OUTLINE))
    tops = [float(highs[at : at + step].max()) for at in range(0, len(highs), step)]
    bottoms = [float(lows[at : at + step].min()) for at in range(0, len(lows), step)]
    across = 860 / max(len(tops), 1)
    points = [f"{number * across:.1f},{40 - 36 * top:.1f}" for number, top in enumerate(tops)]
    points += [f"{number * across:.1f},{40 - 36 * low:.1f}" for number, low in reversed(list(enumerate(bottoms)))]
    windows = [part for part in parts if part.start_s is not None and part.end_s is not None]
    largest = max((abs(part.contribution) for part in windows), default=0.0) or 1.0
    shades = "".join(
        f"<rect class='{_side(part.contribution)}' x='{860 * (part.start_s or 0) / length_s:.1f}' y='0' height='80' "
        f"width='{860 * ((part.end_s or 0) - (part.start_s or 0)) / length_s:.1f}' "
        f"fill-opacity='{_STRONGEST * abs(part.contribution) / largest:.3f}'/>"
        for part in windows
    )
    return (
        f"<svg viewBox='0 0 860 96' width='860' height='96'><polygon class='wave' points='{' '.join(points)}'/>{shades}"
        f"<text x='0' y='94'>0 s</text><text x='860' y='94' text-anchor='end'>{length_s:.1f} s</text></svg>"
    )


def _inline(pixels: Pixels) -> str:
    """A picture inside the page."""
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(pixels[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert done
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"


def _ledger(one: Explanation) -> Iterator[str]:
    ledger = one.ledger
    rows = (
        ("as it is", one.output),
        ("without its attributes", ledger.without_attributes),
        ("without its events", ledger.without_events),
        ("without its links", ledger.without_neighbours),
        ("without its files", ledger.without_artifacts),
    )
    yield "<table class='narrow'>"
    for name, value in rows:
        yield f"<tr><td>{name}</td><td class='number'>{_text(amount_text(one.head, value))}</td></tr>"
    yield "</table>"


def _account(clauses: Sequence[Clause]) -> Iterator[str]:
    for clause in clauses:
        reference = f" <span class='muted'>[{_text(clause.reference)}]</span>" if clause.reference else ""
        yield f"<p>{_text(clause.text)}{reference}</p>"


def _sources(one: Explanation, standings: Custodies) -> Iterator[str]:
    behind = files_behind(one)
    if not behind:
        return
    yield "<p class='muted'>Each file was read anew when this page was made.</p><table>"
    for reference, number in behind.items():
        standing = standings.get(reference)
        state = "not checked" if standing is None else custody_words(standing, imported=reference.import_id is not None)
        pieces = f"{number} piece{'' if number == 1 else 's'} of evidence"
        known = f"import {reference.import_id}, " if reference.import_id is not None else ""
        kind = "" if standing is Custody.MATCHES else " class='raises'"
        yield (
            f"<tr><td>{_text(reference.name)}<br><span class='muted'>{known}{pieces}, SHA-256 {_text(reference.sha256)}"
            f"</span></td><td{kind}>{state}</td></tr>"
        )
    yield "</table>"


def _figures(one: Explanation) -> Iterator[str]:
    yield "<table class='narrow'>"
    figures = {**one.faithfulness.figures, "gap": one.gap, "steps": float(one.steps)}
    for name, value in figures.items():
        shown = "-" if value is None else f"{value:.4g}"
        yield f"<tr><td>{_text(name.replace('_', ' '))}</td><td class='number'>{shown}</td></tr>"
    yield "</table>"
