"""Signed notes of where the audit log ended: in the case folder, and in the user's own data where no case can reach.

A chain alone shows neither that its end was cut off nor that all of it was written anew. An anchor does: from then on
the log has to go through the entry that the anchor names. The one in the case folder goes with the case, so that a
colleague can check it; the one kept on this computer finds out whoever swaps the whole folder, anchor and all.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import orjson
from sqlalchemy import text
from sqlalchemy.engine import Connection

from mmdesk.engine.core.errors import ResourceError
from mmdesk.engine.core.files import write_atomic
from mmdesk.engine.core.times import format_us, now_us
from mmdesk.engine.security import signing
from mmdesk.engine.security.audit import Head

logger = logging.getLogger(__name__)

ANCHOR_NAME = "audit.anchor"
NOTED = "audit_anchor"
"""Under this name an entry's particulars tell of a :class:`Standing` that was not as it should be."""
_VERSION = 2
_LABEL = "mmdesk audit anchor 2"
_MAX_BYTES = 1 << 16
_KEPT = "anchors"
_CASE_FILE = "case.mmcase"
_CASE_ID = re.compile(r"[0-9a-f]{32}")


class Place(StrEnum):
    """Where an anchor lay."""

    FOLDER = "case_folder"
    KEPT = "this_computer"
    GIVEN = "given_file"

    @property
    def told(self) -> str:
        """In a sentence."""
        return {"case_folder": "in the case folder", "this_computer": "kept on this computer"}.get(self, "given")


class Trust(StrEnum):
    """Who signed an anchor."""

    OWN = "own"
    KNOWN = "known"
    """A key that was seen on this computer before."""
    UNKNOWN = "unknown"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    """The signature is not of these words."""


