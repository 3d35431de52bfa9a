"""What a table or figure shows, and what it must say of itself: scale, steps, points, convention, sub-grid, substitutions."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from facsimile.presentation import departures, names
from facsimile.presentation.departures import Departure, Length
from facsimile.presentation.spec import Quantity, Spec
from facsimile.studies import evaluations, runs
from facsimile.studies.parts import Evaluation
from facsimile.studies.study import CONTROLS, Study
from facsimile.studies.variants import Names


@dataclass(frozen=True)
class Context:
    """The study and scale that scores come from; models, data sets and metrics are in the study file's order."""

    study: str
    scale: str
    models: dict[str, tuple[str, ...]]  # model -> its hyper-parameters, the swept ones first
    sweeps: dict[
        str, tuple[float, ...]
    ]  # model -> the published values of its one swept hyper-parameter
    datasets: tuple[str, ...]
    drawn: tuple[str, ...]  # the data sets of this scale
    metrics: tuple[str, ...]
    evaluation: Evaluation
    steps: int
    published_steps: int
    published_runs: int
    lengths: tuple[Length, ...] = ()  # of the trainings, where not all models have the same
    subgrids: dict[str, str] = field(
        default_factory=dict
    )  # data set -> what is kept of it, if it is not all
    departures: tuple[Departure, ...] = ()
    artefacts: tuple[str, ...] = ()
    controls: tuple[str, ...] = CONTROLS  # none in a study that runs no controls
    labels: Mapping[str, str] = field(default_factory=dict)  # what tables call a cell -> its model
    places: Mapping[str, frozenset[str]] = field(
        default_factory=dict
    )  # label or model -> data sets, if it is not all
    unmeasured: Mapping[str, str] = field(
        default_factory=dict
    )  # scores that the paper prints and nothing measures -> why
    untrained: tuple[str, ...] = ()  # models that no training makes
    points: Mapping[str, Evaluation] = field(
        default_factory=dict
    )  # of metrics that have others than ``evaluation``
    history: Callable[[str], pd.DataFrame] | None = (
        None  # a run's key -> its losses and traces along training
    )
    variants: Names = field(default_factory=Names)  # published names for which several things stand
    printed: Mapping[Quantity, float] = field(
        default_factory=dict
    )  # the first published number of each quantity, if any
    peers: Mapping[Quantity, float] = field(
        default_factory=dict
    )  # likewise, of those that others than the authors printed

    @classmethod
    def of(cls, study: Study, scale: str) -> "Context":
        """A study at one of its scales; raises UnknownName."""
        chosen = runs.scale_of(study, scale)
        return cls(
            study=study.id,
            scale=scale,
            models={
                name: _parameters(study, name)
                for name in dict.fromkeys(m.name for m in study.models)
            },
            sweeps={
                m.name: tuple(map(float, values))
                for m in study.models
                if len(m.sweep) == 1
                for values in m.sweep.values()
            },
            datasets=tuple(study.datasets),
            drawn=tuple(study.datasets_of(chosen)),
            metrics=tuple(study.metrics),
            evaluation=evaluations.evaluation(study, scale),
            steps=chosen.training.steps or _steps(study),
            published_steps=_steps(study),
            published_runs=_published_runs(study),
            lengths=tuple(dict.fromkeys(departures.lengths(study, chosen))),
            subgrids=departures.subgrids(chosen),
            departures=tuple(departures.of(study, chosen)),
            artefacts=(*study.tables, *study.figures_of(study.datasets)),
            labels={model.label: model.name for model in study.models if model.label},
            places=_places(study),
            unmeasured=study.unmeasured,
            points=_points(study, scale),
            untrained=tuple(dict.fromkeys(m.name for m in study.models if not runs.is_trained(m))),
            controls=CONTROLS if study.control_seeds else (),
            variants=study.published_names(),
        )

    def shown(self, spec: Spec) -> list[str]:
        """Data sets to draw: those of the paper's artefact that this scale has, or all of this scale."""
        return [d for d in spec.datasets if d in self.drawn] or list(self.drawn)

    def named(self, spec: Spec) -> list[str]:
        """The paper's data sets of an artefact, then those drawn in their stead."""
        return list(dict.fromkeys([*spec.datasets, *self.shown(spec)]))

    def methods(self, spec: Spec) -> list[str]:
        """The models that an artefact shows, in the study's order."""
        return [model for model in self.models if not spec.models or model in spec.models]

    def trains(self, model: str, dataset: str) -> bool:
        """Whether the study trains a model, or what it calls so, on a data set."""
        return dataset in self.places.get(model, [dataset])

    def metrics_of(self, spec: Spec) -> list[str]:
        """The scores that an artefact names; none: the score of each metric that is called like it."""
        return list(spec.metrics) or [f"{metric}.{metric}" for metric in self.metrics]

    def substitution(self, spec: Spec) -> str:
        """``paper: Cars3D; here: dSprites``, empty where the artefact shows the paper's own data sets."""
        if not spec.datasets or list(spec.datasets) == self.shown(spec):
            return ""
        paper, here = (
            names.listed([names.dataset(d) for d in some])
            for some in (list(spec.datasets), self.shown(spec))
        )
        return f"paper: {paper}; here: {here}"

    def protocol(self, datasets: list[str]) -> str:
        """Scale, steps, evaluation points, convention and sub-grid, in one line."""
        asked = self.evaluation
        both = f"{asked.train:,} + {asked.test:,} evaluation points (train + test)"
        points = both if asked.test else f"{asked.train:,} evaluation points"
        steps = [self._steps_said(datasets)] if self.published_steps else []
        parts = [
            f"{self.scale} scale",
            *steps,
            points,
            f"{asked.convention} convention",
            *self._subgrids_said(datasets),
        ]
        return " · ".join(parts)

    def _steps_said(self, datasets: list[str]) -> str:
        """``200 of 300,000 steps``, ``5,000 or 20,000 steps``."""
        here = [length for length in self.lengths if set(length.datasets) & set(datasets)]
        pairs = [(length.steps, length.published) for length in here] or [
            (self.steps, self.published_steps)
        ]
        now, then = (
            " or ".join(f"{n:,}" for n in sorted(set(column)))
            for column in zip(*pairs, strict=True)
        )
        return f"{now} steps" if now == then else f"{now} of {then} steps"

    def _subgrids_said(self, datasets: list[str]) -> list[str]:
        """``sub-grid of dSprites and Color-dSprites: every 2nd orientation``, once for all data sets that share it."""
        alike: dict[str, list[str]] = {}
        for dataset in (d for d in datasets if d in self.subgrids):
            alike.setdefault(self.subgrids[dataset], []).append(names.dataset(dataset))
        return [f"sub-grid of {names.listed(shown)}: {kept}" for kept, shown in alike.items()]

    def said(self, spec: Spec) -> list[str]:
        """What stands under a table or figure, line by line."""
        about = f"{names.listed([names.dataset(d) for d in self.shown(spec)])}: {self.protocol(self.shown(spec))}."
        unchecked = (
            "" if spec.verified else "Numbering and content not checked against the paper's PDF."
        )
        instead = f"Substitution: {text}." if (text := self.substitution(spec)) else ""
        return [
            line for line in (about, self._points_said(spec), instead, unchecked, spec.note) if line
        ]

    def _points_said(self, spec: Spec) -> str:
        """``Points of MIG: 100 + 50.``, where metrics that are shown have others than the rest."""
        families = {name.partition(".")[0] for name in (*spec.metrics, *spec.against)}
        own = [(m, asked) for m, asked in self.points.items() if m in families or not families]
        said = [
            f"{names.metric(f'{metric}.{metric}')} {asked.train:,} + {asked.test:,}"
            for metric, asked in own
        ]
        return f"Points of their own: {names.listed(said)}." if said else ""


