"""How each metric is evaluated at a scale."""

from dataclasses import dataclass
from typing import Any

from facsimile.foundation import canonical
from facsimile.studies.parts import Evaluation, Variation
from facsimile.studies.runs import scale_of
from facsimile.studies.study import Study


def evaluation(study: Study, scale: str, metric: str = "") -> Evaluation:
    """Return the evaluation of a study at a scale.

    With ``metric``, return the evaluation of that metric, which may use fewer points.
    """
    chosen = scale_of(study, scale)
    common = chosen.evaluation or study.evaluation
    # The scale's points take precedence over the study's.
    points = study.points | chosen.points
    if metric not in points:
        return common
    return common.model_copy(update=points[metric].model_dump())


@dataclass(frozen=True, slots=True)
class EvaluationSetting:
    """One way to compute a metric on a run.

    ``variation`` is its name in the study file, "" for the study's main evaluation.
    """

    variation: str
    representation: str
    evaluation: Evaluation

    @property
    def as_dict(self) -> dict[str, Any]:
        """Everything that scores depend on besides the metric and the run."""
        return {"representation": self.representation, **self.evaluation.model_dump()}


def settings(study: Study, scale: str, metric: str) -> list[EvaluationSetting]:
    """Return all ways to compute a metric at a scale, the main evaluation first.

    A variation that equals an earlier one at this scale is left out.
    """
    main = evaluation(study, scale, metric)
    distinct = [EvaluationSetting("", "mean", main)]
    for name, variation in study.variations.items():
        if metric not in variation.metrics:
            continue
        # For example, at a scale with 1,000 points "train on 1,000 points" is the main evaluation.
        setting = _varied(main, name, variation)
        if setting.as_dict not in [other.as_dict for other in distinct]:
            distinct.append(setting)
    return distinct


def _varied(main: Evaluation, name: str, variation: Variation) -> EvaluationSetting:
    """Return the main evaluation with the changes of a variation."""
    # At a small scale the main evaluation may have fewer points than the variation asks for.
    points = min(variation.train or main.train, main.train)
    changes = {"train": points}
    changes |= variation.model_dump(include={"seed", "convention"}, exclude_none=True)
    return EvaluationSetting(
        name,
        variation.representation,
        main.model_copy(update=changes),
    )


def protocol(study: Study, scale: str, metric: str) -> str:
    """Return a hash of how a metric is computed at a scale.

    Two studies that compute a metric in the same ways share its scores.
    """
    main, *others = settings(study, scale, metric)
    return canonical.hash8(
        {
            "metric": metric,
            **main.as_dict,
            "variations": {setting.variation: setting.as_dict for setting in others},
        }
    )


def panel(study: Study, scale: str) -> str:
    """Return a hash of all metrics of a study at a scale, and of how they are computed.

    One scoring job per shard computes such a panel.
    """
    return canonical.hash8(
        {metric: protocol(study, scale, metric) for metric in sorted(study.metrics)}
    )
