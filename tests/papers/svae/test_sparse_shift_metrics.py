"""Recovery of latents and of targets, and likelihood of held-out interventions: known values."""

import numpy as np
import pandas as pd
import pytest

from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.svae.metrics import interventional_nll, latent_recovery, target_recovery

CELLS = 200
INTERVENTION = np.repeat(np.arange(5), CELLS // 5)
TARGETS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1]])  # the last is held out


def outputs(codes=None, targets=None, nll=None):
    drawn = np.random.default_rng(0)
    truth = drawn.normal(size=(CELLS, 3)).astype(np.float32)
    data = {
        "latents": truth,
        "targets": TARGETS[INTERVENTION],
        "intervention": INTERVENTION,
        "held_out": (INTERVENTION == 4).astype(np.int64),
        "true_nll": np.where(INTERVENTION == 4, 7.0, 99.0),
    }
    inferred = {
        "mean": truth if codes is None else codes(truth),
        "targets": np.array(TARGETS if targets is None else targets),
    }
    inferred |= {"held_out_nll": np.array([] if nll is None else nll)}
    return RunOutputs("no_model", {}, inferred, pd.DataFrame(), data, None, None, (1, 0), 0)


def test_true_latents_in_another_order_sign_and_scale_are_recovered():
    scores = latent_recovery.score(outputs(lambda z: z[:, [2, 0, 1]] * [-1, 3, 0.1]))
    assert scores == pytest.approx({"pearson": 1, "spearman": 1, "r2": 1})


def test_a_rotation_loses_correlation_and_not_r2():
    turn = np.array([[1, 1, 0], [-1, 1, 0], [0, 0, np.sqrt(2)]]) / np.sqrt(2)
    scores = latent_recovery.score(outputs(lambda z: (z @ turn).astype(np.float32)))
    assert scores["r2"] == pytest.approx(1)
    assert scores["pearson"] == pytest.approx((2 * np.sqrt(0.5) + 1) / 3, abs=0.05)


def test_held_out_cells_do_not_count_for_latents():
    def spoilt(z):
        return np.where(INTERVENTION[:, None] == 4, 99, z).astype(np.float32)

    assert latent_recovery.score(outputs(spoilt))["pearson"] == pytest.approx(1)


def test_a_latent_that_is_missed_costs_its_share_of_r2():
    scores = latent_recovery.score(
        outputs(lambda z: np.column_stack([z[:, :2], np.zeros(CELLS)]).astype(np.float32))
    )
    assert scores["pearson"] == pytest.approx(2 / 3)
    assert scores["r2"] == pytest.approx(2 / 3, abs=0.03)


def test_targets_of_a_perfect_model_are_recovered_whatever_the_order():
    order = [2, 0, 1]
    scores = target_recovery.score(outputs(lambda z: z[:, order], TARGETS[:, order]))
    assert set(scores.values()) == {1.0}


def test_precision_recall_and_f1_by_counting():
    """The four trained interventions have five true targets.

    The first two latents of each are inferred: 8 targets, 4 of them true.
    """
    scores = target_recovery.score(outputs(targets=np.array([[1, 1, 0]] * 5)))
    assert (scores["precision"], scores["recall"]) == (4 / 8, 4 / 5)
    assert scores["f1"] == pytest.approx(2 * 0.5 * 0.8 / 1.3)
    assert (scores["precision_released"], scores["recall_released"]) == (5 / 10, 5 / 7)


def test_the_released_pairing_is_misled_by_signs():
    scores = target_recovery.score(outputs(lambda z: z * [-1, -1, 1]))
    assert scores["f1"] == 1
    assert scores["f1_released"] == pytest.approx(
        4 / 7
    )  # the first two exchanged: four of seven targets are met


def test_no_targets_are_no_hits():
    scores = target_recovery.score(outputs(targets=np.zeros((5, 3))))
    assert set(scores.values()) == {0.0}


def test_the_likelihood_is_the_mean_over_cells_of_interventions():
    scores = interventional_nll.score(outputs(nll=np.arange(CELLS // 5)))
    assert scores == pytest.approx({"nll": (CELLS // 5 - 1) / 2, "nll_theory": 7})
