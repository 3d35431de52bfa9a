"""Problems of what a study has: its metrics, data sets, models and scales."""

import itertools

from facsimile.foundation import declared, discover
from facsimile.foundation.yamlfile import Location
from facsimile.studies import classes
from facsimile.studies.parts import Model, ModelOverride
from facsimile.studies.problems.unknown_names import (
    Problems,
    duplicates,
    repeated_values,
    unknown,
    unknown_datasets,
    unknown_metrics,
    unknown_models,
)
from facsimile.studies.runs import is_trained
from facsimile.studies.study import CONTROLS, RULES, Study


def _names(study: Study) -> Problems:
    """Yield names that Snakemake's rules already have, and a missing scale."""
    if study.id in RULES:
        yield ("id",), f"{study.id} is a rule of the workflow; rename the paper's folder and its id"
    if not study.scales:
        yield ("scales",), "no scale; write, for example, smoke: {description: everything}"
    yield from duplicates(("datasets",), study.datasets)
    yield from duplicates(("metrics",), study.metrics)


def _metrics(study: Study) -> Problems:
    """Yield metrics whose file does not say which scores and conventions there are."""
    for i, metric in enumerate(study.metrics):
        try:
            declared.dictionary("metrics", metric, "SCORES")
            declared.dictionary("metrics", metric, "CONVENTIONS")
        except (ValueError, ImportError, AttributeError) as error:
            yield ("metrics", i), str(error)


def _datasets(study: Study) -> Problems:
    existing = [*discover.names("datasets"), *study.unavailable]
    location: Location = ("datasets",)
    yield from unknown("data set", location, study.datasets, existing)
    yield from unknown_datasets(study, (), "latents", study.latents)
    yield from unknown_metrics(study, (), "points", study.points)


def _models(study: Study) -> Problems:
    names = [model.name for model in study.models]
    labels = [model.label for model in study.models]
    # Tables would show a run under the name of a model that it is not of.
    taken = {*discover.names("models"), *CONTROLS}
    for i, model in enumerate(study.models):
        location: Location = ("models", i)
        others = taken | set(labels[:i])
        if model.label and model.label in others:
            yield (
                (*location, "label"),
                f"{model.label!r} is already the name or label of a model; choose another label",
            )
        # Without a label, a model is identified by its name alone.
        if not model.label and model.name in names[:i]:
            yield (
                (*location, "name"),
                f"{model.name} appears twice; join its sweeps, or give each a label of its own",
            )
        yield from unknown_datasets(study, location, "datasets", model.datasets)
        yield from repeated_values((*location, "sweep"), model.sweep)
        yield from _data_problems(study, location, model)
        yield from _shared_cells(study, i)


def _shared_cells(study: Study, i: int) -> Problems:
    """Yield hyper-parameters of a model that an earlier label of it has, too: they are one run."""
    model = study.models[i]
    for other in study.models[:i]:
        datasets = set(model.datasets or study.datasets) & set(other.datasets or study.datasets)
        if other.name != model.name or other.training != model.training or not datasets:
            continue
        for params in _cells(model):
            if params in _cells(other):
                values = ", ".join(f"{name} = {value:g}" for name, value in params.items())
                yield (
                    ("models", i),
                    f"{model.method}: {values or 'its run'} is already trained as {other.method}, "
                    "and a run has one label; leave it out here",
                )


def _cells(model: Model) -> list[dict[str, int | float]]:
    """Return the hyper-parameters of each cell of a model."""
    cells = []
    for values in itertools.product(*model.sweep.values()):
        cells.append(model.fixed | dict(zip(model.sweep, values, strict=True)))
    return cells


def _data_problems(study: Study, location: Location, model: Model) -> Problems:
    """Yield data sets of the other kind than the model is for: images, or named arrays."""
    if not is_trained(model):
        return
    of_arrays = classes.is_model_of_arrays(model.name)
    for dataset in model.datasets or study.datasets:
        if dataset not in discover.places("datasets"):
            continue
        if classes.is_dataset_of_arrays(dataset) != of_arrays:
            needed, other = ("arrays", "images") if of_arrays else ("images", "arrays")
            yield (
                (*location, "name"),
                f"{model.name} is a model of {needed}, {dataset} a data set of {other}; "
                f"list data sets of {needed} under datasets of this model",
            )


def _scales(study: Study) -> Problems:
    for name, scale in study.scales.items():
        location: Location = ("scales", name)
        # A scale may also use data sets that are small stand-ins for those of the study.
        known = dict.fromkeys([*study.datasets, *discover.names("datasets")])
        kind = f"data set of {study.id}"
        yield from unknown(kind, (*location, "datasets"), scale.datasets or [], list(known))
        yield from unknown_datasets(study, location, "subgrid", scale.subgrid)
        yield from unknown_models(study, location, "without", scale.without)
        yield from unknown_models(study, location, "models", scale.models)
        yield from unknown_metrics(study, location, "points", scale.points)
        drawn = scale.figures or []
        yield from unknown(
            f"figure of {study.id}", (*location, "figures"), drawn, list(study.figures)
        )
        for dataset, strides in scale.subgrid.items():
            factors = classes.factors(dataset)
            if factors is not None:
                place = (*location, "subgrid", dataset)
                yield from unknown(f"factor of {dataset}", place, strides, factors)
        for model_name, override in scale.models.items():
            place = (*location, "models", model_name)
            yield from _override_problems(study, place, model_name, override)


def _override_problems(
    study: Study, location: Location, name: str, override: ModelOverride
) -> Problems:
    """Yield what a scale changes of a model's hyper-parameters without effect."""
    yield from repeated_values((*location, "sweep"), override.sweep)
    for model in study.models:
        if name not in (model.name, model.label):
            continue
        fields = declared.fields("models", model.name)
        word = f"hyper-parameter of {model.name}"
        yield from unknown(word, (*location, "sweep"), override.sweep, fields)
        yield from unknown(word, (*location, "fixed"), override.fixed, fields)
        for key in override.fixed:
            if key in model.sweep | override.sweep:
                yield (
                    (*location, "fixed", key),
                    f"{key} is swept, so a fixed value has no effect; "
                    f"write sweep: {{{key}: [{override.fixed[key]}]}}",
                )


CHECKS = (_names, _metrics, _datasets, _models, _scales)
