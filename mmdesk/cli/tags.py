"""``tags list|add|remove|star|unstar|mark``, ``notes list|add|edit|remove``: what analysts say of entities and runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from mmdesk.cli.console import Console, printable
from mmdesk.cli.predict import asked_ids
from mmdesk.engine.core.errors import ExitStatus
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.times import format_us
from mmdesk.engine.core.types import current_actor
from mmdesk.engine.services import annotations as service
from mmdesk.engine.services.annotations import Annotated, Disposition, Mark, MarkKind, NoteRow, SubjectKind

_NONE = "none"


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both groups."""
    _add_tags(commands.add_parser("tags", help="tags, stars and dispositions of entities, and tags of runs"))
    _add_notes(commands.add_parser("notes", help="notes on entities and runs"))


def _add_tags(group: argparse.ArgumentParser) -> None:
    kinds = group.add_subparsers(title="what", metavar="WHAT", required=True)
    listing = _command(kinds, "list", "every tag, star and disposition: who said it, and when", _list_marks)
    add = _command(kinds, "add", "tag entities or a run", _add_tag)
    remove = _command(kinds, "remove", "take a tag away", _remove_tag)
    for command in (add, remove):
        command.add_argument("tag", metavar="TAG", help="any text")
    star = _command(kinds, "star", "give entities or a run a star", _star)
    star.set_defaults(starred=True)
    unstar = _command(kinds, "unstar", "take the star away", _star)
    unstar.set_defaults(starred=False)
    for command in (listing, add, remove, star, unstar):
        _add_subjects(command, required=command is not listing)
    mark = _command(kinds, "mark", "say where the work on entities stands", _mark)
    choices = [*map(str, Disposition), _NONE]
    mark.add_argument("disposition", metavar="DISPOSITION", choices=choices, help=", ".join(choices))
    mark.add_argument("--entities", metavar="ID,ID", required=True, help="ids, comma separated")
    mark.add_argument("--reason", metavar="TEXT", default="", help="why; needed in order to dismiss")


def _add_notes(group: argparse.ArgumentParser) -> None:
    kinds = group.add_subparsers(title="what", metavar="WHAT", required=True)
    listing = _command(kinds, "list", "the notes, oldest first", _list_notes)
    _add_subjects(listing, required=False)
    add = _command(kinds, "add", "write a note", _add_note)
    add.add_argument("text", metavar="TEXT", help="what it says")
    where = add.add_mutually_exclusive_group(required=True)
    where.add_argument("--entity", metavar="ID", help="on this entity")
    where.add_argument("--run", metavar="RUN", dest="of_run", help="on this run")
    edit = _command(kinds, "edit", "put another text in a note's place", _edit_note)
    remove = _command(kinds, "remove", "take a note away", _remove_note)
    for command in (edit, remove):
        command.add_argument("note", metavar="NOTE", type=int, help="its number in the list")
    edit.add_argument("text", metavar="TEXT", help="what it says now")


def _command(
    kinds: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    told: str,
    run: Callable[[argparse.Namespace, Console], int],
) -> argparse.ArgumentParser:
    command = kinds.add_parser(name, help=told)
    command.add_argument("folder", metavar="DIR", type=Path, help="the case folder")
    command.set_defaults(run=run)
    return command


def _add_subjects(command: argparse.ArgumentParser, *, required: bool) -> None:
    who = command.add_mutually_exclusive_group(required=required)
    who.add_argument("--entities", metavar="ID,ID", help="ids, comma separated")
    who.add_argument("--run", metavar="RUN", dest="of_run", help="a unique beginning of its id, its name, or latest")


def _subjects(args: argparse.Namespace) -> tuple[SubjectKind, list[str] | None]:
    """Whom a command is about; None: everybody, which only a list allows."""
    if args.of_run is not None:
        from mmdesk.engine.services.runs import resolve_run

        return SubjectKind.RUN, [resolve_run(args.folder, args.of_run)]
    return SubjectKind.ENTITY, asked_ids(args.entities)


