"""Linear classifiers with every setting explicit.

Libraries change their defaults, and published numbers change with them.
"""

import warnings
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from facsimile.metrics import _lbfgs
from facsimile.metrics.base.conventions import DLIB, DLIB_019, MODERN
from facsimile.metrics.base.draws import Codes

FOLDS = 5
# LogisticRegressionCV(Cs=10): inverse strengths of the L2 penalty.
STRENGTHS = np.logspace(-4, 4, 10)
# What scipy.optimize.fmin_l_bfgs_b(pgtol=1e-4, maxiter=100) meant in 2019.
LBFGS = _lbfgs.Settings(maxiter=100, gtol=1e-4)
LARGE = 1e200
Labels = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]


def logistic(codes: Codes, labels: npt.NDArray[np.int64]) -> OneVsRestClassifier:
    """LogisticRegression() as in scikit-learn up to 0.21: liblinear, one-vs-rest, L2 with C = 1.

    The intercept is penalised too, as in liblinear. Since 0.22 the default is one multinomial model
    by L-BFGS, which changed explicitness by up to 0.055 and BetaVAE scores by up to 0.014 on the
    same arrays.
    """
    binary = LogisticRegression(
        C=1.0,
        solver="liblinear",
        tol=1e-4,
        max_iter=100,
        random_state=0,
    )
    return _fit(OneVsRestClassifier(binary), codes, labels)


def multinomial(codes: Codes, labels: npt.NDArray[np.int64]) -> LogisticRegression:
    """LogisticRegression() as in scikit-learn since 0.22: multinomial by L-BFGS.

    It takes 100 steps at most, and the intercept is not penalised.
    """
    classifier = LogisticRegression(C=1.0, solver="lbfgs", tol=1e-4, max_iter=100)
    return _fit(classifier, codes, labels)


# The LogisticRegression() of each convention of the reference.
CLASSIFIERS = {DLIB: logistic, DLIB_019: logistic, MODERN: multinomial}


def support_vector(codes: Codes, labels: npt.NDArray[np.int64]) -> LinearSVC:
    """LinearSVC(C=0.01, class_weight="balanced"), solved in the primal.

    This is four times as fast as the reference's dual, and within 8e-5 of it.
    """
    classifier = LinearSVC(
        C=0.01,
        class_weight="balanced",
        dual=False,
        tol=1e-4,
        max_iter=1000,
        random_state=0,
    )
    return _fit(classifier, codes, labels)


class OneVsRest(NamedTuple):
    """Binary classifiers of the K values of a factor.

    ``weights`` [K, d + 1] separate each value from the rest (intercept last; one row for two
    values); ``strengths`` [K] are the C that were selected.
    """

    values: Labels
    weights: Weights
    strengths: Weights

    def predict(self, codes: Codes) -> Labels:
        """The value with the most evidence for each code [n, d]."""
        evidence = _with_intercept(codes) @ self.weights.T
        if len(self.weights) > 1:
            return self.values[evidence.argmax(axis=1)]
        return self.values[(evidence[:, 0] > 0).astype(np.int64)]


def logistic_cv(codes: Codes, labels: Labels) -> OneVsRest:
    """LogisticRegressionCV(Cs=10, cv=KFold(5)) as in scikit-learn up to 0.21.

    ``labels`` must have two values or more. Each class is separated from the rest with its own C:
    the one of the highest accuracy at this task and, if several reach it, the smallest. A class
    that no plane cuts off then gets a C at which it is hardly ever predicted.

    scikit-learn no longer offers this, so its steps are repeated here: SciPy's L-BFGS on the same
    sums, each C starting from the solution of the previous one. With fewer points than folds there
    is one point per fold (the reference stops with an error).
    """
    points = _with_intercept(codes)
    values = np.unique(labels)
    folds = list(KFold(min(FOLDS, len(labels))).split(points))
    # Two values need a single classifier, of the second against the first.
    positives = values if len(values) > 2 else values[1:]
    weights, strengths = [], []
    for value in positives:
        signs = np.where(labels == value, 1.0, -1.0)
        weights_of_value, strength = _one_vs_rest(points, signs, folds)
        weights.append(weights_of_value)
        strengths.append(strength)
    return OneVsRest(values, np.stack(weights), np.array(strengths))


