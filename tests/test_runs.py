"""Expansion: the published grid, its numbers, hashes that stay, shards."""

import json
from pathlib import Path

import pytest

from facsimile import canonical, runs, studyfile

FROZEN = Path(__file__).parent / "frozen_hashes.json"


@pytest.fixture(scope="module")
def locatello(root):
    return studyfile.load(root / "config/studies/locatello2019.yaml")


@pytest.fixture(scope="module")
def published(locatello):
    return [run for run in runs.expand(locatello, "paper") if not run.control]


def test_the_published_study_has_12600_runs(published):
    assert len(published) == 7 * 6 * 6 * 50 == 12_600
    assert len({run.key for run in published}) == 12_600


# disentanglement_lib's config/unsupervised_study_v1/sweep.py, executed: model_num -> configuration.
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
        (1500, "dsprites", "annealed_vae", {"c_max": 5, "gamma": 1000, "iteration_threshold": 100000}, 0),
        (1800, "color_dsprites", "beta_vae", {"beta": 1}, 0),
        (10800, "shapes3d", "beta_vae", {"beta": 1}, 0),
        (12599, "shapes3d", "annealed_vae", {"c_max": 100, "gamma": 1000, "iteration_threshold": 100000}, 49),
    ],
)
def test_numbers_are_those_of_disentanglement_lib(published, number, dataset, model, params, seed):
    run = published[number]
    assert (run.number, run.dataset, run.model, run.params, run.seed) == (number, dataset, model, params, seed)


def test_a_smaller_scale_keeps_the_numbers(locatello):
    desk = {(r.model, r.value, r.seed): r for r in runs.expand(locatello, "desk") if not r.control}
    assert desk["beta_vae", 4, 0].number == 2 * 50
    assert desk["annealed_vae", 100, 0].number == 1500 + 5 * 50
    assert desk["beta_vae", 4, 0].value_index == 2


def test_hashes_of_the_shipped_studies_are_frozen(root):
    """A moved hash orphans trained runs; if that is meant, regenerate the file and say so in the changelog."""
    found = {}
    for path in sorted((root / "config/studies").glob("*.yaml")):
        loaded = studyfile.load(path)
        for scale in loaded.scales:
            keys = sorted({run.key.rsplit("/", 1)[0] for run in runs.expand(loaded, scale)})
            found[f"{loaded.id}/{scale}"] = canonical.hash8(keys)
    assert found == json.loads(FROZEN.read_text())


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
def test_the_hash_depends_on_what_is_stated_and_not_on_how(a, b, same):
    assert (canonical.hash8(a) == canonical.hash8(b)) is same


def test_shards_hold_every_run_once(published):
    made = runs.shards(published, 50)
    assert len(made) == 252
    assert sorted(run.key for shard in made for run in shard.runs) == sorted(run.key for run in published)
    assert all(len({(run.dataset, run.model) for run in shard.runs}) == 1 for shard in made)
    assert len({shard.key for shard in made}) == 252


def test_every_scale_has_its_controls(locatello):
    for scale in locatello.scales:
        controls = [run for run in runs.expand(locatello, scale) if run.control]
        assert {run.model for run in controls} == {"oracle", "noise"}
        assert all(run.number is None and run.steps == 0 for run in controls)


def test_an_unknown_scale_is_named_with_the_right_ones(locatello):
    with pytest.raises(ValueError, match=r"no scale of locatello2019 'dsk'; did you mean 'desk'\?"):
        runs.expand(locatello, "dsk")
