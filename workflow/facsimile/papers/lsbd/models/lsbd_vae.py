"""LSBD-VAE: circles as latents that turn as their factors do where the transformation is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from facsimile.models.base import networks as architectures
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.models.base.networks import AutoEncoder
from facsimile.papers.lsbd.models import _torus
from facsimile.papers.lsbd.models._networks import GROUP, architecture

LABEL = "LSBD-VAE"
PARAMETER_LABELS = {"labelled": "labelled share"}
# Batches of 50 pairs of 16 × 16 pixels.
STEP_SECONDS = {"1": 0.008}
PICTURE = (16, 16, 1)


@dataclass(frozen=True)
class LSBDVAE(ArraysModel):
    """LSBD-VAE (Tonnaer et al. 2022, section 4), with one circle per factor.

    Each row of a batch is a pair. The two samples of a labelled pair are replaced by the nearest
    points that differ by the known rotation, and these are decoded. The loss is the squared error,
    summed over pixels, plus the KL, plus ``weight`` times the squared distance of the samples from
    those points, summed over the pair and zero without labels. Images of pairs without labels are
    decoded from their own samples.

    Where the paper alternates an epoch of labelled pairs and one of the other images, each with an
    Adam of its own, a batch here has both, as often as they occur.

    labelled: share of the pairs whose transformation is known, from 0 to 1.
    weight: weight of the distance (γ).
    clipped: 1 for the distance of the released code, 0 for that of the text, one per circle.
    """

    labelled: float = 1
    weight: float = 100
    clipped: float = 1
    takes: ClassVar[Shapes] = {
        "images": PICTURE,
        "angles": (1,),
        "partner_images": PICTURE,
        "partner_angles": (1,),
        "rank": (),
    }

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        """Create an autoencoder whose encoder gives a direction and a time per circle.

        Raises ValueError unless there are two latents per factor.
        """
        [circles] = shapes["angles"]
        if latents != 2 * circles:
            raise ValueError(
                f"{type(self).__name__} has a circle, that is 2 latents, for each of the {circles} "
                f"factors; set latents to {2 * circles}, not {latents}"
            )
        height, width, channels = shapes["images"]
        picture = (height, width, channels)
        vae = architectures.autoencoder(architecture(network, picture), picture, latents)
        encoder = cast(architectures.Encoder, vae.encoder)
        encoder.log_variance = nn.Linear(encoder.log_variance.in_features, circles)
        return {GROUP: vae}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Set starting values; each posterior begins in the middle of its range, log t = -7.5."""
        super().initialise(networks, seed)
        encoder = cast(architectures.Encoder, autoencoder_of(networks).encoder)
        with torch.no_grad():
            encoder.log_variance.weight.zero_()

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        shape = (batch, 2, _torus.STEPS, latents // 2, 2)
        return {"walk": Draw("normal", shape)}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        vae = autoencoder_of(networks)
        # [b, 2, c, h, w] and [b, 2, circles]
        images = torch.stack((batch["images"], batch["partner_images"]), 1)
        angles = torch.stack((batch["angles"], batch["partner_angles"]), 1)
        locations, log_time = posterior(vae, images.flatten(0, 1))
        locations = locations.unflatten(0, (-1, 2))
        log_time = log_time.unflatten(0, (-1, 2))
        samples = _torus.sampled(locations, log_time, noise["walk"])

        is_labelled = batch["rank"] <= self.labelled
        targets = _torus.aligned(samples, angles)
        codes = torch.where(is_labelled[:, None, None, None], targets, samples)
        decoded = vae.decode(codes.flatten(2).flatten(0, 1)).sigmoid()
        errors = (decoded - images.flatten(0, 1)).square()
        distance = _torus.clipped_distance if self.clipped else _torus.distance
        of_pairs = distance(samples, targets).sum(1)
        terms = {
            "reconstruction": errors.flatten(1).sum(1).mean(),
            "kl": _torus.circle_kl(log_time).sum(-1).mean(),
            # Without labels a share of 0.
            "equivariance": (of_pairs * is_labelled).mean(),
        }
        bound = terms["reconstruction"] + terms["kl"]
        loss = bound + self.weight * terms["equivariance"]
        return Losses({GROUP: loss}, detached(terms))

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return locations as codes [b, 2 · circles], and log t of both coordinates of a circle."""
        locations, log_time = posterior(autoencoder_of(networks), batch["images"])
        return {
            "mean": locations.flatten(1),
            "log_variance": log_time.repeat_interleave(2, 1),
        }

    def decode(
        self,
        networks: Mapping[str, nn.Module],
        codes: Tensor,
    ) -> Tensor:
        return autoencoder_of(networks).decode(codes).sigmoid()

    def check(self) -> None:
        if not 0 <= self.labelled <= 1:
            raise ValueError(
                f"lsbd_vae: labelled is a share of the pairs, from 0 to 1, not {self.labelled}"
            )
        if self.clipped not in (0, 1):
            raise ValueError(f"lsbd_vae: clipped must be 0 or 1, not {self.clipped}")


def autoencoder_of(networks: Mapping[str, nn.Module]) -> AutoEncoder:
    """Return the group of the autoencoder, with its type."""
    return cast(AutoEncoder, networks[GROUP])


def posterior(vae: AutoEncoder, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return locations [b, circles, 2] and log t [b, circles] of images [b, c, h, w]."""
    directions, outputs = vae.encode(images)
    locations = _torus.normalised(directions.unflatten(1, (-1, 2)))
    return locations, _torus.log_times(outputs)
