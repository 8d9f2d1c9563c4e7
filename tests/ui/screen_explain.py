"""Pictures of Explain: its pages, what was marked and noted, and what-ifs."""

from __future__ import annotations

from contextlib import suppress

from mmdesk.engine.core.jobs import NullContext
from mmdesk.ui import media_calls
from tests.ui.photographer import SIZE, Photographer


def explain(p: Photographer) -> None:
    p.window.go("explain")
    tab = p.window.rooms["explain"]
    p.settle()
    names = ("attributes", "events", "links", "media", "sides", "account", "grade")
    page = tab.page  # type: ignore[attr-defined]
    for number, name in enumerate(names):
        page.tabs.setCurrentIndex(number)
        p.settle(0.3)
        p.shoot(f"explain-{name}", both=name in {"attributes", "events", "links", "media"})
    for number, name in enumerate(("course", "peers", "taught"), 1):
        page.views.setCurrentIndex(number)
        p.settle(0.3)
        p.shoot(f"explain-{name}")
    page.views.pin()
    tab.table.choose(int(tab.table.columns.rows[1]))  # type: ignore[attr-defined]
    p.settle(0.3)
    p.shoot("explain-compare")
    page.views.setCurrentIndex(0)
    page.choose(0)
    page.show_source_line()
    p.settle(0.3)
    p.shoot("explain-source", both=False)
    page._by_group.click()
    p.settle(0.1)
    p.shoot("explain-groups", both=False)
    page._by_item.click()
    for kind in ("image", "audio", "video"):
        if _show_media(p, kind):
            p.shoot(f"explain-media-{kind}")
            if kind == "video":
                _shoot_playing(p)
    _shoot_altered_file(p)
    tab.overview.by_box.set_value("media")  # type: ignore[attr-defined]
    tab.whole.overview.trigger()  # type: ignore[attr-defined]
    p.settle(0.3)
    p.shoot("explain-overview")
    tab._show_entity()  # type: ignore[attr-defined]


def _show_media(p: Photographer, kind: str) -> bool:
    """Show an entity with a file of a kind that can be read, the most probable one."""
    tab = p.window.rooms["explain"]
    page, entities = tab.page, tab.entities  # type: ignore[attr-defined]
    files = media_calls.list_artifacts(p.case, ctx=NullContext()).rows
    having = {entity for file in files if file.media_type == kind and file.status == "done" for entity in file.entities}
    for entity in entities.listed():
        if entity in having and entities.go_to(entity):
            p.settle()
            for place, item in enumerate(page.explanation.items):
                if item.media_type == kind:
                    page.choose(place)
                    p.settle(0.3)
                    return True
    return False


def _shoot_playing(p: Photographer) -> None:
    playback = p.window.rooms["explain"].page.media.pane.playback  # type: ignore[attr-defined]
    playback.toggle()
    with suppress(TimeoutError):  # where nothing can play it says so
        p.wait(lambda: playback._at_s > 0.5, seconds=20)
    p.shoot("explain-media-playing", both=False)
    playback.stop()


def _shoot_altered_file(p: Photographer) -> None:
    """The file that is shown, as it is when somebody has changed the case's copy of it."""
    page = p.window.rooms["explain"].page  # type: ignore[attr-defined]
    place = next(n for n, item in enumerate(page.explanation.items) if item.artifact_sha256 is not None)
    sha256 = page.explanation.items[place].artifact_sha256
    files = (path for path in (p.case / "artifacts_store").rglob("*") if path.is_file())
    stored = next(path for path in files if path.parent.name + path.name == sha256)
    content = stored.read_bytes()
    stored.chmod(0o644)
    stored.write_bytes(content + b"x")
    page.media._chosen = None
    page.choose(place)
    p.settle(0.3)
    p.shoot("explain-altered-file")
    stored.write_bytes(content)
    page.media._chosen = None
    page.choose(place)
    p.settle(0.3)


def marks(p: Photographer) -> None:
    """The list of Explain with what analysts said."""
    from mmdesk.engine.services import annotations as service
    from mmdesk.engine.services.annotations import Disposition, SubjectKind

    p.window.go("explain")
    p.settle()
    entities = p.window.rooms["explain"].entities  # type: ignore[attr-defined]
    p.window.rooms["explain"].page.tabs.setCurrentIndex(0)  # type: ignore[attr-defined]
    names = entities.listed()
    service.set_star(p.case, SubjectKind.ENTITY, names[1:4], True, actor="ann")
    service.set_disposition(p.case, names[:2], Disposition.CONFIRMED, "cash-out seen", actor="ann")
    service.set_disposition(p.case, names[3:5], Disposition.OPEN, actor="bob")
    service.set_disposition(p.case, names[5:9], Disposition.DISMISSED, "a test account", actor="ann")
    service.add_tag(p.case, SubjectKind.ENTITY, names[:6], "second look", actor="bob")
    service.add_tag(p.case, SubjectKind.ENTITY, names[2:4], "mule", actor="ann")
    service.add_note(p.case, SubjectKind.ENTITY, names[1], "The bank says the card was stolen.", actor="bob")
    entities.load_marks()
    entities.table.choose(int(entities.table.columns.rows[1]))
    p.settle()
    p.shoot("marks-list")
    entities.open_notes()
    entities.notes.editor.setPlainText("They say the payee is unknown to them.")
    p.settle(0.7)
    p.shoot("marks-notes")
    p.window.resize(900, 560)
    p.settle(0.3)
    p.shoot("marks-notes-low", both=False)
    p.window.resize(*SIZE)
    entities.notes.writer.discard()
    entities.notes._on_close()
    entities.table.selectAll()
    tab = p.window.rooms["explain"]
    tab.marking.tag()  # type: ignore[attr-defined]
    p.settle()
    p.shoot("marks-tags", both=False)
    p.close_dialogs()
    tab.marking.judge(3)  # type: ignore[attr-defined]
    p.settle()
    p.shoot("marks-reason", both=False)
    p.close_dialogs()
    entities.table.choose(int(entities.table.columns.rows[0]))
    p.settle()


def what_if(p: Photographer) -> None:
    p.window.go("explain")
    p.settle()
    views = p.window.rooms["explain"].page.views  # type: ignore[attr-defined]
    views.setCurrentWidget(views.what_if.parentWidget())
    p.settle(0.3)
    p.shoot("what-if-unchanged", both=False)
    page = views.what_if
    attribute = next(one for one in page._form.attributes if one.kind.value == "number" and one.text)
    page.edits.set_value(attribute.name, "12.5")
    for field in page._form.evidence[:2]:
        page.edits.set_there(field.word, False)
    p.settle(0.3)
    p.shoot("what-if-changed", both=False)
    page.show_box.set_value("changed")
    p.settle(0.1)
    p.shoot("what-if-only-changed")
    page.show_box.set_value("attribute")
    page.table.open_editor(2, 2)
    p.settle(0.1)
    p.shoot("what-if-editor", both=False)
    page.edits.set_value(attribute.name, "12.5x")
    p.settle(0.3)
    p.shoot("what-if-unreadable", both=False)
    page._takes_switch.click()
    p.settle(0.3)
    p.shoot("what-if-limits", both=False)
    page.takes._on_look()
    p.settle(0.3)
    p.shoot("what-if-takes")
