"""The matrices of codes and factors of the runs that a figure shows (metric ``unified``)."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.figures.base import examples as base_examples
from facsimile.figures.base.specimens import Specimens
from facsimile.metrics import unified
from facsimile.metrics.base import draws as base_draws
from facsimile.metrics.base.conventions import resolve
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec

Matrix = npt.NDArray[np.float64]
TITLES = {
    "mutual_information": "Mutual information, nats",
    "gradient_boosting": "Importance in boosted trees",
    "support_vector": "Accuracy of SVMs on one code",
}


class Example(NamedTuple):
    """A run and how it is called, its matrices [d, k] by name, and the names of the k factors."""

    run: pd.Series
    called: str
    matrices: dict[str, Matrix]
    factors: list[str]

    @property
    def said(self) -> str:
        """What the run is, and by what it was chosen."""
        ranked = f"{self.run['rank']} {names.metric(self.run['metric'])} ({self.run['result']:.3f})"
        return f"{ranked}: {self.called}"

    @property
    def about(self) -> dict[str, object]:
        """The columns that say which run a row of data is of."""
        return {key: self.run[key] for key in (*base_examples.IDENTITY, "rank")}


def examples(
    scores: pd.DataFrame, spec: Spec, context: Context, specimens: Specimens
) -> list[Example]:
    """The matrices of the best, the middle and the worst run by the figure's score, from the study's own draws."""
    chosen = base_examples.there(base_examples.by_rank(scores, spec, context), specimens)
    return [_example(row, context, specimens) for _, row in chosen.iterrows()]


def remark(spec: Spec) -> str:
    """How the runs were chosen."""
    score = f" by {names.metric(spec.metrics[0])}" if spec.metrics else ""
    return f"The best, the middle and the worst trained run{score}; points and convention as the scores have them."


def _example(run: pd.Series, context: Context, specimens: Specimens) -> Example:
    factors, called = specimens.factors(run["run"])
    asked = context.scale.evaluation
    draws = base_draws.from_table(
        specimens.codes(run["run"])[0], factors, asked.train, asked.test, asked.seed
    )
    convention = resolve(asked.convention, unified.CONVENTIONS, "unified")
    matrices = unified.matrices(draws, convention)
    return Example(
        run, base_examples.said(run, context), matrices, [name.replace("_", " ") for name in called]
    )
