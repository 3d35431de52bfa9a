"""What the VAEs of labelled scenes share: pictures, encoder and decoders, the reconstruction, and which rows count."""

import itertools
import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from facsimile.models.base import rng
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses

GROUP = "vae"
CHANNELS = 4  # RGB and an opaque fourth channel, which the official pictures have


class Drawn(nn.Module):
    """A matrix that starts as standard normal draws."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.zeros(shape))


@dataclass(frozen=True)
class ConceptVAE(ArraysModel):
    """A VAE of scenes (``datasets/_scenes.py``) whose latents are parted into blocks of equal size, one a concept.

    Rows that are held out are drawn with the others and count nothing in a loss.

    side: pixels of a side that pictures are averaged down to; 0: as they are.
    summed: 1 sums the reconstruction over all pixels and channels, as an evidence lower bound does; 0 sums along the rows of a
        picture and averages over rows and channels, as the released code of CausalVAE does.
    """

    side: float = 0
    summed: float = 0
    takes: ClassVar[Shapes] = {
        "images": (8, 8, 3),
        "labels": (2,),
        "scaled": (2,),
        "held_out": (),
        "counterfactuals": (2, 2),
    }

    @abstractmethod
    def network(self, pixels: int, concepts: int, latents: int) -> nn.Module:
        """All parameters, for pictures of so many numbers."""

    @abstractmethod
    def terms(
        self, net: nn.Module, pictures: Tensor, batch: Batch, noise: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Logits [b, pixels] of the pictures [b, pixels], and of each row the other terms of the loss by name, [b] or [1]."""

    def networks(self, shapes: Shapes, latents: int, network: str) -> dict[str, nn.Module]:  # type: ignore[override]
        height, width, _ = shapes["images"]
        if height != width or (self.side and height % self.side):
            raise ValueError(
                f"side: {self.side:g} does not part {height} x {width} pixels into squares; take a divisor"
            )
        [concepts] = shapes["labels"]
        if latents % concepts:
            raise ValueError(
                f"latents: {latents} are not a whole number for each of {concepts} concepts"
            )
        return {GROUP: self.network(CHANNELS * int(self.side or height) ** 2, concepts, latents)}

    def initialise(self, made: Mapping[str, nn.Module], seed: int) -> None:
        """Dense layers as PyTorch starts them, weights and biases uniform within 1/√inputs; a graph where it says itself."""
        at = 0
        with torch.no_grad():
            for layer in made[GROUP].modules():
                limit = 1 / math.sqrt(layer.in_features) if isinstance(layer, nn.Linear) else 0.0
                for parameter in (
                    layer.parameters(recurse=False) if isinstance(layer, nn.Linear | Drawn) else ()
                ):
                    parameter.copy_(_start(parameter, limit, seed, at))
                    at += 1

    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
        return {"codes": Draw("normal", (batch, latents))}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        pictures = self.pictures(batch)
        logits, terms = self.terms(networks[GROUP], pictures, batch, noise["codes"])
        every = {"reconstruction": self.reconstruction(logits, pictures)} | terms
        counted = (1 - batch["held_out"]).to(logits.dtype)
        means = {
            name: (counted * term).sum() / counted.sum().clamp(min=1)
            for name, term in every.items()
        }
        return Losses(
            {GROUP: torch.stack(list(means.values())).sum()},
            {name: mean.detach() for name, mean in means.items()},
        )

    def pictures(self, batch: Batch) -> Tensor:
        """Pictures [b, pixels] in [0, 1], averaged down, with the opaque channel."""
        images = batch["images"]
        if self.side:
            images = F.avg_pool2d(images, images.shape[-1] // int(self.side))
        return torch.cat((images, torch.ones_like(images[:, :1])), 1).flatten(1)

    def reconstruction(self, logits: Tensor, pictures: Tensor) -> Tensor:
        """Cross-entropy of the pixels [b], nats, summed as ``summed`` says."""
        side = math.isqrt(pictures.shape[1] // CHANNELS)
        mean = F.binary_cross_entropy_with_logits(logits, pictures, reduction="none").mean(1)
        return mean * (pictures.shape[1] if self.summed else side)

    def check(self) -> None:
        if self.side < 0 or self.side != int(self.side) or self.summed not in (0, 1):
            raise ValueError("side must be a number of pixels or 0, summed 0 or 1")


def dense(*widths: int) -> nn.Sequential:
    """Dense layers of these widths with ELU between them."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.ELU()]
    return nn.Sequential(*layers[:-1])


def encoder(pixels: int, outputs: int) -> nn.Sequential:
    """The released code's encoder."""
    return dense(pixels, 900, 300, outputs)


class Decoders(nn.Module):
    """The released code's decoder: one a concept, whose logits are averaged."""

    def __init__(self, concepts: int, latents: int, pixels: int) -> None:
        super().__init__()
        self.each = nn.ModuleList(
            dense(latents // concepts, 300, 300, 1024, pixels) for _ in range(concepts)
        )

    def forward(self, codes: Tensor) -> Tensor:
        """Logits [b, pixels] of codes [b, concepts, width]."""
        return torch.stack([net(codes[:, i]) for i, net in enumerate(self.each)]).mean(0)


def blocks(codes: Tensor, concepts: int) -> Tensor:
    """Codes [b, latents] as [b, concepts, width]."""
    return codes.unflatten(1, (concepts, -1))


def posterior(parameters: Tensor) -> tuple[Tensor, Tensor]:
    """Means and variances of a Gaussian from a network's outputs, which softplus makes positive as the released code does."""
    mean, raw = parameters.chunk(2, 1)
    return mean, F.softplus(raw) + 1e-8


def kl(mean: Tensor, variance: Tensor, prior_mean: Tensor, prior_variance: Tensor) -> Tensor:
    """KL divergence [b] of two Gaussians with diagonal covariances, nats."""
    ratio = variance / prior_variance
    each = ratio + (mean - prior_mean).square() / prior_variance - 1 - ratio.log()
    return 0.5 * each.flatten(1).sum(1)


def part(net: nn.Module, name: str) -> nn.Module:
    """A network by its name in a dictionary of networks."""
    return cast(nn.ModuleDict, net)[name]


def _start(parameter: Tensor, limit: float, seed: int, at: int) -> Tensor:
    key = torch.tensor([seed]), torch.tensor([at])
    if limit:
        return (
            2 * rng.uniforms(*key, "start", parameter.numel()).view(parameter.shape) - 1
        ) * limit
    return rng.normals(*key, "start", parameter.numel()).view(parameter.shape)
