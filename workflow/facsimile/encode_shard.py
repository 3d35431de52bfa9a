"""Encode a shard: what each model infers, one ``latents.h5`` a run; of images, a mean and a log-variance each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from facsimile import encode, inferred, jobs, latents, machine, models, provenance, store, train
from facsimile.datasets import Arrays, Data, of_images
from facsimile.jobs import Log
from facsimile.latents import Array
from facsimile.machine import Execution
from facsimile.models import ArraysModel, Model, _arrays
from facsimile.runs import Run, Shard
from facsimile.train_shard import of_arrays, open_data, training_of
from facsimile.workspace import Workspace


def encode_shard(workspace: Workspace, shard: Shard, log: Log) -> None:
    """Encode what the store lacks of a shard's latents and write ``encoded.json``."""
    machine.one_thread()
    paths = workspace.paths

    jobs.dated(paths.shard(shard.key) / "trained.json", log)

    def done(run: Run) -> bool:
        return jobs.failed(paths, run) or encoded(workspace, run)

    jobs.make_all(shard, paths, done, lambda run, _: encode_run(workspace, run, log), log)
    jobs.write_index(paths.shard(shard.key) / "encoded.json", shard, paths)


def encoded(workspace: Workspace, run: Run) -> bool:
    """Whether the latents are there and come from the weights that are there."""
    folder = workspace.paths.run(run.key)
    found = latents.about(folder / store.LATENTS)
    made = store.record(folder)
    return found is not None and made is not None and found.get("weights_sha256") == made["weights_sha256"]


def encode_run(workspace: Workspace, run: Run, log: Log) -> None:
    """Write the latents of one finished run."""
    folder = workspace.paths.run(run.key)
    made = store.record(folder)
    if made is None:
        raise store.StoreError(f"{folder}: this run is not trained; train its shard first")
    model = models.model(run.model, **run.params)
    how = machine.plain() if of_arrays(run.model) else machine.encoding(workspace.config)
    about = jobs.describe(run) | {"weights_sha256": made["weights_sha256"]} | machine.describe(how)
    about["code"] = provenance.code("facsimile.encode", f"facsimile.models.{run.model}")
    log(f"{run.key}: encoding on {how.device}, {how.precision}")
    data = open_data(workspace, run)
    if (arrays := _arrays_of(run, model, data, folder)) is not None:
        with store.room_on_disk(folder):
            inferred.write(folder / store.LATENTS, arrays, about)
        return
    blocks, width = _blocks(workspace, run, model, how)
    shape = (len(data), width)
    with store.room_on_disk(folder):
        latents.write(folder / store.LATENTS, shape, blocks, about, workspace.config.stored_latents)


def _arrays_of(run: Run, model: Model, data: Data, folder: Path) -> dict[str, Any] | None:
    """What a model of arrays infers, nothing if it is not trained; None for a model of images, whose latents are streamed."""
    if not isinstance(model, ArraysModel):
        return None
    if not model.trained or not isinstance(data, Arrays):
        return {}
    made = encode.networks(model, training_of(run), train.shape_of(model, data), store.weights(folder))
    whole = _arrays.tensors(data.arrays(slice(None)))
    return _arrays.inferred(model, made, whole, run.seed, encode.ROWS)


def _blocks(workspace: Workspace, run: Run, model: Model, how: Execution) -> tuple[Iterator[tuple[Array, Array]], int]:
    data = open_data(workspace, run)
    if not model.trained:
        mean, log_variance = model.codes(data.factors(np.arange(len(data))), run.seed)
        return iter([(mean, log_variance)]), mean.shape[1]
    training = training_of(run)
    weights = store.weights(workspace.paths.run(run.key))
    made = encode.networks(model, training, train.shape_of(model, data), weights, how.device)
    return encode.encode(model, made, of_images(data), run.seed, how.precision, how.device), training.latents
