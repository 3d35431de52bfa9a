"""What a study states, whatever the scale, as tables and figures need it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from facsimile.foundation import declared
from facsimile.studies import runs
from facsimile.studies.parts import Model
from facsimile.studies.study import CONTROLS, Study
from facsimile.studies.variants import Names


@dataclass(frozen=True)
class Design:
    """The design of a study; models, data sets and metrics are in the study file's order."""

    study: str
    methods: dict[str, tuple[str, ...]]
    """Method -> its hyper-parameters, the swept ones first.

    A method is what tables call a model: its label, or its name if it has none.
    """
    sweeps: dict[str, tuple[float, ...]]
    """Method -> the published values of its hyper-parameter, where exactly one is swept."""
    datasets: tuple[str, ...]
    metrics: tuple[str, ...]
    published_steps: int
    """Training steps in the paper; 0 if the study trains nothing."""
    published_runs: int
    artefacts: tuple[str, ...] = ()
    """Names of the tables and figures."""
    coordinates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Table or figure -> names that place its published numbers, beside hyper-parameters."""
    controls: tuple[str, ...] = CONTROLS
    """Empty in a study that runs no controls."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Label -> its model."""
    trained_on: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Method -> its data sets, for those that are not trained on all."""
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    """Scores that the paper prints and no metric here computes -> why."""
    not_made: Mapping[str, str] = field(default_factory=dict)
    """Models and data sets that the paper has and nothing here makes -> why."""
    untrained: tuple[str, ...] = ()
    """Methods that need no training."""
    deterministic: tuple[str, ...] = ()
    """Methods whose runs do not depend on their seeds."""
    variants: Names = field(default_factory=Names)
    """Published names that stand for several variants."""
    variations: tuple[str, ...] = ("",)
    """What may follow the @ in the name of a score."""
    values: Mapping[str, Mapping[str, tuple[float, ...]]] = field(default_factory=dict)
    """Method -> hyper-parameter -> its published values, one if it is fixed."""

    @classmethod
    def of(cls, study: Study) -> "Design":
        """The design of a study."""
        untrained = [model.method for model in study.models if not runs.is_trained(model)]
        artefacts = study.tables | study.figures_of(study.datasets_of_all_scales())
        coordinates = {name: tuple(shown.coordinates) for name, shown in artefacts.items()}
        deterministic = [model.method for model in study.models if _is_deterministic(model.name)]
        return cls(
            study=study.id,
            methods={model.method: (*model.sweep, *model.fixed) for model in study.models},
            sweeps=_sweeps(study),
            datasets=tuple(study.datasets),
            metrics=tuple(study.metrics),
            published_steps=study.training.steps if study.training else 0,
            published_runs=_published_runs(study),
            artefacts=tuple(artefacts),
            coordinates=coordinates,
            controls=CONTROLS if study.control_seeds else (),
            labels={model.label: model.name for model in study.models if model.label},
            trained_on=_trained_on(study),
            unmeasured=study.unmeasured,
            not_made=study.not_made,
            untrained=tuple(untrained),
            deterministic=tuple(deterministic),
            variants=study.published_names(),
            variations=tuple(study.score_suffixes),
            values={model.method: _values(model) for model in study.models},
        )

    def trains(self, method: str, dataset: str) -> bool:
        """Whether the study trains a method on a data set."""
        return dataset in self.trained_on.get(method, [dataset])

    def methods_of(self, name: str) -> list[str]:
        """The methods that a name stands for: a label alone, or every method of a model."""
        return [method for method in self.methods if name in (method, self.model_of(method))]

    def model_of(self, method: str) -> str:
        """The model of a method."""
        return self.labels.get(method, method)


def _is_deterministic(model: str) -> bool:
    return bool(declared.of_class("models", model, "deterministic", default=False))


def _sweeps(study: Study) -> dict[str, tuple[float, ...]]:
    sweeps: dict[str, tuple[float, ...]] = {}
    for model in study.models:
        if len(model.sweep) == 1:
            [values] = model.sweep.values()
            sweeps[model.method] = tuple(map(float, values))
    return sweeps


def _values(model: Model) -> dict[str, tuple[float, ...]]:
    swept = {name: tuple(map(float, values)) for name, values in model.sweep.items()}
    fixed = {name: (float(value),) for name, value in model.fixed.items()}
    return swept | fixed


def _published_runs(study: Study) -> int:
    total = 0
    for model in study.models:
        cells = math.prod(map(len, model.sweep.values()))
        datasets = len(model.datasets or study.datasets)
        total += cells * datasets * min(study.seeds, model.seeds or study.seeds)
    return total


def _trained_on(study: Study) -> dict[str, frozenset[str]]:
    everywhere = frozenset(study.datasets)
    datasets: dict[str, frozenset[str]] = {}
    for model in study.models:
        trained_on = frozenset(model.datasets or everywhere)
        if trained_on != everywhere:
            datasets[model.method] = trained_on
    return datasets
