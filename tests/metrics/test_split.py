"""Training and test points of a table that is no full grid: disjoint rows, and honest scores."""

import numpy as np
import pytest

import facsimile
from facsimile.metrics.base import draws as base_draws
from facsimile.metrics.base.rows import ScoreWarning

SIZES = (3, 4, 5, 6)
SMALL = {"n_train": 200, "n_test": 100}


def noise(n, seed=1):
    """Codes that know nothing of the factors; the majority of a factor's values is the chance."""
    random = np.random.default_rng(seed)
    factors = np.stack([random.integers(0, size, n) for size in SIZES], axis=1)
    return random.normal(size=(n, 6)), factors


def values(table):
    return table.set_index("score").value


def chance(factors):
    """Mean over factors of the share of the most frequent value."""
    shares = [np.bincount(column).max() / len(column) for column in factors.T]
    return float(np.mean(shares))


# 300 rows are tested, four factors each: an accuracy's standard error is below 0.02.
PREDICTIONS = {
    "dci": "informativeness_test",
    "downstream": "gbt",
    "strong_generalisation": "accuracy",
    "beta_vae_score": "beta_vae_score",
}


@pytest.mark.slow
@pytest.mark.parametrize("metric", PREDICTIONS)
def test_noise_is_not_predicted_better_than_chance(metric):
    codes, factors = noise(400)
    table = facsimile.score(codes, factors, metric, n_train=100)
    assert values(table)[PREDICTIONS[metric]] < chance(factors) + 0.1


def test_the_same_noise_drawn_with_replacement_is_memorised():
    codes, factors = noise(500)
    table = facsimile.score(codes, factors, "dci", sampling="replacement", n_train=3000)
    assert table.n_shared[0] > 4900
    assert values(table)["informativeness_test"] > 0.9


def test_explicitness_of_noise_is_at_chance():
    codes, factors = noise(500)
    table = facsimile.score(codes, factors, "explicitness")
    assert values(table)["explicitness_test"] == pytest.approx(0.5, abs=0.05)
    assert values(table)["explicitness_train"] > 0.55


def test_the_factor_vae_score_of_noise_is_at_chance_over_many_tables():
    """Batches drawn from the same few rows recognise them: 0.39 in place of 0.25."""
    scores = []
    for seed in range(8):
        codes, factors = noise(200, seed)
        table = facsimile.score(codes, factors, "factor_vae_score", seed=seed)
        scores.append(values(table)["factor_vae_score"])
    assert np.mean(scores) == pytest.approx(0.25, abs=0.06)


@pytest.mark.parametrize(
    ("rows", "requested", "expected"),
    [
        (900, (500, 100), (500, 100)),  # enough for both
        (900, (10_000, 5_000), (600, 300)),  # two thirds and one third
        (900, (700, 5_000), (600, 300)),
        (900, (100, 5_000), (100, 800)),  # what training leaves over
        (7, (10_000, 5_000), (5, 2)),
        (3, (10_000, 5_000), (2, 1)),
    ],
)
def test_sizes_of_a_split(rows, requested, expected):
    factors = np.arange(rows)[:, None] % 2
    draws = base_draws.from_table(np.zeros((rows, 1)), factors, *requested, seed=4)
    assert draws.sizes == expected
    train, test = set(draws.train.rows), set(draws.test.rows)
    assert not train & test
    assert (len(train), len(test)) == expected


def test_a_table_that_cannot_be_split():
    with pytest.raises(ValueError, match=r"2 rows cannot be split .*score_draws"):
        facsimile.score([[0.0], [1.0]], [[0, 0], [1, 1]], "mig")


def test_a_factor_that_varies_in_the_test_rows_only():
    factors = np.zeros((60, 2), int)
    factors[:30, 0] = 1
    for seed in range(20):
        factors[5, 1] = 1
        order = np.random.RandomState(seed).permutation(60)
        if np.flatnonzero(order == 5)[0] >= 40:
            break
    with pytest.raises(ValueError, match="column 1 has one value in all 40 training points"):
        facsimile.score(np.zeros((60, 1)), factors, "mig", seed=seed)


