"""D_LSBD: tori score 0, codes that do not rotate score 1, and the published function's values."""

import json

import numpy as np
import pytest
from project import GOLDENS

from facsimile.metrics import d_lsbd
from facsimile.metrics.base import draws

LSBD = GOLDENS / "d_lsbd"
ANSWERS = json.loads((LSBD / "answers.json").read_text())
SIZES = (8, 12)


def angles(sizes):
    factors = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), axis=1)
    return factors, 2 * np.pi * factors / np.array(sizes)


def torus(sizes=SIZES, turns=(1, 1)):
    _, angle = angles(sizes)
    return np.concatenate(
        [np.c_[np.cos(n * a), np.sin(n * a)] for n, a in zip(turns, angle.T, strict=True)], axis=1
    )


def scored(codes, sizes=SIZES, convention="paper"):
    return d_lsbd.score(draws.from_table(codes, angles(sizes)[0], 60, 60, 0), convention)


@pytest.mark.parametrize("convention", d_lsbd.CONVENTIONS)
def test_a_torus_has_zero(convention):
    scores = scored(torus(turns=(1, 3)), convention=convention)
    assert scores["d_lsbd"] == pytest.approx(0, abs=1e-6)
    assert (scores["turns_0"], scores["turns_1"]) == (1, 3)


def test_basis_scale_and_origin_of_the_planes_do_not_matter():
    rotated = torus() @ np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    for codes in (
        rotated,
        torus() * [3, 3, 0.2, 0.2],
        torus() * [1, 5, 1, 1],
        torus()[:, [3, 0, 2, 1]] * -1,
        torus() + 7,
    ):
        assert scored(codes)["d_lsbd"] == pytest.approx(0, abs=1e-6)


def test_the_order_of_rows_does_not_matter():
    factors, _ = angles(SIZES)
    codes = torus() + np.random.default_rng(1).normal(size=(96, 4))
    order = np.random.default_rng(2).permutation(96)
    shuffled = d_lsbd.score(draws.from_table(codes[order], factors[order], 60, 60, 0))
    assert shuffled == pytest.approx(scored(codes))


def test_constant_codes_are_at_the_bottom():
    assert scored(np.full((96, 3), 0.1))["d_lsbd"] == 1.0


def test_noise_and_shuffled_codes_are_near_the_bottom():
    sizes, rng = (20, 30), np.random.default_rng(0)
    for codes in (rng.normal(size=(600, 4)), rng.permutation(torus(sizes))):
        assert 0.95 < scored(codes, sizes)["d_lsbd"] <= 1


def test_a_linear_code_keeps_a_known_part():
    """The sawtooth's first harmonic has 6 / pi^2 of its power.

    Of it, one of two directions and one of two senses of rotation count.
    """
    factors, _ = angles((60, 64))
    assert scored(factors, (60, 64))["d_lsbd"] == pytest.approx(1 - 1.5 / np.pi**2, abs=1e-3)
    assert scored(angles((2, 2))[0], (2, 2))["d_lsbd"] == pytest.approx(0.5)


def test_one_latent_is_half_a_circle():
    """A cosine is a turn forwards and one backwards, in one direction of two: 1 - (1/2) (1/2)."""
    _, angle = angles((8,))
    assert scored(np.cos(angle), (8,))["d_lsbd"] == pytest.approx(0.75)


def test_one_hot_codes_of_three_classes_look_like_angles():
    factors, _ = angles((3, 4))
    assert scored(np.eye(3)[factors[:, 0]], (3, 4))["d_lsbd_0"] == pytest.approx(0, abs=1e-6)


def test_more_than_ten_turns_are_not_tried():
    assert scored(torus((64,), (10,)), (64,))["d_lsbd"] == pytest.approx(0, abs=1e-6)
    assert scored(torus((64,), (12,)), (64,))["d_lsbd"] == pytest.approx(1)


def test_the_sum_is_that_of_the_terms_and_the_score_their_mean():
    scores = scored(np.c_[torus()[:, :2], np.zeros(96)])
    assert scores["d_lsbd_0"] == pytest.approx(0, abs=1e-6)
    assert scores["d_lsbd_1"] == scores["d_lsbd_sum"] == pytest.approx(1)
    assert scores["d_lsbd"] == pytest.approx(0.5)


def test_an_incomplete_grid_raises():
    factors, _ = angles(SIZES)
    with pytest.raises(
        ValueError, match=r"each combination of factor values once \(8 x 12\), not 95 rows"
    ):
        d_lsbd.score(draws.from_table(torus()[1:], factors[1:], 60, 60, 0))
    twice = np.r_[factors[1:], factors[-1:]]
    with pytest.raises(ValueError, match="each combination"):
        d_lsbd.score(draws.from_table(torus(), twice, 60, 60, 0))


def test_draws_without_a_table_raise():
    points = draws.Sample(torus().astype(np.float32), angles(SIZES)[0])
    with pytest.raises(ValueError, match="whole table"):
        d_lsbd.score(draws.Draws(points, points))


@pytest.mark.parametrize("case", ANSWERS)
def test_it_is_the_published_functions_number(case):
    with np.load(LSBD / "codes.npz", allow_pickle=False) as file:
        scores = scored(file[case], convention="lsbd-vae")
    assert scores["d_lsbd"] == pytest.approx(ANSWERS[case]["d_lsbd"], abs=1e-9)
    assert [scores["d_lsbd_0"], scores["d_lsbd_1"]] == pytest.approx(
        ANSWERS[case]["terms"], abs=1e-9
    )
