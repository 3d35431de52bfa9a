"""Problems of a study beyond its schema: names that nothing defines, and parts that do not fit.

What is known before the first job is reported here, so that no job fails for it hours later. Files
of models, data sets and metrics are parsed, not imported, so nothing here waits for torch.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import ValidationError

from facsimile.foundation import declared, discover, static_values
from facsimile.foundation.yamlfile import Location
from facsimile.studies import classes, score_names, variants
from facsimile.studies.parts import Artefact, ClosedForm, Model, ModelOverride, Scale
from facsimile.studies.runs import is_trained, left_out, override_of
from facsimile.studies.study import CONTROLS, RESERVED, RULES, Study
from facsimile.studies.training import (
    BEST,
    STEP,
    Training,
    TrainingOverride,
    explicit_settings,
)

Problem = tuple[Location, str]
Problems = Iterator[Problem]
# A list of names, or a mapping with names as keys.
Names = Iterable[str]
Known = Sequence[str]
Sweep = Mapping[str, Sequence[int | float]]
# Module with the alternative names of conventions.
CONVENTIONS = "facsimile.metrics.base.conventions"


def of(study: Study) -> list[Problem]:
    """Return the location of each problem in the study file, with a message."""
    checks = (
        _names,
        _metrics,
        _datasets,
        _models,
        _scales,
        _training_names,
        _trainings,
        _conventions,
        _variations,
        _variants,
        _artefacts,
        _scores,
        _claims,
    )
    mistakes: list[Problem] = []
    for check in checks:
        try:
            mistakes += check(study)
        # A file of a model or metric may be anything; its mistakes are not those of other studies.
        except (ValueError, ImportError, AttributeError) as error:
            mistakes.append(((), str(error)))
    return mistakes


def _names(study: Study) -> Problems:
    """Yield names that Snakemake's rules already have, and a missing scale."""
    if study.id in RULES:
        yield ("id",), f"{study.id} is a rule of the workflow; rename the paper's folder and its id"
    if not study.scales:
        yield ("scales",), "no scale; write, for example, smoke: {description: everything}"
    yield from _duplicates(("datasets",), study.datasets)
    yield from _duplicates(("metrics",), study.metrics)


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
    yield from _unknown("data set", location, study.datasets, existing)
    yield from _unknown_datasets(study, (), "latents", study.latents)
    yield from _unknown_metrics(study, (), "points", study.points)


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
        yield from _unknown_datasets(study, location, "datasets", model.datasets)
        yield from _repeated_values((*location, "sweep"), model.sweep)
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
        yield from _unknown(kind, (*location, "datasets"), scale.datasets or [], list(known))
        yield from _unknown_datasets(study, location, "subgrid", scale.subgrid)
        yield from _unknown_models(study, location, "without", scale.without)
        yield from _unknown_models(study, location, "models", scale.models)
        yield from _unknown_metrics(study, location, "points", scale.points)
        drawn = scale.figures or []
        yield from _unknown(
            f"figure of {study.id}", (*location, "figures"), drawn, list(study.figures)
        )
        for dataset, strides in scale.subgrid.items():
            factors = classes.factors(dataset)
            if factors is not None:
                at = (*location, "subgrid", dataset)
                yield from _unknown(f"factor of {dataset}", at, strides, factors)
        for model_name, override in scale.models.items():
            at = (*location, "models", model_name)
            yield from _override_problems(study, at, model_name, override)


def _override_problems(
    study: Study, location: Location, name: str, override: ModelOverride
) -> Problems:
    """Yield what a scale changes of a model's hyper-parameters without effect."""
    yield from _repeated_values((*location, "sweep"), override.sweep)
    for model in study.models:
        if name not in (model.name, model.label):
            continue
        fields = declared.fields("models", model.name)
        word = f"hyper-parameter of {model.name}"
        yield from _unknown(word, (*location, "sweep"), override.sweep, fields)
        yield from _unknown(word, (*location, "fixed"), override.fixed, fields)
        for key in override.fixed:
            if key in model.sweep | override.sweep:
                yield (
                    (*location, "fixed", key),
                    f"{key} is swept, so a fixed value has no effect; "
                    f"write sweep: {{{key}: [{override.fixed[key]}]}}",
                )


def _training_names(study: Study) -> Problems:
    """Yield metrics of snapshots and networks that do not exist."""
    networks = [*static_values.constant_of(classes.NETWORKS, "NAMES"), classes.OWN]
    for location, settings in _training_parts(study):
        metrics = settings.snapshots.metrics if settings.snapshots else {}
        at = (*location, "snapshots")
        yield from _unknown_metrics(study, at, "metrics", metrics)
        if settings.network is not None:
            at = (*location, "network")
            yield from _unknown_name("network", at, settings.network, networks)


def _training_parts(study: Study) -> Iterator[tuple[Location, Training | TrainingOverride]]:
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


