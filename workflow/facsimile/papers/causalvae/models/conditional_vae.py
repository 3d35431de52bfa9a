"""A VAE whose prior depends on the labels, without a graph between them."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from facsimile.models.base.arrays import Batch
from facsimile.models.base.concepts import (
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
STEP_SECONDS = {"1": 0.023, "side**2": 1.5e-4}  # batch of 85, float32


@dataclass(frozen=True)
class ConditionalVAE(SettableVAE):
    """ConditionVAE, a baseline of CausalVAE (Yang et al. 2021).

    Its code was not released. Ours is CausalVAE without the graph: the same encoder, the prior
    N(u, 1) of each concept's block given its label u, the same decoders, and an ordinary diagonal
    Gaussian posterior. do(concept = value) sets one block and changes no other.

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
            "encoder": encoder(pixels, 2 * latents),
            "decoder": Decoders(concepts, latents, pixels),
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
        concepts = labels.shape[1]
        mean, variance = posterior(part(net, "encoder")(pictures))
        sample = blocks(mean + variance.sqrt() * noise, concepts)
        # All latents of a block have the label of its concept as prior mean.
        prior = labels.repeat_interleave(mean.shape[1] // concepts, 1)
        logits = part(net, "decoder")(sample)
        divergence = kl(mean, variance, prior, prior.new_ones(()))
        return logits, {"kl": self.beta * divergence}

    def intervene(
        self,
        net: nn.Module,
        pictures: Tensor,
        concept: int,
        values: Tensor,
    ) -> Tensor:
        decoders = part(net, "decoder")
        assert isinstance(decoders, Decoders)
        mean, _ = posterior(part(net, "encoder")(pictures))
        codes = blocks(mean, len(decoders.each))
        return with_concept(codes, concept, values)

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        encoder = part(networks[GROUP], "encoder")
        mean, variance = posterior(encoder(self.pictures(batch)))
        return {"mean": mean, "log_variance": variance.log()}
