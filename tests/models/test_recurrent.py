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
