"""What was imported into a case; any of it can be taken back, and done again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.services.table_reports import (
    MAX_PROBLEMS,
    ImportHistory,
    ImportPage,
    ImportRecord,
    LeftOut,
    RedoReport,
    UndoReport,
)


def list_imports(folder: Path, *, actor: str = "") -> tuple[ImportRecord, ...]:
    """The case's imports; see :func:`import_history`."""
    return import_history(folder, actor=actor).imports


def import_history(folder: Path, *, actor: str = "") -> ImportHistory:
    """The case's imports of tables and media, oldest first, taken back ones included.

    Raises:
        UsageError: No such case.
        StoreError: The case cannot be read.
    """
    from sqlalchemy import select

    from mmdesk.engine.store import conflicts
    from mmdesk.engine.store.case import Case
    from mmdesk.engine.store.tables import Import

    with Case.open(folder, actor=actor) as case, case.read() as connection:
        rows = connection.execute(select(Import.__table__).order_by(Import.id)).all()
        state = conflicts.state_of(connection)
    return ImportHistory(tuple(_record(row) for row in rows), state)


def _record(row: Any) -> ImportRecord:
    values = row._asdict()
    return ImportRecord(**values | {name: json.loads(values[name]) for name in ("recipe", "counts")})


def show_import(folder: Path, import_id: int) -> ImportPage:
    """One import in full: where it came from, how it was read, what of it is current, what it left out.

    Args:
        folder: The case.
        import_id: Which.

    Raises:
        UsageError: No such case or import.
        StoreError: The case cannot be read.
    """
    from sqlalchemy import func, select

    from mmdesk.engine.core.errors import UsageError
    from mmdesk.engine.core.types import current_actor
    from mmdesk.engine.ingestion.import_versions import ROWS
    from mmdesk.engine.store.case import Case
    from mmdesk.engine.store.tables import Artifact, Entity, Import, RejectedRow

    with Case.open(folder, actor=current_actor()) as case, case.read() as connection:
        row = connection.execute(select(Import.__table__).where(Import.id == import_id)).one_or_none()
        if row is None:
            raise UsageError(
                f"There is no import {import_id}.", "See: mmdesk imports list", code="usage.no_such_import"
            )
        current: dict[str, int] = {}
        for model in (Entity, *ROWS, Artifact):
            there = [model.import_id == import_id, model.deleted_us.is_(None)]
            there += [] if model is Artifact else [model.superseded_by.is_(None)]
            statement = select(func.count()).select_from(model).where(*there)
            current[model.__tablename__] = int(connection.execute(statement).scalar_one())
        broken = RejectedRow.import_id == import_id
        count = int(connection.execute(select(func.count()).select_from(RejectedRow).where(broken)).scalar_one())
        columns = (RejectedRow.line, RejectedRow.column, RejectedRow.value, RejectedRow.rule, RejectedRow.row)
        listed = connection.execute(select(*columns).where(broken).order_by(RejectedRow.id).limit(MAX_PROBLEMS)).all()
    rejected = tuple(LeftOut(*one[:4], row=tuple(json.loads(one.row)) if one.row else ()) for one in listed)
    return ImportPage(_record(row), current, count, rejected)


def save_left_out(folder: Path, import_id: int, out: Path) -> int:
    """Write what an import left out as CSV: line, column, value, rule, then the row's cells as they are in the file.

    A cell that a spreadsheet would take for a formula has a quotation mark in front.

    Args:
        folder: The case.
        import_id: Which.
        out: The file; replaced if it is there.

    Returns:
        How many problems.

    Raises:
        UsageError: No such case.
        StoreError: The case cannot be read.
        ResourceError: The file cannot be written.
    """
    import csv
    import io

    from sqlalchemy import select

    from mmdesk.engine.core.files import atomic_writer
    from mmdesk.engine.core.types import current_actor
    from mmdesk.engine.ingestion.table_cells import quoted_for_spreadsheets
    from mmdesk.engine.store.case import Case
    from mmdesk.engine.store.tables import RejectedRow

    columns = (RejectedRow.line, RejectedRow.column, RejectedRow.value, RejectedRow.rule, RejectedRow.row)
    statement = select(*columns).where(RejectedRow.import_id == import_id).order_by(RejectedRow.id)
    with Case.open(folder, actor=current_actor()) as case, case.read() as connection:
        found = connection.execute(statement).all()
    rows = [(*one[:4], *(json.loads(one.row) if one.row else ())) for one in found]
    width = max(map(len, rows), default=4) - 4
    with atomic_writer(out) as raw:
        file = io.TextIOWrapper(raw, "utf-8", newline="", write_through=True)
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(["line", "column", "value", "rule", *(f"cell_{number + 1}" for number in range(width))])
        for row in rows:
            writer.writerow(["" if cell is None else quoted_for_spreadsheets(str(cell)) for cell in row])
        file.detach()
    return len(rows)


