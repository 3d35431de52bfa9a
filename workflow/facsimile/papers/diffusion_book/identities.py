"""The identities of diffusion models, each as the largest difference of its two sides.

The law is the mixture in the plane, whose marginals, scores and denoisers are exact; points are
drawn from it and noised. Differences are absolute: all quantities are of the order of 1.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from facsimile.papers.diffusion_book import flows, laws, methods
from facsimile.statistics.diffusion import predictions, samplers
from facsimile.statistics.diffusion.gaussian_mixture import Floats
from facsimile.statistics.diffusion.predictions import PREDICTIONS
from facsimile.statistics.diffusion.schedules import SCHEDULES, Schedule, VariancePreserving

TIMES = (0.1, 0.3, 0.5, 0.7, 0.9)
STEPS = ((0.9, 0.6), (0.6, 0.5), (0.5, 0.1), (0.1, 0.01))  # from t to u
PRESERVING = VariancePreserving()
Step = Callable[..., Floats]


def noised_points(
    x: Floats,
    schedule: Schedule,
    t: float,
) -> tuple[Floats, Floats]:
    """Return ``a x + s e`` and the noise e, both [n, d]."""
    noise = np.random.Generator(np.random.Philox(key=1)).standard_normal(x.shape)
    return schedule.a(t) * x + schedule.s(t) * noise, noise


def largest(*differences: Floats | float) -> float:
    """Return the largest absolute entry of all arguments."""
    return float(max(np.abs(difference).max() for difference in differences))


def score(x: Floats) -> float:
    """Gradient of log p, against central differences of log p."""
    noisy, _ = noised_points(x, PRESERVING, 0.3)
    law = laws.planar().noised(
        PRESERVING.a(0.3),
        PRESERVING.s(0.3),
    )
    step = 1e-5
    differences = []
    for axis, unit in enumerate(np.eye(x.shape[1])):
        ahead, behind = (law.log_density(noisy + sign * step * unit) for sign in (1, -1))
        differences.append((ahead - behind) / (2 * step) - law.score(noisy)[:, axis])
    return largest(*differences)


def tweedie(x: Floats) -> float:
    """(x + s² score) / a, against the mean of x_0 given x_t by conditioning each component."""
    differences = []
    for t in TIMES:
        a, s = PRESERVING.a(t), PRESERVING.s(t)
        noisy, _ = noised_points(x, PRESERVING, t)
        score = (
            laws.planar()
            .noised(
                a,
                s,
            )
            .score(noisy)
        )
        differences.append(
            (noisy + s**2 * score) / a
            - laws.planar().denoise(
                noisy,
                a,
                s,
            )
        )
    return largest(*differences)


def conversions(x: Floats) -> float:
    """x_0 from each of noise, data, velocity and score."""
    differences = []
    for t in TIMES:
        a, s = PRESERVING.a(t), PRESERVING.s(t)
        noisy, noise = noised_points(x, PRESERVING, t)
        for prediction in PREDICTIONS:
            output = predictions.target(prediction, x, noise, a, s)
            differences.append(
                predictions.denoised(
                    prediction,
                    output,
                    noisy,
                    a,
                    s,
                )
                - x
            )
    return largest(*differences)


def loss_weights(x: Floats) -> float:
    """Squared errors of four predictions that stand for one denoiser, divided by their weights."""
    differences = []
    for t in TIMES:
        a, s = PRESERVING.a(t), PRESERVING.s(t)
        noisy, noise = noised_points(x, PRESERVING, t)
        data = laws.planar().denoise(noisy, a, s)
        expected = (noisy - a * data) / s
        error = np.square(x - data).sum(1)
        for prediction in PREDICTIONS:
            wanted = predictions.target(prediction, x, noise, a, s)
            output = predictions.target(prediction, data, expected, a, s)
            weighted = predictions.loss_weight(prediction, a, s) * error
            ratio = np.square(wanted - output).sum(1) / weighted
            differences.append(ratio - 1)
    return largest(*differences)


def velocity(x: Floats) -> float:
    """Velocity f x - g² score / 2, against a' E[x_0] + s' E[e], for all schedules."""
    differences = []
    for schedule in SCHEDULES.values():
        for t in TIMES:
            noisy, _ = noised_points(x, schedule, t)
            expected = methods.exact(laws.planar(), schedule).velocity(
                noisy,
                t,
            )
            differences.append(
                (
                    flows.velocity(
                        noisy,
                        schedule,
                        t,
                    )
                    - expected
                )
                / _size(schedule, t)
            )
    return largest(*differences)


def ddim_is_euler(x: Floats) -> float:
    """DDIM's step, against Euler's in the variable σ = s / a for x / a."""
    differences = []
    for t, u in STEPS:
        noisy, _ = noised_points(x, PRESERVING, t)
        process = methods.exact(laws.planar(), PRESERVING)
        a_before, a_after = PRESERVING.a(t), PRESERVING.a(u)
        length = PRESERVING.s(u) / a_after - PRESERVING.s(t) / a_before
        # d(x / a) / dσ is the expected noise.
        _, slope = process.parts(noisy, t)
        expected = a_after * (noisy / a_before + length * slope)
        differences.append(
            samplers.ddim(
                noisy,
                process,
                t,
                u,
            )
            - expected
        )
    return largest(*differences)


def ddim_is_dpm_solver_1(x: Floats) -> float:
    """DDIM's step, against DPM-Solver's of first order."""
    return _steps_differ(x, samplers.ddim, samplers.dpm_solver_1)


def ancestral_is_ddim(x: Floats) -> float:
    """DDPM's ancestral step by Bayes' rule, against DDIM's with η = 1."""
    return _steps_differ(
        x,
        samplers.ancestral,
        partial(samplers.ddim, eta=1.0),
    )


