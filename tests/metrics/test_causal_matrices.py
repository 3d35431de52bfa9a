"""CITRIS's matrices of held-out frames: perfect codes, the model's own assignment, and angles."""

import numpy as np
import pandas as pd
import pytest

from facsimile.metrics import causal_matrices
from facsimile.metrics.base.run_outputs import RunOutputs

ROWS, HELD_OUT = 1300, 900


def outputs(codes, variables, angles, log_variance=-8.0, **inferred):
    """The held-out frames come last; the codes of all others are random."""
    k = variables.shape[1]
    held_out = np.arange(ROWS) >= ROWS - HELD_OUT
    random = np.random.default_rng(1)
    all_codes = random.normal(size=(ROWS, codes.shape[1]))
    all_codes[held_out] = codes
    latents = np.zeros((ROWS, k))
    latents[held_out] = variables
    return RunOutputs(
        model="any",
        params={},
        inferred={
            "mean": all_codes.astype(np.float32),
            "log_variance": np.full(all_codes.shape, log_variance, np.float32),
            **inferred,
        },
        history=pd.DataFrame(),
        data={
            "latents": latents.astype(np.float32),
            "angles": np.tile(angles, (ROWS, 1)),
            "held_out": held_out.astype(np.int64),
        },
        images=None,
        grid=None,
        n_points=(600, 300),
        seed=0,
    )


@pytest.fixture(scope="module")
def variables():
    random = np.random.default_rng(0)
    number = random.uniform(-3, 5, HELD_OUT)
    angle = random.uniform(0, 2 * np.pi, HELD_OUT)
    return np.stack([angle, number], axis=1)


@pytest.fixture(scope="module")
def perfect(variables):
    """Codes: cosine and sine of the angle, and the number."""
    angle, number = variables.T
    return np.stack([np.cos(angle), number, np.sin(angle)], axis=1)


@pytest.fixture(scope="module")
def assigned(perfect, variables):
    """Scores of the perfect codes with their true assignment, and a column for no variable."""
    assignment = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0]])
    run = outputs(perfect, variables, [1, 0], assignment=assignment)
    return causal_matrices.score(run)


def test_a_perfect_code_is_only_on_the_diagonal(assigned):
    assert min(assigned["r2_diag"], assigned["spearman_diag"]) > 0.97
    assert abs(assigned["r2_max_off_diag"]) < 0.1
    assert (assigned["latents_0"], assigned["latents_1"]) == (2, 1)
    assert assigned["r2_diag"] == pytest.approx((assigned["r2_0_0"] + assigned["r2_1_1"]) / 2)


@pytest.mark.slow
def test_without_an_assignment_latents_go_where_they_predict_best(perfect, variables, assigned):
    scores = causal_matrices.score(outputs(perfect, variables, [1, 0]))
    assert scores == assigned


@pytest.mark.slow
def test_the_models_own_assignment_counts_even_if_it_is_wrong(perfect, variables):
    wrong = np.array([[0, 1], [1, 0], [0, 1]])
    scores = causal_matrices.score(outputs(perfect, variables, [1, 0], assignment=wrong))
    assert scores["r2_diag"] < 0.1
    assert scores["r2_max_off_diag"] > 0.97


@pytest.fixture(scope="module")
def three():
    """Three independent numbers, which are also the codes."""
    return np.random.default_rng(0).uniform(-1, 1, (HELD_OUT, 3))


def grouped(variable_of, codes, numbers, **inferred):
    given = outputs(codes, numbers, [0] * numbers.shape[1], **inferred)
    given.data["variable_of"] = np.tile(variable_of, (ROWS, 1))
    return causal_matrices.score(given)


@pytest.mark.slow
def test_a_variable_of_two_numbers_is_the_mean_of_both(three):
    """Known answer: its own latent shows one of its two numbers, another's latent the other."""
    own = np.array([[1, 0], [0, 1], [0, 1]])
    scores = grouped([0, 0, 1], three, three, assignment=own)
    assert scores["latents_0"] == 1
    assert scores["r2_0_0"] == pytest.approx(0.5, abs=0.03)
    assert scores["r2_1_0"] == pytest.approx(0.5, abs=0.03)
    assert scores["r2_1_1"] == pytest.approx(1, abs=0.03)
    assert scores["r2_0_1"] == pytest.approx(0, abs=0.06)
    assert scores["r2_diag"] == pytest.approx(0.75, abs=0.03)
    assert scores["r2_max_off_diag"] == pytest.approx(0.25, abs=0.05)


@pytest.mark.slow
def test_latents_of_all_numbers_of_a_variable_belong_to_it(three):
    scores = grouped([0, 0, 1], three, three)
    assert (scores["latents_0"], scores["latents_1"]) == (2, 1)
    assert scores["r2_diag"] > 0.97
    assert scores["r2_max_off_diag"] < 0.05


@pytest.mark.slow
def test_numbers_that_are_variables_score_as_without_groups(three):
    own = np.eye(3, dtype=int)
    alone = causal_matrices.score(outputs(three, three, [0] * 3, assignment=own))
    assert grouped([0, 1, 2], three, three, assignment=own) == alone


@pytest.mark.slow
def test_an_angle_is_not_a_number(perfect, variables):
    """As a number, the predicted angle jumps at 2 pi; the distance on the circle does not."""
    assignment = np.array([[1, 0], [0, 1], [1, 0]])
    as_number = outputs(perfect, variables, [0, 0], assignment=assignment)
    scores = causal_matrices.score(as_number, "means")
    assert scores["r2_0_0"] < 0.97


@pytest.mark.slow
def test_codes_are_sampled_unless_means_are_asked_for(perfect, variables):
    assignment = np.array([[1, 0], [0, 1], [1, 0]])
    noisy = outputs(perfect, variables, [1, 0], np.log(4.0), assignment=assignment)
    # The number has variance 64 / 12 and its code noise of variance 4: R2 is at most 0.57.
    assert causal_matrices.score(noisy)["r2_1_1"] < 0.65
    assert causal_matrices.score(noisy, "means")["r2_1_1"] > 0.97


def test_predicted_angles_are_compared_around_the_circle():
    angles = np.array([[0.1], [6.2], [3.0]])
    predicted = angles[:, None] + np.array([[[2 * np.pi]], [[-2 * np.pi]], [[0]]])
    np.testing.assert_allclose(causal_matrices._angular(predicted, angles), 1)
