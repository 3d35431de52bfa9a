"""CausalVAE: latents that cause each other along a learned graph."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch
from facsimile.models.base.concepts import (
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
STEP_SECONDS = {"1": 0.023, "side**2": 1.5e-4}  # batch of 85, float32
HIDDEN = 32  # hidden units of the networks gᵢ
Parts = dict[str, Tensor]


class Graph(nn.Module):
    """Weights [i, j] of the edges from concept i to concept j.

    Args:
        concepts: number of concepts.
        causes: number of first concepts that start with edges of weight 1 to all that follow.
    """

    def __init__(
        self,
        concepts: int,
        causes: int,
    ) -> None:
        super().__init__()
        start = torch.ones(concepts, concepts).triu(1)  # an edge to every later concept
        start[causes:] = 0
        self.weights = nn.Parameter(start)


class Each(nn.Module):
    """One small network per concept.

    Args:
        concepts: number of concepts.
        width: inputs and outputs of each network.
    """

    def __init__(
        self,
        concepts: int,
        width: int,
    ) -> None:
        super().__init__()
        widths = (width, HIDDEN, width)
        self.nets = nn.ModuleList(dense(*widths) for _ in range(concepts))

    def forward(self, values: Tensor) -> Tensor:
        """Apply to each block of values [b, concepts, width] the network of its concept."""
        outputs = [net(values[:, concept]) for concept, net in enumerate(self.nets)]
        return torch.stack(outputs, 1)


@dataclass(frozen=True)
class CausalVAE(SettableVAE):
    """Yang et al. 2021 (arXiv 2004.08697), as released.

    The code is huawei-noah/trustworthyAI@46c3d29, research/CausalVAE.

    The encoder yields ε, and z = (I - Aᵀ)⁻¹ ε. Each concept is then predicted from its parents by
    gᵢ(Aᵀz), plus an attention over ε, and decoded. The labels u are the mean of a prior of z and of
    the decoded concepts, and are themselves predicted from their parents, gᵢ(Aᵀu).

    As in the released code, variances are constants: 1 for ε and ``noise`` for the decoded
    concepts. So are the weights of the acyclicity h(A), where the authors write of an augmented
    Lagrangian. The released code's interventions add the set value to gᵢ; here a set concept has
    that value. As there, effects follow along one edge.

    Args:
        alpha: weight of the KL of ε to N(0, 1).
        beta: weight of the KL of z to its prior.
        acyclicity: weight of h(A), and six times that of h(A)²; 3 in the released code.
        causes: number of first concepts with edges to all that follow when training starts.
            These edges of A have the weight 1. It is 2 in the released code; 0 means no edges.
        noise: variance of the decoded concepts.
        raw: 1 to predict labels in the units of the file names, 0 in those of the prior.
            1 is as in the released code, where labels of about a hundred outweigh all other terms.
            The units of the prior are -1 to 1; the authors say that labels are scaled to them
            (M. Yang, "Discussion about CausalVAE", 2023).
    """

    alpha: float = 0.3
    beta: float = 1
    acyclicity: float = 3
    causes: float = 2
    noise: float = 0.001
    raw: float = 1

    def network(
        self,
        pixels: int,
        concepts: int,
        latents: int,
    ) -> nn.Module:
        width = latents // concepts
        parts = {
            "encoder": encoder(pixels, latents),
            "graph": Graph(concepts, int(self.causes)),  # A
            "attention": Drawn(width, width),
            "mask": Each(concepts, width),  # gᵢ of the parents in z
            "label_mask": Each(concepts, 1),  # gᵢ of the parents in u
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
        prior = batch["scaled"][..., None]  # one value for all latents of a concept
        graph = edges(net)
        labels = batch["labels"] if self.raw else batch["scaled"]
        concepts = labels.shape[1]
        codes = self.codes_of(net, pictures, concepts)
        sample = codes["decoded"] + self.noise**0.5 * blocks(noise, concepts)
        parents = (labels @ graph)[..., None]  # Aᵀu, [b, concepts, 1]
        predicted = part(net, "label_mask")(parents)[..., 0]
        h = acyclicity(graph)
        logits = part(net, "decoder")(sample)

        exogenous = self.alpha * 0.5 * _squared_norm(codes["exogenous"])
        causal = self.beta * 0.5 * _squared_norm(codes["causal"] - prior)
        decoded = 0.5 * _squared_norm(codes["decoded"] - prior)
        error = (predicted - labels).square().mean(1)
        cycles = self.acyclicity * (h + h.square() / 6)
        return logits, {
            "kl_exogenous": exogenous,
            "kl_prior": causal,
            "mask": decoded,
            "labels": error,
            "cycles": cycles.expand(len(labels)),
        }

    def codes_of(
        self,
        net: nn.Module,
        pictures: Tensor,
        concepts: int,
    ) -> Parts:
        """Encode pictures [b, pixels].

        Returns:
            ``exogenous`` ε, ``causal`` z, and ``decoded``, the input of the decoder; each
            [b, concepts, width].
        """
        exogenous = blocks(part(net, "encoder")(pictures), concepts)
        graph = edges(net)
        # z = (I - Aᵀ)⁻¹ ε, written for rows.
        mixing = torch.linalg.inv(torch.eye(concepts) - graph)
        causal = torch.einsum("bid,ij->bjd", exogenous, mixing)
        decoded = self.decoded(net, causal, exogenous)
        return {"exogenous": exogenous, "causal": causal, "decoded": decoded}

    def decoded(
        self,
        net: nn.Module,
        causal: Tensor,
        exogenous: Tensor,
    ) -> Tensor:
        """Return the input of the decoder, given z and ε; all are [b, concepts, width]."""
        attention = part(net, "attention")
        assert isinstance(attention, Drawn)
        # As in the released code, the softmax runs over the queries, not over the keys.
        scores = causal @ attention.values @ exogenous.mT
        weights = scores.sigmoid().softmax(1)
        parents = torch.einsum("bid,ij->bjd", causal, edges(net))  # Aᵀz
        return part(net, "mask")(parents) + weights @ exogenous

    def intervene(
        self,
        net: nn.Module,
        pictures: Tensor,
        concept: int,
        values: Tensor,
    ) -> Tensor:
        codes = self.codes_of(net, pictures, len(edges(net)))
        causal = with_concept(codes["causal"], concept, values)
        decoded = self.decoded(net, causal, codes["exogenous"])
        # The value is set again because gᵢ and the attention have changed it.
        return with_concept(decoded, concept, values)

    def traces(
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return the weights of the edges into each concept j, ``into_j`` [concepts], and h(A).

        h(A) is called ``cycles``.
        """
        graph = edges(networks[GROUP])
        weights = {f"into_{j}": column for j, column in enumerate(graph.T)}
        return weights | {"cycles": acyclicity(graph)}

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        concepts = batch["labels"].shape[1]
        pictures = self.pictures(batch)
        codes = self.codes_of(networks[GROUP], pictures, concepts)
        mean = codes["decoded"].flatten(1)
        variance = torch.full_like(mean, self.noise)
        return {"mean": mean, "log_variance": variance.log()}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return the ``graph`` A [concepts, concepts], and what is decoded under interventions."""
        graph = edges(networks[GROUP]).detach()
        return {"graph": graph} | super().learned(networks, whole, seed)

    def check(self) -> None:
        super().check()
        for name in ("alpha", "beta", "acyclicity", "causes"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, not {getattr(self, name):g}")
        if not self.noise > 0:
            raise ValueError(f"noise must be above 0, not {self.noise:g}")
        if self.raw not in (0, 1):
            raise ValueError(f"raw must be 0 or 1, not {self.raw:g}")


def edges(net: nn.Module) -> Tensor:
    """Return the weights A [concepts, concepts] of the graph."""
    graph = part(net, "graph")
    assert isinstance(graph, Graph)
    return graph.weights


def acyclicity(graph: Tensor) -> Tensor:
    """Return h(A) = tr (I + A∘A/m)ᵐ - m of m concepts (Yu et al. 2019, DAG-GNN).

    It is 0 for a graph without cycles.
    """
    size = len(graph)
    matrix = torch.eye(size) + graph.square() / size
    return torch.linalg.matrix_power(matrix, size).trace() - size


def _squared_norm(codes: Tensor) -> Tensor:
    """Return the squared norm [b] of codes [b, concepts, width]."""
    return codes.square().sum((1, 2))
