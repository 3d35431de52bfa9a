"""What a table or figure shows, and what it must say of itself: scale, steps, points, convention, sub-grid, substitutions."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from facsimile import declared, departures, names, runs
from facsimile.departures import Departure, Length
from facsimile.studyfile import CONTROLS, Artefact, Evaluation, Study
from facsimile.training_settings import BEST, STEP
from facsimile.variants import Names


@dataclass(frozen=True)
class Spec:
    """One table or figure of the paper, as the study file states it.

    ``metrics`` and ``against`` are scores, ``metric.score`` or ``metric.score@variation``, of which ``@best`` is the best of a
    run's snapshots; no ``metrics``: headlines.
    """

    id: str
    kind: str
    title: str = ""
    datasets: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    verified: bool = False
    note: str = ""
    models: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    log: bool = False
    where: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, id: str, artefact: Artefact) -> "Spec":
        """The artefact that the study calls ``id``."""
        listed: dict[str, Any] = {
            key: tuple(getattr(artefact, key)) for key in ("datasets", "metrics", "models", "against")
        } | {"where": tuple(artefact.where.items())}
        plain = {key: getattr(artefact, key) for key in ("kind", "title", "verified", "note", "log")}
        return cls(id=id, **plain, **listed)

    @classmethod
    def all(cls, study: Study, scale: str) -> list["Spec"]:
        """Every table and figure of a study at a scale; raises UnknownName."""
        figures = study.figures_of(study.datasets_of(runs.scale_of(study, scale)))
        return [cls.of(id, artefact) for id, artefact in (study.tables | figures).items()]


@dataclass(frozen=True)
class Quantity:
    """One number of an artefact: a statistic of a score over runs. An empty field means all of them.

    ``params`` is canonical JSON, "" for every cell of a model; ``metric`` is ``metric.score``, or ``a ~ b`` for a correlation.
    """

    artefact: str
    dataset: str
    model: str
    params: str
    metric: str
    statistic: str


@dataclass(frozen=True)
class Context:
    """The study and scale that scores come from; models, data sets and metrics are in the study file's order."""

    study: str
    scale: str
    models: dict[str, tuple[str, ...]]  # model -> its hyper-parameters, the swept ones first
    sweeps: dict[str, tuple[float, ...]]  # model -> the published values of its one swept hyper-parameter
    datasets: tuple[str, ...]
    drawn: tuple[str, ...]  # the data sets of this scale
    metrics: tuple[str, ...]
    evaluation: Evaluation
    steps: int
    published_steps: int
    published_runs: int
    lengths: tuple[Length, ...] = ()  # of the trainings, where not all models have the same
    subgrids: dict[str, str] = field(default_factory=dict)  # data set -> what is kept of it, if it is not all
    departures: tuple[Departure, ...] = ()
    artefacts: tuple[str, ...] = ()
    controls: tuple[str, ...] = CONTROLS  # none in a study that runs no controls
    labels: Mapping[str, str] = field(default_factory=dict)  # what tables call a cell -> its model
    places: Mapping[str, frozenset[str]] = field(default_factory=dict)  # label or model -> data sets, if it is not all
    unmeasured: Mapping[str, str] = field(default_factory=dict)  # scores that the paper prints and nothing measures -> why
    untrained: tuple[str, ...] = ()  # models that no training makes
    points: Mapping[str, Evaluation] = field(default_factory=dict)  # of metrics that have others than ``evaluation``
    history: Callable[[str], pd.DataFrame] | None = None  # a run's key -> its losses and traces along training
    variants: Names = field(default_factory=Names)  # published names for which several things stand
    printed: Mapping[Quantity, float] = field(default_factory=dict)  # the first published number of each quantity, if any
    peers: Mapping[Quantity, float] = field(default_factory=dict)  # likewise, of those that others than the authors printed

    @classmethod
    def of(cls, study: Study, scale: str) -> "Context":
        """A study at one of its scales; raises UnknownName."""
        chosen = runs.scale_of(study, scale)
        return cls(
            study=study.id,
            scale=scale,
            models={name: _parameters(study, name) for name in dict.fromkeys(m.name for m in study.models)},
            sweeps={
                m.name: tuple(map(float, values)) for m in study.models if len(m.sweep) == 1 for values in m.sweep.values()
            },
            datasets=tuple(study.datasets),
            drawn=tuple(study.datasets_of(chosen)),
            metrics=tuple(study.metrics),
            evaluation=runs.evaluation(study, scale),
            steps=chosen.training.steps or _steps(study),
            published_steps=_steps(study),
            published_runs=_published_runs(study),
            lengths=tuple(dict.fromkeys(departures.lengths(study, chosen))),
            subgrids=departures.subgrids(chosen),
            departures=tuple(departures.of(study, chosen)),
            artefacts=(*study.tables, *study.figures_of(study.datasets)),
            labels={model.label: model.name for model in study.models if model.label},
            places=_places(study),
            unmeasured=study.unmeasured,
            points=_points(study, scale),
            untrained=tuple(dict.fromkeys(m.name for m in study.models if not runs.is_trained(m))),
            controls=CONTROLS if study.control_seeds else (),
            variants=study.published_names(),
        )

    def shown(self, spec: Spec) -> list[str]:
        """Data sets to draw: those of the paper's artefact that this scale has, or all of this scale."""
        return [d for d in spec.datasets if d in self.drawn] or list(self.drawn)

    def named(self, spec: Spec) -> list[str]:
        """The paper's data sets of an artefact, then those drawn in their stead."""
        return list(dict.fromkeys([*spec.datasets, *self.shown(spec)]))

    def methods(self, spec: Spec) -> list[str]:
        """The models that an artefact shows, in the study's order."""
        return [model for model in self.models if not spec.models or model in spec.models]

    def trains(self, model: str, dataset: str) -> bool:
        """Whether the study trains a model, or what it calls so, on a data set."""
        return dataset in self.places.get(model, [dataset])

    def metrics_of(self, spec: Spec) -> list[str]:
        """The scores that an artefact names; none: the score of each metric that is called like it."""
        return list(spec.metrics) or [f"{metric}.{metric}" for metric in self.metrics]

    def substitution(self, spec: Spec) -> str:
        """``paper: Cars3D; here: dSprites``, empty where the artefact shows the paper's own data sets."""
        if not spec.datasets or list(spec.datasets) == self.shown(spec):
            return ""
        paper, here = (names.listed([names.dataset(d) for d in some]) for some in (list(spec.datasets), self.shown(spec)))
        return f"paper: {paper}; here: {here}"

    def protocol(self, datasets: list[str]) -> str:
        """Scale, steps, evaluation points, convention and sub-grid, in one line."""
        asked = self.evaluation
        both = f"{asked.train:,} + {asked.test:,} evaluation points (train + test)"
        points = both if asked.test else f"{asked.train:,} evaluation points"
        steps = [self._steps_said(datasets)] if self.published_steps else []
        parts = [f"{self.scale} scale", *steps, points, f"{asked.convention} convention", *self._subgrids_said(datasets)]
        return " · ".join(parts)

    def _steps_said(self, datasets: list[str]) -> str:
        """``200 of 300,000 steps``, ``5,000 or 20,000 steps``."""
        here = [length for length in self.lengths if set(length.datasets) & set(datasets)]
        pairs = [(length.steps, length.published) for length in here] or [(self.steps, self.published_steps)]
        now, then = (" or ".join(f"{n:,}" for n in sorted(set(column))) for column in zip(*pairs, strict=True))
        return f"{now} steps" if now == then else f"{now} of {then} steps"

    def _subgrids_said(self, datasets: list[str]) -> list[str]:
        """``sub-grid of dSprites and Color-dSprites: every 2nd orientation``, once for all data sets that share it."""
        alike: dict[str, list[str]] = {}
        for dataset in (d for d in datasets if d in self.subgrids):
            alike.setdefault(self.subgrids[dataset], []).append(names.dataset(dataset))
        return [f"sub-grid of {names.listed(shown)}: {kept}" for kept, shown in alike.items()]

    def said(self, spec: Spec) -> list[str]:
        """What stands under a table or figure, line by line."""
        about = f"{names.listed([names.dataset(d) for d in self.shown(spec)])}: {self.protocol(self.shown(spec))}."
        unchecked = "" if spec.verified else "Numbering and content not checked against the paper's PDF."
        instead = f"Substitution: {text}." if (text := self.substitution(spec)) else ""
        return [line for line in (about, self._points_said(spec), instead, unchecked, spec.note) if line]

    def _points_said(self, spec: Spec) -> str:
        """``Points of MIG: 100 + 50.``, where metrics that are shown have others than the rest."""
        families = {name.partition(".")[0] for name in (*spec.metrics, *spec.against)}
        own = [(m, asked) for m, asked in self.points.items() if m in families or not families]
        said = [f"{names.metric(f'{metric}.{metric}')} {asked.train:,} + {asked.test:,}" for metric, asked in own]
        return f"Points of their own: {names.listed(said)}." if said else ""


