"""How much each latent matters to boosted trees that predict each factor: one fit a factor, for all metrics that ask."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _boosting
from facsimile.metrics._draws import Draws


class Importance(NamedTuple):
    """Importances [d, k], each column of sum one, and the share of rows each factor was predicted right for, train and test [k]."""

    matrix: npt.NDArray[np.float64]
    train: npt.NDArray[np.float64]
    test: npt.NDArray[np.float64]


def of(draws: Draws, rule: _boosting.Rule) -> Importance:
    """Fit the training points by the rule of a version of sklearn; made once for all metrics that ask."""
    return draws.shared(("importance", rule), lambda: _importance(draws, rule))


def _importance(draws: Draws, rule: _boosting.Rule) -> Importance:
    columns, train, test = [], [], []
    for seen, asked in zip(draws.train.factors.T, draws.test.factors.T, strict=True):
        # Values that the training points lack cannot be predicted; their test rows count as wrong.
        values, labels = np.unique(seen, return_inverse=True)
        found = _boosting.fit(draws.train.codes, labels, draws.test.codes, rule)
        columns.append(found.importances)
        train.append((values[found.train] == seen).mean())
        test.append((values[found.test] == asked).mean())
    return Importance(np.stack(columns, axis=1), np.array(train), np.array(test))
