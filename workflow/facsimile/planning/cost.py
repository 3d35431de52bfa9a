"""Estimates of what runs cost, before anything starts.

The rates were measured on one machine (benchmarks/results/), the reference. ``speed.py`` says how
much slower another one is; runs that were finished there correct it.
"""

import functools
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from facsimile.foundation import declared, discover
from facsimile.foundation.units import size
from facsimile.planning.speed import REFERENCE, Speed
from facsimile.planning.workspace import Workspace
from facsimile.studies import evaluations, panels
from facsimile.studies.parts import Evaluation
from facsimile.studies.runs import Run
from facsimile.studies.study import Study

# Rates of one core (2-core AMD EPYC Zen 4, bf16, torch 2.13.0; benchmarks/results/training.md),
# batches of 64. A model's file may define its own as STEP_SECONDS: seconds per step by power of a
# hyper-parameter, as {"1": 0.07, "side**2": 1.9e-4}, or by network, as {"own": 0.02, "mlp": 0.01}.
# A metric's file may define FIXED_SECONDS, those of an evaluation whatever its points, and SECONDS,
# what 10,000 training points add.
DEFAULT_STEPS_PER_SECOND = 19.0
# For a model of arrays, which has its own small network: 700 to 1,700 were measured.
OWN_STEPS_PER_SECOND = 1000.0
# Network -> how many times faster than the published networks it is trained and encoded. For mlp
# in packs on a core: 850 steps of 64 images of 16 × 16 per second (benchmarks/small_packs.py).
SPEED = {"mlp": 50.0}
# Network -> model-steps per second of one H200 (benchmarks/results/gpu.md): mlp in packs of 30, 18
# jobs at a time, compilation included; the published networks in packs of 8 in bf16.
GPU_STEPS_PER_SECOND = {"mlp": 43_000.0}
DEFAULT_GPU_STEPS_PER_SECOND = 2_500.0
# One core, for as many images as in IMAGES.
ENCODE_SECONDS = 66.0
# How many times faster rows of arrays are encoded, which are seldom images.
OWN_ENCODE_SPEED = 20.0
# What each run takes besides.
ENCODE_RUN_SECONDS = 0.3
DEFAULT_SCORE_SECONDS = 1.5
# The start of Snakemake and its libraries takes as long as the jobs of so many shards.
COMMAND_STARTS = 8
# Training points to which the seconds of a metric refer.
SCORE_POINTS = 10_000
# Size of dSprites; also the assumed size of a data set that cannot be loaded yet.
IMAGES = 737_280
# Weights, history, record and scores.
DEFAULT_RUN_BYTES = 3_000_000
# Smaller estimates of hours are not printed as numbers.
LEAST_HOURS = 0.01
# Mean and log-variance of ten latents in float32.
ROW_BYTES = 2 * 4 * 10


@dataclass(frozen=True)
class Cost:
    """Estimated cost of a list of runs; ``gpu_hours`` is 0 if a GPU trains none of them."""

    runs: int
    steps: int
    core_hours: float
    gpu_hours: float
    bytes: int


def estimate(
    todo: list[Run],
    study: Study,
    scale: str,
    speed: Speed = REFERENCE,
    shards: int = 0,
) -> Cost:
    """Estimate the cost to train, encode and score runs of a study, including their snapshots.

    ``speed`` is that of the machine; ``shards`` is the number of shards whose jobs will start.
    Raises UnknownName.
    """
    steps = sum(run.steps for run in todo)
    # A run and each of its snapshots are encoded and stored.
    states = {run.key: 1 + len(run.snapshot_runs) for run in todo}
    images, stored = 0, 0
    encoding = 0.0
    for run in todo:
        count = _images(run) * states[run.key]
        images += count
        encoding += encode_seconds(run, count) * speed.of_network(run)
        stored += _run_bytes(run.model) * states[run.key]

    training = sum(train_seconds(run, speed) for run in todo)
    scoring = len(todo) * score_seconds(study, scale, speed)
    scoring += _snapshot_seconds(todo, study, scale, speed)
    # Without a job, neither Snakemake nor the libraries start.
    starts = speed.start * (shards + COMMAND_STARTS) if shards else 0.0
    seconds = training + encoding + scoring + starts
    return Cost(
        runs=len(todo),
        steps=steps,
        core_hours=seconds / 3600,
        gpu_hours=sum(map(_gpu_seconds, todo)) / 3600,
        bytes=stored + ROW_BYTES * images,
    )


def _snapshot_seconds(
    runs: list[Run],
    study: Study,
    scale: str,
    speed: Speed,
) -> float:
    """Return the core-seconds to score all snapshots of runs."""
    # Counts only the main evaluation of each metric, not its variations.
    per_metric = {}
    for metric in study.metrics:
        evaluation = evaluations.evaluation(study, scale, metric)
        per_metric[metric] = _seconds(metric, evaluation, speed)
    # One flat sum, because sums of sums differ in the last bits.
    return sum(
        seconds
        for run in runs
        for snapshot in run.snapshot_runs
        for metric, seconds in per_metric.items()
        if snapshot.is_evaluated(metric)
    )


def text(price: Cost) -> str:
    """Format as ``12,614 runs, 69,000 core-hours or 420 GPU-hours, 535.4 GB``."""
    time = f"{hours(price.core_hours)} core-hours"
    if price.gpu_hours:
        time += f" or {hours(price.gpu_hours)} GPU-hours"
    return f"{price.runs:,} runs, {time}, {size(price.bytes)}"


