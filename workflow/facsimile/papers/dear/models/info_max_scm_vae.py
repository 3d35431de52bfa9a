"""The VAE with a structural causal model that also maximises a bound on mutual information."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facsimile.models.base import mlp, optimisers
from facsimile.models.base.adam import AdamSettings
from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.models.base.optimisers import Settings
from facsimile.papers.dear.models import _pictures
from facsimile.papers.dear.models._networks import GROUP, UNITS, network_of
from facsimile.papers.dear.models.scm_vae import SCMVAE
from facsimile.studies.training import Training

LABEL = "InfoMax"
PARAMETER_LABELS = {"labelled": "labelled share"}
STEP_SECONDS = {"1": 0.01, "side**2": 4.9e-5}  # batch of 128, float32
CRITIC = "critic"


@dataclass(frozen=True)
class InfoMaxSCMVAE(SCMVAE):
    """InfoMax of the peers: minus ``information`` times a bound on I(x; ε) is added to the loss.

    The bound is E[D(x, ε)] − E[exp(D(x, ε') − 1)], with ε' those of other pictures of the batch,
    and a critic D that maximises it with its own Adam (Nguyen, Wainwright and Jordan 2010).

    The peers' weight γ is 1, but they call ``backward`` on the whole loss and on the bound, so that
    the gradient of the bound has a weight of 2 in the VAE.

    Args:
        information: weight of the bound, γ + 1 of the peers' code.
        critic_lr: learning rate of the critic's Adam.
    """

    information: float = 2
    critic_lr: float = 1e-4

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        networks = super().networks(shapes, latents, network)
        pixels = _pictures.pixels(type(self).__name__, shapes, self.side)
        return networks | {CRITIC: mlp.mlp((pixels + latents, UNITS, UNITS, 1), nn.ELU)}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        super().initialise(networks, seed)
        mlp.initialise(networks[CRITIC], seed, CRITIC)

    def optimisers(
        self,
        training: Training,
    ) -> dict[str, Settings]:
        """Adam of the study for the VAE; the same with another rate for the critic."""
        return {
            GROUP: optimisers.from_training(training),
            CRITIC: AdamSettings(self.critic_lr, 0.9, 0.999, 1e-8),
        }

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return super().draws(batch, latents) | {"others": Draw("permutation", (batch, 1))}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        network = network_of(networks)
        pictures = _pictures.reduced(batch["images"], self.side)
        encoded = self.encoded(network, pictures, noise["z"])
        loss, terms = self.loss(network, pictures, batch, encoded)
        sample = encoded.sample
        others = sample[noise["others"][:, 0]]
        critic = networks[CRITIC]
        of_own = critic(torch.cat((pictures, sample), 1))
        of_others = critic(torch.cat((pictures, others), 1))
        bound = of_own.mean() - (of_others - 1).exp().mean()
        minimise = {GROUP: loss - self.information * bound, CRITIC: -bound}
        return Losses(minimise, detached(terms | {"information": bound}))

    def check(self) -> None:
        super().check()
        for name in ("information", "critic_lr"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{type(self).__name__}: {name} must be 0 or more")
