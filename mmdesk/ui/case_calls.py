"""What the window asks of the services about a case as a whole; the same rules as for :mod:`mmdesk.ui.calls`."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.jobs import JobContext
from mmdesk.engine.core.types import current_actor
from mmdesk.ui.engine_words import in_capitals, in_words
from mmdesk.ui.formatting import counted, exact_time, size
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.session import OpenCase

if TYPE_CHECKING:
    from mmdesk.engine.services.cases import CaseInfo
    from mmdesk.ui.widgets.backups_dialog import Backup
    from mmdesk.ui.widgets.case_dialog import NewCase
    from mmdesk.ui.widgets.properties_dialog import Group
    from mmdesk.ui.widgets.server_form import Server

SAMPLE_ENTITIES = 600


def open_case(path: Path, *, ctx: JobContext) -> OpenCase:  # noqa: ARG001
    """The case in a folder or of a ``case.mmcase``, brought up to date if it is older."""
    from mmdesk.engine.services import cases

    info = cases.case_info(path)
    return _opened(info)


def _opened(info: CaseInfo) -> OpenCase:
    folder = Path(info.folder)
    return OpenCase(folder, info.name, os.path.realpath(folder), info.database != "case.db", info.encrypted)


def missing(paths: Sequence[Path], *, ctx: JobContext) -> frozenset[Path]:
    """Those that are not where they were."""
    found = set()
    for path in paths:
        ctx.check_cancelled()
        if not path.exists():
            found.add(path)
    return frozenset(found)


def look_for_case(folder: Path, thoroughly: bool, *, ctx: JobContext) -> None:  # noqa: ARG001
    """Fail if the case is not there, in the window's words; ``thoroughly`` also asks its database."""
    from mmdesk.engine.core.errors import UsageError
    from mmdesk.engine.services import cases

    try:
        cases.look_for(folder, thoroughly=thoroughly)
    except UsageError as error:
        raise UsageError(
            tr("The case is not at {folder} any more.", folder=folder),
            tr(
                "Was its drive taken off, or its folder renamed or moved? Bring it back to this place to go on, or "
                "close the case and open it where it is now. What was stored is in that folder, whole."
            ),
            code=error.code,
        ) from error


_PLACES = {
    "case_folder": tr("In the case folder"),
    "this_computer": tr("On this computer"),
    "given_file": tr("In a file"),
}
_SIGNED = {
    "own": tr("signed by you"),
    "known": tr("signed by somebody known on this computer"),
    "unknown": tr("signed by somebody unknown on this computer"),
    "unsigned": tr("not signed"),
    "forged": tr("its signature is of other words"),
}


def case_properties(folder: Path, *, ctx: JobContext) -> tuple[Group, ...]:  # noqa: ARG001
    """What there is to say of a case, in groups of names and values."""
    from mmdesk.engine.core.times import parse_moment
    from mmdesk.engine.services import cases

    info = cases.case_info(folder)

    def when(moment: str, who: str) -> str:
        return tr("{moment}, by {who}", moment=exact_time(parse_moment(moment)), who=who)

    local = tr("with a key, encrypted") if info.encrypted else tr("without a key")
    media = ", ".join(
        f"{counted(number)} {in_words(status)}" for status, number in info.artifact_status.items() if number
    )
    anchors = [
        (
            _PLACES.get(one.place, one.place),
            f"{tr_n('{n:,} entry', '{n:,} entries', one.entries)}, {_SIGNED[one.signed_by]}",
        )
        for one in info.anchors
    ]
    is_local = info.database == "case.db"
    return (
        (tr("Where it is"), (
            (tr("Name"), info.name),
            (tr("Folder"), info.folder),
            (tr("Tables"), tr("In the folder, {local}", local=local) if is_local else info.database),
            (tr("Format"), str(info.format_version)),
            (tr("Id"), info.case_id),
            *((tr("To be known"), warning) for warning in info.warnings),
        )),
        (tr("What it holds"), (
            *((in_capitals(name), counted(number)) for name, number in info.counts.items()),
            *(((tr("Files"), media),) if media else ()),
            (tr("Size on disk"), size(info.size_bytes)),
            (tr("Backups"), counted(info.backups)),
        )),
        (tr("Who and when"), (
            (tr("Made"), when(info.made_at, info.made_by)),
            (tr("Changed last"), when(info.changed_at, info.changed_by)),
            (tr("Changes in the log"), counted(info.log_entries)),
        )),
        (tr("Where the log's end is noted"), anchors or [(tr("Nowhere"), tr("a shortened log would not be noticed"))]),
    )  # fmt: skip


