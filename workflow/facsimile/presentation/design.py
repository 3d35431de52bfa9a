"""What a study states, whatever the scale, as tables and figures need it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from facsimile.studies import runs
from facsimile.studies.study import CONTROLS, Study
from facsimile.studies.variants import Names


@dataclass(frozen=True)
class Design:
    """The design of a study; models, data sets and metrics are in the study file's order."""

    study: str
    models: dict[str, tuple[str, ...]]
    """Model -> its hyper-parameters, the swept ones first."""
    sweeps: dict[str, tuple[float, ...]]
    """Model -> the published values of its hyper-parameter, where exactly one is swept."""
    datasets: tuple[str, ...]
    metrics: tuple[str, ...]
    published_steps: int
    """Training steps in the paper; 0 if the study trains nothing."""
    published_runs: int
    artefacts: tuple[str, ...] = ()
    """Names of the tables and figures."""
    controls: tuple[str, ...] = CONTROLS
    """Empty in a study that runs no controls."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What tables call a cell -> its model."""
    trained_on: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Label or model -> its data sets, for those that are not trained on all."""
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    """Scores that the paper prints and no metric here computes -> why."""
    untrained: tuple[str, ...] = ()
    """Models that need no training."""
    variants: Names = field(default_factory=Names)
    """Published names that stand for several variants."""

    @classmethod
    def of(cls, study: Study) -> "Design":
        """The design of a study."""
        models = dict.fromkeys(model.name for model in study.models)
        untrained = dict.fromkeys(m.name for m in study.models if not runs.is_trained(m))
        return cls(
            study=study.id,
            models={name: _parameters(study, name) for name in models},
            sweeps=_sweeps(study),
            datasets=tuple(study.datasets),
            metrics=tuple(study.metrics),
            published_steps=study.training.steps if study.training else 0,
            published_runs=_published_runs(study),
            artefacts=(*study.tables, *study.figures_of(study.datasets)),
            controls=CONTROLS if study.control_seeds else (),
            labels={model.label: model.name for model in study.models if model.label},
            trained_on=_trained_on(study),
            unmeasured=study.unmeasured,
            untrained=tuple(untrained),
            variants=study.published_names(),
        )

    def trains(self, model: str, dataset: str) -> bool:
        """Whether the study trains a model, given by name or label, on a data set."""
        return dataset in self.trained_on.get(model, [dataset])


def _parameters(study: Study, name: str) -> tuple[str, ...]:
    """Hyper-parameters that the study gives a model, the swept ones first."""
    entries = [model for model in study.models if model.name == name]
    swept = [key for model in entries for key in model.sweep]
    fixed = [key for model in entries for key in model.fixed]
    return tuple(dict.fromkeys(swept + fixed))


def _sweeps(study: Study) -> dict[str, tuple[float, ...]]:
    sweeps: dict[str, tuple[float, ...]] = {}
    for model in study.models:
        if len(model.sweep) == 1:
            [values] = model.sweep.values()
            sweeps[model.name] = tuple(map(float, values))
    return sweeps


def _published_runs(study: Study) -> int:
    total = 0
    for model in study.models:
        cells = math.prod(map(len, model.sweep.values()))
        datasets = len(model.datasets or study.datasets)
        total += cells * datasets * min(study.seeds, model.seeds or study.seeds)
    return total


def _trained_on(study: Study) -> dict[str, frozenset[str]]:
    datasets: dict[str, frozenset[str]] = {}
    for model in study.models:
        for name in {model.label, model.name} - {""}:
            before = datasets.get(name, frozenset())
            datasets[name] = before | frozenset(model.datasets or study.datasets)
    everywhere = set(study.datasets)
    return {name: chosen for name, chosen in datasets.items() if chosen != everywhere}
