"""How a scale differs from the study as published: what every table, figure, claim and comparison made at it must say."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from facsimile.presentation import names
from facsimile.studies import runs, training
from facsimile.studies.parts import Evaluation, Model, Points, Scale
from facsimile.studies.study import Study


@dataclass(frozen=True)
class Departure:
    """One way in which a scale differs from the study as published, for one model, data set or metric, or for all."""

    kind: str  # "training", "cells", "seeds", "evaluation" or "grid"
    text: str
    model: str = ""
    dataset: str = ""
    metric: str = ""


@dataclass(frozen=True)
class Length:
    """How many steps some models make at a scale and as published, and on which data sets they are trained."""

    datasets: tuple[str, ...]
    steps: int
    published: int


def of(study: Study, scale: Scale) -> list[Departure]:
    """Every departure of a scale."""
    grids = [
        Departure("grid", f"sub-grid of {text}", dataset=dataset)
        for dataset, text in subgrids(scale).items()
    ]
    return [
        *_of_training(study, scale),
        *_of_cells(study, scale),
        *_of_evaluation(study, scale),
        *grids,
    ]


def said(departures: Iterable[Departure]) -> list[str]:
    """A line a kind of departure: methods, or data sets, that depart alike stand together."""
    touched: dict[str, list[str]] = {}
    for departure in departures:
        part = names.model(departure.model) or names.dataset(
            departure.dataset
        )  # neither: the departure is of all
        touched.setdefault(departure.text, []).append(part)
    return [": ".join(filter(None, [names.listed(parts), text])) for text, parts in touched.items()]


def lengths(study: Study, scale: Scale) -> Iterator[Length]:
    """The lengths of the trainings, model by model."""
    for model, then, now in _trainings(study, scale):
        yield Length(tuple(model.datasets or study.datasets), now["steps"], then["steps"])


def subgrids(scale: Scale) -> dict[str, str]:
    """Data set -> what is kept of it, ``every 4th orientation and every 2nd scale``, of those of which not all is kept."""
    return {dataset: text for dataset, strides in scale.subgrid.items() if (text := _kept(strides))}


def _kept(strides: Mapping[str, int]) -> str:
    return names.listed(
        [
            f"every {_ordinal(n)} {factor.replace('_', ' ')}"
            for factor, n in strides.items()
            if n > 1
        ]
    )


def _of_training(study: Study, scale: Scale) -> Iterator[Departure]:
    """What differs in the training of all models alike, or of each."""
    found: dict[str, list[str]] = {}
    for model, then, now in _trainings(study, scale):
        steps = (
            [f"{now['steps']:,} of {then['steps']:,} steps"]
            if now["steps"] != then["steps"]
            else []
        )
        other = [
            f"other {key.replace('_', ' ')}"
            for key in now
            if key != "steps" and now[key] != then.get(key)
        ]
        found[model.label or model.name] = steps + other
    alike = len({tuple(texts) for texts in found.values()}) == 1
    for model_name, texts in list(found.items())[: 1 if alike else None]:
        yield from (Departure("training", text, "" if alike else model_name) for text in texts)
    if (looks := scale.training.snapshots) is not None:
        yield Departure("training", f"scored every {looks.every:,} steps")


def _of_cells(study: Study, scale: Scale) -> Iterator[Departure]:
    """What differs in which models are trained, with which hyper-parameters and seeds."""
    for model in study.models:
        if runs.left_out(scale, model):
            yield Departure("cells", "left out", model.label or model.name)
            continue
        override = runs.override_of(scale, model)
        if model.fixed | override.fixed != model.fixed:
            yield Departure("training", "other fixed hyper-parameters", model.name)
        if model.sweep | override.sweep != model.sweep:
            yield Departure("cells", "other hyper-parameter values", model.name)
    if scale.seeds and scale.seeds != study.seeds:
        yield Departure("seeds", f"{scale.seeds} of {study.seeds} seeds")


def _of_evaluation(study: Study, scale: Scale) -> Iterator[Departure]:
    """What differs in the points that metrics are given."""
    if (asked := scale.evaluation) and asked != study.evaluation:
        yield Departure("evaluation", f"{_points(asked)}, {asked.convention} convention")
    for metric, own in scale.points.items():
        yield Departure("evaluation", f"{_points(own)} for {metric}", metric=metric)


def _points(asked: Evaluation | Points) -> str:
    return f"{asked.train:,} + {asked.test:,} evaluation points"


def _trainings(
    study: Study, scale: Scale
) -> Iterator[tuple[Model, dict[str, Any], dict[str, Any]]]:
    """Every model with its training as published and at a scale."""
    if study.training is None:
        return
    for model in study.models:
        if not runs.is_trained(model) or runs.left_out(scale, model):
            continue
        override = runs.override_of(scale, model)
        differs = model.training, scale.training, override.training
        yield (
            model,
            training.explicit_settings(study.training, differs[0]),
            training.explicit_settings(study.training, *differs),
        )


def _ordinal(n: int) -> str:
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"
