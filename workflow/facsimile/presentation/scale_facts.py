"""What one scale makes of a study: its data sets, steps and evaluation, and where it departs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from facsimile.presentation import departures
from facsimile.presentation.departures import Departure, Length
from facsimile.studies import evaluations, runs
from facsimile.studies.parts import Evaluation, Scale
from facsimile.studies.study import Study


@dataclass(frozen=True)
class ScaleFacts:
    """One scale of a study."""

    name: str
    datasets: tuple[str, ...]
    """The data sets of this scale."""
    evaluation: Evaluation
    steps: int
    """Training steps; 0 if the study trains nothing."""
    lengths: tuple[Length, ...] = ()
    """Of the trainings, where models differ in their steps."""
    subgrids: Mapping[str, str] = field(default_factory=dict)
    """Data set -> what is kept of it, where that is not all."""
    departures: tuple[Departure, ...] = ()
    """Where this scale departs from the paper."""
    points: Mapping[str, Evaluation] = field(default_factory=dict)
    """Metric -> its evaluation, where that is not ``evaluation``."""
    left_out: tuple[str, ...] = ()
    """Names and labels of models that this scale leaves out."""
    is_miniature: bool = False
    """Whether all of its data sets stand in for those of the study."""
    sweeps: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Method -> values of its hyper-parameter, where the scale has values that the study lacks."""

    @classmethod
    def of(cls, study: Study, name: str) -> "ScaleFacts":
        """A scale of a study; raises UnknownName."""
        scale = runs.scale_of(study, name)
        published_steps = study.training.steps if study.training else 0
        return cls(
            name=name,
            datasets=tuple(study.datasets_of(scale)),
            evaluation=evaluations.evaluation(study, name),
            steps=scale.training.steps or published_steps,
            lengths=tuple(dict.fromkeys(departures.lengths(study, scale))),
            subgrids=departures.subgrids(scale),
            departures=tuple(departures.of(study, scale)),
            points=_points(study, name),
            left_out=tuple(scale.without),
            is_miniature=not set(study.datasets_of(scale)) & set(study.datasets),
            sweeps=_sweeps(study, scale),
        )


def _sweeps(study: Study, scale: Scale) -> dict[str, tuple[float, ...]]:
    sweeps: dict[str, tuple[float, ...]] = {}
    for model in study.models:
        override = runs.override_of(scale, model)
        values = runs.values_in_order(model, override)
        if not values or not model.sweep.keys() >= override.sweep.keys():
            continue
        [of_study] = model.sweep.values()
        if values != of_study:
            sweeps[model.method] = tuple(values)
    return sweeps


def _points(study: Study, scale: str) -> dict[str, Evaluation]:
    usual = evaluations.evaluation(study, scale)
    points: dict[str, Evaluation] = {}
    for metric in study.metrics:
        evaluation = evaluations.evaluation(study, scale, metric)
        if evaluation != usual:
            points[metric] = evaluation
    return points
