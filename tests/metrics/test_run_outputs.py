"""Metrics of run outputs: what each declares, and known values."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from facsimile import datasets, models
from facsimile.foundation import canonical, discover
from facsimile.metrics.base import metric_card
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.models.base import arrays as base_arrays
from facsimile.papers.overlap.datasets.xy_squares import XYSquares
from facsimile.papers.overlap.metrics import channel_statistics, perceived_distance
from facsimile.papers.posterior_collapse.datasets.linear_gaussian import LinearGaussian
from facsimile.papers.posterior_collapse.metrics import _linear_optima as optima
from facsimile.papers.posterior_collapse.metrics import linear_optimum
from facsimile.papers.prog_vi.metrics import _cone_quadrature as quadrature
from facsimile.scoring import score_run_outputs
from facsimile.scoring.score_inputs import Images
from facsimile.studies import runs
from facsimile.studies.training import Training
from facsimile.training import loop

NAMES = [name for name in discover.names("metrics") if score_run_outputs.uses_run_outputs(name)]


def of(model="no_model", params=None, inferred=None, data=None, grid=None, n_points=500):
    images = Images(grid, 0) if grid is not None else None
    return RunOutputs(
        model,
        params or {},
        inferred or {},
        pd.DataFrame(),
        data or {},
        images,
        grid,
        (n_points, 0),
        0,
    )


@pytest.fixture(scope="module")
def gaussian(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "linear_gaussian.h5"
    LinearGaussian.make(path)
    return LinearGaussian.open(path)


@pytest.fixture(scope="module")
def squares():
    rows = np.concatenate(list(XYSquares.blocks(None)))
    return XYSquares(rows, {})


@pytest.mark.parametrize("name", NAMES)
def test_its_description_is_complete(name):
    metric, card = discover.module("metrics", name), metric_card.card(name)
    assert metric.RANGE[0] < metric.RANGE[1]
    assert metric.BETTER in ("higher", "lower")
    assert any(character.isdigit() for character in metric.REFERENCE)
    assert all(metric.CONVENTIONS.values())
    assert card.headline in card.named_scores
    assert not card.of_codes
    assert len(card.needs_text) == len(card.needs)


@pytest.mark.parametrize("name", NAMES)
def test_its_needs_are_known(name):
    run = runs.Run("cone", "no_model", 0, {"params": {}}, "", None, None, None, control=False)
    assert score_run_outputs.has(name, run, {"arrays": "[]"}) in (True, False)


def test_an_unknown_need_is_named(monkeypatch):
    monkeypatch.setattr(perceived_distance, "NEEDS", ("pixels",))
    run = runs.Run("cone", "no_model", 0, {"params": {}}, "", None, None, None, control=False)
    with pytest.raises(
        ValueError,
        match="perceived_distance needs 'pixels', which is neither codes nor one of: history",
    ):
        score_run_outputs.has("perceived_distance", run, {})


def test_codes_are_not_given():
    with pytest.raises(AttributeError, match="gets no codes; name 'codes' in its NEEDS"):
        _ = of().train


def test_the_evidence_of_the_cone_and_the_best_mean_field_bound():
    assert quadrature.log_evidence(5.0) == pytest.approx(-5.3232, abs=5e-5)
    assert quadrature.best(quadrature.elbo, (2.2, 0.0, -2.0, -1.0), 5.0) == pytest.approx(
        -8.0745, abs=5e-5
    )


def test_the_elbo_of_a_round_guide_equals_a_one_dimensional_integral():
    """For q = N(0, σ)², all terms but the entropy are functions of s = x² + y².

    s is exponential with mean 2σ².
    """
    scale = 0.6
    s = np.linspace(0, 40 * scale**2, 200_001)
    density, noise = np.exp(-s / (2 * scale**2)) / (2 * scale**2), 0.1 + s / 100
    likelihood = -0.5 * ((5 - s) / noise) ** 2 - np.log(noise) - 0.5 * math.log(2 * math.pi)
    prior = -s / 200 - math.log(2 * math.pi * 100)
    by_hand = np.trapezoid(density * (likelihood + prior), s) + 1 + math.log(2 * math.pi * scale**2)
    assert quadrature.elbo(
        np.array([0, 0, math.log(scale), math.log(scale)]), 5.0
    ) == pytest.approx(by_hand, rel=1e-6)


@pytest.mark.slow
def test_distances_of_xy_squares_are_those_of_counting(squares):
    scores = perceived_distance.score(of(grid=squares, n_points=400))
    one = 2 * 64 / (64 * 64 * 3)  # a moved square leaves 64 pixels and takes 64 others
    assert {round(v, 12) for k, v in scores.items() if k[0] in "xy" and k.endswith("_mean")} == {
        round(one, 12)
    }
    assert max(v for k, v in scores.items() if k[0] in "xy" and k.endswith("_std")) < 1e-12
    assert scores["random_mean"] == pytest.approx(3 * one * 63 / 64, abs=5 * 0.002237 / 20)


def test_channel_statistics_of_squares(squares):
    subgrid = squares.subgrid(dict.fromkeys(squares.factor_names, 4))
    scores = channel_statistics.score(of(grid=subgrid))
    p, n = 1 / 64, 64 * 64
    assert scores["mean"] == pytest.approx(p, abs=1e-12)
    assert scores["std"] == pytest.approx(math.sqrt(p * (1 - p) * n / (n - 1)), abs=1e-12)
    population = channel_statistics.score(of(grid=subgrid), "population")
    assert population["std"] == pytest.approx(math.sqrt(p * (1 - p)), abs=1e-9)


def test_every_score_of_a_data_set_is_declared(squares):
    subgrid = squares.subgrid(dict.fromkeys(squares.factor_names, 4))
    for name, metric in (
        ("perceived_distance", perceived_distance),
        ("channel_statistics", channel_statistics),
    ):
        patterns = [
            re.sub(r"\\\{\w+\\\}", r"\\w+", re.escape(score))
            for score in metric_card.card(name).scores
        ]
        scores = metric.score(of(grid=subgrid, n_points=20))
        assert [s for s in scores if not any(re.fullmatch(p, s) for p in patterns)] == []


# Training is compared with the closed form of the minimum; parameters are far from thresholds.
@pytest.mark.parametrize(
    ("model", "params"),
    [
        ("linear_vae", {"beta": 0.5, "eta_dec": 1}),
        pytest.param("linear_vae", {"beta": 0.5, "sigma": 0.7}, marks=pytest.mark.slow),
        ("linear_cvae", {"beta": 2, "eta_dec": 1}),
        ("linear_hvae", {"beta_2": 0.5, "sigma_1": 0.8}),
        pytest.param(
            "linear_hvae", {"beta_2": 0.5, "sigma_1": 0.8, "sigma_2": 0.6}, marks=pytest.mark.slow
        ),
    ],
)
def test_training_reaches_the_closed_form(gaussian, model, params):
    training = Training.model_validate(
        {"steps": 400, "batch_size": "all", "latents": 5, "adam": {"lr": 0.03}}
    )
    built = models.model(model, **params)
    state = loop.start(built, training, gaussian.shapes, 0, "float32")
    for _ in loop.steps(built, training, gaussian, 0, "float32", state):
        pass
    arrays = gaussian.arrays(slice(None))
    inferred = base_arrays.inferred(built, state.networks, base_arrays.tensors(arrays), 0, 1000)
    scores = linear_optimum.score(of(model, params, inferred, arrays))
    assert scores["omega_error"] < 2e-3
    assert scores["lambda_error"] < 2e-3
    if "sigma_error" in scores:
        assert scores["sigma_error"] < 1e-3
        assert scores["active_units"] == scores["active_units_theory"]
        assert scores["kl"] == pytest.approx(scores["kl_theory"], abs=5e-3)


def test_the_released_threshold_differs_between_the_two_thresholds_only(gaussian):
    """They differ for θ² between √β η and β η².

    At β = 2 the variance of 1.6 is collapsed, while it is active in the released code.
    """
    data, squares = (
        gaussian.arrays(slice(None)),
        optima._unexplained(gaussian.arrays(slice(None)), 5),
    )
    assert math.sqrt(2) < squares[1] < 2
    corrected, released = (
        f({"beta": 2}, data, 5)["sigma"] for f in (optima.linear_cvae, optima.linear_cvae_released)
    )
    assert (np.abs(corrected - released) > 0.01).sum() == 1
    same = [
        f({"beta": 0.5}, data, 5)["sigma"]
        for f in (optima.linear_cvae, optima.linear_cvae_released)
    ]
    np.testing.assert_allclose(*same)


def test_at_the_threshold_a_unit_is_collapsed():
    scores = optima._learned(np.array([4.0, 1.0, 0.5]), {"beta": 1})
    np.testing.assert_allclose(scores["omega"], [math.sqrt(3), 0, 0])
    np.testing.assert_allclose(scores["kl"], [0.5 * math.log(4), 0, 0])
    np.testing.assert_allclose(scores["sigma"], [1, 1, 0.5])


def test_a_run_without_the_needed_outputs_is_skipped():
    run = runs.Run(
        "cone",
        "cone_mean_field",
        0,
        {"params": {}},
        canonical.hash8({}),
        None,
        None,
        None,
        control=False,
    )
    assert score_run_outputs.has("cone_objective", run, {"arrays": '["objective", "parameters"]'})
    assert not score_run_outputs.has("cone_objective", run, {"arrays": '["parameters"]'})
    assert not score_run_outputs.has("perceived_distance", run, {"arrays": "[]"}), (
        "it has no images"
    )
    assert datasets.grid("cone").rows == 1
