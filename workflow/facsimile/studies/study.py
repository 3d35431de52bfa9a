"""A study: one paper in one YAML file. This module is its schema; ``runs.py`` expands it.

Nothing here imports torch: the Snakefile reads every study each time it is parsed.
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
RESERVED = ("comparison", "claims")  # a target of every study besides its tables and figures


class Study(Strict):
    """One paper: what it trains, what it measures, what it shows."""

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
        default=[], description="data sets that are planned and counted but cannot be loaded yet"
    )
    seeds: PositiveInt = Field(description="runs of a cell, seeds 0, 1, …")
    control_seeds: int = Field(
        default=1, ge=0, description="seeds of the controls oracle and noise; 0: no controls"
    )
    training: Training | None = Field(
        default=None, description="how models are trained; none: the study trains nothing"
    )
    latents: dict[Name, PositiveInt] = Field(
        default={},
        description="data set -> dimensions of the representation there, in the place of training's",
    )
    models: list[Model]
    metrics: list[Metric]
    evaluation: Evaluation
    points: dict[Name, Points] = Field(
        default={}, description="metric -> its points, where they are not the evaluation's"
    )
    variations: dict[Name, Variation] = Field(
        default={},
        description="other ways in which metrics are asked; their scores are called metric.score@variation",
    )
    unmeasured: dict[str, str] = Field(
        default={},
        description="scores, as metric.score, that the paper prints and nothing here measures -> why",
    )
    faithful_to: dict[str, Faithful] = Field(
        default={},
        description="name that published numbers use -> its variants, one as the paper says, one as its code does",
    )
    tables: dict[Name, Artefact]
    figures: dict[Name, Artefact]
    claims: dict[Name, Claim] = Field(
        default={}, description="what the paper says, as sentences with a verdict"
    )
    scales: dict[Name, Scale]

    def figures_of(self, datasets: list[str]) -> dict[str, Artefact]:
        """The figures that are drawn where there are ``datasets``: one that is drawn for each is as many."""
        found: dict[str, Artefact] = {}
        for name, figure in self.figures.items():
            each = (
                [d for d in datasets if not figure.datasets or d in figure.datasets]
                if figure.each
                else []
            )
            found |= {f"{name}_{d}": figure.model_copy(update={"datasets": [d]}) for d in each}
            found |= {} if figure.each else {name: figure}
        return found

    def datasets_of(self, scale: Scale) -> list[str]:
        """The data sets of a scale, in the study's order."""
        return [d for d in self.datasets if scale.datasets is None or d in scale.datasets]

    def models_of(self, dataset: str) -> list[tuple[int, Model]]:
        """The models that are trained on a data set, each with its place in the study."""
        return [
            (i, model)
            for i, model in enumerate(self.models)
            if not model.datasets or dataset in model.datasets
        ]

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Names that do not agree with each other or with the files there are: where, and what would be right."""
        yield from self._model_problems()
        known = sorted({*discover.names("datasets"), *self.unavailable})
        yield from _unknown("data set", ("datasets",), self.datasets, known)
        yield from _unknown(
            f"data set of {self.id}", ("latents",), list(self.latents), self.datasets
        )
        yield from _unknown(f"metric of {self.id}", ("points",), list(self.points), self.metrics)
        yield from self._snapshot_problems(
            ("training",), self.training.snapshots if self.training else None
        )
        for i, model in enumerate(self.models):
            yield from self._snapshot_problems(("models", i, "training"), model.training.snapshots)
        for name, variation in self.variations.items():
            if name == BEST or name.startswith(STEP):
                yield (
                    ("variations", name),
                    f"{name!r} is a name of snapshots' scores; call the variation otherwise",
                )
            yield from _unknown(
                f"metric of {self.id}",
                ("variations", name, "metrics"),
                variation.metrics,
                self.metrics,
            )
        yield from self._variant_problems()
        yield from self._artefact_problems()
        yield from self._claim_problems()
        for name, scale in self.scales.items():
            at = ("scales", name)
            yield from _unknown(
                f"data set of {self.id}", (*at, "datasets"), scale.datasets or [], self.datasets
            )
            yield from _unknown(
                f"data set of {self.id}", (*at, "subgrid"), list(scale.subgrid), self.datasets
            )
            yield from _unknown(
                f"model of {self.id}", (*at, "without"), scale.without, self._called
            )
            yield from _unknown(
                f"model of {self.id}", (*at, "models"), list(scale.models), self._called
            )
            yield from _unknown(
                f"metric of {self.id}", (*at, "points"), list(scale.points), self.metrics
            )
            yield from self._snapshot_problems((*at, "training"), scale.training.snapshots)

    @property
    def _model_names(self) -> list[str]:
        return [model.name for model in self.models]

    @property
    def _called(self) -> list[str]:
        """What a cell may be called by: its model, or its label."""
        return [*self._model_names, *(model.label for model in self.models if model.label)]

    @property
    def _askings(self) -> list[str]:
        """What may follow the @ of a score's name."""
        along = [
            part.snapshots for part in (self.training, *(m.training for m in self.models)) if part
        ]
        return ["", *self.variations, *[BEST][: any(along)]]

    def _snapshot_problems(
        self, at: Location, found: Snapshots | None
    ) -> Iterator[tuple[Location, str]]:
        yield from _unknown(
            f"metric of {self.id}",
            (*at, "snapshots", "metrics"),
            list(found.metrics if found else []),
            self.metrics,
        )

    def _model_problems(self) -> Iterator[tuple[Location, str]]:
        models, called = self._model_names, [(model.name, model.label) for model in self.models]
        for i, (name, label) in enumerate(called):
            if (name, label) in called[:i] or (name in models[:i] and not label):
                yield (
                    ("models", i, "name"),
                    f"{name} stands twice; join its sweeps, or give each a label of its own",
                )
        for i, model in enumerate(self.models):
            yield from _unknown(
                f"data set of {self.id}", ("models", i, "datasets"), model.datasets, self.datasets
            )
            yield from self._training_problems(i, model)
        labels = [model.label for model in self.models if model.label]
        for label in labels:
            if labels.count(label) > 1 or label in models:
                yield (
                    ("models", labels.index(label), "label"),
                    f"{label!r} is no name of its own; call no two things alike",
                )

    def _training_problems(self, place: int, model: Model) -> Iterator[tuple[Location, str]]:
        """Settings of a model that do not go with those of the study."""
        try:
            if self.training:
                Training.model_validate(explicit_settings(self.training, model.training))
        except ValidationError as error:
            yield (
                ("models", place, "training"),
                error.errors()[0]["msg"].removeprefix("Value error, "),
            )

    def published_names(self) -> variants.Names:
        """The published names that have variants, by what they name."""
        found: dict[str, dict[str, tuple[variants.Variant, ...]]] = {}
        for name, said in self.faithful_to.items():
            both = tuple(variants.Variant(value, side) for side, value in said.model_dump().items())
            found.setdefault(self._kind(said.paper), {})[name] = both
        return variants.Names(**found)

    def _kind(self, name: str) -> variants.Kind:
        """What a variant is: a data set, a score, or else a model."""
        return "dataset" if name in self.datasets else "metric" if "." in name else "model"

    def _variant_problems(self) -> Iterator[tuple[Location, str]]:
        models = [model.label or model.name for model in self.models]
        known = {"dataset": self.datasets, "model": models, "metric": self.metrics}
        for name, said in self.faithful_to.items():
            at, kind = ("faithful_to", name), self._kind(said.paper)
            for side, value in said.model_dump().items():
                asked = value.partition(".")[0] if kind == "metric" else value
                what = f"{variants.WORDS[kind]} of {self.id}"
                yield from _unknown(what, (*at, side), [asked], known[kind])
            if kind == "metric":
                yield from _unknown(
                    f"metric of {self.id}", at, [name.partition(".")[0]], self.metrics
                )
            if said.paper == said.code or name in (said.paper, said.code, *self.datasets, *models):
                yield (
                    at,
                    f"{name!r} and its two variants must be three names; a published number of {name!r} is of both",
                )

    def _artefact_problems(self) -> Iterator[tuple[Location, str]]:
        for group, kind, artefacts in (
            ("tables", "table", self.tables),
            ("figures", "figure", self.figures),
        ):
            for name, artefact in artefacts.items():
                at: Location = (group, name)
                yield from _unknown(
                    f"kind of {kind}", (*at, "kind"), [artefact.kind], discover.names(group)
                )
                yield from _unknown(
                    f"data set of {self.id}", (*at, "datasets"), artefact.datasets, self.datasets
                )
                yield from _unknown(
                    f"model of {self.id}", (*at, "models"), artefact.models, self._called
                )
                if name in RESERVED:
                    yield at, f"{self.id}_{name} is the target of {name}.csv; use another name"
        for place, named in self._scores():
            yield from _unknown(
                f"variation of {self.id}", place, [named.partition("@")[2]], self._askings
            )
            if named not in self.unmeasured:
                yield from _unknown(
                    f"metric of {self.id}", place, [named.partition(".")[0]], self.metrics
                )

    def _claim_problems(self) -> Iterator[tuple[Location, str]]:
        targets = [*self.tables, *self.figures_of(self.datasets)]
        for name, claim in self.claims.items():
            at = ("claims", name)
            yield from _unknown(
                f"table or figure of {self.id}", (*at, "target"), [claim.target], targets
            )
            yield from _unknown(
                f"data set of {self.id}", (*at, "datasets"), claim.datasets, self.datasets
            )
            yield from _unknown(
                f"model of {self.id}", (*at, "parameters"), claim.named("models"), self._called
            )
            families = [word.partition(".")[0] for word in claim.named("") if "." in word]
            yield from _unknown("metric", (*at, "parameters"), families, discover.names("metrics"))
            asked = [word.partition("@")[2] for word in claim.named("") if "." in word]
            yield from _unknown(
                f"variation of {self.id}", (*at, "parameters"), asked, self._askings
            )

    def _scores(self) -> Iterator[tuple[Location, str]]:
        """Every score that a table or figure names, and where."""
        for group, artefacts in (("tables", self.tables), ("figures", self.figures)):
            for name, artefact in artefacts.items():
                for key in ("metrics", "against"):
                    yield from (((group, name, key), score) for score in getattr(artefact, key))


def _unknown(
    kind: str, location: Location, used: list[str], known: list[str]
) -> Iterator[tuple[Location, str]]:
    for name in used:
        if name not in known:
            yield location, discover.unknown(kind, name, known)
