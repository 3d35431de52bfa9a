"""The linear conditional VAE."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from facsimile.models.base.arrays import Batch, Shapes
from facsimile.papers.posterior_collapse.models._linear import (
    GROUP,
    LinearModel,
    Matrices,
    magnitudes,
    singular_values,
    singular_values_of_codes,
)

STEP_SECONDS = {"1": 6e-4}


@dataclass(frozen=True)
class LinearCVAE(LinearModel):
    """Linear conditional VAE (Dang et al. 2024, "Beyond vanilla variational autoencoders").

    Theorem 2. The posterior is q(z|x, y) = N(W₁ x + W₂ y, Σ), Σ learned and diagonal; the
    likelihood p(y|x, z) = N(U₁ z + U₂ x, η_dec²), the prior N(0, η_enc²).

    Args:
        beta: weight of the KL.
    """

    beta: float = 1
    takes: ClassVar[Shapes] = {"x": (6,), "y": (5,)}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        [inputs] = shapes["x"]
        [outputs] = shapes["y"]
        matrices: dict[str, tuple[int, ...]] = {
            "encoder_x": (latents, inputs),  # W₁
            "encoder_y": (latents, outputs),  # W₂
            "decoder_z": (outputs, latents),  # U₁
            "decoder_x": (outputs, inputs),  # U₂
            "scale": (latents,),  # square root of the diagonal of Σ
        }
        return {GROUP: Matrices(matrices)}

    def parts(
        self,
        values: Mapping[str, Tensor],
        batch: Batch,
    ) -> tuple[Tensor, Tensor]:
        x, y = batch["x"], batch["y"]
        codes = _codes(values, batch)
        variance = values["scale"].square()
        decoder_z, decoder_x = values["decoder_z"], values["decoder_x"]
        predicted = codes @ decoder_z.T + x @ decoder_x.T
        # The expected error: that of the mean code, plus the variance that the code's noise adds.
        residual = (predicted - y).square().sum(1).mean()
        noise = (decoder_z.square() * variance).sum()
        reconstruction = (residual + noise) / self.eta_dec**2
        kl = self.kl(codes.square().mean(0), variance)
        return reconstruction, self.beta * kl

    def spectrum(
        self,
        values: Mapping[str, Tensor],
        batch: Batch,
    ) -> dict[str, Tensor]:
        codes, scale = _codes(values, batch), values["scale"]
        kl = self.kl(codes.square().mean(0), scale.square())
        return {
            "omega": singular_values(values["decoder_z"]),
            "lambda": singular_values_of_codes(codes),
            "sigma": magnitudes(scale),
            "kl": 0.5 * kl,
        }


def _codes(values: Mapping[str, Tensor], batch: Batch) -> Tensor:
    of_x = batch["x"] @ values["encoder_x"].T
    return of_x + batch["y"] @ values["encoder_y"].T
