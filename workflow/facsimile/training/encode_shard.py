"""Encode a shard: what each model infers, one ``latents.h5`` a run; of images, a mean and a log-variance each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from facsimile import models
from facsimile.datasets import Arrays, Data, of_images
from facsimile.foundation import discover, provenance
from facsimile.models import ArraysModel, Model
from facsimile.models.base import arrays as base_arrays
from facsimile.planning.workspace import Workspace
from facsimile.store import files, inferred_arrays, latents, records, shard_jobs
from facsimile.store.latents import Array
from facsimile.store.shard_jobs import Log
from facsimile.studies.runs import Run, Shard
from facsimile.training import encode, loop, machine
from facsimile.training.machine import Execution
from facsimile.training.run_records import of_arrays, open_data, training_of


def encode_shard(workspace: Workspace, shard: Shard, log: Log) -> None:
    """Encode what the store lacks of a shard's latents and write ``encoded.json``."""
    machine.one_thread()
    paths = workspace.paths

    shard_jobs.clear_future_time(paths.shard(shard.key) / "trained.json", log)

    def done(run: Run) -> bool:
        return shard_jobs.failed(paths, run) or encoded(workspace, run)

    shard_jobs.make_all(shard, paths, done, lambda run, _: encode_run(workspace, run, log), log)
    shard_jobs.write_index(paths.shard(shard.key) / "encoded.json", shard, paths)


def encoded(workspace: Workspace, run: Run) -> bool:
    """Whether the latents are there and come from the weights that are there."""
    folder = workspace.paths.run(run.key)
    found = latents.about(folder / files.LATENTS)
    made = records.record(folder)
    return (
        found is not None
        and made is not None
        and found.get("weights_sha256") == made["weights_sha256"]
    )


def encode_run(workspace: Workspace, run: Run, log: Log) -> None:
    """Write the latents of one finished run."""
    folder = workspace.paths.run(run.key)
    made = records.record(folder)
    if made is None:
        raise files.StoreError(f"{folder}: this run is not trained; train its shard first")
    model = models.model(run.model, **run.params)
    how = machine.plain() if of_arrays(run.model) else machine.encoding(workspace.config)
    about = (
        shard_jobs.identity(run)
        | {"weights_sha256": made["weights_sha256"]}
        | machine.execution_facts(how)
    )
    about["code"] = provenance.code(
        "facsimile.training.encode", discover.located("models", run.model)
    )
    log(f"{run.key}: encoding on {how.device}, {how.precision}")
    data = open_data(workspace, run)
    if (arrays := _arrays_of(run, model, data, folder)) is not None:
        with files.room_on_disk(folder):
            inferred_arrays.write(folder / files.LATENTS, arrays, about)
        return
    blocks, width = _blocks(workspace, run, model, how)
    shape = (len(data), width)
    with files.room_on_disk(folder):
        latents.write(folder / files.LATENTS, shape, blocks, about, workspace.config.stored_latents)


def _arrays_of(run: Run, model: Model, data: Data, folder: Path) -> dict[str, Any] | None:
    """What a model of arrays infers, nothing if it is not trained; None for a model of images, whose latents are streamed."""
    if not isinstance(model, ArraysModel):
        return None
    if not model.trained or not isinstance(data, Arrays):
        return {}
    made = encode.networks(
        model, training_of(run), loop.shape_of(model, data), records.weights(folder)
    )
    whole = base_arrays.tensors(data.arrays(slice(None)))
    return base_arrays.inferred(model, made, whole, run.seed, encode.ROWS)


def _blocks(
    workspace: Workspace, run: Run, model: Model, how: Execution
) -> tuple[Iterator[tuple[Array, Array]], int]:
    data = open_data(workspace, run)
    if not model.trained:
        mean, log_variance = model.codes(data.factors(np.arange(len(data))), run.seed)
        return iter([(mean, log_variance)]), mean.shape[1]
    training = training_of(run)
    weights = records.weights(workspace.paths.run(run.key))
    made = encode.networks(model, training, loop.shape_of(model, data), weights, how.device)
    return encode.encode(
        model, made, of_images(data), run.seed, how.precision, how.device
    ), training.latents