def new_case(wanted: NewCase, *, ctx: JobContext) -> OpenCase:  # noqa: ARG001
    """Make a case."""
    from mmdesk.engine.core.key_digits import parse_key
    from mmdesk.engine.services import cases

    url = None if wanted.server is None else _url(wanted.server)
    key = parse_key(wanted.key) if wanted.key else None
    info = cases.new_case(wanted.folder, name=wanted.name, database_url=url, key=key, actor=current_actor())
    return _opened(info)


def test_server(server: Server, *, ctx: JobContext) -> None:
    """Try a server; every step is published as ``{"event": "step", "name", "status", "text", "hint"}``."""
    from mmdesk.engine.services import servers

    def publish(tried: servers.Tried) -> None:
        ctx.publish({
            "event": "step", "name": tried.step.value, "status": tried.status.value, "text": tried.text,
            "hint": tried.hint,
        })  # fmt: skip

    servers.try_server(_url(server), on_step=publish, ctx=ctx)


def read_address(text: str, *, ctx: JobContext) -> Server:  # noqa: ARG001
    """The parts of a pasted address."""
    from mmdesk.engine.services import servers
    from mmdesk.ui.widgets.server_form import Server

    found = servers.read_address(text)
    return Server(
        found.host, found.port, found.database, found.user, found.password, found.encryption.value, found.certificate
    )


def _url(server: Server) -> str:
    from mmdesk.engine.services.servers import Encryption, ServerAddress

    return ServerAddress(
        server.host, server.port, server.database, server.user, server.password, Encryption(server.encryption),
        server.certificate,
    ).url()  # fmt: skip


def remember_password(folder: Path, password: str) -> None:
    """Sign in to the server of a case with this password, in this process and until it ends."""
    from mmdesk.engine.services import servers

    servers.remember(folder, password)


def open_with_password(wanted: tuple[Path, str], *, ctx: JobContext) -> OpenCase:
    """The case in a folder, whose server wants a password."""
    remember_password(*wanted)
    return open_case(wanted[0], ctx=ctx)


def read_key_file(path: Path, *, ctx: JobContext) -> str:  # noqa: ARG001
    """The digits of the key that a file holds."""
    from mmdesk.engine.services import case_keys

    return case_keys.read_key_file(path)


def write_key_file(path: Path, digits: str, *, ctx: JobContext) -> None:  # noqa: ARG001
    """Write a key into a new file."""
    from mmdesk.engine.services import case_keys

    case_keys.write_key_file(path, digits)


def remember_key(folder: Path, digits: str) -> None:
    """Open an encrypted case with this key, in this process and until it ends."""
    from mmdesk.engine.core.key_digits import parse_key
    from mmdesk.engine.services import case_keys

    case_keys.unlock(folder, parse_key(digits))


def open_with_key(wanted: tuple[Path, str], *, ctx: JobContext) -> OpenCase:
    """The encrypted case in a folder."""
    remember_key(*wanted)
    return open_case(wanted[0], ctx=ctx)


def make_sample(folder: Path, *, ctx: JobContext) -> OpenCase:
    """Make the sample case with its tables, media and features, ready to train; all of it or nothing.

    The tables stay beside it, as an analyst's do, so that evidence leads to their lines.
    """
    import shutil

    from mmdesk.engine.core.files import as_resource_error
    from mmdesk.engine.services import cases

    # Under another name until it is whole: one that is stopped half way is not taken for the sample case later.
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    files = _new_beside(folder, "files")
    try:
        if folder.is_dir():
            folder.rmdir()  # an empty one is in nobody's way
        _fill_sample(unfinished, files, ctx=ctx)
        unfinished.rename(folder)
    except BaseException as error:
        for made in (unfinished, files):
            shutil.rmtree(made, ignore_errors=True)
        if isinstance(error, OSError):
            raise as_resource_error(error, folder) from error
        raise
    return _opened(cases.case_info(folder))


