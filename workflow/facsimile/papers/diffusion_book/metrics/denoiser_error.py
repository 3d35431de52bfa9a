"""Distance of a trained denoiser from the exact one, by time."""

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "error"
SECONDS = 0.25
NEEDS = ("inferred.levels", "inferred.error")
REFERENCE = "Lai et al. 2025, The principles of diffusion models"
CONVENTIONS = {PAPER: "mean over 5,000 noised rows of the data set"}
LABELS = {
    "error": "Error of the denoiser",
    "error_{j}": "Error of the denoiser at t = j / 100",
}
SCORES = {
    "error": "mean over times of `error_{j}`",
    "error_{j}": "mean of |trained - exact|² of the denoised point, at t = j / 100",
}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Mean squared difference of the trained and the exact denoiser at noised data.

    Formula: $E |\hat x_0(x_t, t) - E[x_0 \mid x_t]|^2$; a network's loss exceeds its least value by
    this error times the weight of its prediction.

    Traps:
    - It is the error of x_0 for all predictions. That of the noise is (a / s)² times as large, so
      that a network of noise may err much where a is small, without any harm to its own loss.
    """
    levels = outputs.inferred["levels"].tolist()
    errors = outputs.inferred["error"].tolist()
    scores = {
        f"error_{level}": error
        for level, error in zip(
            levels,
            errors,
            strict=True,
        )
    }
    return scores | {"error": sum(errors) / len(errors)}
