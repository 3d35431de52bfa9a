"""FactorVAE with the networks of the paper on β-TCVAE, which compares with it."""

from dataclasses import dataclass

from torch import nn

from facsimile.models.base import dense_vae as _original
from facsimile.models.base import networks as architectures
from facsimile.models.factor_vae import FactorVAE

LABEL = "FactorVAE (Chen et al.)"
# Batch of 2,048 and width 1,200, with the discriminator: about 5 s.
STEP_SECONDS = {"width**3": 1.04e-9}
RUN_BYTES = 80_000_000


@dataclass(frozen=True, kw_only=True)
class ChenFactorVAE(FactorVAE):
    """FactorVAE (Kim and Mnih 2018) with the dense networks of Chen et al. 2018.

    The authors' code has no FactorVAE. Its objective is that of ``factor_vae``.

    Args:
        width: units of each hidden layer of encoder and decoder; 1,200 in the runs on dSprites.
    """

    width: float

    def networks(
        self,
        image_shape: tuple[int, int, int],
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        return {
            "vae": _original.dense_autoencoder(image_shape, latents, int(self.width)),
            "discriminator": architectures.discriminator(latents),
        }

    def check(self) -> None:
        super().check()
        _original.check_width(self.width)
