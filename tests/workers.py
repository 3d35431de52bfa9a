"""What tests run in other processes; spawned processes can import this module."""

import os
import time

from facsimile.planning.workspace import Workspace
from facsimile.store.lease import leased
from facsimile.studies.runs import Shard
from facsimile.training import loop, train_shard


def train_slowly(workspace, run):
    """Train one run with a checkpoint every 10 steps."""
    often = Workspace(workspace.config.model_copy(update={"checkpoint_steps": 10}))
    train_shard.train_shard(often, Shard("toy", run.model, (run,)), print)


def train_until_sigterm(workspace, *members):
    """Train until SIGTERM; exits with status 77 if training raises Interrupted."""
    try:
        train_shard.train_shard(workspace, Shard("toy", members[0].model, members), print)
    except loop.Interrupted:
        os._exit(77)


def hold(folder, ready):
    """Hold the lease on a folder until killed."""
    with leased(folder):
        ready.set()
        time.sleep(60)


def compete(folder):
    """Take the lease on a folder ten times; returns when each lease was held."""
    spans = []
    while len(spans) < 10:
        with leased(folder) as mine:
            if mine:
                start = time.monotonic()
                time.sleep(0.002)
                spans.append((start, time.monotonic()))
    return spans
