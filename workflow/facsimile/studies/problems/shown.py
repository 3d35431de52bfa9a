"""Problems of what a study shows: its tables, figures and claims, and their scores."""

from collections.abc import Iterator

from facsimile.foundation import declared, discover
from facsimile.foundation.yamlfile import Location
from facsimile.studies import score_names
from facsimile.studies.parts import Artefact, ClosedForm
from facsimile.studies.problems.unknown_names import (
    Problems,
    score_problems,
    unknown,
    unknown_datasets,
    unknown_models,
    unknown_name,
)
from facsimile.studies.study import RESERVED, Study


def _artefacts(study: Study) -> Problems:
    fields: dict[str, None] = {}
    for model in study.models:
        fields |= dict.fromkeys(declared.fields("models", model.name))
    for location, artefact in _tables_and_figures(study):
        group, name = location
        kind = discover.singular(group)
        kinds = discover.names(group)
        yield from unknown_name(f"kind of {kind}", (*location, "kind"), artefact.kind, kinds)
        yield from unknown_datasets(study, location, "datasets", artefact.datasets)
        yield from unknown_models(study, location, "models", artefact.models)
        word = f"hyper-parameter of the models of {study.id}"
        yield from unknown(word, (*location, "where"), artefact.where, list(fields))
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
                    yield from score_problems(study, (*location, key, i), score, series)
        for score, exact in artefact.closed_form.items():
            yield from _closed_form(study, (*location, "closed_form", score), score, exact)


def _closed_form(study: Study, location: Location, score: str, exact: ClosedForm) -> Problems:
    """Yield what is wrong with a score that has an exact value, or with its variants."""
    names = [score]
    if score in study.faithful_to:
        names = list(study.faithful_to[score].model_dump().values())
    for name in names:
        mistakes = list(score_problems(study, location, name))
        yield from mistakes
        if mistakes or exact.value is not None:
            continue
        if not score_names.exists(name + score_names.THEORY):
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
        yield from unknown_name(word, (*location, "target"), claim.target, targets)
        yield from unknown_datasets(study, location, "datasets", claim.datasets)
        word = f"scale of {study.id}"
        yield from unknown(word, (*location, "also_at"), claim.also_at, list(study.scales))
        for key in claim.parameters:
            place = (*location, "parameters", key)
            words = claim.words(key)
            if key.endswith("models"):
                yield from unknown_models(study, place[:-1], key, words)
                continue
            # Of all other parameters, only names of scores contain a dot.
            for score in words:
                if "." in score:
                    yield from score_problems(study, place, score)


CHECKS = (_artefacts, _scores, _claims)
