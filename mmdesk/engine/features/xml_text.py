"""The text in the XML of office files, read piece by piece within limits.

A document type declaration, which office formats do not have, is refused, so that no entity can grow or lead elsewhere.
"""

from __future__ import annotations

from xml.parsers import expat

_PARAGRAPHS = frozenset({"p", "h", "br", "tab", "si"})
_TEXT_HOLDERS = frozenset({"t", "p", "h", "span", "a"})
_DEEPEST = 1_000
_MOST_ELEMENTS = 2_000_000


class _StopError(Exception):
    """No more is read of this entry."""


class XmlText:
    """Collects the text of one entry.

    Args:
        most: Characters; whatever comes behind them is not read.

    Attributes:
        damaged: It is no well-formed XML, declares a document type, or has more elements, or deeper ones, than any
            document.
        done: Nothing more is to be fed.
    """

    def __init__(self, most: int) -> None:
        self._left, self._elements = most, 0
        self._words: list[str] = []
        self._above: list[str] = []
        self.damaged = self.done = False
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        """The next bytes of the entry."""
        if self.done:
            return
        try:
            self._parser.Parse(piece, last)
        except _StopError:
            self.done = True
        except expat.ExpatError:
            self.damaged = self.done = True

    def text(self) -> str:
        """What was collected, a line for each paragraph, none empty."""
        lines = (line.strip() for line in "".join(self._words).split("\n"))
        return "\n".join(line for line in lines if line)

    def _start(self, tag: str, _attributes: object) -> None:
        self._elements += 1
        self._above.append(tag.rsplit(":", 1)[-1])
        if len(self._above) > _DEEPEST or self._elements > _MOST_ELEMENTS:
            self.damaged = True
            raise _StopError

    def _end(self, _tag: str) -> None:
        if self._above.pop() in _PARAGRAPHS:
            self._words.append("\n")

    def _characters(self, text: str) -> None:
        if self._above[-1] in _TEXT_HOLDERS:
            self._words.append(text[: self._left])
            self._left -= len(text)
            if self._left <= 0:
                raise _StopError

    def _doctype(self, *_declared: object) -> None:
        self.damaged = True
        raise _StopError
