"""Which runs get a decoder on the page: a few of each data set and method, as each takes about 2 MB."""

from dataclasses import dataclass

import pandas as pd

from facsimile.foundation import discover
from facsimile.presentation.context import Context
from facsimile.presentation.select import headlines, with_names

RULE = (
    "Of each data set and method, first the run with the best mean rank over the headline scores, then the median run, then "
    "the others from the best down, until {limit} runs are chosen in all (report_decoders in config.yaml); each takes 2 MB."
)


@dataclass(frozen=True)
class Choice:
    """A run that gets a decoder; ``place`` is its rank among the ``of`` runs of its data set and method."""

    run: str
    place: int
    of: int
    role: str


def choose(scores: pd.DataFrame, context: Context, limit: int) -> list[Choice]:
    """At most ``limit`` runs of trained models, taken in turn from every data set and method; see ``RULE``."""
    ranked = _ranked(scores, context)
    groups = [
        _ordered(list(own["run"])) for _, own in ranked.groupby(["dataset", "model"], sort=False)
    ]
    turns = [
        choice
        for turn in range(max(map(len, groups), default=0))
        for group in groups
        for choice in group[turn : turn + 1]
    ]
    return turns[:limit]


def _ordered(runs: list[str]) -> list[Choice]:
    """The best, the median, then the others from the best down; ``runs`` are sorted from the best."""
    middle = len(runs) // 2
    order = list(dict.fromkeys([0, middle, *range(len(runs))])) if runs else []
    roles = {0: "best"} | ({middle: "median"} if middle else {})
    return [Choice(runs[i], i + 1, len(runs), roles.get(i, "")) for i in order]


def _ranked(scores: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Trained runs by data set, method and mean rank over the headline scores, the best first."""
    told = with_names(scores)
    found = told[told["name"].isin(headlines(told, context)) & ~told["control"].astype(bool)].copy()
    higher = {
        metric: discover.module("metrics", metric).BETTER == "higher"
        for metric in found["metric"].unique()
    }
    found["signed"] = found["result"].where(
        found["metric"].map(higher).astype(bool), -found["result"]
    )
    found["rank"] = found.groupby(["dataset", "name"])["signed"].rank(ascending=False)
    means = found.groupby(["dataset", "model", "run"], sort=False, as_index=False)["rank"].mean()
    order = means.assign(
        d=_positions(means["dataset"], context.scale.datasets),
        m=_positions(means["model"], tuple(context.design.models)),
    )
    return order.sort_values(["d", "m", "rank"], kind="stable")


def _positions(column: pd.Series, order: tuple[str, ...]) -> pd.Series:
    return column.map({name: i for i, name in enumerate(order)})
