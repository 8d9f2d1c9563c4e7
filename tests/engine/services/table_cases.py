"""What a case holds after an import, told by identifiers, so that two cases can be compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from mmdesk.engine.core.types import Table
from mmdesk.engine.services.table_imports import ImportOptions, TableFiles, TablesReport, import_tables
from mmdesk.engine.store import readers
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import AuditEntry, Import, RejectedRow

ACTOR = "tester"


@dataclass
class Contents:
    """Current rows: attributes by entity, the others counted (duplicates matter)."""

    entities: dict[str, dict[str, Any]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    events: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    interactions: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    targets: Counter[tuple[Any, ...]] = field(default_factory=Counter)


def contents(case: Case) -> Contents:
    """Everything current in the case."""
    with case.read() as connection:
        ids = {row["entity_key"]: row["entity_id"] for row in readers.entities(connection).to_pylist()}
        attributes, kinds = readers.attributes(connection)
        events = readers.events(connection).to_pylist()
        interactions = readers.interactions(connection).to_pylist()
        targets = readers.targets(connection).to_pylist()
    return Contents(
        {
            ids[row.pop("entity_key")]: {name: value for name, value in row.items() if value is not None}
            for row in attributes.to_pylist()
        },
        {name: kind.value for name, kind in kinds.items()},
        Counter((ids[row["entity_key"]], row["event_type"], row["value"], row["timestamp_us"]) for row in events),
        Counter(
            (
                ids[row["source_key"]],
                ids[row["target_key"]],
                row["interaction_type"],
                row["weight"],
                row["timestamp_us"],
            )
            for row in interactions
        ),
        Counter(
            (ids[row["entity_key"]], *(row[name] for name in ("as_of_us", "y_reg", "y_class", "y_rank", "split")))
            for row in targets
        ),
    )


def files_of(folder: Path) -> TableFiles:
    """The tables that lie in a folder."""
    paths = {table.value: folder / f"{table.value}.csv" for table in Table}
    return TableFiles(**{name: path for name, path in paths.items() if path.exists()})


def bring(case: Case, files: TableFiles | Path, **options: Any) -> TablesReport:
    """Import as a caller would: by the folder."""
    found = files if isinstance(files, TableFiles) else files_of(files)
    return import_tables(case.folder, found, ImportOptions(**options), actor=ACTOR)


def counts(report: TablesReport) -> dict[str, tuple[int, int, int, int, int]]:
    """Table -> read, inserted, unchanged, replaced, rejected; the parts add up."""
    for one in report.tables:
        assert one.read == one.inserted + one.unchanged + one.replaced + one.rejected + one.conflicts
    return {one.table: (one.read, one.inserted, one.unchanged, one.replaced, one.rejected) for one in report.tables}


def records(case: Case) -> tuple[int, int, int]:
    """How many imports, rejected rows and audit entries there are."""
    with case.read() as connection:
        found = [
            connection.execute(select(func.count()).select_from(model)).scalar_one()
            for model in (Import, RejectedRow, AuditEntry)
        ]
    return found[0], found[1], found[2]


def write(path: Path, text: str) -> Path:
    """A UTF-8 file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path
