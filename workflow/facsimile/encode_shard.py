"""Encode a shard: posterior means and log-variances of every image, one ``latents.h5`` a run."""

from collections.abc import Iterator

import numpy as np

from facsimile import encode, jobs, latents, machine, models, provenance, store
from facsimile.jobs import Log
from facsimile.latents import Array
from facsimile.machine import Execution
from facsimile.models import Model
from facsimile.runs import Run, Shard
from facsimile.studyfile import Training
from facsimile.train_shard import open_data
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
    how = machine.encoding(workspace.config)
    about = jobs.describe(run) | {"weights_sha256": made["weights_sha256"]} | machine.describe(how)
    about["code"] = provenance.code("facsimile.encode", f"facsimile.models.{run.model}")
    log(f"{run.key}: encoding on {how.device}, {how.precision}")
    blocks, width = _blocks(workspace, run, model, how)
    shape = (len(open_data(workspace, run)), width)
    with store.room_on_disk(folder):
        latents.write(folder / store.LATENTS, shape, blocks, about, workspace.config.stored_latents)


def _blocks(workspace: Workspace, run: Run, model: Model, how: Execution) -> tuple[Iterator[tuple[Array, Array]], int]:
    data = open_data(workspace, run)
    if not model.trained:
        mean, log_variance = model.codes(data.factors(np.arange(len(data))), run.seed)
        return iter([(mean, log_variance)]), mean.shape[1]
    training = Training.model_validate(run.statement["training"])
    weights = store.weights(workspace.paths.run(run.key))
    made = encode.networks(model, training, data.image_shape, weights, how.device)
    return encode.encode(model, made, data, run.seed, how.precision, how.device), training.latents
