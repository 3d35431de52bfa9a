"""An autoencoder of single frames with noisy codes: the first stage of CITRIS-NF."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from facsimile.models.base import frame_networks
from facsimile.models.base.adamw import AdamWSettings
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.frame_networks import SIDE, Decoder, Encoder
from facsimile.models.base.frame_vae import CLIP, GROUP, WARM_UP, part, scaled
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.models.base.optimisers import Settings
from facsimile.studies.training import Training

LABEL = "Autoencoder"
STEP_SECONDS = {"1": 0.012, "width**5": 2.0e-8}
AUTOENCODER = "autoencoder"
PENALTY = 1e-6  # weight of the mean square of the codes


@dataclass(frozen=True)
class FrameAutoencoder(ArraysModel):
    """The autoencoder of CITRIS-NF (Lippe et al. 2022, section 4.4), as in the released code.

    It minimises the mean squared error of frames that are decoded from codes with noise, plus a
    small penalty on the codes. It sees pairs of frames as the second stage does, but no targets.

    width: channels of the first convolutions.
    noise: standard deviation of the noise of the codes.
    """

    width: float = 32
    noise: float = 0.05
    frames: ClassVar[int] = 2
    takes: ClassVar[Shapes] = {"images": (SIDE, SIDE, 3)}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        parts = autoencoder(shapes, int(self.width), latents)
        return {GROUP: nn.ModuleDict({AUTOENCODER: parts})}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Set starting values as PyTorch does (``frame_networks.initialise``)."""
        frame_networks.initialise(part(networks[GROUP], AUTOENCODER), seed, AUTOENCODER)

    def optimisers(
        self,
        training: Training,
    ) -> dict[str, Settings]:
        """Adam with warm-up, a cosine to 5 % of the rate, and clipping."""
        settings = AdamWSettings(
            training.by_adam.lr,
            steps=training.steps,
            warm_up=min(WARM_UP, training.steps // 10),
            weight_decay=0.0,
            clip=CLIP,
        )
        return {GROUP: settings}

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {"autoencoder": Draw("normal", (batch, 2, latents))}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        frames = scaled(batch["images"]).flatten(0, 1)
        codes = encoded(networks, frames)
        noisy = codes + self.noise * noise["autoencoder"].flatten(0, 1)
        error = (decoded(networks, noisy) - frames).square().mean()
        loss = error + PENALTY * codes.square().mean()
        return Losses({GROUP: loss}, detached({"reconstruction": error}))

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return codes, and the log-variance of their noise."""
        codes = encoded(networks, scaled(batch["images"]))
        variance = torch.full_like(codes, self.noise**2)
        return {"mean": codes, "log_variance": variance.log()}

    def decode(
        self,
        networks: Mapping[str, nn.Module],
        codes: Tensor,
    ) -> Tensor:
        return (decoded(networks, codes) + 1) / 2

    def check(self) -> None:
        if self.noise <= 0:
            raise ValueError("noise must be above 0")


def autoencoder(
    shapes: Shapes,
    width: int,
    latents: int,
) -> nn.ModuleDict:
    """Create encoder and decoder; the encoder's log standard deviations are not used.

    Args:
        shapes: shapes of the arrays of the data set, of which ``images`` is [h, w, c].
        width: channels of the first convolutions.
        latents: number of codes.
    """
    side, _, channels = shapes["images"]
    parts = {
        "encoder": Encoder(channels, width, latents, side),
        "decoder": Decoder(channels, width, latents, side),
    }
    return nn.ModuleDict(parts)


def encoded(
    networks: Mapping[str, nn.Module],
    frames: Tensor,
) -> Tensor:
    """Return the autoencoder's codes [b, latents] of frames [b, c, h, w] in [-1, 1]."""
    codes, _ = part(part(networks[GROUP], AUTOENCODER), "encoder")(frames)
    return cast(Tensor, codes)


def decoded(
    networks: Mapping[str, nn.Module],
    codes: Tensor,
) -> Tensor:
    """Return the autoencoder's frames [b, c, h, w] in [-1, 1] of codes [b, latents]."""
    frames = part(part(networks[GROUP], AUTOENCODER), "decoder")(codes)
    return cast(Tensor, frames)