def test_points_that_hold_a_factor_fixed_stay_on_their_side():
    codes, factors = noise(300)
    draws = base_draws.from_table(codes, factors, 100, 100, seed=0)
    random = np.random.RandomState(0)
    for side, sample in zip(draws.sides("a metric"), (draws.train, draws.test), strict=True):
        first, second = side.draw_pairs(200, 2, random)
        for rows in (first, second, side.draw_fixed(50, 1, random), side.draw(50, random)):
            assert np.isin(rows, sample.rows).all()
        assert (side.factors[first, 2] == side.factors[second, 2]).all()
        assert np.isin(side.rows_with(3, 4), sample.rows).all()


def test_a_value_without_a_row_on_one_side_is_named():
    factors = np.repeat(np.arange(4), 5)[:, None] * 10
    table = base_draws.Table(np.zeros((20, 1), np.float32), factors, ["column 'age'"])
    part = table.part(np.arange(15), "test")
    with pytest.raises(ValueError, match=r"column 'age': value 30 has no row among the 15 test"):
        part.rows_with(0, 3)


def test_a_full_grid_is_drawn_as_the_study_does_unless_told_otherwise(grid):
    codes = grid.oracle()
    drawn = facsimile.score(codes, grid.factors, "dci", **SMALL)
    split = facsimile.score(codes, grid.factors, "dci", sampling="disjoint", **SMALL)
    assert set(drawn.sampling) == {"replacement"}
    assert set(split.sampling) == {"disjoint"}
    random = np.random.RandomState(0)
    first = [random.randint(size, size=16) for size in grid.sizes]
    points = base_draws.from_table(codes, grid.factors, 200, 100, seed=0)
    np.testing.assert_array_equal(points.train.factors[:16].T, first)
    assert drawn.n_shared[0] > 30
    assert drawn.n_distinct[0] < 200
    assert (split.n_shared[0], split.n_distinct[0]) == (0, 200)


def test_shared_points_are_counted(grid):
    table = facsimile.score(grid.noise(), grid.factors, "mig", **SMALL)
    points = base_draws.from_table(grid.noise(), grid.factors, 200, 100, seed=0)
    assert set(table.n_distinct) == {len(set(points.train.rows))}
    assert set(table.n_shared) == {np.isin(points.test.rows, points.train.rows).sum()}


@pytest.mark.filterwarnings("error")
def test_a_small_grid_warns_if_test_points_are_used(grid):
    facsimile.score(grid.noise(), grid.factors, "mig,irs", **SMALL)
    facsimile.score(grid.noise(), grid.factors, "sap", sampling="replacement", **SMALL)
    with pytest.warns(ScoreWarning, match=r"of 100 test points .* sampling='disjoint' splits"):
        facsimile.score(grid.noise(), grid.factors, "sap", **SMALL)


@pytest.mark.filterwarnings("error")
def test_rows_that_are_repeated_in_the_table_warn():
    codes, factors = noise(300)
    copies = np.tile(np.arange(300), 5)
    with pytest.warns(ScoreWarning, match="rows of the table are repeated; remove the copies"):
        table = facsimile.score(codes[copies], factors[copies], "sap")
    assert table.n_shared[0] > 400
    # Codes that are a function of the factors may well be equal in different rows.
    facsimile.score(factors[copies].astype(float), factors[copies], "sap")


@pytest.mark.filterwarnings("error")
def test_given_points_that_are_in_both_parts_warn():
    codes, factors = noise(300)
    with pytest.warns(ScoreWarning, match="200 of 200 test points"):
        facsimile.score_draws(
            (codes[:250], factors[:250]), (codes[:200], factors[:200]), metrics="sap"
        )
    facsimile.score_draws((codes[:250], factors[:250]), (codes[250:], factors[250:]), "sap")


def test_an_unknown_kind_of_sampling():
    with pytest.raises(ValueError, match="did you mean 'disjoint'"):
        facsimile.score(*noise(30), "mig", sampling="disjunct")


def test_log_variances_belong_to_the_rows_of_the_split():
    """Active units by KL: only the rows with a narrow posterior differ from the prior."""
    codes, factors = noise(300)
    draws = base_draws.from_table(codes, factors, 10_000, 5_000, seed=0)
    log_variances = np.zeros_like(codes)
    log_variances[draws.train.rows] = -4
    table = facsimile.score(
        np.zeros_like(codes), factors, "active_units", convention="kl", log_variances=log_variances
    )
    expected = 0.5 * (np.exp(-4) + 4 - 1)
    assert values(table)["statistic_0"] == pytest.approx(expected)
