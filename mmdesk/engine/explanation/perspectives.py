"""Further looks at a finished explanation: each fills a field of it and adds clauses to its account.

A look lives in a module of its own, which makes its clauses as well; here they are put together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext
from mmdesk.engine.explanation.account import account_of, with_more
from mmdesk.engine.explanation.change_limits import NO_LIMITS, ChangeLimits
from mmdesk.engine.explanation.changes import look_for_changes
from mmdesk.engine.explanation.course import look_back
from mmdesk.engine.explanation.explanation import Clause, Explanation
from mmdesk.engine.explanation.looks import NOT_TOLD, Perspective
from mmdesk.engine.explanation.masking import one_thread
from mmdesk.engine.explanation.peers import look_at_peers
from mmdesk.engine.explanation.taught import Lessons, look_at_lessons
from mmdesk.engine.explanation.usual import Usual
from mmdesk.engine.explanation.view import View

__all__ = ["Perspective", "Perspectives"]

Look = Callable[[Explanation, JobContext], tuple[object, tuple[Clause, ...]]]


class Perspectives:
    """Adds the wanted looks to explanations of one run.

    Args:
        wanted: Which looks.
        view: What they are made from.
        lessons: What the run was trained on; asked for once, and only where it is needed; None = nobody can tell.
        usual: What is usual in the training part; likewise.
        limits: Within what attributes may change.
    """

    def __init__(
        self,
        wanted: Collection[Perspective],
        view: View,
        lessons: Callable[[], Lessons | None],
        *,
        usual: Callable[[], Usual | None],
        limits: ChangeLimits = NO_LIMITS,
    ) -> None:
        self._wanted = frozenset(wanted)
        self._lessons = lessons() if Perspective.TAUGHT in self._wanted else None
        self._usual = usual() if Perspective.CHANGES in self._wanted else None
        self._limits = limits
        self._view = view

    def add(self, explanation: Explanation, *, ctx: JobContext = NULL_CONTEXT) -> Explanation:
        """The explanation with the looks, its account with what they say, in the order of :class:`Perspective`."""
        fields: dict[str, object] = {}
        more: list[Clause] = []
        with one_thread():
            for perspective in Perspective:
                if perspective in self._wanted:
                    ctx.check_cancelled()
                    fields[perspective.value], said = self._look(perspective)(explanation, ctx)
                    more += said
        clauses = with_more(explanation.clauses, more)
        return replace(explanation, clauses=clauses, account=account_of(clauses), **fields)  # type: ignore[arg-type]

    def _look(self, perspective: Perspective) -> Look:
        return {
            Perspective.PEERS: self._peers,
            Perspective.TAUGHT: self._taught,
            Perspective.COURSE: self._course,
            Perspective.CHANGES: self._changes,
        }[perspective]

    def _peers(self, explanation: Explanation, ctx: JobContext) -> tuple[object, tuple[Clause, ...]]:  # noqa: ARG002
        return look_at_peers(explanation, self._view)

    def _taught(self, explanation: Explanation, ctx: JobContext) -> tuple[object, tuple[Clause, ...]]:  # noqa: ARG002
        if self._lessons is None:
            return None, (Clause(NOT_TOLD[Perspective.TAUGHT]),)
        return look_at_lessons(explanation, self._view, self._lessons)

    def _course(self, explanation: Explanation, ctx: JobContext) -> tuple[object, tuple[Clause, ...]]:
        return look_back(explanation, self._view, ctx=ctx)

    def _changes(self, explanation: Explanation, ctx: JobContext) -> tuple[object, tuple[Clause, ...]]:
        if self._usual is None:
            return None, (Clause(NOT_TOLD[Perspective.CHANGES]),)
        return look_for_changes(explanation, self._view, self._limits, self._usual, ctx=ctx)
