"""What the linear Gaussian autoencoders share: matrices, their starting values, and their spectra.

Expectations over latents are computed exactly, so that a step on the whole data set has no noise.
Losses are in units of two nats, as in the linear scripts of
thotranhuu99/Posterior_collapse_CVAE_HVAE, which halve neither reconstruction nor KL. (Its ReLU
scripts halve the KL only, so that β means something else there.)
"""

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facsimile.models.base import rng
from facsimile.models.base.arrays import ArraysModel, Batch
from facsimile.models.base.model import Draw, Losses, detached

# Standard deviation of the starting values of matrices; scales start uniform on (0, 1).
START = 0.1
GROUP = "matrices"


class Matrices(nn.Module):
    """Named parameters: matrices, and vectors of standard deviations (up to sign).

    Args:
        shapes: shape of each parameter by name.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__()
        values = {}
        for name, shape in shapes.items():
            values[name] = nn.Parameter(torch.zeros(shape))
        # The constructor of ParameterDict sorts a dictionary by name, unlike assignment of single
        # entries. ``initialise`` depends on this order.
        self.values = nn.ParameterDict(values)


@dataclass(frozen=True)
class LinearModel(ArraysModel):
    """A linear Gaussian autoencoder.

    It minimises reconstruction / η_dec² plus β times twice the KL, both averaged over rows.
    Subclasses override ``networks``, with one group ``GROUP`` of ``Matrices``, ``parts`` and
    ``spectrum``.

    Args:
        eta_dec: standard deviation of the decoder's noise.
        eta_enc: standard deviation of the prior.
    """

    eta_dec: float = 1
    eta_enc: float = 1

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {}

    @abstractmethod
    def parts(
        self,
        values: Mapping[str, Tensor],
        batch: Batch,
    ) -> tuple[Tensor, Tensor]:
        """Compute the two parts of the loss, averaged over rows.

        Args:
            values: the parameters by name.
            batch: the batch.

        Returns:
            The reconstruction over η_dec², a scalar, weighted if it has several parts; and twice
            the weighted KL [latents].
        """

    @abstractmethod
    def spectrum(
        self,
        values: Mapping[str, Tensor],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return the quantities that are compared with closed forms, each [latents].

        Returns:
            ``omega``, ``lambda`` and, if standard deviations are learned, ``sigma``, each in
            descending order; and ``kl`` in nats.
        """

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Draw matrices from N(0, START²) and scales from the uniform distribution on (0, 1)."""
        with torch.no_grad():
            for index, parameter in enumerate(networks[GROUP].parameters()):
                shape = parameter.shape
                if parameter.dim() > 1:
                    drawn = rng.normals_for(seed, index, "start", shape)
                    parameter.copy_(START * drawn.to(parameter.dtype))
                else:
                    parameter.copy_(rng.uniforms_for(seed, index, "start", shape))

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        reconstruction, kl = self.parts(values_of(networks), batch)
        weighed_kl = kl.sum()
        terms = {"reconstruction": reconstruction, "weighed_kl": weighed_kl}
        return Losses({GROUP: reconstruction + weighed_kl}, detached(terms))

    def traces(
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        return self.spectrum(values_of(networks), batch)

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return the spectrum after training."""
        return detached(self.spectrum(values_of(networks), whole))

    def kl(
        self,
        mean_square: Tensor,
        variance: Tensor,
    ) -> Tensor:
        """Return twice the KL of each latent to N(0, η_enc²), [d].

        Args:
            mean_square: squared posterior mean, averaged over rows, [d].
            variance: variance of the posterior, [d].
        """
        ratio = variance / self.eta_enc**2
        return mean_square / self.eta_enc**2 + ratio - ratio.log() - 1

    def check(self) -> None:
        for name, value in vars(self).items():
            # Where 0 stands for a learned standard deviation, any number is allowed.
            if name not in ("sigma", "sigma_2") and not value > 0:
                raise ValueError(f"{name} must be above 0, not {value}")


def values_of(networks: Mapping[str, nn.Module]) -> Mapping[str, Tensor]:
    """Return the parameters by name."""
    matrices = networks[GROUP]
    assert isinstance(matrices, Matrices)
    return dict(matrices.values.items())


def singular_values(matrix: Tensor) -> Tensor:
    """Return the singular values in descending order."""
    return torch.linalg.svdvals(matrix)


def singular_values_of_codes(codes: Tensor) -> Tensor:
    """Return the singular values of the map from whitened data to codes [n, d].

    They are the square roots of the eigenvalues of the codes' second moments.
    """
    return singular_values(codes) / math.sqrt(len(codes))


def magnitudes(values: Tensor) -> Tensor:
    """Return the absolute values in descending order."""
    return values.abs().sort(descending=True).values
