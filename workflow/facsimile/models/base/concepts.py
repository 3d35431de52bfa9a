"""What VAEs of labelled scenes share: pictures, networks, reconstruction and training rows."""

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
from facsimile.models.base.model import Draw, Losses, detached

GROUP = "vae"
CHANNELS = 4  # RGB and an opaque fourth channel, which the official pictures have


class Drawn(nn.Module):
    """A matrix whose starting values are standard normals.

    Args:
        *shape: shape of the matrix.
    """

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.zeros(shape))


@dataclass(frozen=True)
class ConceptVAE(ArraysModel):
    """A VAE of scenes (``datasets/base/causal_scenes.py``) with a block of latents per concept.

    All blocks have the same size. Held-out rows are sampled with the others, but do not contribute
    to a loss. Subclasses override ``network``, ``terms`` and ``infer``.

    Args:
        side: height and width to which pictures are averaged down; 0 leaves them as they are.
        summed: 1 to sum the reconstruction over all pixels and channels, 0 along rows only.
            With 1 it is that of an evidence lower bound. With 0 it is summed along the rows of a
            picture and averaged over rows and channels, as in the released code of CausalVAE.
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
    def network(
        self,
        pixels: int,
        concepts: int,
        latents: int,
    ) -> nn.Module:
        """Create the module that holds all parameters.

        Args:
            pixels: numbers per picture, all channels included.
            concepts: number of concepts.
            latents: number of latents, a multiple of ``concepts``.
        """

    @abstractmethod
    def terms(
        self,
        net: nn.Module,
        pictures: Tensor,
        batch: Batch,
        noise: Tensor,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Decode pictures and compute the terms of the loss besides the reconstruction.

        Args:
            net: what ``network`` returned.
            pictures: [b, pixels] in [0, 1].
            batch: the batch, with ``labels`` and ``scaled`` [b, concepts].
            noise: standard normals [b, latents].

        Returns:
            The logits [b, pixels] of the pictures, and terms by name, [b] or [1] in nats.
        """

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        height, width, _ = shapes["images"]
        if height != width or (self.side and height % self.side):
            raise ValueError(
                f"side: {self.side:g} does not divide {height} x {width} pixels into squares; "
                "use a divisor"
            )
        [concepts] = shapes["labels"]
        if latents % concepts:
            raise ValueError(
                f"latents: {latents} is not divisible by the number of concepts, {concepts}"
            )
        pixels = CHANNELS * int(self.side or height) ** 2
        return {GROUP: self.network(pixels, concepts, latents)}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Initialise dense layers as PyTorch: weights and biases uniform within 1/√inputs.

        Matrices of ``Drawn`` become standard normals. Other parameters, such as a graph, keep the
        values of their constructor.
        """
        position = 0
        with torch.no_grad():
            for layer in networks[GROUP].modules():
                if not isinstance(layer, nn.Linear | Drawn):
                    continue
                for parameter in layer.parameters(recurse=False):
                    shape = parameter.shape
                    # The position of a parameter takes the place of the step.
                    if isinstance(layer, nn.Linear):
                        drawn = rng.uniforms_for(seed, position, "start", shape)
                        limit = 1 / math.sqrt(layer.in_features)
                        parameter.copy_((2 * drawn - 1) * limit)
                    else:
                        parameter.copy_(rng.normals_for(seed, position, "start", shape))
                    position += 1

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {"codes": Draw("normal", (batch, latents))}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        pictures = self.pictures(batch)
        net = networks[GROUP]
        logits, other_terms = self.terms(net, pictures, batch, noise["codes"])
        terms = {"reconstruction": self.reconstruction(logits, pictures)} | other_terms
        # Means over the training rows; a batch may hold none.
        weights = (1 - batch["held_out"]).to(logits.dtype)
        means = {}
        for name, term in terms.items():
            total = (weights * term).sum()
            means[name] = total / weights.sum().clamp(min=1)
        loss = torch.stack(list(means.values())).sum()
        return Losses({GROUP: loss}, detached(means))

    def pictures(self, batch: Batch) -> Tensor:
        """Return the pictures [b, pixels] in [0, 1], averaged down, with the opaque channel."""
        images = batch["images"]
        if self.side:
            factor = images.shape[-1] // int(self.side)
            images = F.avg_pool2d(images, factor)
        # The official pictures are RGBA; ours get the fourth channel here.
        opaque = torch.ones_like(images[:, :1])
        return torch.cat((images, opaque), 1).flatten(1)

    def reconstruction(
        self,
        logits: Tensor,
        pictures: Tensor,
    ) -> Tensor:
        """Return the cross entropy [b] in nats of pictures [b, pixels], reduced by ``summed``."""
        pixels = pictures.shape[1]
        side = math.isqrt(pixels // CHANNELS)
        errors = F.binary_cross_entropy_with_logits(logits, pictures, reduction="none")
        # A mean over rows and channels of sums along rows is the mean times the length of a row.
        return errors.mean(1) * (pixels if self.summed else side)

    def check(self) -> None:
        if self.side < 0 or self.side != int(self.side):
            raise ValueError("side must be a number of pixels or 0")
        if self.summed not in (0, 1):
            raise ValueError("summed must be 0 or 1")


def dense(*widths: int) -> nn.Sequential:
    """Create dense layers of these widths with ELU between them."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.ELU()]
    return nn.Sequential(*layers[:-1])  # no activation at the end


def encoder(pixels: int, outputs: int) -> nn.Sequential:
    """Create the encoder of the released code."""
    return dense(pixels, 900, 300, outputs)


class Decoders(nn.Module):
    """The decoder of the released code: one network per concept, whose logits are averaged.

    Args:
        concepts: number of concepts.
        latents: number of latents of all concepts.
        pixels: numbers per picture.
    """

    def __init__(
        self,
        concepts: int,
        latents: int,
        pixels: int,
    ) -> None:
        super().__init__()
        widths = (latents // concepts, 300, 300, 1024, pixels)
        self.each = nn.ModuleList(dense(*widths) for _ in range(concepts))

    def forward(self, codes: Tensor) -> Tensor:
        """Return logits [b, pixels] of codes [b, concepts, width]."""
        logits = [net(codes[:, concept]) for concept, net in enumerate(self.each)]
        return torch.stack(logits).mean(0)


def blocks(codes: Tensor, concepts: int) -> Tensor:
    """Reshape codes [b, latents] to [b, concepts, width]."""
    return codes.unflatten(1, (concepts, -1))


def posterior(parameters: Tensor) -> tuple[Tensor, Tensor]:
    """Return means and variances [b, d] of Gaussians from outputs [b, 2 d] of a network.

    Softplus makes variances positive, as in the released code.
    """
    mean, raw = parameters.chunk(2, 1)
    return mean, F.softplus(raw) + 1e-8  # never 0, as its logarithm is taken


def kl(
    mean: Tensor,
    variance: Tensor,
    prior_mean: Tensor,
    prior_variance: Tensor,
) -> Tensor:
    """Return the KL divergence [b] in nats of two Gaussians with diagonal covariances."""
    ratio = variance / prior_variance
    distance = (mean - prior_mean).square() / prior_variance
    per_latent = ratio + distance - 1 - ratio.log()
    return 0.5 * per_latent.flatten(1).sum(1)


def part(net: nn.Module, name: str) -> nn.Module:
    """Return one network of an ``nn.ModuleDict``."""
    return cast(nn.ModuleDict, net)[name]
