"""Expansion of studies: the published grid and its numbers, frozen hashes, shards."""

import json

import pytest
from project import PAPERS, ROOT

from facsimile.foundation import canonical
from facsimile.studies import evaluations, problems, reading, runs

FROZEN = ROOT / "tests" / "frozen_hashes.json"


@pytest.fixture(scope="module")
def locatello(root):
    return reading.load(PAPERS / "locatello2019" / "study.yaml")


@pytest.fixture(scope="module")
def published(locatello):
    return [run for run in runs.expand(locatello, "paper") if not run.control]


def test_the_published_study_has_12600_runs(published):
    assert len(published) == 7 * 6 * 6 * 50 == 12_600
    assert len({run.key for run in published}) == 12_600


# model_num -> configuration, from executing disentanglement_lib's
# config/unsupervised_study_v1/sweep.py.
@pytest.mark.parametrize(
    ("number", "dataset", "model", "params", "seed"),
    [
        (0, "dsprites", "beta_vae", {"beta": 1}, 0),
        (49, "dsprites", "beta_vae", {"beta": 1}, 49),
        (50, "dsprites", "beta_vae", {"beta": 2}, 0),
        (299, "dsprites", "beta_vae", {"beta": 16}, 49),
        (300, "dsprites", "factor_vae", {"gamma": 10}, 0),
        (600, "dsprites", "dip_vae_i", {"lambda_od": 1, "lambda_d_factor": 10}, 0),
        (900, "dsprites", "dip_vae_ii", {"lambda_od": 1, "lambda_d_factor": 1}, 0),
        (1200, "dsprites", "beta_tc_vae", {"beta": 1}, 0),
        (
            1500,
            "dsprites",
            "annealed_vae",
            {"c_max": 5, "gamma": 1000, "iteration_threshold": 100000},
            0,
        ),
        (1800, "color_dsprites", "beta_vae", {"beta": 1}, 0),
        (10800, "shapes3d", "beta_vae", {"beta": 1}, 0),
        (
            12599,
            "shapes3d",
            "annealed_vae",
            {"c_max": 100, "gamma": 1000, "iteration_threshold": 100000},
            49,
        ),
    ],
)
def test_numbers_are_those_of_disentanglement_lib(published, number, dataset, model, params, seed):
    run = published[number]
    assert (run.number, run.dataset, run.model, run.params, run.seed) == (
        number,
        dataset,
        model,
        params,
        seed,
    )


def test_a_smaller_scale_keeps_the_numbers(locatello):
    desk = {(r.model, r.value, r.seed): r for r in runs.expand(locatello, "desk") if not r.control}
    assert desk["beta_vae", 4, 0].number == 2 * 50
    assert desk["annealed_vae", 100, 0].number == 1500 + 5 * 50
    assert desk["beta_vae", 4, 0].value_index == 2


def test_a_scale_with_values_of_its_own_numbers_them_itself(locatello):
    mini = [run for run in runs.expand(locatello, "miniature") if run.model == "factor_vae"]
    numbered = {run.value: run.value_index for run in mini}
    values = locatello.scales["miniature"].models["factor_vae"].sweep["gamma"]
    assert numbered == {value: index for index, value in enumerate(values)}
    assert not set(values) <= set(locatello.models[1].sweep["gamma"])


def test_hashes_of_the_shipped_studies_are_frozen(root):
    """A changed hash orphans trained runs.

    If the change is intended, regenerate the file and mention it in the changelog.
    """
    hashes = {}
    for path in sorted(PAPERS.glob("*/study.yaml")):
        study = reading.load(path)
        for scale in study.scales:
            # Keys without the seed.
            cells = {run.key.rsplit("/", 1)[0] for run in runs.expand(study, scale)}
            hashes[f"{study.id}/{scale}"] = canonical.hash8(sorted(cells))
    assert hashes == json.loads(FROZEN.read_text())


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ({"beta": 1}, {"beta": 1.0}, True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"lr": 1e-4}, {"lr": 0.0001}, True),
        ({"beta": 1}, {"beta": 1.5}, False),
        ({"beta": 1}, {"beta": True}, False),
    ],
)
def test_the_hash_depends_on_values_and_not_on_their_notation(a, b, same):
    assert (canonical.hash8(a) == canonical.hash8(b)) is same


