"""The schema of a study file, one paper in one YAML file; ``runs.py`` expands it into runs.

Nothing here imports torch, because Snakemake reads every study each time it parses the Snakefile.
"""

from collections.abc import Iterator

from pydantic import Field, PositiveInt, ValidationError

from facsimile.foundation import discover
from facsimile.foundation.yamlfile import Location
from facsimile.studies import variants
from facsimile.studies.parts import (
    Artefact,
    Claim,
    Evaluation,
    Faithful,
    Metric,
    Model,
    Points,
    Scale,
    Variation,
)
from facsimile.studies.training import BEST, STEP, Snapshots, Training, explicit_settings
from facsimile.studies.values import Name, Strict

CONTROLS = ("oracle", "noise")
# Targets of every study besides its tables and figures, which therefore cannot have these names.
RESERVED = ("comparison", "claims")

Problems = Iterator[tuple[Location, str]]


class Study(Strict):
    """One paper: the models it trains, the metrics it computes, and its tables and figures."""

    id: Name
    title: str
    authors: str
    year: int
    venue: str
    arxiv: str | None = None
    code: str | None = Field(default=None, description="the authors' repository")
    note: str = ""
    datasets: list[Name]
    unavailable: list[Name] = Field(
        default=[],
        description="data sets that are planned and counted, but cannot be loaded yet",
    )
    seeds: PositiveInt = Field(description="number of runs per cell, with seeds 0, 1, …")
    control_seeds: int = Field(
        default=1,
        ge=0,
        description="number of seeds of the controls oracle and noise; 0: no controls",
    )
    training: Training | None = Field(
        default=None,
        description="how models are trained [default: the study trains nothing]",
    )
    latents: dict[Name, PositiveInt] = Field(
        default={},
        description="data set -> dimensions of the representation, instead of those in training",
    )
    models: list[Model]
    metrics: list[Metric]
    evaluation: Evaluation
    points: dict[Name, Points] = Field(
        default={},
        description="metric -> its number of points, if not that of the evaluation",
    )
    variations: dict[Name, Variation] = Field(
        default={},
        description="other ways to compute metrics; their scores are called metric.score@variation",
    )
    unmeasured: dict[str, str] = Field(
        default={},
        description="score, as metric.score, that the paper prints but nothing here computes "
        "-> reason",
    )
    faithful_to: dict[str, Faithful] = Field(
        default={},
        description="name that published numbers use -> its two variants, "
        "one that follows the paper and one that follows its code",
    )
    tables: dict[Name, Artefact]
    figures: dict[Name, Artefact]
    claims: dict[Name, Claim] = Field(
        default={},
        description="claims of the paper, as sentences that get a verdict",
    )
    scales: dict[Name, Scale]

    @property
    def cited(self) -> str:
        """How texts cite the paper: ``Locatello et al. 2019``."""
        first, *others = self.authors.split(",")
        return f"{first}{' et al.' if others else ''} {self.year}"

    def figures_of(self, datasets: list[str]) -> dict[str, Artefact]:
        """Return the figures for a list of data sets.

        A figure with ``each: dataset`` becomes one figure per data set.
        """
        figures: dict[str, Artefact] = {}
        for name, figure in self.figures.items():
            if not figure.each:
                figures[name] = figure
                continue
            # Without data sets of its own, the figure is for every data set.
            for dataset in datasets:
                if not figure.datasets or dataset in figure.datasets:
                    changes = {"datasets": [dataset]}
                    figures[f"{name}_{dataset}"] = figure.model_copy(update=changes)
        return figures

    def figures_at(self, scale: Scale) -> dict[str, Artefact]:
        """Return the figures of a scale: those that it draws, for its data sets."""
        if scale.figures is None:
            drawn = self
        else:
            chosen = {name: self.figures[name] for name in scale.figures}
            drawn = self.model_copy(update={"figures": chosen})
        return drawn.figures_of(self.datasets_of(scale))

    def datasets_of(self, scale: Scale) -> list[str]:
        """Return the data sets of a scale, in the study's order."""
        if scale.datasets is None:
            return list(self.datasets)
        return [dataset for dataset in self.datasets if dataset in scale.datasets]

    def models_of(self, dataset: str) -> list[tuple[int, Model]]:
        """Return the models that are trained on a data set, each with its index in the study."""
        models: list[tuple[int, Model]] = []
        for i, model in enumerate(self.models):
            if not model.datasets or dataset in model.datasets:
                models.append((i, model))
        return models

    def problems(self) -> Problems:
        """Yield the location and a message for each name that does not fit.

        Such a name is inconsistent with another part of the study, or no file defines it.
        """
        yield from self._model_problems()
        yield from self._dataset_problems()
        yield from self._unknown_metrics(("points",), list(self.points))
        snapshots = self.training.snapshots if self.training else None
        yield from self._snapshot_problems(("training",), snapshots)
        for i, model in enumerate(self.models):
            yield from self._snapshot_problems(("models", i, "training"), model.training.snapshots)
        yield from self._variation_problems()
        yield from self._variant_problems()
        yield from self._artefact_problems()
        yield from self._claim_problems()
        for name, scale in self.scales.items():
            yield from self._scale_problems(name, scale)

    @property
    def _model_names(self) -> list[str]:
        return [model.name for model in self.models]

    @property
    def _model_labels(self) -> list[str]:
        return [model.label for model in self.models]

    @property
    def _cell_names(self) -> list[str]:
        """Names that identify a cell: the model's, or its label."""
        labels = [model.label for model in self.models if model.label]
        return [*self._model_names, *labels]

    @property
    def score_suffixes(self) -> list[str]:
        """What may follow the @ in the name of a score."""
        trainings = [self.training, *(model.training for model in self.models)]
        has_snapshots = any(training.snapshots for training in trainings if training)
        suffixes = ["", *self.variations]
        return [*suffixes, BEST] if has_snapshots else suffixes

    def _unknown_datasets(self, location: Location, datasets: list[str]) -> Problems:
        yield from _unknown(f"data set of {self.id}", location, datasets, self.datasets)

    def _unknown_metrics(self, location: Location, metrics: list[str]) -> Problems:
        yield from _unknown(f"metric of {self.id}", location, metrics, self.metrics)

    def _unknown_models(self, location: Location, models: list[str]) -> Problems:
        yield from _unknown(f"model of {self.id}", location, models, self._cell_names)

    def _unknown_variations(self, location: Location, suffixes: list[str]) -> Problems:
        yield from _unknown(f"variation of {self.id}", location, suffixes, self.score_suffixes)

    def _dataset_problems(self) -> Problems:
        existing = sorted({*discover.names("datasets"), *self.unavailable})
        yield from _unknown("data set", ("datasets",), self.datasets, existing)
        yield from self._unknown_datasets(("latents",), list(self.latents))

    def _snapshot_problems(self, location: Location, snapshots: Snapshots | None) -> Problems:
        metrics = list(snapshots.metrics) if snapshots else []
        yield from self._unknown_metrics((*location, "snapshots", "metrics"), metrics)

    def _variation_problems(self) -> Problems:
        for name, variation in self.variations.items():
            # metric.score@best would be ambiguous.
            if name == BEST or name.startswith(STEP):
                yield (
                    ("variations", name),
                    f"{name!r} is a name of snapshots' scores; choose another name",
                )
            yield from self._unknown_metrics(("variations", name, "metrics"), variation.metrics)

    def _scale_problems(self, name: str, scale: Scale) -> Problems:
        location: Location = ("scales", name)
        yield from self._unknown_datasets((*location, "datasets"), scale.datasets or [])
        yield from self._unknown_datasets((*location, "subgrid"), list(scale.subgrid))
        yield from self._unknown_models((*location, "without"), scale.without)
        yield from self._unknown_models((*location, "models"), list(scale.models))
        yield from self._unknown_metrics((*location, "points"), list(scale.points))
        figure = f"figure of {self.id}"
        chosen = scale.figures or []
        yield from _unknown(figure, (*location, "figures"), chosen, list(self.figures))
        yield from self._snapshot_problems((*location, "training"), scale.training.snapshots)

    def _model_problems(self) -> Problems:
        names = self._model_names
        pairs = [(model.name, model.label) for model in self.models]
        for i, (name, label) in enumerate(pairs):
            # Without a label, a model is identified by its name alone.
            if (name, label) in pairs[:i] or (name in names[:i] and not label):
                yield (
                    ("models", i, "name"),
                    f"{name} stands twice; join its sweeps, or give each a label of its own",
                )
        for i, model in enumerate(self.models):
            yield from self._unknown_datasets(("models", i, "datasets"), model.datasets)
            yield from self._training_problems(i, model)
        labels = [model.label for model in self.models if model.label]
        # Tables would show a run under the name of a model that it is not of.
        taken = {*discover.names("models"), *CONTROLS}
        for label in labels:
            if labels.count(label) > 1 or label in taken:
                yield (
                    ("models", self._model_labels.index(label), "label"),
                    f"{label!r} is no name of its own; choose a label that nothing else has",
                )

    def _training_problems(self, index: int, model: Model) -> Problems:
        """Yield settings of a model that contradict those of the study."""
        if not self.training:
            return
        # The override alone may be valid while the combination is not, for example two optimisers.
        try:
            Training.model_validate(explicit_settings(self.training, model.training))
        except ValidationError as error:
            message = error.errors()[0]["msg"].removeprefix("Value error, ")
            yield ("models", index, "training"), message

    def published_names(self) -> variants.Names:
        """Return the published names that have variants, by kind."""
        by_kind: dict[str, dict[str, tuple[variants.Variant, ...]]] = {}
        for name, faithful in self.faithful_to.items():
            pair = tuple(
                variants.Variant(variant, source)
                for source, variant in faithful.model_dump().items()
            )
            by_kind.setdefault(self._kind(faithful.paper), {})[name] = pair
        return variants.Names(**by_kind)

    def _kind(self, name: str) -> variants.Kind:
        """Return the kind of a variant: a data set, a score, or else a model."""
        if name in self.datasets:
            return "dataset"
        return "metric" if "." in name else "model"

    def _variant_problems(self) -> Problems:
        models = [model.method for model in self.models]
        names = {"dataset": self.datasets, "model": models, "metric": self.metrics}
        for name, faithful in self.faithful_to.items():
            location: Location = ("faithful_to", name)
            kind = self._kind(faithful.paper)
            for source, variant in faithful.model_dump().items():
                used = _family(variant) if kind == "metric" else variant
                word = f"{variants.WORDS[kind]} of {self.id}"
                yield from _unknown(word, (*location, source), [used], names[kind])
            if kind == "metric":
                yield from self._unknown_metrics(location, [_family(name)])
            # If one name were reused, a published number of it would be ambiguous.
            taken = (faithful.paper, faithful.code, *self.datasets, *models)
            if faithful.paper == faithful.code or name in taken:
                yield (
                    location,
                    f"{name!r} and its two variants must be three names; "
                    f"a published number of {name!r} is compared with both variants",
                )

    def _artefact_problems(self) -> Problems:
        for group, kind in (("tables", "table"), ("figures", "figure")):
            artefacts: dict[str, Artefact] = getattr(self, group)
            for name, artefact in artefacts.items():
                location: Location = (group, name)
                yield from _unknown(
                    f"kind of {kind}",
                    (*location, "kind"),
                    [artefact.kind],
                    discover.names(group),
                )
                yield from self._unknown_datasets((*location, "datasets"), artefact.datasets)
                yield from self._unknown_models((*location, "models"), artefact.models)
                # Its file would be overwritten by that of the other target.
                if name in RESERVED:
                    yield (
                        location,
                        f"{self.id}_{name} is the target of {name}.csv; use another name",
                    )
        for location, score in self._scores():
            yield from self._unknown_variations(location, [_suffix(score)])
            # The comparison lists unmeasured scores although no metric computes them.
            if score not in self.unmeasured:
                yield from self._unknown_metrics(location, [_family(score)])

    def _claim_problems(self) -> Problems:
        targets = [*self.tables, *self.figures_of(self.datasets)]
        for name, claim in self.claims.items():
            location: Location = ("claims", name)
            yield from _unknown(
                f"table or figure of {self.id}",
                (*location, "target"),
                [claim.target],
                targets,
            )
            yield from self._unknown_datasets((*location, "datasets"), claim.datasets)
            parameters = (*location, "parameters")
            yield from self._unknown_models(parameters, claim.named("models"))
            # Of all parameters, only names of scores contain a dot.
            scores = [word for word in claim.named("") if "." in word]
            families = [_family(score) for score in scores]
            yield from _unknown("metric", parameters, families, discover.names("metrics"))
            yield from self._unknown_variations(parameters, [_suffix(score) for score in scores])

    def _scores(self) -> Iterator[tuple[Location, str]]:
        """Yield every score that a table or figure names, with its location."""
        for group, artefacts in (("tables", self.tables), ("figures", self.figures)):
            for name, artefact in artefacts.items():
                for score in artefact.metrics:
                    yield (group, name, "metrics"), score
                for score in artefact.against:
                    yield (group, name, "against"), score


def _family(score: str) -> str:
    """Return the metric of a score: ``mig`` of ``mig.mig@sampled``."""
    return score.partition(".")[0]


def _suffix(score: str) -> str:
    """Return the variation of a score: ``sampled`` of ``mig.mig@sampled``."""
    return score.partition("@")[2]


def _unknown(kind: str, location: Location, used: list[str], existing: list[str]) -> Problems:
    """Yield a problem for each used name that does not exist."""
    for name in used:
        if name not in existing:
            yield location, discover.unknown(kind, name, existing)
