"""Several models trained from different seeds, answering as one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmdesk.engine.dataset.batches import Batch
from mmdesk.engine.model.model import FullModel, Outputs, calibrated


class Ensemble(nn.Module):
    """The mean of its members' outputs.

    The embedding is the first member's: those of different members have nothing in common, and a mean of them would
    mean nothing.

    Args:
        members: At least one.
    """

    def __init__(self, members: Sequence[FullModel]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.register_buffer("calibration", torch.tensor([1.0, 0.0]))
        self.calibration: Tensor

    def all(self) -> list[FullModel]:
        """The members."""
        return [member for member in self.members if isinstance(member, FullModel)]

    def forward(self, batch: Batch) -> Outputs:
        """What the members say together of each row of ``batch``."""
        said: list[Outputs] = [member(batch) for member in self.all()]
        logit = _mean([one.logit for one in said])
        return Outputs(
            regression=_mean([one.regression for one in said]),
            logit=logit,
            probability=calibrated(logit, self.calibration),
            ranking=_mean([one.ranking for one in said]),
            embedding=said[0].embedding,
            attention=_mean([one.attention for one in said]),
        )


def _mean(tensors: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(tensors)).mean(0)


AnyModel = FullModel | Ensemble
