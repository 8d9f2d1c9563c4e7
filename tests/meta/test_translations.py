"""Every text of the window can be translated, and every catalogue is whole."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Message

from mmdesk.ui.language import LANGUAGES
from tests import translations as tool

_LANGUAGES = [path.parents[1].name for path in tool.languages()]


def test_each_language_that_is_offered_has_a_catalogue() -> None:
    assert {"en", *_LANGUAGES} == set(LANGUAGES)


def test_the_template_has_the_texts_of_the_sources() -> None:
    now = {(str(message.id), message.context) for message in tool.gathered()}
    kept = {(str(message.id), message.context) for message in tool.catalogue(tool.TEMPLATE)}
    assert now == kept, "run: make translations"


def _pairs(message: Message) -> list[tuple[str, str]]:
    """Each translation with the text it is for."""
    said = tool.strings(message)
    if isinstance(message.id, str):
        return [(message.id, said[0])]
    assert len(said) == 2
    return list(zip(message.id, said, strict=True))


def _placeholders(text: str) -> set[tuple[str, str | None]]:
    return {(name, spec) for _, name, spec, _ in Formatter().parse(text) if name is not None}


def _edges(text: str) -> tuple[str, str, str]:
    """What it begins and ends with (texts are put together, and ``…`` promises more), and the kinds of files in it."""
    begin, end = re.match(r"[\s;,·]*", text), re.search(r"[…:]?\s*$", text)
    assert begin
    assert end
    return begin[0], end[0], "".join(re.findall(r";;|\*\.\w+", text))


@pytest.mark.parametrize("language", _LANGUAGES)
def test_a_catalogue_has_every_text_with_the_same_places_to_fill(language: str) -> None:
    catalog = tool.catalogue(tool.FOLDER / language / "LC_MESSAGES" / "mmdesk.po")
    missing = {(str(m.id), m.context) for m in tool.gathered()} - {(str(m.id), m.context) for m in catalog}
    assert (missing, tool.untranslated(catalog)) == (set(), []), "run: make translations, then translate these"
    assert [message.id for message in catalog if message.id and message.fuzzy] == []
    pairs = [pair for message in catalog if message.id for pair in _pairs(message)]
    assert [(text, said) for text, said in pairs if _placeholders(text) != _placeholders(said)] == []
    assert [(text, said) for text, said in pairs if _edges(text) != _edges(said)] == []


@pytest.mark.parametrize("language", _LANGUAGES)
def test_the_compiled_catalogue_says_the_same(language: str) -> None:
    compiled = gettext.translation("mmdesk", tool.FOLDER, [language])
    for message in tool.catalogue(tool.FOLDER / language / "LC_MESSAGES" / "mmdesk.po"):
        if not message.id:
            continue
        said = tool.strings(message)
        if not isinstance(message.id, str):
            one, many = message.id
            assert tuple(compiled.ngettext(one, many, n) for n in (1, 2)) == said, "run: make translations"
        elif message.context:
            assert compiled.pgettext(message.context, message.id) == said[0], "run: make translations"
        else:
            assert compiled.gettext(message.id) == said[0], "run: make translations"


# Texts that nobody can translate: written where they are shown, but not given to tr.

_SHOWING = re.compile(
    r"^(\w*Label|Button|IconButton|ActionButton|Column|Card|Fold|Choice|Table|Bar|Figure|Sentence|FieldCell|Setting"
    r"|QCheckBox|QRadioButton|QMenu|QAction|switch|set_?[tT]ext|setPlainText|setToolTip|setPlaceholderText"
    r"|setAccessible(Name|Description)|setWindowTitle|setTitle|setStatusTip|addRow|addTab|addItem|addItems|addAction"
    r"|addMenu|addButton|setTabText|setHorizontalHeaderLabels|drawText|tell|say|ask|ask_text|show_(empty|busy|error|result)"
    r"|show_nothing|choose_(files|folder|new_file)|tool_tip|menu_text|progress)$"
)
"""What puts a text on the screen: there even a single small word is one."""
_QUIET = re.compile(
    r"^(set(Object|Application|DesktopFile)Name|(set)?[pP]roperty|supersede|get|pop|getattr|getLogger|debug|info|warning"
    r"|error|exception|replace|startswith|endswith|(remove|r?)(prefix|suffix)|split|r?partition|strip|[lr]strip|setStyle|compile"
    r"|match|search|fullmatch|sub|cast|TypeVar|add|separate|icon|put_icon|pixmap|Picture|resource|setShortcut|encode|decode"
    r"|emit|go|in_words|in_capitals|_?send|setHtml|setDefaultStyleSheet|set_kind|frame|role|swatch|load|ValueError"
    r"|KeyError|RuntimeError|TypeError|NotImplementedError|setdefault)$"
)
"""What takes names, keys and patterns."""
_QUIET_WORDS = {
    "icon",
    "kind",
    "role",
    "shortcut",
    "key",
    "name",
    "mode",
    "code",
    "symbol",
    "side",
    "size",
    "picture",
    "orientation",
}
_KINDS = re.compile(
    r"^(muted|small|good|bad|warn|strong|heading|title|figure|accent|raises|lowers|control|info|done|failed)$"
)
_TERMS = re.compile(
    r"mmdesk|AUROC|MAE|RMSE|NDCG|SHA-256|F1|Ctrl\+|Alt\+|QT_|µs|U\+|^(UTC|Europe/|America/|Asia/)|Hz$|^auc > |^series $"
    r"|^(A4|Letter|B|kB|MB|GB| TB|pt|Fusion|Qt|Screen|Window|C[cfson]|[A-Z]|#\w+|\w+\.\w+)$| min $|min$| s$|x$|^x | h "
    r"| on $| at $| points$|^\x00|was read$|^unknown entity$|^Reaching the server$"
)
"""The field's own terms, units, keys, and what is read by programs or by whoever mends this one."""
_SHOWN_WHEREVER = re.compile(r"^(__init__|InfiniteLine|Histogram|Line)$")
"""What names axes, levels and curves with whichever of its arguments."""
_ICONS = {path.stem for path in (tool.ROOT / "resources" / "icons").glob("*.svg")}
_WITH_ICON_FIRST = {"IconButton", "show_empty", "say"}
_ELSEWHERE = {"printing.py", "player_process.py", "hints.py", "colours.py", "language.py", "instances.py", "drafts.py"}
"""Pages in HTML that the engine wrote in English; processes and files; words for the engine's English hints."""


