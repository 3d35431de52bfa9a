"""Accuracy of each task after all have been learned, and how much of it was forgotten."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

FIXED_SECONDS = 0.001
RANGE = (-1.0, 1.0)
BETTER = "higher"
HEADLINE = "average"
NEEDS = ("inferred.accuracy", "inferred.own", "inferred.binary")
REFERENCE = (
    "Chaudhry et al. 2018, Riemannian walk for incremental learning: average accuracy; forgetting "
    "as there, but from the accuracy right after a task instead of the best one"
)
CONVENTIONS = {PAPER: "accuracies on held-out images, with pre-activations drawn once"}
LABELS = {
    "average": "Average accuracy",
    "forgetting": "Forgetting",
    "first": "Accuracy of the first task",
    "own": "Accuracy after its own training",
    "binary": "Average accuracy, weights ±1",
    "accuracy_{k}": "Accuracy of task {k}",
}
SCORES = {
    "average": "mean accuracy of all tasks after the last one",
    "forgetting": "mean, over all tasks but the last, of the accuracy lost since it was learned",
    "first": "accuracy of the first task after the last one",
    "own": "mean accuracy of each task right after its own training",
    "binary": "as average, with the more probable weight everywhere",
    "accuracy_{k}": "accuracy of task k, from 0 on, after the last one",
}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Average accuracy $\frac{1}{T} \sum_k a_{T,k}$ and forgetting.

    Formula: $\frac{1}{T-1} \sum_{k<T} (a_{k,k} - a_{T,k})$, where $a_{j,k}$ is the accuracy of
    task k after task j. There is no forgetting of a single task.

    Traps:
    - A method that learns a task badly has little to forget; `own` says how well it learned.
    """
    accuracy = np.asarray(outputs.inferred["accuracy"], np.float64)
    own = np.asarray(outputs.inferred["own"], np.float64)
    scores = {
        "average": float(accuracy.mean()),
        "first": float(accuracy[0]),
        "own": float(own.mean()),
        "binary": float(np.mean(outputs.inferred["binary"])),
    }
    for task, value in enumerate(accuracy):
        scores[f"accuracy_{task}"] = float(value)
    if len(accuracy) > 1:
        scores["forgetting"] = float((own - accuracy)[:-1].mean())
    return scores
