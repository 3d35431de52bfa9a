"""The state of a run, by one set of words for every command; reads files only."""

from typing import Any

from facsimile.planning.workspace import Workspace
from facsimile.store import lease, records
from facsimile.studies.runs import Run
from facsimile.training import weights_code

DONE = "done"
RUNNING = "running"  # a process that is not known to be dead holds its lease
FAILED = "failed"  # its loss became non-finite; the record has the reason
PENDING = "pending"  # to be made
STALE = "stale"  # done, by other code than is here now
STATES = (DONE, RUNNING, FAILED, PENDING, STALE)
TO_MAKE = (PENDING, RUNNING)


def state(workspace: Workspace, run: Run) -> str:
    """One of ``STATES``; raises StoreError for a record that cannot be read."""
    record = records.record(workspace.paths.run(run.key))
    if record is not None:
        return of_record(workspace, record)
    return without_record(workspace, run)


def of_record(
    workspace: Workspace,
    record: dict[str, Any],
) -> str:
    """The state of a run that has a record: done, stale or failed."""
    if record["state"] == FAILED:
        return FAILED
    return STALE if changes(workspace, record) else DONE


def changes(
    workspace: Workspace,
    record: dict[str, Any],
) -> list[str]:
    """What has changed of the code that made a run, and the run it starts from if that has."""
    changed = weights_code.outdated(record)
    parent = record.get("from")
    if not parent:
        return changed
    now = records.record(workspace.paths.run(parent["run"]))
    if now is not None and now.get("weights_sha256") != parent.get("weights_sha256"):
        changed.append(parent["run"])
    return changed


def without_record(workspace: Workspace, run: Run) -> str:
    """The state of a run that has no record: running or pending."""
    return RUNNING if lease.is_held(workspace.paths.run(run.key)) else PENDING