def _listed(args: argparse.Namespace) -> list[tuple[SubjectKind, list[str] | None]]:
    """Whom a list is about; entities and runs, if nothing is said."""
    kind, names = _subjects(args)
    return [(kind, names)] if names is not None else [(SubjectKind.ENTITY, None), (SubjectKind.RUN, None)]


def _named(args: argparse.Namespace) -> tuple[SubjectKind, list[str]]:
    kind, names = _subjects(args)
    return kind, names or []


def _list_marks(args: argparse.Namespace, console: Console) -> int:
    found = [(kind, mark) for kind, names in _listed(args) for mark in service.marks(args.folder, kind, names)]
    lines = [_mark_line(mark) for _, mark in found] or ["Nothing is tagged."]
    console.result({"marks": [{"subject_kind": kind, **vars(mark)} for kind, mark in found]}, "\n".join(lines))
    return int(ExitStatus.DONE)


def _mark_line(mark: Mark) -> str:
    said = {MarkKind.STAR: "*", MarkKind.TAG: f"#{mark.value}"}.get(mark.kind, mark.value)
    reason = f": {mark.reason}" if mark.reason else ""
    when = format_us(mark.created_us)[:19]
    return f"{when}  {printable(mark.subject)}  {printable(said + reason)}  by {printable(mark.actor)}"


def _list_notes(args: argparse.Namespace, console: Console) -> int:
    found = [(kind, note) for kind, names in _listed(args) for note in service.notes(args.folder, kind, names)]
    lines = [_note_text(note) for _, note in found] or ["There are no notes."]
    console.result({"notes": [{"subject_kind": kind, **vars(note)} for kind, note in found]}, "\n".join(lines))
    return int(ExitStatus.DONE)


def _note_text(note: NoteRow) -> str:
    text = printable(note.text, lines=True).replace("\n", "\n       ")
    when = format_us(note.created_us)[:19]
    return f"{note.id:>5}  {when}  {printable(note.subject)}  by {printable(note.actor)}\n       {text}"


def _add_tag(args: argparse.Namespace, console: Console) -> int:
    kind, names = _named(args)
    return _done(console, service.add_tag(args.folder, kind, names, args.tag, actor=current_actor()))


def _remove_tag(args: argparse.Namespace, console: Console) -> int:
    kind, names = _named(args)
    return _done(console, service.remove_tag(args.folder, kind, names, args.tag, actor=current_actor()))


def _star(args: argparse.Namespace, console: Console) -> int:
    kind, names = _named(args)
    return _done(console, service.set_star(args.folder, kind, names, args.starred, actor=current_actor()))


def _mark(args: argparse.Namespace, console: Console) -> int:
    disposition = None if args.disposition == _NONE else Disposition(args.disposition)
    names = asked_ids(args.entities) or []
    done = service.set_disposition(args.folder, names, disposition, args.reason, actor=current_actor())
    return _done(console, done)


def _add_note(args: argparse.Namespace, console: Console) -> int:
    kind, subject = SubjectKind.ENTITY, args.entity
    if args.of_run is not None:
        from mmdesk.engine.services.runs import resolve_run

        kind, subject = SubjectKind.RUN, resolve_run(args.folder, args.of_run)
    return _done(console, service.add_note(args.folder, kind, subject, args.text, actor=current_actor()))


def _edit_note(args: argparse.Namespace, console: Console) -> int:
    return _done(console, service.edit_note(args.folder, args.note, args.text, actor=current_actor()))


def _remove_note(args: argparse.Namespace, console: Console) -> int:
    return _done(console, service.remove_note(args.folder, args.note, actor=current_actor()))


def _done(console: Console, report: Annotated) -> int:
    same = f"; {counted(report.unchanged, 'was so already', 'were so already')}" if report.unchanged else ""
    console.result({"changed": report.changed, "unchanged": report.unchanged}, f"{report.changed:,} changed{same}.")
    return int(ExitStatus.DONE)
