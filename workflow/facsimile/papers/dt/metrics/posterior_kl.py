"""KL divergence from exact posteriors of a variance to what a model infers."""

import math

import numpy as np
from scipy import interpolate

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.dt import inverse_gamma
from facsimile.papers.dt.inverse_gamma import Floats, Mixture

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "expected_kl"
NEEDS = (
    "inferred.weight",
    "inferred.mean",
    "inferred.scale",
    "inferred.parameters",
    "data.prior",
    "data.z",
)
REFERENCE = "Whittle et al. 2026, Distribution transformers, Table 1"
CONVENTIONS = {PAPER: "mean over all problems of the data set, each by quadrature"}
LABELS = {
    "expected_kl": "Expected KL",
    "median_kl": "Median KL",
    "half_width": "Half-width of the 95 % interval",
    "least_kl": "Least KL of K components",
    "kl_of_prior": "KL of the prior",
    "parameters": "Parameters",
}
SCORES = {
    "expected_kl": "mean KL divergence from the exact posterior, nats",
    "expected_kl_theory": "of the Gaussian that maximises the evidence lower bound; of SVI, nats",
    "median_kl": "median over problems, nats",
    "half_width": "1.96 standard errors of the mean over problems, nats",
    "least_kl": "mean of the least KL that the number of components allows; of 1, 2 and 5, nats",
    "kl_of_prior": "mean KL from the posterior to the prior, in closed form, nats",
    "parameters": "number of parameters that are trained",
}
# The least KL of a mixture depends on the posterior's shape and the number of components alone.
# These are found by ``least_kl`` in tests/papers/dt/test_posteriors.py, which checks some again.
SHAPES = (0.5, 0.75, 1.0, 1.5, 2.5, 4.0, 8.0, 16.0, 32.0)
LEAST = {
    2: (
        3.00039e-2,
        1.95911e-2,
        1.40283e-2,
        8.41669e-3,
        4.20286e-3,
        2.15251e-3,
        7.81977e-4,
        2.79122e-4,
        9.81929e-5,
    ),
    5: (
        6.92214e-4,
        3.36813e-4,
        1.92911e-4,
        8.26286e-5,
        2.57830e-5,
        8.13793e-6,
        1.33365e-6,
        2.00908e-7,
        5.65394e-8,
    ),
}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Mean over problems of the KL divergence from the exact posterior to a mixture of Gaussians.

    Formula: $E\, KL(p(u \mid z) \| q(u \mid z))$ with $u = \log x$; the divergence over $x$ is the
    same.

    Traps:
    - The direction is that of the paper: the exact posterior comes first, while SVI minimises the
      other direction. Of Gaussians, the best has 0.036 nats on narrow priors, SVI's optimum 0.047.
    - Each mean is over 1,000 problems. Where priors are wide, their standard error is 2 % of the
      mean for SVI's optimum.
    """
    prior = outputs.data["prior"].astype(np.float64)
    exact = inverse_gamma.posterior(prior, outputs.data["z"].astype(np.float64))
    weights = outputs.inferred["weight"].astype(np.float64)
    means = outputs.inferred["mean"].astype(np.float64)
    scales = outputs.inferred["scale"].astype(np.float64)
    divergences = inverse_gamma.kl(exact, Mixture(weights, means, scales))
    deviation = divergences.std(ddof=1)
    scores = {
        "expected_kl": float(divergences.mean()),
        "median_kl": float(np.median(divergences)),
        "half_width": float(1.96 * deviation / math.sqrt(len(divergences))),
        "kl_of_prior": float(inverse_gamma.kl_of_prior(prior, exact).mean()),
        "parameters": float(outputs.inferred["parameters"]),
    }
    components = weights.shape[1]
    if components == 1:
        best = inverse_gamma.variational(exact)
        scores["expected_kl_theory"] = float(inverse_gamma.kl(exact, best).mean())
    least = least_kl(exact, components)
    if least is not None:
        scores["least_kl"] = float(least.mean())
    return scores


def least_kl(
    exact: Floats,
    components: int,
) -> Floats | None:
    """Return the least KL [n] of mixtures of some number of components; None where unknown.

    Of 1 component it is exact; else log KL is interpolated in the logarithm of the shape, and a
    shape above 32 has the value of 32, at most 1e-4.

    Args:
        exact: shape and scale of each posterior [n, 2].
        components: number of components.
    """
    if components == 1:
        return inverse_gamma.kl(exact, inverse_gamma.matched(exact))
    if components not in LEAST:
        return None
    shape = exact[:, 0].clip(SHAPES[0], SHAPES[-1])
    logarithms = interpolate.PchipInterpolator(np.log(SHAPES), np.log(LEAST[components]))
    return np.asarray(np.exp(logarithms(np.log(shape))))
