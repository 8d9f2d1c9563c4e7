"""The log: one rotating file for the user's own eyes, without names, values or secrets of a case."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

import platformdirs

_MAX_BYTES = 2_000_000
_FILES_KEPT = 3


def log_folder() -> Path:
    """Where the log lies on this system."""
    return Path(platformdirs.user_log_dir("mmdesk", appauthor=False))


def start_logging(*, level: int = logging.INFO) -> Path | None:
    """Write the ``mmdesk`` loggers to a file; returns it, or None where the folder cannot be written."""
    folder = log_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            folder / "mmdesk.log", maxBytes=_MAX_BYTES, backupCount=_FILES_KEPT, encoding="utf-8", delay=True
        )
    except OSError:
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("mmdesk")
    root.setLevel(level)
    root.addHandler(handler)
    root.propagate = False
    return folder / "mmdesk.log"
