"""How a scale departs from the study as published.

Every table, figure, claim and comparison that is made at a scale states its departures.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from facsimile.presentation import names
from facsimile.studies import runs, training
from facsimile.studies.parts import Evaluation, Model, Points, Scale
from facsimile.studies.study import Study

Settings = dict[str, Any]


@dataclass(frozen=True)
class Departure:
    """One difference between a scale and the study as published.

    It concerns one model, data set or metric, or all of them if these fields are empty.
    """

    kind: str
    """``training``, ``cells``, ``seeds``, ``evaluation`` or ``grid``."""
    text: str
    model: str = ""
    dataset: str = ""
    metric: str = ""


@dataclass(frozen=True)
class Length:
    """Training steps of a model at a scale and as published."""

    datasets: tuple[str, ...]
    """Data sets on which the model is trained."""
    steps: int
    published: int


def of(study: Study, scale: Scale) -> list[Departure]:
    """All departures of a scale."""
    departures = [
        *_training_departures(study, scale),
        *_cell_departures(study, scale),
        *_evaluation_departures(study, scale),
    ]
    for dataset, text in subgrids(scale).items():
        departures.append(Departure("grid", f"sub-grid of {text}", dataset=dataset))
    return departures


def sentences(departures: Iterable[Departure]) -> list[str]:
    """Departures in words, one line per text: methods or data sets that share it are listed."""
    parts_by_text: dict[str, list[str]] = {}
    for departure in departures:
        # Empty if the departure concerns all models and data sets.
        part = names.model(departure.model) or names.dataset(departure.dataset)
        parts_by_text.setdefault(departure.text, []).append(part)
    lines = []
    for text, parts in parts_by_text.items():
        listed = names.enumeration(parts)
        lines.append(f"{listed}: {text}" if listed else text)
    return lines


def lengths(study: Study, scale: Scale) -> Iterator[Length]:
    """The length of the training of each model, in the study file's order."""
    for model, published, here in _trainings(study, scale):
        datasets = tuple(model.datasets or study.datasets)
        yield Length(datasets, here["steps"], published["steps"])


def subgrids(scale: Scale) -> dict[str, str]:
    """Data set -> what is kept of it, if not all: ``every 4th orientation and every 2nd scale``."""
    subsets = {dataset: _subset(strides) for dataset, strides in scale.subgrid.items()}
    return {dataset: text for dataset, text in subsets.items() if text}


def _subset(strides: Mapping[str, int]) -> str:
    texts = []
    for factor, stride in strides.items():
        if stride > 1:
            texts.append(f"every {_ordinal(stride)} {factor.replace('_', ' ')}")
    return names.enumeration(texts)


def _training_departures(study: Study, scale: Scale) -> Iterator[Departure]:
    """Differences in training settings, listed once if they are the same for all models."""
    changes: dict[str, tuple[str, ...]] = {}
    for model, published, here in _trainings(study, scale):
        changes[model.method] = _changed_settings(published, here)
    # What is the same for all models is a departure of the scale, listed once.
    if len(set(changes.values())) == 1:
        [shared] = set(changes.values())
        changes = {"": shared}
    for name, texts in changes.items():
        for text in texts:
            yield Departure("training", text, name)
    snapshots = scale.training.snapshots
    if snapshots is not None:
        yield Departure("training", f"scored every {snapshots.every:,} steps")


def _changed_settings(published: Settings, here: Settings) -> tuple[str, ...]:
    texts = []
    if here["steps"] != published["steps"]:
        texts.append(f"{here['steps']:,} of {published['steps']:,} steps")
    for key, value in here.items():
        if key != "steps" and value != published.get(key):
            texts.append(f"other {key.replace('_', ' ')}")
    return tuple(texts)


def _cell_departures(study: Study, scale: Scale) -> Iterator[Departure]:
    """Differences in the models that are trained, their hyper-parameters and seeds."""
    for model in study.models:
        if runs.left_out(scale, model):
            yield Departure("cells", "left out", model.method)
            continue
        override = runs.override_of(scale, model)
        if model.fixed | override.fixed != model.fixed:
            yield Departure("training", "other fixed hyper-parameters", model.method)
        if model.sweep | override.sweep != model.sweep:
            yield Departure("cells", "other hyper-parameter values", model.method)
    if scale.seeds and scale.seeds != study.seeds:
        yield Departure("seeds", f"{scale.seeds} of {study.seeds} seeds")


def _evaluation_departures(study: Study, scale: Scale) -> Iterator[Departure]:
    """Differences in the points that metrics are computed on."""
    evaluation = scale.evaluation
    if evaluation and evaluation != study.evaluation:
        text = f"{_points(evaluation)}, {evaluation.convention} convention"
        yield Departure("evaluation", text)
    for metric, points in scale.points.items():
        yield Departure("evaluation", f"{_points(points)} for {metric}", metric=metric)


def _points(evaluation: Evaluation | Points) -> str:
    return f"{evaluation.train:,} + {evaluation.test:,} evaluation points"


def _trainings(study: Study, scale: Scale) -> Iterator[tuple[Model, Settings, Settings]]:
    """Each trained model with its training settings as published and at this scale."""
    if study.training is None:
        return
    for model in study.models:
        if not runs.is_trained(model) or runs.left_out(scale, model):
            continue
        override = runs.override_of(scale, model)
        published = training.explicit_settings(study.training, model.training)
        here = training.explicit_settings(
            study.training, model.training, scale.training, override.training
        )
        yield model, published, here


def _ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``3rd``, ``4th``, ``11th``."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    if number % 100 in (11, 12, 13):
        ending = "th"
    return f"{number}{ending}"
