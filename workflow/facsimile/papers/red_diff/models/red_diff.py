"""RED-diff: an optimiser that is pulled by the observation and by denoisers at all times."""

from dataclasses import dataclass

import numpy as np

from facsimile.models.base.algorithm import Random, State
from facsimile.models.base.arrays import Arrays
from facsimile.papers.red_diff.inverse import Inverse
from facsimile.papers.red_diff.models._forms import FORMS, Form
from facsimile.papers.red_diff.models._sampler import Sampler, after
from facsimile.papers.red_diff.schedules import TIMES, continuous, levels, linear
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
        forms = list(FORMS.values())
        return forms[int(self.form)]

    def first(
        self,
        problem: Inverse,
        observation: Floats,
        random: Random,
    ) -> State:
        zeros = np.zeros(self.shape(problem))
        start = problem.inverse @ observation
        return {
            "x": zeros + start * self.variant.inverted,
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
        slope = self.slope(
            problem,
            state["x"],
            state["observation"],
            alpha,
            noise,
        )
        moved = self._adam(state, slope)
        is_late = 2 * int(state["done"]) >= self.steps
        total = state["total"] + is_late * moved["x"].mean(0)
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
        a, s = levels(alpha)
        noisy = a * x + s * noise
        clean = problem.prior.denoise(noisy, a, s)
        predicted = (noisy - a * clean) / s
        of_data, of_prior = self.factors(problem)
        if self.variant.by_noise:
            of_prior *= s / a
        of_misfits = problem.misfits(x, observation) @ problem.matrix
        slope: Floats = of_data * of_misfits
        return slope + of_prior * (predicted - noise)

    def factors(
        self,
        problem: Inverse,
    ) -> tuple[float, float]:
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
        of_data, of_prior = self.factors(problem)
        pull = of_prior * self._mean_pull(problem)
        back = of_data * problem.matrix.T
        wanted = back @ observation + pull @ problem.prior.mean
        return np.linalg.solve(back @ problem.matrix + pull, wanted)  # type: ignore[return-value]

    def _mean_pull(self, problem: Inverse) -> Floats:
        """Mean over times of wₜ times the matrix of x - m in the mean of ε̂ - ε, [d, d]."""
        spread, eye = problem.prior.covariances[0], np.eye(problem.dimension)
        pulls = []
        for alpha in self._all_alphas(TIMES):
            a, s = levels(alpha)
            weight = s**2 if self.variant.by_noise else a * s
            law = alpha * spread + s**2 * eye
            pulls.append(weight * np.linalg.inv(law))
        mean: Floats = np.mean(pulls, axis=0)
        return mean

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
        late = int(state["done"]) - int(np.ceil(self.steps / 2))
        centre = state["total"] / max(1, late)
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
        if self.variant.descends:
            alphas = self._all_alphas(int(self.steps))
            return float(alphas[state["done"]])
        alphas = self._all_alphas(TIMES)
        return float(alphas[random.integers(TIMES)])

    def _adam(
        self,
        state: State,
        slope: Floats,
    ) -> State:
        first, second = MOMENTS
        updates = int(state["done"]) + 1
        mean = _moved(state["mean"], slope, first)
        square = _moved(state["square"], slope**2, second)
        # Both start at 0, which is corrected for.
        speed = mean / (1 - first**updates)
        variance = square / (1 - second**updates)
        size = np.sqrt(variance) + EPSILON
        x = state["x"] - self.rate * speed / size
        return {"x": x, "mean": mean, "square": square}


def _moved(
    average: Floats,
    value: Floats,
    kept: float,
) -> Floats:
    """A moving average after one more value."""
    return kept * average + (1 - kept) * value
