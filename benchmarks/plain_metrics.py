"""The metrics as disentanglement_lib computes them, written plainly with today's scikit-learn."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg
import scipy.stats
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score, roc_auc_score
from sklearn.preprocessing import StandardScaler, label_binarize
from sklearn.svm import LinearSVC

from facsimile.metrics.base.draws import Draws

Array = npt.NDArray[Any]
Scores = dict[str, float]
SIZES = (3, 6, 40, 32, 32)  # of the factors; the grid is complete and in C order


def plain_dci(draws: Draws) -> Scores:
    """Importances of one GradientBoostingClassifier per factor."""
    train, test = draws.train, draws.test
    fits = [GradientBoostingClassifier().fit(train.codes, labels) for labels in train.factors.T]
    importance = np.stack([fit.feature_importances_ for fit in fits], axis=1)
    accuracy = []
    for part in (train, test):
        pairs = zip(fits, part.factors.T, strict=True)
        accuracy.append(np.mean([np.mean(fit.predict(part.codes) == y) for fit, y in pairs]))
    return {
        "disentanglement": _concentration(importance),
        "completeness": _concentration(importance.T),
        "informativeness_train": float(accuracy[0]),
        "informativeness_test": float(accuracy[1]),
    }


def _concentration(importance: Array) -> float:
    per_row = 1 - scipy.stats.entropy(importance.T + 1e-11, base=importance.shape[1])
    return float(np.sum(per_row * importance.sum(axis=1) / importance.sum()))


def _binned(codes: Array) -> Array:
    return np.stack([np.digitize(code, np.histogram(code, 20)[1][:-1]) for code in codes.T], axis=1)


def _information(one: Array, other: Array) -> Array:
    return np.array([[mutual_info_score(b, a) for b in other.T] for a in one.T])


def plain_mig(draws: Draws) -> Scores:
    """Mutual information by mutual_info_score, 20 bins."""
    values = draws.train.factors
    ordered = np.sort(_information(_binned(draws.train.codes), values), axis=0)
    entropies = np.array([mutual_info_score(column, column) for column in values.T])
    return {"mig": float(np.mean((ordered[-1] - ordered[-2]) / entropies))}


def plain_modularity(draws: Draws) -> Scores:
    """The same mutual information, squared."""
    squared = _information(_binned(draws.train.codes), draws.train.factors) ** 2
    largest = squared.max(axis=1)
    return {
        "modularity": float(
            np.mean(1 - (squared.sum(axis=1) - largest) / largest / (squared.shape[1] - 1))
        )
    }


def plain_explicitness(draws: Draws) -> Scores:
    """One LogisticRegression per factor, areas under its ROC curves."""
    scaler = StandardScaler().fit(draws.train.codes)
    areas = [[], []]  # type: list[list[float]]
    for j, labels in enumerate(draws.train.factors.T):
        fitted = LogisticRegression().fit(scaler.transform(draws.train.codes), labels)
        for part, values in zip((draws.train, draws.test), areas, strict=True):
            truth = label_binarize(part.factors[:, j], classes=fitted.classes_)
            predicted = fitted.predict_proba(scaler.transform(part.codes))
            values.append(roc_auc_score(truth, predicted))
    return {
        "explicitness_train": float(np.mean(areas[0])),
        "explicitness_test": float(np.mean(areas[1])),
    }


def plain_sap(draws: Draws) -> Scores:
    """One LinearSVC for each latent and factor."""
    train, test = draws.train, draws.test
    accuracy = np.empty((train.codes.shape[1], train.factors.shape[1]))
    for i, j in np.ndindex(accuracy.shape):
        fitted = LinearSVC(C=0.01, class_weight="balanced").fit(
            train.codes[:, [i]], train.factors[:, j]
        )
        accuracy[i, j] = np.mean(fitted.predict(test.codes[:, [i]]) == test.factors[:, j])
    ordered = np.sort(accuracy, axis=0)
    return {"sap": float(np.mean(ordered[-1] - ordered[-2]))}


def plain_irs(draws: Draws) -> Scores:
    """Deviations from the mean of every value of a factor, 99 % quantile."""
    codes = draws.train.codes[:, draws.train.codes.var(axis=0) > 0]
    largest = np.abs(codes - codes.mean(axis=0)).max(axis=0)
    remaining = np.zeros((codes.shape[1], draws.train.factors.shape[1]))
    for j, column in enumerate(_binned(draws.train.factors).T):
        groups = [codes[column == value] for value in np.unique(column)]
        remaining[:, j] = np.mean(
            [np.percentile(np.abs(g - g.mean(axis=0)), 99, axis=0) for g in groups], axis=0
        )
    return {
        "irs": float(np.average((1 - remaining / largest[:, None]).max(axis=1), weights=largest))
    }


def plain_unsupervised(draws: Draws) -> Scores:
    """Determinant, matrix square root, mutual information of all pairs of latents."""
    covariance = np.cov(draws.train.codes.T)
    variances = np.diag(covariance)
    root = scipy.linalg.sqrtm(covariance * variances[:, None])
    wasserstein = float(np.real(2 * np.trace(covariance) - 2 * np.trace(root)))
    information = _information(_binned(draws.train.codes), _binned(draws.train.codes))
    np.fill_diagonal(information, 0)
    return {
        "gaussian_total_correlation": float(
            np.log(variances).sum() - np.linalg.slogdet(covariance)[1]
        )
        / 2,
        "gaussian_wasserstein_correlation": wasserstein,
        "gaussian_wasserstein_correlation_norm": wasserstein / float(variances.sum()),
        "mutual_info_score": float(information.sum() / (len(information) * (len(information) - 1))),
    }


def plain_beta_vae(draws: Draws) -> Scores:
    """Mean differences of 64 pairs that share a factor, one LogisticRegression."""
    random = np.random.RandomState(draws.seed)
    (x, y), (x_test, y_test) = (_differences(draws, n, random) for n in draws.sizes)
    return {
        "beta_vae_score": float(np.mean(LogisticRegression().fit(x, y).predict(x_test) == y_test))
    }


def _differences(draws: Draws, n: int, random: np.random.RandomState) -> tuple[Array, Array]:
    points, labels = [], []
    for _ in range(n):
        labels.append(random.randint(len(SIZES)))
        one, two = _points(draws.batch, random), _points(draws.batch, random)
        two[:, labels[-1]] = one[:, labels[-1]]
        points.append(np.mean(np.abs(_codes(draws, one) - _codes(draws, two)), axis=0))
    return np.array(points), np.array(labels)


def plain_factor_vae(draws: Draws) -> Scores:
    """Majority vote of the latent that varies least while a factor is held."""
    random = np.random.RandomState(draws.seed)
    overall = _codes(draws, _points(draws.sizes[0], random)).var(axis=0, ddof=1)
    active = np.sqrt(overall) >= 0.05
    first, second = (_votes(draws, n, overall, active, random) for n in draws.sizes)
    right = second[first.argmax(axis=0), np.arange(first.shape[1])].sum()
    return {"factor_vae_score": float(right / second.sum())}


def _votes(
    draws: Draws, n: int, overall: Array, active: Array, random: np.random.RandomState
) -> Array:
    votes = np.zeros((len(SIZES), int(active.sum())), int)
    for _ in range(n):
        factor = random.randint(len(SIZES))
        points = _points(draws.batch, random)
        points[:, factor] = points[0, factor]
        votes[
            factor, np.argmin(_codes(draws, points).var(axis=0, ddof=1)[active] / overall[active])
        ] += 1
    return votes


def _points(n: int, random: np.random.RandomState) -> Array:
    return np.stack([random.randint(size, size=n) for size in SIZES], axis=1)


def _codes(draws: Draws, points: Array) -> Array:
    return draws.whole("a batch").codes[np.ravel_multi_index(tuple(points.T), SIZES)]


PLAIN: dict[str, Callable[[Draws], Scores]] = {
    "beta_vae_score": plain_beta_vae,
    "factor_vae_score": plain_factor_vae,
    "mig": plain_mig,
    "dci": plain_dci,
    "modularity": plain_modularity,
    "explicitness": plain_explicitness,
    "sap": plain_sap,
    "irs": plain_irs,
    "unsupervised": plain_unsupervised,
}
