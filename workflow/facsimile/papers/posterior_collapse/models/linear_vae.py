"""The linear VAE, whose posterior has learned or fixed variances."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
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
class LinearVAE(LinearModel):
    """Linear VAE (Dang et al. 2024, "Beyond vanilla …").

    The posterior is q(z|x) = N(W x, Σ), the likelihood p(x|z) = N(U z, η_dec²), the prior
    N(0, η_enc²).

    Args:
        beta: weight of the KL.
        sigma: standard deviation of the posterior; 0: one per latent is learned.
    """

    beta: float = 1
    sigma: float = 0
    takes: ClassVar[Shapes] = {"x": (6,)}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        [width] = shapes["x"]
        matrices: dict[str, tuple[int, ...]] = {
            "encoder": (latents, width),  # W
            "decoder": (width, latents),  # U
        }
        if not self.sigma:
            matrices["scale"] = (latents,)  # square root of the diagonal of Σ
        return {GROUP: Matrices(matrices)}

    def parts(
        self,
        values: Mapping[str, Tensor],
        batch: Batch,
    ) -> tuple[Tensor, Tensor]:
        x, variance = batch["x"], self.variance(values)
        encoder, decoder = values["encoder"], values["decoder"]
        codes = x @ encoder.T
        # The expected error: that of the mean code, plus the variance that the code's noise adds.
        residual = (codes @ decoder.T - x).square().sum(1).mean()
        noise = (decoder.square() * variance).sum()
        reconstruction = (residual + noise) / self.eta_dec**2
        kl = self.kl(codes.square().mean(0), variance)
        return reconstruction, self.beta * kl

    def spectrum(
        self,
        values: Mapping[str, Tensor],
        batch: Batch,
    ) -> dict[str, Tensor]:
        codes = batch["x"] @ values["encoder"].T
        spectrum = {
            "omega": singular_values(values["decoder"]),
            "lambda": singular_values_of_codes(codes),
        }
        if not self.sigma:
            spectrum["sigma"] = magnitudes(values["scale"])
        mean_square = codes.square().mean(0)
        kl = self.kl(mean_square, self.variance(values))
        return spectrum | {"kl": 0.5 * kl}

    def variance(self, values: Mapping[str, Tensor]) -> Tensor:
        """Return the variance of the posterior of each latent, [d]."""
        if not self.sigma:
            return values["scale"].square()
        latents = len(values["encoder"])
        return torch.full((latents,), self.sigma**2)
