"""iVAE*: a VAE whose prior of a frame is a network of the frame before and the interventions."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facsimile.models.base.frame_vae import FrameVAE, Pair, normal_kl

LABEL = "iVAE*"
# Batches of 512 pairs at a width of 32, and of 64 pairs at 16.
STEP_SECONDS = {"1": 0.013, "width**5": 2.5e-8}
UNITS = 8  # of each hidden layer of the prior, times width


@dataclass(frozen=True)
class TargetIVAE(FrameVAE):
    """iVAE with interventions as auxiliary variable (Lippe et al. 2022, baseline).

    It minimises |x^{t+1} − x̂|² + β KL(q(z^{t+1} | x^{t+1}) | N(network of z^t and targets)), z^t a
    sample of its posterior. Nothing assigns latents to causal variables.

    width: channels of the first convolutions; the prior's network has eight times as many units.
    beta: weight of the KL.
    """

    beta: float = 1

    def prior(
        self,
        latents: int,
        variables: int,
    ) -> nn.ModuleDict:
        units = UNITS * int(self.width)
        network = nn.Sequential(
            nn.Linear(latents + variables, units),
            nn.SiLU(),
            nn.Linear(units, units),
            nn.SiLU(),
            nn.Linear(units, 2 * latents),
        )
        return nn.ModuleDict({"network": network})

    def divergence(
        self,
        prior: nn.ModuleDict,
        pair: Pair,
        targets: Tensor,
        noise: Mapping[str, Tensor],
    ) -> dict[str, Tensor]:
        before = torch.cat(
            [pair.sample[:, 0], targets],
            1,
        )
        prior_mean, prior_log_deviation = prior["network"](before).chunk(2, 1)
        kl = normal_kl(
            pair.mean[:, 1],
            pair.log_deviation[:, 1],
            prior_mean,
            prior_log_deviation,
        )
        return {"kl": self.beta * kl.sum(1)}
