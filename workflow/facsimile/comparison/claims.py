"""Tests a study's claims: each names a statistic (a file of a folder claims/) and a rule for it.

The first of these that applies decides the verdict:

1. not comparable: scores or data sets are missing, or this scale departs from the study in
   something the claim is about, unless the claim is also tested at this scale (``also_at``).
2. not comparable: the statistic is undefined, or has no interval although the rule needs one.
3. holds: the whole interval (or the value, if the rule says so) satisfies the rule.
4. does not hold: none of it does.
5. not comparable, undecided: the interval contains a limit of the rule; more runs would tell.

A scale whose data sets stand in for those of the paper (``ScaleFacts.is_miniature``) is never
comparable. There the statistics are of its own data sets, and each claim also gets one of the words
``holds``, ``does not hold`` and ``undecided``: rules 3 to 5 without regard to the paper.
"""

import math
from dataclasses import astuple
from typing import Any

import pandas as pd

from facsimile.claims.base.statistic import Statistic, StatisticResult
from facsimile.comparison.verdict import (
    DOES_NOT_HOLD,
    HOLDS,
    LARGER_SCALE,
    MORE_SEEDS,
    NOT_COMPARABLE,
    UNDECIDED,
    Verdict,
)
from facsimile.foundation import canonical, discover
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.departures import Departure
from facsimile.presentation.select import with_names, without_controls
from facsimile.statistics.estimates import LEVEL, Estimate
from facsimile.studies.parts import Claim, Rule
from facsimile.studies.study import Study

COLUMNS = [
    "claim",
    "text",
    "statistic",
    "value",
    "low",
    "high",
    "n",
    "rule",
    "verdict",
    "reason",
    "remedy",
    "command",
    "cost",
    "source",
    "verified",
    "in_miniature",
    "miniature_reason",
]
BY_DATASET = ["claim", "dataset", "value", "low", "high", "n", "in_miniature", "miniature_reason"]

# Departures of a scale that change what a claim is about. Fewer seeds only widen the interval.
ABOUT = ("training", "cells", "evaluation", "grid")


def table(
    study: Study,
    scores: pd.DataFrame,
    context: Context,
    cost: str,
) -> pd.DataFrame:
    """One row per claim of the study, with the columns ``COLUMNS``.

    ``cost`` describes what its command costs if nothing has been computed yet.
    """
    trained = without_controls(with_names(scores))
    rows = []
    for id, claim in study.claims.items():
        rows.append(_row(id, claim, trained, context, cost))
    return pd.DataFrame(rows, columns=COLUMNS)


def by_dataset(study: Study, scores: pd.DataFrame, context: Context) -> pd.DataFrame:
    """The statistic of each claim on each data set alone, with the columns ``BY_DATASET``.

    Claims about several data sets, such as the transfer between them, are undefined on one.
    """
    trained = without_controls(with_names(scores))
    rows = []
    for id, claim in study.claims.items():
        for dataset in _available_datasets(claim, context):
            finding = compute_on(claim, trained, [dataset])
            verdict = _miniature_verdict(claim, finding, context)
            numbers = astuple(finding.estimate)
            rows.append((id, dataset, *numbers, verdict.verdict, verdict.reason))
    return pd.DataFrame(rows, columns=BY_DATASET)


def compute(claim: Claim, trained: pd.DataFrame, context: Context) -> StatisticResult:
    """Compute the statistic of a claim over those of its data sets that this scale has."""
    return compute_on(claim, trained, _available_datasets(claim, context))


def compute_on(claim: Claim, trained: pd.DataFrame, datasets: list[str]) -> StatisticResult:
    """Compute the statistic of a claim over some data sets.

    ``trained``: scores with the columns of ``with_names``, without those of controls.
    """
    statistic = discover.load_class("claims", claim.statistic, Statistic)
    parameters: dict[str, Any] = {}
    for key, value in claim.parameters.items():
        # Statistics are frozen dataclasses, so a list of the study file becomes a tuple.
        parameters[key] = tuple(value) if isinstance(value, list) else value
    finding: StatisticResult = statistic(**parameters).compute(trained, datasets)
    return finding