def _steps(study: Study) -> int:
    return study.training.steps if study.training else 0


def _parameters(study: Study, model: str) -> tuple[str, ...]:
    """Hyper-parameters that the study gives a model, the swept ones first."""
    stated = [m for m in study.models if m.name == model]
    return tuple(
        dict.fromkeys(
            [key for m in stated for key in m.sweep] + [key for m in stated for key in m.fixed]
        )
    )


def _points(study: Study, scale: str) -> dict[str, Evaluation]:
    asked = {metric: evaluations.evaluation(study, scale, metric) for metric in study.metrics}
    return {
        metric: own for metric, own in asked.items() if own != evaluations.evaluation(study, scale)
    }


def _published_runs(study: Study) -> int:
    return sum(
        math.prod(map(len, model.sweep.values()))
        * len(model.datasets or study.datasets)
        * min(study.seeds, model.seeds or study.seeds)
        for model in study.models
    )


def _places(study: Study) -> dict[str, frozenset[str]]:
    """Label or model -> the data sets that it is trained on, for those that are not trained on all."""
    found: dict[str, frozenset[str]] = {}
    for model in study.models:
        for name in {model.label, model.name} - {""}:
            found[name] = found.get(name, frozenset()) | frozenset(model.datasets or study.datasets)
    return {name: places for name, places in found.items() if places != set(study.datasets)}
