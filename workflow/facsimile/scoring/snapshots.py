"""Scores of snapshots along training, and the best of a run.

A score of a snapshot is called ``metric.score@step_2400``, the best ``metric.score@best``.
"""

import pandas as pd

from facsimile.foundation import declared
from facsimile.studies.runs import Run
from facsimile.studies.training import BEST, STEP


def with_snapshots(
    whole: pd.DataFrame,
    scores: pd.DataFrame,
    runs: list[Run],
) -> pd.DataFrame:
    """Add a column ``step`` to the scores of runs, and rows for the scores of their snapshots.

    ``whole``: scores of finished runs, with the identity of each run. ``scores``: scores of these
    runs and of all snapshots.

    Rows of snapshots follow below, under the name of their run. They have only the study's own
    evaluation, no variations of it. If no run has snapshots, ``whole`` is returned unchanged.
    """
    steps = {run.key: run.steps for run in runs if run.snapshot_runs}
    if not steps:
        return whole
    run_steps = whole["run"].map(steps)
    table = whole.assign(step=run_steps.astype("Int64"))
    snapshots = _snapshot_scores(whole, scores, runs)
    # The end of training is a step, too.
    finals = table[table["step"].notna()]
    along = pd.concat([snapshots[table.columns], finals])
    along = along[along["variation"] == ""]
    each = along.assign(variation=STEP + along["step"].astype(str))
    highest = best(along).assign(variation=BEST)
    return pd.concat([table, each, highest], ignore_index=True)


def best(own: pd.DataFrame) -> pd.DataFrame:
    """For each run and score, the row of the best step, as the metric's ``BETTER`` says.

    ``own``: scores along training. Among equal results, the earliest step is returned.
    """
    better = {}
    for metric in own["metric"].unique():
        better[metric] = declared.constant("metrics", metric, "BETTER")
    signs = {"higher": 1.0, "lower": -1.0}
    sign = own["metric"].map(better).map(signs)
    ranked = own.assign(_rank=sign * own["result"])
    ordered = ranked.sort_values(["_rank", "step"], ascending=[False, True], kind="stable")
    first = ordered.drop_duplicates(["run", "metric", "score"])
    return first.drop(columns="_rank").sort_index(kind="stable")


def _snapshot_scores(
    whole: pd.DataFrame,
    scores: pd.DataFrame,
    runs: list[Run],
) -> pd.DataFrame:
    """Scores of snapshots, with the identity of their run and the step."""
    rows = []
    for run in runs:
        for snapshot in run.snapshot_runs:
            rows.append((run.key, snapshot.key, snapshot.steps))
    steps = pd.DataFrame(rows, columns=["run", "part", "step"])
    identity_columns = [name for name in whole if name == "run" or name not in scores]
    identity = whole[identity_columns].drop_duplicates("run")
    by_snapshot = scores.rename(columns={"run": "part"})
    joined = steps.merge(by_snapshot, on="part").drop(columns="part")
    return joined.merge(identity, on="run")
