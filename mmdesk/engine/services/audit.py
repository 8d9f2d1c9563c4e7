"""The log of changes: read it, and verify that nobody touched it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select

from mmdesk.engine.core.errors import DataError, ResourceError
from mmdesk.engine.core.files import require_file, write_atomic
from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.core.types import current_actor
from mmdesk.engine.security import anchor as anchors_of
from mmdesk.engine.security.anchor import Anchor, Place, Trust
from mmdesk.engine.security.audit import Head
from mmdesk.engine.security.audit_check import AuditFault, AuditNotice, AuditProblem, AuditRemark, check_chain
from mmdesk.engine.security.signing import fingerprint, own_key_file
from mmdesk.engine.store import case_file as mmcase
from mmdesk.engine.store import rights
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import AuditEntry

__all__ = [
    "AnchorRecord",
    "AuditFault",
    "AuditNotice",
    "AuditProblem",
    "AuditRecord",
    "AuditRemark",
    "AuditReport",
    "export_anchor",
    "list_audit",
    "verify_audit",
]


@dataclass(frozen=True)
class AnchorRecord:
    """An anchor that a log was compared with.

    Args:
        place: Where it lay: ``case_folder``, ``this_computer`` or ``given_file``.
        entries: So many entries there were.
        hash: Of the last of them.
        at: When it was taken (ISO 8601, UTC).
        actor: Who took it.
        signed_by: ``own``, ``known``, ``unknown``, ``unsigned`` or ``forged``.
        key: The signer's key, short; empty if unsigned.
    """

    place: str
    entries: int
    hash: str
    at: str
    actor: str
    signed_by: str
    key: str


@dataclass(frozen=True)
class AuditReport:
    """The verdict on a case's log.

    Args:
        verified: No problem was found.
        entries: How many entries the log has.
        last_hash: The hash of its end, to be noted elsewhere.
        problems: What does not fit, in the order of the log; the first thousand.
        notices: What should be known besides: unknown keys, unsigned anchors, restored backups; the first thousand.
        anchors: What the log was compared with.
    """

    verified: bool
    entries: int
    last_hash: str
    problems: tuple[AuditProblem, ...]
    notices: tuple[AuditRemark, ...]
    anchors: tuple[AnchorRecord, ...]


@dataclass(frozen=True)
class AuditRecord:
    """One entry: number, moment (ISO 8601 UTC, microseconds), who, what, to what, and the particulars."""

    number: int
    at: str
    actor: str
    action: str
    subject: str
    details: dict[str, Any]


def verify_audit(folder: Path, *, anchor_file: Path | None = None, ctx: JobContext = NULL_CONTEXT) -> AuditReport:
    """Recompute the chain and compare it with the anchors in the case folder and on this computer.

    A log that verifies is noted on this computer, and whoever signed its anchors is known from now on.

    Args:
        folder: The case folder.
        anchor_file: One more anchor, as :func:`export_anchor` wrote it.
        ctx: Progress and cancelling.

    Raises:
        UsageError: There is no case, or no such file.
        DataError: The file is no anchor (``audit.not_an_anchor``).
        StoreError: The case cannot be opened.
    """
    given = _given(anchor_file) if anchor_file is not None else ()
    place = mmcase.locate(folder).absolute()
    actor = current_actor()
    with Case.open(place, actor=actor) as case:
        case_id = case.file.case_id
        # The anchors before the log: what is written meanwhile makes them lag behind, never run ahead.
        anchors = (*anchors_of.read_anchors(place, case_id), *given)
        with case.read() as connection:
            found = check_chain(connection, anchors, case_id=case_id, ctx=ctx)
            open_tables = rights.unguarded(connection)
    report = AuditReport(
        not found.problems,
        found.entries,
        found.last_hash,
        found.problems,
        (*found.notices, *_unguarded(open_tables)),
        tuple(map(_record, anchors)),
    )
    if report.verified:
        anchors_of.remember_signers(anchors, case_id)
        anchors_of.keep(place, anchors_of.take(case_id, Head(found.entries, found.last_hash), actor))
    return report


def _unguarded(tables: Sequence[str]) -> tuple[AuditRemark, ...]:
    if not tables:
        return ()
    message = (
        f"On the server, rows of {', '.join(tables)} can change without an entry:"
        " the triggers that forbid it are gone or disabled."
    )
    return (AuditRemark(AuditNotice.UNGUARDED, None, "", "", message),)


def _given(path: Path) -> tuple[Anchor]:
    require_file(path, "The anchor")
    found = anchors_of.read_at(path, Place.GIVEN)
    if found is None:
        raise DataError(
            f"{path} is not an anchor of an audit log.",
            "Give a file that mmdesk audit anchor wrote.",
            code="audit.not_an_anchor",
            details={"path": str(path)},
        )
    return (found,)


def _record(anchor: Anchor) -> AnchorRecord:
    signed_by = anchors_of.trust(anchor)
    key = fingerprint(anchor.key)
    return AnchorRecord(anchor.place.value, anchor.length, anchor.hash, anchor.at, anchor.actor, signed_by.value, key)


def export_anchor(folder: Path, out: Path, *, ctx: JobContext = NULL_CONTEXT) -> AnchorRecord:
    """Write a signed anchor of the log as it is now, to be put into a report or sent to somebody.

    Args:
        folder: The case folder.
        out: The file; replaced if it is there.
        ctx: Progress and cancelling.

    Raises:
        UsageError: There is no case.
        DataError: The log does not verify, so it is not vouched for (``audit.not_verified``).
        ResourceError: There is no key to sign with (``audit.no_key``), or the file cannot be written.
    """
    report = verify_audit(folder, ctx=ctx)
    if not report.verified:
        raise DataError(
            f"The log does not verify ({report.problems[0].fault.value}), so no anchor is made of it.",
            "See what is wrong with: mmdesk audit verify.",
            code="audit.not_verified",
        )
    case_id = mmcase.load(mmcase.locate(folder)).case_id
    anchor = anchors_of.take(case_id, Head(report.entries, report.last_hash), current_actor())
    if anchors_of.trust(anchor) is Trust.UNSIGNED:
        raise ResourceError(
            f"The key {own_key_file()} cannot be read or made, so the anchor cannot be signed.",
            "Make that folder writable for yourself; a key that is damaged has to be put aside first.",
            code="audit.no_key",
        )
    write_atomic(out, anchor.as_bytes())
    return _record(anchor)


def list_audit(folder: Path, *, limit: int = 100, offset: int = 0) -> tuple[AuditRecord, ...]:
    """Entries of the log, newest first.

    Args:
        folder: The case folder.
        limit: At most so many.
        offset: Leave out so many of the newest.

    Raises:
        UsageError: There is no case.
        StoreError: It cannot be opened.
    """
    columns = (
        AuditEntry.id,
        AuditEntry.at,
        AuditEntry.actor,
        AuditEntry.action,
        AuditEntry.subject,
        AuditEntry.details,
    )
    with Case.open(folder, actor=current_actor()) as case, case.read() as connection:
        rows = connection.execute(select(*columns).order_by(AuditEntry.id.desc()).limit(limit).offset(offset)).all()
    return tuple(AuditRecord(*row[:5], _document(row[5])) for row in rows)


def _document(details: str) -> dict[str, Any]:
    try:
        document = orjson.loads(details)
    except orjson.JSONDecodeError:  # somebody edited it; verify names the entry
        document = None
    return document if isinstance(document, dict) else {"text": details}
