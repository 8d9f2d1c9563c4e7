"""A task for the pool's workers that does what broken decoders do, by the name of the artifact."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from mmdesk.engine.core.errors import ResourceError
from mmdesk.engine.core.types import FeatureStatus
from mmdesk.engine.features.worker import ExtractionJob, Outcome, Workplace


def misbehave(place: Workplace, jobs: Sequence[ExtractionJob]) -> list[Outcome]:
    for job in jobs:
        if job.sha256 == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif job.sha256 == "exit":
            os._exit(3)
        elif job.sha256 == "hang":
            time.sleep(600)
        elif job.sha256 == "grow":
            blocks = [bytearray(64 << 20) for _ in range(1000)]
            del blocks
        elif job.sha256 == "full":
            raise ResourceError("The disk is full.", code="resource.disk_full")
    return [Outcome(job.artifact_id, FeatureStatus.DONE, key=job.sha256) for job in jobs]
