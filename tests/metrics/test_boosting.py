"""The exact trees against the installed scikit-learn, and the rules of its older versions."""

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from facsimile.metrics import _boosting, dci

MODERN = dci.RULES["dlib-modern"]


def problem(classes, rows=240, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.r_[np.arange(classes), rng.integers(classes, size=rows - classes)]
    codes = np.stack(
        [
            labels + rng.normal(size=rows),
            rng.normal(size=rows),
            (labels % 2) + 0.5 * rng.normal(size=rows),
        ],
        axis=1,
    )
    return codes.astype(np.float32), labels


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_modern_rule_is_scikit_learn(classes):
    """Importances lie between those of scikit-learn's own seeds, which break ties at random."""
    codes, labels = problem(classes)
    seeds = np.array(
        [
            GradientBoostingClassifier(random_state=seed).fit(codes, labels).feature_importances_
            for seed in range(4)
        ]
    )
    scores = _boosting.fit(codes, labels, codes, MODERN)
    spread = np.ptp(seeds, axis=0)
    assert (spread < 5e-3).all()
    assert (np.abs(scores.importances - seeds.mean(axis=0)) <= spread).all()


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_a_single_latent_is_fitted_to_the_digit(classes):
    """A single latent cannot tie: the same class for every point of a fine mesh."""
    codes, labels = problem(classes)
    mesh = np.linspace(-4, classes + 4, 5000, dtype=np.float32)[:, None]
    model = GradientBoostingClassifier(random_state=0).fit(codes[:, :1], labels)
    scores = _boosting.fit(codes[:, :1], labels, mesh, MODERN)
    np.testing.assert_array_equal(scores.train, model.predict(codes[:, :1]))
    np.testing.assert_array_equal(scores.test, model.predict(mesh))


def test_versions_of_the_rule_differ():
    codes, labels = problem(5)
    rules = [_boosting.Rule(), _boosting.Rule(per_tree=True), MODERN]
    old, older, modern = (_boosting.fit(codes, labels, codes, rule) for rule in rules)
    np.testing.assert_array_equal(old.train, older.train)  # 0.19 grows the same trees
    assert np.abs(old.importances - older.importances).max() > 0.01
    assert 1e-6 < np.abs(old.importances - modern.importances).max() < 0.05
    assert [fit.importances.sum() for fit in (old, older, modern)] == pytest.approx([1, 1, 1])


def test_copies_of_a_latent_share_its_importance():
    codes, labels = problem(4)
    scores = _boosting.fit(codes[:, [0, 1, 0]], labels, codes[:, [0, 1, 0]], _boosting.Rule())
    alone = _boosting.fit(codes[:, :2], labels, codes[:, :2], _boosting.Rule())
    assert scores.importances[0] == pytest.approx(scores.importances[2], abs=1e-12)
    assert scores.importances[1] == pytest.approx(
        alone.importances[1], abs=5e-3
    )  # where it ties, it shares with two, not with one


def test_a_constant_latent_has_no_importance_and_cannot_predict():
    _, labels = problem(3)
    scores = _boosting.fit(
        np.zeros((240, 2), np.float32), labels, np.ones((5, 2), np.float32), _boosting.Rule()
    )
    np.testing.assert_array_equal(scores.importances, [0, 0])
    assert set(scores.test) == {np.bincount(labels).argmax()}


def test_large_steps_do_not_lose_the_softmax():
    """A class that is pure except for a few rows: running sums would lose their digits."""
    codes, labels = problem(6, rows=600)
    labels[300:] = 0
    codes[300:, 0] = -5
    scores = _boosting.fit(codes, labels, codes, _boosting.Rule())
    assert np.isfinite(scores.importances).all()
    assert (scores.train == labels).mean() > 0.95


def test_every_class_needs_a_row():
    with pytest.raises(ValueError, match="each with a training row"):
        _boosting.fit(
            np.zeros((4, 1), np.float32),
            np.array([0, 2, 2, 0]),
            np.zeros((1, 1), np.float32),
            _boosting.Rule(),
        )
