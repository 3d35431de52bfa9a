"""What a network stores to be explained: its parameters and the points."""

import torch
from torch import Tensor, nn


def outputs(
    points: Tensor,
    parameters: Tensor,
    layers: float,
    classify: float,
) -> dict[str, Tensor]:
    """Return what the metrics of explanations need, by name.

    Args:
        points: points to explain [n, d].
        parameters: weights and biases of the layers in turn, as one vector.
        layers: number of layers.
        classify: 1 if the value is a probability, otherwise 0.
    """
    return {
        "points": points,
        "parameters": parameters,
        "layers": torch.tensor(int(layers)),
        "classify": torch.tensor(int(classify)),
    }


def flattened(network: nn.Module) -> Tensor:
    """Return all parameters of a network as one vector."""
    return torch.cat([values.detach().flatten() for values in network.parameters()])
