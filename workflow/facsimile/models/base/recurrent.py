"""Networks with recurrent layers: PyTorch's starting values, and a GRU that is quick on a CPU."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from facsimile.models.base import gru_kernels, mlp, rng

Recurrent = nn.RNNBase | nn.RNNCellBase

# Of a layer that runs in a compiled loop; torch's matrix products are quicker on larger ones.
MOST_UNITS = 64


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


def gru(
    module: nn.GRU,
    x: Tensor,
) -> Tensor:
    """Return the outputs of torch's GRU, which starts with zeros, by a compiled loop over steps.

    On a CPU, torch runs each step of a small layer as a dozen operations, whose number sets the
    time. Here a layer is one compiled loop, and its gradient another one. Outputs and gradients are
    those of the module to rounding; second derivatives are not available. Other numbers than
    float32, layers of more than 64 units and other devices are left to the module itself.
    ``benchmarks/recurrent.py`` measures both.

    Args:
        module: one or more layers, in one direction or both, with ``batch_first``, with biases and
            without dropout.
        x: series [b, T, inputs].

    Returns:
        States of the last layer [b, T, directions · hidden].

    Raises:
        ValueError: the module has other options.
    """
    if not (module.batch_first and module.bias) or module.dropout:
        raise ValueError("gru() needs a GRU with batch_first and biases, and without dropout")
    if not _is_compiled(module.hidden_size, x):
        outputs: Tensor = module(x)[0]
        return outputs
    endings = ("", "_reverse") if module.bidirectional else ("",)
    states = x.permute(2, 1, 0)
    for layer in range(module.num_layers):
        names = [f"l{layer}{ending}" for ending in endings]
        states = _layer(
            states,
            [getattr(module, f"weight_ih_{name}") for name in names],
            [getattr(module, f"weight_hh_{name}") for name in names],
            [getattr(module, f"bias_ih_{name}") for name in names],
            [getattr(module, f"bias_hh_{name}") for name in names],
        )
    return states.permute(2, 1, 0).contiguous()


def gru_cell(
    cell: nn.GRUCell,
    x: Tensor,
) -> Tensor:
    """Return the states [b, T, hidden] of torch's cell, which starts with zeros and reads x.

    As ``gru``, for a cell with biases.

    Args:
        cell: the cell.
        x: series [b, T, inputs].
    """
    if not _is_compiled(cell.hidden_size, x):
        state = x.new_zeros(len(x), cell.hidden_size)
        states = []
        for of_step in x.unbind(1):
            state = cell(of_step, state)
            states.append(state)
        return torch.stack(states, 1)
    parameters = ([value] for value in (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh))
    return _layer(x.permute(2, 1, 0), *parameters).permute(2, 1, 0).contiguous()


def _is_compiled(
    hidden: int,
    x: Tensor,
) -> bool:
    """Return whether a layer runs in the compiled loop."""
    return x.device.type == "cpu" and x.dtype == torch.float32 and hidden <= MOST_UNITS


def _layer(
    x: Tensor,
    weights_ih: Sequence[Tensor],
    weights_hh: Sequence[Tensor],
    biases_ih: Sequence[Tensor],
    biases_hh: Sequence[Tensor],
) -> Tensor:
    """Return states [D · H, T, b] of one layer with D directions, which reads x [inputs, T, b].

    Series of a batch are the last axis, so that numbers of one gate are next to each other.
    """
    biases = torch.stack([torch.stack(list(biases_ih)), torch.stack(list(biases_hh))])
    weights = torch.stack(list(weights_ih)), torch.stack(list(weights_hh))
    states: Tensor = _Recurrence.apply(x.contiguous(), *weights, biases)
    return states.flatten(0, 1)


class _Recurrence(torch.autograd.Function):
    """States of the directions of one layer (``gru_kernels``)."""

    @staticmethod
    def forward(
        context: Any,
        x: Tensor,
        weights_ih: Tensor,
        weights_hh: Tensor,
        biases: Tensor,
    ) -> Tensor:
        """Return states [D, H, T, b].

        Args:
            context: keeps what the gradient needs.
            x: inputs [inputs, T, b].
            weights_ih: of the inputs [D, 3 H, inputs].
            weights_hh: of the states [D, 3 H, H].
            biases: of both [2, D, 3 H].
        """
        directions, wide, hidden = weights_hh.shape
        _, steps, batch = x.shape
        products = weights_ih.flatten(0, 1) @ x.flatten(1)
        products = products.view(directions, wide, steps, batch)
        states = x.new_empty(directions, hidden, steps, batch)
        gates = x.new_empty(directions, steps, wide, batch)
        candidates = x.new_empty(directions, steps, hidden, batch)
        gru_kernels.forward(*_arrays(products, weights_hh, biases, states, gates, candidates))
        context.save_for_backward(x, weights_ih, weights_hh, states, gates, candidates)
        return states

    @staticmethod
    @once_differentiable
    def backward(
        context: Any,
        gradient: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return gradients of inputs, weights and biases."""
        x, weights_ih, weights_hh, states, gates, candidates = context.saved_tensors
        directions, steps, wide, batch = gates.shape
        of_products, of_sums = gates.new_empty(2, directions, wide, steps, batch)
        gru_kernels.backward(
            *_arrays(gradient, weights_hh, states, gates, candidates, of_products, of_sums)
        )
        columns = of_products.flatten(2).flatten(0, 1)
        of_x = weights_ih.flatten(0, 1).T @ columns
        of_weights_ih = columns @ x.flatten(1).T
        of_weights_hh = torch.stack(
            [
                of_sum.flatten(1) @ before.flatten(1).T
                for of_sum, before in _with_states_before(of_sums, states)
            ]
        )
        of_biases = torch.stack([of_products.sum((2, 3)), of_sums.sum((2, 3))])
        return of_x.view_as(x), of_weights_ih.view_as(weights_ih), of_weights_hh, of_biases


def _with_states_before(
    values: Tensor,
    states: Tensor,
) -> list[tuple[Tensor, Tensor]]:
    """Return values of each direction, with the states before them, but for the first step read."""
    pairs = [(values[0, :, 1:], states[0, :, :-1])]
    if len(values) > 1:
        pairs.append((values[1, :, :-1], states[1, :, 1:]))
    return pairs


def _arrays(*tensors: Tensor) -> list[np.ndarray]:
    """Return tensors as contiguous arrays, which share the memory of those that are contiguous."""
    return [tensor.detach().contiguous().numpy() for tensor in tensors]
