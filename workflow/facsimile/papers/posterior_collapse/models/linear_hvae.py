"""The linear Markovian VAE with two levels of latents."""

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


@dataclass(frozen=True)
class LinearHVAE(LinearModel):
    """Linear VAE with two levels of latents.

    Dang et al. 2024, "Beyond vanilla variational autoencoders", Theorems 3 (Σ₂ learned) and 5
    (Σ₂ fixed).

    The posteriors are q(z₁|x) = N(W₁ x, σ₁²) and q(z₂|z₁) = N(W₂ z₁, Σ₂); the likelihoods
    p(z₁|z₂) = N(U₂ z₂, η_dec²) and p(x|z₁) = N(U₁ z₁, η_dec²). The entropy of q(z₁|x), a constant,
    is omitted, as in the authors' matrix scripts.

    Args:
        beta_1: weight of the first level's KL.
        beta_2: weight of the second level's KL.
        sigma_1: standard deviation of the first level's posterior.
        sigma_2: standard deviation of the second level's posterior; 0: one per latent is learned.
    """

    beta_1: float = 1
    beta_2: float = 1
    sigma_1: float = 1
    sigma_2: float = 0
    takes: ClassVar[Shapes] = {"x": (6,)}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        [width] = shapes["x"]
        matrices: dict[str, tuple[int, ...]] = {
            "encoder_1": (latents, width),  # W₁
            "decoder_1": (width, latents),  # U₁
            "encoder_2": (latents, latents),  # W₂
            "decoder_2": (latents, latents),  # U₂
        }
        if not self.sigma_2:
            matrices["scale"] = (latents,)  # square root of the diagonal of Σ₂
        return {GROUP: Matrices(matrices)}

    def parts(
        self,
        values: Mapping[str, Tensor],
        batch: Batch,
    ) -> tuple[Tensor, Tensor]:
        x, variance = batch["x"], self.variance(values)
        decoder_1, decoder_2 = values["decoder_1"], values["decoder_2"]
        codes = x @ values["encoder_1"].T
        # How the second level's reconstruction of z₁ differs from z₁.
        identity = torch.eye(len(variance))
        loop = decoder_2 @ values["encoder_2"] - identity

        # Each is a squared residual plus the variances that the noise of the posteriors adds.
        first = (codes @ decoder_1.T - x).square().sum(1).mean()
        first = first + self.sigma_1**2 * decoder_1.square().sum()
        second = (codes @ loop.T).square().sum(1).mean()
        second = second + self.sigma_1**2 * loop.square().sum()
        second = second + (decoder_2.square() * variance).sum()
        reconstruction = (first + self.beta_1 * second) / self.eta_dec**2
        kl = self.kl(self._mean_square(values, codes), variance)
        return reconstruction, self.beta_2 * kl

    def spectrum(
        self,
        values: Mapping[str, Tensor],
        batch: Batch,
    ) -> dict[str, Tensor]:
        codes = batch["x"] @ values["encoder_1"].T
        spectrum = {
            "omega": singular_values(values["decoder_2"]),
            "lambda": singular_values_of_codes(codes),
        }
        if not self.sigma_2:
            spectrum["sigma"] = magnitudes(values["scale"])
        mean_square = self._mean_square(values, codes)
        kl = self.kl(mean_square, self.variance(values))
        return spectrum | {"kl": 0.5 * kl}

    def _mean_square(
        self,
        values: Mapping[str, Tensor],
        codes: Tensor,
    ) -> Tensor:
        """Return the squared mean of each z₂, averaged over rows and the first level's noise."""
        encoder = values["encoder_2"]
        squares = (codes @ encoder.T).square().mean(0)
        return squares + self.sigma_1**2 * encoder.square().sum(1)

    def variance(self, values: Mapping[str, Tensor]) -> Tensor:
        """Return the variance of the second level's posterior of each latent, [d]."""
        if not self.sigma_2:
            return values["scale"].square()
        latents = len(values["encoder_2"])
        return torch.full((latents,), self.sigma_2**2)
