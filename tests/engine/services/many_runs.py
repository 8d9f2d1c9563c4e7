"""A case with as many runs as one likes, all but one of them only in its database: varied copies of a real one."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import orjson
from sqlalchemy import Table, select

from mmdesk.engine.core.hashing import sha256_json
from mmdesk.engine.store.case import Case
from mmdesk.engine.store.tables import ModelRun

_STATUSES = ("done", "done", "done", "cancelled", "failed", "interrupted")
_DAY_US = 86_400_000_000


def add_runs(folder: Path, count: int, actor: str) -> None:
    """Write ``count`` runs like the newest one of a case, with other names, settings, measures and times."""
    random = np.random.default_rng(7)
    with Case.open(folder, write=True, actor=actor) as case, case.write("test.runs", str(count)) as connection:
        table = cast("Table", ModelRun.__table__)
        row = dict(connection.execute(select(table).order_by(table.c.created_us.desc())).mappings().first() or {})
        config, metrics = orjson.loads(row["config"]), orjson.loads(row["metrics"])
        rows = []
        for number in range(count):
            status = _STATUSES[number % len(_STATUSES)]
            config["seed"] = number
            config["learning_rate"] = float(random.choice([1e-3, 3e-3, 1e-2]))
            metrics["test"]["classification"]["auroc"] = float(random.uniform(0.5, 1.0))
            created_us = row["created_us"] - (number + 1) * _DAY_US // 24
            rows.append(
                row
                | {
                    "run_id": sha256_json([row["run_id"], number]),
                    "name": f"{'pilot' if number % 10 == 0 else 'sweep'} {number}",
                    "status": status,
                    "config": orjson.dumps(config).decode(),
                    "metrics": orjson.dumps(metrics).decode() if status == "done" else None,
                    "created_us": created_us,
                    "finished_us": created_us + int(random.integers(10, 4000)) * 1_000_000,
                }
            )
        connection.execute(table.insert(), rows)
