"""How the first rows of a file fit what its columns are taken for, found with the import's own parser."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from mmdesk.engine.core.types import Table
from mmdesk.engine.ingestion.csv_dialect import Record
from mmdesk.engine.ingestion.csv_ingestion import Opened, with_mapping
from mmdesk.engine.ingestion.fits import Fit, Misfit
from mmdesk.engine.ingestion.mapping import FieldSource
from mmdesk.engine.ingestion.rejections import Rejections
from mmdesk.engine.ingestion.table_schema import FIELDS
from mmdesk.engine.ingestion.table_survey import Survey
from mmdesk.engine.ingestion.table_typing import Typer
from mmdesk.engine.ingestion.text_batches import batch_of_records


def fit_of(opened: Opened, head: Sequence[Record]) -> Fit:
    """Type the first rows as the import would, proposals taken for granted.

    What only the whole file tells (a date that can be read in two ways) is guessed, so no cell is called wrong for it.

    Args:
        opened: The file with its mapping.
        head: Its first records.
    """
    if opened.plan.rejects_file:
        return Fit()  # its rows are of several tables
    proposed = {wanted: FieldSource((name,)) for wanted, name in opened.plan.proposals.items()}
    if proposed:
        mapping = dataclasses.replace(opened.mapping, columns={**opened.mapping.columns, **proposed})
        opened = with_mapping(opened.table, opened.file, mapping)
    plan, file = opened.plan, opened.file
    batch = batch_of_records(head, file.header, 0, damaged=True)
    survey = Survey(plan, file.path.name, file.layout.get("delimiter", ""), opened.mapping, {})
    forms = survey.look([batch])
    wanted = {one.name: one.content.value for one in FIELDS[plan.table]}
    kinds = {source.indices[0]: wanted[name] for name, source in plan.sources.items() if source.indices}
    if plan.table is Table.ENTITIES:
        kinds |= {index: forms.kinds[name].value for name, index in plan.extras if name in forms.kinds}
    if plan.missing:
        return Fit(kinds)
    rejections = Rejections(plan.table, file.path.name)
    Typer(plan, forms, rejections).type(batch)
    places = {source.label: source.indices for source in plan.sources.values()}
    places |= {name: (index,) for name, index in plan.extras}
    rows = {record.line: row for row, record in enumerate(head)}
    misfits = [
        Misfit(rows[one.line], column, one.rule)
        for one in rejections
        for column in (places.get(one.column, (None,)) if one.column is not None else (None,))
    ]
    return Fit(kinds, tuple(misfits))
