"""The study of a trial: a model of one's own beside the methods of a study at one scale."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from facsimile import datasets
from facsimile.commands.trial.model_file import ModelFile
from facsimile.foundation import atomic, discover
from facsimile.foundation.discover import STUDY
from facsimile.studies import runs, training
from facsimile.studies.parts import Model, Scale
from facsimile.studies.study import Study
from facsimile.studies.training import TrainingOverride

# Scales of the study of a trial, besides that of the study beside which it is.
OWN = "own_model"
BASELINES = "baselines"
WORLDS = 2
SEEDS = 5
Values = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Choices:
    """What a person chose; an empty field means the default.

    ``sweep`` and ``fixed`` are hyper-parameters of the model, ``beside`` the methods it is compared
    with, by label or name.
    """

    sweep: Values
    fixed: Mapping[str, float]
    worlds: Sequence[str] = ()
    seeds: int = SEEDS
    steps: int | None = None
    beside: Sequence[str] = ()


def write(
    folder: Path,
    file: ModelFile,
    study: Study,
    scale: str,
    choices: Choices,
) -> None:
    """Write the study.yaml of a trial.

    Raises UnknownName for a data set or method that the study does not have at the scale.
    """
    content = yaml.safe_dump(
        _content(file, study, scale, choices), sort_keys=False, allow_unicode=True
    )
    header = f"# Written by `facsimile try`: {file.name} beside {study.id} at scale {scale}.\n"
    atomic.write_bytes(folder / STUDY, (header + content).encode())


def default_worlds(
    study: Study,
    scale: Scale,
) -> list[str]:
    """The first data set of a scale, and the first one of other factors."""
    available = study.datasets_of(scale)
    first, *others = available
    factors = datasets.of_images(datasets.grid(first)).factor_names
    for other in others:
        if datasets.of_images(datasets.grid(other)).factor_names != factors:
            return [first, other]
    return available[:WORLDS]


def _content(
    file: ModelFile,
    study: Study,
    scale: str,
    choices: Choices,
) -> dict[str, Any]:
    here = runs.scale_of(study, scale)
    settings = _shared_training(study, here, choices)
    baselines = _baselines(study, here, choices)
    methods = [model["label"] if "label" in model else model["name"] for model in baselines]
    own: dict[str, Any] = {"name": file.name}
    own |= _filled(sweep={key: list(values) for key, values in choices.sweep.items()})
    own |= _filled(fixed=dict(choices.fixed))
    evaluation = here.evaluation or study.evaluation
    return {
        "id": file.paper,
        "title": f"{file.name} beside the methods of {study.cited}",
        "authors": "not stated",
        "year": study.year,
        "venue": "none",
        "datasets": _worlds(study, here, choices),
        "seeds": choices.seeds,
        "control_seeds": study.control_seeds,
        "training": settings,
        # First, so that pairs of methods begin with it.
        "models": [own, *baselines],
        "evaluation": _plain(evaluation),
        **_measured(study, here),
        **_shown(study),
        "scales": {
            scale: {"description": "the model beside the methods"},
            OWN: {"description": "the model alone", "without": methods},
            BASELINES: {"description": "the methods without it", "without": [file.name]},
        },
    }


def _worlds(
    study: Study,
    scale: Scale,
    choices: Choices,
) -> list[str]:
    available = study.datasets_of(scale)
    for world in choices.worlds:
        if world not in available:
            raise discover.UnknownName(f"data set of {study.id} at this scale", world, available)
    return list(choices.worlds) or default_worlds(study, scale)


def _baselines(
    study: Study,
    scale: Scale,
    choices: Choices,
) -> list[dict[str, Any]]:
    """The models of a study as they are at a scale, or those of them that were chosen."""
    present = [model for model in study.models if not runs.left_out(scale, model)]
    known = [model.method for model in present]
    for name in choices.beside:
        if name not in known:
            raise discover.UnknownName(f"method of {study.id} at this scale", name, known)
    chosen = choices.beside or known
    return [_at_scale(study, scale, model, choices) for model in present if model.method in chosen]


def _at_scale(
    study: Study,
    scale: Scale,
    model: Model,
    choices: Choices,
) -> dict[str, Any]:
    """A model with the values and settings that it has at a scale."""
    assert study.training is not None
    override = runs.override_of(scale, model)
    settings = training.explicit_settings(
        study.training, model.training, scale.training, override.training, _steps(choices)
    )
    shared = _shared_training(study, scale, choices)
    own = {key: value for key, value in settings.items() if value != shared.get(key)}
    return {
        "name": model.name,
        **_filled(label=model.label, training=own),
        **_filled(sweep=model.sweep | override.sweep, fixed=model.fixed | override.fixed),
    }


def _shared_training(
    study: Study,
    scale: Scale,
    choices: Choices,
) -> dict[str, Any]:
    """The training settings of all models without settings of their own."""
    if study.training is None:
        raise ValueError(f"{study.id} trains nothing: try the model beside another study")
    return training.explicit_settings(study.training, scale.training, _steps(choices))


def _steps(choices: Choices) -> TrainingOverride:
    return TrainingOverride(steps=choices.steps) if choices.steps else TrainingOverride()


def _measured(
    study: Study,
    scale: Scale,
) -> dict[str, Any]:
    """The metrics and variations that tables, figures and claims of a trial need; others cost."""
    used = _scores_used(study)
    metrics = [name for name in study.metrics if not used or used.get(name)]
    suffixes = set().union(*used.values())
    variations = {}
    for name, variation in study.variations.items():
        kept = [metric for metric in variation.metrics if metric in metrics]
        if kept and (not used or name in suffixes):
            variations[name] = _plain(variation) | {"metrics": kept}
    points = {}
    for metric, value in (study.points | scale.points).items():
        if metric in metrics:
            points[metric] = _plain(value)
    return {"metrics": metrics, **_filled(points=points, variations=variations)}


def _scores_used(
    study: Study,
) -> dict[str, set[str]]:
    """Metric -> variations of its scores that a trial shows or its claims name.

    Empty if the tables show the headline of every metric.
    """
    names = _shown_scores(study)
    if not names:
        return {}
    for claim in study.claims.values():
        for parameter in claim.parameters:
            names += claim.words(parameter)
    used: dict[str, set[str]] = {}
    for name in names:
        metric, _, score = name.partition(".")
        if metric in study.metrics:
            used.setdefault(metric, set()).add(score.partition("@")[2])
    return used


def _shown_scores(study: Study) -> list[str]:
    """The scores of the study's table of improvement, or else of its first table."""
    tables = list(study.tables.values())
    chosen = [table for table in tables if table.kind == "improvement"] or tables
    return list(chosen[0].metrics) if chosen else []


