"""What the linear autoencoders with Gaussian noise share: matrices, their start, and what is read off them.

Every expectation over latents is taken exactly, so that a step on the whole data set has no noise at all. Losses are in units
of two nats, as in the linear scripts of thotranhuu99/Posterior_collapse_CVAE_HVAE, which halve neither reconstruction nor KL
(its ReLU scripts halve the KL alone: their β is another).
"""

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facsimile.models.base import rng
from facsimile.models.base.arrays import ArraysModel, Batch
from facsimile.models.base.model import Draw, Losses

START = 0.1  # standard deviation of the matrices' entries before the first step; scales start uniform on (0, 1)
GROUP = "matrices"


class Matrices(nn.Module):
    """Parameters by name: matrices, and vectors of standard deviations (up to sign)."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__()
        self.values = nn.ParameterDict(
            {name: nn.Parameter(torch.zeros(shape)) for name, shape in shapes.items()}
        )


@dataclass(frozen=True)
class LinearModel(ArraysModel):
    """A linear Gaussian autoencoder: minimises reconstruction / η_dec² plus β times twice the KL, both averaged over rows.

    eta_dec: standard deviation of the decoder's noise.
    eta_enc: standard deviation of the prior.
    """

    eta_dec: float = 1
    eta_enc: float = 1

    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
        return {}

    @abstractmethod
    def parts(self, values: Mapping[str, Tensor], batch: Batch) -> tuple[Tensor, Tensor]:
        """Reconstruction over η_dec², weighed if it has several parts, and twice the weighed KL [latents]; means over rows."""

    @abstractmethod
    def spectrum(self, values: Mapping[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """``omega``, ``lambda`` and, if they are learned, ``sigma``, each in falling order, and ``kl`` in nats, [latents]."""

    def initialise(self, made: Mapping[str, nn.Module], seed: int) -> None:
        with torch.no_grad():
            for index, parameter in enumerate(made[GROUP].parameters()):
                key = torch.tensor([seed]), torch.tensor([index])
                draw = rng.normals if parameter.dim() > 1 else rng.uniforms
                drawn = (
                    draw(*key, "start", parameter.numel()).view(parameter.shape).to(parameter.dtype)
                )
                parameter.copy_(START * drawn if parameter.dim() > 1 else drawn)

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        reconstruction, kl = self.parts(values_of(networks), batch)
        terms = {"reconstruction": reconstruction.detach(), "weighed_kl": kl.detach().sum()}
        return Losses({GROUP: reconstruction + kl.sum()}, terms)

    def traces(self, networks: Mapping[str, nn.Module], batch: Batch) -> dict[str, Tensor]:
        return self.spectrum(values_of(networks), batch)

    def learned(
        self, networks: Mapping[str, nn.Module], whole: Batch, seed: int
    ) -> dict[str, Tensor]:
        """The spectrum at the end of training."""
        return {
            name: value.detach()
            for name, value in self.spectrum(values_of(networks), whole).items()
        }

    def kl(self, mean_square: Tensor, variance: Tensor) -> Tensor:
        """Twice the KL to N(0, η_enc²) of each latent [d], from the mean over rows of its squared mean, and its variance."""
        ratio = variance / self.eta_enc**2
        return mean_square / self.eta_enc**2 + ratio - ratio.log() - 1

    def check(self) -> None:
        for name, value in vars(self).items():
            if name != "sigma" and name != "sigma_2" and not value > 0:
                raise ValueError(f"{name} must be above 0, not {value}")


def values_of(networks: Mapping[str, nn.Module]) -> Mapping[str, Tensor]:
    """The parameters by name."""
    matrices = networks[GROUP]
    assert isinstance(matrices, Matrices)
    return dict(matrices.values.items())


def singular(matrix: Tensor) -> Tensor:
    """Singular values in falling order."""
    return torch.linalg.svdvals(matrix)


def of_rows(codes: Tensor) -> Tensor:
    """Singular values of the map from whitened data to codes [n, d], the square roots of the codes' second moments."""
    return singular(codes) / math.sqrt(len(codes))


def falling(values: Tensor) -> Tensor:
    """The values without their signs, the largest first."""
    return values.abs().sort(descending=True).values
