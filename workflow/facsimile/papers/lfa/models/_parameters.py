"""What a network stores to be explained: its parameters, the points, and what it predicts."""

import torch
from torch import Tensor, nn


def outputs(
    points: Tensor,
    parameters: Tensor,
    layers: float,
    classify: float,
    seed: int,
) -> dict[str, Tensor]:
    """Return what the metrics of explanations need, by name.

    Args:
        points: points to explain [n, d].
        parameters: weights and biases of the layers in turn, as one vector.
        layers: number of layers.
        classify: 1 if the value is a probability, otherwise 0.
        seed: of the perturbations. Runs of one network differ in it alone.
    """
    return {
        "points": points,
        "parameters": parameters,
        "layers": torch.tensor(int(layers)),
        "classify": torch.tensor(int(classify)),
        "perturbation_seed": torch.tensor(seed),
    }


def flattened(network: nn.Module) -> Tensor:
    """Return all parameters of a network as one vector."""
    return torch.cat([values.detach().flatten() for values in network.parameters()])
