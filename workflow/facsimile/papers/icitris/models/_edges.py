"""Two ways to learn edges in the same frame: ENCO and NOTEARS, as in the released code of iCITRIS.

Matrices of edges are [k, k]; [i, j] is the edge from variable i to variable j.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn

from facsimile.models.base import latent_assignment
from facsimile.models.base.frame_networks import Uniform

GAMMA = 4.0  # starting value: nearly all edges exist, and their directions are open


def enco(variables: int) -> nn.ModuleDict:
    """Return the parameters of ENCO (Lippe, Cohen and Gavves 2022), before ``start``.

    ``gamma`` decides whether there is an edge, ``theta`` = -``theta``ᵀ its direction.
    """
    gamma = Uniform(0.0, variables, variables)
    theta = Uniform(0.0, variables, variables)
    return nn.ModuleDict({"gamma": gamma, "theta": theta})


def notears(variables: int) -> nn.ModuleDict:
    """Return the parameters of NOTEARS (Zheng et al. 2018): a logit of each edge."""
    logits = Uniform(0.0, variables, variables)
    return nn.ModuleDict({"logits": logits})


@torch.no_grad()
def start(edges: nn.Module) -> None:
    """Set the starting values: 4 for gamma of ENCO, 0 for all else."""
    parts = cast(nn.ModuleDict, edges)
    if "gamma" in parts:
        values(parts, "gamma").fill_(GAMMA)


def probabilities(edges: nn.Module) -> Tensor:
    """Return the probability [k, k] of each edge; there are no edges to a variable itself."""
    parts = cast(nn.ModuleDict, edges)
    if "gamma" in parts:
        exists = torch.sigmoid(values(parts, "gamma"))
        chosen = exists * torch.sigmoid(values(parts, "theta"))
    else:
        chosen = torch.sigmoid(values(parts, "logits"))
    return chosen * _others(chosen)


@torch.no_grad()
def decided(edges: nn.Module) -> Tensor:
    """Return the learned graph, int64 [k, k]: edges whose parameters are above 0."""
    parts = cast(nn.ModuleDict, edges)
    positive = [values(parts, name) > 0 for name in parts]
    graph = torch.stack(positive).all(0)
    return (graph * _others(graph)).to(torch.int64)


def sampled(chances: Tensor, normals: Tensor) -> Tensor:
    """Return graphs [..., k, k] of 0 and 1 by standard normals; they have no gradient."""
    uniforms = torch.special.ndtr(normals)
    return (uniforms < chances.detach()).to(chances.dtype)


def relaxed(edges: nn.Module, normals: Tensor) -> Tensor:
    """Return graphs [b, k, k] of NOTEARS, 0 and 1, with the gradient of Gumbel's softmax.

    Args:
        edges: what ``notears`` returned.
        normals: standard normals [b, k, k, 2].
    """
    logits = values(edges, "logits")
    absent = torch.zeros_like(logits)
    both = torch.stack([absent, logits], -1)
    choices = latent_assignment.sampled(
        both.flatten(0, 1),
        normals.flatten(1, 2),
    )
    present = choices[..., 1]
    graphs = present.unflatten(1, logits.shape)
    return graphs * _others(logits)


@torch.no_grad()
def enco_gradients(
    edges: nn.Module,
    graphs: Tensor,
    divergences: Tensor,
    targets: Tensor,
    sparsity: float,
) -> tuple[Tensor, Tensor]:
    """Return ENCO's gradients of gamma and theta, [k, k] each.

    They compare graphs with an edge and graphs without it (Lippe et al. 2022, equations 4 and 5).

    Args:
        edges: what ``enco`` returned.
        graphs: sampled graphs [b, g, k, k].
        divergences: what each variable costs under each graph, [b, g, k].
        targets: [b, k]; 1 for each intervention.
        sparsity: cost of an edge.
    """
    costs = divergences[:, :, None]
    count = graphs.shape[1]
    present = graphs.sum(1)
    absent = count - present
    both = (present > 0) & (absent > 0)
    least = 1e-5
    with_edge = (costs * graphs).sum(1) / present.clamp(min=least)
    without = (costs * (1 - graphs)).sum(1) / absent.clamp(min=least)
    difference = torch.where(both, with_edge - without, 0.0)
    exists = torch.sigmoid(values(edges, "gamma"))
    directed = torch.sigmoid(values(edges, "theta"))
    gamma = exists * (1 - exists) * directed * (difference + sparsity * both)
    # An intervention on the effect says nothing about its causes.
    gamma = gamma * (1 - targets[:, None]) * _others(exists)
    theta = directed * (1 - directed) * exists * difference
    # Directions are learned from interventions on the cause alone.
    theta = theta * targets[:, :, None] * (1 - targets[:, None])
    theta = theta - theta.transpose(1, 2)
    return gamma.mean(0), theta.mean(0)


def enco_loss(
    edges: nn.Module,
    gradients: tuple[Tensor, Tensor],
) -> Tensor:
    """Return a loss that has these gradients of gamma and theta."""
    gamma, theta = gradients
    of_gamma = gamma * values(edges, "gamma")
    of_theta = theta * values(edges, "theta")
    loss: Tensor = (of_gamma + of_theta).sum()
    return loss


def values(edges: nn.Module, name: str) -> Any:
    """Return one parameter [k, k]."""
    return cast(Any, edges)[name].values


def _others(matrix: Tensor) -> Tensor:
    """Return a mask [k, k] of the edges between different variables."""
    return 1 - torch.eye(len(matrix))
