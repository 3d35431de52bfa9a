"""The parts of a study file: models, evaluations, tables, figures, claims, scales."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, field_validator, model_validator

from facsimile.foundation import declared, discover
from facsimile.studies.training import TrainingOverride
from facsimile.studies.values import Name, NaturalInt, Number, PositiveInt, Strict, exists

# Data sets are not checked this way: a study may list some that are not available yet.
Metric = Annotated[Name, exists("metrics")]
# Factor -> n: every n-th value is kept.
Strides = dict[Name, PositiveInt]
Values = Annotated[list[Number], Field(min_length=1)]


class Model(Strict):
    """A model and the hyper-parameter values with which the study trains it."""

    name: Annotated[Name, exists("models")] = Field(description="file in models/")
    label: str = Field(
        default="",
        description="name in tables; a model may appear several times with different labels",
    )
    datasets: list[Name] = Field(
        default=[],
        description="data sets that it is trained on [default: all data sets of the study]",
    )
    seeds: PositiveInt | None = Field(
        default=None,
        description="maximum number of runs per cell, if fewer than the study's seeds",
    )
    training: TrainingOverride = Field(
        default=TrainingOverride(),
        description="training settings that differ for this model",
    )
    sweep: dict[Name, Values] = Field(
        default={},
        description="hyper-parameter -> values; each value is a cell "
        "(each combination, if there are several hyper-parameters)",
    )
    fixed: dict[Name, Number] = Field(
        default={},
        description="hyper-parameters with a single value",
    )
    parent: str = Field(
        default="",
        alias="from",
        description="label or name of a model above, from whose trained weights of the same seed "
        "this one starts [default: random weights]",
    )

    @property
    def method(self) -> str:
        """What tables, figures and claims call it: the label, or the name if there is none."""
        return self.label or self.name

    @field_validator("label")
    @classmethod
    def _is_visible(cls, label: str) -> str:
        if label != label.strip() or not all(map(str.isprintable, label)):
            raise ValueError(f"{label!r}: a label begins and ends with a visible character")
        return label

    @model_validator(mode="after")
    def _hyper_parameters_exist(self) -> "Model":
        # Read the fields without importing the model, which would import torch.
        fields = declared.fields("models", self.name)
        for key in [*self.sweep, *self.fixed]:
            if key not in fields:
                raise ValueError(discover.unknown(f"hyper-parameter of {self.name}", key, fields))
        if both := set(self.sweep) & set(self.fixed):
            raise ValueError(f"{', '.join(sorted(both))}: both swept and fixed; keep one")
        return self


class Evaluation(Strict):
    """Points, seed and convention with which metrics are computed.

    The seed is the same for every run: dlib_reproduce, too, scores every model on the same points.
    """

    train: PositiveInt = Field(description="number of points to fit on")
    test: NaturalInt = Field(
        description="number of points to test on; 0 if no metric uses test points",
    )
    seed: NaturalInt = Field(
        default=0,
        description="seed for sampling points, the same for every run",
    )
    convention: str = Field(
        default="dlib",
        description="published variant of each metric",
    )


class Points(Strict):
    """Number of points with which a metric is computed."""

    train: PositiveInt = Field(description="number of points to fit on")
    test: PositiveInt = Field(description="number of points to test on")


class Variation(Strict):
    """Another way to compute some metrics on every run, in addition to the main evaluation.

    Keys that are left out are as in the main evaluation.
    """

    metrics: list[Metric] = Field(description="metrics that are also computed in this way")
    representation: Literal["mean", "sampled"] = Field(
        default="mean",
        description="codes: mean of the posterior, or one sample from it, "
        "the same in every computation",
    )
    train: PositiveInt | None = Field(
        default=None,
        description="number of points to fit on, at most that of the scale's evaluation",
    )
    seed: NaturalInt | None = Field(
        default=None,
        description="seed for sampling points",
    )
    convention: str | None = Field(
        default=None,
        description="another published variant of these metrics",
    )


class ClosedForm(Strict):
    """The exact value of a score, which stands for a published number of each cell."""

    tolerance: NonNegativeFloat = Field(
        description="largest difference of our mean from the exact value that is not one"
    )
    reason: str = Field(description="why the tolerance is this large")
    source: str = Field(description="where the exact value is derived, such as a theorem")
    value: Number | None = Field(
        default=None,
        description="the exact value, if it is the same for all cells "
        "[default: the score <score>_theory of the same runs]",
    )


class Artefact(Strict):
    """A table or a figure of the paper."""

    kind: Name = Field(description="file in figures/ or tables/")
    title: str
    each: Literal["dataset"] | None = Field(
        default=None,
        description="dataset: one figure per data set of the scale, named <figure>_<data set>",
    )
    datasets: list[Name] = Field(
        default=[],
        description="data sets that it shows in the paper [default: all data sets of the scale]",
    )
    models: list[str] = Field(
        default=[],
        description="models that it shows, by name or label [default: all]",
    )
    metrics: list[str] = Field(
        default=[],
        description="scores that it shows, as metric.score or metric.score@variation "
        "[default: the headline score of every metric]",
    )
    log: bool = Field(
        default=False,
        description="use logarithmic axes for the scores, if the kind of figure supports it",
    )
    against: list[str] = Field(
        default=[],
        description="scores that those of metrics are plotted against, "
        "if the kind of figure supports it",
    )
    where: dict[Name, Number] = Field(
        default={},
        description="hyper-parameter -> value: show only cells with these values; "
        "cells without the hyper-parameter are shown",
    )
    closed_form: dict[str, ClosedForm] = Field(
        default={},
        description="score -> its exact value; each cell that has the score gets a verdict",
    )
    coordinates: list[Name] = Field(
        default=[],
        description="names that place its published numbers on a curve of ours, in their column "
        "params, if the kind of table or figure supports it",
    )
    verified: bool = Field(
        default=False,
        description="whether number and content were checked against the paper's PDF or text",
    )
    note: str = ""


class Rule(Strict):
    """Where a statistic must lie for a claim to hold: above a number, below one, or between two."""

    above: Number | None = None
    below: Number | None = None
    by: Literal["interval", "value"] = Field(
        default="interval",
        description="what must lie there: the whole interval, or the value",
    )

    @model_validator(mode="after")
    def _is_possible(self) -> "Rule":
        if self.above is None and self.below is None:
            raise ValueError("a rule needs above, below, or both")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise ValueError(f"nothing lies above {self.above} and below {self.below}")
        return self


class Claim(Strict):
    """A sentence of the paper that results can support or contradict."""

    text: str = Field(description="the claim as a sentence that can be checked")
    source: str = Field(
        description="where the paper makes the claim, and whose the threshold is: "
        "the paper's or ours"
    )
    verified: bool = Field(
        default=False,
        description="whether it was checked against the paper's PDF or text",
    )
    statistic: Annotated[Name, exists("claims")] = Field(description="file in claims/")
    parameters: dict[Name, bool | Number | str | list[str]] = Field(
        default={},
        description="parameters of the statistic",
    )
    datasets: list[Name] = Field(
        default=[],
        description="data sets that it is about [default: all data sets of the study]",
    )
    also_at: list[Name] = Field(
        default=[],
        description="scales at which it is tested although they depart from the study; "
        "the verdict lists the departures",
    )
    rule: Rule = Field(description="where the statistic must lie")
    target: Name = Field(description="table or figure that shows it")

    @model_validator(mode="after")
    def _parameters_fit(self) -> "Claim":
        fields = declared.fields("claims", self.statistic)
        for key in self.parameters:
            if key not in fields:
                raise ValueError(discover.unknown(f"parameter of {self.statistic}", key, fields))
        required = declared.required_fields("claims", self.statistic)
        missing = [key for key in required if key not in self.parameters]
        if missing:
            raise ValueError(f"{self.statistic} needs the parameters: {', '.join(missing)}")
        return self

    def words(self, parameter: str) -> list[str]:
        """Return the text values of a parameter; numbers and switches name nothing."""
        value = self.parameters[parameter]
        values = value if isinstance(value, list) else [value]
        return [word for word in values if isinstance(word, str)]


class Faithful(Strict):
    """The two variants of a published name for which the paper's text and released code differ.

    Both are data sets, labels of models, or scores.
    """

    paper: str = Field(description="variant that follows the paper's text")
    code: str = Field(description="variant that follows the released code")


class ModelOverride(Strict):
    """Settings of a model that a scale changes.

    For example fewer values, a schedule for fewer steps, or its own training settings or seeds.
    """

    sweep: dict[Name, Values] = Field(default={})
    fixed: dict[Name, Number] = Field(default={})
    training: TrainingOverride = Field(
        default=TrainingOverride(),
        description="takes precedence over the scale's training",
    )
    seeds: PositiveInt | None = Field(
        default=None,
        description="takes precedence over the scale's seeds",
    )


class Scale(Strict):
    """How much of the study is run.

    A scale overrides steps, seeds, data sets and the grid, but never what is measured.
    """

    description: str
    datasets: list[Name] | None = None
    without: list[str] = Field(
        default=[],
        description="models that it leaves out, by name or label",
    )
    seeds: PositiveInt | None = None
    training: TrainingOverride = TrainingOverride()
    models: dict[str, ModelOverride] = Field(
        default={},
        description="model, or its label -> settings that differ at this scale",
    )
    subgrid: dict[Name, Strides] = Field(
        default={},
        description="data set -> factor -> n: keep every n-th value of the factor",
    )
    evaluation: Evaluation | None = None
    points: dict[Name, Points] = Field(
        default={},
        description="metric -> its number of points, "
        "if it is too expensive for the points of the evaluation",
    )
    figures: list[Name] | None = Field(
        default=None,
        description="figures that it draws, by default all: of several of one kind, one may do",
    )
