"""Residuals of the identities of diffusion models on a mixture of Gaussians."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.diffusion_book import bounds, flows, identities

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "tweedie"
FIXED_SECONDS = 0.7
NEEDS = ("data.x", "data.label")
REFERENCE = "Lai et al. 2025, The principles of diffusion models"
CONVENTIONS = {PAPER: "largest absolute difference over 200 points and several times"}
LABELS = {
    "score": "∇ log p = Σₖ Rₖ Sₖ⁻¹ (a μₖ - x): a mixture's score is exact",
    "tweedie": "E[x₀|x] = (x + s² ∇ log p) / a (Tweedie): a denoiser is a score",
    "conversions": "x₀ = (x - s ε)/a = a x - s v = (x + s² ∇ log p)/a: four outputs, one network",
    "loss_weights": "|Δε|² = (a/s)² |Δx₀|² and so on: four losses differ by weight alone",
    "velocity": "f x - g² ∇ log p / 2 = a' E[x₀] + s' E[ε]: flow matching has the ODE's velocity",
    "continuity": "∂p/∂t + div(p v) = 0: the ODE has the right marginals",
    "fokker_planck": "∂p/∂t + div(f x p) = g² Δp / 2: the SDE has them, too",
    "ddim_is_euler": "DDIM = Euler's step for x/a in s/a: why few steps can do",
    "ddim_is_dpm_solver_1": "DDIM = DPM-Solver-1: two names for one method",
    "ancestral_is_ddim": "DDPM = DDIM with η = 1: noise is a choice of the sampler",
    "reverse_variance": "β̃ <= Var(x_u|x_t) <= β if Var(x₀) <= 1: DDPM's two variances are bounds",
    "semigroup": "Φ(1→0) = Φ(½→0) Φ(1→½): what a consistency model learns",
    "gaussian_flow": "Φ(t→0) x = x (l / (a² l + s²))^½ for N(0, l): a flow map in closed form",
    "monotone_map": "Φ = F⁻¹ G in one dimension: no coupling gives flow matching another map",
    "information_gain": "½ ∫ mse dSNR = I(x₀; x_t): the loss is measured in nats",
    "schedule_invariance": "∫ mse dSNR of two schedules: only the ends of a schedule count",
    "nll": "-log p by the ODE's divergence, nats",
    "bound_gap": "log p - ELBO, nats",
    "bound_gap_{t}": "log p - ELBO of t steps, nats",
}
SCORES = {
    "score": "gradient of the log-density, against central differences",
    "tweedie": "denoiser by Tweedie's formula, against conditioning each component",
    "conversions": "data from the true noise, data, velocity and score",
    "loss_weights": "ratios of four squared errors to their weights, minus 1",
    "velocity": "velocity by the score, against that by expected data and noise, 5 schedules",
    "continuity": "continuity equation of the probability-flow ODE, divided by p",
    "fokker_planck": "Fokker-Planck equation of the SDE, divided by p",
    "ddim_is_euler": "a step of DDIM, against Euler's in s / a",
    "ddim_is_dpm_solver_1": "a step of DDIM, against DPM-Solver-1's",
    "ancestral_is_ddim": "an ancestral step, against DDIM's with η = 1 and the same noise",
    "reverse_variance": "by how much the variance leaves the two choices, variances up to 1",
    "semigroup": "flow in one piece, against two",
    "gaussian_flow": "flow of the 64-D Gaussian from t = 0.8, against the closed form",
    "monotone_map": "flow of the straight path, against the quantiles' map, 101 points",
    "information_gain": "diffusion loss, against the gain in mutual information, nats",
    "schedule_invariance": "diffusion losses of VP and cosine between the same ends, nats",
    "nll": "mean of -log p of 200 points by the flow's divergence, nats",
    "nll_theory": "mean of -log p of the same points by the density, nats",
    "bound_gap": "log-likelihood minus the bound of 100 steps, nats",
    "bound_gap_{t}": "log-likelihood minus the bound of t steps, nats",
}
POINTS = 200
STEPS = (10, 30, 100)


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Largest difference of the two sides of each identity; 0 in exact arithmetic.

    Formula: $x_t = a(t) x_0 + s(t) \epsilon$ with $p(x_0) = \sum_k w_k N(\mu_k, C_k)$, so that
    $p(x_t) = \sum_k w_k N(a \mu_k, S_k)$ with $S_k = a^2 C_k + s^2 I$. The list of scores says
    which two sides are compared.

    Traps:
    - Most residuals are rounding errors of 64-bit arithmetic, about 1e-14. Maps have the error of
      the solver, whose tolerance is 1e-9, and integrals that of 40 nodes per dimension.
    - The bound of few steps is low though every denoiser is exact: a step is normal, with the
      variance of q(x_u | x_t, x_0), and the exact reverse step is neither.
    """
    x = outputs.data["x"][:POINTS].astype(np.float64)
    by_points = (
        identities.score,
        identities.tweedie,
        identities.conversions,
        identities.loss_weights,
        identities.velocity,
        identities.continuity,
        identities.fokker_planck,
        identities.ddim_is_euler,
        identities.ddim_is_dpm_solver_1,
        identities.ancestral_is_ddim,
        flows.semigroup,
    )
    scores = {function.__name__: float(function(x)) for function in by_points}
    without_points = (
        identities.reverse_variance,
        flows.gaussian_flow,
        flows.monotone_map,
        bounds.information_gain,
        bounds.schedule_invariance,
    )
    scores |= {function.__name__: float(function()) for function in without_points}
    scores["nll"], scores["nll_theory"] = flows.likelihood(x)
    for steps in STEPS:
        scores[f"bound_gap_{steps}"] = float(bounds.gap(steps))
    return scores | {"bound_gap": scores[f"bound_gap_{STEPS[-1]}"]}
