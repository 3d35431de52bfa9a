"""Models of images on the pictures of pairs, without their labels."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses
from facsimile.models.base.optimisers import Settings
from facsimile.models.base.vae import VAE
from facsimile.papers.lsbd.models._networks import architecture
from facsimile.studies.training import Training


@dataclass(frozen=True)
class Unlabelled(ArraysModel):
    """Trains a VAE of images on the array ``images`` alone; subclasses say which (``vae``)."""

    takes: ClassVar[Shapes] = {"images": (16, 16, 1)}

    @abstractmethod
    def vae(self) -> VAE:
        """Return the model of images."""

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        height, width, channels = shapes["images"]
        picture = (height, width, channels)
        return self.vae().networks(picture, latents, architecture(network, picture))

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
