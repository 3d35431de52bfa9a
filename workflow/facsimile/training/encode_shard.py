"""Encode a shard: store what each of its models infers, in one ``latents.h5`` per run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from facsimile import models
from facsimile.datasets import Arrays, Data, of_images
from facsimile.foundation import discover, provenance
from facsimile.foundation.log import Log
from facsimile.models import ArraysModel, Model
from facsimile.models.base import arrays as base_arrays
from facsimile.models.base.algorithm import AlgorithmModel
from facsimile.planning import environment
from facsimile.planning.workspace import Workspace
from facsimile.store import files, inferred_arrays, latents, records, shard_jobs
from facsimile.store.latents import Array
from facsimile.store.lease import Lease
from facsimile.studies.runs import Run, Shard
from facsimile.training import algorithm_runs, encode, loop, machine
from facsimile.training.machine import Execution
from facsimile.training.run_records import (
    is_arrays_model,
    is_small,
    open_data,
    plain_execution,
    training_of,
)


def encode_shard(
    workspace: Workspace,
    shard: Shard,
    log: Log,
) -> None:
    """Encode the runs of a shard whose latents are missing, then write ``encoded.json``."""
    environment.keep_freed_memory()
    machine.one_thread()
    paths = workspace.paths
    shard_jobs.clear_future_time(paths.shard(shard.key) / "trained.json", log)

    def done(run: Run) -> bool:
        return shard_jobs.failed(paths, run) or latents.is_encoded(paths.run(run.key))

    def make(run: Run, lease: Lease) -> None:
        encode_run(workspace, run, log)

    shard_jobs.make_all(shard, paths, done, make, log)
    shard_jobs.write_index(paths.shard(shard.key) / "encoded.json", shard, paths)


def encode_run(
    workspace: Workspace,
    run: Run,
    log: Log,
) -> None:
    """Write the latents of one finished run; raises StoreError if it is not trained."""
    folder = workspace.paths.run(run.key)
    record = records.record(folder)
    if record is None:
        raise files.StoreError(f"{folder}: this run is not trained; train its shard first")
    model = models.model(run.model, **run.params)
    if is_arrays_model(run.model):
        execution = plain_execution(run.model)
    else:
        execution = machine.encoding(workspace.config, is_small(run))

    about = shard_jobs.identity(run)
    about |= {"weights_sha256": record["weights_sha256"]}
    about |= machine.execution_facts(execution)
    about["code"] = provenance.code(
        "facsimile.training.encode", discover.module_name("models", run.model)
    )

    log(f"{run.key}: encoding on {execution.device}, {execution.precision}")
    data = open_data(workspace, run)
    path = folder / files.LATENTS
    if isinstance(model, ArraysModel):
        arrays = _arrays(run, model, data, folder)
        with files.room_on_disk(folder):
            inferred_arrays.write(path, arrays, about)
        return
    # Latents of images are many: they are written while they are inferred.
    blocks, width = _blocks(workspace, run, model, execution)
    shape = (len(data), width)
    with files.room_on_disk(folder):
        latents.write(path, shape, blocks, about, workspace.config.stored_latents)


def _arrays(
    run: Run,
    model: ArraysModel,
    data: Data,
    folder: Path,
) -> dict[str, Any]:
    """What a model of arrays infers, by name; nothing of a data set of images."""
    if not isinstance(data, Arrays):
        return {}
    if isinstance(model, AlgorithmModel):
        state = algorithm_runs.state_of(records.weights(folder))
        return model.result(algorithm_runs.problem_of(model, data), state)
    shape = loop.shape_of(model, data)
    nets = {}
    # A model that needs no training has no networks, and may return what its data set contains.
    if model.trained:
        weights = records.weights(folder)
        nets = encode.networks(model, training_of(run), shape, weights)
    # Some models infer from all of the data at once, for instance a graph.
    whole = base_arrays.tensors(data.arrays(slice(None)))
    return base_arrays.inferred(model, nets, whole, run.seed, encode.ROWS)


def _blocks(
    workspace: Workspace,
    run: Run,
    model: Model,
    execution: Execution,
) -> tuple[Iterator[tuple[Array, Array]], int]:
    """Blocks of means and log-variances of a model of images, and the number of latents.

    A control without training has codes that are computed from the factors.
    """
    data = open_data(workspace, run)
    if not model.trained:
        all_factors = data.factors(np.arange(len(data)))
        mean, log_variance = model.codes(all_factors, run.seed)
        return iter([(mean, log_variance)]), mean.shape[1]
    training = training_of(run)
    weights = records.weights(workspace.paths.run(run.key))
    device = execution.device
    precision = execution.precision
    shape = loop.shape_of(model, data)
    nets = encode.networks(model, training, shape, weights, device)
    blocks = encode.encode(model, nets, of_images(data), run.seed, precision, device)
    return blocks, training.latents