def _training_problems(study: Study, model: Model, scale: Scale) -> Iterator[tuple[str, str]]:
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
    if not classes.is_model_of_arrays(model.name):
        for message in _image_training_problems(model, training):
            yield "training", message


def _image_training_problems(model: Model, training: Training) -> Iterator[str]:
    """Yield settings that training on images does not support."""
    if training.sgd is not None:
        yield "models of images are trained by Adam; state adam: {lr: …}"
    if training.batch_size == "all":
        yield "batch_size: all is for data sets of arrays; state the images per batch"
    if training.network == classes.OWN and classes.needs_named_network(model.name):
        networks = static_values.constant_of(classes.NETWORKS, "NAMES")
        yield f"{model.name} needs a network; state network: {' or '.join(networks)}"


def _conventions(study: Study) -> Problems:
    yield from _convention_problems(
        ("evaluation", "convention"), study.evaluation.convention, study.metrics
    )
    for name, scale in study.scales.items():
        if scale.evaluation:
            location: Location = ("scales", name, "evaluation", "convention")
            yield from _convention_problems(location, scale.evaluation.convention, study.metrics)
    for name, variation in study.variations.items():
        if variation.convention is not None:
            location = ("variations", name, "convention")
            metrics = [metric for metric in variation.metrics if metric in study.metrics]
            yield from _convention_problems(location, variation.convention, metrics)


def _convention_problems(location: Location, convention: str, metrics: Known) -> Problems:
    aliases = static_values.constant_of(CONVENTIONS, "ALIASES")
    # An alias stands for some convention of every metric.
    if convention in aliases:
        return
    known: dict[str, None] = {}
    without: list[str] = []
    for metric in metrics:
        conventions = declared.dictionary("metrics", metric, "CONVENTIONS")
        known |= dict.fromkeys(conventions)
        if convention not in conventions:
            without.append(metric)
    if without:
        who = "" if len(without) == len(metrics) else f" of {', '.join(without)}"
        yield location, discover.unknown(f"convention{who}", convention, [*aliases, *known])


def _variations(study: Study) -> Problems:
    for name, variation in study.variations.items():
        # metric.score@best would be ambiguous.
        if name == BEST or name.startswith(STEP):
            yield (
                ("variations", name),
                f"{name!r} is a name of snapshots' scores; choose another name",
            )
        location: Location = ("variations", name)
        yield from _unknown_metrics(study, location, "metrics", variation.metrics)


def _variants(study: Study) -> Problems:
    """Yield names under ``faithful_to`` that do not exist, or that are ambiguous."""
    models = [model.method for model in study.models]
    names = {"dataset": study.datasets, "model": models}
    for name, faithful in study.faithful_to.items():
        location: Location = ("faithful_to", name)
        kind = study.kind_of(faithful.paper)
        for source, variant in faithful.model_dump().items():
            at = (*location, source)
            if kind == "metric":
                yield from _score_problems(study, at, variant)
            else:
                word = f"{variants.WORDS[kind]} of {study.id}"
                yield from _unknown_name(word, at, variant, names[kind])
        if kind == "metric":
            yield from _unknown_name(
                f"metric of {study.id}", location, _family(name), study.metrics
            )
        # If one name were reused, a published number of it would be ambiguous.
        taken = (faithful.paper, faithful.code, *study.datasets, *models)
        if faithful.paper == faithful.code or name in taken:
            yield (
                location,
                f"{name!r} and its two variants must be three names; "
                f"a published number of {name!r} is compared with both variants",
            )


def _artefacts(study: Study) -> Problems:
    fields: dict[str, None] = {}
    for model in study.models:
        fields |= dict.fromkeys(declared.fields("models", model.name))
    for location, artefact in _tables_and_figures(study):
        group, name = location
        kind = discover.singular(group)
        kinds = discover.names(group)
        yield from _unknown_name(f"kind of {kind}", (*location, "kind"), artefact.kind, kinds)
        yield from _unknown_datasets(study, location, "datasets", artefact.datasets)
        yield from _unknown_models(study, location, "models", artefact.models)
        word = f"hyper-parameter of the models of {study.id}"
        yield from _unknown(word, (*location, "where"), artefact.where, list(fields))
        # Its file would be overwritten by that of the other target.
        if name in RESERVED:
            yield location, f"{study.id}_{name} is a target of every study; use another name"
    yield from _taken_names(study)


def _taken_names(study: Study) -> Problems:
    """Yield figures with the name of a table, or of a figure for one data set."""
    owners: dict[str, str] = {name: f"table {name}" for name in study.tables}
    for name, figure in study.figures.items():
        names = [name]
        if figure.each:
            names = [f"{name}_{dataset}" for dataset in figure.datasets or study.datasets]
        for each in names:
            owner = owners.setdefault(each, f"figure {name}")
            if owner != f"figure {name}":
                yield (
                    ("figures", name),
                    f"{study.id}_{each} is also the target of the {owner}; use another name",
                )


