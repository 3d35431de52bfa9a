"""Networks with recurrent layers: PyTorch's starting values, and a GRU that is quick on a CPU."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

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


def gru(
    module: nn.GRU,
    x: Tensor,
) -> Tensor:
    """Return the outputs of torch's GRU, which starts with zeros, in fewer operations.

    The time that small layers take on a CPU is set by the number of operations. Here both
    directions of a layer share their operations, the gradient is written by hand, and products with
    all steps of a series are computed at once. Outputs and gradients are those of the module to
    rounding; second derivatives are not available. ``benchmarks/recurrent.py`` measures both.

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
    endings = ("", "_reverse") if module.bidirectional else ("",)
    states = x.permute(1, 2, 0)
    for layer in range(module.num_layers):
        names = [f"l{layer}{ending}" for ending in endings]
        states = _layer(
            states,
            [getattr(module, f"weight_ih_{name}") for name in names],
            [getattr(module, f"weight_hh_{name}") for name in names],
            [getattr(module, f"bias_ih_{name}") for name in names],
            [getattr(module, f"bias_hh_{name}") for name in names],
        )
    return states.permute(2, 0, 1).contiguous()


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
    parameters = ([value] for value in (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh))
    return _layer(x.permute(1, 2, 0), *parameters).permute(2, 0, 1).contiguous()


def _layer(
    x: Tensor,
    weights_ih: Sequence[Tensor],
    weights_hh: Sequence[Tensor],
    biases_ih: Sequence[Tensor],
    biases_hh: Sequence[Tensor],
) -> Tensor:
    """Return states [T, D · H, b] of one layer with D directions, which reads x [T, inputs, b].

    Series of a batch are the last axis, so that numbers of one gate are next to each other.
    """
    read = torch.cat(list(weights_ih)) @ x + torch.cat(list(biases_ih))[:, None]
    of_directions = _in_order_read(read.chunk(len(weights_ih), 1))
    states: Tensor = _Recurrence.apply(
        torch.stack(of_directions, 1),
        torch.stack(list(weights_hh)),
        torch.stack(list(biases_hh)),
    )
    return torch.cat(_in_order_read(states.unbind(1)), 1)


def _in_order_read(values: Sequence[Tensor]) -> list[Tensor]:
    """Return values [T, …] of each direction, of which the second reads the last step first."""
    first, *others = values
    return [first, *(other.flip(0) for other in others)]


class _Recurrence(torch.autograd.Function):
    """States of GRUs whose inputs are already multiplied by their weights.

    With the sums s = W h + b of the recurrent weights, and the products a of the inputs: r =
    σ(a_r + s_r), z = σ(a_z + s_z), n = tanh(a_n + r s_n), and the next state is n + z (h - n).
    """

    @staticmethod
    def forward(
        context: Any,
        read: Tensor,
        weights: Tensor,
        biases: Tensor,
    ) -> Tensor:
        """Return states [T, D, H, b] of D layers.

        Args:
            context: keeps what the gradient needs.
            read: products of inputs [T, D, 3 H, b].
            weights: of the states [D, 3 H, H].
            biases: of the states [D, 3 H].
        """
        steps, count, wide, batch = read.shape
        hidden = wide // 3
        states = read.new_zeros(steps + 1, count, hidden, batch)
        candidates = read.new_empty(steps, count, hidden, batch)
        # What is added to W h: biases, and what both gates read.
        sums = biases[:, :, None].expand_as(read).clone()
        gates = sums[:, :, : 2 * hidden]
        gates += read[:, :, : 2 * hidden]
        r, z, s = sums.chunk(3, 2)
        new = read[:, :, 2 * hidden :]
        parts = (sums, gates, r, z, s, new, candidates, states[:-1], states[1:])
        for of_step in zip(*(part.unbind(0) for part in parts), strict=True):
            total, gate, r_t, z_t, s_t, new_t, candidate, state, following = of_step
            total.baddbmm_(weights, state)
            gate.sigmoid_()
            torch.addcmul(new_t, r_t, s_t, out=candidate).tanh_()
            torch.lerp(candidate, state, z_t, out=following)
        context.save_for_backward(sums, candidates, states, weights)
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(
        context: Any,
        gradient: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return gradients of the products of the inputs, of weights and of biases."""
        sums, n, states, weights = context.saved_tensors
        steps, count, hidden, batch = n.shape
        r, z, s = sums.chunk(3, 2)
        before = states[:-1]
        # Derivatives of a state in a_n, and in the three sums.
        of_new = (1 - z) * (1 - n.square())
        factors = sums.new_empty(steps, count, 3, hidden, batch)
        torch.mul(of_new, r, out=factors[:, :, 2])
        torch.mul(factors[:, :, 2] * s, 1 - r, out=factors[:, :, 0])
        torch.mul((before - n) * z, 1 - z, out=factors[:, :, 1])
        # Gradients of the states, with what later states add, and of the sums.
        totals = gradient.contiguous().clone()
        of_sums = torch.empty_like(sums)
        backwards = weights.transpose(1, 2).contiguous()
        later = None
        parts = (totals, factors, of_sums.view_as(factors), of_sums, z)
        of_steps = list(zip(*(part.unbind(0) for part in parts), strict=True))
        for total, factor, by_gate, of_sum, keep in reversed(of_steps):
            if later is not None:
                total += later
            torch.mul(total[:, None], factor, out=by_gate)
            later = torch.baddbmm(total * keep, backwards, of_sum)
        of_read = of_sums.clone()
        torch.mul(totals, of_new, out=of_read[:, :, 2 * hidden :])
        # All steps and series of a layer are the columns of one product.
        columns = of_sums.permute(1, 2, 0, 3).flatten(2)
        of_weights = columns @ before.permute(1, 0, 3, 2).flatten(1, 2)
        return of_read, of_weights, columns.sum(2)
