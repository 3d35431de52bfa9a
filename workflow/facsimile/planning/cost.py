"""What runs cost, before anything starts. Rates were measured on one machine (benchmarks/results/): a guide, no more."""

import functools
from dataclasses import dataclass
from typing import Any

from facsimile.foundation import declared, discover
from facsimile.planning.workspace import Workspace
from facsimile.studies import evaluations
from facsimile.studies.parts import Evaluation
from facsimile.studies.runs import Run
from facsimile.studies.study import Study

# Rates of one core (2-core AMD EPYC Zen 4, bf16, torch 2.13.0; benchmarks/results/training.md),
# batches of 64. A model's file may state its own as STEP_SECONDS: seconds per step by power of a
# hyper-parameter, as {"1": 0.07, "side**2": 1.9e-4}; a metric's file the SECONDS of one evaluation
# with 10,000 training points (medians at desk scale).
DEFAULT_STEPS_PER_SECOND = 16.0
OWN_STEPS_PER_SECOND = (
    500.0  # of a model of arrays, which brings its own small network: 650 to 1,500 were measured
)
# Not measured: no GPU was at hand. 31 GPU-hours for 12,600 runs is arithmetic (activations through memory, bf16, one H200).
GPU_STEPS_PER_SECOND = 12_600 * 300_000 / (31 * 3600)
ENCODE_SECONDS = 66.0  # 737,280 images, one core
DEFAULT_SCORE_SECONDS = 1.5
SCORE_POINTS = 10_000
IMAGES = 737_280  # dSprites; also what a data set without a loader is taken for
DEFAULT_RUN_BYTES = 3_000_000  # weights, history, record and scores
ROW_BYTES = 2 * 4 * 10  # mean and log-variance of ten latents in float32


@dataclass(frozen=True)
class Cost:
    """What a list of runs will cost from here."""

    runs: int
    steps: int
    core_hours: float
    gpu_hours: float
    bytes: int


def of(todo: list[Run], study: Study, scale: str) -> Cost:
    """Cost of making, encoding and scoring these runs of a study, each with its snapshots; raises UnknownName."""
    steps = sum(run.steps for run in todo)
    states = {run.key: 1 + len(run.kept) for run in todo}
    images = sum(_images(run) * states[run.key] for run in todo)
    along = {
        metric: _seconds(metric, evaluations.evaluation(study, scale, metric))
        for metric in study.metrics
    }
    scoring = len(todo) * score_seconds(study, scale)
    scoring += sum(
        each
        for run in todo
        for part in run.kept
        for metric, each in along.items()
        if part.due(metric)
    )
    seconds = sum(map(train_seconds, todo)) + ENCODE_SECONDS * images / IMAGES + scoring
    stored = sum(_run_bytes(run.model) * states[run.key] for run in todo)
    size = stored + ROW_BYTES * images
    return Cost(len(todo), steps, seconds / 3600, steps / GPU_STEPS_PER_SECOND / 3600, size)


def text(price: Cost) -> str:
    """``12,614 runs, 69,000 core-hours or 31 GPU-hours, 535.4 GB``."""
    core, gpu = map(_hours, (price.core_hours, price.gpu_hours))
    size = (
        f"{price.bytes / 1e12:,.1f} TB" if price.bytes >= 1e12 else f"{price.bytes / 1e9:,.1f} GB"
    )
    return f"{price.runs:,} runs, {core} core-hours or {gpu} GPU-hours, {size}"


def _hours(hours: float) -> str:
    return f"{hours:,.0f}" if hours >= 10 else f"{hours:.2g}" if hours >= 0.01 else "under 0.01"


def _images(run: Run) -> int:
    return _size(run.dataset, tuple(run.subgrid.items()))


@functools.cache
def _size(dataset: str, subgrid: tuple[tuple[str, int], ...]) -> int:
    if dataset not in discover.names("datasets"):
        return IMAGES
    from facsimile import (
        datasets,
    )  # imports NumPy, for which the workflow's own start does not wait

    return len(datasets.grid(dataset).subgrid(dict(subgrid)))


def train_seconds(run: Run) -> float:
    """Seconds of one core to train one run; none for a snapshot, which its run brings with it."""
    if run.part_of:
        return 0.0
    return run.steps * _step_seconds(run)


def _step_seconds(run: Run) -> float:
    """Seconds of one core per step: what the model's file states, or what is usual."""
    terms = _stated("models", run.model, "STEP_SECONDS")
    if terms is None:
        own = run.statement.get("training", {}).get("network", "own") == "own"
        return 1 / (OWN_STEPS_PER_SECOND if own else DEFAULT_STEPS_PER_SECOND)
    return sum(seconds * _power(term, run.params) for term, seconds in terms.items())


def _power(term: str, params: dict[str, Any]) -> float:
    """``1``, or a hyper-parameter to a power: ``side**2``."""
    if term == "1":
        return 1.0
    name, _, exponent = term.partition("**")
    return float(params[name] ** int(exponent or 1))


@functools.cache
def _stated(kind: str, name: str, key: str) -> Any:
    return declared.optional(kind, name, key, None)


def _run_bytes(model: str) -> int:
    return _stated("models", model, "RUN_BYTES") or DEFAULT_RUN_BYTES


def score_seconds(study: Study, scale: str) -> float:
    """Seconds of one core to ask one run all metrics of a study at a scale, in every way that the study asks them."""
    return sum(
        _seconds(metric, way.evaluation)
        for metric in study.metrics
        for way in evaluations.settings(study, scale, metric)
    )


def _seconds(metric: str, asked: Evaluation) -> float:
    seconds = _stated("metrics", metric, "SECONDS") or DEFAULT_SCORE_SECONDS
    return float(seconds) * asked.train / SCORE_POINTS


def minutes(seconds: float, attempt: int) -> int:
    """Minutes to ask a scheduler for: twice the estimate and ten more, times the attempt."""
    return int(2 * seconds / 60 + 10) * attempt


def cost_of(workspace: Workspace, study: Study) -> str:
    """What all of a study costs at the configured scale where nothing is made yet, in words."""
    return text(of(workspace.runs(study), study, workspace.config.scale))
