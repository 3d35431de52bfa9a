"""What methods converge to, for the quantum system: posterior, SVI's optimum, and the prior."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from scipy import special
from torch import Tensor, nn

from facsimile.models.base import rng
from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel
from facsimile.papers.dt import length_posterior, quantum_system

LABEL = "Answer for the quantum system"
POSTERIOR, GAUSSIAN, PRIOR = 0, 1, 2
NAMES = ("prior", "x", "z")
PURPOSE = "answer: uniforms"
SMALLEST = 1e-7  # x is stored in single precision, in which it may be 1


@dataclass(frozen=True)
class QuantumAnswer(NoModel):
    """Draws from posteriors, from the Gaussians that maximise SVI's bound, or from priors.

    Whittle et al. 2026, "Distribution transformers", Table 4. Nothing is trained: x is one number,
    so that all three are computed on a grid of its logit, over which the Gaussians are.

    Args:
        answer: 0 for posteriors, 1 for Gaussians, 2 for priors.
    """

    answer: float = POSTERIOR
    takes: ClassVar[Shapes] = {
        "prior": (2,),
        "x": (),
        "z": (10,),
        "released": (),
    }

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return one ``draw`` [n] of each answer and its ``log_density`` [n] at the true x."""
        prior, x, z = (whole[name].double().numpy() for name in NAMES)
        released = bool(whole["released"][0])
        x = x.clip(SMALLEST, 1 - SMALLEST)
        odds = x / (1 - x)
        uniforms = rng.uniforms_for(seed, 0, PURPOSE, x.shape).numpy()
        exact, evidence = quantum_system.posterior(prior, z, released)
        # Densities are of the odds.
        logit = np.log(odds)
        of_prior = quantum_system.log_prior(logit, prior) - logit
        if self.answer == PRIOR:
            draws = special.betaincinv(*prior.T, uniforms)
            log_density = of_prior
        elif self.answer == GAUSSIAN:
            mean, scale = quantum_system.best_gaussian(exact)
            normals = special.ndtri(uniforms)
            draws = special.expit(mean + scale * normals)
            log_density = length_posterior.log_of_gaussian(odds, mean, scale)
        else:
            [drawn] = length_posterior.draw(exact, uniforms[:, None]).T
            draws = drawn / (1 + drawn)
            likelihood = quantum_system.log_likelihood(x, z, released)
            log_density = of_prior + likelihood - evidence
        log_density = log_density - 2 * np.log1p(-x)
        arrays = {"draw": draws, "log_density": log_density}
        return {name: torch.from_numpy(values).float() for name, values in arrays.items()}

    def check(self) -> None:
        if self.answer not in (POSTERIOR, GAUSSIAN, PRIOR):
            raise ValueError(f"answer must be 0, 1 or 2, not {self.answer:g}")
