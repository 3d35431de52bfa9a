"""A study: one paper in one YAML file. This module is its schema; ``runs.py`` expands it.

Nothing here imports torch: the Snakefile reads every study each time it is parsed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, ValidationError, model_validator

from facsimile import declared, discover, variants
from facsimile.study_values import Name, Number, Strict, exists
from facsimile.training_settings import BEST, STEP, Snapshots, Training, TrainingOverride, stated
from facsimile.yamlfile import Document, Location

CONTROLS = ("oracle", "noise")
RESERVED = ("comparison", "claims")  # a target of every study besides its tables and figures
Metric = Annotated[Name, exists("metrics")]
Strides = dict[Name, PositiveInt]
Values = Annotated[list[Number], Field(min_length=1)]


class Model(Strict):
    """One model and the hyper-parameter values that the study gives it."""

    name: Annotated[Name, exists("models")] = Field(description="file in models/")
    label: str = Field(default="", description="how tables call it; one model may stand several times under several labels")
    datasets: list[Name] = Field(default=[], description="data sets that it is trained on; none: all of the study")
    seeds: PositiveInt | None = Field(default=None, description="runs of a cell at most, where fewer than the study's do")
    training: TrainingOverride = Field(default=TrainingOverride(), description="what this model's training differs in")
    sweep: dict[Name, Values] = Field(default={}, description="values of which each is a cell (their product, if several)")
    fixed: dict[Name, Number] = Field(default={}, description="hyper-parameters with one value")

    @model_validator(mode="after")
    def _hyper_parameters_exist(self) -> "Model":
        known = discover.fields("models", self.name)
        for key in [*self.sweep, *self.fixed]:
            if key not in known:
                raise ValueError(discover.unknown(f"hyper-parameter of {self.name}", key, known))
        if twice := set(self.sweep) & set(self.fixed):
            raise ValueError(f"{', '.join(sorted(twice))}: both swept and fixed; keep one")
        return self


class Evaluation(Strict):
    """What the metrics are given. dlib_reproduce scores every model on the same draws, hence one seed for all."""

    train: PositiveInt = Field(description="points to fit on")
    test: int = Field(ge=0, description="points to test on; 0 where the metrics take none")
    seed: int = Field(default=0, ge=0, description="seed of the draws, the same for every run")
    convention: str = Field(default="dlib", description="which published variant of each metric is meant")


class Points(Strict):
    """How many points a metric is given."""

    train: PositiveInt = Field(description="points to fit on")
    test: PositiveInt = Field(description="points to test on")


class Variation(Strict):
    """Another way to ask some metrics of every run, beside the evaluation of the means; what is not said is as there."""

    metrics: list[Metric] = Field(description="metrics that are asked so, too")
    representation: Literal["mean", "sampled"] = Field(
        default="mean", description="codes: means of the posterior, or one draw from it, the same at every asking"
    )
    train: PositiveInt | None = Field(default=None, description="points to fit on, at most those of the scale's evaluation")
    seed: int | None = Field(default=None, ge=0, description="seed of the draws")
    convention: str | None = Field(default=None, description="another published variant of these metrics")


class Artefact(Strict):
    """A table or a figure of the paper."""

    kind: Name = Field(description="file in figures/, or in tables/")
    title: str
    each: Literal["dataset"] | None = Field(
        default=None, description="dataset: one figure a data set, named <figure>_<data set>; of a scale those that it has"
    )
    datasets: list[Name] = Field(default=[], description="data sets that the paper's artefact shows; none: all of the scale")
    models: list[str] = Field(default=[], description="models shown, by name or label; none: all")
    metrics: list[str] = Field(
        default=[], description="scores shown, as metric.score, or metric.score@variation; none: every metric's headline"
    )
    log: bool = Field(default=False, description="logarithmic axes for the scores, where a kind of figure has them")
    against: list[str] = Field(default=[], description="scores that the first are set against, where a kind of figure does")
    where: dict[Name, Number] = Field(default={}, description="only cells that, where they state these, have these values")
    verified: bool = Field(default=False, description="whether number and content were checked against the paper's PDF")
    note: str = ""


class Rule(Strict):
    """Where a statistic must lie for a claim to hold: above one number, below another, or between both."""

    above: Number | None = None
    below: Number | None = None
    by: Literal["interval", "value"] = Field(
        default="interval", description="what must lie there: all of the interval, or the value"
    )

    @model_validator(mode="after")
    def _somewhere(self) -> "Rule":
        if self.above is None and self.below is None:
            raise ValueError("a rule needs above, below, or both")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise ValueError(f"nothing lies above {self.above} and below {self.below}")
        return self


class Claim(Strict):
    """A sentence of the paper that numbers can bear out or not."""

    text: str = Field(description="the claim as a sentence that can be checked")
    source: str = Field(description="where the paper says so, and whose the threshold is")
    verified: bool = Field(default=False, description="whether it was checked against the paper's PDF")
    statistic: Annotated[Name, exists("claims")] = Field(description="file in claims/")
    parameters: dict[Name, bool | Number | str | list[str]] = Field(default={}, description="fields of the statistic")
    datasets: list[Name] = Field(default=[], description="data sets that it is about; none: all of the study")
    rule: Rule = Field(description="where the statistic must lie")
    target: Name = Field(description="table or figure that shows it")

    @model_validator(mode="after")
    def _parameters_fit(self) -> "Claim":
        known = discover.fields("claims", self.statistic)
        for key in self.parameters:
            if key not in known:
                raise ValueError(discover.unknown(f"parameter of {self.statistic}", key, known))
        if lacking := [key for key in declared.required("claims", self.statistic) if key not in self.parameters]:
            raise ValueError(f"{self.statistic} needs the parameters: {', '.join(lacking)}")
        return self

    def named(self, ending: str) -> list[str]:
        """The words that parameters whose names end so hold, as ``models`` and ``reversed_models``."""
        values = [value for key, value in self.parameters.items() if key.endswith(ending)]
        return [word for value in values for word in (value if isinstance(value, list) else [value]) if isinstance(word, str)]


class Faithful(Strict):
    """Who stands for a published name where text and released code differ: two data sets, labels of models, or scores."""

    paper: str = Field(description="what is as the paper's text says")
    code: str = Field(description="what is as the released code does")


class ModelOverride(Strict):
    """What a scale changes of a model: fewer values, a schedule that fits fewer steps, its own training or seeds."""

    sweep: dict[Name, Values] = Field(default={})
    fixed: dict[Name, Number] = Field(default={})
    training: TrainingOverride = Field(default=TrainingOverride(), description="goes before the scale's own")
    seeds: PositiveInt | None = Field(default=None, description="goes before the scale's own")


class Scale(Strict):
    """How much of the study is run: it overrides steps, seeds, data sets and grid; never what is measured."""

    description: str
    datasets: list[Name] | None = None
    without: list[str] = Field(default=[], description="models, by name or label, that it leaves out")
    seeds: PositiveInt | None = None
    training: TrainingOverride = TrainingOverride()
    models: dict[str, ModelOverride] = Field(default={}, description="model, or its label -> what is fewer or other here")
    subgrid: dict[Name, Strides] = Field(default={}, description="data set -> factor -> keep every n-th of its values")
    evaluation: Evaluation | None = None
    points: dict[Name, Points] = Field(
        default={}, description="metric -> its points, where those of all are too many for it here"
    )


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
    unavailable: list[Name] = Field(default=[], description="data sets that are planned and counted but cannot be loaded yet")
    seeds: PositiveInt = Field(description="runs of a cell, seeds 0, 1, …")
    control_seeds: int = Field(default=1, ge=0, description="seeds of the controls oracle and noise; 0: no controls")
    training: Training | None = Field(default=None, description="how models are trained; none: the study trains nothing")
    latents: dict[Name, PositiveInt] = Field(
        default={}, description="data set -> dimensions of the representation there, in the place of training's"
    )
    models: list[Model]
    metrics: list[Metric]
    evaluation: Evaluation
    points: dict[Name, Points] = Field(default={}, description="metric -> its points, where they are not the evaluation's")
    variations: dict[Name, Variation] = Field(
        default={}, description="other ways in which metrics are asked; their scores are called metric.score@variation"
    )
    unmeasured: dict[str, str] = Field(
        default={}, description="scores, as metric.score, that the paper prints and nothing here measures -> why"
    )
    faithful_to: dict[str, Faithful] = Field(
        default={}, description="name that published numbers use -> its variants, one as the paper says, one as its code does"
    )
    tables: dict[Name, Artefact]
    figures: dict[Name, Artefact]
    claims: dict[Name, Claim] = Field(default={}, description="what the paper says, as sentences with a verdict")
    scales: dict[Name, Scale]

    def figures_of(self, datasets: list[str]) -> dict[str, Artefact]:
        """The figures that are drawn where there are ``datasets``: one that is drawn for each is as many."""
        found: dict[str, Artefact] = {}
        for name, figure in self.figures.items():
            each = [d for d in datasets if not figure.datasets or d in figure.datasets] if figure.each else []
            found |= {f"{name}_{d}": figure.model_copy(update={"datasets": [d]}) for d in each}
            found |= {} if figure.each else {name: figure}
        return found

    def datasets_of(self, scale: Scale) -> list[str]:
        """The data sets of a scale, in the study's order."""
        return [d for d in self.datasets if scale.datasets is None or d in scale.datasets]

    def models_of(self, dataset: str) -> list[tuple[int, Model]]:
        """The models that are trained on a data set, each with its place in the study."""
        return [(i, model) for i, model in enumerate(self.models) if not model.datasets or dataset in model.datasets]

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Names that do not agree with each other or with the files there are: where, and what would be right."""
        yield from self._model_problems()
        known = sorted({*discover.names("datasets"), *self.unavailable})
        yield from _unknown("data set", ("datasets",), self.datasets, known)
        yield from _unknown(f"data set of {self.id}", ("latents",), list(self.latents), self.datasets)
        yield from _unknown(f"metric of {self.id}", ("points",), list(self.points), self.metrics)
        yield from self._snapshot_problems(("training",), self.training.snapshots if self.training else None)
        for i, model in enumerate(self.models):
            yield from self._snapshot_problems(("models", i, "training"), model.training.snapshots)
        for name, variation in self.variations.items():
            if name == BEST or name.startswith(STEP):
                yield ("variations", name), f"{name!r} is a name of snapshots' scores; call the variation otherwise"
            yield from _unknown(f"metric of {self.id}", ("variations", name, "metrics"), variation.metrics, self.metrics)
        yield from self._variant_problems()
        yield from self._artefact_problems()
        yield from self._claim_problems()
        for name, scale in self.scales.items():
            at = ("scales", name)
            yield from _unknown(f"data set of {self.id}", (*at, "datasets"), scale.datasets or [], self.datasets)
            yield from _unknown(f"data set of {self.id}", (*at, "subgrid"), list(scale.subgrid), self.datasets)
            yield from _unknown(f"model of {self.id}", (*at, "without"), scale.without, self._called)
            yield from _unknown(f"model of {self.id}", (*at, "models"), list(scale.models), self._called)
            yield from _unknown(f"metric of {self.id}", (*at, "points"), list(scale.points), self.metrics)
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
        along = [part.snapshots for part in (self.training, *(m.training for m in self.models)) if part]
        return ["", *self.variations, *[BEST][: any(along)]]

    def _snapshot_problems(self, at: Location, found: Snapshots | None) -> Iterator[tuple[Location, str]]:
        yield from _unknown(
            f"metric of {self.id}", (*at, "snapshots", "metrics"), list(found.metrics if found else []), self.metrics
        )

    def _model_problems(self) -> Iterator[tuple[Location, str]]:
        models, called = self._model_names, [(model.name, model.label) for model in self.models]
        for i, (name, label) in enumerate(called):
            if (name, label) in called[:i] or (name in models[:i] and not label):
                yield ("models", i, "name"), f"{name} stands twice; join its sweeps, or give each a label of its own"
        for i, model in enumerate(self.models):
            yield from _unknown(f"data set of {self.id}", ("models", i, "datasets"), model.datasets, self.datasets)
            yield from self._training_problems(i, model)
        labels = [model.label for model in self.models if model.label]
        for label in labels:
            if labels.count(label) > 1 or label in models:
                yield ("models", labels.index(label), "label"), f"{label!r} is no name of its own; call no two things alike"

    def _training_problems(self, place: int, model: Model) -> Iterator[tuple[Location, str]]:
        """Settings of a model that do not go with those of the study."""
        try:
            if self.training:
                Training.model_validate(stated(self.training, model.training))
        except ValidationError as error:
            yield ("models", place, "training"), error.errors()[0]["msg"].removeprefix("Value error, ")

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
                yield from _unknown(f"metric of {self.id}", at, [name.partition(".")[0]], self.metrics)
            if said.paper == said.code or name in (said.paper, said.code, *self.datasets, *models):
                yield at, f"{name!r} and its two variants must be three names; a published number of {name!r} is of both"

    def _artefact_problems(self) -> Iterator[tuple[Location, str]]:
        for group, kind, artefacts in (("tables", "table", self.tables), ("figures", "figure", self.figures)):
            for name, artefact in artefacts.items():
                at: Location = (group, name)
                yield from _unknown(f"kind of {kind}", (*at, "kind"), [artefact.kind], discover.names(group))
                yield from _unknown(f"data set of {self.id}", (*at, "datasets"), artefact.datasets, self.datasets)
                yield from _unknown(f"model of {self.id}", (*at, "models"), artefact.models, self._called)
                if name in RESERVED:
                    yield at, f"{self.id}_{name} is the target of {name}.csv; use another name"
        for place, named in self._scores():
            yield from _unknown(f"variation of {self.id}", place, [named.partition("@")[2]], self._askings)
            if named not in self.unmeasured:
                yield from _unknown(f"metric of {self.id}", place, [named.partition(".")[0]], self.metrics)

    def _claim_problems(self) -> Iterator[tuple[Location, str]]:
        targets = [*self.tables, *self.figures_of(self.datasets)]
        for name, claim in self.claims.items():
            at = ("claims", name)
            yield from _unknown(f"table or figure of {self.id}", (*at, "target"), [claim.target], targets)
            yield from _unknown(f"data set of {self.id}", (*at, "datasets"), claim.datasets, self.datasets)
            yield from _unknown(f"model of {self.id}", (*at, "parameters"), claim.named("models"), self._called)
            families = [word.partition(".")[0] for word in claim.named("") if "." in word]
            yield from _unknown("metric", (*at, "parameters"), families, discover.names("metrics"))
            asked = [word.partition("@")[2] for word in claim.named("") if "." in word]
            yield from _unknown(f"variation of {self.id}", (*at, "parameters"), asked, self._askings)

    def _scores(self) -> Iterator[tuple[Location, str]]:
        """Every score that a table or figure names, and where."""
        for group, artefacts in (("tables", self.tables), ("figures", self.figures)):
            for name, artefact in artefacts.items():
                for key in ("metrics", "against"):
                    yield from (((group, name, key), score) for score in getattr(artefact, key))


def _unknown(kind: str, location: Location, used: list[str], known: list[str]) -> Iterator[tuple[Location, str]]:
    for name in used:
        if name not in known:
            yield location, discover.unknown(kind, name, known)


def load(path: Path) -> Study:
    """Read and check one study file; raises FileError with file, line, what is wrong and what would be right."""
    document = Document(path)
    if not isinstance(document.data, dict):
        raise document.error((), "a study is a mapping of keys; see config/README.md")
    try:
        study = Study.model_validate(document.data)
    except ValidationError as error:
        # A misspelt key is also a missing one; the first says more.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        raise document.error(*_explain(first)) from None
    if study.id != path.stem:
        raise document.error(("id",), f"the study in {path.name} must have the id {path.stem!r}, not {study.id!r}")
    for location, message in study.problems():
        raise document.error(location, message)
    return study


def _explain(error: Any) -> tuple[tuple[str | int, ...], str]:
    location = tuple(error["loc"])
    if error["type"] == "extra_forbidden":
        known = _keys_at(location[:-1])
        return location, discover.unknown("such key:", str(location[-1]), known)
    return location, error["msg"].removeprefix("Value error, ")


def _keys_at(location: tuple[str | int, ...]) -> list[str]:
    """The keys that the schema allows at a place of the study file."""
    definitions = (schema := Study.model_json_schema()).get("$defs", {})
    for part in location:
        if isinstance(part, int):
            schema = schema.get("items", schema)
        else:
            schema = schema.get("properties", {}).get(part) or schema.get("additionalProperties", {})
        for option in schema.get("anyOf", []):
            schema = option if "$ref" in option or "properties" in option else schema
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    return list(schema.get("properties", {}))
