"""A run of arrays through the store: trained, resumed, encoded, scored; and refused inputs."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from synthetic import context

from facsimile import datasets
from facsimile.comparison import judge, published
from facsimile.foundation import canonical
from facsimile.models.base import optimisers
from facsimile.planning import config
from facsimile.planning.workspace import Workspace
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec
from facsimile.scoring.score_shard import score_shard
from facsimile.store import checkpoints, files, inferred_arrays, latents, records
from facsimile.studies import evaluations, problems, runs
from facsimile.studies.runs import Shard
from facsimile.studies.study import Study
from facsimile.studies.training import Training
from facsimile.training import loop, train_shard
from facsimile.training.encode_shard import encode_shard

STUDY = {
    "id": "tiny",
    "title": "t",
    "authors": "a",
    "year": 2026,
    "venue": "v",
    "datasets": ["cone"],
    "seeds": 1,
    "control_seeds": 0,
    "training": {"steps": 70, "batch_size": 4, "latents": 2, "sgd": {"lr": 0.001}},
    "models": [
        {"name": "cone_mean_field", "label": "one", "fixed": {"samples": 50}},
        {
            "name": "cone_mean_field",
            "label": "five",
            "fixed": {"samples": 50, "particles": 5},
            "training": {"batch_size": 1},
        },
    ],
    "metrics": ["cone_objective"],
    "evaluation": {"train": 50, "test": 0, "convention": "paper"},
    "tables": {},
    "figures": {},
    "scales": {
        "smoke": {"description": "all"},
        "less": {"description": "fewer", "training": {"steps": 7}},
    },
}


@pytest.fixture
def study():
    return Study.model_validate(STUDY)


@pytest.fixture
def workspace(tmp_path):
    workspace = Workspace(config.check({"results": tmp_path / "results", "scale": "smoke"}))
    datasets.make("cone", workspace.paths.dataset("cone"))
    return workspace


def trained(workspace, study):
    [shard] = runs.shards(runs.expand(study, "smoke"), 50)
    train_shard.train_shard(workspace, shard, lambda _: None)
    encode_shard(workspace, shard, lambda _: None)
    return shard


@pytest.mark.slow
def test_a_run_is_trained_encoded_and_scored_by_what_it_stores(workspace, study):
    shard = trained(workspace, study)
    score_shard(workspace, study, shard, "none", lambda _: None)
    panel = evaluations.panel(study, "smoke")
    scores = pd.read_parquet(workspace.paths.shard_scores(shard.key, panel))
    one, five = (workspace.paths.run(run.key) for run in shard.runs)
    stored = inferred_arrays.read(one / files.LATENTS)
    assert {name: values.shape for name, values in stored.items()} == {
        "parameters": (4,),
        "objective": (50,),
    }
    first = scores["run"] == shard.runs[0].key
    value = scores.loc[first & (scores["score"] == "value"), "result"].item()
    assert value == pytest.approx(stored["objective"].astype(float).mean())
    history = pd.read_parquet(one / files.HISTORY)
    assert [c for c in history.columns if c.startswith("parameter_")] == [
        f"parameter_{j}" for j in range(4)
    ]
    assert history.iloc[0][["parameter_0", "parameter_2"]].tolist() == [0, 1], (
        "traces are taken before the step's update"
    )
    assert records.record(one)["precision"] == "float32"
    assert records.record(one)["statement"]["training"]["batch_size"] == 4
    assert records.record(five)["statement"]["training"]["batch_size"] == 1


def test_a_resumed_run_has_the_bits_of_an_uninterrupted_one(workspace, study, tmp_path):
    run = runs.expand(study, "smoke")[0]
    [whole] = [
        records.weights(workspace.paths.run(r.key))
        for r in trained(workspace, study).runs
        if r.key == run.key
    ]
    other = Workspace(workspace.config.model_copy(update={"results": tmp_path / "other"}))
    datasets.make("cone", other.paths.dataset("cone"))
    model, training = (
        train_shard.models.model(run.model, **run.params),
        Training.model_validate(run.statement["training"]),
    )
    clock = loop.Clock(minutes=1e9, every=30)
    clock.stopping = True  # leaves at the first checkpoint
    data = datasets.dataset("cone", other.paths.dataset("cone"))
    folder = other.paths.run(run.key)
    folder.mkdir(parents=True)
    with pytest.raises(loop.Interrupted):
        loop.run(model, training, data, run.seed, "float32", folder, clock, {})
    assert checkpoints.load_checkpoint(folder)[1]["step"] > 0
    train_shard.train_shard(other, Shard("cone", run.model, (run,)), lambda _: None)
    resumed = records.weights(folder)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_altered_arrays_are_refused_by_name(workspace, study):
    path = workspace.paths.run(trained(workspace, study).runs[0].key) / files.LATENTS
    assert inferred_arrays.names(latents.attributes_or_none(path)) == ["parameters", "objective"]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(files.StoreError, match=r"latents\.h5: truncated or no file of arrays"):
        inferred_arrays.read(path)
    path.write_bytes(whole)
    with h5py.File(path, "r+") as file:
        file["parameters"][0] += 1
    with pytest.raises(files.StoreError, match=r"latents\.h5: altered since it was written"):
        inferred_arrays.read(path)


def test_packs_and_bfloat16_are_not_for_arrays(workspace, study):
    packed = Workspace(
        workspace.config.model_copy(
            update={"execution": "packed", "device": "cpu", "precision": "bf16"}
        )
    )
    record = records.record(packed.paths.run(trained(packed, study).runs[0].key))
    assert (record["state"], record["execution"], record["precision"]) == (
        "done",
        "serial",
        "float32",
    )


def test_infinite_numbers_are_not_stored(tmp_path):
    with pytest.raises(ValueError, match="graph has numbers that are not finite"):
        inferred_arrays.write(tmp_path / "latents.h5", {"graph": np.array([np.nan])}, {})
    assert list(tmp_path.iterdir()) == []


def run_of(model, dataset, training):
    statement = {"model": model, "params": {"beta": 1}} | (
        {"training": training} if training else {}
    )
    return runs.Run(
        dataset, model, 0, statement, canonical.hash8(statement), None, None, None, control=False
    )


@pytest.mark.parametrize(
    ("model", "dataset", "training", "message"),
    [
        ("linear_vae", "cone", {}, "no array of cone, which LinearVAE takes: 'x'"),
        ("linear_vae", "toy", {}, "LinearVAE is a model of arrays, toy a data set of images"),
        (
            "beta_vae",
            "cone",
            {"network": "dlib"},
            r"cone is a data set of arrays \(z\), not of images",
        ),
        ("linear_vae", "cone", None, "its study has no training; state steps, batch_size"),
    ],
)
def test_a_model_and_a_data_set_of_two_kinds_are_refused(
    workspace, model, dataset, training, message
):
    datasets.dataset(dataset, workspace.paths.dataset(dataset))
    settings = (
        {"steps": 2, "batch_size": 2, "latents": 2, "adam": {"lr": 0.1}} | training
        if training is not None
        else None
    )
    with pytest.raises(ValueError, match=message):
        train_shard.train_shard(
            workspace, Shard(dataset, model, (run_of(model, dataset, settings),)), lambda _: None
        )


def test_models_of_images_have_no_other_optimiser_and_no_full_batch():
    settings = {"steps": 1, "batch_size": "all", "latents": 2, "sgd": {"lr": 0.1}}
    training = Training.model_validate(settings)
    with pytest.raises(ValueError, match="models of images are trained by Adam"):
        _ = training.by_adam
    with pytest.raises(ValueError, match="batch_size: all is for data sets of arrays"):
        _ = training.drawn
    with pytest.raises(ValueError, match="state one optimiser"):
        Training.model_validate(settings | {"adam": {"lr": 0.1}})
    # Only algorithms have none; test_algorithm_runs.py has the error for all other models.
    without = Training.model_validate(settings | {"sgd": None})
    assert without.missing == ["an optimiser, adam: {lr: …} or sgd: {lr: …}"]


@pytest.mark.slow
def test_gradient_descent_goes_down_the_gradient():
    network = torch.nn.Linear(2, 1)
    before = [p.detach().clone() for p in network.parameters()]
    optimisers.make(optimisers.SGDSettings(0.1), network).step([torch.ones_like(p) for p in before])
    for old, new in zip(before, network.parameters(), strict=True):
        torch.testing.assert_close(new.detach(), old - 0.1)


def test_cells_that_are_equal_at_a_scale_are_one_cell(study):
    both = study.model_copy(
        update={"models": [study.models[0], study.models[0].model_copy(update={"label": "again"})]}
    )
    assert [run.label for run in runs.expand(both, "smoke")] == ["one"]
    assert [run.label for run in runs.expand(study, "less")] == ["one", "five"]
    assert {run.steps for run in runs.expand(study, "less")} == {7}


def test_a_label_must_be_unique(study):
    for label, message in (
        ("one", "'one' is already the name or label of a model"),
        ("", "appears twice; join its sweeps, or give each a label"),
    ):
        raw = json.loads(json.dumps(STUDY))
        raw["models"][1]["label"] = label
        messages = [text for _, text in problems.of(Study.model_validate(raw))]
        assert any(message in text for text in messages), messages


def test_a_published_number_may_name_a_label(tmp_path):
    study = Study.model_validate(
        STUDY
        | {"tables": {"t": {"kind": "beside", "title": "T", "metrics": ["cone_objective.value"]}}}
    )
    path = tmp_path / "tiny.csv"
    path.write_text(
        ",".join(published.COLUMNS)
        + "\nt,cone,one,,cone_objective.value,mean,-8.0,0.1,here,printed\n"
    )
    context_of_study = Context.of(study, "smoke")
    rows = [
        {
            "run": f"{label}{seed}",
            "dataset": "cone",
            "model": "cone_mean_field",
            "label": label,
            "params": "{}",
            "seed": seed,
            "control": False,
            "metric": "cone_objective",
            "score": "value",
            "result": value + seed / 100,
        }
        for label, value in (("one", -8.02), ("five", -7.0))
        for seed in range(5)
    ]
    compared = judge.compare(
        pd.DataFrame(rows),
        published.read(path, context_of_study),
        Spec.all(study, "smoke"),
        context_of_study,
    )
    ours = compared.set_index("model")["ours"]
    assert ours["one"] == pytest.approx(-8.0)
    assert ours["five"] == pytest.approx(-6.98)
    assert compared.set_index("model")["verdict"].to_dict() == {
        "one": "reproduced",
        "five": "no source",
    }
    assert context().design.labels == {}
