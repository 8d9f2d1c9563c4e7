"""Give back the room of evidence files that nothing needs any more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext

ACTION = "media.tidy"


@dataclass(frozen=True)
class TidyReport:
    """Stored evidence files that no row (deleted or not), no backup and no run's snapshot needs.

    Attributes:
        files: How many were removed, or would be in a dry run.
        size_bytes: Their size.
        young: How many were left because an import may be under way that needs them: they are no day old.
        dry_run: Nothing was removed.
    """

    files: int
    size_bytes: int
    young: int
    dry_run: bool


class _NothingToRemoveError(Exception):
    """Leaves the transaction without an entry in the audit log."""


def tidy_media(folder: Path, *, dry_run: bool = False, actor: str, ctx: JobContext = NULL_CONTEXT) -> TidyReport:
    """Remove stored evidence files that nothing needs: left by an import that was stopped, or by a restored backup.

    Args:
        folder: The case.
        dry_run: Only count.
        actor: Who.
        ctx: Cancelling keeps the rest.

    Raises:
        UsageError: No such case.
        CaseFaultError: A backup or snapshot cannot be read, so that what it needs is not known; nothing is removed.
        StoreError: The case cannot be written.
        ResourceError: A file cannot be removed.
    """
    from mmdesk.engine.store import evidence_files, keys
    from mmdesk.engine.store.case import Case
    from mmdesk.engine.store.case_file import DATABASE_NAME
    from mmdesk.engine.store.evidence_files import StoredFile

    removed: list[StoredFile] = []
    young = 0
    with Case.open(folder, write=not dry_run, actor=actor) as case:
        key = keys.key_for(case.folder / DATABASE_NAME, case.file)
        # Within the write nobody adds rows, and an import whose files are stored but not yet in a row keeps them young.
        opened = case.read() if dry_run else case.write(ACTION, "artifacts_store")
        try:
            with opened as connection:
                needed = evidence_files.needed(connection, case.files, key)
                for file in evidence_files.stored(case.folder):
                    ctx.check_cancelled()
                    if file.sha256 in needed:
                        continue
                    if file.is_young:
                        young += 1
                        continue
                    removed.append(file)
                if not dry_run:
                    if not removed:
                        raise _NothingToRemoveError
                    for file in removed:
                        case.files.delete(file.path.relative_to(case.folder))
                    names = [file.sha256 for file in removed]
                    connection.info["audit_details"] |= {"files": len(names), "sha256": names[:1000]}
        except _NothingToRemoveError:
            pass
    return TidyReport(len(removed), sum(file.size_bytes for file in removed), young, dry_run)