def continuity(x: Floats) -> float:
    """∂_t log p + div v + v · score of the probability-flow equation, which is 0."""
    differences = []
    for schedule in SCHEDULES.values():
        for t in TIMES:
            noisy, _ = noised_points(x, schedule, t)
            law = laws.planar().noised(
                schedule.a(t),
                schedule.s(t),
            )
            flow = flows.velocity(noisy, schedule, t)
            carried = (flow * law.score(noisy)).sum(1)
            residual = (
                _log_rate(noisy, schedule, t)
                + flows.divergence(
                    noisy,
                    schedule,
                    t,
                )
                + carried
            )
            differences.append(residual / _size(schedule, t))
    return largest(*differences)


def fokker_planck(x: Floats) -> float:
    """∂_t p + div(f x p) - g² Δp / 2, divided by p, which is 0."""
    differences = []
    for schedule in SCHEDULES.values():
        for t in TIMES:
            noisy, _ = noised_points(x, schedule, t)
            law = laws.planar().noised(
                schedule.a(t),
                schedule.s(t),
            )
            score = law.score(noisy)
            drift = schedule.drift(t) * (noisy * score + 1).sum(1)
            laplacian = np.trace(
                law.hessian(noisy),
                axis1=1,
                axis2=2,
            ) + (score**2).sum(1)
            spread = 0.5 * schedule.squared_diffusion(t) * laplacian
            residual = _log_rate(noisy, schedule, t) + drift - spread
            differences.append(residual / _size(schedule, t))
    return largest(*differences)


def reverse_variance() -> float:
    """By how much Var(x_u | x_t) leaves DDPM's two choices, for Gaussian data with l <= 1."""
    variances = laws.variances()
    variances = variances[variances <= 1]
    excess = []
    for t, u in STEPS:
        step = samplers.posterior(PRESERVING, t, u)
        before, after = (
            PRESERVING.a(time) ** 2 * variances + PRESERVING.s(time) ** 2 for time in (t, u)
        )
        ratio = PRESERVING.a(t) / PRESERVING.a(u)
        true = after - (ratio * after) ** 2 / before
        largest_choice = 1 - ratio**2
        excess += [step.deviation**2 - true, true - largest_choice]
    return max(0.0, float(np.max(excess)))


def _size(schedule: Schedule, t: float) -> float:
    """A scale for rates, which are large where a schedule is fast."""
    return max(1.0, float(schedule.squared_diffusion(t)))


def _log_rate(
    x: Floats,
    schedule: Schedule,
    t: float,
) -> Floats:
    """∂_t log p_t(x), [n], from the derivatives of the components' means and covariances.

    With mean m, covariance S and r = S⁻¹ (x - m), the rate of a component's log-density is
    m' · r + r · S' r / 2 - tr(S⁻¹ S') / 2.
    """
    planar = laws.planar()
    a, s = schedule.a(t), schedule.s(t)
    rate_of_a, rate_of_s = schedule.a_rate(t), schedule.s_rate(t)
    noisy = planar.noised(a, s)
    of_covariances = 2 * a * rate_of_a * planar.covariances
    of_covariances = of_covariances + 2 * s * rate_of_s * np.eye(x.shape[1])
    shares = noisy.responsibilities(x)
    rate = np.zeros(len(x))
    for k, precision in enumerate(noisy.precisions):
        pull = (x - noisy.means[k]) @ precision
        of_mean = pull @ (rate_of_a * planar.means[k])
        of_spread = 0.5 * np.einsum(
            "ni,ij,nj->n",
            pull,
            of_covariances[k],
            pull,
        )
        of_height = 0.5 * np.trace(precision @ of_covariances[k])
        rate += shares[:, k] * (of_mean + of_spread - of_height)
    return rate


def _steps_differ(
    x: Floats,
    first: Step,
    second: Step,
) -> float:
    process = methods.exact(laws.planar(), PRESERVING)
    differences = []
    for t, u in STEPS:
        noisy, noise = noised_points(x, PRESERVING, t)
        steps = [
            step(
                noisy,
                process,
                t,
                u,
                noise,
            )
            for step in (first, second)
        ]
        differences.append(steps[0] - steps[1])
    return largest(*differences)
