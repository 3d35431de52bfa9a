"""DDRM: denoising in the basis of the singular vectors of H."""

from dataclasses import dataclass

import numpy as np

from facsimile.models.base.algorithm import Random, State
from facsimile.papers.red_diff.inverse import Inverse
from facsimile.papers.red_diff.models._sampler import Sampler, after
from facsimile.statistics.diffusion.gaussian_mixture import Floats

LABEL = "DDRM"
STEP_SECONDS = {"1": 0.0006}  # 500 samples
RUN_BYTES = 140_000
MAY_END_EARLY = True


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
        alpha = self.alphas({"done": np.array(0)})[0]
        noise = np.sqrt(1 / alpha - 1)
        basis, levels, seen = self._spectral(problem, observation)
        is_used = levels < noise
        remaining = np.sqrt(noise**2 - np.where(is_used, levels, 0.0) ** 2)
        drawn = random.standard_normal(self.shape(problem))
        spectral = np.where(is_used, seen, 0.0) + remaining * drawn
        return {"x": np.sqrt(alpha) * spectral @ basis}

    def step(
        self,
        problem: Inverse,
        state: State,
        random: Random,
    ) -> State:
        alpha, following = self.alphas(state)
        noise, after_noise = np.sqrt(1 / alpha - 1), np.sqrt(1 / following - 1)
        basis, levels, seen = self._spectral(problem, state["observation"])
        a, s = np.sqrt(alpha), np.sqrt(1 - alpha)
        clean = problem.prior.denoise(state["x"], a, s) @ basis.T
        now = state["x"] @ basis.T / a
        drawn = random.standard_normal(now.shape)
        kept = np.sqrt(1 - self.eta**2) * after_noise
        fresh = self.eta * after_noise * drawn
        is_observed = np.isfinite(levels)
        nowhere = clean + kept * (now - clean) / noise + fresh
        finite = np.where(is_observed, levels, 1.0)
        less = clean + kept * (seen - clean) / finite + fresh
        left = np.sqrt(np.maximum(after_noise**2 - (finite * self.eta_b) ** 2, 0.0))
        more = (1 - self.eta_b) * clean + self.eta_b * seen + left * drawn
        observed = np.where(after_noise < finite, less, more)
        spectral = np.where(is_observed, observed, nowhere)
        return after(state, x=np.sqrt(following) * spectral @ basis)

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
        levels = np.full(problem.dimension, np.inf)
        seen = np.zeros(problem.dimension)
        rank = int((values > values[0] * 1e-10).sum())
        levels[:rank] = problem.deviation / values[:rank]
        seen[:rank] = (left.T @ observation)[:rank] / values[:rank]
        return basis, levels, seen
