"""Record runs: what is known of a run when it starts, and how it and its snapshots ended."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from facsimile import datasets, models
from facsimile.datasets import Arrays, Data, Dataset, Stored
from facsimile.datasets.base import partial
from facsimile.foundation import canonical, discover
from facsimile.foundation.log import Log
from facsimile.models import ArraysModel, Model
from facsimile.models.base import networks
from facsimile.models.base.algorithm import AlgorithmModel
from facsimile.planning.workspace import Workspace
from facsimile.store import records, shard_jobs
from facsimile.store.lease import leased
from facsimile.studies.runs import Run
from facsimile.studies.training import Training
from facsimile.training import loop, machine, weights_code
from facsimile.training.loggers import Curves
from facsimile.training.machine import Execution

# What a record keeps of the execution of every process that trained the run.
SESSION = (
    "execution",
    "pack",
    "compiled",
    "device",
    "processor",
    "precision",
    "layers",
    "host",
    "job",
)


def is_arrays_model(model: str) -> bool:
    """Whether the named model is a model of arrays.

    Those are trained one run at a time, in float32, on the processor.
    """
    return issubclass(discover.load_class("models", model, Model), ArraysModel)


def plain_execution(model: str) -> Execution:
    """How runs of a model of arrays are executed; algorithms in float64, all others in float32."""
    is_algorithm = issubclass(discover.load_class("models", model, Model), AlgorithmModel)
    return machine.plain("float64" if is_algorithm else "float32")


def is_small(run: Run) -> bool:
    """Whether the networks of a run are so small that a processor trains them in packs."""
    model = models.model(run.model, **run.params)
    if not model.trained or isinstance(model, ArraysModel):
        return False
    return networks.is_small(_networks(run))


def _networks(
    run: Run,
) -> dict[str, nn.Module]:
    """The networks of a run of a model of images, on a device where they have shapes, no values."""
    model = models.model(run.model, **run.params)
    training = training_of(run)
    image_shape = datasets.of_images(datasets.grid(run.dataset)).image_shape
    with torch.device("meta"):
        return model.networks(image_shape, training.latents, training.network)


def check_batch(training: Training, data: Dataset) -> None:
    """Raise ValueError if a batch has more images than the data set.

    Batches are drawn with replacement, so they could be drawn; but losses that compare the sizes of
    batch and data set are then undefined. Data sets of arrays are not checked: of one with a single
    row, a batch is as many samples of the objective.
    """
    if training.drawn > len(data):
        raise ValueError(
            f"batches of {training.drawn:,} images are larger than {data.name} here, which has "
            f"{len(data):,}; set a smaller batch_size in the study's training, or keep more of the "
            "data set's sub-grid"
        )


def parameter_shapes(
    run: Run,
) -> dict[str, list[int]]:
    """The shape of each parameter of a run's networks, by ``group.parameter``.

    Runs of one model differ in them if a hyper-parameter is the size of a layer.
    """
    shapes = {}
    for group, network in _networks(run).items():
        for name, parameter in network.named_parameters():
            shapes[f"{group}.{name}"] = list(parameter.shape)
    return shapes


def store_snapshot(
    workspace: Workspace,
    snapshot: Run,
    state: Any,
    weights: dict[str, Any],
    facts: dict[str, Any],
) -> None:
    """Store the state of a run after so many steps as the run of so many steps.

    Nothing happens if that run is in the store or another process is making it. ``state`` is as in
    ``write_done``; ``facts`` are those of the whole run.
    """
    with _missing(workspace, snapshot) as folder:
        if folder is not None:
            write_done(folder, state, weights, _snapshot_facts(snapshot, facts))


def store_failed_snapshots(
    workspace: Workspace,
    run: Run,
    failure: loop.NonFiniteLoss,
    facts: dict[str, Any],
    log: Log,
) -> None:
    """Record the snapshots that a failed run never reached as failed, too."""
    for snapshot in run.snapshot_runs:
        with _missing(workspace, snapshot) as folder:
            # Earlier snapshots were stored when training passed them.
            if folder is not None and snapshot.steps > failure.step:
                write_failed(folder, failure, _snapshot_facts(snapshot, facts), log)


@contextmanager
def _missing(
    workspace: Workspace,
    run: Run,
) -> Iterator[Path | None]:
    """The run's folder, leased while the block runs, if the run is not in the store.

    None if it is there or another process is making it.
    """
    folder = workspace.paths.run(run.key)
    with leased(folder) as lease:
        if lease is None or shard_jobs.trained(workspace.paths, run):
            yield None
        else:
            yield folder


def _snapshot_facts(
    snapshot: Run,
    facts: dict[str, Any],
) -> dict[str, Any]:
    return facts | shard_jobs.identity(snapshot) | {"snapshot_of": snapshot.snapshot_of}


def training_of(run: Run) -> Training:
    """The training settings of a run; raises ValueError if its study has none."""
    if "training" not in run.statement:
        raise ValueError(
            f"{run.key}: {run.model} needs training, but its study has no training; "
            "state steps, batch_size, …"
        )
    return Training.model_validate(run.statement["training"])


def write_done(
    folder: Path,
    state: Any,
    weights: dict[str, Any],
    facts: dict[str, Any],
) -> None:
    """Store a finished run; ``state`` has its step, history, seconds and sessions."""
    outcome = {
        "state": "done",
        "steps": state.step,
        "final": state.history[-1],
        **_effort(state),
    }
    records.finish(folder, weights, loop.history(state), facts | outcome)


def write_failed(
    folder: Path,
    failure: loop.NonFiniteLoss,
    facts: dict[str, Any],
    log: Log,
) -> None:
    """Store and log a run whose loss, or another number that is recorded, became non-finite."""
    log(f"{facts['run']}: FAILED, {failure}; the other runs go on")
    outcome = {
        "state": "failed",
        "reason": str(failure),
        "steps": failure.step,
        "last_finite_loss": failure.last,
        **_effort(failure.state),
    }
    records.fail(folder, loop.history(failure.state), facts | outcome)


def _effort(state: Any) -> dict[str, Any]:
    return {"seconds": round(state.seconds, 3), "sessions": state.sessions}


def run_facts(run: Run) -> dict[str, Any]:
    """What identifies a run in its record, its code, and when this process started it."""
    return shard_jobs.identity(run) | {
        "code": weights_code.hashes(run),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def session(
    run: Run,
    execution: Execution,
) -> dict[str, Any]:
    """How this process executes a run, in short: recorded for every process that trained it."""
    facts = machine.execution_facts(execution)
    short = {name: facts[name] for name in SESSION if name in facts}
    code = weights_code.hashes(run, packed=execution.name == "packed")
    short["torch"] = facts["versions"]["torch"]
    short["code"] = canonical.hash8(code)
    return short


def curves(
    workspace: Workspace,
    run: Run,
    log: Log,
) -> Curves:
    """The curves of a run, sent to the loggers of the configuration."""
    about = {
        "key": run.key,
        "dataset": run.dataset,
        "model": run.model,
        "params": run.params,
        "seed": run.seed,
        "steps": run.steps,
    }
    return Curves(workspace.config.loggers, about, workspace.paths.curves, log)


def data_facts(
    workspace: Workspace,
    run: Run,
) -> dict[str, str]:
    """What the file of a run's data set says about itself."""
    return _whole_data(workspace, run).facts


def open_data(workspace: Workspace, run: Run) -> Data:
    """Open the data set of a run, or the sub-grid of it that the run uses."""
    return _whole_data(workspace, run).subgrid(run.subgrid)


def _whole_data(workspace: Workspace, run: Run) -> Stored | Arrays:
    path = workspace.paths.dataset(run.dataset)
    return _opened(run.dataset, path, tuple(sorted(run.subgrid.items())))


@functools.lru_cache(maxsize=1)  # the runs of a shard share it
def _opened(
    name: str,
    path: Path,
    subgrid: tuple[tuple[str, int], ...],
) -> Stored | Arrays:
    return partial.dataset(name, path, dict(subgrid))
