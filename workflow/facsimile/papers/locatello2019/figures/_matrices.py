"""The matrices of codes and factors of the runs that a figure shows (metric ``unified``)."""

from types import ModuleType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.figures.base import examples as base_examples
from facsimile.figures.base.specimens import Specimens
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec

Matrix = npt.NDArray[np.float64]
TITLES = {
    "mutual_information": "Mutual information, nats",
    "gradient_boosting": "Importance in boosted trees",
    "support_vector": "Accuracy of SVMs on one code",
}
MISSING = "no model is in the store"


class Example(NamedTuple):
    """A run that a figure shows, with its matrices.

    Parameters
    ----------
    run
        Identity, rank and score of the run.
    name
        What the figure calls the run.
    matrices
        Name -> matrix [d, k] of d codes and k factors.
    factors
        Names of the k factors.
    """

    run: pd.Series
    name: str
    matrices: dict[str, Matrix]
    factors: list[str]

    @property
    def title(self) -> str:
        """``best MIG (0.512): β-VAE, β = 4, seed 0``."""
        metric = names.metric(self.run["metric"])
        return f"{self.run['rank']} {metric} ({self.run['result']:.3f}): {self.name}"

    @property
    def identity(self) -> dict[str, object]:
        """The columns that identify the run in a figure's data."""
        return {column: self.run[column] for column in (*base_examples.IDENTITY, "rank")}


def examples(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> list[Example]:
    """The best, the median and the worst run by the figure's first score, with their matrices.

    The matrices are computed on the points that the study's scores are computed on.
    """
    chosen = base_examples.by_rank(scores, spec, context)
    chosen = base_examples.stored(chosen, specimens)
    return [_example(run, context, specimens) for _, run in chosen.iterrows()]


def remark(spec: Spec) -> str:
    """How the runs were chosen."""
    score = f" by {names.metric(spec.metrics[0])}" if spec.metrics else ""
    return (
        f"The best, the middle and the worst trained run{score}; "
        "points and convention as the scores have them."
    )


def unified() -> ModuleType:
    """The metric, which takes a second to import; the comparison imports this file without it."""
    from facsimile.metrics import unified

    return unified


def _example(
    run: pd.Series,
    context: Context,
    specimens: Specimens,
) -> Example:
    from facsimile.metrics.base import draws as base_draws
    from facsimile.metrics.base.conventions import resolve

    evaluation = context.scale.evaluation
    means, _ = specimens.codes(run["run"])
    factors, factor_names = specimens.factors(run["run"])
    draws = base_draws.from_table(
        means, factors, evaluation.train, evaluation.test, evaluation.seed
    )
    metric = unified()
    convention = resolve(evaluation.convention, metric.CONVENTIONS, "unified")
    return Example(
        run=run,
        name=base_examples.title(run, context),
        matrices=metric.matrices(draws, convention),
        factors=[name.replace("_", " ") for name in factor_names],
    )
