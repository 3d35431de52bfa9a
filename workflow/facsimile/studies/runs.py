"""Expand a study into its runs, and group runs into shards, the units of a job. Imports no torch."""

import functools
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from facsimile.foundation import canonical, declared, discover
from facsimile.studies import training
from facsimile.studies.parts import Model, ModelOverride, Scale
from facsimile.studies.study import CONTROLS, Study
from facsimile.studies.training import Snapshots, TrainingOverride


@dataclass(frozen=True, slots=True)
class Run:
    """One trained model: (data set, model, hyper-parameters, training settings, seed).

    ``statement`` is what the study states of it, and all that its hash depends on; ``number`` is its position in the order of
    the published study (for locatello2019 disentanglement_lib's ``model_num``), None if that study has no such run.
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
    label: str = ""  # what the study's tables call its cell
    snapshots: Snapshots | None = None  # which states on its way are kept; no part of what it is
    part_of: str = ""  # the key of the run of which this is a snapshot

    @property
    def key(self) -> str:
        """``dataset/model/hash8/seed``: its folder in the store."""
        return f"{self.dataset}/{self.model}/{self.hash}/{self.seed}"

    @property
    def params(self) -> dict[str, Any]:
        """Hyper-parameters as stated."""
        return self.statement["params"]

    @property
    def steps(self) -> int:
        """Updates; 0 for a control, which is not trained."""
        return self.statement.get("training", {}).get("steps", 0)

    @property
    def kept(self) -> tuple["Run", ...]:
        """Its snapshots, the longest first: a state after k steps is that of the run of k steps, and is stored as one."""
        if self.snapshots is None or self.part_of:
            return ()
        return tuple(
            self._after(step)
            for step in reversed(range(self.snapshots.every, self.steps, self.snapshots.every))
        )

    def _after(self, step: int) -> "Run":
        statement = self.statement | {"training": self.statement["training"] | {"steps": step}}
        return replace(
            self,
            statement=statement,
            hash=canonical.hash8(statement),
            number=None,
            part_of=self.key,
        )

    def due(self, metric: str) -> bool:
        """Whether a metric is asked of it: of some snapshots, those that are dear are not."""
        if self.snapshots is None or not self.part_of:
            return True
        return self.steps % self.snapshots.metrics.get(metric, self.snapshots.every) == 0

    @property
    def subgrid(self) -> dict[str, int]:
        """Factor -> stride of the sub-grid that stands for the data set; empty for the whole of it."""
        return self.statement.get("subgrid", {})


@dataclass(frozen=True, slots=True)
class Shard:
    """A block of runs that share one program (data set, model) and are made together in one process."""

    dataset: str
    model: str
    runs: tuple[Run, ...]
    id: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", canonical.hash8([run.key for run in self.runs]))

    @property
    def whole(self) -> tuple[Run, ...]:
        """Its runs that are no snapshots of others."""
        return tuple(run for run in self.runs if not run.part_of)

    @property
    def key(self) -> str:
        """``dataset/model/id``: its folder under results/shards."""
        return f"{self.dataset}/{self.model}/{self.id}"


def scale_of(study: Study, name: str) -> Scale:
    """The named scale of a study; raises UnknownName with the nearest right word."""
    if name not in study.scales:
        raise discover.UnknownName(f"scale of {study.id}", name, list(study.scales))
    return study.scales[name]


def expand(study: Study, scale: str) -> list[Run]:
    """All runs of a study at a scale, data set slowest, then model, hyper-parameter value, seed; then the controls."""
    chosen = scale_of(study, scale)
    datasets = study.datasets_of(chosen)
    trained = [
        run
        for dataset in datasets
        for cell in _cells(study, chosen, dataset)
        for run in _seeds(study, chosen, dataset, cell)
    ]
    runs = trained + [run for dataset in datasets for run in _controls(study, chosen, dataset)]
    return _distinct(runs)


@dataclass(frozen=True, slots=True)
class _Cell:
    model: Model
    statement: dict[str, Any]
    value: float | None
    value_index: int | None
    published: int | None  # position among the published study's cells of one data set
    snapshots: Snapshots | None


def _cells(study: Study, scale: Scale, dataset: str) -> Iterator[_Cell]:
    published = {key: i for i, key in enumerate(_published_cells(study))}
    for place, model in study.models_of(dataset):
        if left_out(scale, model):
            continue
        override = override_of(scale, model)
        common = _training(study, model, scale, override, dataset) | _subgrid(scale, dataset)
        kept = _snapshots(study, model, scale, override)
        sweep, fixed = model.sweep | override.sweep, model.fixed | override.fixed
        for values in itertools.product(*sweep.values()):
            swept = dict(zip(sweep, values, strict=True))
            statement = canonical.canonical({"model": model.name, "params": fixed | swept} | common)
            value = float(values[0]) if len(values) == 1 else None
            index = (
                next(iter(model.sweep.values())).index(values[0])
                if value in _first_sweep(model.sweep)
                else None
            )
            yield _Cell(model, statement, value, index, published.get((place, values)), kept)


def left_out(scale: Scale, model: Model) -> bool:
    """Whether a scale runs nothing of a model."""
    return bool({model.name, model.label} & set(scale.without))


def override_of(scale: Scale, model: Model) -> ModelOverride:
    """What a scale changes of a model: said of its label, or of all that bear its name."""
    return scale.models.get(model.label) or scale.models.get(model.name) or ModelOverride()


def _training(
    study: Study, model: Model, scale: Scale, override: ModelOverride, dataset: str
) -> dict[str, Any]:
    """How a model is trained: as the study states, then what differs for this data set, model, scale, and both of them."""
    if study.training is None or not is_trained(model):
        return {}
    here = TrainingOverride(latents=study.latents.get(dataset))
    return {
        "training": training.explicit_settings(
            study.training, here, model.training, scale.training, override.training
        )
    }


@functools.cache
def _trained(name: str) -> bool:
    return bool(declared.of_class("models", name, "trained", default=True))


def is_trained(model: Model) -> bool:
    """Whether a model of a study file is trained: one that is not states no training."""
    return _trained(model.name)


def _snapshots(
    study: Study, model: Model, scale: Scale, override: ModelOverride
) -> Snapshots | None:
    """Which states of its runs are kept, by the nearest that says: scale and model, scale, model, study. Moves no hash."""
    if study.training is None or not is_trained(model):
        return None
    said = (
        override.training.snapshots,
        scale.training.snapshots,
        model.training.snapshots,
        study.training.snapshots,
    )
    return next(filter(None, said), None)


def _first_sweep(sweep: dict[str, list[int | float]]) -> list[int | float]:
    return next(iter(sweep.values()), [])


def _published_cells(study: Study) -> Iterator[tuple[int, tuple[int | float, ...]]]:
    for place, model in enumerate(study.models):
        for values in itertools.product(*model.sweep.values()):
            yield place, values


def _seeds(study: Study, scale: Scale, dataset: str, cell: _Cell) -> Iterator[Run]:
    hash8 = canonical.hash8(cell.statement)
    cells = sum(math.prod(map(len, m.sweep.values())) for m in study.models)
    first = None
    if cell.published is not None:
        first = (study.datasets.index(dataset) * cells + cell.published) * study.seeds
    count = override_of(scale, cell.model).seeds or scale.seeds or study.seeds
    for seed in range(min(count, cell.model.seeds or count)):
        number = first + seed if first is not None and seed < study.seeds else None
        place = (cell.value, cell.value_index, number)
        yield Run(
            dataset,
            cell.model.name,
            seed,
            cell.statement,
            hash8,
            *place,
            False,
            cell.model.label,
            cell.snapshots,
        )


def _controls(study: Study, scale: Scale, dataset: str) -> Iterator[Run]:
    for model in CONTROLS:
        statement = {"model": model, "params": {}} | _subgrid(scale, dataset)
        for seed in range(study.control_seeds):
            yield Run(
                dataset,
                model,
                seed,
                statement,
                canonical.hash8(statement),
                None,
                None,
                None,
                control=True,
            )


def _subgrid(scale: Scale, dataset: str) -> dict[str, Any]:
    strides = {factor: n for factor, n in scale.subgrid.get(dataset, {}).items() if n > 1}
    return {"subgrid": strides} if strides else {}


def _distinct(runs: list[Run]) -> list[Run]:
    """Refuse two different statements that share a folder (one chance in about 10**5 for 252 cells).

    Labels whose difference a scale takes away (steps) are one cell, with the first of them.
    """
    seen: dict[str, Run] = {}
    for run in runs:
        if (other := seen.setdefault(run.key, run)) is not run:
            same = other.statement == run.statement
            if same and other.label != run.label:
                continue
            cause = (
                "is stated twice; remove one"
                if same
                else "shares its hash with another; change any setting slightly"
            )
            raise ValueError(f"run {run.key} ({canonical.dumps(run.params)}) {cause}")
    return list(seen.values())


def shards(runs: list[Run], size: int) -> list[Shard]:
    """Blocks of at most ``size`` runs of one (data set, model), in the order of the runs, and after them their snapshots."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.dataset, run.model), []).append(run)
    return [
        Shard(*group, tuple(with_snapshots(block)))
        for group, members in groups.items()
        for block in _blocks(members, size)
    ]


def with_snapshots(runs: list[Run]) -> list[Run]:
    """The runs, then what is kept on their way that is not one of them: two runs of one cell may share the first steps."""
    kept = {part.key: part for run in runs for part in run.kept}
    return [*runs, *(part for key, part in kept.items() if key not in {run.key for run in runs})]


def _blocks(members: list[Run], size: int) -> Iterator[list[Run]]:
    return (members[i : i + size] for i in range(0, len(members), size))
