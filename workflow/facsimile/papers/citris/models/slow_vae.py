"""SlowVAE: a VAE whose latents change little from frame to frame, by a Laplace distribution."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from facsimile.models.base.frame_vae import FrameVAE, Pair, normal_entropy, normal_kl

LABEL = "SlowVAE"
# Batches of 512 pairs at a width of 32, and of 64 pairs at 16.
STEP_SECONDS = {"1": 0.018, "width**5": 3.5e-8}
RATE = 1.0  # of the Laplace distribution


@dataclass(frozen=True)
class SlowVAE(FrameVAE):
    """SlowVAE (Klindt et al. 2021, "Towards nonlinear disentanglement in natural data …", eq. 4).

    It minimises the squared errors of both frames, plus β times the KL of both posteriors from
    N(0, 1), plus γ times the cross entropy of the change between frames and a Laplace distribution
    of rate 1, minus the posteriors' mean entropy, as in the released code of CITRIS. Interventions
    are not used.

    width: channels of the first convolutions.
    beta: weight of the KL.
    gamma: weight of the term of time.
    """

    beta: float = 1
    gamma: float = 1
    decoded: ClassVar[slice] = slice(0, 2)

    def prior(
        self,
        latents: int,
        variables: int,
    ) -> nn.ModuleDict:
        return nn.ModuleDict()

    def divergence(
        self,
        prior: nn.ModuleDict,
        pair: Pair,
        targets: Tensor,
        noise: Mapping[str, Tensor],
    ) -> dict[str, Tensor]:
        kl = normal_kl(pair.mean, pair.log_deviation).sum((1, 2))
        change = pair.mean[:, 1] - pair.mean[:, 0]
        # The change is added to the noise of one frame and then of the other.
        first = laplace_cross_entropy(
            -change,
            pair.log_deviation[:, 0],
            RATE,
        )
        second = laplace_cross_entropy(
            change,
            pair.log_deviation[:, 1],
            RATE,
        )
        entropy = normal_entropy(pair.log_deviation).mean(1)
        time = (first + second - entropy).sum(1)
        return {"kl": self.beta * kl, "time": self.gamma * time}


def laplace_cross_entropy(
    mean: Tensor,
    log_deviation: Tensor,
    rate: float,
) -> Tensor:
    """Return −E log p in nats of a Laplace distribution around 0, for normal values.

    log p(v) = log(rate / 2) − rate |v|, and E |v| is the mean of a folded normal.
    """
    deviation = log_deviation.exp()
    ratio = mean / deviation
    centre = deviation * math.sqrt(2 / math.pi) * torch.exp(-ratio.square() / 2)
    absolute = centre + mean * (2 * torch.special.ndtr(ratio) - 1)
    return rate * absolute - math.log(rate / 2)
