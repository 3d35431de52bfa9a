"""DDRM: denoising in the basis of the singular vectors of H."""

from dataclasses import dataclass

import numpy as np

from facsimile.models.base.algorithm import Random, State
from facsimile.papers.red_diff.inverse import Inverse
from facsimile.papers.red_diff.models._sampler import Sampler, after
from facsimile.papers.red_diff.schedules import levels, linear
from facsimile.statistics.diffusion.gaussian_mixture import Floats

LABEL = "DDRM"
STEP_SECONDS = {"1": 0.0006}  # 500 samples
RUN_BYTES = 140_000
MAY_END_EARLY = True
SMALL = 1e-10  # of the largest singular value: what is below is 0


@dataclass(frozen=True)
class Ddrm(Sampler):
    """Kawar et al. 2022, "Denoising diffusion restoration models", equations 4 and 5.

    In the basis of singular vectors, each coordinate has an observation with a deviation of its
    own, σ over the singular value, or none. Noise is measured as √(1 - ᾱ) / √ᾱ.

    Args:
        eta: η, share of fresh noise where there is no observation, or a less noisy one.
        eta_b: η_b, how far a noisier sample is moved to the observation.
    """

    eta: float = 0.85
    eta_b: float = 1

    def first(
        self,
        problem: Inverse,
        observation: Floats,
        random: Random,
    ) -> State:
        a, s = levels(linear(int(self.steps))[0])
        basis, deviations, seen = self._spectral(problem, observation)
        # What is observed with more noise than there is at all is not used.
        is_used = deviations < s / a
        used = np.where(is_used, deviations, 0.0)
        remaining = np.sqrt((s / a) ** 2 - used**2)
        drawn = random.standard_normal(self.shape(problem))
        spectral = np.where(is_used, seen, 0.0)
        return {"x": a * (spectral + remaining * drawn) @ basis}

    def step(
        self,
        problem: Inverse,
        state: State,
        random: Random,
    ) -> State:
        alpha, following = self.alphas(state)
        a, s = levels(alpha)
        a_next, s_next = levels(following)
        noise = s_next / a_next
        basis, deviations, seen = self._spectral(problem, state["observation"])
        x = state["x"]
        clean = problem.prior.denoise(x, a, s) @ basis.T
        drawn = random.standard_normal(x.shape)
        kept = np.sqrt(1 - self.eta**2) * noise
        fresh = clean + self.eta * noise * drawn
        nowhere = fresh + kept * (x @ basis.T / a - clean) / (s / a)
        is_observed = np.isfinite(deviations)
        finite = np.where(is_observed, deviations, 1.0)
        less_noisy = fresh + kept * (seen - clean) / finite
        moved = clean + self.eta_b * (seen - clean)
        left = noise**2 - (self.eta_b * finite) ** 2
        noisier = moved + np.sqrt(np.maximum(left, 0.0)) * drawn
        observed = np.where(noise < finite, less_noisy, noisier)
        spectral = np.where(is_observed, observed, nowhere)
        return after(state, x=a_next * spectral @ basis)

    def check(self) -> None:
        super().check()
        for name in ("eta", "eta_b"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, not {getattr(self, name):g}")

    def _spectral(
        self,
        problem: Inverse,
        observation: Floats,
    ) -> tuple[Floats, Floats, Floats]:
        """Rows of the basis [d, d], deviation of each coordinate's observation [d], and it [d]."""
        left, values, basis = np.linalg.svd(problem.matrix)
        values = values[values > values[0] * SMALL]
        rank = len(values)
        deviations = np.full(problem.dimension, np.inf)
        deviations[:rank] = problem.deviation / values
        seen = np.zeros(problem.dimension)
        seen[:rank] = left.T[:rank] @ observation / values
        return basis, deviations, seen
