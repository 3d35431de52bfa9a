"""The linear VAE, with learned or fixed variances of its posterior."""

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
class LinearVAE(LinearModel):
    """q(z|x) = N(W x, Σ), p(x|z) = N(U z, η_dec²), prior N(0, η_enc²) (Dang et al. 2024, "Beyond vanilla …").

    beta: weight of the KL.
    sigma: standard deviation of the posterior; 0: one for each latent is learned.
    """

    beta: float = 1
    sigma: float = 0
    takes: ClassVar[Shapes] = {"x": (6,)}

    def networks(self, shapes: Shapes, latents: int, network: str) -> dict[str, nn.Module]:  # type: ignore[override]
        [width] = shapes["x"]
        learned: Shapes = {} if self.sigma else {"scale": (latents,)}
        return {
            GROUP: Matrices({"encoder": (latents, width), "decoder": (width, latents), **learned})
        }

    def parts(self, values: Mapping[str, Tensor], batch: Batch) -> tuple[Tensor, Tensor]:
        x, variance = batch["x"], self.variance(values)
        codes = x @ values["encoder"].T
        residual = (codes @ values["decoder"].T - x).square().sum(1).mean()
        noise = (values["decoder"].square() * variance).sum()
        return (residual + noise) / self.eta_dec**2, self.beta * self.kl(
            codes.square().mean(0), variance
        )

    def spectrum(self, values: Mapping[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        codes = batch["x"] @ values["encoder"].T
        found = {"omega": singular(values["decoder"]), "lambda": of_rows(codes)}
        learned = {"sigma": falling(values["scale"])} if not self.sigma else {}
        return (
            found | learned | {"kl": 0.5 * self.kl(codes.square().mean(0), self.variance(values))}
        )

    def variance(self, values: Mapping[str, Tensor]) -> Tensor:
        """Variance of the posterior of each latent [d]."""
        if not self.sigma:
            return values["scale"].square()
        return torch.full((len(values["encoder"]),), self.sigma**2)
