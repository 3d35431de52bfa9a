"""Cost estimates of runs, from measured rates."""

import dataclasses

import pytest
from project import PAPERS

from facsimile.foundation import declared
from facsimile.planning import cost
from facsimile.studies import reading, runs

DCI = declared.constant("metrics", "dci", "SECONDS")
FACTOR_VAE = 1 / declared.constant("models", "factor_vae", "STEP_SECONDS")["1"]


@pytest.fixture(scope="module")
def study(root):
    return reading.load(PAPERS / "locatello2019" / "study.yaml")


def test_a_metric_costs_by_its_training_points_and_its_variations(study):
    plain = study.model_copy(update={"metrics": ["dci"], "variations": {}})
    assert cost.score_seconds(plain, "paper") == DCI
    points = study.scales["smoke"].evaluation.train
    assert cost.score_seconds(plain, "smoke") == pytest.approx(DCI * points / 10_000)
    # Variations: two other samples, and 100 and 1,000 of 10,000 points.
    varied = study.model_copy(update={"metrics": ["dci"]})
    assert cost.score_seconds(varied, "paper") == pytest.approx(3.11 * DCI)


def test_a_study_costs_the_sum_of_training_encoding_and_scoring(study):
    models = ("beta_vae", "factor_vae")
    six_runs = [run for run in runs.expand(study, "desk") if run.model in models]
    price = cost.estimate(six_runs, study, "desk")
    training = 3 * 1000 / cost.DEFAULT_STEPS_PER_SECOND + 3 * 1000 / FACTOR_VAE
    others = 6 * (cost.ENCODE_SECONDS + cost.score_seconds(study, "desk"))
    assert price.core_hours * 3600 == pytest.approx(training + others)
    assert (price.runs, price.steps) == (6, 6000)


def test_a_small_network_costs_a_fiftieth_per_step_and_image(study):
    run = runs.expand(study, "desk")[0]
    training = run.statement["training"] | {"network": "mlp"}
    small = dataclasses.replace(run, statement=run.statement | {"training": training})
    assert cost.train_seconds(small) == pytest.approx(cost.train_seconds(run) / 50)
    scoring = cost.score_seconds(study, "desk")
    usual, fast = (3600 * cost.estimate([r], study, "desk").core_hours for r in (run, small))
    assert fast - scoring == pytest.approx((usual - scoring) / 50)


def test_seconds_of_a_network_are_those_that_the_model_states(root):
    study = reading.load(PAPERS / "ccvae" / "study.yaml")
    stated = declared.constant("models", "ccvae", "STEP_SECONDS")
    for scale, network in (("paper", "own"), ("desk", "mlp")):
        run = runs.expand(study, scale)[0]
        assert cost.train_seconds(run) == pytest.approx(run.steps * stated[network])


def test_images_of_scenes_cost_by_their_pixels(root):
    study = reading.load(PAPERS / "causalvae" / "study.yaml")
    small, large = (runs.expand(study, scale)[0] for scale in ("desk", "paper"))
    assert (small.params["side"], large.params["side"]) == (16, 96)
    assert cost.train_seconds(small) / small.steps == pytest.approx(0.12, abs=0.01)  # as measured
    assert cost.train_seconds(large) / large.steps == pytest.approx(1.8, abs=0.1)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0.0, "under 0.01"), (0.0099, "under 0.01"), (0.01, "about 0.01"), (1.234, "about 1.2")],
)
def test_an_estimate_of_hours_says_that_it_is_one(count, text):
    assert cost.about(count) == text