def _new_beside(folder: Path, what: str) -> Path:
    """A folder that is not there yet, named after another one."""
    numbers = itertools.chain(("",), (f"-{number}" for number in itertools.count(2)))
    paths = (folder.with_name(f"{folder.name}-{what}{number}") for number in numbers)
    return next(path for path in paths if not path.exists())


def _fill_sample(folder: Path, data: Path, *, ctx: JobContext) -> None:
    import shutil

    from mmdesk.engine.services import cases, media_imports, samples, table_imports

    actor = current_actor()
    samples.synth(data, SAMPLE_ENTITIES, ctx=ctx.part(0.0, 0.3))
    cases.new_case(folder, name=tr("Sample case"), actor=actor)
    files = table_imports.TableFiles(
        data / "entities.csv", data / "events.csv", data / "interactions.csv", data / "targets.csv"
    )
    table_imports.import_tables(folder, files, actor=actor, ctx=ctx.part(0.3, 0.4))
    media_imports.import_media(folder, manifest=data / "artifacts.csv", actor=actor, ctx=ctx.part(0.4, 0.55))
    shutil.rmtree(data / "media", ignore_errors=True)  # the case has its own copies
    media_imports.extract(folder, actor=actor, ctx=ctx.part(0.55, 1.0))


def list_backups(folder: Path, *, ctx: JobContext) -> tuple[Backup, ...]:  # noqa: ARG001
    """The case's backups, newest first."""
    from mmdesk.engine.core.times import parse_moment
    from mmdesk.engine.services import cases
    from mmdesk.ui.widgets.backups_dialog import Backup

    found = cases.list_backups(folder)
    return tuple(Backup(one.name, parse_moment(one.created), one.reason, one.size_bytes) for one in found)


def make_backup(folder: Path, *, ctx: JobContext) -> tuple[Backup, ...]:
    """Make a backup; returns all there are then."""
    from mmdesk.engine.services import cases

    cases.backup_case(folder, ctx=ctx)
    return list_backups(folder, ctx=ctx)


def restore_backup(wanted: tuple[Path, str], *, ctx: JobContext) -> OpenCase:
    """Bring the tables of the case in a folder back to the backup of that name; what they are now is kept first."""
    from mmdesk.engine.services import cases

    folder, name = wanted
    cases.restore_case(folder, name, actor=current_actor(), ctx=ctx)
    return open_case(folder, ctx=ctx)


@dataclass(frozen=True)
class LogVerdict:
    """What there is to say of a case's log: in a sentence, in paragraphs, and every finding for itself."""

    verified: bool
    message: str
    paragraphs: tuple[str, ...]
    findings: tuple[str, ...]


def verify_log(folder: Path, anchor: Path | None, *, ctx: JobContext) -> LogVerdict:
    """Is the log of changes whole and unaltered, and what the anchor in a file says, if one is given."""
    from mmdesk.engine.services import audit

    report = audit.verify_audit(folder, anchor_file=anchor, ctx=ctx)
    findings = [*(problem.text for problem in report.problems), *(remark.text for remark in report.notices)]
    entries = tr_n("{n:,} entry", "{n:,} entries", report.entries)
    if report.verified:
        message = tr("The log is whole and unaltered: {entries}.", entries=entries)
        half = len(report.last_hash) // 2  # in one piece it is wider than a message is at large text
        paragraphs = [
            tr(
                "The fingerprint of its last entry: {first} {second}",
                first=report.last_hash[:half],
                second=report.last_hash[half:],
            )
        ]
    else:
        message = tr("The log does not verify; it has {entries}.", entries=entries)
        keep = tr("Keep the case folder as it is, and tell whoever is responsible for the case.")
        paragraphs = [report.problems[0].text, keep]
    if report.notices:
        paragraphs.append(tr("To be known besides: {text}", text=report.notices[0].text))
    return LogVerdict(report.verified, message, tuple(paragraphs), tuple(findings))
