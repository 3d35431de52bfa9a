"""Start runs from the weights of their parents: the checkpoint of such a run before its first step.

Training goes on from it as from any other checkpoint, alone or in a pack.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from facsimile import models
from facsimile.foundation.log import Log
from facsimile.models.base.optimisers import moments
from facsimile.planning.workspace import Workspace
from facsimile.store import checkpoints, files, records
from facsimile.studies.runs import Run
from facsimile.training import loop, weights_code
from facsimile.training.run_records import open_data, run_facts, training_of


def begin(
    workspace: Workspace,
    run: Run,
    log: Log,
) -> bool:
    """Write the first checkpoint of a run that starts from another run, unless it has made steps.

    Returns whether it can be trained: if its parent failed, it is stored as failed. The caller
    holds the run's lease. Raises StoreError for a parent that is not in the store or was trained
    again since the checkpoint was written, and ValueError if none of its weights fit.
    """
    if not run.parent:
        return True
    parent = _record(workspace, run)
    if parent["state"] == "failed":
        _fail(workspace, run, log)
        return False
    checkpoint = checkpoints.load_checkpoint(workspace.paths.run(run.key), log)
    # Without a step, it may hold other weights than the parent has now.
    if checkpoint is None or checkpoint[1]["step"] == 0:
        _start(workspace, run, log)
    else:
        _check(run, checkpoint[1]["sessions"], parent)
    return True


def facts(
    workspace: Workspace,
    run: Run,
) -> dict[str, Any]:
    """What the record of a run says of its parent, as an item; empty if it has none."""
    if not run.parent:
        return {}
    parent = _record(workspace, run)
    return {"from": {name: parent[name] for name in weights_code.OF_PARENT if name in parent}}


def of_session(facts: Mapping[str, Any]) -> dict[str, str]:
    """What a process that trains a run notes of its parent, given the facts of its record."""
    parent = facts.get("from")
    return {"parent_weights": parent["weights_sha256"]} if parent else {}


def _record(
    workspace: Workspace,
    run: Run,
) -> dict[str, Any]:
    record = records.record(workspace.paths.run(run.parent))
    if record is None:
        raise files.StoreError(
            f"{run.key} starts from {run.parent}, which is not in the store; "
            "make it first: snakemake does if it makes both"
        )
    return record


def _fail(
    workspace: Workspace,
    run: Run,
    log: Log,
) -> None:
    reason = f"the run that it starts from failed: {run.parent}"
    log(f"{run.key}: FAILED, {reason}; the other runs go on")
    outcome = {"state": "failed", "reason": reason, "steps": 0, "seconds": 0.0, "sessions": []}
    empty = pd.DataFrame({"step": [], "loss": []})
    for member in (run, *run.snapshot_runs):
        identified = run_facts(member) | facts(workspace, run)
        records.fail(workspace.paths.run(member.key), empty, identified | outcome)


def _check(
    run: Run,
    sessions: Sequence[Mapping[str, Any]],
    parent: Mapping[str, Any],
) -> None:
    """Raise StoreError if the sessions of a run began with other weights of its parent."""
    if sessions[0].get("parent_weights") != parent["weights_sha256"]:
        raise files.StoreError(
            f"{run.key}: its checkpoint began with other weights of {run.parent}, which has been "
            f"trained again since; start this run again: facsimile forget {run.key}"
        )


def _start(
    workspace: Workspace,
    run: Run,
    log: Log,
) -> None:
    """Write the checkpoint of a run before its first step."""
    model = models.model(run.model, **run.params)
    shape = loop.shape_of(model, open_data(workspace, run))
    state = loop.start(model, training_of(run), shape, run.seed, "float32")
    trained = records.weights(workspace.paths.run(run.parent))
    new = _copy(trained, state.networks, run)
    shown = ", ".join(new[:3]) + (", …" if len(new) > 3 else "")
    tensors: dict[str, Tensor] = {}
    for name, value in loop.weights(state).items():
        tensors[f"weights.{name}"] = value
    # Optimisers have no moments before the first step, which are then zero.
    for group, optimiser in state.optimisers.items():
        for index, parameter in enumerate(state.networks[group].parameters()):
            for name in moments(optimiser):
                tensors[f"adam.{group}.{index}.{name}"] = torch.zeros_like(parameter)
    checkpoints.save_checkpoint(workspace.paths.run(run.key), tensors, loop.progress(state))
    others = f"; {len(new)} that are not in it start as usual: {shown}" if new else ""
    log(f"{run.key}: starts from the weights of {run.parent}{others}")


def _copy(
    trained: Mapping[str, Tensor],
    networks: Mapping[str, nn.Module],
    run: Run,
) -> list[str]:
    """Copy weights to the networks of a run; returns the names of those that are not in them.

    Raises ValueError if a weight has another shape, or if no name is the same.
    """
    new = []
    own = 0
    for group, network in networks.items():
        for name, value in network.state_dict().items():
            own += 1
            weight = trained.get(f"{group}.{name}")
            if weight is None:
                new.append(f"{group}.{name}")
                continue
            if weight.shape != value.shape:
                raise ValueError(
                    f"{run.key} cannot start from {run.parent}: {group}.{name} has the shape "
                    f"{list(weight.shape)} there and {list(value.shape)} here; give both networks "
                    "the same sizes"
                )
            with torch.no_grad():
                value.copy_(weight)
    if len(new) == own:
        raise ValueError(
            f"{run.key} cannot start from {run.parent}: no weight has the same name; "
            f"there {next(iter(trained))}, …, here {new[0]}, …"
        )
    return new