def _shown(study: Study) -> dict[str, Any]:
    """Tables and figures of a trial."""
    metrics = _shown_scores(study)
    titles = {
        "scores": "Scores of each method, mean over its runs",
        "improvement": "How often a run beats one of another method",
        "seeds_needed": "Seeds that would tell it from another method",
    }
    shown = {kind: _artefact(kind, title, metrics) for kind, title in titles.items()}
    violin = _artefact("violin", "Scores of each method", metrics)
    return {"tables": shown, "figures": {"violin": violin}}


def _artefact(
    kind: str,
    title: str,
    metrics: list[str],
) -> dict[str, Any]:
    # No paper prints it, so that nothing is to be checked against one.
    return {"kind": kind, "title": title, **_filled(metrics=metrics), "verified": True}


def _filled(**entries: Any) -> dict[str, Any]:
    """The entries that are not empty."""
    return {key: value for key, value in entries.items() if value}


def _plain(part: Any) -> dict[str, Any]:
    """A part of a study as a mapping, without defaults."""
    content: dict[str, Any] = part.model_dump(mode="json", exclude_unset=True)
    return content


def parse_values(
    texts: Sequence[str],
    file: ModelFile,
    fields: Sequence[str],
) -> Values:
    """Parse ``beta=1,2,4,8``: hyper-parameter -> values.

    Raises ValueError for text of another form, UnknownName for a hyper-parameter that the model
    does not have.
    """
    values: dict[str, list[float]] = {}
    for text in texts:
        key, separator, listed = text.partition("=")
        if not separator or not listed:
            raise ValueError(f"{text!r}: write hyper-parameter=values, as in beta=1,2,4,8")
        if key not in fields:
            raise discover.UnknownName(f"hyper-parameter of {file.name}", key, list(fields))
        values[key] = [_number(text, part) for part in listed.split(",")]
    return values


def _number(text: str, part: str) -> float:
    try:
        number = float(part)
    except ValueError:
        raise ValueError(f"{text!r}: {part!r} is not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{text!r}: {part!r} is not a finite number")
    # As in a study file, where 4 and 4.0 are the same value.
    return int(number) if number.is_integer() else number
