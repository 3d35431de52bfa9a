"""What the tests of training share: a workspace with the toy data set, and small runs."""

import pytest
import torch

from facsimile import datasets
from facsimile.foundation import canonical
from facsimile.planning import config
from facsimile.planning.workspace import Workspace
from facsimile.store import records
from facsimile.studies import runs
from facsimile.studies.runs import Shard
from facsimile.training import train_shard

STEPS = 80  # past the first block of 64 whose random numbers are drawn at once


@pytest.fixture(scope="module")
def data_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "toy.h5"
    datasets.dataset("toy", path)
    return path


@pytest.fixture
def workspace(tmp_path, data_file):
    """A workspace with its results in tmp_path; runs are serial, in float32, on the processor."""
    settings = {"results": tmp_path / "results", "precision": "float32", "execution": "serial"}
    return with_data(Workspace(config.check(settings)), data_file)


def elsewhere(workspace, results, **changes):
    """The same workspace with an empty store in another folder and with changed settings."""
    changed = workspace.config.model_dump() | {"results": results} | changes
    return with_data(Workspace(config.check(changed)), workspace.paths.dataset("toy").resolve())


def with_data(other, data_file):
    other.paths.dataset("toy").parent.mkdir(parents=True)
    other.paths.dataset("toy").symlink_to(data_file)
    return other


def run_of(model="beta_vae", seed=0, steps=STEPS, lr=0.001, network="mlp", **params):
    """A run of a model; by default with dense networks, which train faster than convolutions."""
    training = {
        "steps": steps,
        "batch_size": 8,
        "latents": 4,
        "network": network,
        "adam": {"lr": lr},
    }
    statement = {"model": model, "params": params or {"beta": 4}, "training": training}
    return runs.Run(
        "toy", model, seed, statement, canonical.hash8(statement), None, None, None, control=False
    )


def trained(workspace, *members, log=lambda _: None):
    """Train runs of one model as a shard; returns their weights, None for those that failed."""
    train_shard.train_shard(workspace, Shard("toy", members[0].model, members), log)
    states = [records.record(workspace.paths.run(run.key))["state"] for run in members]
    return [
        records.weights(workspace.paths.run(run.key)) if state == "done" else None
        for run, state in zip(members, states, strict=True)
    ]


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
