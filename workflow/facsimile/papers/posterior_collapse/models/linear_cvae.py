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
    falling,
    of_rows,
    singular,
)


@dataclass(frozen=True)
class LinearCVAE(LinearModel):
    """q(z|x, y) = N(W₁ x + W₂ y, Σ), p(y|x, z) = N(U₁ z + U₂ x, η_dec²), prior N(0, η_enc²), Σ learned and diagonal.

    Dang et al. 2024, "Beyond vanilla variational autoencoders", Theorem 2.

    beta: weight of the KL.
    """

    beta: float = 1
    takes: ClassVar[Shapes] = {"x": (6,), "y": (5,)}

    def networks(self, shapes: Shapes, latents: int, network: str) -> dict[str, nn.Module]:  # type: ignore[override]
        [given], [wanted] = shapes["x"], shapes["y"]
        encoders = {"encoder_x": (latents, given), "encoder_y": (latents, wanted)}
        decoders = {"decoder_z": (wanted, latents), "decoder_x": (wanted, given)}
        return {GROUP: Matrices(encoders | decoders | {"scale": (latents,)})}

    def parts(self, values: Mapping[str, Tensor], batch: Batch) -> tuple[Tensor, Tensor]:
        x, y, codes, variance = (
            batch["x"],
            batch["y"],
            _codes(values, batch),
            values["scale"].square(),
        )
        residual = (
            (codes @ values["decoder_z"].T + x @ values["decoder_x"].T - y).square().sum(1).mean()
        )
        noise = (values["decoder_z"].square() * variance).sum()
        return (residual + noise) / self.eta_dec**2, self.beta * self.kl(
            codes.square().mean(0), variance
        )

    def spectrum(self, values: Mapping[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        codes, scale = _codes(values, batch), values["scale"]
        found = {
            "omega": singular(values["decoder_z"]),
            "lambda": of_rows(codes),
            "sigma": falling(scale),
        }
        return found | {"kl": 0.5 * self.kl(codes.square().mean(0), scale.square())}


def _codes(values: Mapping[str, Tensor], batch: Batch) -> Tensor:
    return batch["x"] @ values["encoder_x"].T + batch["y"] @ values["encoder_y"].T
