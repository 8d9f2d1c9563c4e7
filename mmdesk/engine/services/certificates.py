"""What a verification compared and found, kept beside the run and given away as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from mmdesk import version
from mmdesk.engine.core.errors import UsageError
from mmdesk.engine.core.plain import as_plain
from mmdesk.engine.core.plurals import counted
from mmdesk.engine.core.times import format_us, now_us

if TYPE_CHECKING:
    from mmdesk.engine.store.case_files import CaseFiles
    from mmdesk.engine.training.records import RunRecord
    from mmdesk.engine.training.reproduction import Judgement

FOLDER = "certificates"
_MEASURES = {"classification": ("auroc", "brier"), "regression": ("mae", "r2"), "ranking": ("spearman", "ndcg")}


@dataclass(frozen=True)
class Compared:
    """One thing that was compared: as the run has it, as it is now; ``same`` None where there is nothing to compare."""

    what: str
    then: str
    now: str
    same: bool | None


@dataclass(frozen=True)
class Certificate:
    """The outcome of a verification.

    Attributes:
        verdict: A :class:`~mmdesk.engine.core.types.Verdict`. ``text``: it in words.
        run_id: Of the run. ``name``: as it was called then.
        model_sha256: Of its model. ``reproduced_sha256``: of the one trained again.
        compared: What was compared. ``details``: what the verdict rests on.
        verified_us: When. ``actor``: by whom. ``mmdesk``: by which version.
    """

    verdict: str
    text: str
    run_id: str
    name: str
    model_sha256: str | None
    reproduced_sha256: str | None
    compared: tuple[Compared, ...]
    details: Mapping[str, Any]
    verified_us: int
    actor: str
    mmdesk: str

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Certificate:
        """As it was written."""
        rest = {name: document[name] for name in cls.__dataclass_fields__ if name != "compared"}
        return cls(compared=tuple(Compared(**one) for one in document["compared"]), **rest)


def certify(
    files: CaseFiles,
    record: RunRecord,
    judgement: Judgement,
    attempt: str | None,
    reproduced_sha256: str | None,
    *,
    actor: str,
) -> Certificate:
    """The certificate of a verdict.

    Args:
        files: Of the case.
        record: The run.
        judgement: The verdict and what it rests on.
        attempt: Folder of the second training, relative to the case; None where there was none.
        reproduced_sha256: Of its model.
        actor: Who verified.
    """
    compared = tuple(_compared(files, record, attempt, reproduced_sha256))
    return Certificate(
        verdict=str(judgement.verdict),
        text=judgement.text,
        run_id=record.run_id,
        name=record.name,
        model_sha256=record.model_sha256,
        reproduced_sha256=reproduced_sha256,
        compared=compared,
        details=judgement.details,
        verified_us=now_us(),
        actor=actor,
        mmdesk=version.__version__,
    )


def _compared(files: CaseFiles, record: RunRecord, attempt: str | None, reproduced: str | None) -> Iterator[Compared]:
    from mmdesk.engine.core.code_manifest import code_hash

    yield _pair("Training code", record.config.get("code_sha256"), code_hash("training"))
    if attempt is None:
        yield Compared("Model", record.model_sha256 or "none", "not trained again", None)
        return
    yield _pair("Data (snapshot, read and checked again)", record.data_sha256, record.data_sha256)
    then = files.document(f"{record.folder}/environment.json").get("fingerprint", {})
    now = files.document(f"{attempt}/environment.json").get("fingerprint", {})
    for name in sorted({*then, *now}):
        yield _pair(f"Environment: {name.replace('_', ' ')}", then.get(name), now.get(name))
    logs = [files.lines(f"{folder}/weights.jsonl") for folder in (record.folder, attempt)]
    same = sum(one["weights"] == other["weights"] for one, other in zip(*logs, strict=False))
    whole = same == len(logs[0]) == len(logs[1])
    yield Compared(
        "Weights after each epoch", counted(len(logs[0]), "epoch"), f"{same} of {len(logs[1])} the same", whole
    )
    yield _pair("Model (SHA-256 of model.pt)", record.model_sha256, reproduced)
    metrics = files.document(f"{attempt}/metrics.json").get("test") or {}
    for head, names in _MEASURES.items():
        for name in names:
            before = (record.metrics.get("test") or {}).get(head, {}).get(name)
            if before is not None:
                yield _pair(f"Test: {head} {name}", before, metrics.get(head, {}).get(name))


def _pair(what: str, then: object, now: object) -> Compared:
    return Compared(what, _text(then), _text(now), then == now)


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(as_plain(value)).decode()


# Keeping them.


def keep(files: CaseFiles, folder: str, certificate: Certificate) -> None:
    """Write a certificate beside its run.

    Raises:
        ResourceError: It cannot be written.
    """
    with files.writer(f"{folder}/{FOLDER}/{certificate.verified_us}.json") as file:
        file.write(as_json(certificate))


def kept(files: CaseFiles, folder: str) -> tuple[Certificate, ...]:
    """The certificates of a run, newest first; what cannot be read is passed over."""
    place = files.path(f"{folder}/{FOLDER}")
    names = sorted((path.name for path in place.glob("*.json")), reverse=True) if place.is_dir() else []
    found = []
    for name in names:
        document = files.document(f"{folder}/{FOLDER}/{name}")
        try:
            found.append(Certificate.from_document(document))
        except (KeyError, TypeError):
            continue
    return tuple(found)


def as_json(certificate: Certificate) -> bytes:
    """The certificate as one document."""
    return orjson.dumps(as_plain(certificate), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def as_html(certificate: Certificate) -> bytes:
    """The certificate as a page."""
    from mmdesk.engine.explanation.sheet import beginning, shown_text

    one = certificate
    rows = "".join(
        f"<tr><td>{shown_text(row.what)}<td>{shown_text(row.then)}<td>{shown_text(row.now)}<td>{_SAID[row.same]}"
        for row in one.compared
    )
    facts = (
        ("Run", f"{one.name} ({one.run_id})"), ("Verified", f"{format_us(one.verified_us)} by {one.actor}"),
        ("mmdesk", one.mmdesk), ("Model then", one.model_sha256 or "-"), ("Model now", one.reproduced_sha256 or "-"),
    )  # fmt: skip
    listed = "".join(f"<tr><td>{name}<td>{shown_text(value)}" for name, value in facts)
    page = "\n".join(
        (
            beginning(f"Verification of {one.name}", "th{text-align:left;padding:3px 8px 3px 0}"),
            f"<h1>Verification: {shown_text(one.verdict.replace('_', ' '))}</h1>",
            f"<p>{shown_text(one.text)}</p><table>{listed}</table>",
            f"<h2>What was compared</h2><table><tr><th>What<th>Then<th>Now<th>{rows}</table>",
            f"<footer>{_PROMISE}</footer></body></html>",
        )
    )
    return page.encode()


_PROMISE = "The run was trained again from its own snapshot. Equal bytes are promised within one environment only."
_SAID = {True: "same", False: "<b>different</b>", None: ""}


def write_certificate(certificate: Certificate, out: Path) -> None:
    """Write a certificate as ``.json`` or ``.html``, by the name's ending; whole or not at all.

    Raises:
        UsageError: Another ending (``usage.unknown_format``).
        ResourceError: It cannot be written.
    """
    from mmdesk.engine.core.files import write_atomic

    writers = {".json": as_json, ".html": as_html}
    if out.suffix.lower() not in writers:
        raise UsageError(
            f"{out.name}: a certificate is written as .json or .html.",
            "Choose one of these endings.",
            code="usage.unknown_format",
        )
    write_atomic(out, writers[out.suffix.lower()](certificate))
