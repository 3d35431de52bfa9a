"""AdamW against torch's own, with warm-up, cosine decay and clipping."""

import math

import pytest
import torch
from torch import nn

from facsimile.models.base.adamw import AdamWSettings
from facsimile.models.base.optimisers import make, moments

SETTINGS = AdamWSettings(1e-2, steps=50, warm_up=10, weight_decay=0.1, clip=0.5)


def layer():
    torch.manual_seed(0)
    return nn.Linear(4, 3)


def gradients(network, step):
    drawn = torch.Generator().manual_seed(step)
    return [torch.randn(p.shape, generator=drawn) for p in network.parameters()]


def train(network, optimiser, first, last):
    for step in range(first, last):
        optimiser.step(gradients(network, step))


def test_fifty_steps_are_torchs():
    ours, theirs = layer(), layer()
    train(ours, make(SETTINGS, ours), 0, 50)
    reference = torch.optim.AdamW(theirs.parameters(), lr=1e-2, weight_decay=0.1)

    def factor(step):
        cosine = 0.05 + 0.95 * (1 + math.cos(math.pi * step / 50)) / 2
        return cosine * min(1, step / 10)

    schedule = torch.optim.lr_scheduler.LambdaLR(reference, factor)
    for step in range(50):
        for parameter, gradient in zip(theirs.parameters(), gradients(theirs, step), strict=True):
            parameter.grad = gradient
        nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
        reference.step()
        schedule.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-7)


def test_a_restored_optimiser_resumes_bit_for_bit():
    whole, stopped = layer(), layer()
    train(whole, make(SETTINGS, whole), 0, 30)
    first = make(SETTINGS, stopped)
    train(stopped, first, 0, 12)
    again = make(SETTINGS, stopped)
    again.restore(first.tensors(), 12)
    train(stopped, again, 12, 30)
    assert all(map(torch.equal, whole.parameters(), stopped.parameters()))
    assert moments(again) == ("exp_avg", "exp_avg_sq")


def test_without_steps_the_rate_is_constant_and_gradients_keep_their_size():
    settings = AdamWSettings(0.1)
    assert [settings.rate(step) for step in (0, 1, 10**6)] == [0.1] * 3
    assert SETTINGS.rate(0) == 0
    assert SETTINGS.rate(50) == pytest.approx(5e-4)