def judge(claim: Claim, finding: StatisticResult, context: Context) -> Verdict:
    """The verdict on one claim; the rules are at the top of this file."""
    rule = rule_text(claim.rule)
    estimate = finding.estimate
    departures = _departures(claim, context)
    is_tested_here = not departures or context.scale.name in claim.also_at
    if finding.missing or not is_tested_here:
        # At the paper's settings, only more runs would define what is missing.
        remedy = LARGER_SCALE if departures else MORE_SEEDS
        obstacles = "; ".join([*finding.missing, *departures])
        return Verdict(NOT_COMPARABLE, obstacles, rule, remedy)
    if math.isnan(estimate.value):
        return Verdict(NOT_COMPARABLE, f"undefined for {estimate.n} runs", rule, MORE_SEEDS)
    low, high = _judged_interval(claim.rule, estimate)
    if math.isnan(low):
        return Verdict(NOT_COMPARABLE, f"no interval for {estimate.n} runs", rule, MORE_SEEDS)
    verdict = _decided(claim.rule, estimate, low, high)
    return verdict._replace(reason="; ".join([verdict.reason, *departures]))


def by_rule_alone(claim: Claim, finding: StatisticResult) -> Verdict:
    """Whether what a claim says holds for some scores, without regard to the paper.

    ``holds``, ``does not hold``, or ``undecided`` with the reason.
    """
    rule = rule_text(claim.rule)
    if finding.missing:
        return Verdict(UNDECIDED, "; ".join(finding.missing), rule)
    estimate = finding.estimate
    if math.isnan(estimate.value):
        return Verdict(UNDECIDED, f"undefined for {estimate.n} runs", rule)
    low, high = _judged_interval(claim.rule, estimate)
    if math.isnan(low):
        return Verdict(UNDECIDED, f"no interval for {estimate.n} runs", rule)
    limits = _limits_inside(claim.rule, low, high)
    if limits:
        return Verdict(UNDECIDED, f"{_numbers(estimate)} holds {names.enumeration(limits)}", rule)
    word = HOLDS if _satisfies(claim.rule, low, high) else DOES_NOT_HOLD
    return Verdict(word, _numbers(estimate), rule)


def rule_text(rule: Rule) -> str:
    """``95 % interval above 0``, ``value between 0.5 and 0.7``."""
    subject = f"{100 * LEVEL:.0f} % interval" if rule.by == "interval" else "value"
    if rule.above is not None and rule.below is not None:
        return f"{subject} between {rule.above:g} and {rule.below:g}"
    if rule.above is not None:
        return f"{subject} above {rule.above:g}"
    return f"{subject} below {rule.below:g}"


def command(study: str, scale: str, target: str) -> str:
    """The command that makes the claim's table or figure, and its verdict."""
    return f"snakemake {study}_{target} {study}_claims --config scale={scale}"


def _decided(
    rule: Rule,
    estimate: Estimate,
    low: float,
    high: float,
) -> Verdict:
    """The verdict by the rule alone; ``low`` and ``high`` are the ends of what must satisfy it."""
    text = rule_text(rule)
    numbers = _numbers(estimate)
    if _satisfies(rule, low, high):
        return Verdict(HOLDS, numbers, text)
    limits = _limits_inside(rule, low, high)
    if not limits:
        return Verdict(DOES_NOT_HOLD, numbers, text)
    reason = f"undecided: {numbers} holds {names.enumeration(limits)}; more runs would tell"
    return Verdict(NOT_COMPARABLE, reason, text, MORE_SEEDS)


def _numbers(estimate: Estimate) -> str:
    """``0.123 [0.045, 0.2] of 60 runs``; without an interval if there is none."""
    interval = ""
    if not math.isnan(estimate.low):
        interval = f" [{estimate.low:.3g}, {estimate.high:.3g}]"
    return f"{estimate.value:.3g}{interval} of {estimate.n:,} runs"


