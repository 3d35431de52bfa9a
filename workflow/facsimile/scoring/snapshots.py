"""Scores along training: each snapshot's, called ``metric.score@step_2400``, and the best of a run, ``metric.score@best``."""

import pandas as pd

from facsimile.foundation import declared
from facsimile.studies.runs import Run
from facsimile.studies.training import BEST, STEP


def with_snapshots(whole: pd.DataFrame, scores: pd.DataFrame, runs: list[Run]) -> pd.DataFrame:
    """The scores of runs with a column ``step`` and, below them, those of their snapshots under the run's own name.

    ``whole``: rows of finished runs with what each is; ``scores``: rows of these and of all snapshots. Snapshots have the
    study's own evaluation alone, no variations of it. Nothing changes where no run has any.
    """
    steps = {run.key: run.steps for run in runs if run.kept}
    if not steps:
        return whole
    table = whole.assign(step=whole["run"].map(steps).astype("Int64"))
    parts = pd.DataFrame(
        [(run.key, part.key, part.steps) for run in runs for part in run.kept],
        columns=["run", "part", "step"],
    )
    identity = whole[
        [column for column in whole if column == "run" or column not in scores]
    ].drop_duplicates("run")
    kept = (
        parts.merge(scores.rename(columns={"run": "part"}), on="part")
        .drop(columns="part")
        .merge(identity, on="run")
    )
    own = pd.concat([kept[table.columns], table[table["step"].notna()]])
    own = own[own["variation"] == ""]
    each = own.assign(variation=STEP + own["step"].astype(str))
    return pd.concat([table, each, best(own).assign(variation=BEST)], ignore_index=True)


def best(own: pd.DataFrame) -> pd.DataFrame:
    """Of each run and score the row of the best step, by the metric's own ``BETTER``; of equal ones the earliest."""
    better = {name: declared.constant("metrics", name, "BETTER") for name in own["metric"].unique()}
    sign = own["metric"].map(better).map({"higher": 1.0, "lower": -1.0})
    ordered = own.assign(_rank=sign * own["result"]).sort_values(
        ["_rank", "step"], ascending=[False, True], kind="stable"
    )
    return (
        ordered.drop_duplicates(["run", "metric", "score"])
        .drop(columns="_rank")
        .sort_index(kind="stable")
    )
