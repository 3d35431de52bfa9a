"""The parts of a study file: models, evaluations, tables, figures, claims, scales."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from facsimile.foundation import declared, discover
from facsimile.studies.training import TrainingOverride
from facsimile.studies.values import Name, Number, Strict, exists

Metric = Annotated[Name, exists("metrics")]
Strides = dict[Name, PositiveInt]
Values = Annotated[list[Number], Field(min_length=1)]


class Model(Strict):
    """One model and the hyper-parameter values that the study gives it."""

    name: Annotated[Name, exists("models")] = Field(description="file in models/")
    label: str = Field(
        default="",
        description="how tables call it; one model may stand several times under several labels",
    )
    datasets: list[Name] = Field(
        default=[], description="data sets that it is trained on; none: all of the study"
    )
    seeds: PositiveInt | None = Field(
        default=None, description="runs of a cell at most, where fewer than the study's do"
    )
    training: TrainingOverride = Field(
        default=TrainingOverride(), description="what this model's training differs in"
    )
    sweep: dict[Name, Values] = Field(
        default={}, description="values of which each is a cell (their product, if several)"
    )
    fixed: dict[Name, Number] = Field(default={}, description="hyper-parameters with one value")

    @model_validator(mode="after")
    def _hyper_parameters_exist(self) -> "Model":
        known = declared.fields("models", self.name)
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
    convention: str = Field(
        default="dlib", description="which published variant of each metric is meant"
    )


class Points(Strict):
    """How many points a metric is given."""

    train: PositiveInt = Field(description="points to fit on")
    test: PositiveInt = Field(description="points to test on")


class Variation(Strict):
    """Another way to ask some metrics of every run, beside the evaluation of the means; what is not said is as there."""

    metrics: list[Metric] = Field(description="metrics that are asked so, too")
    representation: Literal["mean", "sampled"] = Field(
        default="mean",
        description="codes: means of the posterior, or one draw from it, the same at every asking",
    )
    train: PositiveInt | None = Field(
        default=None, description="points to fit on, at most those of the scale's evaluation"
    )
    seed: int | None = Field(default=None, ge=0, description="seed of the draws")
    convention: str | None = Field(
        default=None, description="another published variant of these metrics"
    )


class Artefact(Strict):
    """A table or a figure of the paper."""

    kind: Name = Field(description="file in figures/, or in tables/")
    title: str
    each: Literal["dataset"] | None = Field(
        default=None,
        description="dataset: one figure a data set, named <figure>_<data set>; of a scale those that it has",
    )
    datasets: list[Name] = Field(
        default=[], description="data sets that the paper's artefact shows; none: all of the scale"
    )
    models: list[str] = Field(default=[], description="models shown, by name or label; none: all")
    metrics: list[str] = Field(
        default=[],
        description="scores shown, as metric.score, or metric.score@variation; none: every metric's headline",
    )
    log: bool = Field(
        default=False,
        description="logarithmic axes for the scores, where a kind of figure has them",
    )
    against: list[str] = Field(
        default=[], description="scores that the first are set against, where a kind of figure does"
    )
    where: dict[Name, Number] = Field(
        default={}, description="only cells that, where they state these, have these values"
    )
    verified: bool = Field(
        default=False, description="whether number and content were checked against the paper's PDF"
    )
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
    verified: bool = Field(
        default=False, description="whether it was checked against the paper's PDF"
    )
    statistic: Annotated[Name, exists("claims")] = Field(description="file in claims/")
    parameters: dict[Name, bool | Number | str | list[str]] = Field(
        default={}, description="fields of the statistic"
    )
    datasets: list[Name] = Field(
        default=[], description="data sets that it is about; none: all of the study"
    )
    rule: Rule = Field(description="where the statistic must lie")
    target: Name = Field(description="table or figure that shows it")

    @model_validator(mode="after")
    def _parameters_fit(self) -> "Claim":
        known = declared.fields("claims", self.statistic)
        for key in self.parameters:
            if key not in known:
                raise ValueError(discover.unknown(f"parameter of {self.statistic}", key, known))
        if lacking := [
            key for key in declared.required("claims", self.statistic) if key not in self.parameters
        ]:
            raise ValueError(f"{self.statistic} needs the parameters: {', '.join(lacking)}")
        return self

    def named(self, ending: str) -> list[str]:
        """The words that parameters whose names end so hold, as ``models`` and ``reversed_models``."""
        values = [value for key, value in self.parameters.items() if key.endswith(ending)]
        return [
            word
            for value in values
            for word in (value if isinstance(value, list) else [value])
            if isinstance(word, str)
        ]


class Faithful(Strict):
    """Who stands for a published name where text and released code differ: two data sets, labels of models, or scores."""

    paper: str = Field(description="what is as the paper's text says")
    code: str = Field(description="what is as the released code does")


class ModelOverride(Strict):
    """What a scale changes of a model: fewer values, a schedule that fits fewer steps, its own training or seeds."""

    sweep: dict[Name, Values] = Field(default={})
    fixed: dict[Name, Number] = Field(default={})
    training: TrainingOverride = Field(
        default=TrainingOverride(), description="goes before the scale's own"
    )
    seeds: PositiveInt | None = Field(default=None, description="goes before the scale's own")


class Scale(Strict):
    """How much of the study is run: it overrides steps, seeds, data sets and grid; never what is measured."""

    description: str
    datasets: list[Name] | None = None
    without: list[str] = Field(
        default=[], description="models, by name or label, that it leaves out"
    )
    seeds: PositiveInt | None = None
    training: TrainingOverride = TrainingOverride()
    models: dict[str, ModelOverride] = Field(
        default={}, description="model, or its label -> what is fewer or other here"
    )
    subgrid: dict[Name, Strides] = Field(
        default={}, description="data set -> factor -> keep every n-th of its values"
    )
    evaluation: Evaluation | None = None
    points: dict[Name, Points] = Field(
        default={}, description="metric -> its points, where those of all are too many for it here"
    )
