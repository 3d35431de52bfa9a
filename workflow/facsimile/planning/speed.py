"""How fast this machine is beside the reference machine, whose rates ``cost.py`` has."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from facsimile.planning import processor
from facsimile.planning.config import Config
from facsimile.studies.runs import Run

# Seconds of a step in float32 over those in bf16 on the reference machine's kind of processor
# (benchmarks/results/training-float32.md).
FLOAT32 = 1.6
# CPU seconds on the reference machine that the three jobs of a shard take to start.
START_SECONDS = 1.0
# Finished runs of each data set and model that are looked at.
SAMPLE = 20


# Networks that are trained in float32 everywhere: those of models of arrays, and the small one.
DENSE = ("own", "mlp")


@dataclass(frozen=True)
class Speed:
    """Seconds on a machine over those on the reference machine.

    Args:
        convolutions: ratio for models of images that are not in ``models``, and for encoding.
        core: ratio for everything else that was not measured here.
        models: ratio by model, measured on runs that were trained here.
        metrics: seconds by metric for ``cost.SCORE_POINTS`` training points, measured here.
        start: seconds that the processes of a shard take to start.
        runs: number of runs that were measured; 0 if the ratios follow from the processor.
    """

    convolutions: float = 1.0
    core: float = 1.0
    models: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    start: float = START_SECONDS
    runs: int = 0

    def of(self, run: Run) -> float:
        """Return the ratio for training a run."""
        if run.model in self.models:
            return self.models[run.model]
        return self.of_network(run)

    def of_network(self, run: Run) -> float:
        """Return the ratio for a run's network, whatever its model."""
        return self.core if is_dense(run.statement) else self.convolutions


def is_dense(statement: Mapping[str, Any]) -> bool:
    """Return whether runs of a statement are trained in float32 everywhere."""
    return statement.get("training", {}).get("network", "own") in DENSE


REFERENCE = Speed()


def of_processor(
    config: Config,
    core: float = 1.0,
) -> Speed:
    """Return the speed that follows from the processor's instructions and the precision.

    ``core`` is the measured ratio of a core's small work (``core_speed.py``).
    """
    in_bf16 = config.precision == "bf16"
    if config.precision == "auto":
        in_bf16 = processor.has_bf16()
    ratio = 1.0 if in_bf16 else FLOAT32
    return Speed(convolutions=ratio * core, core=core, start=START_SECONDS * core)


def sampled(folder: Path, pattern: str) -> Iterator[Path]:
    """Yield up to ``SAMPLE`` files below each ``dataset/model`` folder of the store."""
    for model in sorted(folder.glob("*/*")):
        yield from islice(model.glob(pattern), SAMPLE)


def calibrated(
    expected: Speed,
    trained: Iterable[tuple[Run, float]],
    metrics: Mapping[str, list[float]],
) -> Speed:
    """Return the speed that finished work shows; what it does not show stays as expected.

    Args:
        expected: the speed by the processor.
        trained: runs of this processor, and their training seconds over those estimated for the
            reference machine.
        metrics: measured seconds by metric for ``cost.SCORE_POINTS`` training points.
    """
    ratios: dict[str, list[float]] = defaultdict(list)
    of_images: list[float] = []
    for run, ratio in trained:
        ratios[run.model].append(ratio)
        if not is_dense(run.statement):
            of_images.append(ratio)
    convolutions = expected.convolutions
    if of_images:
        convolutions = median(of_images)
    return Speed(
        convolutions=convolutions,
        core=expected.core,
        models=_medians(ratios),
        metrics=_medians(metrics),
        start=expected.start,
        runs=sum(map(len, ratios.values())),
    )


def _medians(values: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: median(numbers) for name, numbers in values.items()}


def run_of(record: dict[str, Any]) -> Run:
    """Return the run of a record, as far as its cost is concerned."""
    return Run(
        dataset=record["dataset"],
        model=record["model"],
        seed=record["seed"],
        statement=record["statement"],
        hash="",
        value=None,
        value_index=None,
        number=None,
        control=False,
    )
