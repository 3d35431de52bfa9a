"""Error to the optimum of a linear autoencoder: what training reached, beside the closed form."""

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
    PAPER: "mean absolute error over units, as the authors' matrix scripts print it; KL and active units in nats"
}
SCORES = {
    "omega_error": "mean absolute error of the decoder's singular values (of the second level's, if there are two)",
    "lambda_error": "that of the encoder's on whitened data (of the first level's)",
    "sigma_error": "that of the posterior's standard deviations, where they are learned",
    "sigma_error_released": "the same against the formula of the authors' released code, which tests another threshold (CVAE)",
    "active_units": "latents whose KL is above 0.01 nats",
    "active_units_theory": "how many the closed form has",
    "kl": "KL of all latents (of the second level), mean over rows, nats",
    "kl_theory": "the same of the closed form",
    "omega_{j}": "singular value j, and `omega_{j}_theory` its closed form; likewise `lambda_{j}`, `sigma_{j}`",
}
THRESHOLD = 1e-2  # nats, the authors' threshold of an active unit
Vector = npt.NDArray[Any]


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""How far a trained linear autoencoder is from the global optimum that the closed form predicts for its data.

    Formula: $\frac{1}{d} \sum_i |\omega_i - \omega_i^*|$ for singular values in falling order, and so on.

    Traps:
    - At a threshold, $\theta_i^2 = \beta \eta_{dec}^2$, a unit's loss is flat and gradient descent creeps: at one that is met
      exactly an error of 0.01 in $\omega$ is left after 3,000 steps that leave 0.00001 elsewhere.
    - A unit just above its threshold has a KL of $\frac{1}{2} \log(\theta^2 / \beta \eta_{dec}^2)$, which may be below the 0.01
      nats that count as active.
    """
    latents = len(outputs.inferred["omega"])
    theory = getattr(optima, outputs.model)(outputs.params, outputs.data, latents)
    found: dict[str, float] = {}
    for name in [name for name in ("omega", "lambda", "sigma") if name in theory]:
        found |= _beside(name, outputs.inferred[name], theory[name])
    found |= _units(outputs.inferred["kl"], theory)
    if released := getattr(optima, f"{outputs.model}_released", None):
        predicted = released(outputs.params, outputs.data, latents)["sigma"]
        found["sigma_error_released"] = _error(outputs.inferred["sigma"], predicted)
    return found


def _beside(name: str, ours: Vector, theory: Vector) -> dict[str, float]:
    each = {f"{name}_{j}": float(value) for j, value in enumerate(ours)}
    exact = {f"{name}_{j}_theory": float(value) for j, value in enumerate(theory)}
    return {f"{name}_error": _error(ours, theory)} | each | exact


def _error(ours: Vector, theory: Vector) -> float:
    return float(np.abs(ours.astype(np.float64) - theory).mean())


def _units(kl: Vector, theory: dict[str, Vector]) -> dict[str, float]:
    """Active units and KL, and those of the closed form where the posterior is learned."""
    found = {
        "active_units": float((kl > THRESHOLD).sum()),
        "kl": float(kl.astype(np.float64).sum()),
    }
    if "kl" not in theory:
        return found
    return found | {
        "active_units_theory": float((theory["kl"] > THRESHOLD).sum()),
        "kl_theory": float(theory["kl"].sum()),
    }
