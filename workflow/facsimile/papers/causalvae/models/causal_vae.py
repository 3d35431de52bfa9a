"""CausalVAE: latents that cause each other by a learned graph."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch
from facsimile.papers.causalvae.models._concepts import (
    GROUP,
    Decoders,
    Drawn,
    blocks,
    dense,
    encoder,
    part,
)
from facsimile.papers.causalvae.models._interventions import SettableVAE, with_concept

LABEL = "CausalVAE"
STEP_SECONDS = {"1": 0.07, "side**2": 1.9e-4}  # batch of 85, float32; measured at 16 and 96 pixels
HIDDEN = 32  # units of the networks behind the mask
Parts = dict[str, Tensor]


class Graph(nn.Module):
    """Weights [i, j] of the edges from concept i to j."""

    def __init__(self, concepts: int, causes: int) -> None:
        super().__init__()
        start = torch.ones(concepts, concepts).triu(1)
        start[causes:] = 0
        self.weights = nn.Parameter(start)


class Each(nn.Module):
    """A small network of its own for each concept."""

    def __init__(self, concepts: int, width: int) -> None:
        super().__init__()
        self.nets = nn.ModuleList(dense(width, HIDDEN, width) for _ in range(concepts))

    def forward(self, values: Tensor) -> Tensor:
        """Values [b, concepts, width], each block through its network."""
        return torch.stack([net(values[:, i]) for i, net in enumerate(self.nets)], 1)


@dataclass(frozen=True)
class CausalVAE(SettableVAE):
    """Yang et al. 2021 (arXiv 2004.08697), as huawei-noah/trustworthyAI@46c3d29 has it, research/CausalVAE.

    Encoder → ε; z = (I - Aᵀ)⁻¹ ε; each concept again from its parents, gᵢ(Aᵀz), plus an attention over ε; decoders. The labels
    u are the mean of a prior of z and of what is decoded, and are predicted from their parents, gᵢ(Aᵀu). The released code's
    variances are constants: 1 of ε, ``noise`` of what is decoded; its weights of the acyclicity h(A) are constants, too, where
    the authors speak of an augmented Lagrangian. Its interventions add the set value to gᵢ; here a set concept has that value.
    As there, effects follow along one edge.

    alpha: weight of the KL of ε to N(0, 1).
    beta: weight of the KL of z to its prior.
    acyclicity: weight of h(A), and six times that of h(A)²; 3 in the released code.
    causes: A starts with edges of weight 1 from so many first concepts to all that follow; 2 in the released code, 0: none.
    noise: variance of what is decoded.
    raw: 1 predicts the labels in the units of the file names, as the released code does, so that those of a hundred outweigh
        all other terms; 0 in those of the prior, -1 to 1, as the authors say that labels are scaled (M. Yang, "Discussion about
        CausalVAE", 2023).
    """

    alpha: float = 0.3
    beta: float = 1
    acyclicity: float = 3
    causes: float = 2
    noise: float = 0.001
    raw: float = 1

    def network(self, pixels: int, concepts: int, latents: int) -> nn.Module:
        width = latents // concepts
        parts = {
            "encoder": encoder(pixels, latents),
            "graph": Graph(concepts, int(self.causes)),
            "attention": Drawn(width, width),
            "mask": Each(concepts, width),
            "label_mask": Each(concepts, 1),
            "decoder": Decoders(concepts, latents, pixels),
        }
        return nn.ModuleDict(parts)

    def terms(
        self, net: nn.Module, pictures: Tensor, batch: Batch, noise: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        prior, graph = batch["scaled"][..., None], edges(net)
        labels = batch["labels"] if self.raw else batch["scaled"]
        found = self.codes_of(net, pictures, labels.shape[1])
        sampled = found["decoded"] + self.noise**0.5 * blocks(noise, labels.shape[1])
        predicted = part(net, "label_mask")((labels @ graph)[..., None])[..., 0]
        cycles = acyclicity(graph)
        return part(net, "decoder")(sampled), {
            "kl_exogenous": self.alpha * 0.5 * found["exogenous"].square().sum((1, 2)),
            "kl_prior": self.beta * 0.5 * (found["causal"] - prior).square().sum((1, 2)),
            "mask": 0.5 * (found["decoded"] - prior).square().sum((1, 2)),
            "labels": (predicted - labels).square().mean(1),
            "cycles": (self.acyclicity * (cycles + cycles.square() / 6)).expand(len(labels)),
        }

    def codes_of(self, net: nn.Module, pictures: Tensor, concepts: int) -> Parts:
        """``exogenous`` ε, ``causal`` z and what is ``decoded``, each [b, concepts, width]."""
        exogenous = blocks(part(net, "encoder")(pictures), concepts)
        graph = edges(net)
        mixing = torch.linalg.inv(torch.eye(concepts) - graph)
        causal = torch.einsum("bid,ij->bjd", exogenous, mixing)
        return {
            "exogenous": exogenous,
            "causal": causal,
            "decoded": self.decoded(net, causal, exogenous),
        }

    def decoded(self, net: nn.Module, causal: Tensor, exogenous: Tensor) -> Tensor:
        """What the decoder is given, of z and ε."""
        attention = part(net, "attention")
        assert isinstance(attention, Drawn)
        # As in the released code the softmax runs over the concepts that ask, not over those that are asked.
        weights = (causal @ attention.values @ exogenous.mT).sigmoid().softmax(1)
        return (
            part(net, "mask")(torch.einsum("bid,ij->bjd", causal, edges(net))) + weights @ exogenous
        )

    def intervene(self, net: nn.Module, pictures: Tensor, concept: int, values: Tensor) -> Tensor:
        found = self.codes_of(net, pictures, len(edges(net)))
        causal = with_concept(found["causal"], concept, values)
        return with_concept(self.decoded(net, causal, found["exogenous"]), concept, values)

    def traces(self, networks: Mapping[str, nn.Module], batch: Batch) -> dict[str, Tensor]:
        """``into_j``: the weights of the edges into concept j, one a cause; ``cycles``: h(A)."""
        graph = edges(networks[GROUP])
        return {f"into_{j}": column for j, column in enumerate(graph.T)} | {
            "cycles": acyclicity(graph)
        }

    def infer(self, networks: Mapping[str, nn.Module], batch: Batch) -> dict[str, Tensor]:  # type: ignore[override]
        found = self.codes_of(networks[GROUP], self.pictures(batch), batch["labels"].shape[1])[
            "decoded"
        ].flatten(1)
        return {"mean": found, "log_variance": torch.full_like(found, self.noise).log()}

    def learned(
        self, networks: Mapping[str, nn.Module], whole: Batch, seed: int
    ) -> dict[str, Tensor]:
        """``graph`` A, and what is decoded under interventions."""
        return {"graph": edges(networks[GROUP]).detach()} | super().learned(networks, whole, seed)

    def check(self) -> None:
        super().check()
        if (
            min(self.alpha, self.beta, self.acyclicity, self.causes) < 0
            or not self.noise > 0
            or self.raw not in (0, 1)
        ):
            raise ValueError(
                "alpha, beta, acyclicity and causes must be 0 or more, noise above 0, raw 0 or 1"
            )


def edges(net: nn.Module) -> Tensor:
    """The weights A of the graph."""
    graph = part(net, "graph")
    assert isinstance(graph, Graph)
    return graph.weights


def acyclicity(graph: Tensor) -> Tensor:
    """h(A) = tr (I + A∘A/m)ᵐ - m of m concepts: 0 for a graph without cycles (Yu et al. 2019, DAG-GNN)."""
    size = len(graph)
    return torch.linalg.matrix_power(torch.eye(size) + graph.square() / size, size).trace() - size
