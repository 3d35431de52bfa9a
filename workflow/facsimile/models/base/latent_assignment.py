"""How CITRIS learns which latents belong to which causal variable: ψ, and the target classifier."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base.frame_networks import Uniform

IMPOSSIBLE = -1e9  # logit of an assignment that is ruled out


def logits(psi: Uniform, unassigned: bool) -> Tensor:
    """Return logits [latents, variables + 1] of ψ; the last column is of no variable.

    Args:
        psi: the parameter.
        unassigned: whether a latent may belong to no variable.
    """
    if unassigned:
        return psi.values
    # Addition keeps a gradient of 0 for the last column.
    mask = torch.zeros_like(psi.values)
    mask[:, -1] = IMPOSSIBLE
    return psi.values + mask


def sampled(logits: Tensor, normals: Tensor) -> Tensor:
    """Return samples of 0 and 1 [b, latents, n] of categories, by Gumbel's trick at temperature 1.

    Their gradient is that of the softmax (Jang et al. 2017).

    Args:
        logits: [latents, n].
        normals: standard normals [b, latents, n].
    """
    uniforms = torch.special.ndtr(normals.to(torch.float64))
    gumbel = -torch.log(-torch.log(uniforms.clamp(1e-12, 1 - 1e-12)))
    soft = torch.softmax(
        logits + gumbel.to(logits.dtype),
        -1,
    )
    hard = functional.one_hot(soft.argmax(-1), soft.shape[-1]).to(soft.dtype)
    return hard - soft.detach() + soft


def sets(assignment: Tensor) -> Tensor:
    """Return masks [b, variables + 2, latents] of the latents of each variable, of none, and all.

    Args:
        assignment: [b, latents, variables + 1] of 0 and 1.
    """
    everything = torch.ones_like(assignment[..., :1])
    return torch.cat([assignment, everything], -1).transpose(1, 2)


def classified(
    classifier: nn.Module,
    before: Tensor,
    after: Tensor,
    masks: Tensor,
) -> Tensor:
    """Return logits [b, sets, variables] of all targets from each set of latents.

    Args:
        classifier: network of z^t, the set's latents of z^{t+1}, and the set.
        before: z^t [b, latents].
        after: z^{t+1} [b, latents].
        masks: [b, sets, latents] of 0 and 1.
    """
    earlier = before[:, None].expand_as(masks)
    inputs = torch.cat(
        [earlier, after[:, None] * masks, masks],
        -1,
    )
    predicted: Tensor = classifier(inputs)
    return predicted


def model_loss(predicted: Tensor, targets: Tensor) -> Tensor:
    """Return the cross entropy of predicting all targets from each set, summed over sets.

    The mean over rows and variables, in nats.

    Args:
        predicted: logits [b, sets, variables].
        targets: [b, variables] of 0 and 1.
    """
    wanted = targets[:, None].expand_as(predicted)
    loss = functional.binary_cross_entropy_with_logits(predicted, wanted)
    return predicted.shape[1] * loss


def latent_loss(predicted: Tensor, targets: Tensor) -> Tensor:
    """Return the cross entropy that latents and ψ minimise, summed over sets.

    The set of a variable, and that of all latents, should show its own target, with a weight of the
    number of variables; about all other targets it should show no more than how often they are
    chosen. That is the batch's rate here, and a running mean in the released code.

    Args:
        predicted: logits [b, variables + 2, variables].
        targets: [b, variables] of 0 and 1.
    """
    count = targets.shape[1]
    own = torch.cat([torch.eye(count), torch.zeros(1, count), torch.ones(1, count)])
    wanted = torch.where(
        own == 1,
        targets[:, None],
        targets.mean(0),
    )
    loss = functional.binary_cross_entropy_with_logits(predicted, wanted, reduction="none")
    weighted = loss * (1 + (count - 1) * own)
    return predicted.shape[1] * weighted.mean()
