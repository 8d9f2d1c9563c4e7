"""Saved views of the runs: a query and an arrangement of columns under a name, kept for the next session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mmdesk.ui.settings import Settings
from mmdesk.ui.widgets.pinned_table import Arrangement

_DOCUMENT = "runs"


@dataclass(frozen=True)
class View:
    """What is shown and how; ``arrangement`` None = the few columns that fit the case."""

    query: str = ""
    arrangement: Arrangement | None = None

    def document(self) -> dict[str, object]:
        """As it is kept."""
        return {"query": self.query, "columns": self.arrangement.document() if self.arrangement else None}

    @classmethod
    def from_document(cls, document: object) -> View:
        """What was kept; what cannot be read of it is as it comes."""
        if not isinstance(document, Mapping):
            return cls()
        columns = document.get("columns")
        arrangement = Arrangement.from_document(columns) if isinstance(columns, Mapping) else None
        return cls(str(document.get("query", "")), arrangement)


@dataclass
class Views:
    """The view as it was left, and those with a name."""

    last: View = field(default_factory=View)
    saved: dict[str, View] = field(default_factory=dict)

    @classmethod
    def read(cls, settings: Settings) -> Views:
        """What earlier sessions kept."""
        document = settings.document(_DOCUMENT)
        saved = document.get("saved")
        named = saved.items() if isinstance(saved, Mapping) else ()
        return cls(
            View.from_document(document.get("last")), {str(name): View.from_document(one) for name, one in named}
        )

    def write(self, settings: Settings) -> None:
        """Keep them."""
        saved = {name: view.document() for name, view in sorted(self.saved.items())}
        settings.set_document(_DOCUMENT, {"last": self.last.document(), "saved": saved})

    @staticmethod
    def of_case(settings: Settings, folder: Path | None) -> dict[str, View]:
        """The views that were saved in an encrypted case since the program started; none where there is no such."""
        kept = settings.kept_of(folder, _DOCUMENT) if folder is not None else {}
        return {name: View.from_document(one) for name, one in kept.items()}

    @staticmethod
    def keep_of_case(settings: Settings, folder: Path, views: Mapping[str, View]) -> None:
        """Keep them in memory."""
        settings.keep_of(folder, _DOCUMENT, {name: one.document() for name, one in views.items()}, secret=True)
