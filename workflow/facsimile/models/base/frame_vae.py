"""What the VAEs of neighbouring frames share: networks, reconstruction, optimisers, inference."""

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, cast

import torch
from torch import Tensor, nn

from facsimile.models.base import frame_networks as _networks
from facsimile.models.base.adamw import AdamWSettings
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.frame_networks import SIDE, SIDES, Decoder, Encoder
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.models.base.optimisers import Settings
from facsimile.studies.training import Training

GROUP = "vae"
WARM_UP = 100  # steps in which the learning rate grows
CLIP = 1.0  # largest norm of the gradients


class Pair(NamedTuple):
    """Posteriors of two neighbouring frames, and a sample of each, [b, 2, latents]."""

    mean: Tensor
    log_deviation: Tensor
    sample: Tensor


@dataclass(frozen=True)
class FrameVAE(ArraysModel):
    """A VAE of frames x^t and x^{t+1}, whose prior of the second one depends on the first.

    It minimises the squared error, summed over pixels in [-1, 1], plus what ``divergence`` returns.
    Subclasses override ``prior`` and ``divergence``.

    Args:
        width: channels of the first convolutions, and units of the networks of the prior.
    """

    width: float = 32
    frames: ClassVar[int] = 2
    takes: ClassVar[Shapes] = {"images": (SIDE, SIDE, 3), "targets": (2,)}
    weight_decay: ClassVar[float] = 0.01
    # Which of the two frames are decoded.
    decoded: ClassVar[slice] = slice(1, 2)

    @abstractmethod
    def prior(
        self,
        latents: int,
        variables: int,
    ) -> nn.ModuleDict:
        """Create the networks and parameters of the prior.

        Args:
            latents: number of latents.
            variables: number of causal variables.
        """

    @abstractmethod
    def divergence(
        self,
        prior: nn.ModuleDict,
        pair: Pair,
        targets: Tensor,
        noise: Mapping[str, Tensor],
    ) -> dict[str, Tensor]:
        """Return the terms of the loss besides the reconstruction, [b] each, by name.

        Args:
            prior: what ``prior`` returned.
            pair: posteriors and samples.
            targets: [b, variables]; 1 for each intervention on the second frame.
            noise: what ``draws`` declared.
        """

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        height, width, channels = shapes["images"]
        if height != width or height not in SIDES:
            valid = " or ".join(f"{side} × {side}" for side in SIDES)
            raise ValueError(
                f"{type(self).__name__} takes frames of {valid}, not {height} × {width}; "
                "use a data set of such frames"
            )
        [variables] = shapes["targets"]
        parts = {
            "encoder": Encoder(channels, int(self.width), latents, height),
            "decoder": Decoder(channels, int(self.width), latents, height),
            "prior": self.prior(latents, variables),
        }
        return {GROUP: nn.ModuleDict(parts)}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Set starting values as PyTorch does (``frame_networks.initialise``)."""
        for group, network in networks.items():
            _networks.initialise(network, seed, group)

    def optimisers(
        self,
        training: Training,
    ) -> dict[str, Settings]:
        """AdamW with warm-up, a cosine to 5 % of the rate, and clipping."""
        return {GROUP: self.course(training, 1.0, self.weight_decay)}

    def course(
        self,
        training: Training,
        factor: float,
        weight_decay: float,
    ) -> AdamWSettings:
        """Return the settings of AdamW whose rate is ``factor`` times the study's.

        The warm-up takes 100 steps, or a tenth of all steps if there are fewer than 1,000.
        """
        return AdamWSettings(
            factor * training.by_adam.lr,
            steps=training.steps,
            warm_up=min(WARM_UP, training.steps // 10),
            weight_decay=weight_decay,
            clip=CLIP,
        )

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {"codes": Draw("normal", (batch, 2, latents))}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        means, _, _ = self.bound(networks, batch, noise)
        loss = torch.stack(list(means.values())).sum()
        return Losses({GROUP: loss}, detached(means))

    def bound(
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
    ) -> tuple[dict[str, Tensor], Pair, Tensor]:
        """Return the terms of the negative bound by name, the posteriors, and the targets.

        Terms are means over the batch; targets are [b, variables], of the second frame.
        """
        parts = networks[GROUP]
        frames = scaled(batch["images"])
        pair = self.encoded(parts, frames, noise["codes"])
        targets = batch["targets"][:, 1].to(frames.dtype)
        terms = {"reconstruction": self.reconstruction(parts, frames, pair)}
        terms |= self.divergence(
            part(parts, "prior"),
            pair,
            targets,
            noise,
        )
        means = {name: term.mean() for name, term in terms.items()}
        return means, pair, targets

    def encoded(
        self,
        parts: nn.Module,
        frames: Tensor,
        noise: Tensor,
    ) -> Pair:
        """Return posteriors and samples of frames [b, 2, c, h, w] in [-1, 1]."""
        mean, log_deviation = part(parts, "encoder")(frames.flatten(0, 1))
        mean = mean.unflatten(0, (-1, 2))
        log_deviation = log_deviation.unflatten(0, (-1, 2))
        sample = mean + log_deviation.exp() * noise
        return Pair(mean, log_deviation, sample)

    def reconstruction(
        self,
        parts: nn.Module,
        frames: Tensor,
        pair: Pair,
    ) -> Tensor:
        """Return the squared error [b] of the decoded frames, summed over pixels and frames."""
        shown = frames[:, self.decoded]
        codes = pair.sample[:, self.decoded]
        means = part(parts, "decoder")(codes.flatten(0, 1))
        errors = (means.unflatten(0, (-1, shown.shape[1])) - shown).square()
        return errors.flatten(1).sum(1)

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        encoder = part(networks[GROUP], "encoder")
        mean, log_deviation = encoder(scaled(batch["images"]))
        return {"mean": mean, "log_variance": 2 * log_deviation}

    def decode(
        self,
        networks: Mapping[str, nn.Module],
        codes: Tensor,
    ) -> Tensor:
        decoder = part(networks[GROUP], "decoder")
        means: Tensor = decoder(codes)
        return (means + 1) / 2


def part(network: nn.Module, name: str) -> Any:
    """Return one network, or one group of networks, of an ``nn.ModuleDict``."""
    return cast(nn.ModuleDict, network)[name]


def scaled(images: Tensor) -> Tensor:
    """Return images in [-1, 1] of images in [0, 1]."""
    return 2 * images - 1


def normal_kl(
    mean: Tensor,
    log_deviation: Tensor,
    prior_mean: Tensor | float = 0.0,
    prior_log_deviation: Tensor | float = 0.0,
) -> Tensor:
    """Return the KL divergence in nats of normals from others, elementwise; by default N(0, 1)."""
    prior = torch.as_tensor(prior_log_deviation)
    ratio = (2 * (log_deviation - prior)).exp()
    distance = (mean - prior_mean).square() * (-2 * prior).exp()
    return prior - log_deviation + (ratio + distance - 1) / 2


def normal_entropy(log_deviation: Tensor) -> Tensor:
    """Return the entropy in nats of one-dimensional normals."""
    return log_deviation + 0.5 * math.log(2 * math.pi * math.e)
