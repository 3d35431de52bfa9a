"""Dense networks and their starting values."""

import pytest
import torch
from torch import nn

from facsimile.models.base.mlp import initialise, mlp


def test_layers_alternate_with_activations():
    network = mlp([3, 4, 5, 1], nn.Tanh)
    kinds = [type(layer) for layer in network]
    assert kinds == [nn.Linear, nn.Tanh, nn.Linear, nn.Tanh, nn.Linear]
    assert network(torch.zeros(2, 3)).shape == (2, 1)
    with pytest.raises(ValueError, match="at least inputs and outputs"):
        mlp([3])


def test_starting_values_have_the_distribution_of_torch_and_depend_on_the_seed_alone():
    network, again, other = (mlp([100, 400, 2]) for _ in range(3))
    for net, seed in ((network, 7), (again, 7), (other, 8)):
        initialise(net, seed, "g")
    for name, values in network.named_parameters():
        assert torch.equal(values, again.get_parameter(name))
        assert not torch.equal(values, other.get_parameter(name))
    first = network[0]
    limit = 1 / 100**0.5
    for values in (first.weight, first.bias):
        assert values.abs().max() <= limit
        # A uniform variable on ±limit has the variance limit² / 3.
        assert abs(values.var().item() / (limit**2 / 3) - 1) < 0.15
