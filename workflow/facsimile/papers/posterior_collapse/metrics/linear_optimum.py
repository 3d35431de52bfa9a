"""Error to the optimum of a linear autoencoder: the result of training, beside the closed form."""

from typing import Any

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.posterior_collapse.metrics import _linear_optima as optima

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "omega_error"
NEEDS = ("inferred.omega", "inferred.lambda", "inferred.kl", "data.x")
REFERENCE = "Dang et al. 2024, Beyond vanilla variational autoencoders, Theorems 2, 3 and 5"
CONVENTIONS = {
    PAPER: "mean absolute error over units, as the authors' matrix scripts print it; KL and active "
    "units in nats"
}
SCORES = {
    "omega_error": "mean absolute error of the decoder's singular values (of the second level's, "
    "if there are two)",
    "lambda_error": "that of the encoder's on whitened data (of the first level's)",
    "sigma_error": "that of the posterior's standard deviations, where they are learned",
    "sigma_error_released": "the same against the formula of the authors' released code, which "
    "uses another threshold (CVAE)",
    "active_units": "latents whose KL is above 0.01 nats",
    "active_units_theory": "the number of active units of the closed form",
    "kl": "KL of all latents (of the second level), mean over rows, nats",
    "kl_theory": "the same of the closed form",
    "omega_{j}": "singular value j, and `omega_{j}_theory` its closed form; likewise `lambda_{j}`, "
    "`sigma_{j}`",
}
THRESHOLD = 1e-2  # nats, the authors' threshold of an active unit
Vector = npt.NDArray[Any]


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""How far a trained linear autoencoder is from the global optimum for its data.

    The closed form gives this optimum.

    Formula: $\frac{1}{d} \sum_i |\omega_i - \omega_i^*|$ for singular values in falling order, and
    likewise for the other quantities.

    Traps:
    - At a threshold, $\theta_i^2 = \beta \eta_{dec}^2$, a unit's loss is flat and gradient descent
      is slow: exactly at the threshold an error of 0.01 in $\omega$ remains after 3,000 steps,
      where other units have 0.00001.
    - A unit just above its threshold has a KL of $\frac{1}{2} \log(\theta^2 / \beta \eta_{dec}^2)$,
      which may be below the 0.01 nats that count as active.
    """
    latents = len(outputs.inferred["omega"])
    optimum = getattr(optima, outputs.model)
    theory = optimum(outputs.params, outputs.data, latents)
    scores: dict[str, float] = {}
    for name in ("omega", "lambda", "sigma"):
        if name in theory:
            scores |= _compared(name, outputs.inferred[name], theory[name])
    scores |= _units(outputs.inferred["kl"], theory)
    released_optimum = getattr(optima, f"{outputs.model}_released", None)
    if released_optimum is not None:
        released = released_optimum(outputs.params, outputs.data, latents)
        scores["sigma_error_released"] = _error(outputs.inferred["sigma"], released["sigma"])
    return scores


def _compared(
    name: str,
    trained: Vector,
    theory: Vector,
) -> dict[str, float]:
    """The error of one quantity, and its trained and theoretical values."""
    scores = {f"{name}_error": _error(trained, theory)}
    for j, value in enumerate(trained):
        scores[f"{name}_{j}"] = float(value)
    for j, value in enumerate(theory):
        scores[f"{name}_{j}_theory"] = float(value)
    return scores


def _error(trained: Vector, theory: Vector) -> float:
    """Mean absolute error."""
    return float(np.abs(trained.astype(np.float64) - theory).mean())


def _units(kl: Vector, theory: dict[str, Vector]) -> dict[str, float]:
    """Active units and KL, and those of the closed form where the posterior is learned."""
    scores = {
        "active_units": float((kl > THRESHOLD).sum()),
        "kl": float(kl.astype(np.float64).sum()),
    }
    if "kl" in theory:
        scores["active_units_theory"] = float((theory["kl"] > THRESHOLD).sum())
        scores["kl_theory"] = float(theory["kl"].sum())
    return scores
