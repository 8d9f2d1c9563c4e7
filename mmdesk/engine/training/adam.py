"""Adam as one fused kernel per group of parameters.

PyTorch's own ``torch.optim.Adam(fused=True, decoupled_weight_decay=True)`` runs the same kernel and gives the same
bits; merely constructing it loads PyTorch's compiler, which takes longer than many a training here.

The fused kernel is not only the fastest: the plain one goes through MKL's square root, which differs between CPUs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

# Source: Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015; the defaults of its algorithm 1.
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


@dataclass
class _Group:
    parameters: list[Tensor]
    weight_decay: float
    means: list[Tensor] = field(default_factory=list)
    squares: list[Tensor] = field(default_factory=list)
    steps: list[Tensor] = field(default_factory=list)


class FusedAdam:
    """Adam with decoupled weight decay (Loshchilov & Hutter, ICLR 2019).

    Args:
        groups: Parameters and their weight decay.
    """

    def __init__(self, groups: Sequence[tuple[list[Tensor], float]]) -> None:
        self._groups = [_Group(parameters, decay) for parameters, decay in groups]
        for group in self._groups:
            group.means = [torch.zeros_like(parameter) for parameter in group.parameters]
            group.squares = [torch.zeros_like(parameter) for parameter in group.parameters]
            group.steps = [torch.zeros(()) for _ in group.parameters]

    def forget_gradients(self) -> None:
        """Before the next backward pass."""
        for group in self._groups:
            for parameter in group.parameters:
                parameter.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step along the gradients; parameters without a gradient stay.

        Args:
            rate: The learning rate.
        """
        for group in self._groups:
            lists: list[list[Tensor]] = [[], [], [], [], []]
            everything = zip(group.parameters, group.means, group.squares, group.steps, strict=True)
            for parameter, mean, square, step in everything:
                if parameter.grad is not None:
                    for chosen, tensor in zip(lists, (parameter, parameter.grad, mean, square, step), strict=True):
                        chosen.append(tensor)
            parameters, gradients, means, squares, steps = lists
            if not parameters:
                continue
            torch._foreach_add_(steps, 1)
            torch._fused_adamw_(
                parameters,
                gradients,
                means,
                squares,
                [],
                steps,
                lr=rate,
                beta1=_BETA_1,
                beta2=_BETA_2,
                weight_decay=group.weight_decay,
                eps=_EPSILON,
                amsgrad=False,
                maximize=False,
            )

    def state(self) -> dict[str, Any]:
        """A copy of everything that it remembers, for :meth:`restore`."""
        return {
            name: [[tensor.clone() for tensor in getattr(group, name)] for group in self._groups]
            for name in ("means", "squares", "steps")
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`."""
        for name, groups in state.items():
            for group, tensors in zip(self._groups, groups, strict=True):
                setattr(group, name, [tensor.clone() for tensor in tensors])
