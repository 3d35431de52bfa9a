"""The impossibility theorem: the same distribution, other scores."""

import math

import numpy as np
import pytest
import synthetic
from scipy import special

from facsimile import figures, metrics
from facsimile.papers.locatello2019.figures import _theorem, impossibility

FACTORS = np.indices((4, 6, 8)).reshape(3, -1).T
MIG = "mig.mig"
STRONGEST = math.radians(impossibility.ANGLES[-1])


def sample(n, seed):
    """Perfect codes of n random rows, and the rows' factors."""
    rng = np.random.default_rng(seed)
    factors = FACTORS[rng.integers(0, len(FACTORS), n)]
    return _theorem.perfect_codes(factors, rng), factors


@pytest.mark.parametrize("k", [2, 3, 5, 6, 7])
@pytest.mark.parametrize("angle", [math.radians(a) for a in impossibility.ANGLES[1:]])
def test_a_rotation_is_orthogonal_and_mixes_every_code_with_every_other(k, angle):
    matrix = _theorem.rotation(k, angle)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(k), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1)
    assert np.abs(matrix).min() > 1e-3


def test_no_angle_is_the_identity():
    codes, _ = sample(100, 0)
    np.testing.assert_allclose(_theorem.entangled(codes, 0.0), codes, atol=1e-12)


def test_the_map_can_be_undone():
    codes, _ = sample(100, 0)
    moved = _theorem.entangled(codes, 0.5)
    back = np.linalg.inv(_theorem.rotation(3, 0.5))
    undone = special.ndtr(special.ndtri(moved) @ back.T)
    np.testing.assert_allclose(undone, codes, atol=1e-9)


@pytest.mark.parametrize("angle", [0.2, STRONGEST])
def test_codes_before_and_after_have_one_distribution(angle):
    before, _ = sample(4000, 0)
    others, _ = sample(4000, 1)
    after = _theorem.entangled(others, angle)
    rng = np.random.default_rng(2)
    assert _theorem.same_distribution(before, after, rng) > 0.01


def test_the_test_of_distributions_finds_codes_that_depend_on_each_other():
    """Each code alone is uniform, but the second is the first, so only projections differ."""
    before, _ = sample(4000, 0)
    dependent, _ = sample(4000, 1)
    dependent[:, 1] = dependent[:, 0]
    rng = np.random.default_rng(2)
    assert _theorem.same_distribution(before, dependent, rng) < 1e-6


def test_every_entry_depends_on_every_code():
    codes, _ = sample(50, 0)
    moved = _theorem.entangled(codes, STRONGEST)
    for code in range(3):
        nudged = codes.copy()
        nudged[:, code] = np.clip(nudged[:, code] + 1e-4, 0, 1 - 1e-9)
        change = np.abs(_theorem.entangled(nudged, STRONGEST) - moved)
        assert (change.max(axis=0) > 1e-7).all()


def test_scores_of_a_perfect_code_are_high_and_collapse_under_the_map():
    codes, factors = sample(3000, 0)
    values = {}
    for angle in (0.0, STRONGEST):
        moved = _theorem.entangled(codes, angle)
        table = metrics.score(moved, factors, ["mig", "sap"], n_train=2000, n_test=500)
        values[angle] = dict(zip(table["score"], table["value"], strict=True))
    assert values[0.0]["mig"] > 0.8
    for score in ("mig", "sap"):
        assert values[STRONGEST][score] < values[0.0][score] / 3


def test_the_figure_has_both_scores_and_the_two_sample_test():
    runs = synthetic.runs(1, (0, 5))
    context = synthetic.context(evaluation=(40, 20))
    spec = synthetic.spec("impossibility", metrics=(MIG,))
    scores = synthetic.scores(runs)
    drawn = figures.draw("impossibility", scores, spec, context, synthetic.Specimens())
    line = drawn.data.set_index("angle")["value"]
    assert line[0] > line[30] + 0.2
    assert (drawn.data["p_value"] > 0.01).all()


def test_without_the_oracle_the_figure_says_so():
    runs = synthetic.runs(1, (0, 5))
    context = synthetic.context(evaluation=(40, 20))
    spec = synthetic.spec("impossibility", metrics=(MIG,))
    scores = synthetic.scores(runs)
    scores = scores[scores["model"] != "oracle"]
    drawn = figures.draw("impossibility", scores, spec, context, synthetic.Specimens())
    assert drawn.data.empty
    texts = [text.get_text() for text in drawn.figure.axes[0].texts]
    assert texts == ["the oracle is not in the store"]
