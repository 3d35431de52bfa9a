"""What training tests run in processes of their own."""

import os

from facsimile import train, train_shard
from facsimile.runs import Shard
from facsimile.workspace import Workspace


def train_slowly(at, run):
    """Train one run with a checkpoint every 10 steps."""
    often = Workspace(at.config.model_copy(update={"checkpoint_steps": 10}))
    train_shard.train_shard(often, Shard("toy", run.model, (run,)), print)


def train_until_told(at, run):
    """Train until SIGTERM; the exit status is 77 if the trainer said that it was interrupted."""
    try:
        train_shard.train_shard(at, Shard("toy", run.model, (run,)), print)
    except train.Interrupted:
        os._exit(77)
