"""ΠGDM: guidance by an observation of a clean sample that is known up to a variance."""

from dataclasses import dataclass

import numpy as np

from facsimile.models.base.algorithm import State
from facsimile.papers.red_diff.inverse import Inverse, denoiser_product
from facsimile.papers.red_diff.models._guided import Guided
from facsimile.statistics.diffusion.gaussian_mixture import Floats

LABEL = "ΠGDM"
STEP_SECONDS = {"1": 0.0009}  # 500 samples
RUN_BYTES = 140_000
MAY_END_EARLY = True


@dataclass(frozen=True)
class Pigdm(Guided):
    """Song et al. 2023, "Pseudoinverse-guided diffusion models for inverse problems", with noise.

    x_0 given x is taken to be N(x̂, r² I) with r² = 1 - ᾱ, which is exact where the prior is
    standard normal. The score of y ~ N(H x̂, r² H Hᵀ + σ² I) is added to that of the prior.
    """

    def guide(
        self,
        problem: Inverse,
        state: State,
        clean: Floats,
        a: float,
        s: float,
    ) -> tuple[Floats, Floats | float]:
        matrix = problem.matrix
        misfits = problem.misfits(clean, state["observation"])
        spread = s**2 * matrix @ matrix.T + problem.noise
        weighted = np.linalg.solve(spread, misfits.T)
        downhill = denoiser_product(
            problem.prior,
            state["x"],
            weighted.T @ matrix,
            a,
            s,
        )
        return clean - s**2 / a * downhill, 0.0