def hours(count: float) -> str:
    """Format hours with two digits, or as a whole number from ten hours on."""
    if count >= 10:
        return f"{count:,.0f}"
    return f"{count:.2g}" if count >= LEAST_HOURS else f"under {LEAST_HOURS}"


def about(count: float) -> str:
    """Format an estimate of hours: ``about 1.5``, ``under 0.01``."""
    return f"about {hours(count)}" if count >= LEAST_HOURS else hours(count)


def _images(run: Run) -> int:
    # A tuple, because arguments of a cached function must be hashable.
    return _size(run.dataset, tuple(run.subgrid.items()))


@functools.cache
def _size(dataset: str, subgrid: tuple[tuple[str, int], ...]) -> int:
    """Return the number of images of a sub-grid of a data set."""
    if dataset not in discover.names("datasets"):
        return IMAGES
    # Imported here because it imports NumPy, which would slow down the start of Snakemake.
    from facsimile import datasets

    grid = datasets.grid(dataset)
    return len(grid.subgrid(dict(subgrid)))


def train_seconds(run: Run, speed: Speed = REFERENCE) -> float:
    """Return the core-seconds to train a run; 0 for a snapshot, which its run produces anyway."""
    if run.snapshot_of:
        return 0.0
    return run.steps * step_seconds(run) * speed.of(run)


def step_seconds(run: Run) -> float:
    """Return core-seconds per step on the reference machine: the model's, or the default."""
    terms = _declared("models", run.model, "STEP_SECONDS")
    if terms is None:
        is_own = _network(run) == "own"
        rate = OWN_STEPS_PER_SECOND if is_own else DEFAULT_STEPS_PER_SECOND
        return 1 / rate / _speed(run)
    if _network(run) in terms:
        return float(terms[_network(run)])
    seconds_of_terms = [seconds * _power(term, run) for term, seconds in terms.items()]
    return sum(seconds_of_terms) / _speed(run)


def encode_seconds(run: Run, images: int) -> float:
    """Return core-seconds on the reference machine to encode images, or rows of arrays."""
    faster = OWN_ENCODE_SPEED if _network(run) == "own" else _speed(run)
    return ENCODE_RUN_SECONDS + ENCODE_SECONDS * images / IMAGES / faster


def _gpu_seconds(run: Run) -> float:
    """Return the seconds of a GPU to train a run; 0 if it is always trained on a processor."""
    network = _network(run)
    if network == "own" or run.snapshot_of:
        return 0.0
    return run.steps / GPU_STEPS_PER_SECOND.get(network, DEFAULT_GPU_STEPS_PER_SECOND)


def _network(run: Run) -> str:
    """Return the network of a run; ``own`` for models of arrays, which have their own."""
    settings = run.statement.get("training", {})
    name: str = settings.get("network", "own")
    return name


def _speed(run: Run) -> float:
    """Return how many times faster a run's network is than the published ones."""
    return SPEED.get(_network(run), 1.0)


def _power(term: str, run: Run) -> float:
    """Evaluate a term: ``1``, or a power of a hyper-parameter such as ``side**2``."""
    if term == "1":
        return 1.0
    name, _, exponent = term.partition("**")
    # A hyper-parameter that a study does not state has its default.
    value = run.params.get(name, declared.of_class("models", run.model, name, None))
    return float(value ** int(exponent or 1))


@functools.cache
def _declared(kind: str, name: str, key: str) -> Any:
    return declared.optional(kind, name, key, None)


def may_end_early(model: str) -> bool:
    """Whether runs of a model may end before their last step, for example as a budget is spent."""
    return bool(_declared("models", model, "MAY_END_EARLY"))


def _run_bytes(model: str) -> int:
    return _declared("models", model, "RUN_BYTES") or DEFAULT_RUN_BYTES


def score_seconds(
    study: Study,
    scale: str,
    speed: Speed = REFERENCE,
    parts: Set[panels.Part] | None = None,
) -> float:
    """Return the core-seconds to compute metrics on one run: all with all variations, or parts."""
    chosen = set(panels.parts(study)) if parts is None else parts
    return sum(
        _seconds(metric, setting.evaluation, speed)
        for metric in study.metrics
        for setting in panels.settings(study, scale, metric, chosen)
    )


def _seconds(metric: str, evaluation: Evaluation, speed: Speed) -> float:
    """Return the core-seconds to compute a metric once.

    They are a fixed part and one in proportion to the training points.
    """
    share = evaluation.train / SCORE_POINTS
    measured = speed.metrics.get(metric)
    if measured is not None:
        return float(measured) * share
    fixed = _declared("metrics", metric, "FIXED_SECONDS")
    of_points = _declared("metrics", metric, "SECONDS")
    if fixed is None and of_points is None:
        of_points = DEFAULT_SCORE_SECONDS
    return float((fixed or 0.0) + (of_points or 0.0) * share) * speed.core


def minutes(seconds: float, attempt: int) -> int:
    """Return the minutes to request from a scheduler.

    They are three times the estimate plus ten, multiplied by the number of the attempt: a node may
    be half as fast as the reference machine.
    """
    return int(3 * seconds / 60 + 10) * attempt


def cost_of(workspace: Workspace, study: Study) -> str:
    """Format the cost of a whole study at the configured scale, if nothing exists yet.

    It is that of the reference machine, so that pages are the same wherever they are written.
    """
    runs, shards = workspace.runs(study), workspace.shards(study)
    return text(estimate(runs, study, workspace.config.scale, REFERENCE, len(shards)))
