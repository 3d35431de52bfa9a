"""Problems of how a study computes its metrics: conventions, variations and variants."""

from facsimile.foundation import declared, discover, static_values
from facsimile.foundation.yamlfile import Location
from facsimile.studies import variants
from facsimile.studies.problems.unknown_names import (
    Known,
    Problems,
    metric_of,
    score_problems,
    unknown_metrics,
    unknown_name,
)
from facsimile.studies.study import Study
from facsimile.studies.training import BEST, STEP

# Module with the alternative names of conventions.
CONVENTIONS = "facsimile.metrics.base.conventions"


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
        yield from unknown_metrics(study, location, "metrics", variation.metrics)


def _variants(study: Study) -> Problems:
    """Yield names under ``faithful_to`` that do not exist, or that are ambiguous."""
    models = [model.method for model in study.models]
    names = {"dataset": study.datasets, "model": models}
    for name, faithful in study.faithful_to.items():
        location: Location = ("faithful_to", name)
        kind = study.kind_of(faithful.paper)
        for source, variant in faithful.model_dump().items():
            place = (*location, source)
            if kind == "metric":
                yield from score_problems(study, place, variant)
            else:
                word = f"{variants.WORDS[kind]} of {study.id}"
                yield from unknown_name(word, place, variant, names[kind])
        if kind == "metric":
            yield from unknown_name(
                f"metric of {study.id}", location, metric_of(name), study.metrics
            )
        # If one name were reused, a published number of it would be ambiguous.
        taken = (faithful.paper, faithful.code, *study.datasets, *models)
        if faithful.paper == faithful.code or name in taken:
            yield (
                location,
                f"{name!r} and its two variants must be three names; "
                f"a published number of {name!r} is compared with both variants",
            )


CHECKS = (_conventions, _variations, _variants)
