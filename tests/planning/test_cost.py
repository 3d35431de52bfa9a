"""Cost estimates of runs, from measured rates."""

import dataclasses

import pytest
from project import PAPERS

from facsimile.foundation import declared
from facsimile.planning import cost
from facsimile.planning.speed import Speed
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
    encoding = cost.ENCODE_RUN_SECONDS + cost.ENCODE_SECONDS
    others = 6 * (encoding + cost.score_seconds(study, "desk"))
    assert price.core_hours * 3600 == pytest.approx(training + others)
    assert (price.runs, price.steps) == (6, 6000)


def test_a_small_network_costs_a_fiftieth_per_step_and_image(study):
    run = runs.expand(study, "desk")[0]
    training = run.statement["training"] | {"network": "mlp"}
    small = dataclasses.replace(run, statement=run.statement | {"training": training})
    assert cost.train_seconds(small) == pytest.approx(cost.train_seconds(run) / 50)
    fixed = cost.score_seconds(study, "desk") + cost.ENCODE_RUN_SECONDS
    usual, fast = (3600 * cost.estimate([r], study, "desk").core_hours for r in (run, small))
    assert fast - fixed == pytest.approx((usual - fixed) / 50)


def test_a_metric_with_fixed_seconds_costs_them_whatever_its_points(root):
    study = reading.load(PAPERS / "diffusion_book" / "study.yaml")
    seconds = declared.constant("metrics", "guidance", "FIXED_SECONDS")
    alone = study.model_copy(update={"metrics": ["guidance"], "variations": {}})
    assert cost.score_seconds(alone, "desk") == pytest.approx(seconds)
    twice_as_slow = Speed(core=2.0)
    assert cost.score_seconds(alone, "desk", twice_as_slow) == pytest.approx(2 * seconds)


def test_each_command_that_starts_jobs_costs_their_start_once(study):
    run = runs.expand(study, "desk")[0]
    here = Speed(start=2.0)
    none, one, two = (cost.estimate([run], study, "desk", here, n).core_hours for n in (0, 1, 2))
    assert 3600 * (one - none) == pytest.approx(2.0 * (1 + cost.COMMAND_STARTS))
    assert 3600 * (two - one) == pytest.approx(2.0)


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
    assert cost.train_seconds(small) / small.steps == pytest.approx(0.06, abs=0.01)  # as measured
    assert cost.train_seconds(large) / large.steps == pytest.approx(1.4, abs=0.1)


def test_a_hyper_parameter_that_is_not_stated_costs_as_its_default(root):
    study = reading.load(PAPERS / "ard_vae" / "study.yaml")
    runs_of = {}
    for scale in ("paper", "desk"):
        runs_of[scale] = next(r for r in runs.expand(study, scale) if r.model == "ard_vae_conv")
    default, stated = runs_of["paper"], runs_of["desk"]
    assert ("width" in default.params, stated.params["width"]) == (False, 16)
    seconds = declared.constant("models", "ard_vae_conv", "STEP_SECONDS")
    expected = default.steps * (seconds["1"] + 64**2 * seconds["width**2"])
    assert cost.train_seconds(default) == pytest.approx(expected)
    per_step = cost.train_seconds(default) / default.steps
    assert per_step > 5 * cost.train_seconds(stated) / stated.steps


@pytest.mark.parametrize(
    ("count", "text"),
    [(0.0, "under 0.01"), (0.0099, "under 0.01"), (0.01, "about 0.01"), (1.234, "about 1.2")],
)
def test_an_estimate_of_hours_says_that_it_is_one(count, text):
    assert cost.about(count) == text
