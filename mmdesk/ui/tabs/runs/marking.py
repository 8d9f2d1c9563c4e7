"""What is said of the chosen runs: a star, tags; every one of it can be undone."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from mmdesk.ui import choosers
from mmdesk.ui.annotation_calls import add_tag, remove_tag, set_star
from mmdesk.ui.desk import Desk
from mmdesk.ui.language import tr, tr_n
from mmdesk.ui.tabs.runs.runs_list import RunsList


class Marking(QObject):
    """Stars and tags of runs.

    Args:
        owner: The tab, which asks.
        desk: Does it.
        runs: In which they are chosen.
    """

    def __init__(self, owner: QWidget, desk: Desk, runs: RunsList) -> None:
        super().__init__(owner)
        self._owner, self._desk, self._list = owner, desk, runs

    def star(self) -> None:
        """Star the chosen runs, or take the star away where all have it."""
        from mmdesk.engine.services.annotations import SubjectKind

        ids = [run.run_id for run in self._list.chosen()]
        starred = not all(self._list.has_star(run) for run in ids)
        words = (
            tr_n("{n:,} run starred", "{n:,} runs starred", len(ids))
            if starred
            else tr_n("{n:,} run without a star now", "{n:,} runs without a star now", len(ids))
        )
        self._desk.edits.do(words, set_star, SubjectKind.RUN, ids, starred)

    def tag(self) -> None:
        """Ask for the tags that all of the chosen runs have."""
        runs = self._list.chosen()
        tags = [set(self._list.tags_of(run.run_id)) for run in runs]
        common = sorted(set.intersection(*tags)) if tags else []

        def said(text: str) -> None:
            from mmdesk.engine.services.annotations import SubjectKind

            wanted = list(dict.fromkeys(tag.strip() for tag in text.split(",") if tag.strip()))
            ids = [run.run_id for run in runs]
            what = tr_n("{n:,} run", "{n:,} runs", len(ids))
            for tag in wanted:
                if tag not in common:
                    self._desk.edits.do(
                        tr("{what} tagged {tag}", what=what, tag=tag), add_tag, SubjectKind.RUN, ids, tag
                    )
            for tag in common:
                if tag not in wanted:
                    self._desk.edits.do(
                        tr("{tag} taken from {what}", tag=tag, what=what), remove_tag, SubjectKind.RUN, ids, tag
                    )

        one = (
            runs[0].name
            if len(runs) == 1
            else tr_n(
                "{n:,} run; what not all of them have is not listed",
                "{n:,} runs; what not all of them have is not listed",
                len(runs),
            )
        )
        choosers.ask_text(
            self._owner, tr("Tags"), tr("Tags of {one}, with commas between them:", one=one), ", ".join(common), said
        )
