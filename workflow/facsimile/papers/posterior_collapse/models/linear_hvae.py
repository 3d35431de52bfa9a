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
    falling,
    of_rows,
    singular,
)


@dataclass(frozen=True)
class LinearHVAE(LinearModel):
    """q(z₁|x) = N(W₁ x, σ₁²), q(z₂|z₁) = N(W₂ z₁, Σ₂); p(z₁|z₂) = N(U₂ z₂, η_dec²), p(x|z₁) = N(U₁ z₁, η_dec²).

    Dang et al. 2024, "Beyond vanilla variational autoencoders", Theorems 3 (Σ₂ learned) and 5 (fixed). As in the
    authors' matrix scripts the entropy of q(z₁|x), a constant, is left out.

    beta_1: weight of the first level's KL.
    beta_2: weight of the second level's KL.
    sigma_1: standard deviation of the first level's posterior.
    sigma_2: that of the second level's; 0: one for each latent is learned.
    """

    beta_1: float = 1
    beta_2: float = 1
    sigma_1: float = 1
    sigma_2: float = 0
    takes: ClassVar[Shapes] = {"x": (6,)}

    def networks(self, shapes: Shapes, latents: int, network: str) -> dict[str, nn.Module]:  # type: ignore[override]
        [width] = shapes["x"]
        first = {"encoder_1": (latents, width), "decoder_1": (width, latents)}
        second = {"encoder_2": (latents, latents), "decoder_2": (latents, latents)}
        return {
            GROUP: Matrices(first | second | ({"scale": (latents,)} if not self.sigma_2 else {}))
        }

    def parts(self, values: Mapping[str, Tensor], batch: Batch) -> tuple[Tensor, Tensor]:
        x, variance = batch["x"], self.variance(values)
        codes = x @ values["encoder_1"].T
        loop = values["decoder_2"] @ values["encoder_2"] - torch.eye(len(variance))
        first = (codes @ values["decoder_1"].T - x).square().sum(
            1
        ).mean() + self.sigma_1**2 * values["decoder_1"].square().sum()
        second = (codes @ loop.T).square().sum(1).mean() + self.sigma_1**2 * loop.square().sum()
        second = second + (values["decoder_2"].square() * variance).sum()
        return (first + self.beta_1 * second) / self.eta_dec**2, self.beta_2 * self.kl(
            self._mean_square(values, codes), variance
        )

    def spectrum(self, values: Mapping[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        codes = batch["x"] @ values["encoder_1"].T
        found = {"omega": singular(values["decoder_2"]), "lambda": of_rows(codes)}
        learned = {"sigma": falling(values["scale"])} if not self.sigma_2 else {}
        return (
            found
            | learned
            | {"kl": 0.5 * self.kl(self._mean_square(values, codes), self.variance(values))}
        )

    def _mean_square(self, values: Mapping[str, Tensor], codes: Tensor) -> Tensor:
        """Mean over rows and over the first level's noise of the squared mean of each z₂ [d]."""
        encoder = values["encoder_2"]
        return (codes @ encoder.T).square().mean(0) + self.sigma_1**2 * encoder.square().sum(1)

    def variance(self, values: Mapping[str, Tensor]) -> Tensor:
        """Variance of the second level's posterior of each latent [d]."""
        if not self.sigma_2:
            return values["scale"].square()
        return torch.full((len(values["encoder_2"]),), self.sigma_2**2)