def undo_import(
    folder: Path,
    import_id: int | None = None,
    *,
    actor: str,
    expected: str | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> UndoReport:
    """Take an import back: its rows go, what they replaced is current again. Nothing is destroyed.

    Args:
        folder: The case.
        import_id: Which; None = the newest that is not taken back.
        actor: Who.
        expected: The state of the list that was chosen from (:attr:`ImportHistory.state`); a change of the same tables
            by somebody else since stops it. None: whatever the state is.
        ctx: Cancelling leaves the case as it was.

    Raises:
        UsageError: No such case or import.
        DataError: Taken back already, or rows of later imports belong to its entities (``import.in_use``).
        ConflictError: Somebody changed the same tables since ``expected``.
        StoreError: The case cannot be written.
    """
    from mmdesk.engine.explanation.cache import drop_stale
    from mmdesk.engine.ingestion.import_undo import choose_import, undo_import_rows
    from mmdesk.engine.store import conflicts
    from mmdesk.engine.store.case import Case

    with Case.open(folder, write=True, actor=actor) as case:
        with case.read() as connection, conflicts.explaining(connection, expected):
            chosen, kind, source = choose_import(connection, import_id)
        with case.write("import.undo", source, {"import_id": chosen, "kind": kind}) as connection:
            conflicts.require_unchanged(connection, expected, conflicts.needed([kind]))
            choose_import(connection, chosen)
            undone = undo_import_rows(connection, chosen, kind)
            counts = {"removed": undone.removed, "restored": undone.restored, "entities": undone.entities}
            connection.info["audit_details"] |= counts
            ctx.check_cancelled()
        drop_stale(case)
    return UndoReport(undone.import_id, undone.kind, undone.removed, undone.restored)


def redo_import(
    folder: Path,
    import_id: int | None = None,
    *,
    actor: str,
    expected: str | None = None,
    ctx: JobContext = NULL_CONTEXT,
) -> RedoReport:
    """Do an import again that was taken back: its rows are there as they were, and replace what they had replaced.

    The file is not needed.

    Args:
        folder: The case.
        import_id: Which; None = the one taken back last.
        actor: Who.
        expected: The state of the list that was chosen from (:attr:`ImportHistory.state`); a change of the same tables
            by somebody else since stops it. None: whatever the state is.
        ctx: Cancelling leaves the case as it was.

    Raises:
        UsageError: No such case or import.
        DataError: It is in the case (``import.nothing_to_redo``), an import made meanwhile brought some of the same
            (``import.redo_conflict``), or its entities are gone (``import.redo_needs``).
        ConflictError: Somebody changed the same tables since ``expected``.
        StoreError: The case cannot be written.
    """
    from mmdesk.engine.ingestion.import_redo import choose_undone, redo_import_rows
    from mmdesk.engine.store import conflicts
    from mmdesk.engine.store.case import Case

    with Case.open(folder, write=True, actor=actor) as case:
        with case.read() as connection, conflicts.explaining(connection, expected):
            chosen = choose_undone(connection, import_id)
        details = {"import_id": chosen.import_id, "kind": chosen.kind}
        with case.write("import.redo", chosen.source, details) as connection:
            conflicts.require_unchanged(connection, expected, conflicts.needed([chosen.kind]))
            redone = redo_import_rows(connection, choose_undone(connection, chosen.import_id))
            counts = {"restored": redone.restored, "replaced": redone.replaced, "entities": redone.entities}
            connection.info["audit_details"] |= counts
            ctx.check_cancelled()
    return RedoReport(redone.import_id, redone.kind, redone.restored, redone.replaced)
