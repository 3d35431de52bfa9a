"""iVAE of labelled scenes: encoder and prior depend on the labels."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch
from facsimile.models.base.concepts import (
    GROUP,
    ConceptVAE,
    dense,
    encoder,
    kl,
    part,
    posterior,
)

LABEL = "iVAE"
STEP_SECONDS = {"1": 0.009, "side**2": 5.6e-5}  # batch of 85, float32
# Hidden units of the network of the prior's variances, as in ilkhem/iVAE@039b847, lib/models.py.
PRIOR = (50, 50)


@dataclass(frozen=True)
class SceneIVAE(ConceptVAE):
    """iVAE (Khemakhem et al. 2020) with the networks of CausalVAE.

    The posterior is q(z|x, u) and the prior N(0, λ(u)) with a network λ. It has CausalVAE's encoder
    and one decoder of the width of one of CausalVAE's. Blocks of latents are not assigned to
    labels. Codes are inferred with the labels, which the encoder needs.

    Args:
        beta: weight of the KL.
    """

    beta: float = 1

    def network(
        self,
        pixels: int,
        concepts: int,
        latents: int,
    ) -> nn.Module:
        parts = {
            "encoder": encoder(pixels + concepts, 2 * latents),
            "prior": dense(concepts, *PRIOR, latents),
            "decoder": dense(latents, 300, 300, 1024, pixels),
        }
        return nn.ModuleDict(parts)

    def terms(
        self,
        net: nn.Module,
        pictures: Tensor,
        batch: Batch,
        noise: Tensor,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        labels = batch["scaled"]
        mean, variance = _posterior(net, pictures, labels)
        prior_variance = part(net, "prior")(labels).exp()
        sample = mean + variance.sqrt() * noise
        logits = part(net, "decoder")(sample)
        divergence = kl(mean, variance, mean.new_zeros(()), prior_variance)
        return logits, {"kl": self.beta * divergence}

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        pictures = self.pictures(batch)
        mean, variance = _posterior(networks[GROUP], pictures, batch["scaled"])
        return {"mean": mean, "log_variance": variance.log()}


def _posterior(
    net: nn.Module,
    pictures: Tensor,
    labels: Tensor,
) -> tuple[Tensor, Tensor]:
    inputs = torch.cat((pictures, labels), 1)
    return posterior(part(net, "encoder")(inputs))
