"""Networks of dense layers for tables, with PyTorch's starting values."""

import itertools
import math
from collections.abc import Callable, Sequence

import torch
from torch import nn

from facsimile.models.base import rng


def mlp(
    widths: Sequence[int],
    activation: Callable[[], nn.Module] = nn.ReLU,
) -> nn.Sequential:
    """Create dense layers with an activation between any two of them, none after the last.

    Args:
        widths: inputs, units of each hidden layer, outputs.
        activation: creates the module between two layers, such as ``nn.Tanh``.

    Raises:
        ValueError: there are fewer than two widths.
    """
    if len(widths) < 2:
        raise ValueError(f"widths {list(widths)}: state at least inputs and outputs")
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), activation()]
    return nn.Sequential(*layers[:-1])


@torch.no_grad()
def initialise(
    module: nn.Module,
    seed: int,
    group: str,
) -> None:
    """Initialise all dense layers of a network as ``torch.nn.Linear`` does.

    Weights and biases are uniform on ±1/√inputs. The values depend only on the seed, the group and
    the position of the layer. ``networks.initialise`` is TensorFlow's initialisation.

    Args:
        module: network to initialise in place; other layers stay as they are.
        seed: seed of the run.
        group: name of the group of parameters.
    """
    dense = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    for index, layer in enumerate(dense):
        limit = 1 / math.sqrt(layer.in_features)
        for name, parameter in layer.named_parameters():
            # The position of the layer takes the place of the step.
            drawn = rng.uniforms_for(seed, index, f"init:{group}:{name}", parameter.shape)
            parameter.copy_((2 * drawn - 1) * limit)