def named(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores with a column ``name``: ``metric.score``, or ``metric.score@variation`` of what was asked in another way."""
    pairs = scores["metric"].astype(str) + "." + scores["score"].astype(str)
    if "variation" not in scores:  # a table that was gathered before there were variations
        return scores.assign(name=pairs)
    return scores.assign(name=pairs.where(scores["variation"] == "", pairs + "@" + scores["variation"].astype(str)))


def select(scores: pd.DataFrame, spec: Spec, context: Context, variations: bool = False) -> tuple[pd.DataFrame, list[str]]:
    """The scores that an artefact shows, with a column ``name``, and the names of its ``metrics`` in their order.

    A name that the study file asks for and the scores lack stays in the list: it is shown as missing. ``variations``: each
    score in every variation, too, but not along training; a column ``plain`` has its name without. Raises ValueError where one
    run has one score twice.
    """
    here = named(scores[scores["dataset"].isin(context.shown(spec))])
    wanted = list(spec.metrics) or headlines(here, context)
    plain = here["name"].map(_plain).astype(str) if variations else here["name"]
    found = here.assign(plain=plain)
    found = found[found["plain"].isin([*wanted, *spec.against])]
    if spec.models:
        found = of_models(found, [*spec.models, *context.controls])
    if (twice := found.duplicated(["run", "name"])).any():
        first = found[twice].iloc[0]
        raise ValueError(
            f"scores: {first['run']} has {first['name']} twice; keep one convention, representation and seed of each score"
        )
    return found, wanted


def called(table: pd.DataFrame) -> pd.Series:
    """What the study calls each row's cell: its label, or else its model."""
    models = table["model"].astype(str)
    return table["label"].astype(str).where(lambda label: label != "", models) if "label" in table else models


def of_models(table: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """The rows of some models, by name or label; none: all of them."""
    return table[table["model"].isin(models) | called(table).isin(models)] if models else table


def _plain(name: str) -> str:
    """A score's name without its variation; what is of other steps of training keeps it."""
    plain, _, variation = name.partition("@")
    return name if variation == BEST or variation.startswith(STEP) else plain


def headlines(here: pd.DataFrame, context: Context) -> list[str]:
    """One score a metric: the one called like the metric, else the first that it gives."""
    chosen = []
    for metric in context.metrics:
        given = list(dict.fromkeys(here.loc[(here["metric"] == metric) & ~here["name"].str.contains("@"), "score"]))
        own = metric if metric in given or not given else given[0]
        chosen.append(f"{metric}.{own}")
    return chosen


def directed(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores with a column ``name`` (see ``select``), those of which the lower is better with their sign turned."""
    families = {name: name.partition(".")[0] for name in scores["name"].unique()}
    lower = {name for name, family in families.items() if declared.constant("metrics", family, "BETTER") == "lower"}
    return scores.assign(result=scores["result"].where(~scores["name"].isin(lower), -scores["result"]))


def _steps(study: Study) -> int:
    return study.training.steps if study.training else 0


def _parameters(study: Study, model: str) -> tuple[str, ...]:
    """Hyper-parameters that the study gives a model, the swept ones first."""
    stated = [m for m in study.models if m.name == model]
    return tuple(dict.fromkeys([key for m in stated for key in m.sweep] + [key for m in stated for key in m.fixed]))


def _points(study: Study, scale: str) -> dict[str, Evaluation]:
    asked = {metric: runs.evaluation(study, scale, metric) for metric in study.metrics}
    return {metric: own for metric, own in asked.items() if own != runs.evaluation(study, scale)}


def _published_runs(study: Study) -> int:
    return sum(
        math.prod(map(len, model.sweep.values()))
        * len(model.datasets or study.datasets)
        * min(study.seeds, model.seeds or study.seeds)
        for model in study.models
    )


def _places(study: Study) -> dict[str, frozenset[str]]:
    """Label or model -> the data sets that it is trained on, for those that are not trained on all."""
    found: dict[str, frozenset[str]] = {}
    for model in study.models:
        for name in {model.label, model.name} - {""}:
            found[name] = found.get(name, frozenset()) | frozenset(model.datasets or study.datasets)
    return {name: places for name, places in found.items() if places != set(study.datasets)}