def _scores(study: Study) -> Problems:
    """Yield scores in tables and figures that nothing computes."""
    for location, artefact in _tables_and_figures(study):
        group, _ = location
        series = declared.optional(group, artefact.kind, "SHOWS_HISTORY", False)
        whole = declared.optional(group, artefact.kind, "SHOWS_METRICS", False)
        for key in ("metrics", "against"):
            for i, score in enumerate(getattr(artefact, key)):
                # The comparison lists unmeasured scores although no metric computes them.
                if score not in study.unmeasured and not (whole and score in study.metrics):
                    yield from _score_problems(study, (*location, key, i), score, series)
        for score, exact in artefact.closed_form.items():
            yield from _closed_form(study, (*location, "closed_form", score), score, exact)


def _closed_form(study: Study, location: Location, score: str, exact: ClosedForm) -> Problems:
    """Yield what is wrong with a score that has an exact value, or with its variants."""
    names = [score]
    if score in study.faithful_to:
        names = list(study.faithful_to[score].model_dump().values())
    for name in names:
        found = list(_score_problems(study, location, name))
        yield from found
        if not found and exact.value is None and not score_names.exists(name + score_names.THEORY):
            yield location, f"{name} has no closed form {name}{score_names.THEORY}; state a value"


def _tables_and_figures(study: Study) -> Iterator[tuple[tuple[str, str], Artefact]]:
    for name, artefact in study.tables.items():
        yield ("tables", name), artefact
    for name, artefact in study.figures.items():
        yield ("figures", name), artefact


def _claims(study: Study) -> Problems:
    targets = [*study.tables, *study.figures_of(study.datasets)]
    for name, claim in study.claims.items():
        location: Location = ("claims", name)
        word = f"table or figure of {study.id}"
        yield from _unknown_name(word, (*location, "target"), claim.target, targets)
        yield from _unknown_datasets(study, location, "datasets", claim.datasets)
        word = f"scale of {study.id}"
        yield from _unknown(word, (*location, "also_at"), claim.also_at, list(study.scales))
        for key in claim.parameters:
            at = (*location, "parameters", key)
            words = claim.words(key)
            if key.endswith("models"):
                yield from _unknown_models(study, at[:-1], key, words)
                continue
            # Of all other parameters, only names of scores contain a dot.
            for score in words:
                if "." in score:
                    yield from _score_problems(study, at, score)


def _score_problems(study: Study, location: Location, score: str, series: bool = False) -> Problems:
    """Yield what is wrong with ``metric.score@variation``."""
    name, _, variation = score.partition("@")
    word = f"variation of {study.id}"
    if variation:
        yield from _unknown_name(word, location, variation, study.score_suffixes[1:])
    metric = _family(name)
    if metric not in study.metrics:
        yield location, discover.unknown(f"metric of {study.id}", metric, study.metrics)
    elif not score_names.exists(name, series):
        yield location, score_names.unknown(name)


def _family(score: str) -> str:
    """Return the metric of a score: ``mig`` of ``mig.mig@sampled``."""
    return score.partition(".")[0]


def _unknown_datasets(study: Study, location: Location, key: str, used: Names) -> Problems:
    kind = f"data set of {study.id}"
    yield from _unknown(kind, (*location, key), used, study.datasets)


def _unknown_metrics(study: Study, location: Location, key: str, used: Names) -> Problems:
    kind = f"metric of {study.id}"
    yield from _unknown(kind, (*location, key), used, study.metrics)


def _unknown_models(study: Study, location: Location, key: str, used: Names) -> Problems:
    names = [model.name for model in study.models]
    names += [model.label for model in study.models if model.label]
    kind = f"model of {study.id}"
    yield from _unknown(kind, (*location, key), used, names)


def _unknown(kind: str, location: Location, used: Names, existing: Known) -> Problems:
    """Yield a problem for each used name, an item of a list or a key, that does not exist."""
    is_mapping = isinstance(used, Mapping)
    for i, name in enumerate(used):
        at = (*location, name if is_mapping else i)
        yield from _unknown_name(kind, at, name, existing)


def _unknown_name(kind: str, location: Location, name: str, existing: Known) -> Problems:
    if name not in existing:
        yield location, discover.unknown(kind, name, list(existing))


def _duplicates(location: Location, names: Known) -> Problems:
    for i, name in enumerate(names):
        if name in names[:i]:
            yield (*location, i), f"{name} appears twice; remove one"


def _repeated_values(location: Location, sweep: Sweep) -> Problems:
    for key, values in sweep.items():
        for i, value in enumerate(values):
            if value in values[:i]:
                yield (*location, key, i), f"the value {value} appears twice; remove one"
