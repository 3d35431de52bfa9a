"""What MCMC and SVI converge to, for the length scale of a Gaussian process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from facsimile.models.base import rng
from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel
from facsimile.papers.dt import length_posterior

LABEL = "Answer of a converged method"
NAMES = ("prior", "x", "y")


@dataclass(frozen=True)
class LengthScaleAnswer(NoModel):
    """Draws from exact posteriors, or the Gaussians over log length that maximise SVI's bound.

    Whittle et al. 2026, "Distribution transformers", Tables 2 and 4. Nothing is trained: posteriors
    are one-dimensional, so that both are computed by quadrature. Densities by draws are kernel
    density estimates, as in the released test of MCMC.

    Args:
        gaussian: 1 for SVI's optimum, 0 for draws.
        drawn: draws for each problem; of SVI's optimum, one alone is drawn.
    """

    gaussian: float = 0
    drawn: float = 1000
    takes: ClassVar[Shapes] = {"prior": (2,), "length": (), "x": (6, 5), "y": (6,)}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return one ``draw`` [n] of each answer and its ``log_density`` [n] at the true length."""
        prior, x, y = (whole[name].double().numpy() for name in NAMES)
        length = whole["length"].double().numpy()
        exact = length_posterior.posterior(prior, x, y)
        n = len(length)
        if self.gaussian:
            mean, scale = length_posterior.best_gaussian(exact)
            log_density = length_posterior.log_of_gaussian(length, mean, scale)
            normals = rng.normals_for(seed, 0, "answer: normals", (n,)).double().numpy()
            draws = np.exp(mean + scale * normals)[:, None]
        else:
            shape = (n, int(self.drawn))
            uniforms = rng.uniforms_for(seed, 0, "answer: uniforms", shape).double().numpy()
            draws = length_posterior.draw(exact, uniforms)
            log_density = length_posterior.log_of_kernels(length, draws)
        arrays = {"draw": draws[:, 0], "log_density": log_density}
        return {name: torch.from_numpy(values).float() for name, values in arrays.items()}

    def check(self) -> None:
        if self.gaussian not in (0, 1):
            raise ValueError(f"gaussian must be 0 or 1, not {self.gaussian:g}")
        if self.drawn < 2 or self.drawn != int(self.drawn):
            raise ValueError(f"drawn must be a whole number from 2, not {self.drawn:g}")
