"""How near the Markov approximation is to fractional Brownian motion."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.vi_fbm.chain import FASTEST, HORIZON
from facsimile.statistics import fractional_brownian

SECONDS = 0.1
RANGE = (float("-inf"), float("inf"))
BETTER = "lower"
HEADLINE = "share"
NEEDS = ("inferred.approximated",)
REFERENCE = "Daems et al. 2024, Variational inference for SDEs driven by fractional noise"
CONVENTIONS = {PAPER: "mean over [0, 6], speeds from 1/20 to 20"}
LABELS = {
    "share": "Share of the variance that 5 processes miss",
    "share_{k}": "Share of the variance that k processes miss",
    "interpolated": "The same by interpolated coefficients, 5 processes",
    "interpolated_{k}": "The same by interpolated coefficients, k processes",
    "saving": "Error of the best coefficients / of interpolated ones, 5 processes",
    "variance": "Variance at t = 2",
    "covariance": "Covariance of t = 1 and 2",
    "released_cost": "The cost that the release returns, type I",
}
SCORES = {
    "share": "mean squared error of 5 processes over mean variance of the motion",
    "share_{k}": "the same of k processes",
    "interpolated": "the same of 5 processes whose coefficients are interpolated",
    "interpolated_{k}": "the same of k processes whose coefficients are interpolated",
    "saving": "`share` over `interpolated`",
    "variance": "variance of the approximation by 5 processes at t = 2",
    "variance_theory": "variance of the motion at t = 2",
    "covariance": "covariance of the approximation by 5 processes at t = 1 and 2",
    "covariance_theory": "covariance of the motion there",
    "released_cost": "ω·Aω - b·ω + c over T, with c of variance t^2H: what the release computes",
    "released_cost_theory": "c / T, as Aω = b",
}
NUMBERS = (2, 3, 4, 5, 6, 7, 8, 9, 10)
USUAL = 5


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Share of the variance that the approximation misses, by the number of its processes.

    Formula: $\int_0^T E (B - \hat B)^2 dt / \int_0^T E B^2 dt$, where the coefficients solve
    $A \omega = b$.

    Traps:
    - The kernel has no unit variance: the variance of type I at t = 1 is 1 at H = 1/2 alone. The
      release divides by nothing and compares with unit variance.
    - Type I needs slow processes, since its past is infinite: with speeds from 1/20 on, two thirds
      of the variance are missed at H = 0.9 whatever their number.
    - The release's cost of type I counts b·ω once instead of twice, so that it does not depend on
      the coefficients.
    """
    setting = outputs.inferred["approximated"]
    kind, hurst = int(setting[0]), float(setting[1])
    scores: dict[str, float] = {}
    for number in NUMBERS:
        gammas = fractional_brownian.speeds(number, FASTEST)
        whole = fractional_brownian.cost(kind, hurst, gammas, HORIZON, np.zeros(number))
        best = fractional_brownian.coefficients(kind, hurst, gammas, HORIZON)
        other = fractional_brownian.riemann_coefficients(hurst, gammas)
        for name, omega in (("share", best), ("interpolated", other)):
            cost = fractional_brownian.cost(kind, hurst, gammas, HORIZON, omega)
            scores[f"{name}_{number}"] = cost / whole
    scores["share"] = scores[f"share_{USUAL}"]
    scores["interpolated"] = scores[f"interpolated_{USUAL}"]
    scores["saving"] = scores["share"] / scores["interpolated"]
    return scores | _covariances(kind, hurst) | _released(kind, hurst)


def _covariances(
    kind: int,
    hurst: float,
) -> dict[str, float]:
    gammas = fractional_brownian.speeds(USUAL, FASTEST)
    omega = fractional_brownian.coefficients(kind, hurst, gammas, HORIZON)
    ours = fractional_brownian.markov_covariance(kind, omega, gammas, [1.0, 2.0])
    exact = fractional_brownian.covariance(kind, hurst, [1.0, 2.0])
    return {
        "variance": float(ours[1, 1]),
        "variance_theory": float(exact[1, 1]),
        "covariance": float(ours[0, 1]),
        "covariance_theory": float(exact[0, 1]),
    }


def _released(
    kind: int,
    hurst: float,
) -> dict[str, float]:
    """The cost of omega_optimized_1; that of type II is right."""
    if kind == 2:
        return {}
    gammas = fractional_brownian.speeds(USUAL, FASTEST)
    matrix, vector = fractional_brownian.normal_equations(kind, hurst, gammas, HORIZON)
    omega = np.linalg.solve(matrix, vector)
    own = HORIZON ** (2 * hurst + 1) / (2 * hurst + 1)
    returned = float(omega @ matrix @ omega - vector @ omega + own) / HORIZON
    return {"released_cost": returned, "released_cost_theory": own / HORIZON}