@dataclass(frozen=True)
class Anchor:
    """One note of the log's end.

    Args:
        case_id: Of which case; empty in those of format 1.
        length: So many entries.
        hash: Of the last of them.
        at: When it was taken (ISO 8601, UTC); empty in those of format 1.
        actor: Who took it.
        then: Where the log ends after a restore that was about to take effect; either is true until the next anchor.
        key: The signer's public key, 64 hexadecimal digits; empty if unsigned.
        signature: Of :meth:`signed_bytes`, 128 hexadecimal digits.
        place: Where it was found.
    """

    case_id: str
    length: int
    hash: str
    at: str
    actor: str
    then: Head | None = None
    key: str = ""
    signature: str = ""
    place: Place = Place.FOLDER

    @property
    def heads(self) -> tuple[Head, ...]:
        """The noted ends, one of which is true."""
        return (Head(self.length, self.hash), *([self.then] if self.then else []))

    def signed_bytes(self) -> bytes:
        """What the signature is over: a JSON array of strings, which has exactly one form. Source: RFC 8785."""
        then = (str(self.then.length), self.then.hash) if self.then else ("", "")
        return orjson.dumps([_LABEL, self.case_id, str(self.length), self.hash, *then, self.at, self.actor])

    def as_bytes(self) -> bytes:
        """The file."""
        document = {
            "version": _VERSION,
            "case_id": self.case_id,
            "length": self.length,
            "hash": self.hash,
            "at": self.at,
            "actor": self.actor,
            **({"then": {"length": self.then.length, "hash": self.then.hash}} if self.then else {}),
            **({"key": self.key, "signature": self.signature} if self.key else {}),
        }
        return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def parse(data: bytes, place: Place) -> Anchor:
    """An anchor's file, of this version or of the first.

    Raises:
        ValueError: It is none.
    """
    try:
        document = orjson.loads(data)
        then = document.get("then")
        return Anchor(
            case_id=str(document.get("case_id", "")),
            length=int(document["length"]),
            hash=str(document["hash"]),
            at=str(document.get("at", "")),
            actor=str(document.get("actor", "")),
            then=Head(int(then["length"]), str(then["hash"])) if then else None,
            key=str(document.get("key", "")),
            signature=str(document.get("signature", "")),
            place=place,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError("not an anchor") from error


def trust(anchor: Anchor) -> Trust:
    """Who signed it."""
    if not anchor.key:
        return Trust.UNSIGNED
    if not signing.is_signed(anchor.key, anchor.signature, anchor.signed_bytes()):
        return Trust.FORGED
    own = signing.own_key()
    if own is not None and signing.public_of(own) == anchor.key:
        return Trust.OWN
    return Trust.KNOWN if anchor.key in signing.known_keys() else Trust.UNKNOWN


def read_anchors(folder: Path, case_id: str = "") -> tuple[Anchor, ...]:
    """The anchors of a case that there are: that in its folder, then those kept on this computer.

    Args:
        folder: The case folder.
        case_id: Of the case; told by the anchor in its folder if not given.
    """
    here = read_at(folder / ANCHOR_NAME, Place.FOLDER)
    kept = _kept_for(folder, case_id or (here.case_id if here else ""))
    return tuple(anchor for anchor in (here, kept) if anchor)


def read_at(path: Path, place: Place) -> Anchor | None:
    """The anchor in a file; ``None`` where there is none or it cannot be read."""
    try:
        with path.open("rb") as file:
            return parse(file.read(_MAX_BYTES), place)
    except (OSError, ValueError):
        return None


def take(case_id: str, head: Head, actor: str, *, then: Head | None = None) -> Anchor:
    """An anchor of this end of the log, signed with the user's key if there is one."""
    anchor = Anchor(case_id, head.length, head.hash, format_us(now_us()), actor, then)
    own = signing.own_key()
    if own is None:
        return anchor
    return replace(anchor, key=signing.public_of(own), signature=own.sign(anchor.signed_bytes()).hex())


def renew(folder: Path, case_id: str, head: Head, actor: str, *, then: Head | None = None) -> None:
    """Note the log's end in the case folder and on this computer.

    Called after the commit: an anchor that lags behind is still true, so what cannot be written is no failure.

    Args:
        folder: The case folder.
        case_id: Of the case.
        head: The end of the chain.
        actor: Who.
        then: Where the chain will end after a restore that is about to take effect; either is true until the next call.
    """
    anchor = take(case_id, head, actor, then=then)
    put(folder, anchor)
    keep(folder, anchor)


def put(folder: Path, anchor: Anchor) -> None:
    """Lay an anchor into a case folder (or a backup)."""
    try:
        write_atomic(folder / ANCHOR_NAME, anchor.as_bytes())
    except ResourceError as error:
        logger.info("the audit anchor was not renewed: %s", error.code)


def keep(folder: Path, anchor: Anchor) -> None:
    """Note an anchor on this computer, for the case in this folder and for no other copy of it."""
    copies = {path: one for path, one in _kept(anchor.case_id).items() if _holds(path, anchor.case_id)}
    copies[os.path.realpath(folder)] = anchor
    document = {path: orjson.loads(one.as_bytes()) for path, one in copies.items()}
    try:
        path = _kept_file(anchor.case_id)
        # Not waited for: a power cut at worst takes this away, and the anchor in the case folder is still there.
        write_atomic(path, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n", durable=False)
    except ResourceError as error:
        signing.say_once("audit anchors cannot be kept on this computer: %s", error.code)


def forget(case_id: str) -> None:
    """Let go of what is kept on this computer of a case that is gone for good."""
    _kept_file(case_id).unlink(missing_ok=True)


def _kept_file(case_id: str) -> Path:
    return signing.data_folder() / _KEPT / f"{case_id}.json"


def _kept(case_id: str) -> dict[str, Anchor]:
    """The anchors kept for a case, by the folder of each copy of it on this computer."""
    if not _CASE_ID.fullmatch(case_id):
        return {}
    try:
        document = orjson.loads(_kept_file(case_id).read_bytes())
        return {path: parse(orjson.dumps(one), Place.KEPT) for path, one in document.items()}
    except (OSError, AttributeError, ValueError):
        return {}


def _kept_for(folder: Path, case_id: str) -> Anchor | None:
    """The anchor of this copy; after a move that of the folder that is not there any more."""
    copies = _kept(case_id)
    if (here := copies.get(os.path.realpath(folder))) is not None:
        return here
    moved = [one for path, one in copies.items() if not _holds(path, case_id)]
    return max(moved, key=lambda one: one.at, default=None)


def _holds(path: str, case_id: str) -> bool:
    try:
        with (Path(path) / _CASE_FILE).open("rb") as file:
            return case_id.encode() in file.read(_MAX_BYTES)
    except OSError:
        return False


class Standing(StrEnum):
    """What the anchors say of a chain that is about to be continued; noted in the entry unless all is well."""

    FITS = "fits"
    MISSING = "missing"
    """None in the case folder."""
    UNKNOWN_KEY = "unknown_key"
    """It fits and is signed, by somebody not met before."""
    FORGED = "forged"
    CONTRADICTED = "contradicted"
    """The log is not the one that an anchor was taken of: it was cut, rewritten or swapped."""

    @property
    def may_follow(self) -> bool:
        """Whether the anchors may follow the chain; else they stay, so that going on does not hide what was done."""
        return self not in {Standing.FORGED, Standing.CONTRADICTED}


def standing(connection: Connection, head: Head, anchors: Sequence[Anchor], case_id: str) -> Standing:
    """Whether the chain is the one that the anchors were taken of.

    Args:
        connection: In the transaction that locked ``head``.
        head: The end of the chain.
        anchors: From :func:`read_anchors`.
        case_id: Of the case.
    """
    trusts = [trust(anchor) for anchor in anchors]
    if Trust.FORGED in trusts or any(anchor.case_id not in {"", case_id} for anchor in anchors):
        return Standing.FORGED
    if not all(_fits(connection, head, anchor) for anchor in anchors):
        return Standing.CONTRADICTED
    if not any(anchor.place is Place.FOLDER for anchor in anchors):
        return Standing.MISSING
    return Standing.UNKNOWN_KEY if Trust.UNKNOWN in trusts else Standing.FITS


def note(details: dict[str, object], found: Standing) -> None:
    """Put what is wrong with the anchors into the particulars of the entry that is about to be written."""
    if found is not Standing.FITS:
        details[NOTED] = found.value


def _fits(connection: Connection, head: Head, anchor: Anchor) -> bool:
    if head in anchor.heads:
        return True
    statement = text("SELECT hash FROM audit_log WHERE id = :length")
    return any(connection.execute(statement, {"length": one.length}).scalar() == one.hash for one in anchor.heads)


def remember_signers(anchors: Sequence[Anchor], case_id: str) -> None:
    """Trust on first use: whoever signed these is known from now on."""
    for anchor in anchors:
        if trust(anchor) is Trust.UNKNOWN:
            signing.remember(anchor.key, anchor.actor, case_id)
