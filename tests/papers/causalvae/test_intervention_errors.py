"""The table of interventions: rows are what was set, columns what was read."""

import numpy as np
import pandas as pd
import synthetic

from facsimile import tables

MODEL = "factor_vae"


def test_rows_are_what_was_set_and_unchanged_pictures_come_last():
    runs = synthetic.runs(1, (0,), ("pendulum",))
    scores = synthetic.scores(runs)
    first = scores[scores["model"] == MODEL].iloc[[0]]
    rows = []
    for k, f in np.ndindex(4, 4):
        for prefix, value in (("value", 10 * k + f), ("still", 100)):
            score = f"{prefix}_{f}_do_{k}"
            rows.append(first.assign(metric="effectiveness", score=score, result=float(value)))
    spec = synthetic.spec("intervention_errors", metrics=("effectiveness",), models=(MODEL,))
    context = synthetic.context(datasets=("pendulum",))
    table = tables.make(pd.concat(rows), runs, spec, context)
    assert list(table.columns) == ["angle", "light", "shadow length", "shadow position"]
    set_light = table.rows[1]
    assert set_light.label == "do(light)"
    assert [entry.value for entry in set_light.entries] == [10, 11, 12, 13]
    assert [entry.value for entry in table.rows[-1].entries] == [100] * 4
    assert len(table.rows) == 8