def _parents(tree: ast.Module) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_shown(node: ast.Constant, parents: dict[ast.AST, ast.AST]) -> bool:
    """A text that comes to a screen as it is, as far as its surroundings tell."""
    text = str(node.value)
    below: ast.AST = node
    above = parents[node]
    nested = False
    if isinstance(above, ast.Expr):
        return False  # a docstring
    while not isinstance(above, (ast.stmt, ast.match_case)):
        if _is_key(below, above, text):
            return False
        if isinstance(above, ast.Call) and below is not above.func:
            name, first = _name(above), bool(above.args) and below is above.args[0]
            if name in tool.FUNCTIONS or _QUIET.match(name) or (name in _WITH_ICON_FIRST and first and text in _ICONS):
                return False
            if _SHOWN_WHEREVER.match(name) and not nested:
                return True
            if _SHOWING.match(name):
                return first or isinstance(parents[node], ast.JoinedStr) or not _is_word(text)
            nested = True
        below, above = above, parents[above]
    return not _is_word(text)


def _is_key(below: ast.AST, above: ast.AST, text: str) -> bool:
    """What a text is compared with, looked up by or counted among is no text to be shown."""
    match above:
        case ast.Compare():
            return isinstance(below, (ast.Constant, ast.Tuple, ast.List))
        case ast.Subscript():
            return below is above.slice
        case ast.Dict():
            said = next((value for key, value in zip(above.keys, above.values, strict=True) if key is below), None)
            return said is not None and (
                _is_word(text) or (isinstance(said, ast.Call) and _name(said) in tool.FUNCTIONS)
            )
        case ast.keyword():
            return above.arg in _QUIET_WORDS
        case _:
            return isinstance(above, (ast.Set, ast.MatchValue))


def _is_word(text: str) -> bool:
    """A key, as far as one can see: no spaces between words, no capital at the beginning."""
    return not re.search(r"[^\W\d_]{2,}[,;:.]? [^\W\d_]{2,}|^[A-Z][a-z]+…?$|^[ ;,·]+[^\W\d_]{2}", text)


def untranslatable(source: str) -> Iterator[str]:
    """The texts in a module of the window that are shown as they are written."""
    tree = ast.parse(source)
    parents = _parents(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_shown(node, parents):
            text = node.value
            if re.search(r"[^\W\d_]{2}", text) and not _TERMS.search(text) and not _KINDS.match(text):
                yield f"{node.lineno}: {text}"


def test_no_text_of_the_window_is_left_to_one_language() -> None:
    found = {
        path.name: left
        for path in tool.sources()
        if path.name not in _ELSEWHERE and (left := list(untranslatable(path.read_text(encoding="utf-8"))))
    }
    assert found == {}, "give these to tr() of mmdesk.ui.language"


@pytest.mark.parametrize(
    "planted",
    [
        'Label("ready")',
        'self.said.setText("waiting")',
        'button.setAccessibleName("Close")',
        'form.addRow("Folder", field)',
        'self.said.set_text("on" if there else "")',
        'self.desk.tell(f"{name} saved", "done", "good")',
        'x = "Not yet there"',
        'TITLES = {"a": "Runs", "b": ("Evidence",)}',
        'Column("Run", values)',
        'box.addItem("none")',
        'def f():\n return "so many"',
        'self._state.show_empty("runs", "No runs yet", "")',
        'IconButton("close", "Leave it out", f)',
        'y = f"; {n:,} left out"',
        'dialog(title="Reading the file")',
        'menu.addAction("rename")',
        'super().__init__("", "epoch")',
        'pg.InfiniteLine(level, angle=0, label="threshold")',
        'z = " and ".join(f"{one} or so" for one in all)',
    ],
)
def test_a_text_that_was_forgotten_is_found(planted: str) -> None:
    assert len(list(untranslatable(planted))) >= 1


@pytest.mark.parametrize(
    "fine",
    [
        'Label(tr("ready"))',
        'x = tr("{n:,} of {total}", n=1, total=tr_n("{n:,} run", "{n:,} runs", 2))',
        'a["Not a text"]',
        'if state == "Not a text":\n pass',
        'widget.setObjectName("Some name")',
        '"""A module."""',
        'frame.setProperty("kind", "card")',
        'Button(tr("Save"), f, icon="save", kind="primary")',
        'IconButton("close", tr("Leave it out"), f)',
        'x = {"left", "Right"}',
    ],
)
def test_what_is_no_text_is_let_be(fine: str) -> None:
    assert list(untranslatable(fine)) == []


@pytest.mark.parametrize("wrong", ['tr(f"{n} runs")', 'tr("a" + b)', 'tr_n("{n} run", many, n)', 'tr_in(kind, "open")'])
def test_a_text_that_cannot_be_gathered_is_refused(wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    (tmp_path / "room.py").write_text(wrong, encoding="utf-8")
    with pytest.raises(tool.NotWrittenOutError, match=r"room\.py:1"):
        list(tool.texts_of(tmp_path / "room.py"))
