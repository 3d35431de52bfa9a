"""What guides latents to their variables under edges in the same frame: a classifier and a critic.

As in the released code of iCITRIS (phlippe/CITRIS 95f6c90, models/icitris_vae), but the latents
learn from the networks themselves, not from copies that follow them.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Sampled(NamedTuple):
    """Assignments [b, latents, k] and graphs [b, k, k] of 0 and 1, as sampled for one step."""

    assignment: Tensor
    graph: Tensor


def sets(assignment: Tensor, graph: Tensor) -> Tensor:
    """Return masks [b, k + 2, latents]: of each variable and its causes, of none, and of all.

    Args:
        assignment: [b, latents, k] of 0 and 1.
        graph: edges in the same frame [b, k, k] of 0 and 1.
    """
    with_self = graph + torch.eye(graph.shape[1])
    own = torch.einsum("blj,bji->bil", assignment, with_self)
    none = torch.zeros_like(own[:, :1])
    everything = torch.ones_like(none)
    return torch.cat([own, none, everything], 1)


def latent_loss(
    predicted: Tensor,
    targets: Tensor,
    graph: Tensor,
) -> Tensor:
    """Return the cross entropy of targets that latents and their assignment minimise, in nats.

    As without a graph (``models/base/latent_assignment.py``), but a set with the causes of a
    variable may show anything about their targets.

    Args:
        predicted: logits [b, k + 2, k] of all targets from each of ``sets``.
        targets: [b, k] of 0 and 1.
        graph: edges in the same frame [b, k, k] of 0 and 1.
    """
    rows, count = targets.shape
    # 1: the set shows this target, -1: it may, 0: it should not.
    causes = graph.transpose(1, 2)
    own = torch.eye(count) - causes
    none = torch.zeros(rows, 1, count)
    everything = torch.ones(rows, 1, count)
    shown = torch.cat([own, none, everything], 1)
    wanted = torch.where(
        shown == 1,
        targets[:, None],
        targets.mean(0),
    )
    loss = functional.binary_cross_entropy_with_logits(predicted, wanted, reduction="none")
    weights = count * (shown == 1) + 1.0 * (shown == 0)
    return predicted.shape[1] * (weights * loss).mean()


def comparisons(
    pair: tuple[Tensor, Tensor],
    targets: Tensor,
    assignment: Tensor,
    graph: Tensor,
    shuffle: Tensor,
) -> Tensor:
    """Return inputs of the critic [m, 2, 3 latents + k]: true ones, and ones with other latents.

    There is one row per intervention of the batch. A variable's own latents are exchanged among
    the rows in which it was intervened on: there they depend neither on the frame before nor on
    the variable's causes.

    Args:
        pair: latents of both frames, [b, latents] each.
        targets: [b, k] of 0 and 1.
        assignment: [b, latents, k] of 0 and 1.
        graph: edges in the same frame [b, k, k] of 0 and 1, as far as they are shown.
        shuffle: numbers [b, k] in random order.
    """
    before, after = pair
    signed = graph - torch.eye(graph.shape[1])
    # -1 for own latents of a variable, 1 for those of its causes, else 0.
    roles = torch.einsum("blj,bji->bil", assignment, signed)
    rows, exchanged, variables = [], [], []
    for place in range(targets.shape[1]):
        intervened = torch.nonzero(targets[:, place] == 1)[:, 0]
        order = shuffle[intervened, place].argsort()
        rows.append(intervened)
        exchanged.append(intervened[order])
        variables.append(torch.full_like(intervened, place))
    row, other = torch.cat(rows), torch.cat(exchanged)
    variable = torch.cat(variables)
    role = roles[row, variable]
    named = functional.one_hot(variable, targets.shape[1])
    true = after[row]
    # Sampled assignments are 0 and 1 up to rounding.
    false = torch.where(
        role < -0.5,
        after[other],
        true,
    )
    compared = []
    for latents in (true, false):
        shown = latents * role.abs()
        inputs = [before[row], shown, role, named]
        compared.append(torch.cat(inputs, 1))
    return torch.stack(compared, 1)


def critic_loss(critic: nn.Module, inputs: Tensor) -> Tensor:
    """Return the cross entropy of telling true rows from others, in nats, and a small penalty."""
    outputs = critic(inputs.detach())[..., 0]
    chances = functional.log_softmax(outputs, 1)
    return _mean(-chances[:, 0] + 1e-3 * outputs.square().mean(1))


def confusion_loss(critic: nn.Module, inputs: Tensor) -> Tensor:
    """Return the cross entropy, in nats, if the critic should take the other rows for true."""
    outputs = critic(inputs)[..., 0]
    chances = functional.log_softmax(outputs, 1)
    return _mean(-chances[:, 1])


def _mean(values: Tensor) -> Tensor:
    """Return the mean; 0 if a batch has no intervention."""
    return values.sum() / max(1, len(values))
