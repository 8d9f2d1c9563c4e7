"""Our Adam is PyTorch's, to the bit."""

from __future__ import annotations

import torch

from mmdesk.engine.training.adam import FusedAdam


def parameters() -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(3)
    return [torch.randn(shape, generator=random).requires_grad_() for shape in ((7, 5), (5,), (3, 3))]


def push(tensors: list[torch.Tensor], step: int) -> None:
    random = torch.Generator().manual_seed(100 + step)
    for place, tensor in enumerate(tensors):
        # The last one has no gradient at first.
        tensor.grad = torch.randn(tensor.shape, generator=random) if place < 2 or step > 3 else None


def test_the_same_bits_as_pytorchs() -> None:
    ours, theirs = parameters(), parameters()
    adam = FusedAdam([(ours[:2], 0.1), (ours[2:], 0.0)])
    groups = [{"params": theirs[:2], "weight_decay": 0.1}, {"params": theirs[2:], "weight_decay": 0.0}]
    plain = torch.optim.Adam(groups, fused=True, decoupled_weight_decay=True)
    for step in range(10):
        rate = 0.01 * (step + 1)
        push(ours, step)
        push(theirs, step)
        adam.step(rate)
        for group in plain.param_groups:
            group["lr"] = rate
        plain.step()
        for first, second in zip(ours, theirs, strict=True):
            assert torch.equal(first, second)


def test_it_goes_on_from_its_state() -> None:
    whole, half = parameters(), parameters()
    first, second = FusedAdam([(whole, 0.1)]), FusedAdam([(half, 0.1)])
    for step in range(4):
        push(whole, step)
        first.step(0.01)
        push(half, step)
        second.step(0.01)
    state = second.state()
    push(half, 77)
    second.step(0.5)  # a state is a copy: what comes after does not reach it
    again = [tensor.detach().clone().requires_grad_() for tensor in whole]
    third = FusedAdam([(again, 0.1)])
    third.restore(state)
    for step in range(4, 8):
        push(whole, step)
        first.step(0.01)
        push(again, step)
        third.step(0.01)
    assert all(torch.equal(one, other) for one, other in zip(whole, again, strict=True))


def test_forgotten_gradients_move_nothing() -> None:
    tensors = parameters()
    adam = FusedAdam([(tensors, 0.1)])
    push(tensors, 5)
    adam.forget_gradients()
    before = [tensor.detach().clone() for tensor in tensors]
    adam.step(0.1)
    assert all(torch.equal(one, other) for one, other in zip(before, tensors, strict=True))
