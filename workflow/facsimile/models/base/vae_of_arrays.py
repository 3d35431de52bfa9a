"""The base class of VAEs that are trained on the pictures of a data set of arrays."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from facsimile.models.base import networks as architectures
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses
from facsimile.models.base.optimisers import Settings
from facsimile.models.base.vae import VAE
from facsimile.studies.training import Training

PICTURE = (16, 16, 1)
OWN = "own"  # the study leaves the network to the model


@dataclass(frozen=True)
class VAEOfArrays(ArraysModel):
    """Trains a VAE of images on the array ``images``; subclasses say which (``vae``).

    A subclass may use other arrays besides, such as labels.
    """

    takes: ClassVar[Shapes] = {"images": PICTURE}

    @abstractmethod
    def vae(self) -> VAE:
        """Return the model of images."""

    def architecture(
        self,
        network: str,
        picture: tuple[int, int, int],
    ) -> str:
        """Return the name of the architecture for pictures of some height, width and channels.

        It is what the study names. Where a study leaves it to the model, it is dense layers; a
        subclass may decide otherwise.
        """
        return architectures.MLP if network == OWN else network

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        height, width, channels = shapes["images"]
        picture = (height, width, channels)
        architecture = self.architecture(network, picture)
        return self.vae().networks(picture, latents, architecture)

    def optimisers(self, training: Training) -> Settings | dict[str, Settings]:
        settings: dict[str, Settings] = {}
        settings.update(self.vae().adam(training.by_adam))
        return settings

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return self.vae().draws(batch, latents)

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        return self.vae().losses(networks, batch["images"], noise, step)

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        mean, log_variance = self.vae().infer(networks, batch["images"])
        return {"mean": mean, "log_variance": log_variance}

    def decode(
        self,
        networks: Mapping[str, nn.Module],
        codes: Tensor,
    ) -> Tensor:
        return self.vae().decode(networks, codes)
