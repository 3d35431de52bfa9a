"""Eigenvalues of a linear operator that takes each step of a sequence to the next one."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

SECONDS = 0.01
RANGE = (float("-inf"), float("inf"))
BETTER = "lower"
HEADLINE = "distance"
NEEDS = ("inferred.operator", "inferred.nonlinearity", "data.x")
REFERENCE = "Naiman et al. 2024, section 4"
CONVENTIONS = {PAPER: "least squares over all steps and series"}
LABELS = {
    "radius": "Spectral radius",
    "distance": "Distance of eigenvalues from the unit circle",
    "near": "Eigenvalues near the unit circle",
    "frequency": "Frequency, radians per step",
    "nonlinearity": "Share of squares not explained by the operator",
    "re_{j}": "Real part of eigenvalue {j}",
    "im_{j}": "Imaginary part of eigenvalue {j}",
}
SCORES = {
    "radius": "largest modulus of an eigenvalue; 1 or less in a stable system",
    "radius_theory": "1, for series with a known `frequency`",
    "distance": "mean of | |eigenvalue| - 1 |",
    "near": "share of the eigenvalues whose modulus is from 0.95 to 1.05",
    "frequency": "angle of the eigenvalue with the largest modulus, radians per step, from 0 to pi",
    "frequency_theory": "frequency of the data set's sine waves, if it has one alone",
    "nonlinearity": "squared error of the operator's predictions over the sum of squares predicted",
    "re_{j}": "real part of an eigenvalue, `re_0` and `im_0` of the one with the largest modulus",
    "im_{j}": "its imaginary part; of a conjugate pair, the positive one comes first",
}
NEAR = 0.05


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Where the eigenvalues of a run's operator lie in the complex plane.

    Formula: $\lambda_j$ of $A = \arg\min_A \sum_{i, t} |z_{i, t} A - z_{i, t + 1}|^2$.

    Traps:
    - Least squares on noisy states shrinks eigenvalues towards 0, so that a small radius may be
      that of noise, and not of the dynamics.
    - Eigenvalues say nothing about how well the operator predicts; `nonlinearity` does.
    """
    matrix = outputs.inferred["operator"].astype(np.float64)
    values = np.linalg.eigvals(matrix).astype(complex)
    moduli = np.abs(values)
    # Rounding must not decide the order of a conjugate pair.
    order = np.lexsort((-values.imag, -values.real, -moduli.round(9)))
    values, moduli = values[order], moduli[order]
    scores = {
        "radius": float(moduli[0]),
        "distance": float(np.abs(moduli - 1).mean()),
        "near": float((np.abs(moduli - 1) <= NEAR).mean()),
        "frequency": float(abs(np.angle(values[0]))),
        "nonlinearity": float(outputs.inferred["nonlinearity"]),
    }
    if "frequency" in outputs.data:
        scores["radius_theory"] = 1.0
        scores["frequency_theory"] = float(outputs.data["frequency"][0])
    for j, value in enumerate(values):
        scores[f"re_{j}"] = float(value.real)
        scores[f"im_{j}"] = float(value.imag)
    return scores
