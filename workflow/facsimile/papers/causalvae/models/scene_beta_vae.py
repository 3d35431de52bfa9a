"""β-VAE of labelled scenes, which does not use the labels."""

from collections.abc import Mapping
from dataclasses import dataclass

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

LABEL = "β-VAE"
STEP_SECONDS = {"1": 0.009, "side**2": 5.6e-5}  # batch of 85, float32


@dataclass(frozen=True)
class SceneBetaVAE(ConceptVAE):
    """β-VAE (Higgins et al. 2017) with the networks of CausalVAE.

    It has CausalVAE's encoder and one decoder of the width of one of CausalVAE's four.

    Args:
        beta: weight of the KL to N(0, 1).
    """

    beta: float = 4

    def network(
        self,
        pixels: int,
        concepts: int,
        latents: int,
    ) -> nn.Module:
        parts = {
            "encoder": encoder(pixels, 2 * latents),
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
        mean, variance = posterior(part(net, "encoder")(pictures))
        sample = mean + variance.sqrt() * noise
        logits = part(net, "decoder")(sample)
        divergence = kl(mean, variance, mean.new_zeros(()), mean.new_ones(()))
        return logits, {"kl": self.beta * divergence}

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        encoder = part(networks[GROUP], "encoder")
        mean, variance = posterior(encoder(self.pictures(batch)))
        return {"mean": mean, "log_variance": variance.log()}
