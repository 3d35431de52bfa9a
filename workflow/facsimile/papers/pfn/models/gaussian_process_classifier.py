"""A Gaussian process for classes, a baseline of the comparison on small tables."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

from sklearn.gaussian_process import GaussianProcessClassifier as Estimator
from sklearn.gaussian_process.kernels import RBF
from sklearn.model_selection import GridSearchCV

from facsimile.papers.pfn.models._baseline import FOLDS, Baseline

LABEL = "GP"
VARIANCES = (0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
LENGTHS = (0.1, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class GaussianProcessClassifier(Baseline):
    """Laplace's approximation with a squared-exponential kernel.

    Its variance and length scale maximise the marginal likelihood, from 24 starting values.
    """

    trained: ClassVar[bool] = False

    def classifier(self) -> GridSearchCV:
        kernels = [variance * RBF(length) for variance, length in product(VARIANCES, LENGTHS)]
        return GridSearchCV(Estimator(), {"kernel": kernels}, cv=FOLDS)
