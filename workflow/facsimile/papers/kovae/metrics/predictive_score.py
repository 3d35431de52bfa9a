"""How well networks that are trained on generated series predict real ones."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

# Measured on one core: 6 ms per step with 6 features.
SECONDS = 30.0
RANGE = (0.0, 1.0)
BETTER = "lower"
HEADLINE = "score"
NEEDS = ("inferred.generated", "data.x")
REFERENCE = "Yoon, Jarrett and van der Schaar 2019, Time-series generative adversarial networks"
CONVENTIONS = {PAPER: "3 predictors of the last feature, 5,000 steps each, mean absolute error"}
LABELS = {
    "score": "Predictive score",
    "deviation": "Deviation over predictors",
    "constant": "Error of the median",
}
SCORES = {
    "score": "mean absolute error on real series, in their unit, mean over predictors",
    "deviation": "standard deviation of the error over predictors of the one model",
    "constant": "mean absolute error of the median of the predicted values, which reads nothing",
}
STEPS = 5_000


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Error of one-step predictions on real series, by predictors trained on generated ones.

    A predictor is a GRU with half as many units as features. It reads all features but the last
    one, and predicts the last one of the next step (TimeGAN's metrics/predictive_metrics.py, which
    is among the files of azencot-group/KoVAE and called by none).

    Formula: $\frac{1}{J} \sum_j \frac{1}{n (T - 1)} \sum_{i, t} |x_{i, t + 1, d} - \hat x_j(x_{i,
    1:t, 1:d-1})|$ over $J$ predictors.

    Traps:
    - The predicted feature of Stock is the volume, which prices say little about: predictors that
      are trained on real series have an error of 0.037, and its median one of 0.065.
    - A predictor without its own past of the last feature cannot see its slope.
    - TensorFlow's GRU applies the reset gate before the product with the recurrent weights,
      torch's after it.
    """
    # The core of the package has no torch.
    from facsimile.papers.kovae.metrics import _judges as judges

    real, generated = judges.series(outputs)
    steps = judges.steps_of(len(real), STEPS)
    errors = judges.prediction_errors(real, generated, steps, outputs.seed)
    targets = real[:, 1:, -1].astype(np.float64)
    return {
        "score": float(errors.mean()),
        "deviation": float(errors.std()),
        "constant": float(np.abs(targets - np.median(targets)).mean()),
    }
