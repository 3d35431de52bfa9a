"""Input that cannot be scored raises an error that says why; unusual input has a defined score."""

import numpy as np
import pytest

from facsimile import metrics
from facsimile.foundation import discover

SMALL = {"n_train": 200, "n_test": 100}


def bad(grid, value):
    codes = grid.oracle()
    codes[7, 2] = value
    return codes


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite(grid, value):
    with pytest.raises(ValueError, match=r"1 values are not finite .*row 7, column 2"):
        metrics.score(bad(grid, value), grid.factors)


def test_values_beyond_float32(grid):
    with pytest.raises(ValueError, match="not finite"):
        metrics.score(grid.oracle().astype(np.float64) * 1e200, grid.factors)


@pytest.mark.parametrize("shape", [(0, 3), (360, 0)])
def test_nothing_to_score(grid, shape):
    with pytest.raises(ValueError, match=r"codes must be .* and not empty"):
        metrics.score(np.zeros(shape), grid.factors[: shape[0]])


def test_shapes_that_do_not_fit(grid):
    with pytest.raises(ValueError, match="codes have 359 rows and factors 360"):
        metrics.score(grid.oracle()[:-1], grid.factors)
    with pytest.raises(
        ValueError, match=r"codes must be \[N, d\] .* single column is codes\[:, None"
    ):
        metrics.score(grid.oracle()[:, 0], grid.factors)


def test_factors_that_are_not_integers(grid):
    with pytest.raises(ValueError, match="integers"):
        metrics.score(grid.oracle(), grid.factors + 0.5)


def test_no_factor_varies(grid):
    with pytest.raises(ValueError, match="one value only"):
        metrics.score(grid.oracle(), np.zeros_like(grid.factors))


@pytest.mark.slow
def test_a_factor_of_one_value_changes_nothing(grid):
    colour = np.zeros((len(grid.factors), 1), np.int64)
    plain, coloured = (
        metrics.score(grid.entangled(), f, **SMALL)
        for f in (grid.factors, np.c_[colour, grid.factors])
    )
    np.testing.assert_array_equal(plain.value, coloured.value)


@pytest.mark.parametrize("count", [0, -3, 2.5])
def test_numbers_of_points(grid, count):
    with pytest.raises(ValueError, match="n_test is a number of points"):
        metrics.score(grid.oracle(), grid.factors, n_train=100, n_test=count)


def test_too_few_training_points_for_a_factor_to_vary(grid):
    with pytest.raises(ValueError, match="one value in all 1 training points"):
        metrics.score(grid.oracle(), grid.factors, n_train=1, n_test=1)


def test_fewer_points_than_classes_and_classes_missing(grid):
    scores = metrics.score(grid.oracle(), grid.factors, n_train=5, n_test=3)
    assert np.isfinite(scores.value).all()
    assert set(scores.metric) == set(metrics.STUDY)


def test_a_single_latent_has_no_rival(grid):
    scores = (
        metrics.score(grid.oracle()[:, :1], grid.factors, **SMALL)
        .set_index(["metric", "score"])
        .value
    )
    assert np.isfinite(scores).all()
    assert scores["mig", "mig"] == pytest.approx(
        0.25, abs=0.05
    )  # it tells all of one factor in four
    assert scores["dci", "completeness"] == 1.0


def test_a_single_factor_is_not_mixed_with_any():
    factors = np.repeat(np.arange(4), 5)[:, None]
    scores = (
        metrics.score(np.c_[factors, factors % 2], factors, **SMALL)
        .set_index(["metric", "score"])
        .value
    )
    assert np.isfinite(scores).all()
    assert scores["modularity", "modularity"] == scores["dci", "disentanglement"] == 1.0


def test_a_latent_too_nearly_constant_for_its_bins(grid):
    codes = grid.oracle()
    codes[:, 3] = np.float32(1) + np.float32(2**-23) * (grid.factors[:, 0] == 1)
    assert np.isfinite(metrics.score(codes, grid.factors, **SMALL).value).all()


def test_given_draws_are_scored_as_drawn(grid):
    rows = np.random.default_rng(0).integers(len(grid.factors), size=(2, 300))
    train, test = ((grid.entangled()[r], grid.factors[r]) for r in rows)
    scores = metrics.score_draws(train, test)
    assert set(scores.metric) == {name for name in metrics.STUDY if "vae_score" not in name}
    assert set(scores.n_train) == set(scores.n_test) == {300}
    with pytest.raises(ValueError, match="give the whole table"):
        metrics.score_draws(train, test, metrics=["factor_vae_score"])
    with pytest.raises(ValueError, match="whole table"):
        metrics.score_draws(train, test, metrics=["mig"], convention="exact")
    with pytest.raises(ValueError, match="same numbers of codes"):
        metrics.score_draws(train, (test[0][:, 1:], test[1]))


def test_given_draws_in_which_a_factor_varies_in_the_test_only(grid):
    train, test = (grid.oracle()[:6], grid.factors[:6]), (grid.oracle(), grid.factors)
    with pytest.raises(ValueError, match="one value in all 6 training points"):
        metrics.score_draws(train, test)


def test_unknown_names(grid):
    with pytest.raises(discover.UnknownName, match="did you mean 'mig'"):
        metrics.score(grid.oracle(), grid.factors, metrics=["migg"])
    with pytest.raises(discover.UnknownName, match="dlib-modern"):
        metrics.score(grid.oracle(), grid.factors, convention="dlib-moder")
    with pytest.raises(discover.UnknownName, match="convention of sap"):
        metrics.score(grid.oracle(), grid.factors, metrics=["sap"], convention="exact")


def test_the_table_has_its_settings(grid, capsys):
    scores = metrics.score(
        grid.oracle(), grid.factors, metrics=["mig"], seed=5, progress=True, **SMALL
    )
    assert list(scores.columns) == [
        "score",
        "metric",
        "convention",
        "n_train",
        "n_test",
        "n_distinct",
        "n_shared",
        "sampling",
        "bins",
        "seed",
        "reason",
        "seconds",
        "value",
    ]
    assert scores.iloc[0][
        ["metric", "score", "convention", "n_train", "n_test", "seed"]
    ].tolist() == [
        "mig",
        "mig",
        "dlib-sklearn020",
        200,
        100,
        5,
    ]
    assert "scikit-learn" in scores.attrs["versions"]
    assert "mig: " in capsys.readouterr().err


def test_a_table_that_is_not_a_grid(grid):
    kept = np.random.default_rng(0).permutation(len(grid.factors))[:300]
    scores = metrics.score(
        grid.oracle()[kept],
        grid.factors[kept],
        metrics=["beta_vae_score", "factor_vae_score"],
        **SMALL,
    )
    assert (scores[scores.score.str.endswith("vae_score")].value > 0.97).all()
