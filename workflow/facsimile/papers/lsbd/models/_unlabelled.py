"""Models of images on the pictures of pairs, without their labels."""

from dataclasses import dataclass

from facsimile.models.base.vae_of_arrays import VAEOfArrays
from facsimile.papers.lsbd.models import _networks


@dataclass(frozen=True)
class Unlabelled(VAEOfArrays):
    """A VAE of images on the array ``images`` alone; subclasses say which (``vae``)."""

    def architecture(
        self,
        network: str,
        picture: tuple[int, int, int],
    ) -> str:
        """Return what the study names, or else the paper's convolutions or dense layers."""
        return _networks.architecture(network, picture)
