"""What the window asks of the services about what-ifs and limits; the same rules as for :mod:`mmdesk.ui.calls`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.jobs import JobContext

if TYPE_CHECKING:
    from mmdesk.engine.explanation.explanation import Changes, Explanation
    from mmdesk.engine.explanation.rescored import Rescored
    from mmdesk.engine.explanation.scenario import Scenario
    from mmdesk.engine.explanation.what_if_form import LimitField, WhatIfForm


@dataclass(frozen=True)
class WhatIfOf:
    """Whose what-if: the arguments that all of these calls begin with; ``as_of_us`` None = everything known."""

    folder: Path
    run: str
    entity_id: str
    as_of_us: int | None


def what_if_form(of: WhatIfOf, *, ctx: JobContext) -> WhatIfForm:
    """What can be edited; model and case stay at hand afterwards."""
    from mmdesk.engine.services import what_if

    return what_if.open_what_if(of.folder, of.run, of.entity_id, as_of_us=of.as_of_us, ctx=ctx).form()


@dataclass(frozen=True)
class Answer:
    """The answer to a what-if, and the same as text."""

    found: Rescored
    text: str


def score_what_if(of: WhatIfOf, scenario: Scenario, *, ctx: JobContext) -> Answer:
    """What the run would say; the case is only read."""
    from mmdesk.engine.services import what_if

    found = what_if.open_what_if(of.folder, of.run, of.entity_id, as_of_us=of.as_of_us).score(scenario, ctx=ctx)
    return Answer(found, what_if.rescored_text(found))


def write_answer(answer: Answer, path: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """The answer to a what-if as a file: the document of the command line's ``--json``, or its text as ``.txt``."""
    import orjson

    from mmdesk.engine.core.files import write_atomic
    from mmdesk.engine.core.plain import as_plain

    if path.suffix.lower() == ".txt":
        write_atomic(path, f"{answer.text}\n".encode("utf-8", "surrogatepass"))
    else:
        write_atomic(path, orjson.dumps(as_plain(answer.found), option=orjson.OPT_INDENT_2) + b"\n")


def limit_fields(of: WhatIfOf, *, ctx: JobContext) -> tuple[LimitField, ...]:
    """Within what the attributes may change as long as nothing is declared."""
    from mmdesk.engine.services import what_if

    return what_if.limit_fields(of.folder, of.run, of.entity_id, as_of_us=of.as_of_us, ctx=ctx)


def what_it_takes(
    folder: Path, explanation: Explanation, limits: Mapping[str, object], *, ctx: JobContext
) -> tuple[Changes | None, str]:
    """The smallest change of attributes that turns an explained output over, and the sentence that says so.

    ``limits`` are as in a file of limits.
    """
    from mmdesk.engine.explanation.change_limits import limits_from
    from mmdesk.engine.explanation.changes import changes_text
    from mmdesk.engine.explanation.looks import NOT_TOLD, Perspective
    from mmdesk.engine.services import explanations

    wanted = {Perspective.CHANGES}
    found = explanations.look(folder, explanation, wanted, limits=limits_from(limits), ctx=ctx)
    if found.changes is None:
        unknown = NOT_TOLD[Perspective.CHANGES]
        return None, unknown if any(clause.text == unknown for clause in found.clauses) else ""
    return found.changes, changes_text(found, found.changes)


def read_limits(path: Path, *, ctx: JobContext) -> Mapping[str, object]:  # noqa: ARG001
    """Limits that were kept as a file, checked."""
    from mmdesk.engine.explanation.change_limits import limits_document, load_limits

    return limits_document(load_limits(path))


def write_limits(limits: Mapping[str, object], path: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """Keep limits as a file, as the command line takes it."""
    from mmdesk.engine.explanation.change_limits import limits_from, save_limits

    save_limits(limits_from(limits), path)


def read_scenario(path: Path, *, ctx: JobContext) -> Scenario:  # noqa: ARG001
    """A scenario that was kept as a file."""
    from mmdesk.engine.explanation.scenario import load_scenario

    return load_scenario(path)


def write_scenario(scenario: Scenario, path: Path, *, ctx: JobContext) -> None:  # noqa: ARG001
    """Keep a scenario as a file, the same as on the command line."""
    from mmdesk.engine.explanation.scenario import save_scenario

    save_scenario(scenario, path)
