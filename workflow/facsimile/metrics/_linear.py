"""Linear classifiers with every setting spelt out: libraries change their defaults, and published numbers with them."""

import warnings
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from facsimile.metrics.base.conventions import DLIB, DLIB_019, MODERN
from facsimile.metrics.base.draws import Codes

FOLDS = 5
# LogisticRegressionCV(Cs=10): inverse strengths of the L2 penalty.
STRENGTHS = np.logspace(-4, 4, 10)
# What scipy.optimize.fmin_l_bfgs_b(pgtol=1e-4, maxiter=100) meant in 2019.
LBFGS = {
    "maxiter": 100,
    "gtol": 1e-4,
    "ftol": 1e7 * 2.0**-52,
    "maxcor": 10,
    "maxls": 20,
    "maxfun": 15_000,
}
LARGE = 1e200
Labels = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]


def logistic(codes: Codes, labels: npt.NDArray[np.int64]) -> OneVsRestClassifier:
    """LogisticRegression() as scikit-learn up to 0.21 had it: liblinear, one class against the rest, L2 with C = 1.

    The intercept is penalised too, as liblinear does. Since 0.22 the default is one multinomial model by L-BFGS, which moved
    explicitness by up to 0.055 and BetaVAE scores by up to 0.014 on the same arrays.
    """
    one = LogisticRegression(C=1.0, solver="liblinear", tol=1e-4, max_iter=100, random_state=0)
    return _fit(OneVsRestClassifier(one), codes, labels)


def multinomial(codes: Codes, labels: npt.NDArray[np.int64]) -> LogisticRegression:
    """LogisticRegression() as scikit-learn has it since 0.22: multinomial, L-BFGS, 100 steps at most, free intercept."""
    return _fit(LogisticRegression(C=1.0, solver="lbfgs", tol=1e-4, max_iter=100), codes, labels)


# Which LogisticRegression() the reference's conventions mean.
CLASSIFIERS = {DLIB: logistic, DLIB_019: logistic, MODERN: multinomial}


def support_vector(codes: Codes, labels: npt.NDArray[np.int64]) -> LinearSVC:
    """LinearSVC(C=0.01, class_weight="balanced") by the primal: four times as fast as the reference's dual, within 8e-5."""
    svc = LinearSVC(
        C=0.01, class_weight="balanced", dual=False, tol=1e-4, max_iter=1000, random_state=0
    )
    return _fit(svc, codes, labels)


class OneVsRest(NamedTuple):
    """Values [K] of a factor, weights [K, d + 1] of each against the rest (intercept last; one row for two values), C [K]."""

    values: Labels
    weights: Weights
    strengths: Weights

    def predict(self, codes: Codes) -> Labels:
        """The value that each code [n, d] speaks for most."""
        evidence = _with_one(codes) @ self.weights.T
        return self.values[
            evidence.argmax(axis=1)
            if len(self.weights) > 1
            else (evidence[:, 0] > 0).astype(np.int64)
        ]


def logistic_cv(codes: Codes, labels: Labels) -> OneVsRest:
    """LogisticRegressionCV(Cs=10, cv=KFold(5)) as scikit-learn up to 0.21 had it, for labels of two values or more.

    One class against the rest, each with a C of its own: that of the highest accuracy in telling this class from the rest, and
    of those that reach it the smallest. A class that no plane cuts off is then given a C at which it is hardly ever predicted.
    scikit-learn cannot be asked for this any more, so its steps are taken here: SciPy's L-BFGS on the same sums, each C from
    the solution of the one before. Fewer points than folds: one point a fold (the reference stops with an error).
    """
    points, values = _with_one(codes), np.unique(labels)
    folds = list(KFold(min(FOLDS, len(labels))).split(points))
    asked = values if len(values) > 2 else values[1:]
    found = [_one_vs_rest(points, np.where(labels == value, 1.0, -1.0), folds) for value in asked]
    weights, strengths = zip(*found, strict=True)
    return OneVsRest(values, np.stack(weights), np.array(strengths))


def multinomial_cv(codes: Codes, labels: Labels) -> LogisticRegressionCV:
    """LogisticRegressionCV(Cs=10, cv=KFold(5)) as scikit-learn has it since 0.22: multinomial, one C for all classes."""
    folds = KFold(min(FOLDS, len(labels)))
    search = LogisticRegressionCV(
        Cs=STRENGTHS, cv=folds, scoring="accuracy", solver="lbfgs", tol=1e-4, max_iter=100
    )
    return _fit(search, codes, labels)


# Which LogisticRegressionCV(Cs=10, cv=KFold(5)) the reference's conventions mean.
SEARCHES = {DLIB: logistic_cv, DLIB_019: logistic_cv, MODERN: multinomial_cv}


def _with_one(codes: Codes) -> Weights:
    return np.column_stack((codes.astype(np.float64), np.ones(len(codes))))


def _one_vs_rest(
    points: Weights, signs: Weights, folds: list[tuple[Labels, Labels]]
) -> tuple[Weights, float]:
    """Weights [d + 1] from all points, at the C that does best in the folds; and that C."""
    paths = [
        _path(points[kept], signs[kept], STRENGTHS, np.zeros(points.shape[1])) for kept, _ in folds
    ]
    held_out = [out for _, out in folds]
    scores = [
        np.mean((points[out] @ path.T > 0) == (signs[out, None] > 0), axis=0)
        for path, out in zip(paths, held_out, strict=True)
    ]
    best = np.sum(scores, axis=0).argmax()
    start = np.mean([path[best] for path in paths], axis=0)
    return _path(points, signs, STRENGTHS[[best]], start)[0], float(STRENGTHS[best])


def _path(points: Weights, signs: Weights, strengths: Weights, weights: Weights) -> Weights:
    """Weights [strengths, d + 1] at each C in turn, each search started from the weights before."""
    columns, found = np.ascontiguousarray(points.T), []
    for strength in strengths:
        arguments = (columns, signs, 1.0 / strength)
        weights = minimize(_loss, weights, arguments, "L-BFGS-B", jac=True, options=LBFGS).x
        found.append(weights)
    return np.stack(found)


@njit(cache=True)
def _loss(weights, columns, signs, penalty):  # type: ignore[no-untyped-def]
    """Sum of log(1 + exp(-margin)) plus half the penalty times the squared weights without the intercept; and its gradient."""
    margins = signs * (weights @ columns)
    total, product = 0.0, 1.0
    for i in range(len(margins)):
        odds = np.exp(-abs(margins[i]))
        # one logarithm for hundreds of points: each factor is at most 2
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
        # The reference stops after as many iterations, converged or not; its number is what is asked for.
        warnings.simplefilter("ignore", ConvergenceWarning)
        # Few points of many values: a label may well be as rare as a number.
        warnings.filterwarnings(
            "ignore",
            message="The number of unique classes is greater than 50%",
            category=UserWarning,
        )
        # Of settings that are new or going, which no version from 1.5 on can be given alike.
        warnings.simplefilter("ignore", FutureWarning)
        return classifier.fit(codes, labels)
