"""A generative model of pictures with a linear causal layer, whose edges are cut afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from facsimile.models.base import rng
from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.base.concepts import CHANNELS, GROUP, ConceptVAE, blocks, dense, part
from facsimile.papers.ccgm.cuts import CUTS, factors_of

LABEL = "CCGM"
STEP_SECONDS = {"1": 0.006, "side**2": 1.6e-5}  # batch of 85, float32
HIDDEN = 200  # units of each hidden layer


class Weights(nn.Module):
    """Weights [i, j] of the edges from concept i to concept j; they start at 0.

    Args:
        concepts: number of concepts.
    """

    def __init__(self, concepts: int) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.zeros(concepts, concepts))


class ConceptDecoders(nn.Module):
    """One decoder per concept, whose logits are averaged, as in CausalVAE.

    Args:
        concepts: number of concepts.
        width: latents of each.
        pixels: numbers per picture.
    """

    def __init__(
        self,
        concepts: int,
        width: int,
        pixels: int,
    ) -> None:
        super().__init__()
        widths = (width, HIDDEN, HIDDEN, pixels)
        self.each = nn.ModuleList(dense(*widths) for _ in range(concepts))

    def forward(self, codes: Tensor) -> Tensor:
        """Return logits [b, pixels] of codes [b, latents], a block after the other."""
        parts = codes.chunk(len(self.each), 1)
        logits = [net(block) for net, block in zip(self.each, parts, strict=True)]
        return torch.stack(logits).mean(0)


@dataclass(frozen=True)
class CCGM(ConceptVAE):
    """Bhat et al. 2022 (arXiv 2207.01575), as far as its abstract says; code was not released.

    The encoder yields ε, then z = (I - Aᵀ)⁻¹ ε on a block of latents per concept, and the decoder
    maps z to the picture. Which edges A may have is known, their weights are learned: labels u are
    predicted from their causes by Aᵀu. The labels are the mean of a prior of z, too. Unlike
    CausalVAE, nothing but the linear layer is between ε and the decoder, so that the covariance of
    z has a closed form.

    Which weights the terms have, the networks, and the constant variance of the decoder's input are
    ours, after CausalVAE (Yang et al. 2021).

    Args:
        alpha: weight of the KL of ε to N(0, 1), as in CausalVAE.
        alignment: weight of the KL of z to its prior, and of the squared error of Aᵀu. A hundred
            times ``alpha`` shrinks z by 1 %.
        separate: 1 for one decoder per concept, whose logits are averaged, as in CausalVAE; 0 for
            one decoder of all.
        noise: variance of what is added to z before it is decoded.
        cause: concept whose edge to ``effect`` is cut.
        effect: the other end of that edge; -1 for the last concept.
        absent: 1 to train without that edge.
    """

    alpha: float = 0.3
    alignment: float = 30
    separate: float = 0
    noise: float = 0.001
    cause: float = 1
    effect: float = -1
    absent: float = 0
    takes: ClassVar[Shapes] = {**ConceptVAE.takes, "parents": (2, 2)}

    def network(
        self,
        pixels: int,
        concepts: int,
        latents: int,
    ) -> nn.Module:
        if max(self.cause, self.effect) >= concepts:
            raise ValueError(
                f"cause and effect: the data set has the concepts 0 to {concepts - 1}, "
                f"not {self.cause:g} or {self.effect:g}"
            )
        decoder: nn.Module = dense(latents, HIDDEN, HIDDEN, pixels)
        if self.separate:
            decoder = ConceptDecoders(concepts, latents // concepts, pixels)
        parts = {
            "encoder": dense(pixels, HIDDEN, HIDDEN, latents),
            "weights": Weights(concepts),
            "decoder": decoder,
        }
        return nn.ModuleDict(parts)

    def edge(self, concepts: int) -> tuple[int, int]:
        """Return cause and effect of the edge that is cut, as numbers of concepts."""
        return int(self.cause), int(self.effect) % concepts

    def edges(
        self,
        net: nn.Module,
        parents: Tensor,
    ) -> Tensor:
        """Return the weights A [concepts, concepts] along the edges of ``parents``."""
        weights = part(net, "weights")
        assert isinstance(weights, Weights)
        kept = parents.to(weights.values.dtype)
        if self.absent:
            kept = kept.clone()
            kept[self.edge(len(kept))] = 0
        return weights.values * kept

    def terms(
        self,
        net: nn.Module,
        pictures: Tensor,
        batch: Batch,
        noise: Tensor,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        labels = batch["scaled"]
        prior = labels[..., None]  # one value for all latents of a concept
        graph = self.edges(net, batch["parents"][0])
        exogenous = blocks(part(net, "encoder")(pictures), len(graph))
        causal = mixed(exogenous, graph)
        logits = part(net, "decoder")(causal.flatten(1) + self.noise**0.5 * noise)
        squares = exogenous.square().sum((1, 2))
        distances = (causal - prior).square().sum((1, 2))
        errors = (labels @ graph - labels).square().sum(1)
        return logits, {
            "kl_exogenous": 0.5 * self.alpha * squares,
            "kl_prior": 0.5 * self.alignment * distances,
            "labels": 0.5 * self.alignment * errors,
        }

    def traces(
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return the ``weight`` of the edge from ``cause`` to ``effect``."""
        graph = self.edges(networks[GROUP], batch["parents"][0])
        return {"weight": graph[self.edge(len(graph))]}

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        net = networks[GROUP]
        graph = self.edges(net, batch["parents"][0])
        exogenous = blocks(part(net, "encoder")(self.pictures(batch)), len(graph))
        mean = mixed(exogenous, graph).flatten(1)
        variance = torch.full_like(mean, self.noise)
        return {"mean": mean, "log_variance": variance.log()}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Generate pictures with the edges as they are, and after each of ``CUTS``.

        The ε of held-out rows (of all, if none is held out) are encoded, and each concept's are
        shuffled over the rows. What is generated after all cuts has the same ε.

        Returns:
            ``cut_edge`` [2]: cause and effect. ``cut_weights`` [cuts, concepts, concepts].
            ``exogenous_variances`` [concepts]: those of the mean over a block of ε.
            ``cut_concepts`` [cuts, n, concepts]: means over blocks of z.
            ``cut_images``: uint8 [cuts, n, side, side, 3].
        """
        net = networks[GROUP]
        rows = torch.nonzero(whole["held_out"] == 1).flatten()
        if len(rows) == 0:
            rows = torch.arange(len(whole["held_out"]))
        graph = self.edges(net, whole["parents"][0])
        pictures = self.pictures({"images": whole["images"][rows]})
        exogenous = blocks(part(net, "encoder")(pictures), len(graph))
        order = rng.uniforms_for(seed, 0, "rows of the cuts", exogenous.shape[:2]).argsort(0)
        shuffled = exogenous.gather(0, order[..., None].expand_as(exogenous))
        edge = self.edge(len(graph))
        weights, concepts, images = [], [], []
        for cut in CUTS:
            scale = torch.from_numpy(factors_of(cut, edge, len(graph))).to(graph.dtype)
            causal = mixed(shuffled, graph * scale)
            weights.append(graph * scale)
            concepts.append(causal.mean(2))
            images.append(self.decoded(net, causal))
        return {
            "cut_edge": torch.tensor(edge),
            "cut_weights": torch.stack(weights),
            "exogenous_variances": exogenous.mean(2).var(0, correction=0),
            "cut_concepts": torch.stack(concepts),
            "cut_images": torch.stack(images),
        }

    def decoded(
        self,
        net: nn.Module,
        causal: Tensor,
    ) -> Tensor:
        """Decode z [b, concepts, width] to RGB pictures, uint8 [b, side, side, 3]."""
        means = part(net, "decoder")(causal.flatten(1)).sigmoid()
        side = round((means.shape[1] // CHANNELS) ** 0.5)
        colours = means.view(-1, CHANNELS, side, side)[:, :3]
        return (colours.permute(0, 2, 3, 1) * 255).round().to(torch.uint8)

    def check(self) -> None:
        super().check()
        for name in ("alpha", "alignment"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, not {getattr(self, name):g}")
        if not self.noise > 0:
            raise ValueError(f"noise must be above 0, not {self.noise:g}")
        for name, lowest in (("cause", 0), ("effect", -1)):
            value = getattr(self, name)
            if value < lowest or value != int(value):
                raise ValueError(f"{name} must be the number of a concept, not {value:g}")
        for name in ("absent", "separate"):
            if getattr(self, name) not in (0, 1):
                raise ValueError(f"{name} must be 0 or 1, not {getattr(self, name):g}")


def mixed(
    exogenous: Tensor,
    graph: Tensor,
) -> Tensor:
    """Return z [b, concepts, width] of ε: (I - Aᵀ)⁻¹ ε, written for rows."""
    total = torch.linalg.inv(torch.eye(len(graph)) - graph)
    return torch.einsum("bid,ij->bjd", exogenous, total)
