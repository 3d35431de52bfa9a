"""Expand a study into runs, and group the runs into shards, one job each. Imports no torch."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from facsimile.foundation import canonical, discover
from facsimile.studies import classes, parents, training
from facsimile.studies.parts import Model, ModelOverride, Scale
from facsimile.studies.study import CONTROLS, Study
from facsimile.studies.training import Snapshots, TrainingOverride


@dataclass(frozen=True, slots=True)
class Run:
    """One trained model: data set, model, hyper-parameters, training settings and seed.

    ``statement`` holds the settings that the study states; the hash depends on nothing else.
    ``number`` is the position in the order of the published study (for locatello2019
    disentanglement_lib's ``model_num``), or None if that study does not have the run.
    """

    dataset: str
    model: str
    seed: int
    statement: dict[str, Any]
    hash: str
    value: float | None
    value_index: int | None
    number: int | None
    control: bool
    # Name of its cell in the study's tables.
    label: str = ""
    # Which intermediate states are kept. They do not change the run, so the hash ignores them.
    snapshots: Snapshots | None = None
    # For a snapshot, the key of the run it belongs to.
    snapshot_of: str = ""
    # Number of runs that it descends from.
    generation: int = 0

    @property
    def key(self) -> str:
        """``dataset/model/hash8/seed``: its folder in the store."""
        return f"{self.dataset}/{self.model}/{self.hash}/{self.seed}"

    @property
    def parent(self) -> str:
        """Key of the run from whose weights it starts; empty if those are random."""
        cell = self.statement.get(parents.FROM)
        return f"{cell}/{self.seed}" if cell else ""

    @property
    def params(self) -> dict[str, Any]:
        """Hyper-parameters that the study states."""
        return self.statement["params"]

    @property
    def steps(self) -> int:
        """Number of updates; 0 for a control, which is not trained."""
        return self.statement.get("training", {}).get("steps", 0)

    @property
    def snapshot_runs(self) -> tuple["Run", ...]:
        """Its snapshots, the longest first.

        The state after k steps is that of a run of k steps, and is stored as such a run.
        """
        if self.snapshots is None or self.snapshot_of:
            return ()
        every = self.snapshots.every
        return tuple(self._after(step) for step in reversed(range(every, self.steps, every)))

    def _after(self, step: int) -> "Run":
        """Return the snapshot after ``step`` steps."""
        settings = self.statement["training"] | {"steps": step}
        statement = self.statement | {"training": settings}
        return replace(
            self,
            statement=statement,
            hash=canonical.hash8(statement),
            number=None,
            snapshot_of=self.key,
        )

    def is_evaluated(self, metric: str) -> bool:
        """Whether the metric is computed on the run; expensive metrics skip some snapshots."""
        if self.snapshots is None or not self.snapshot_of:
            return True
        every = self.snapshots.metrics.get(metric, self.snapshots.every)
        return self.steps % every == 0

    @property
    def subgrid(self) -> dict[str, int]:
        """Factor -> stride of the sub-grid that is used; empty for the whole data set."""
        return self.statement.get("subgrid", {})


@dataclass(frozen=True, slots=True)
class Shard:
    """A block of runs of one data set and model, which one process trains together."""

    dataset: str
    model: str
    runs: tuple[Run, ...]
    id: str = field(init=False)

    def __post_init__(self) -> None:
        # The class is frozen, so the attribute cannot be assigned as usual.
        object.__setattr__(self, "id", canonical.hash8(self.keys))

    @property
    def whole(self) -> tuple[Run, ...]:
        """Its runs that are not snapshots of other runs."""
        return tuple(run for run in self.runs if not run.snapshot_of)

    @property
    def keys(self) -> list[str]:
        """Keys of its runs."""
        return [run.key for run in self.runs]

    @property
    def key(self) -> str:
        """``dataset/model/id``: its folder under results/shards."""
        return f"{self.dataset}/{self.model}/{self.id}"


def scale_of(study: Study, name: str) -> Scale:
    """Return a scale of a study by name; raises UnknownName, which suggests the nearest name."""
    if name not in study.scales:
        raise discover.UnknownName(f"scale of {study.id}", name, list(study.scales))
    return study.scales[name]


def expand(study: Study, scale: str) -> list[Run]:
    """Return all runs of a study at a scale.

    The order is data set (slowest), model, hyper-parameter value, seed; the controls come last.
    Raises UnknownName for a scale that the study does not have, ValueError if a run appears twice.
    """
    chosen = scale_of(study, scale)
    datasets = study.datasets_of(chosen)
    runs: list[Run] = []
    for dataset in datasets:
        for cell in _cells(study, chosen, dataset):
            runs += _seeds(study, chosen, dataset, cell)
    for dataset in datasets:
        runs += _controls(study, chosen, dataset)
    return parents.with_generations(_distinct(runs))


@dataclass(frozen=True, slots=True)
class _Cell:
    """The settings that runs of all seeds share."""

    model: Model
    statement: dict[str, Any]
    value: float | None
    value_index: int | None
    # Position among the published study's cells of one data set.
    published: int | None
    snapshots: Snapshots | None


def _cells(study: Study, scale: Scale, dataset: str) -> Iterator[_Cell]:
    """Yield the cells of a data set at a scale."""
    # Numbers count the cells of the published study, also those that this scale leaves out.
    positions = {cell: i for i, cell in enumerate(_published_cells(study))}
    earlier = parents.Cells(dataset)
    are_parents = {model.parent for model in study.models}
    for model_index, model in study.models_of(dataset):
        if left_out(scale, model):
            continue
        override = override_of(scale, model)
        settings = _training(study, model, scale, override, dataset)
        settings |= _subgrid(scale, dataset)
        snapshots = _snapshots(study, model, scale, override)
        sweep = model.sweep | override.sweep
        fixed = model.fixed | override.fixed
        order = values_in_order(model, override)
        for values in itertools.product(*sweep.values()):
            swept = dict(zip(sweep, values, strict=True))
            params = fixed | swept
            statement = {"model": model.name, "params": params} | settings
            statement = canonical.canonical(statement | earlier.item(model, statement))
            if model.method in are_parents:
                earlier.add(model, swept, statement)
            value = float(values[0]) if order else None
            yield _Cell(
                model,
                statement,
                value,
                None if value is None else order.index(value),
                positions.get((model_index, values)),
                snapshots,
            )


def values_in_order(model: Model, override: ModelOverride) -> list[float]:
    """Return the values of a sweep over one hyper-parameter, by which a scale numbers its own.

    They are those of the study if the scale has only such values, otherwise those of the scale.
    For several hyper-parameters or none, the list is empty.
    """
    sweep = model.sweep | override.sweep
    if len(sweep) != 1:
        return []
    own = [float(value) for value in next(iter(sweep.values()))]
    of_study = [float(value) for value in next(iter(model.sweep.values()), [])]
    return of_study if set(own) <= set(of_study) else own


def left_out(scale: Scale, model: Model) -> bool:
    """Whether a scale leaves out a model."""
    return bool({model.name, model.label} & set(scale.without))


def override_of(scale: Scale, model: Model) -> ModelOverride:
    """Return the settings that a scale changes, by the model's label or else by its name."""
    return scale.models.get(model.label) or scale.models.get(model.name) or ModelOverride()


def _training(
    study: Study,
    model: Model,
    scale: Scale,
    override: ModelOverride,
    dataset: str,
) -> dict[str, Any]:
    """Return the training settings of a model, as an item of a run's statement.

    The study's settings are overridden by those of the data set, the model, the scale, and the
    scale's settings for this model, in this order.
    """
    if study.training is None or not is_trained(model):
        return {}
    settings = training.explicit_settings(
        study.training,
        TrainingOverride(latents=study.latents.get(dataset)),
        model.training,
        scale.training,
        override.training,
    )
    return {"training": settings}


def is_trained(model: Model) -> bool:
    """Whether a model of a study file is trained; others have no training settings."""
    return classes.is_trained(model.name)


def _snapshots(
    study: Study,
    model: Model,
    scale: Scale,
    override: ModelOverride,
) -> Snapshots | None:
    """Return which snapshots the runs of a model keep; they do not change any hash.

    The most specific setting takes precedence: scale and model, scale, model, study.
    """
    if study.training is None or not is_trained(model):
        return None
    for settings in (override.training, scale.training, model.training, study.training):
        if settings.snapshots:
            return settings.snapshots
    return None


def _published_cells(study: Study) -> Iterator[tuple[int, tuple[int | float, ...]]]:
    """Yield the index of the model and the swept values of each cell of the published study."""
    for model_index, model in enumerate(study.models):
        for values in itertools.product(*model.sweep.values()):
            yield model_index, values


def _seeds(study: Study, scale: Scale, dataset: str, cell: _Cell) -> Iterator[Run]:
    """Yield the runs of a cell, one per seed."""
    hash8 = canonical.hash8(cell.statement)
    first = _first_number(study, dataset, cell)
    count = override_of(scale, cell.model).seeds or scale.seeds or study.seeds
    for seed in range(min(count, cell.model.seeds or count)):
        # A scale may have more seeds than the published study; the additional runs have no number.
        number = None
        if first is not None and seed < study.seeds:
            number = first + seed
        yield Run(
            dataset=dataset,
            model=cell.model.name,
            seed=seed,
            statement=cell.statement,
            hash=hash8,
            value=cell.value,
            value_index=cell.value_index,
            number=number,
            control=False,
            label=cell.model.label,
            snapshots=cell.snapshots,
        )


def _first_number(study: Study, dataset: str, cell: _Cell) -> int | None:
    """Return the number of the cell's run with seed 0; None if it is not in the published study."""
    # A scale may use data sets that stand in for those of the study.
    if cell.published is None or dataset not in study.datasets:
        return None
    cells = sum(math.prod(map(len, model.sweep.values())) for model in study.models)
    position = study.datasets.index(dataset) * cells + cell.published
    return position * study.seeds


def _controls(study: Study, scale: Scale, dataset: str) -> Iterator[Run]:
    """Yield the runs of the controls, which are not trained."""
    for model in CONTROLS:
        statement = {"model": model, "params": {}} | _subgrid(scale, dataset)
        for seed in range(study.control_seeds):
            yield Run(
                dataset=dataset,
                model=model,
                seed=seed,
                statement=statement,
                hash=canonical.hash8(statement),
                value=None,
                value_index=None,
                number=None,
                control=True,
            )


def _subgrid(scale: Scale, dataset: str) -> dict[str, Any]:
    """Return the sub-grid of a data set, as an item of a run's statement."""
    strides: dict[str, int] = {}
    for factor, stride in scale.subgrid.get(dataset, {}).items():
        # A stride of 1 keeps every value and must not change the hash.
        if stride > 1:
            strides[factor] = stride
    return {"subgrid": strides} if strides else {}


def _distinct(runs: list[Run]) -> list[Run]:
    """Return the runs without repeated cells.

    Two labels may differ only in a setting that the scale overrides, for example the steps. Their
    runs are one cell, with the first label.

    Raises ValueError if a run appears twice, or if two different statements have the same hash
    and so the same folder (probability about 1 in 10**5 for 252 cells).
    """
    by_key: dict[str, Run] = {}
    for run in runs:
        # Two cells with the same key would write to the same folder.
        first = by_key.setdefault(run.key, run)
        if first is run:
            continue
        is_same = first.statement == run.statement
        if is_same and first.label != run.label:
            continue
        problem = (
            "appears twice in the study; remove one"
            if is_same
            else "has the same hash as another; change any setting slightly"
        )
        raise ValueError(f"run {run.key} ({canonical.dumps(run.params)}) {problem}")
    return list(by_key.values())


def shards(runs: list[Run], size: int) -> list[Shard]:
    """Group the runs of each data set and model into shards of at most ``size`` runs.

    The runs keep their order; in each shard, their snapshots follow after them. No shard holds both
    a run and one that it descends from.
    """
    groups: dict[tuple[str, str, int], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.dataset, run.model, run.generation), []).append(run)
    blocks: list[Shard] = []
    for (dataset, model, _), members in groups.items():
        for start in range(0, len(members), size):
            # Snapshots do not count towards the size: they cost no training of their own.
            block = with_snapshots(members[start : start + size])
            blocks.append(Shard(dataset, model, tuple(block)))
    return blocks


def with_snapshots(runs: list[Run]) -> list[Run]:
    """Return the runs, followed by all of their snapshots that are not among the runs.

    Two runs of one cell that differ only in the number of steps may share snapshots; each is
    returned once.
    """
    keys = {run.key for run in runs}
    snapshots: dict[str, Run] = {}
    for run in runs:
        for snapshot in run.snapshot_runs:
            if snapshot.key not in keys:
                snapshots[snapshot.key] = snapshot
    return [*runs, *snapshots.values()]
