"""The bridge in discrete time: a linear-Gaussian chain whose best control has a closed form.

Daems et al. 2024, "Variational inference for SDEs driven by fractional noise", and its release,
experiments/bridge/main.py. The state is z = (x, y_1, ..., y_K) with

    dy_k = (u - γ_k y_k) dt + dW,    dx = -θ x dt + Σ_k ω_k dy_k,    x(0) = 0,

and steps of Euler and Maruyama: z' = M z + B (u dt + dW). With noise that is added and a drift that
is linear, the release's Stratonovich-Milstein scheme takes the same steps, and every law below is
exact for the chain. So no solver library (torchsde, diffrax) is needed, and a step that is too long
does not count as an error of the learned control.
"""

import math
from dataclasses import dataclass

import numpy as np

from facsimile.statistics import fractional_brownian
from facsimile.statistics.fractional_brownian import Floats

HORIZON = 6.0  # T of the coefficients
FASTEST = 20.0  # the largest γ


@dataclass(frozen=True)
class Chain:
    """A chain of ``steps`` steps up to the time ``end``.

    Attributes:
        matrix: M [d, d].
        inputs: B [d].
        start: covariance [d, d] of the first state, whose mean is 0.
        steps: number of steps.
        end: time of the last state.
    """

    matrix: Floats
    inputs: Floats
    start: Floats
    steps: int
    end: float

    @property
    def dt(self) -> float:
        """Length of a step."""
        return self.end / self.steps

    def responses(self) -> Floats:
        """What x is at each step without control, [steps + 1, d + steps].

        The columns are the coordinates of the first state and the steps' increments of W.
        """
        size = len(self.inputs)
        now = np.zeros((size, size + self.steps))
        now[:, :size] = np.eye(size)
        rows = [now[0]]
        for i in range(self.steps):
            now = self.matrix @ now
            now[:, size + i] += self.inputs
            rows.append(now[0])
        return np.array(rows)

    def covariance(self) -> Floats:
        """Covariance [steps + 1, steps + 1] of x without control."""
        responses, size = self.responses(), len(self.inputs)
        of_start, of_noise = responses[:, :size], responses[:, size:]
        return np.asarray(of_start @ self.start @ of_start.T + self.dt * of_noise @ of_noise.T)


def chain(
    kind: int,
    hurst: float,
    number: int,
    theta: float,
    steps: int,
    end: float,
) -> Chain:
    """Return the chain with ``number`` speeds; number 0 is white noise, dx = -θ x dt + dW.

    Raises:
        ValueError: a step is too long for the fastest process.
    """
    dt = end / steps
    if number == 0:
        matrix = np.array([[1 - theta * dt]])
        return Chain(matrix, np.ones(1), np.zeros((1, 1)), steps, end)
    gammas = fractional_brownian.speeds(number, FASTEST)
    if gammas[-1] * dt >= 0.5:
        least = math.floor(2 * gammas[-1] * end) + 1
        raise ValueError(
            f"{steps} steps up to t = {end:g} are too few: a step times the largest speed must be "
            f"below 1/2; use {least} or more"
        )
    omega = fractional_brownian.coefficients(kind, hurst, gammas, HORIZON)
    drift = np.zeros((number + 1, number + 1))
    drift[0, 0] = -theta
    drift[0, 1:] = -omega * gammas
    drift[1:, 1:] = -np.diag(gammas)
    start = np.zeros_like(drift)
    if kind == 1:
        start[1:, 1:] = 1 / np.add.outer(gammas, gammas)
    inputs = np.concatenate([[omega.sum()], np.ones(number)])
    return Chain(np.eye(number + 1) + dt * drift, inputs, start, steps, end)


