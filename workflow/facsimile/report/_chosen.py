"""Which runs get a decoder on the page: a few per data set and method, as each takes about 2 MB."""

import itertools
from dataclasses import dataclass
from typing import Any

import pandas as pd

from facsimile.foundation import discover
from facsimile.presentation.context import Context
from facsimile.presentation.select import headlines, with_names

RULE = (
    "Decoders are chosen per data set and method: first the run with the best mean rank over the"
    " headline scores, then the median run, then the others from the best down, until {limit} runs"
    " are chosen in all (report_decoders in config.yaml). Each decoder takes 2 MB."
)


@dataclass(frozen=True)
class Choice:
    """A run that gets a decoder.

    ``place`` is its rank among the ``of`` runs of its data set and method; ``role`` is best, median
    or "".
    """

    run: str
    place: int
    of: int
    role: str


def choose(scores: pd.DataFrame, context: Context, limit: int) -> list[Choice]:
    """At most ``limit`` runs of trained models, taking turns between data sets and methods.

    ``RULE`` says in which order.
    """
    ranked = _ranked(scores, context)
    groups = []
    for _, runs in ranked.groupby(["dataset", "method"], sort=False):
        groups.append(_ordered(list(runs["run"])))
    choices = []
    # One from each group, then the next from each, until all are used up.
    for turn in itertools.zip_longest(*groups):
        choices += [choice for choice in turn if choice is not None]
    return choices[:limit]


def _ordered(runs: list[str]) -> list[Choice]:
    """The best run, the median, then the others; ``runs`` are sorted, the best first."""
    if not runs:
        return []
    median = len(runs) // 2
    # With a single run, the best is the median, too.
    roles = {median: "median", 0: "best"}
    choices = []
    order = dict.fromkeys([0, median, *range(len(runs))])
    for index in order:
        choice = Choice(
            run=runs[index],
            place=index + 1,
            of=len(runs),
            role=roles.get(index, ""),
        )
        choices.append(choice)
    return choices


def _ranked(scores: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Trained runs, sorted by data set, method and mean rank over the headline scores."""
    named = with_names(scores)
    is_headline = named["name"].isin(headlines(named, context))
    is_trained = ~named["control"].astype(bool)
    ranked = named[is_headline & is_trained].copy()
    # Rank 1 is the best, so the sign is turned where lower is better.
    higher_is_better = ranked["metric"].map(_higher_is_better(ranked))
    results = ranked["result"]
    ranked["signed"] = results.where(higher_is_better.astype(bool), -results)
    by_score = ranked.groupby(["dataset", "name"])
    ranked["rank"] = by_score["signed"].rank(ascending=False)

    keys = ["dataset", "method", "run"]
    means = ranked.groupby(keys, sort=False)["rank"].mean().reset_index()
    methods = tuple(context.design.methods)
    means["dataset_position"] = _positions(means["dataset"], context.scale.datasets)
    means["method_position"] = _positions(means["method"], methods)
    order = ["dataset_position", "method_position", "rank"]
    return means.sort_values(order, kind="stable")


def _higher_is_better(scores: pd.DataFrame) -> dict[Any, bool]:
    """Metric -> whether a higher score is better."""
    higher = {}
    for metric in scores["metric"].unique():
        higher[metric] = discover.module("metrics", metric).BETTER == "higher"
    return higher


def _positions(column: pd.Series, order: tuple[str, ...]) -> pd.Series:
    """The position of each value in ``order``."""
    positions = dict(zip(order, range(len(order)), strict=True))
    return column.map(positions)
