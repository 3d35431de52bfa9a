"""A transformer that maps a prior and an observation to a mixture of Gaussians."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from scipy import special
from torch import Tensor, nn

from facsimile.models.base import attention, mlp
from facsimile.models.base.adamw import AdamWSettings
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.papers.dt import inverse_gamma
from facsimile.studies.training import Training

LABEL = "Distribution transformer"
# Measured: 0.66 s with 6 layers and 500 problems, 0.1 s with 2 layers and 200. The term also stands
# for the batches of the study, which are 5,000 with 6 layers.
STEP_SECONDS = {"layers**4": 0.0008}
GROUP = "network"
HIDDEN = 32  # units of the embeddings of prior, observation and components
JITTER = 1e-6  # added to the scales


class Network(nn.Module):
    """Embeddings of prior and observation, the transformer, and the head of a component.

    Args:
        components: components of the mixture, one token each.
        width: size of a token.
        heads: heads of each attention.
        layers: layers of the transformer.
    """

    def __init__(
        self,
        components: int,
        width: int,
        heads: int,
        layers: int,
    ) -> None:
        super().__init__()
        self.prior = mlp.mlp((2, HIDDEN, width), nn.GELU)
        # With one layer per component, the count of Table 8 is met: 0.43 million.
        each = [nn.Linear(width, width) for _ in range(components)]
        self.components = nn.ModuleList(each)
        self.observation = mlp.mlp((1, HIDDEN, width), nn.GELU)
        self.transformer = attention.cross_attention(width, heads, layers, 4 * width)
        self.head = mlp.mlp((width, HIDDEN, 3), nn.GELU)

    def tokens(self, prior: Tensor) -> Tensor:
        """Return tokens [b, K, width] for the shape and scale of priors [b, 2]."""
        embedded = self.prior(prior.log())
        return torch.stack([component(embedded) for component in self.components], 1)

    def updated(
        self,
        tokens: Tensor,
        z: Tensor,
    ) -> Tensor:
        """Return tokens [b, K, width] after the observations z [b]."""
        memory = self.observation(z[:, None])
        updated: Tensor = self.transformer(tokens, memory[:, None])
        return updated

    def mixture(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return log-weights, means and scales over log x, [b, K] each.

        A weight is the logistic function of a token's first output over the sum of all.
        """
        logits, means, log_scales = self.head(tokens).unbind(-1)
        unnormalised = nn.functional.logsigmoid(logits)
        log_weights = unnormalised - unnormalised.logsumexp(1, keepdim=True)
        return log_weights, means, log_scales.exp() + JITTER


@dataclass(frozen=True)
class DistributionTransformer(ArraysModel):
    """Minus log q(log x | prior, z); each step draws new problems.

    Whittle et al. 2026, "Distribution transformers", for a variance with an inverse-gamma prior.
    The prior becomes one token per component, which attend to each other and to the observation.
    The posterior is a mixture of Gaussians over log x.

    Args:
        components: K, components of the mixture.
        width: size of a token.
        heads: heads of each attention; they divide the width.
        layers: layers of the transformer.
        lr: highest learning rate; it falls to 0 along half a cosine.
        warm_up: fraction of the steps in which the rate also grows linearly from 0.
        prior_loss: 1 to add the same loss of the mixture before the observation, 0 not to.
    """

    components: float = 5
    width: float = 64
    heads: float = 8
    layers: float = 6
    lr: float = 0.005
    warm_up: float = 0.25
    prior_loss: float = 1
    takes: ClassVar[Shapes] = {"meta_prior": (2,), "prior": (2,), "z": ()}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        sizes = (self.components, self.width, self.heads, self.layers)
        return {GROUP: Network(*map(int, sizes))}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """PyTorch's starting values, and layers that start by adding nothing."""
        network = network_of(networks)
        attention.initialise(network, seed, GROUP)
        attention.silence(network.transformer)

    def optimisers(self, training: Training) -> AdamWSettings:
        """AdamW without weight decay; the study's optimiser is not used."""
        warm_up = round(self.warm_up * training.steps)
        return AdamWSettings(self.lr, training.steps, warm_up, least=0.0)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {
            "prior": Draw("normal", (batch, 2)),
            "x": Draw("normal", (batch,)),
            "z": Draw("normal", (batch,)),
        }

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        network = network_of(networks)
        prior, u, z = problems(batch["meta_prior"], noise)
        tokens = network.tokens(prior)
        loss = -log_density(u, network.mixture(network.updated(tokens, z))).mean()
        terms = {"nll": loss}
        if self.prior_loss:
            of_prior = -log_density(u, network.mixture(tokens)).mean()
            terms["prior_nll"] = of_prior
            loss = loss + of_prior
        return Losses({GROUP: loss}, detached(terms))

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return ``weight``, ``mean`` and ``scale`` [b, K] of the mixtures over log x."""
        network = network_of(networks)
        tokens = network.updated(network.tokens(batch["prior"]), batch["z"])
        log_weights, means, scales = network.mixture(tokens)
        return {"weight": log_weights.exp(), "mean": means, "scale": scales}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return ``parameters``, the number of parameters of the network."""
        count = sum(parameter.numel() for parameter in networks[GROUP].parameters())
        return {"parameters": torch.tensor(count)}

    def check(self) -> None:
        for name in ("components", "width", "heads", "layers"):
            value = getattr(self, name)
            if value < 1 or value != int(value):
                raise ValueError(f"{name} must be a whole number from 1, not {value:g}")
        attention.check(self.width, self.heads)
        if not self.lr > 0:
            raise ValueError(f"lr must be above 0, not {self.lr:g}")
        if not 0 <= self.warm_up <= 1:
            raise ValueError(f"warm_up must be from 0 to 1, not {self.warm_up:g}")
        if self.prior_loss not in (0, 1):
            raise ValueError(f"prior_loss must be 0 or 1, not {self.prior_loss:g}")


def problems(
    meta_prior: Tensor,
    noise: Mapping[str, Tensor],
) -> tuple[Tensor, Tensor, Tensor]:
    """Return priors [b, 2], log x [b] and z [b] from standard normals.

    Args:
        meta_prior: shape and scale of the inverse-gamma distribution of both parameters [b, 2].
        noise: ``prior`` [b, 2], ``x`` [b] and ``z`` [b].
    """
    shape, scale = meta_prior[:, None].double().numpy().transpose(2, 0, 1)
    probability = special.ndtr(noise["prior"].double().numpy())
    prior = inverse_gamma.quantile(probability, shape, scale)
    probability = special.ndtr(noise["x"].double().numpy())
    x = inverse_gamma.quantile(probability, prior[:, 0], prior[:, 1])
    z = np.sqrt(x) * noise["z"].double().numpy()
    prior_of, u, observed = (torch.from_numpy(values).float() for values in (prior, np.log(x), z))
    return prior_of, u, observed


def log_density(
    u: Tensor,
    mixture: tuple[Tensor, Tensor, Tensor],
) -> Tensor:
    """Return the log-density [b] of mixtures, as log-weights, means and scales, at u [b]."""
    log_weights, means, scales = mixture
    standardised = (u[:, None] - means) / scales
    of_components = -0.5 * standardised.square() - scales.log()
    constant = 0.5 * math.log(2 * math.pi)
    return (log_weights + of_components).logsumexp(1) - constant


def network_of(networks: Mapping[str, nn.Module]) -> Network:
    """Return the network of a run."""
    network = networks[GROUP]
    assert isinstance(network, Network)
    return network
