"""Stochastic variational inference, for each test problem its own Gaussian over log x."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from facsimile.models.base import rng
from facsimile.models.base.adamw import AdamWSettings
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses
from facsimile.studies.training import Training

LABEL = "SVI"
STEP_SECONDS = {"samples": 0.00011}
GROUP = "guide"
START = 0.1  # standard deviation of the starting values
HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


class Guide(nn.Module):
    """Mean and logarithm of the scale of a Gaussian over log x for each problem.

    Args:
        problems: number of problems.
    """

    def __init__(self, problems: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(problems))
        self.log_scale = nn.Parameter(torch.zeros(problems))


@dataclass(frozen=True)
class InverseGammaSVI(ArraysModel):
    """Minus the evidence lower bound, summed over problems.

    Whittle et al. 2026, "Distribution transformers", Table 1: SVI. Each problem is a latent, so
    the study's ``latents`` must be the number of problems, and its batch all of them.

    Args:
        samples: samples of each guide in a step.
        lr: learning rate at the start, which falls along half a cosine.
        least: fraction of the rate that is left at the end.
        score_function: gradient estimator, 0 for reparameterisation, 1 for REINFORCE.
    """

    samples: float = 10
    lr: float = 0.1
    least: float = 0.135
    score_function: float = 0
    takes: ClassVar[Shapes] = {"row": (), "prior": (2,), "z": ()}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        return {GROUP: Guide(latents)}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Draw all starting values from N(0, 0.1²)."""
        with torch.no_grad():
            for name, parameter in networks[GROUP].named_parameters():
                drawn = rng.normals_for(seed, 0, f"init:{name}", parameter.shape)
                parameter.copy_(START * drawn)

    def optimisers(self, training: Training) -> AdamWSettings:
        """Adam with a falling rate; the study's optimiser is not used."""
        return AdamWSettings(self.lr, training.steps, least=self.least)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {"u": Draw("normal", (batch, int(self.samples)))}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        means, log_scales = (values[:, None] for values in parameters(networks, batch))
        u = means + log_scales.exp() * noise["u"]
        if self.score_function:
            u = u.detach()
        log_q = log_normal(u, means, log_scales)
        bound = log_joint(u, batch["prior"], batch["z"]) - log_q
        surrogate = bound
        if self.score_function:
            # The added term is zero; its gradient is the bound times the gradient of log q.
            surrogate = bound + bound.detach() * (log_q - log_q.detach())
        terms = {"elbo": bound.detach().mean()}
        return Losses({GROUP: -surrogate.mean(1).sum()}, terms)

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return ``weight``, ``mean`` and ``scale`` [b, 1] of mixtures of one component."""
        means, log_scales = parameters(networks, batch)
        mixture = {
            "weight": torch.ones_like(means),
            "mean": means,
            "scale": log_scales.exp(),
        }
        return {name: values[:, None] for name, values in mixture.items()}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return ``parameters``, the number of parameters of all guides."""
        count = sum(parameter.numel() for parameter in networks[GROUP].parameters())
        return {"parameters": torch.tensor(count)}

    def check(self) -> None:
        if self.samples < 1 or self.samples != int(self.samples):
            raise ValueError(f"samples must be a whole number from 1, not {self.samples:g}")
        if not self.lr > 0:
            raise ValueError(f"lr must be above 0, not {self.lr:g}")
        if not 0 <= self.least <= 1:
            raise ValueError(f"least must be from 0 to 1, not {self.least:g}")
        if self.score_function not in (0, 1):
            raise ValueError(f"score_function must be 0 or 1, not {self.score_function:g}")


def parameters(
    networks: Mapping[str, nn.Module],
    batch: Batch,
) -> tuple[Tensor, Tensor]:
    """Return mean and log-scale [b] of the guides of a batch of problems.

    Raises:
        ValueError: there are fewer guides than problems.
    """
    guide = networks[GROUP]
    assert isinstance(guide, Guide)
    rows = batch["row"].long()
    guides = len(guide.mean)
    if int(rows.max()) >= guides:
        raise ValueError(
            f"there are {guides} guides, but a problem has the number {int(rows.max())}; "
            "set latents to the number of problems"
        )
    return guide.mean[rows], guide.log_scale[rows]


def log_normal(
    u: Tensor,
    mean: Tensor,
    log_scale: Tensor,
) -> Tensor:
    """Return the log-density of a Gaussian at u, elementwise."""
    standardised = (u - mean) * (-log_scale).exp()
    return -0.5 * standardised.square() - log_scale - HALF_LOG_TAU


def log_joint(
    u: Tensor,
    prior: Tensor,
    z: Tensor,
) -> Tensor:
    """Return log p(u, z) [b, n] at samples u [b, n] of log x.

    Args:
        u: samples.
        prior: shape and scale of each prior [b, 2].
        z: observations [b].
    """
    shape, scale = (values[:, None] for values in prior.unbind(1))
    log_prior = shape * scale.log() - shape.lgamma() - shape * u - scale * (-u).exp()
    log_likelihood = -0.5 * (z[:, None].square() * (-u).exp() + u) - HALF_LOG_TAU
    return log_prior + log_likelihood
