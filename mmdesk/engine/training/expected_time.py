"""What is said of the time that a training will take; apart, so that the window hears it without loading PyTorch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """How long a training takes if it goes to its last epoch; it may well stop earlier. Without the plain baseline.

    Attributes:
        seconds: Of all epochs of all models. ``epochs``: at most, of each. ``models``: of the ensemble.
        rows: That train. ``steps``: of an epoch. ``timed_steps``: that were timed for this.
    """

    seconds: float
    epochs: int
    models: int
    rows: int
    steps: int
    timed_steps: int