def multinomial_cv(codes: Codes, labels: Labels) -> LogisticRegressionCV:
    """LogisticRegressionCV(Cs=10, cv=KFold(5)) as in scikit-learn since 0.22.

    It is multinomial, with one C for all classes.
    """
    search = LogisticRegressionCV(
        Cs=STRENGTHS,
        cv=KFold(min(FOLDS, len(labels))),
        scoring="accuracy",
        solver="lbfgs",
        tol=1e-4,
        max_iter=100,
    )
    return _fit(search, codes, labels)


# The LogisticRegressionCV(Cs=10, cv=KFold(5)) of each convention of the reference.
SEARCHES = {DLIB: logistic_cv, DLIB_019: logistic_cv, MODERN: multinomial_cv}


def _with_intercept(codes: Codes) -> Weights:
    """Codes [n, d] in float64, and a column of ones."""
    ones = np.ones(len(codes))
    return np.column_stack((codes.astype(np.float64), ones))


def _one_vs_rest(
    points: Weights, signs: Weights, folds: list[tuple[Labels, Labels]]
) -> tuple[Weights, float]:
    """Weights [d + 1] fitted to all points with the C that is best in the folds, and that C."""
    paths, scores = [], []
    for kept, held_out in folds:
        start = np.zeros(points.shape[1])
        path = _path(points[kept], signs[kept], STRENGTHS, start)
        predicted = points[held_out] @ path.T > 0
        positive = signs[held_out, None] > 0
        paths.append(path)
        scores.append(np.mean(predicted == positive, axis=0))
    best = np.sum(scores, axis=0).argmax()
    mean_weights = np.mean([path[best] for path in paths], axis=0)
    weights = _path(points, signs, STRENGTHS[[best]], mean_weights)[0]
    return weights, float(STRENGTHS[best])


def _path(
    points: Weights,
    signs: Weights,
    strengths: Weights,
    weights: Weights,
) -> Weights:
    """Weights [strengths, d + 1] at each C in turn, each search starting from the previous one."""
    columns = np.ascontiguousarray(points.T)
    path = []
    for strength in strengths:
        arguments = (columns, signs, 1.0 / strength)
        weights = _lbfgs.minimum(_loss, weights, arguments, LBFGS)
        path.append(weights)
    return np.stack(path)


@njit(cache=True)
def _loss(weights, columns, signs, penalty):  # type: ignore[no-untyped-def]
    """The penalised logistic loss and its gradient.

    The loss is the sum of log(1 + exp(-margin)) plus half the penalty times the squared weights
    without the intercept.
    """
    margins = signs * (weights @ columns)
    total, product = 0.0, 1.0
    for i in range(len(margins)):
        odds = np.exp(-abs(margins[i]))
        # One logarithm for hundreds of points, because each factor is at most 2.
        product *= 1.0 + odds
        if product > LARGE:
            total, product = total + np.log(product), 1.0
        total -= min(margins[i], 0.0)
        margins[i] = signs[i] * (odds if margins[i] > 0.0 else 1.0) / (1.0 + odds)
    shrunk = penalty * weights
    shrunk[-1] = 0.0
    return total + np.log(product) + 0.5 * (shrunk @ weights), shrunk - columns @ margins


def _fit(classifier, codes, labels):  # type: ignore[no-untyped-def]
    with warnings.catch_warnings():
        # The reference stops after the same number of iterations, whether it has converged or not.
        warnings.simplefilter("ignore", ConvergenceWarning)
        # With few points of many values, scikit-learn suspects a regression problem.
        warnings.filterwarnings(
            "ignore",
            message="The number of unique classes is greater than 50%",
            category=UserWarning,
        )
        # About settings that are new or deprecated; no spelling suits all versions from 1.5 on.
        warnings.simplefilter("ignore", FutureWarning)
        return classifier.fit(codes, labels)
