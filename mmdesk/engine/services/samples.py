"""Made-up cases, and the demonstration that takes one through the whole job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmdesk.engine.core.jobs import NULL_CONTEXT, JobContext

if TYPE_CHECKING:
    from mmdesk.engine.dataset.synth_data import SynthReport

DEFAULT_SEED = 1234


def synth(out: Path, entities: int, seed: int = DEFAULT_SEED, *, ctx: JobContext = NULL_CONTEXT) -> SynthReport:
    """Write a made-up case with planted causes; see :func:`mmdesk.engine.dataset.synth_data.make_synth`.

    Raises:
        UsageError: ``out`` is not empty, or a number is out of range.
        ResourceError: The disk is full or the folder cannot be written.
    """
    from mmdesk.engine.dataset.synth_data import make_synth

    return make_synth(out, entities, seed, ctx=ctx)
