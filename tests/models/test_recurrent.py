"""Starting values of recurrent layers: PyTorch's distribution, by seed, group and position."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from facsimile.models.base import mlp, recurrent


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


def assert_same(computed, expected, inputs):
    """Outputs and gradients in the inputs are the same to rounding."""
    torch.testing.assert_close(computed, expected, rtol=1e-12, atol=1e-12)
    weights = torch.randn_like(expected)
    for ours, theirs in zip(
        torch.autograd.grad((computed * weights).sum(), inputs),
        torch.autograd.grad((expected * weights).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("is_bidirectional", [True, False])
@pytest.mark.parametrize("layers", [1, 3])
def test_quick_gru_has_outputs_and_gradients_of_torch(is_bidirectional, layers):
    torch.manual_seed(0)
    shape = {"num_layers": layers, "bidirectional": is_bidirectional, "batch_first": True}
    module = nn.GRU(3, 5, **shape).double()
    x = torch.randn(4, 7, 3, dtype=torch.double, requires_grad=True)
    expected, _ = module(x)
    assert_same(recurrent.gru(module, x), expected, [x, *module.parameters()])


def test_quick_cell_has_outputs_and_gradients_of_torch():
    torch.manual_seed(1)
    cell = nn.GRUCell(3, 5).double()
    x = torch.randn(4, 7, 3, dtype=torch.double, requires_grad=True)
    state, states = torch.zeros(4, 5, dtype=torch.double), []
    for step in x.unbind(1):
        state = cell(step, state)
        states.append(state)
    assert_same(recurrent.gru_cell(cell, x), torch.stack(states, 1), [x, *cell.parameters()])


def test_gradients_of_the_quick_gru_are_those_of_finite_differences():
    torch.manual_seed(2)
    module = nn.GRU(2, 3, bidirectional=True, batch_first=True).double()
    x = torch.randn(2, 4, 2, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda values: recurrent.gru(module, values), x)


@pytest.mark.parametrize(
    "options",
    [{}, {"batch_first": True, "bias": False}, {"batch_first": True, "dropout": 0.5}],
)
def test_quick_gru_refuses_other_options(options):
    module = nn.GRU(2, 3, num_layers=2, **options)
    with pytest.raises(ValueError, match="batch_first and biases, and without dropout"):
        recurrent.gru(module, torch.zeros(1, 4, 2))