@dataclass(frozen=True)
class Observed:
    """A chain of which x is observed with normal noise at some steps, for several paths at once.

    The loss of a control u is E[Σ_j (x(t_j) - value_j)² / (2 deviation²) + ∫ u² dt / 2], the
    negative bound without the constant log(deviation √2π) of each observation. The best control
    is the one of a linear-quadratic problem (Bellman 1957), since the best loss from a step on is
    z P z / 2 - q z + c at any state z.

    Attributes:
        chain: the chain.
        places: steps [m] at which x is observed, in order.
        values: the observations [p, m] of p paths.
        deviation: standard deviation of the noise.
    """

    chain: Chain
    places: tuple[int, ...]
    values: Floats
    deviation: float

    def solve(self) -> "Solution":
        """Return the best control, from the last step to the first."""
        chain, paths = self.chain, len(self.values)
        size, weight = len(chain.inputs), self.deviation**-2
        square, linear, rest = np.zeros((size, size)), np.zeros((paths, size)), np.zeros(paths)
        rows, offsets = np.zeros((chain.steps, size)), np.zeros((paths, chain.steps))
        for i in range(chain.steps, -1, -1):
            if i < chain.steps:
                after = square @ chain.inputs
                variance = chain.inputs @ after
                divisor = 1 + variance * chain.dt
                rows[i] = after @ chain.matrix / divisor
                offsets[:, i] = linear @ chain.inputs / divisor
                rest += variance * chain.dt / 2 - divisor * chain.dt / 2 * offsets[:, i] ** 2
                moved = chain.matrix.T @ square @ chain.matrix
                square = moved - divisor * chain.dt * np.outer(rows[i], rows[i])
                shift = divisor * chain.dt * offsets[:, i : i + 1] * rows[i]
                linear = linear @ chain.matrix - shift
            if i in self.places:
                value = self.values[:, self.places.index(i)]
                square = square.copy()
                square[0, 0] += weight
                linear[:, 0] += weight * value
                rest += weight * value**2 / 2
        losses = 0.5 * np.trace(square @ chain.start) + rest
        return Solution(rows, offsets, losses)

    def evidence_losses(self) -> Floats:
        """-log p(values) [p] without the same constants: no bound can be below it."""
        places = list(self.places)
        prior = self.chain.covariance()[np.ix_(places, places)]
        return evidence_losses(prior, self.values, self.deviation)

    def given_start_losses(self) -> Floats:
        """Mean over the start of -log p(values | start) [p]: the limit of bounds for short steps.

        By it less ``evidence_losses``, a bound is too low because the start keeps its prior.
        """
        chain, places = self.chain, list(self.places)
        responses, size = chain.responses()[places], len(chain.inputs)
        of_start, of_noise = responses[:, :size], responses[:, size:]
        prior = chain.dt * of_noise @ of_noise.T
        unknown = of_start @ chain.start @ of_start.T
        covariance = prior + self.deviation**2 * np.eye(len(places))
        extra = 0.5 * np.trace(np.linalg.solve(covariance, unknown))
        return evidence_losses(prior, self.values, self.deviation) + extra

    def controlled(self) -> Floats:
        """Standard deviation [steps + 1] of x under the best control; equal for all paths."""
        chain, covariance = self.chain, self.chain.start
        noise = chain.dt * np.outer(chain.inputs, chain.inputs)
        variances = [covariance[0, 0]]
        for row in self.solve().rows:
            matrix = chain.matrix - chain.dt * np.outer(chain.inputs, row)
            covariance = matrix @ covariance @ matrix.T + noise
            variances.append(covariance[0, 0])
        return np.sqrt(variances)

    def posterior(self) -> Floats:
        """Standard deviation [steps + 1] of x given the values, its start inferred as well."""
        return posterior_deviations(self.chain.covariance(), list(self.places), self.deviation)


@dataclass(frozen=True)
class Solution:
    """The best control u_i = offset_i - row_i z_i, and what it costs.

    Attributes:
        rows: [steps, d].
        offsets: [p, steps].
        losses: the least loss [p] of any control that knows the state; the start is given.
    """

    rows: Floats
    offsets: Floats
    losses: Floats


def evidence_losses(
    prior: Floats,
    values: Floats,
    deviation: float,
) -> Floats:
    """-log N(value; 0, prior + deviation²) [p] without log(deviation √2π) per observation."""
    covariance = prior + deviation**2 * np.eye(len(prior))
    _, logarithm = np.linalg.slogdet(covariance / deviation**2)
    whitened = np.linalg.solve(covariance, values.T).T
    return np.asarray(0.5 * logarithm + 0.5 * np.sum(values * whitened, axis=1))


def posterior_deviations(
    prior: Floats,
    places: list[int],
    deviation: float,
) -> Floats:
    """Standard deviations [n] of normal variables, given noisy values of those at ``places``."""
    cross = prior[:, places]
    covariance = prior[np.ix_(places, places)] + deviation**2 * np.eye(len(places))
    explained = np.sum(cross * np.linalg.solve(covariance, cross.T).T, axis=1)
    return np.asarray(np.sqrt(np.maximum(np.diag(prior) - explained, 0.0)))


def bridge(
    of: Chain,
    value: float,
    deviation: float,
) -> Observed:
    """A chain whose last x is observed."""
    return Observed(of, (of.steps,), np.array([[value]]), deviation)


def fractional_posterior(
    hurst: float,
    times: Floats,
    deviation: float,
) -> Floats:
    """Standard deviation [n] of fBM with unit variance at 1, given its noisy value at the end."""
    prior = fractional_brownian.covariance(1, hurst, times) / fractional_brownian.scale(hurst)
    return posterior_deviations(prior, [len(times) - 1], deviation)
