"""TensorFlow's Adam."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from facsimile.models.base.adam import AdamSettings, TFAdam


def tensorflow_adam(start, gradients, s):
    """The update of TensorFlow's documentation: epsilon joins the uncorrected √v."""
    theta, m, v = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for t, g in enumerate(gradients, 1):
        m, v = s.beta1 * m + (1 - s.beta1) * g, s.beta2 * v + (1 - s.beta2) * g**2
        theta -= s.lr * math.sqrt(1 - s.beta2**t) / (1 - s.beta1**t) * m / (np.sqrt(v) + s.epsilon)
    return theta


def ours(start, gradients, settings):
    parameter = nn.Parameter(start.clone())
    adam = TFAdam([parameter], settings)
    for gradient in gradients:
        adam.step([gradient])
    return parameter.detach()


@pytest.mark.parametrize(
    "settings", [AdamSettings(1e-2), AdamSettings(1e-4, 0.5, 0.9)], ids=["vae", "discriminator"]
)
@pytest.mark.parametrize("size", [1.0, 1e-7])
def test_fifty_steps_are_tensorflows(size, settings):
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=20), size * rng.normal(size=(50, 20))
    expected = tensorflow_adam(start, gradients, settings)
    exact = ours(torch.from_numpy(start), torch.from_numpy(gradients), settings)
    assert np.abs(exact.numpy() - expected).max() < 1e-13
    rounded = ours(torch.from_numpy(start).float(), torch.from_numpy(gradients).float(), settings)
    moved = np.abs(expected - start).max()
    assert np.abs(rounded.numpy() - expected).max() < 1e-6 + 1e-5 * moved


@pytest.mark.slow
def test_torchs_own_epsilon_is_another_optimiser_where_gradients_are_tiny():
    """With a first gradient g = ε, the steps differ.

    TensorFlow steps lr·√(1−β₂)g / (√(1−β₂)g + ε) = 0.031·lr, torch lr·g / (g + ε) = ½·lr.
    """
    gradient = torch.full((1,), 1e-8, dtype=torch.float64)
    theirs = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    other = torch.optim.Adam([theirs], lr=1e-4, eps=1e-8)
    theirs.grad = gradient
    other.step()
    root = math.sqrt(0.001)
    assert theirs.item() == pytest.approx(-0.5e-4, rel=1e-9)
    assert ours(
        torch.zeros(1, dtype=torch.float64), [gradient], AdamSettings(1e-4)
    ).item() == pytest.approx(-1e-4 * root / (root + 1), rel=1e-9)


def test_a_gradient_with_another_layout_updates_the_right_weights():
    """PyTorch's fused CPU kernel reads parameter and gradient as flat memory.

    With channels-last weights, that is another order.
    """
    torch.manual_seed(0)
    start, gradients = torch.randn(4, 3, 2, 2), torch.randn(3, 4, 3, 2, 2)
    plain = ours(start, gradients, AdamSettings(0.1))
    last = ours(start.to(memory_format=torch.channels_last), gradients, AdamSettings(0.1))
    assert last.stride() != plain.stride()
    assert torch.equal(last, plain)


def test_gradients_are_not_modified():
    gradient = torch.randn(5)
    before = gradient.clone()
    ours(torch.zeros(5), [gradient], AdamSettings(0.1))
    assert torch.equal(gradient, before)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_restored_optimiser_resumes_bit_for_bit(layout):
    torch.manual_seed(0)
    start, gradients = torch.randn(4, 3, 2, 2).to(memory_format=layout), torch.randn(10, 4, 3, 2, 2)
    parts = nn.Parameter(start.clone())
    first = TFAdam([parts], AdamSettings(1e-2))
    for gradient in gradients[:4]:
        first.step([gradient])
    stored = {name: value.clone() for name, value in first.tensors().items()}
    assert all(value.is_contiguous() for value in stored.values())
    second = TFAdam([parts], AdamSettings(1e-2))
    second.restore(stored, first.steps)
    for gradient in gradients[4:]:
        second.step([gradient])
    assert torch.equal(parts, ours(start, gradients, AdamSettings(1e-2)))


def test_an_optimiser_stored_before_its_first_step_starts_afresh():
    parameter = nn.Parameter(torch.zeros(2))
    adam = TFAdam([parameter], AdamSettings(0.1))
    adam.restore(TFAdam([parameter], AdamSettings(0.1)).tensors(), 0)
    adam.step([torch.ones(2)])
    assert torch.equal(parameter.detach(), ours(torch.zeros(2), [torch.ones(2)], AdamSettings(0.1)))


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({"0.exp_avg": torch.zeros(3)}, r"0\.exp_avg should be \[2\], is \[3\] \(2 differ\)"),
        ({"0.exp_avg": torch.zeros(2)}, r"0\.exp_avg_sq should be \[2\], is absent"),
        (
            {f"{i}.{n}": torch.zeros(2) for i in (0, 1) for n in ("exp_avg", "exp_avg_sq")},
            r"1\.exp_avg should be absent, is \[2\]",
        ),
    ],
    ids=["shape", "missing", "surplus"],
)
def test_moments_of_another_network_are_refused(stored, message):
    adam = TFAdam([nn.Parameter(torch.zeros(2))], AdamSettings(0.1))
    with pytest.raises(ValueError, match=message):
        adam.restore(stored, 5)


@pytest.mark.slow
def test_updates_have_the_bits_of_torchs_fused_adam():
    """torch.optim.Adam with TensorFlow's epsilon set before each step is the same optimiser."""
    torch.manual_seed(0)
    start, gradients = torch.randn(30, 7), torch.randn(20, 30, 7)
    settings = AdamSettings(1e-3, epsilon=1e-6)
    theirs = nn.Parameter(start.clone())
    other = torch.optim.Adam([theirs], lr=settings.lr, betas=(0.9, 0.999), fused=True)
    for step, gradient in enumerate(gradients, 1):
        other.param_groups[0]["eps"] = settings.epsilon / math.sqrt(1 - settings.beta2**step)
        theirs.grad = gradient
        other.step()
    assert torch.equal(ours(start, gradients, settings), theirs.detach())


@pytest.mark.slow
def test_training_does_not_import_torchs_compiler():
    """It takes a second, as long as torch itself."""
    code = (
        "import sys, torch; from facsimile.models.base.adam import AdamSettings, TFAdam; "
        "adam = TFAdam([torch.nn.Parameter(torch.zeros(2))], AdamSettings(0.1)); "
        "adam.step([torch.ones(2)]); assert 'torch._dynamo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
