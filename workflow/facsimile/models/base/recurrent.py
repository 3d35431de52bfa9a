"""Networks with recurrent layers, torch's own, with PyTorch's starting values."""

import math

import torch
from torch import nn

from facsimile.models.base import mlp, rng

Recurrent = nn.RNNBase | nn.RNNCellBase


@torch.no_grad()
def initialise(
    module: nn.Module,
    seed: int,
    group: str,
) -> None:
    """Initialise all recurrent and dense layers of a network as PyTorch does.

    Weights and biases of ``torch.nn.GRU``, ``LSTM``, ``RNN`` and their cells are uniform on
    ±1/√hidden, those of dense layers on ±1/√inputs (``mlp.initialise``). The values depend only on
    the seed, the group, and the position of the layer.

    Args:
        module: network to initialise in place; other layers stay as they are.
        seed: seed of the run.
        group: name of the group of parameters.
    """
    mlp.initialise(module, seed, group)
    layers = [layer for layer in module.modules() if isinstance(layer, Recurrent)]
    for index, layer in enumerate(layers):
        limit = 1 / math.sqrt(layer.hidden_size)
        for name, parameter in layer.named_parameters():
            # The position of the layer takes the place of the step.
            purpose = f"init:{group}:recurrent:{name}"
            drawn = rng.uniforms_for(seed, index, purpose, parameter.shape)
            parameter.copy_((2 * drawn - 1) * limit)
