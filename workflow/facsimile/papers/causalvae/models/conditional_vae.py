"""A VAE whose prior is given the labels, without a graph between them."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from facsimile.models.base.arrays import Batch
from facsimile.papers.causalvae.models._concepts import (
    GROUP,
    Decoders,
    blocks,
    encoder,
    kl,
    part,
    posterior,
)
from facsimile.papers.causalvae.models._interventions import SettableVAE, with_concept

LABEL = "ConditionVAE"
STEP_SECONDS = {"1": 0.07, "side**2": 1.9e-4}  # batch of 85, float32; measured at 16 and 96 pixels


@dataclass(frozen=True)
class ConditionalVAE(SettableVAE):
    """The baseline ConditionVAE of CausalVAE (Yang et al. 2021), whose code was not released: ours is what is left of it.

    CausalVAE's encoder, its prior N(u, 1) of each concept's block given its label u, and its decoders; a diagonal Gaussian
    posterior as usual. do(concept = value) sets a block and changes no other.

    beta: weight of the KL.
    """

    beta: float = 1

    def network(self, pixels: int, concepts: int, latents: int) -> nn.Module:
        return nn.ModuleDict(
            {
                "encoder": encoder(pixels, 2 * latents),
                "decoder": Decoders(concepts, latents, pixels),
            }
        )

    def terms(
        self, net: nn.Module, pictures: Tensor, batch: Batch, noise: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        labels = batch["scaled"]
        mean, variance = posterior(part(net, "encoder")(pictures))
        sampled = blocks(mean + variance.sqrt() * noise, labels.shape[1])
        prior = labels.repeat_interleave(mean.shape[1] // labels.shape[1], 1)
        return part(net, "decoder")(sampled), {
            "kl": self.beta * kl(mean, variance, prior, prior.new_ones(()))
        }

    def intervene(self, net: nn.Module, pictures: Tensor, concept: int, values: Tensor) -> Tensor:
        decoders = part(net, "decoder")
        assert isinstance(decoders, Decoders)
        mean, _ = posterior(part(net, "encoder")(pictures))
        return with_concept(blocks(mean, len(decoders.each)), concept, values)

    def infer(self, networks: Mapping[str, nn.Module], batch: Batch) -> dict[str, Tensor]:  # type: ignore[override]
        mean, variance = posterior(part(networks[GROUP], "encoder")(self.pictures(batch)))
        return {"mean": mean, "log_variance": variance.log()}
