"""RED-diff: an optimiser that is pulled by the observation and by denoisers at all times."""

from dataclasses import dataclass

import numpy as np

from facsimile.models.base.algorithm import Random, State
from facsimile.models.base.arrays import Arrays
from facsimile.papers.red_diff.inverse import Inverse
from facsimile.papers.red_diff.models._forms import FORMS, Form
from facsimile.papers.red_diff.models._sampler import Sampler, after
from facsimile.papers.red_diff.schedules import TIMES, continuous, linear
from facsimile.statistics.diffusion.gaussian_mixture import Floats

LABEL = "RED-diff"
STEP_SECONDS = {"1": 0.0005}  # 500 samples
RUN_BYTES = 270_000
MAY_END_EARLY = True
MOMENTS, EPSILON = (0.9, 0.99), 1e-8  # of Adam, as in both releases


@dataclass(frozen=True)
class RedDiff(Sampler):
    """Minimise |y - H μ|² + λ wₜ (ε̂(xₜ) - ε)ᵀ μ by Adam, with xₜ = √ᾱ μ + √(1 - ᾱ) ε.

    Mardani et al. 2024, Algorithm 1, and its releases (see ``_forms.py``). No gradient passes
    through the predicted noise ε̂, which is exact here. Samples do not depend on each other.

    Args:
        weight: λ.
        rate: learning rate of Adam.
        form: 0 for the release NVlabs/RED-diff, 1 for InverseBench, 2 for the paper's text; the
            release with a constant weight is 3, with random times 4.
    """

    weight: float = 0.25
    rate: float = 0.1
    form: float = 0

    @property
    def variant(self) -> Form:
        return list(FORMS.values())[int(self.form)]

    def first(
        self,
        problem: Inverse,
        observation: Floats,
        random: Random,
    ) -> State:
        zeros = np.zeros(self.shape(problem))
        start = problem.inverse @ observation if self.variant.inverted else zeros[0]
        return {
            "x": zeros + start,
            "mean": zeros,
            "square": zeros,
            "total": np.zeros(problem.dimension),
        }

    def step(
        self,
        problem: Inverse,
        state: State,
        random: Random,
    ) -> State:
        alpha = self._alpha(state, random)
        noise = random.standard_normal(state["x"].shape)
        slope = self.slope(problem, state["x"], state["observation"], alpha, noise)
        moved = self._adam(state, slope)
        is_late = 2 * int(state["done"]) >= self.steps
        total = state["total"] + (moved["x"].mean(0) if is_late else 0.0)
        return after(state, **moved, total=total)

    def slope(
        self,
        problem: Inverse,
        x: Floats,
        observation: Floats,
        alpha: float,
        noise: Floats,
    ) -> Floats:
        """Return the gradient [n, d] of the loss at x [n, d], with noise ε [n, d]."""
        a, s = np.sqrt(alpha), np.sqrt(1 - alpha)
        noisy = a * x + s * noise
        predicted = (noisy - a * problem.prior.denoise(noisy, a, s)) / s
        of_data, of_prior = self.factors(problem)
        misfits = x @ problem.matrix.T - observation
        weight = s / a if self.variant.by_noise else 1.0
        slope: Floats = of_data * (misfits @ problem.matrix)
        return slope + of_prior * weight * (predicted - noise)

    def factors(self, problem: Inverse) -> tuple[float, float]:
        """Return what Hᵀ (H x - y) and wₜ (ε̂ - ε) are multiplied by."""
        observed, unknown = problem.matrix.shape
        if self.variant.means:
            return 1 / observed, self.weight / unknown
        return 2.0, self.weight

    def stationary(
        self,
        problem: Inverse,
        observation: Floats,
    ) -> Floats:
        """Return the x [d] at which the mean gradient is 0, over noise and over all times.

        There is one in closed form if the prior is a Gaussian N(m, S): the mean of ε̂ - ε is
        √ᾱ √(1 - ᾱ) (ᾱ S + (1 - ᾱ) I)⁻¹ (x - m).

        Raises ValueError for a prior of several components.
        """
        if len(problem.prior.weights) != 1:
            raise ValueError("only a Gaussian prior has a stationary point in closed form")
        alphas = self._all_alphas(TIMES)
        s2 = 1 - alphas
        weights = s2 if self.variant.by_noise else np.sqrt(alphas * s2)
        eye, spread = np.eye(problem.dimension), problem.prior.covariances[0]
        laws = alphas[:, None, None] * spread + s2[:, None, None] * eye
        pull = np.tensordot(weights, np.linalg.inv(laws), 1) / len(alphas)
        of_data, of_prior = self.factors(problem)
        left = of_data * problem.matrix.T @ problem.matrix + of_prior * pull
        right = of_data * problem.matrix.T @ observation
        return np.linalg.solve(left, right + of_prior * pull @ problem.prior.means[0])

    def result(
        self,
        problem: Inverse,
        state: State,
    ) -> Arrays:
        """Also, for a Gaussian prior, the ``centre`` and the ``stationary`` point [d].

        The centre is the mean over samples and over the second half of the steps.
        """
        inferred = super().result(problem, state)
        if len(problem.prior.weights) > 1:
            return inferred
        late = max(1, int(state["done"]) - int(np.ceil(self.steps / 2)))
        centre = state["total"] / late
        point = self.stationary(problem, state["observation"])
        return {**inferred, "centre": centre, "stationary": point}

    def check(self) -> None:
        super().check()
        if self.weight < 0:
            raise ValueError(f"weight must be 0 or more, not {self.weight:g}")
        if self.rate <= 0:
            raise ValueError(f"rate must be above 0, not {self.rate:g}")
        if self.form not in range(len(FORMS)):
            listed = ", ".join(f"{number} {name}" for number, name in enumerate(FORMS))
            raise ValueError(f"form must be one of {listed}, not {self.form:g}")

    def _all_alphas(self, steps: int) -> Floats:
        return continuous(steps) if self.variant.continuous else linear(steps)

    def _alpha(
        self,
        state: State,
        random: Random,
    ) -> float:
        if not self.variant.descends:
            return float(self._all_alphas(TIMES)[random.integers(TIMES)])
        return float(self._all_alphas(int(self.steps))[int(state["done"])])

    def _adam(
        self,
        state: State,
        slope: Floats,
    ) -> State:
        first, second = MOMENTS
        updates = int(state["done"]) + 1
        mean = first * state["mean"] + (1 - first) * slope
        square = second * state["square"] + (1 - second) * slope**2
        size = np.sqrt(square / (1 - second**updates)) + EPSILON
        x = state["x"] - self.rate * mean / (1 - first**updates) / size
        return {"x": x, "mean": mean, "square": square}
