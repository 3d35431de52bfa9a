"""DPS: guidance by how well the denoised sample explains the observation."""

from dataclasses import dataclass

import numpy as np

from facsimile.models.base.algorithm import State
from facsimile.papers.red_diff.inverse import Inverse, denoiser_product
from facsimile.papers.red_diff.models._guided import Guided
from facsimile.statistics.diffusion.gaussian_mixture import Floats

LABEL = "DPS"
STEP_SECONDS = {"1": 0.0008}  # 500 samples
RUN_BYTES = 140_000
MAY_END_EARLY = True


@dataclass(frozen=True)
class Dps(Guided):
    """Chung et al. 2023, "Diffusion posterior sampling for general noisy inverse problems".

    Args:
        length: ζ, of which ζ ∇ |y - H x̂|² / |y - H x̂| is subtracted after each step, as in the
            releases; 0 for the gradient of log N(y; H x̂, σ² I) in the score instead, which is what
            the method approximates the likelihood by.
    """

    length: float = 1

    def guide(
        self,
        problem: Inverse,
        state: State,
        clean: Floats,
        a: float,
        s: float,
    ) -> tuple[Floats, Floats | float]:
        misfits = problem.misfits(clean, state["observation"])
        downhill = denoiser_product(
            problem.prior,
            state["x"],
            misfits @ problem.matrix,
            a,
            s,
        )
        if self.length == 0:
            weight = s**2 / a / problem.deviation**2
            return clean - weight * downhill, 0.0
        sizes = np.linalg.norm(misfits, axis=1)[:, None]
        return clean, -2 * self.length * downhill / sizes

    def check(self) -> None:
        super().check()
        if self.length < 0:
            raise ValueError(f"length must be 0 or more, not {self.length:g}")
