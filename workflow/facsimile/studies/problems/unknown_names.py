"""Names in a study file that nothing defines, or that appear twice."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from facsimile.foundation import discover
from facsimile.foundation.yamlfile import Location
from facsimile.studies import score_names
from facsimile.studies.study import Study

# Where it is in the study file, and a message.
Problem = tuple[Location, str]
Problems = Iterator[Problem]
# A list of names, or a mapping with names as keys.
Names = Iterable[str]
Known = Sequence[str]
Sweep = Mapping[str, Sequence[int | float]]


def score_problems(study: Study, location: Location, score: str, series: bool = False) -> Problems:
    """Yield what is wrong with ``metric.score@variation``."""
    name, _, variation = score.partition("@")
    word = f"variation of {study.id}"
    if variation:
        yield from unknown_name(word, location, variation, study.score_suffixes[1:])
    metric = metric_of(name)
    if metric not in study.metrics:
        yield location, discover.unknown(f"metric of {study.id}", metric, study.metrics)
    elif not score_names.exists(name, series):
        yield location, score_names.unknown(name)


def metric_of(score: str) -> str:
    """Return the metric of a score: ``mig`` of ``mig.mig@sampled``."""
    return score.partition(".")[0]


def unknown_datasets(study: Study, location: Location, key: str, used: Names) -> Problems:
    """Yield the names in a list or mapping that are data sets of the study at no scale."""
    kind = f"data set of {study.id}"
    yield from unknown(kind, (*location, key), used, study.datasets_of_all_scales())


def unknown_metrics(study: Study, location: Location, key: str, used: Names) -> Problems:
    """Yield the names in a list or mapping that are no metric of the study."""
    kind = f"metric of {study.id}"
    yield from unknown(kind, (*location, key), used, study.metrics)


def unknown_models(study: Study, location: Location, key: str, used: Names) -> Problems:
    """Yield the names in a list or mapping that are no model of the study, and no label of one."""
    names = [model.name for model in study.models]
    names += [model.label for model in study.models if model.label]
    kind = f"model of {study.id}"
    yield from unknown(kind, (*location, key), used, names)


def unknown(kind: str, location: Location, used: Names, existing: Known) -> Problems:
    """Yield a problem for each used name, an item of a list or a key, that does not exist."""
    is_mapping = isinstance(used, Mapping)
    for i, name in enumerate(used):
        place = (*location, name if is_mapping else i)
        yield from unknown_name(kind, place, name, existing)


def unknown_name(kind: str, location: Location, name: str, existing: Known) -> Problems:
    """Yield a problem if a name does not exist; it suggests the nearest one that does."""
    if name not in existing:
        yield location, discover.unknown(kind, name, list(existing))


def duplicates(location: Location, names: Known) -> Problems:
    """Yield the names that a list has more than once."""
    for i, name in enumerate(names):
        if name in names[:i]:
            yield (*location, i), f"{name} appears twice; remove one"


def repeated_values(location: Location, sweep: Sweep) -> Problems:
    """Yield the values that a sweep has more than once."""
    for key, values in sweep.items():
        for i, value in enumerate(values):
            if value in values[:i]:
                yield (*location, key, i), f"the value {value} appears twice; remove one"