def test_shards_contain_every_run_once(published):
    shards = runs.shards(published, 50)
    assert len(shards) == 252
    keys = [run.key for shard in shards for run in shard.runs]
    assert sorted(keys) == sorted(run.key for run in published)
    for shard in shards:
        assert len({(run.dataset, run.model) for run in shard.runs}) == 1
    assert len({shard.key for shard in shards}) == 252


def test_every_scale_has_its_controls(locatello):
    for scale in locatello.scales:
        controls = [run for run in runs.expand(locatello, scale) if run.control]
        assert {run.model for run in controls} == {"oracle", "noise"}
        assert all(run.number is None and run.steps == 0 for run in controls)


def variations(study, scale, metric):
    """Return the names of all ways to compute a metric, "" for the main evaluation."""
    return [setting.variation for setting in evaluations.settings(study, scale, metric)]


def test_a_variation_is_left_out_if_it_equals_the_main_evaluation(locatello):
    settings = evaluations.settings(locatello, "paper", "mig")
    by_name = {setting.variation: setting.evaluation for setting in settings}
    assert list(by_name) == ["", "draw_1", "draw_2", "train_100", "train_1000"]
    assert by_name["draw_2"] == by_name[""].model_copy(update={"seed": 2})
    assert by_name["train_100"] == by_name[""].model_copy(update={"train": 100})
    # At the smoke scale the main evaluation has 120 points, so train_1000 equals it.
    assert variations(locatello, "smoke", "mig") == ["", "draw_1", "draw_2", "train_100"]
    assert variations(locatello, "paper", "explicitness") == [""]
    sampled = evaluations.settings(locatello, "paper", "unsupervised")[1]
    assert (sampled.variation, sampled.representation) == ("sampled", "sampled")


def test_a_scale_may_give_an_expensive_metric_fewer_points(locatello):
    assert evaluations.evaluation(locatello, "smoke", "downstream").train == 50
    assert (
        evaluations.evaluation(locatello, "smoke", "mig").train
        == evaluations.evaluation(locatello, "smoke").train
        == 120
    )


def test_another_variation_changes_the_protocol(locatello):
    fewer = {name: setting for name, setting in locatello.variations.items() if name != "draw_2"}
    other = locatello.model_copy(update={"variations": fewer})
    assert evaluations.protocol(other, "paper", "mig") != evaluations.protocol(
        locatello, "paper", "mig"
    )
    assert evaluations.protocol(other, "paper", "unsupervised") == evaluations.protocol(
        locatello, "paper", "unsupervised"
    )


def test_an_unknown_scale_is_an_error_with_a_suggestion(locatello):
    with pytest.raises(ValueError, match=r"no scale of locatello2019 'dsk'; did you mean 'desk'\?"):
        runs.expand(locatello, "dsk")


def test_a_data_set_may_have_its_own_number_of_latents(root):
    svae = reading.load(PAPERS / "svae" / "study.yaml")
    latents = {
        run.dataset: run.statement["training"]["latents"] for run in runs.expand(svae, "paper")
    }
    assert latents == {name: int(name.split("_")[2]) for name in svae.datasets}
    unknown = svae.model_copy(update={"latents": {"sparse_shift_7_cells": 7}})
    (location, message), *_ = problems.of(unknown)
    assert location == ("latents", "sparse_shift_7_cells")
    assert "no data set of svae 'sparse_shift_7_cells'; did you mean 'sparse_shift_" in message


def test_a_model_may_name_a_data_set_that_only_a_scale_uses(root):
    mam = reading.load(PAPERS / "mam" / "study.yaml")
    assert "ising_4" not in mam.datasets
    trained = {(run.dataset, run.label) for run in runs.expand(mam, "desk")}
    assert trained == {("ising_4", label) for label in ("ARM", "ARM-MC", "MAM")}
    first, *others = mam.models
    unknown = first.model_copy(update={"datasets": ["ising_5"]})
    found = problems.of(mam.model_copy(update={"models": [unknown, *others]}))
    assert ("models", 0, "datasets", 0) in {location for location, _ in found}
