"""How each metric is evaluated at a scale."""

from dataclasses import dataclass
from typing import Any

from facsimile.foundation import canonical
from facsimile.studies.parts import Evaluation
from facsimile.studies.runs import scale_of
from facsimile.studies.study import Study


def evaluation(study: Study, scale: str, metric: str = "") -> Evaluation:
    """What the metrics are given at a scale, or one metric that is given fewer points there."""
    chosen = scale_of(study, scale)
    found, points = chosen.evaluation or study.evaluation, study.points | chosen.points
    return found.model_copy(update=points[metric].model_dump()) if metric in points else found


@dataclass(frozen=True, slots=True)
class EvaluationSetting:
    """One way in which a metric is asked of a run; ``variation`` is its name in the study file, "" for the study's own."""

    variation: str
    representation: str
    evaluation: Evaluation

    @property
    def stated(self) -> dict[str, Any]:
        """All that an answer depends on besides metric and run."""
        return {"representation": self.representation, **self.evaluation.model_dump()}


def settings(study: Study, scale: str, metric: str) -> list[EvaluationSetting]:
    """The ways in which a metric is asked at a scale; a variation that is no other way there is left out."""
    own = evaluation(study, scale, metric)
    ways = [EvaluationSetting("", "mean", own)]
    for name, variation in study.variations.items():
        changed = {"train": min(variation.train or own.train, own.train)}
        changed |= variation.model_dump(include={"seed", "convention"}, exclude_none=True)
        way = EvaluationSetting(name, variation.representation, own.model_copy(update=changed))
        if metric in variation.metrics and way.stated not in [other.stated for other in ways]:
            ways.append(way)
    return ways


def protocol(study: Study, scale: str, metric: str) -> str:
    """Hash of how a metric is asked at a scale; two studies that ask alike share scores."""
    own, *others = settings(study, scale, metric)
    return canonical.hash8(
        {
            "metric": metric,
            **own.stated,
            "variations": {way.variation: way.stated for way in others},
        }
    )


def panel(study: Study, scale: str) -> str:
    """Hash of all metrics that a study asks at a scale, and how it asks them: the work of one scoring job a shard."""
    return canonical.hash8(
        {metric: protocol(study, scale, metric) for metric in sorted(study.metrics)}
    )
