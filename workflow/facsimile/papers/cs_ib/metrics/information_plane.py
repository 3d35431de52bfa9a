"""Information of a regression's predictions about the target, and of its codes about the inputs."""

import math

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.table import TEST, TRAINING, VALIDATION
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (float("-inf"), float("inf"))
BETTER = "higher"
HEADLINE = "i_ty_held_out"
NEEDS = ("inferred.prediction", "inferred.information", "data.y", "data.part")
REFERENCE = (
    "Yu et al. 2024, Cauchy-Schwarz divergence information bottleneck for regression, Figure 1"
)
CONVENTIONS = {
    PAPER: "as the released code: batches of 128 rows, whose I(T;Y) are averaged; the variance is "
    "that of the training targets"
}
LABELS = {
    "i_ty": "I(T;Y)",
    "i_ty_training": "I(T;Y), training rows",
    "i_ty_held_out": "I(T;Y), held-out rows",
    "i_ty_test": "I(T;Y), test rows",
    "i_xt": "I(X;T), normalised",
    "rmse_test": "RMSE, test rows",
}
SCORES = {
    "i_ty_training": "I(T;Y) of the rows that the model was trained on, bits",
    "i_ty_held_out": "I(T;Y) of the validation rows, bits",
    "i_ty_test": "I(T;Y) of the test rows, bits",
    "i_ty_held_out_theory": "the same as `i_ty_held_out` for the best prediction, where the noise "
    "of the targets is known, bits; `i_ty_training_theory` and `i_ty_test_theory` likewise",
    "i_xt": "normalised quadratic information I(X;T), mean over batches of training rows, 0 to 1",
    "rmse_test": "root mean squared error of the test rows, in the unit of the target",
}
BATCH = 128
PARTS = {"training": TRAINING, "held_out": VALIDATION, "test": TEST}
Floats = npt.NDArray[np.float64]


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""I(T;Y) of training and of held-out rows, and I(X;T).

    Formula: $I(T;Y) = \frac{1}{B} \sum_b \frac{1}{2} \log_2 \frac{\operatorname{Var} Y}{MSE_b}$,
    the information of a Gaussian channel with this error; $I(X;T)$ is
    $I_{CS}(x;t) / \sqrt{I_{CS}(x;x)\, I_{CS}(t;t)}$ with Gaussian kernels of width 1.

    Traps:
    - On training rows I(T;Y) also counts what the network has memorised: 0.2 bits on California
      housing after 200 epochs.
    - The mean over batches is larger than I(T;Y) of the mean error, by Jensen's inequality.
    - I(X;T) depends on the scale of the codes and on the batch size; for 128 rows it does not reach
      0.
    """
    y = outputs.data["y"].astype(np.float64)
    parts = outputs.data["part"]
    errors = y - outputs.inferred["prediction"].astype(np.float64)
    variance = float(y[parts == TRAINING].var(ddof=1))
    information = outputs.inferred["information"].astype(np.float64)
    scores = {"i_xt": float(information.mean())}
    for name, part in PARTS.items():
        here = parts == part
        scores[f"i_ty_{name}"] = _information(errors[here], variance)
        if "noise" in outputs.data:
            noise = outputs.data["noise"].astype(np.float64)
            scores[f"i_ty_{name}_theory"] = _information(noise[here], variance)
    of_test = errors[parts == TEST]
    mean_square = float((of_test**2).mean())
    return scores | {"rmse_test": math.sqrt(mean_square)}


def _information(
    errors: Floats,
    variance: float,
) -> float:
    """Mean over batches of half the binary logarithm of variance over squared error."""
    bits = []
    for start in range(0, len(errors), BATCH):
        batch = errors[start : start + BATCH]
        mean_square = float((batch**2).mean())
        bits.append(0.5 * math.log2(variance / mean_square))
    return float(np.mean(bits))
