"""Problems of training settings: names that do not exist, and models without what they need."""

from collections.abc import Iterator

from pydantic import ValidationError

from facsimile.foundation import declared, static_values
from facsimile.foundation.yamlfile import Location
from facsimile.studies import classes, parents
from facsimile.studies.parts import Model, Scale
from facsimile.studies.problems.unknown_names import (
    Problem,
    Problems,
    unknown_metrics,
    unknown_name,
)
from facsimile.studies.runs import expand, is_trained, left_out, override_of
from facsimile.studies.study import Study
from facsimile.studies.training import Training, TrainingOverride, explicit_settings


def _training_names(study: Study) -> Problems:
    """Yield metrics of snapshots and networks that do not exist."""
    networks = [*static_values.constant_of(classes.NETWORKS, "NAMES"), classes.OWN]
    for location, settings in _training_parts(study):
        metrics = settings.snapshots.metrics if settings.snapshots else {}
        place = (*location, "snapshots")
        yield from unknown_metrics(study, place, "metrics", metrics)
        if settings.network is not None:
            place = (*location, "network")
            yield from unknown_name("network", place, settings.network, networks)


def _training_parts(
    study: Study,
) -> Iterator[tuple[Location, Training | TrainingOverride]]:
    """Yield each part of the study file with training settings."""
    if study.training:
        yield ("training",), study.training
    for i, model in enumerate(study.models):
        yield ("models", i, "training"), model.training
    for name, scale in study.scales.items():
        yield ("scales", name, "training"), scale.training
        for model_name, override in scale.models.items():
            yield ("scales", name, "models", model_name, "training"), override.training


def _trainings(study: Study) -> Problems:
    """Yield what is missing for each model at each scale, once if it is the same at all scales."""
    for i, model in enumerate(study.models):
        scales: dict[Problem, list[str]] = {}
        for name, scale in study.scales.items():
            if left_out(scale, model):
                continue
            for key, message in _training_problems(study, model, scale):
                scales.setdefault((("models", i, key), message), []).append(name)
        for (location, message), names in scales.items():
            everywhere = len(names) == len(study.scales)
            where = "" if everywhere else f" (at scale {', '.join(names)})"
            yield location, f"{message}{where}"


def _training_problems(
    study: Study,
    model: Model,
    scale: Scale,
) -> Iterator[tuple[str, str]]:
    """Yield what would make the training of a model fail at a scale, and the key it is about."""
    override = override_of(scale, model)
    values = {*model.sweep, *model.fixed, *override.sweep, *override.fixed}
    required = declared.required_fields("models", model.name)
    missing = [key for key in required if key not in values]
    if missing:
        yield (
            "name",
            f"{model.name}: required hyper-parameters are missing, "
            f"add them under sweep or fixed: {', '.join(missing)}",
        )
    if not is_trained(model):
        return
    if study.training is None:
        yield "name", f"{model.name} is trained, so the study needs training: {{steps: …, …}}"
        return
    settings = explicit_settings(study.training, model.training, scale.training, override.training)
    try:
        training = Training.model_validate(settings)
    except ValidationError as error:
        # Each part alone is valid while the combination is not, for example two optimisers.
        yield "training", error.errors()[0]["msg"].removeprefix("Value error, ")
        return
    if training.missing and not classes.is_algorithm(model.name):
        yield "training", f"{model.name} is trained on losses; state {', '.join(training.missing)}"
    if not classes.is_model_of_arrays(model.name):
        for message in _image_training_problems(model, training):
            yield "training", message


def _image_training_problems(
    model: Model,
    training: Training,
) -> Iterator[str]:
    """Yield settings that training on images does not support."""
    if training.sgd is not None:
        yield "models of images are trained by Adam; state adam: {lr: …}"
    if training.batch_size == "all":
        yield "batch_size: all is for data sets of arrays; state the images per batch"
    if training.network == classes.OWN and classes.needs_named_network(model.name):
        networks = static_values.constant_of(classes.NETWORKS, "NAMES")
        yield f"{model.name} needs a network; state network: {' or '.join(networks)}"


def _parents(study: Study) -> Problems:
    """Yield models that start from another one that is not there, or that has no weights."""
    missing = dict(parents.unknown(study.models)) or dict(parents.without(study.models))
    for i, message in missing.items():
        yield ("models", i, "from"), message
    methods = [model.method for model in study.models]
    starting = [(i, model) for i, model in enumerate(study.models) if model.parent]
    for i, model in starting:
        parent = model if i in missing else study.models[methods.index(model.parent)]
        for other in (model, parent):
            if not is_trained(other) or classes.is_algorithm(other.name):
                yield ("models", i, "from"), f"{other.method} has no networks, and so no weights"
    if not starting or missing:
        return
    for name in study.scales:
        try:
            expand(study, name)
        except parents.UnusableParent as error:
            i = methods.index(error.method)
            yield ("models", i, "from"), f"{error} (at scale {name})"


CHECKS = (_training_names, _trainings, _parents)