def _judged_interval(rule: Rule, estimate: Estimate) -> tuple[float, float]:
    """The ends of what must satisfy a rule: of the interval, or twice the value."""
    if rule.by == "value":
        return estimate.value, estimate.value
    return estimate.low, estimate.high


def _satisfies(rule: Rule, low: float, high: float) -> bool:
    """Whether all of an interval satisfies a rule."""
    is_above = rule.above is None or low > rule.above
    is_below = rule.below is None or high < rule.below
    return is_above and is_below


def _limits_inside(rule: Rule, low: float, high: float) -> list[str]:
    """The limits of a rule inside an interval, so that only a part of it satisfies the rule."""
    inside = []
    if rule.above is not None and low <= rule.above < high:
        inside.append(f"{rule.above:g}")
    if rule.below is not None and low < rule.below <= high:
        inside.append(f"{rule.below:g}")
    return inside


def _miniature_verdict(claim: Claim, finding: StatisticResult, context: Context) -> Verdict:
    """The verdict by the rule alone where the scale is a miniature; elsewhere it is empty."""
    if not context.scale.is_miniature:
        return Verdict("", "", "")
    return by_rule_alone(claim, finding)


def _datasets(claim: Claim, context: Context) -> list[str]:
    """The data sets that a claim is about."""
    return claim.datasets or list(context.design.datasets)


def _available_datasets(claim: Claim, context: Context) -> list[str]:
    """Those of them that this scale has; all of a miniature, which stand in for them."""
    if context.scale.is_miniature:
        return list(context.scale.datasets)
    available = context.scale.datasets
    return [name for name in _datasets(claim, context) if name in available]


def _departures(claim: Claim, context: Context) -> list[str]:
    """How this scale departs from what the claim is about: one text, or none."""
    datasets = _datasets(claim, context)
    available = _available_datasets(claim, context)
    texts = []
    if context.scale.is_miniature:
        texts.append("other data sets than the paper's")
    elif len(available) < len(datasets):
        texts.append(f"{len(available)} of {len(datasets)} data sets")
    for departure in context.scale.departures:
        if departure.kind in ABOUT and _concerns(departure, claim, context):
            texts.append(departure.text)
    if not texts:
        return []
    return [f"{context.scale.name} scale: {', '.join(dict.fromkeys(texts))}"]


def _concerns(departure: Departure, claim: Claim, context: Context) -> bool:
    """Whether a departure is one of a data set, method and metric that the claim is about.

    A departure without one of these applies to all of them, and so does a claim. A method is
    trained on some of the data sets only.
    """
    datasets = _datasets(claim, context)
    if not any(context.design.trains(departure.model, dataset) for dataset in datasets):
        return False
    methods: list[str] = []
    metrics: list[str] = []
    for key in claim.parameters:
        words = claim.words(key)
        if key.endswith("models"):
            for name in words:
                methods += context.design.methods_of(name)
        else:
            # Of all other parameters, only names of scores contain a dot.
            metrics += [word.partition(".")[0] for word in words if "." in word]
    return (
        departure.dataset in ("", *datasets)
        and (not methods or departure.model in ("", *methods))
        and (not metrics or departure.metric in ("", *metrics))
    )


def _row(
    id: str,
    claim: Claim,
    trained: pd.DataFrame,
    context: Context,
    cost: str,
) -> tuple[Any, ...]:
    """The values of all ``COLUMNS``."""
    finding = compute(claim, trained, context)
    estimate = finding.estimate
    verdict = judge(claim, finding, context)
    miniature = _miniature_verdict(claim, finding, context)
    parameters = canonical.dumps(claim.parameters)
    study, scale = context.design.study, context.scale.name
    return (
        id,
        claim.text,
        f"{claim.statistic} {parameters}",
        estimate.value,
        estimate.low,
        estimate.high,
        estimate.n,
        verdict.rule,
        verdict.verdict,
        verdict.reason,
        verdict.remedy,
        command(study, scale, claim.target),
        cost,
        claim.source,
        claim.verified,
        miniature.verdict,
        miniature.reason,
    )
