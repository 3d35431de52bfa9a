"""Where one method stands among others: over each of them, and in each claim of a study.

Works on gathered scores, wherever they come from: runs of a trial, or scores of a user's latents
beside shipped baselines.
"""

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

import pandas as pd

from facsimile import tables
from facsimile.comparison import claims
from facsimile.presentation.context import Context
from facsimile.presentation.select import with_names, without_controls
from facsimile.presentation.spec import Spec
from facsimile.studies.parts import Claim
from facsimile.tables import Table

# Whose scores a claim is computed on, besides those of one method alone.
OTHERS = "others"
ALL = "all"
Row = dict[Any, Any]  # a row of in_claims, by its columns
COLUMNS = ["claim", "scores", "value", "low", "high", "n", "finding", "reason"]


@dataclass(frozen=True)
class ClaimPlace:
    """A claim on the scores of the other methods, of all, and of one method alone.

    ``rank`` is the place of the method's value among those of ``ranked`` methods alone, from the
    highest; 0 if it has none. A value without an interval has no place: where a statistic compares
    methods, that of one method alone is the same for all.
    """

    claim: str
    others: Row
    together: Row
    alone: Row
    rank: int
    ranked: int


def scores_of_latents(table: pd.DataFrame, method: str, dataset: str) -> pd.DataFrame:
    """Scores of a user's latents in the form of gathered scores: those of one run of ``method``.

    ``table`` is what ``facsimile.score`` returns for codes of ``dataset``. Scores are comparable
    with those of models only if points and convention are the same (columns n_train, n_test and
    convention of both).
    """
    scores = table.rename(columns={"value": "result", "seed": "evaluation_seed"})
    scores = scores[scores["result"].notna()]
    return scores.assign(
        run=f"{dataset}/{method}",
        dataset=dataset,
        model=method,
        label="",
        params="{}",
        value=math.nan,
        seed=0,
        control=False,
        variation="",
    )


def with_method(context: Context, method: str) -> Context:
    """The same context with one method more, before all others."""
    methods = {method: (), **context.design.methods}
    return replace(context, design=replace(context.design, methods=methods))


def over_each(
    method: str,
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Table:
    """A table of pairs (``improvement``, ``seeds_needed``) of one method with each of the others.

    ``method`` must be the first of ``context.design.methods``, so that each pair begins with it.
    Raises ValueError if there is no other method.
    """
    of_pairs = []
    for other in context.methods(spec):
        if other != method:
            pair = replace(spec, models=(method, other))
            of_pairs.append(tables.make(scores, runs, pair, context))
    if not of_pairs:
        raise ValueError(f"{method} stands alone: there is no method to compare it with")
    first = of_pairs[0]
    rows = []
    for table in of_pairs:
        rows += table.rows
    # A table of several data sets has a block for each.
    blocks = list(dict.fromkeys(row.block for row in rows))
    rows.sort(key=lambda row: blocks.index(row.block))
    data = pd.concat([table.data for table in of_pairs], ignore_index=True)
    return replace(first, rows=rows, data=data)


def in_claims(
    method: str,
    of_paper: Mapping[str, Claim],
    scores: pd.DataFrame,
    context: Context,
) -> pd.DataFrame:
    """Each claim on the scores of ``others``, of ``all``, and of each method alone.

    ``scores`` are gathered scores of all methods on the data sets of the context. Returns the
    columns ``COLUMNS``; ``finding`` is ``holds``, ``does not hold`` or ``undecided`` for these
    scores, without regard to the paper.
    """
    trained = without_controls(with_names(scores))
    is_own = trained["method"] == method
    chosen = {OTHERS: trained[~is_own], ALL: trained}
    for name in context.design.methods:
        chosen[name] = trained[trained["method"] == name]
    datasets = list(context.scale.datasets)
    rows = []
    for id, claim in of_paper.items():
        for name, part in chosen.items():
            finding = claims.compute_on(claim, part, datasets)
            verdict = claims.by_rule_alone(claim, finding)
            rows.append((id, name, *astuple(finding.estimate), verdict.verdict, verdict.reason))
    return pd.DataFrame(rows, columns=COLUMNS)


def claim_places(method: str, table: pd.DataFrame) -> list[ClaimPlace]:
    """The place of a method in each claim, from what ``in_claims`` returns."""
    places = []
    for id, rows in table.groupby("claim", sort=False):
        by_scores = {row["scores"]: row for row in rows.to_dict("records")}
        of_methods = rows[~rows["scores"].isin([OTHERS, ALL]) & rows["low"].notna()]
        alone = of_methods.set_index("scores")["value"]
        rank = int((alone > alone[method]).sum()) + 1 if method in alone else 0
        places.append(
            ClaimPlace(
                str(id),
                by_scores[OTHERS],
                by_scores[ALL],
                by_scores[method],
                rank,
                len(alone),
            )
        )
    return places
