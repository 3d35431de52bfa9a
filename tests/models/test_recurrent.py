"""Recurrent layers: PyTorch's starting values by seed, group and position; a compiled GRU."""

import copy

import numpy as np
import pytest
import torch
from scipy import special, stats
from torch import nn

from facsimile.models.base import gru_kernels, mlp, recurrent


def network():
    return nn.ModuleDict(
        {
            "gru": nn.GRU(3, 16, num_layers=2, bidirectional=True),
            "cell": nn.GRUCell(4, 9),
            "lstm": nn.LSTM(2, 9),
            "dense": nn.Linear(25, 7),
        }
    )


@pytest.fixture
def initialised():
    created = network()
    recurrent.initialise(created, 3, "group")
    return created


def test_values_are_uniform_between_the_limits_of_pytorch(initialised):
    """Kolmogorov and Smirnov against ±1/√hidden, ±1/√inputs of a dense layer."""
    limits = {"gru": 1 / 4, "cell": 1 / 3, "lstm": 1 / 3, "dense": 1 / 5}
    for name, limit in limits.items():
        parameters = initialised[name].parameters()
        values = torch.cat([parameter.detach().flatten() for parameter in parameters]) / limit
        assert values.abs().max() <= 1
        assert stats.kstest(values.numpy(), stats.uniform(-1, 2).cdf).pvalue > 0.01


def test_values_depend_on_seed_group_and_position_alone(initialised):
    again, other_seed, other_group = network(), network(), network()
    recurrent.initialise(again, 3, "group")
    recurrent.initialise(other_seed, 4, "group")
    recurrent.initialise(other_group, 3, "other")
    for name, values in initialised.state_dict().items():
        assert torch.equal(values, again.state_dict()[name])
        assert not torch.equal(values, other_seed.state_dict()[name])
        assert not torch.equal(values, other_group.state_dict()[name])
    first = [parameter.detach().numpy() for parameter in initialised["cell"].parameters()]
    second = [parameter.detach().numpy() for parameter in initialised["lstm"].parameters()]
    # Same number of units, but other positions.
    assert not np.array_equal(first[1][:9], second[1][:9])


def test_dense_layers_are_those_of_mlp(initialised):
    dense = nn.ModuleList([nn.Linear(25, 7)])
    mlp.initialise(dense, 3, "group")
    assert torch.equal(dense[0].weight, initialised["dense"].weight)


def assert_same(computed, inputs, expected, exact_inputs):
    """Outputs and gradients in float32 are those of torch in float64, to rounding."""
    assert computed.dtype == torch.float32
    torch.testing.assert_close(computed.double(), expected, rtol=0, atol=2e-6)
    weights = torch.randn_like(expected)
    for ours, exact in zip(
        torch.autograd.grad((computed * weights.float()).sum(), inputs),
        torch.autograd.grad((expected * weights).sum(), exact_inputs),
        strict=True,
    ):
        error = (ours.double() - exact).abs().max()
        assert error < 1e-5 * max(1, exact.abs().max())


@pytest.mark.parametrize("is_bidirectional", [True, False])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize(("hidden", "batch", "steps"), [(5, 4, 7), (8, 64, 24), (20, 1, 1)])
def test_compiled_gru_has_outputs_and_gradients_of_torch(
    is_bidirectional, layers, hidden, batch, steps
):
    torch.manual_seed(0)
    shape = {"num_layers": layers, "bidirectional": is_bidirectional, "batch_first": True}
    module = nn.GRU(3, hidden, **shape)
    exact = copy.deepcopy(module).double()
    x = torch.randn(batch, steps, 3, requires_grad=True)
    exact_x = x.detach().double().requires_grad_()
    assert_same(
        recurrent.gru(module, x),
        [x, *module.parameters()],
        exact(exact_x)[0],
        [exact_x, *exact.parameters()],
    )


def test_compiled_cell_has_outputs_and_gradients_of_torch():
    torch.manual_seed(1)
    cell = nn.GRUCell(3, 5)
    exact = copy.deepcopy(cell).double()
    x = torch.randn(4, 7, 3, requires_grad=True)
    exact_x = x.detach().double().requires_grad_()
    state, states = torch.zeros(4, 5, dtype=torch.double), []
    for step in exact_x.unbind(1):
        state = exact(step, state)
        states.append(state)
    assert_same(
        recurrent.gru_cell(cell, x),
        [x, *cell.parameters()],
        torch.stack(states, 1),
        [exact_x, *exact.parameters()],
    )
    # Numbers in float64 are left to the cell.
    assert torch.equal(recurrent.gru_cell(exact, exact_x), torch.stack(states, 1))


def test_large_layers_and_float64_are_left_to_torch():
    torch.manual_seed(2)
    large = nn.GRU(2, recurrent.MOST_UNITS + 1, batch_first=True)
    x = torch.randn(2, 4, 2)
    assert torch.equal(recurrent.gru(large, x), large(x)[0])
    small = nn.GRU(2, 3, batch_first=True).double()
    assert torch.equal(recurrent.gru(small, x.double()), small(x.double())[0])


def test_compiled_functions_are_those_of_numpy():
    """Tanh and σ also at the ends, where the polynomials are cut off."""
    x = np.linspace(-30, 30, 60_001).astype(np.float32)
    exact = np.tanh(x.astype(np.float64))
    computed = np.array([gru_kernels.tanh(value) for value in x])
    np.testing.assert_allclose(computed, exact, rtol=4e-7, atol=0)
    of_sigmoid = np.array([gru_kernels.sigmoid(value) for value in x])
    np.testing.assert_allclose(of_sigmoid, special.expit(x.astype(np.float64)), atol=3e-7)


def test_nan_reaches_the_end_of_a_series():
    """A diverged run must be seen by its loss."""
    module = nn.GRU(2, 3, batch_first=True)
    x = torch.zeros(1, 4, 2)
    x[0, 1, 0] = torch.nan
    outputs = recurrent.gru(module, x)
    assert outputs[:, 0].isfinite().all()
    assert outputs[:, 1:].isnan().all()


@pytest.mark.parametrize(
    "options",
    [{}, {"batch_first": True, "bias": False}, {"batch_first": True, "dropout": 0.5}],
)
def test_gru_refuses_other_options(options):
    module = nn.GRU(2, 3, num_layers=2, **options)
    with pytest.raises(ValueError, match="batch_first and biases, and without dropout"):
        recurrent.gru(module, torch.zeros(1, 4, 2))
