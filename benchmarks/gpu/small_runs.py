"""Small runs on the toy data set, which the parts of a check train."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from training_worker import PARAMS

import facsimile
from facsimile import datasets, models
from facsimile.foundation import canonical
from facsimile.planning import config
from facsimile.planning.workspace import Workspace
from facsimile.store import files, latents, records
from facsimile.studies.runs import Run, Shard
from facsimile.studies.training import Adam, Training
from facsimile.training import encode_shard, train_shard
from gpu.check import Check, Row

SMALL = Training(steps=100, batch_size=8, latents=4, network="dlib", adam=Adam(lr=0.001))


def toy(check: Check) -> Any:
    return datasets.dataset("toy", check.out / "toy.h5")


def new_model(name: str, factor: float = 1) -> Any:
    return models.model(name, **{key: factor * value for key, value in PARAMS[name].items()})


def equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def small_workspace(folder: Path, device: str, pack: int, **settings: Any) -> Workspace:
    """A workspace with the toy data set."""
    execution = settings.pop("execution", "packed")
    common = {"results": folder, "device": device, "pack": pack, "execution": execution}
    workspace = Workspace(config.check(common | settings))
    path = workspace.paths.dataset("toy")
    path.parent.mkdir(parents=True, exist_ok=True)
    datasets.dataset("toy", path)
    return workspace


def small_run(name: str, seed: int, steps: int) -> Run:
    """A run on the toy data set."""
    training = SMALL.model_dump(exclude_unset=True, mode="json") | {"steps": steps}
    training["adam"] = {"lr": SMALL.by_adam.lr}
    statement = {"model": name, "params": PARAMS[name], "training": training}
    hash8 = canonical.hash8(statement)
    return Run("toy", name, seed, statement, hash8, None, None, None, control=False)


def scores(name: str, count: int, folder: Path, device: str, **settings: Any) -> dict[int, Row]:
    """Seed -> last loss and MIG of small runs on the toy data set."""
    workspace = small_workspace(folder, device, count, **settings)
    runs = [small_run(name, seed, SMALL.steps) for seed in range(count)]
    shard = Shard("toy", name, tuple(runs))
    train_shard.train_shard(workspace, shard, lambda line: None)
    encode_shard.encode_shard(workspace, shard, lambda line: None)
    data = datasets.dataset("toy", workspace.paths.dataset("toy"))
    factors = data.factors(np.arange(len(data)))
    rows = {}
    for run in runs:
        path = workspace.paths.run(run.key)
        loss = records.record(path)["final"]["loss"]
        codes = latents.read(path / files.LATENTS)
        rows[run.seed] = {"loss": loss, "mig": mig(codes, factors)}
    return rows


def mig(codes: Any, factors: Any) -> float:
    draws = (codes, factors)
    table = facsimile.score_draws(draws, draws, metrics=["mig"], convention="dlib", seed=0)
    return float(table.set_index("score").loc["mig", "value"])
